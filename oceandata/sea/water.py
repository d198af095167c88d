"""Where the simulated sea is water: the packaged land mask, cut to the region."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from oceandata import coast

WEST, SOUTH, EAST, NORTH = 117, 31, 127, 41
CELLS = 120  # cells a degree: 30 arc-seconds


@lru_cache(maxsize=1)
def land_mask() -> np.ndarray:
    """Land, (1200, 1200) bool: row 0 in the south, column 0 in the west."""
    mask = coast.land_mask(west=WEST, east=EAST, south=SOUTH, north=NORTH)[2]
    mask.setflags(write=False)
    return mask


def inside(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """Positions within the region, its west and south edges included."""
    return (lon >= WEST) & (lon < EAST) & (lat >= SOUTH) & (lat < NORTH)


def on_land(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """Positions of the region that the mask calls land; outside of it: False."""
    lon, lat = np.nan_to_num(lon), np.nan_to_num(lat)
    column = np.clip(((lon - WEST) * CELLS).astype(np.int64), 0, 10 * CELLS - 1)
    row = np.clip(((lat - SOUTH) * CELLS).astype(np.int64), 0, 10 * CELLS - 1)
    return land_mask()[row, column] & inside(lon, lat)


def clear(lon: np.ndarray, lat: np.ndarray) -> bool:
    """Whether the polyline through the points keeps to the water."""
    lon, lat = np.asarray(lon, float), np.asarray(lat, float)
    steps = np.hypot(np.diff(lon), np.diff(lat))
    along = np.concatenate([[0.0], np.cumsum(steps)])
    fine = np.linspace(0.0, along[-1], max(2, int(along[-1] * 2 * CELLS) + 1))
    return not on_land(np.interp(fine, along, lon), np.interp(fine, along, lat)).any()
