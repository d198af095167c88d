"""Points in well-known binary, many at once (OGC 06-103r4, section 8)."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

_POINT, _FLAGS = 1, 0xE0000000  # EWKB marks Z, M and SRID in the type's high bits
_SRID = 0x20000000


def points_of(column: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """x and y, (n,) float64, of points in WKB or EWKB; NaN for anything else.

    Both byte orders; Z and M are passed over; an empty point has NaN coordinates.
    """
    column = column.cast(pa.large_binary())
    n = len(column)
    x, y = np.full(n, np.nan), np.full(n, np.nan)
    size = np.asarray(pc.fill_null(pc.binary_length(column), 0)).astype(np.int64)
    offsets = np.frombuffer(column.buffers()[1], np.int64)[column.offset :][:n]
    buffer = column.buffers()[2]
    data = np.frombuffer(buffer if buffer is not None else b"", np.uint8)
    rows = np.flatnonzero(size >= 21)
    at = offsets[rows]
    for order, mark in (("<", 1), (">", 0)):
        mine = data[at] == mark
        _fill(x, y, rows[mine], at[mine], data, order, size)
    return x, y


def _fill(x, y, rows, at, data, order: str, size) -> None:
    """Write the points of one byte order."""
    kind = _numbers(data, at + 1, order + "u4")
    plain = kind & ~np.uint32(_FLAGS)
    skip = np.where(kind & np.uint32(_SRID), 4, 0)
    good = (plain % 1000 == _POINT) & (plain < 4000) & (size[rows] >= 21 + skip)
    rows, at = rows[good], at[good] + 5 + skip[good]
    x[rows] = _numbers(data, at, order + "f8")
    y[rows] = _numbers(data, at + 8, order + "f8")


def _numbers(data: np.ndarray, at: np.ndarray, dtype: str) -> np.ndarray:
    """Numbers at any byte places of a buffer."""
    width = np.dtype(dtype).itemsize
    if not at.size:
        return np.empty(0, np.dtype(dtype).newbyteorder("="))
    parts = data[at[:, None] + np.arange(width)]
    found = np.ascontiguousarray(parts).view(dtype)[:, 0]
    return found.astype(np.dtype(dtype).newbyteorder("="))
