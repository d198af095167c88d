"""Look up positions in a global mask of packed bits."""

from __future__ import annotations

import math

from oceankernels.jit import jit
from oceankernels.sphere import wrap_lon


@jit(inline=True)
def _bit(bits, row, column):
    """Bit of one cell, after ``numpy.packbits`` along the row."""
    return (bits[row, column >> 3] >> (7 - (column & 7))) & 1


@jit
def lookup(bits, lon, lat, inner, start, stop, out):
    """Set ``out[start:stop]`` to whether each position falls on a set bit.

    bits (ny, nx / 8) uint8, row 0 from 90 N, column 0 from 180 W; lon, lat (n,)
    degrees; out (n,) bool. With ``inner`` the eight neighbours must be set as well:
    columns wrap, beyond a pole the row at the pole counts. A position that is not
    finite or beyond a pole is False. Not checked: shapes.
    """
    ny = bits.shape[0]
    nx = bits.shape[1] * 8
    for i in range(start, stop):
        out[i] = False
        if not (-90.0 <= lat[i] <= 90.0) or not math.isfinite(lon[i]):
            continue
        row = min(int((90.0 - lat[i]) * (ny / 180.0)), ny - 1)
        column = min(int((wrap_lon(lon[i]) + 180.0) * (nx / 360.0)), nx - 1)
        if not _bit(bits, row, column):
            continue
        inside = True
        if inner:
            for dy in range(-1, 2):
                for dx in range(-1, 2):
                    y = min(max(row + dy, 0), ny - 1)
                    x = (column + dx) % nx
                    inside = inside and _bit(bits, y, x) == 1
        out[i] = inside
