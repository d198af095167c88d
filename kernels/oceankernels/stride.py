"""The straight path over many cells, as fast as it goes.

The same arithmetic as the general walk of :mod:`oceankernels.raster`, for the common
case: straight in longitude and latitude, no month ends on the way, amounts and not
entries. All crossings of meridians and of parallels are computed first, one kind after
the other, so that the divisions overlap; then the two lists are merged. Which edge
comes next is chosen without a branch: it cannot be predicted.
"""

from __future__ import annotations

import numpy as np

from oceankernels.jit import jit
from oceankernels.lattice import inside
from oceankernels.tiles import SHIFT, SIDE, deposit

LONGEST = 64
"""Edges of one kind that a path may cross here; longer ones take the general walk."""


@jit(inline=True, borrow=True)
def stride(grid, tiles, where, path, crossings, owner, scratch):
    """Share an amount among the cells of a straight path.

    Parameters
    ----------
    where : (column, row, acc)
        The first cell and what it has been given before.
    path : (lon, lat, turn, rise, amount)
        From which fix, how far (degrees, the short way), and what to share.
    crossings : (columns, rows)
        Edges that the path crosses, at most `LONGEST` of each.
    owner : (base, vessel)
        Group and month as in a tile key; INT64_MAX - vessel key.
    scratch : (2, LONGEST + 1) float64 array

    Returns
    -------
    acc, off_grid : int
        What the last cell was given (not settled), and what fell outside.
    """
    column, row, acc = where
    x0, y0, turn, rise, amount = path
    columns, rows = crossings
    base, vessel = owner
    dc, dr = 1 if turn > 0.0 else -1, 1 if rise > 0.0 else -1
    _meridians(grid, column, x0, turn, columns, scratch)
    _parallels(grid, row, y0, rise, rows, scratch)
    i = j = 0
    done = off_grid = np.int64(0)
    while i < columns or j < rows:
        tx, ty = scratch[0, i], scratch[1, j]
        c, r = column + dc * i, row + dr * j
        if c >= grid.cycle:
            c -= grid.cycle
        elif c < 0:
            c += grid.cycle
        share = min(max(np.int64(min(tx, ty) * amount + 0.5), done), amount)
        acc += share - done
        done = share
        if acc != 0:
            if inside(grid, c, r):
                key = base | (((r - 1) >> SHIFT) << 16) | (c >> SHIFT)
                place = (((r - 1) & (SIDE - 1)) << SHIFT) | (c & (SIDE - 1))
                deposit(tiles, key, place, acc, vessel)
            else:
                off_grid += acc
            acc = np.int64(0)
        i += int(tx <= ty)
        j += int(ty <= tx)
    return acc + amount - done, off_grid


@jit(inline=True, borrow=True)
def _meridians(grid, column, x0, turn, columns, scratch):
    """Path parameters at the meridians met, in order; infinity closes the list."""
    edge = grid.east_edge if turn > 0.0 else grid.west_edge
    around, dc = (360.0, 1) if turn > 0.0 else (-360.0, -1)
    for i in range(columns):
        c = column + dc * i
        if c >= grid.cycle:
            c -= grid.cycle
        elif c < 0:
            c += grid.cycle
        offset = edge[c] - x0
        if offset * around < 0.0:
            offset += around
        scratch[0, i] = offset / turn
    scratch[0, columns] = np.inf


@jit(inline=True, borrow=True)
def _parallels(grid, row, y0, rise, rows, scratch):
    """The same for parallels."""
    first, dr = (row + 1, 1) if rise > 0.0 else (row, -1)
    for j in range(rows):
        scratch[1, j] = (grid.lat_edge[first + dr * j] - y0) / rise
    scratch[1, rows] = np.inf
