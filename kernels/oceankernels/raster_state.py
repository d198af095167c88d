"""Bookkeeping of the raster kernel: what a run holds, which cell and month it is in.

All state of a run lies in four small arrays, so that work can stop between two fixes
and go on: whole numbers (``AT_…``), floats (``BOX_…``), the arc, and sums.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from oceankernels import arc as great
from oceankernels.jit import jit
from oceankernels.lattice import inside
from oceankernels.stride import LONGEST
from oceankernels.tiles import LAST, MONTH_ZERO, SHIFT, SIDE, deposit

TIME, DISTANCE, ENTRIES = range(3)

# sums
(TOTAL, OVER_GAP, OFF_GRID, SEGMENTS, OVER_GAP_SEGMENTS, SKIPPED, UNUSABLE,
 DISORDERED, NO_PATH, FIRST_TIME, LAST_TIME) = range(11)  # fmt: skip
N_SUMS = 11

# whole numbers of a run
AT_TRAJECTORY, AT_ROW, AT_STOP, AT_OPEN, AT_TIME, AT_ACC, AT_COLUMN = range(7)
AT_LINE, AT_MONTH, AT_MONTH_STOP, AT_BASE, AT_VESSEL, AT_SPLIT, AT_AMOUNT = range(7, 14)
# floats of a run: the rectangle that is surely one cell; the fix before
BOX_WEST, BOX_EAST, BOX_SOUTH, BOX_NORTH, BOX_LON, BOX_LAT = range(6)

NAT = np.int64(np.iinfo(np.int64).min)
np.inf = np.inf


class Fixes(NamedTuple):
    """Trajectories of one piece."""

    row_size: np.ndarray  # (t,) int64
    vessel: np.ndarray  # (t,) int64, >= 0
    group: np.ndarray  # (t,) int64, 0 to 255
    carried: np.ndarray  # (t,) int8
    time: np.ndarray  # (n,) int64, µs
    lon: np.ndarray  # (n,) float64
    lat: np.ndarray  # (n,) float64
    quality: np.ndarray  # (n,) int8


class Plan(NamedTuple):
    """What to do; all scalars but `month_edge`."""

    quantity: int  # TIME, DISTANCE or ENTRIES
    great_circle: bool
    gap: int  # µs; longer segments have no path
    skip: int  # bit q set: fixes of quality q are left out
    month_edge: np.ndarray  # (m + 1,) int64 µs, covers all times
    first_month: int  # of month_edge[0], months since 1970-01


class Run(NamedTuple):
    """Where the work stands; made by :func:`new_run`."""

    at: np.ndarray
    box: np.ndarray
    arc: np.ndarray
    scratch: np.ndarray
    sums: np.ndarray  # (11,) int64


def new_run() -> Run:
    """A run that has not begun."""
    sums = np.zeros(N_SUMS, np.int64)
    sums[FIRST_TIME], sums[LAST_TIME] = LAST, NAT
    return Run(
        np.zeros(14, np.int64),
        np.zeros(6),
        np.zeros(great.SIZE),
        np.zeros((2, LONGEST + 1)),
        sums,
    )


@jit(inline=True, borrow=True)
def set_month(plan, at, month):
    group = at[AT_BASE] >> 48
    code = plan.first_month + month + MONTH_ZERO
    at[AT_MONTH] = month
    at[AT_MONTH_STOP] = plan.month_edge[month + 1]
    at[AT_BASE] = (group << 48) | (code << 32)


@jit(inline=True, borrow=True)
def begin(grid, plan, run, column, line, t, fresh):
    """Take up the track at a fix: no segment leads here."""
    at = run.at
    month = np.searchsorted(plan.month_edge, t, side="right") - 1
    set_month(plan, at, month)
    at[AT_COLUMN], at[AT_LINE], at[AT_ACC] = column, line, 0
    if fresh and plan.quantity == ENTRIES:
        at[AT_ACC] = 1
        run.sums[TOTAL] += 1


@jit(inline=True, borrow=True)
def enter(grid, plan, run, column, line):
    """Be in another cell; outside counts as one cell."""
    at = run.at
    if plan.quantity == ENTRIES and (
        inside(grid, column, line) or inside(grid, at[AT_COLUMN], at[AT_LINE])
    ):
        at[AT_ACC] = 1
        run.sums[TOTAL] += 1
    at[AT_COLUMN], at[AT_LINE] = column, line


@jit(inline=True, borrow=True)
def leave(grid, tiles, run):
    """Settle what the current cell was given."""
    at = run.at
    amount = at[AT_ACC]
    if amount == 0:
        return
    at[AT_ACC] = 0
    c, r = at[AT_COLUMN], at[AT_LINE] - 1
    if not inside(grid, c, r + 1):
        run.sums[OFF_GRID] += amount
        return
    key, place = address(at, c, r)
    deposit(tiles, key, place, amount, at[AT_VESSEL])


@jit(inline=True, borrow=True)
def address(at, c, r):
    """Tile and place in it, for row r counted from 0."""
    key = at[AT_BASE] | ((r >> SHIFT) << 16) | (c >> SHIFT)
    return key, ((r & (SIDE - 1)) << SHIFT) | (c & (SIDE - 1))


@jit(inline=True, borrow=True)
def no_box(box):
    box[BOX_WEST], box[BOX_EAST], box[BOX_SOUTH], box[BOX_NORTH] = 1.0, 0.0, 1.0, 0.0


@jit(inline=True, borrow=True)
def set_box(grid, box, x, y, column, line):
    """A rectangle around a fix within which every path stays in its cell.

    At most 90 degrees to each side, so that no shortest way leads around.
    """
    west, east = grid.west_edge[column], grid.east_edge[column]
    south, north = grid.lat_edge[line], grid.lat_edge[line + 1]
    if column == grid.nx:
        south, north = -np.inf, np.inf
    elif line == 0 or line > grid.ny:
        west, east = -180.0, 180.0
    if west >= east:  # across the dateline: the side where the fix is
        if x >= west:
            east = 180.0
        else:
            west = -180.0
    box[BOX_WEST], box[BOX_EAST] = max(west, x - 90.0), min(east, x + 90.0)
    box[BOX_SOUTH], box[BOX_NORTH] = south, north
    box[BOX_LON], box[BOX_LAT] = x, y
