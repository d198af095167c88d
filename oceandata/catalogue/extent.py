"""The smallest box around vessels' fixes, also where they cross the dateline.

The extents in a store are plain ranges of longitudes, so that a track across the
dateline seems to go round the world, and one with a fix at null island to the Gulf of
Guinea. Only of such vessels the positions are read. Fixes at null island (the rule of
``clean_tracks``) say that a receiver had no position: they are no place in an extent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from oceandata.columns import decode_position
from oceandata.machine import default_workers
from oceandata.store.reading import PartReader, open_part

_BINS = 3600
_NULL_ISLAND = 0.01
"""Degrees from zero, of both coordinates, as in the rule of ``clean_tracks``."""
_ROWS = 1 << 22


def box_of_parts(
    root: Path, records: Sequence[dict[str, Any]]
) -> tuple[tuple[float, float, float, float] | None, int]:
    """Box of the fixes in parts of tracks, and how many vessels they are of.

    None where no fix lies anywhere but at null island.
    """
    spans, lats, vessels = [], [], [np.empty(0, np.int64)]
    with ThreadPoolExecutor(default_workers()) as pool:
        for record in records:
            part = open_part(root, record)
            vessels.append(part.vessels)
            west, east, south, north = part.extents[:, 2:6].T
            null = np.maximum(west, south) < _NULL_ISLAND
            null &= np.minimum(east, north) > -_NULL_ISLAND
            doubtful = null | (east - west > 180)
            spans.append(part.extents[~doubtful, 2:4])
            lats.append(part.extents[~doubtful, 4:6])
            for lon, lat in _places(part, np.flatnonzero(doubtful), pool):
                spans.append(np.column_stack([lon, lon]))
                lats.append(np.array([[lat.min(), lat.max()]]))
    count = int(np.unique(np.concatenate(vessels)).size)
    if not sum(map(len, spans)):
        return None, count
    west, east = lon_range(np.concatenate(spans))
    lat = np.concatenate(lats)
    return (west, float(lat[:, 0].min()), east, float(lat[:, 1].max())), count


def _places(
    part: PartReader, vessels: np.ndarray, pool: ThreadPoolExecutor
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Longitudes (each once) and latitudes of vessels, without those at null island.

    A block of vessels at a time.
    """
    starts, stops = part.offsets[vessels], part.offsets[vessels + 1]
    before = np.cumsum(stops - starts) - (stops - starts)
    for block in np.split(
        np.arange(vessels.size), np.flatnonzero(np.diff(before // _ROWS)) + 1
    ):
        rows = part.read(starts[block], stops[block], ["lon", "lat"], pool)
        lon, lat = (decode_position(rows[name]) for name in ("lon", "lat"))
        there = (np.abs(lon) >= _NULL_ISLAND) | (np.abs(lat) >= _NULL_ISLAND)
        if there.any():
            yield np.unique(lon[there]), lat[there]


def lon_range(spans: np.ndarray) -> tuple[float, float]:
    """The shortest range of longitudes that holds all spans; west > east across.

    Parameters
    ----------
    spans : (k, 2) array
        West and east in [-180, 180), west <= east, none wider than 180 degrees.

    Notes
    -----
    The widest gap is looked for in bins of 0.1 degree; the ends are exact.

    Examples
    --------
    >>> lon_range(np.array([[178.0, 179.5], [-179.0, -177.25]]))
    (178.0, -177.25)
    """
    west, east = float(spans[:, 0].min()), float(spans[:, 1].max())
    if east - west <= 180:
        return west, east
    first = np.floor((spans[:, 0] + 180) * (_BINS / 360)).astype(int)
    last = np.floor((spans[:, 1] + 180) * (_BINS / 360)).astype(int)
    steps = np.zeros(_BINS + 1, int)
    np.add.at(steps, np.clip(first, 0, _BINS - 1), 1)
    np.add.at(steps, np.clip(last, 0, _BINS - 1) + 1, -1)
    taken = np.flatnonzero(np.cumsum(steps)[:-1] > 0)
    gaps = np.diff(np.append(taken, taken[0] + _BINS))
    widest = int(gaps.argmax())
    if widest == taken.size - 1:
        return west, east
    middle = (taken[widest] + gaps[widest] / 2) * (360 / _BINS) - 180
    turned = (spans - middle) % 360
    return (
        float(spans[turned[:, 0].argmin(), 0]),
        float(spans[turned[:, 1].argmax(), 1]),
    )


def lon_pieces(west: float, east: float) -> list[tuple[float, float]]:
    """A range as one or two that do not cross the dateline.

    >>> lon_pieces(170.0, -175.0), lon_pieces(120.0, 125.5)
    ([(170.0, 180.0), (-180.0, -175.0)], [(120.0, 125.5)])
    """
    if west <= east:
        return [(west, east)]
    return [(west, 180.0), (-180.0, east)]


def overlap(a: Sequence[float], b: Sequence[float]) -> bool:
    """Whether two boxes touch; each may cross the dateline."""
    if a[1] > b[3] or b[1] > a[3]:
        return False
    return any(
        p[0] <= q[1] and q[0] <= p[1]
        for p in lon_pieces(a[0], a[2])
        for q in lon_pieces(b[0], b[2])
    )
