"""Is this position on land? A global mask at 30 arc-seconds, packed in the package.

The mask knows land as the 1:10m polygons of Natural Earth do: cells are 0.9 km high,
rivers, harbours and small islets are not resolved. Treat an answer near the shore as
a hint; ``inland=True`` asks for land in the eight neighbouring cells as well.
"""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import ArrayLike

from oceandata.coast import packed_rows
from oceankernels.raster_mask import lookup

ROWS = 21_600
"""Rows of the mask: row 0 begins at 90 N, column 0 at 180 W."""

_lock = threading.Lock()
_bits: np.ndarray | None = None


def land_bits() -> np.ndarray:
    """The mask as packed bits, (ROWS, 5400) uint8, 1 = land.

    117 MB, unpacked from 1.2 MB at the first call (about 0.7 s) and then kept.
    """
    global _bits
    with _lock:
        if _bits is None:
            _bits = packed_rows(0, ROWS)
    return _bits


def on_land(lon: ArrayLike, lat: ArrayLike, *, inland: bool = False) -> np.ndarray:
    """Whether positions lie on land.

    Looks up the 30 arc-second cell of each position in a mask made from the 1:10m land
    polygons of Natural Earth (public domain).

    Parameters
    ----------
    lon, lat : arrays or numbers of one shape
        Degrees east (any turn) and north.
    inland : bool
        Ask for land in the cell and in all of its eight neighbours: sure to be ashore,
        at least one cell (0.9 km in latitude) from any water that the mask knows.

    Returns
    -------
    array of bool
        The shape of the input. False where a position is NaN or beyond the poles.

    Examples
    --------
    >>> on_land([116.4, 123.0], [39.9, 36.0])    # Beijing, the Yellow Sea
    array([ True, False])
    """
    lon, lat = np.broadcast_arrays(
        np.asarray(lon, np.float64), np.asarray(lat, np.float64)
    )
    flat_lon, flat_lat = np.ravel(lon), np.ravel(lat)
    out = np.zeros(flat_lon.size, np.bool_)
    lookup(land_bits(), flat_lon, flat_lat, inland, 0, flat_lon.size, out)
    return out.reshape(lon.shape)
