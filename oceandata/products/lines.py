"""Geometry of fixes: points, and lines that are cut where they cross the dateline."""

from __future__ import annotations

import numpy as np
import shapely


def points_of(lon: np.ndarray, lat: np.ndarray) -> np.ndarray:
    """Points (n,); None where the position is missing."""
    known = np.isfinite(lon) & np.isfinite(lat)
    out = np.full(lon.size, None, dtype=object)
    out[known] = shapely.points(lon[known], lat[known])
    return out


def lines_of(lon: np.ndarray, lat: np.ndarray, row_size: np.ndarray) -> np.ndarray:
    """A line for each trajectory; None where it has fewer than two positions.

    Parameters
    ----------
    lon, lat : (obs,) arrays
        Degrees; NaN where missing. Between two fixes the shorter way is meant.
    row_size : (trajectory,) array of int

    Returns
    -------
    (trajectory,) array of LineString, MultiLineString or None
        A line over the dateline is cut there, as RFC 7946 asks.
    """
    known = np.isfinite(lon) & np.isfinite(lat)
    number = np.repeat(np.arange(row_size.size), row_size)[known]
    lon, lat = lon[known], lat[known]
    lon = np.where(np.abs(lon) <= 180.0, lon, (lon + 180.0) % 360.0 - 180.0)
    lon, lat, number, part = _cut(lon, lat, number)
    size = np.bincount(part)
    whole = size[part] > 1
    if not whole.any():
        return np.full(row_size.size, None, dtype=object)
    kept, first = np.unique(part[whole], return_index=True)
    indexes = np.searchsorted(kept, part[whole])
    pieces = shapely.linestrings(
        np.stack([lon[whole], lat[whole]], axis=1), indices=indexes
    )
    return _joined(pieces, number[whole][first], row_size.size)


def _cut(lon, lat, number):
    """Two fixes added at every crossing, and the number of the piece of each fix."""
    step = np.diff(lon)
    same = np.diff(number) == 0
    over = np.flatnonzero(same & (np.abs(step) > 180.0))
    side = np.where(step[over] < 0, 180.0, -180.0)  # where the step leaves
    width = step[over] + 2 * side
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(width == 0, 0.0, (side - lon[over]) / width)
    middle = lat[over] + share * (lat[over + 1] - lat[over])
    at = np.repeat(over + 1, 2)
    lon = np.insert(lon, at, np.stack([side, -side], axis=1).ravel())
    lat = np.insert(lat, at, np.repeat(middle, 2))
    number = np.insert(number, at, np.repeat(number[over], 2))
    begins = np.zeros(lon.size, dtype=np.int64)
    begins[over + 2 + 2 * np.arange(over.size)] = 1
    begins[np.flatnonzero(np.diff(number)) + 1] = 1
    return lon, lat, number, np.cumsum(begins)


def _joined(pieces: np.ndarray, number: np.ndarray, count: int) -> np.ndarray:
    """Pieces of one trajectory as one geometry."""
    out = np.full(count, None, dtype=object)
    owner, first, size = np.unique(number, return_index=True, return_counts=True)
    out[owner] = pieces[first]
    for which in np.flatnonzero(size > 1):
        rows = slice(first[which], first[which] + size[which])
        out[owner[which]] = shapely.multilinestrings(pieces[rows])
    return out
