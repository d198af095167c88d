"""Share each segment of a track among the cells it crosses, in whole integers.

A segment joins two successive good fixes of one trajectory. Its amount (microseconds,
millimetres) is shared in proportion to the path inside each cell; the cumulative share
at every crossing is rounded once, so that the shares of a segment sum to the whole
exactly and nothing depends on order. Outside the lattice, and over the gap limit, the
amount goes to counters. What crosses a month is split there, linearly in time.

The loop has two gears. :func:`_stay` runs over fixes that remain in one cell: four
comparisons and an addition each. :func:`_move` does the rest. Work stops between two
fixes when the tiles have no room for the worst case, and goes on after they have grown.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from oceankernels import arc as great
from oceankernels.arc import meridian_crossing, parallel_crossing, set_arc
from oceankernels.jit import jit
from oceankernels.lattice import column_of, inside, row_of, shortest
from oceankernels.sphere import distance, wrap_lon
from oceankernels.tiles import LAST, MONTH_ZERO, SHIFT, SIDE, deposit, expect, room

TIME, DISTANCE, ENTRIES = range(3)

# sums
(TOTAL, OVER_GAP, OFF_GRID, SEGMENTS, OVER_GAP_SEGMENTS, SKIPPED, UNUSABLE,
 DISORDERED, NO_PATH, FIRST_TIME, LAST_TIME) = range(11)  # fmt: skip
N_SUMS = 11

# whole numbers of a run
(_TRAJECTORY, _ROW, _STOP, _OPEN, _TIME, _ACC, _COLUMN, _LINE, _MONTH, _MONTH_STOP,
 _BASE, _VESSEL, _SPLIT, _AMOUNT) = range(14)  # fmt: skip
# floats of a run: the rectangle that is surely one cell; the fix before
_WEST, _EAST, _SOUTH, _NORTH, _LON, _LAT = range(6)

_NAT = np.int64(np.iinfo(np.int64).min)
_BULGE = 1.01 * math.pi / 180 / 16
_INFINITY = np.inf


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
    sums: np.ndarray  # (11,) int64


def new_run() -> Run:
    """A run that has not begun."""
    sums = np.zeros(N_SUMS, np.int64)
    sums[FIRST_TIME], sums[LAST_TIME] = LAST, _NAT
    return Run(np.zeros(14, np.int64), np.zeros(6), np.zeros(great.SIZE), sums)


@jit(borrow=True)
def accumulate(fixes, grid, plan, tiles, run):
    """Share all segments among cells; returns how many more slots are needed, or 0.

    Call again with grown tiles until it returns 0. Not checked: that ``row_size`` sums
    to the rows, that sums fit int64, that ``month_edge`` covers the times.
    """
    at = run.at
    while True:
        need = _trajectory(fixes, grid, plan, tiles, run)
        if need:
            return need
        if at[_TRAJECTORY] == len(fixes.row_size):
            return 0
        k = at[_TRAJECTORY]
        at[_ROW] = at[_STOP]
        at[_STOP] += fixes.row_size[k]
        at[_VESSEL] = LAST - fixes.vessel[k]
        at[_BASE] = fixes.group[k] << 48
        at[_OPEN] = 0
        at[_TRAJECTORY] = k + 1
        _no_box(run.box)


@jit(inline=True, borrow=True)
def _trajectory(fixes, grid, plan, tiles, run):
    """The rest of the current trajectory; the number of slots missing, or 0."""
    at = run.at
    while True:
        if room(tiles) < 8:
            return 8
        if at[_ROW] < at[_STOP]:
            _stay(fixes, plan, run)
        if at[_ROW] >= at[_STOP]:
            break
        need = _move(fixes, grid, plan, tiles, run)
        if need:
            return need
        at[_ROW] += 1
    if at[_OPEN]:
        _leave(grid, tiles, run)
        at[_OPEN] = 0
    return 0


@jit(inline=True, borrow=True)
def _stay(fixes, plan, run):
    """Fixes that remain in the cell, within the gap and the month."""
    at, box = run.at, run.box
    west, east, south, north = box[_WEST], box[_EAST], box[_SOUTH], box[_NORTH]
    month_stop, gap, skip = at[_MONTH_STOP], plan.gap, plan.skip
    lon, lat, time, quality = fixes.lon, fixes.lat, fixes.time, fixes.quality
    first, before, acc = at[_ROW], at[_TIME], at[_ACC]
    x0, y0 = box[_LON], box[_LAT]
    row = first
    if plan.quantity == DISTANCE:
        return
    while row < at[_STOP]:
        x, y, t = lon[row], lat[row], time[row]
        if not (west <= x < east and south <= y < north):
            break
        step = t - before
        if (
            step <= 0
            or step > gap
            or t >= month_stop
            or skip >> (quality[row] & 63) & 1
        ):
            break
        if plan.great_circle:
            bulge = _BULGE * (x - x0) ** 2
            high, low = max(y, y0) + bulge, min(y, y0) - bulge
            if abs(x - x0) > 10.0 or high >= north or low < south:
                break
        x0, y0 = x, y
        acc += step
        before = t
        row += 1
    done = row - first
    if done:
        run.sums[SEGMENTS] += done
        if plan.quantity == TIME:
            run.sums[TOTAL] += acc - at[_ACC]
            at[_ACC] = acc
        at[_ROW], at[_TIME] = row, before
        box[_LON], box[_LAT] = x0, y0


@jit(inline=True, borrow=True)
def _move(fixes, grid, plan, tiles, run):
    """One fix of any kind; the number of slots missing (nothing is done then), or 0."""
    at, sums, row = run.at, run.sums, run.at[_ROW]
    x, y, t = fixes.lon[row], fixes.lat[row], fixes.time[row]
    if plan.skip >> (fixes.quality[row] & 63) & 1:
        sums[SKIPPED] += 1
        return 0
    if not (abs(y) <= 90.0 and math.isfinite(x)) or t == _NAT:
        sums[UNUSABLE] += 1
        return 0
    x = wrap_lon(x)
    column, line = column_of(grid, x), row_of(grid, y)
    if not at[_OPEN]:
        at[_OPEN] = 1
        start = row == at[_STOP] - fixes.row_size[at[_TRAJECTORY] - 1]
        fresh = not (start and fixes.carried[at[_TRAJECTORY] - 1])
        sums[FIRST_TIME] = min(sums[FIRST_TIME], t)
        _begin(grid, plan, run, column, line, t, fresh)
    else:
        need = _segment(grid, plan, tiles, run, x, y, t, column, line)
        if need:
            return need
    sums[LAST_TIME] = max(sums[LAST_TIME], t)
    at[_TIME] = t
    _set_box(grid, run.box, x, y, column, line)
    return 0


@jit(inline=True, borrow=True)
def _segment(grid, plan, tiles, run, x, y, t, column, line):
    """From the fix before to this one; the number of slots missing, or 0."""
    at, box, sums = run.at, run.box, run.sums
    step = t - at[_TIME]
    if step <= 0:
        sums[DISORDERED] += step < 0
        if column != at[_COLUMN] or line != at[_LINE]:  # a jump at one time stamp
            _leave(grid, tiles, run)
            _enter(grid, plan, run, column, line)
        return 0
    amount = step
    if plan.quantity == DISTANCE:
        amount = np.int64(distance(box[_LON], box[_LAT], x, y) * 1e3 + 0.5)
    turn = shortest(x - box[_LON])
    has_path = step <= plan.gap
    if has_path and plan.great_circle and not set_arc(run.arc, box[_LAT], y, turn):
        has_path = False
        sums[NO_PATH] += 1
    if has_path:
        at[_AMOUNT] = amount
        need = _walk(grid, plan, tiles, run, turn, y, t, column, line)
        if need:
            return need
    else:
        _leave(grid, tiles, run)
        _begin(grid, plan, run, column, line, t, True)
        sums[OVER_GAP_SEGMENTS] += 1
    if plan.quantity != ENTRIES:
        sums[TOTAL] += amount
        if not has_path:
            sums[OVER_GAP] += amount
    sums[SEGMENTS] += 1
    return 0


@jit(inline=True, borrow=True)
def _walk(grid, plan, tiles, run, turn, y, t, column, line):
    """Cell by cell along the path; the number of slots missing, or 0."""
    at, box = run.at, run.box
    x0, y0 = box[_LON], box[_LAT]
    if not inside(grid, at[_COLUMN], at[_LINE]):
        # the rectangle outside spans many columns and rows
        at[_COLUMN], at[_LINE] = column_of(grid, x0), row_of(grid, y0)
    c, r = at[_COLUMN], at[_LINE]
    columns = _columns_crossed(grid, c, column, x0, turn)
    north, ahead, back = _rows_crossed(grid, plan, run.arc, r, line, y0, y)
    step, amount = t - at[_TIME], at[_AMOUNT]
    months = _months_crossed(plan, at[_MONTH], t)
    need = (columns >> SHIFT) + ((ahead + back) >> SHIFT) + 4 + 2 * months
    if room(tiles) < need:
        return need
    at[_SPLIT] = _next_split(plan, at, step)
    tx = _next_meridian(grid, plan, run, c, turn, columns)
    ty = _next_parallel(grid, plan, run, r, north, y, ahead, back)
    done = np.int64(0)
    while columns + ahead + back > 0:
        along = min(tx, ty)
        share = min(max(np.int64(along * amount + 0.5), done), amount)
        done = _advance(grid, plan, tiles, run, done, share, step)
        over_x, over_y = tx <= ty, ty <= tx
        if over_x:
            columns -= 1
            c = _next_column(grid, c, turn)
            tx = _next_meridian(grid, plan, run, c, turn, columns)
        if over_y:
            r += 1 if (north if ahead > 0 else not north) else -1
            if ahead > 0:
                ahead -= 1
            else:
                back -= 1
            ty = _next_parallel(grid, plan, run, r, north, y, ahead, back)
        _leave(grid, tiles, run)
        _enter(grid, plan, run, c, r)
        key, place = _address(at, c, r - 1)
        expect(tiles, key, place)
    _advance(grid, plan, tiles, run, done, amount, step)
    return 0


@jit(inline=True, borrow=True)
def _next_column(grid, c, turn):
    if turn > 0.0:
        return c + 1 if c + 1 < grid.cycle else 0
    return c - 1 if c > 0 else grid.cycle - 1


@jit(inline=True, borrow=True)
def _columns_crossed(grid, c, column, x0, turn):
    """Meridian edges between two columns, the way that `turn` (degrees) goes."""
    if c == column:
        # the same column, but once around through all others?
        if turn > 0.0:
            edge = grid.east_edge[c] - x0
            edge += 360.0 if edge <= 0.0 else 0.0
        else:
            edge = x0 - grid.west_edge[c]
            edge += 360.0 if edge < 0.0 else 0.0
        return grid.cycle if abs(turn) > edge else 0
    n = column - c if turn > 0.0 else c - column
    return n if n > 0 else n + grid.cycle


@jit(inline=True, borrow=True)
def _rows_crossed(grid, plan, arc, r, line, y0, y):
    """Whether the path first goes north, rows it crosses, rows crossed coming back."""
    if plan.great_circle and arc[great.TURN] != 0.0:
        vertex = row_of(grid, arc[great.VERTEX])
        if arc[great.TURN] > 0.0:
            vertex = max(vertex, r, line)
            return True, vertex - r, vertex - line
        vertex = min(vertex, r, line)
        return False, r - vertex, line - vertex
    return y > y0, abs(line - r), 0


@jit(inline=True, borrow=True)
def _next_meridian(grid, plan, run, c, turn, columns):
    """Share of the path at which column `c` is left, infinity when that is over."""
    if columns == 0:
        return _INFINITY
    if turn > 0.0:
        offset = grid.east_edge[c] - run.box[_LON]
        offset += 360.0 if offset < 0.0 else 0.0
    else:
        offset = run.box[_LON] - grid.west_edge[c]
        offset += 360.0 if offset < 0.0 else 0.0
    if plan.great_circle:
        return meridian_crossing(run.arc, offset)
    return offset / abs(turn)


@jit(inline=True, borrow=True)
def _next_parallel(grid, plan, run, r, north, y, ahead, back):
    """Share of the path at which row `r` is left, infinity when that is over."""
    if ahead + back == 0:
        return _INFINITY
    upward = north if ahead > 0 else not north
    edge = grid.lat_edge[r + 1] if upward else grid.lat_edge[r]
    if plan.great_circle:
        return parallel_crossing(run.arc, edge, ahead == 0)
    return (edge - run.box[_LAT]) / (y - run.box[_LAT])


@jit(inline=True, borrow=True)
def _advance(grid, plan, tiles, run, done, share, step):
    """Give the current cell what lies between two cumulative shares; returns `share`.

    Where a month ends in between, the cell is settled and goes on in the next month.
    """
    at = run.at
    while at[_SPLIT] <= share:
        if plan.quantity != ENTRIES:
            at[_ACC] += at[_SPLIT] - done
        done = at[_SPLIT]
        _leave(grid, tiles, run)
        _set_month(plan, at, at[_MONTH] + 1)
        at[_SPLIT] = max(_next_split(plan, at, step), done)
    if plan.quantity != ENTRIES:
        at[_ACC] += share - done
    return share


@jit(inline=True, borrow=True)
def _next_split(plan, at, step):
    """Cumulative share at the end of the month; INT64_MAX if that comes later."""
    left = at[_MONTH_STOP] - at[_TIME]
    if left > step:
        return LAST
    if plan.quantity == DISTANCE:
        return min(np.int64(at[_AMOUNT] * (left / step) + 0.5), at[_AMOUNT])
    return left


@jit(inline=True, borrow=True)
def _months_crossed(plan, month, t):
    n = 0
    while t >= plan.month_edge[month + n + 1]:
        n += 1
    return n


@jit(inline=True, borrow=True)
def _set_month(plan, at, month):
    group = at[_BASE] >> 48
    code = plan.first_month + month + MONTH_ZERO
    at[_MONTH] = month
    at[_MONTH_STOP] = plan.month_edge[month + 1]
    at[_BASE] = (group << 48) | (code << 32)


@jit(inline=True, borrow=True)
def _begin(grid, plan, run, column, line, t, fresh):
    """Take up the track at a fix: no segment leads here."""
    at = run.at
    month = np.searchsorted(plan.month_edge, t, side="right") - 1
    _set_month(plan, at, month)
    at[_COLUMN], at[_LINE], at[_ACC] = column, line, 0
    if fresh and plan.quantity == ENTRIES:
        at[_ACC] = 1
        run.sums[TOTAL] += 1


@jit(inline=True, borrow=True)
def _enter(grid, plan, run, column, line):
    """Be in another cell; outside counts as one cell."""
    at = run.at
    if plan.quantity == ENTRIES and (
        inside(grid, column, line) or inside(grid, at[_COLUMN], at[_LINE])
    ):
        at[_ACC] = 1
        run.sums[TOTAL] += 1
    at[_COLUMN], at[_LINE] = column, line


@jit(inline=True, borrow=True)
def _leave(grid, tiles, run):
    """Settle what the current cell was given."""
    at = run.at
    amount = at[_ACC]
    if amount == 0:
        return
    at[_ACC] = 0
    c, r = at[_COLUMN], at[_LINE] - 1
    if not inside(grid, c, r + 1):
        run.sums[OFF_GRID] += amount
        return
    key, place = _address(at, c, r)
    deposit(tiles, key, place, amount, at[_VESSEL])


@jit(inline=True, borrow=True)
def _address(at, c, r):
    """Tile and place in it, for row r counted from 0."""
    key = at[_BASE] | ((r >> SHIFT) << 16) | (c >> SHIFT)
    return key, ((r & (SIDE - 1)) << SHIFT) | (c & (SIDE - 1))


@jit(inline=True, borrow=True)
def _no_box(box):
    box[_WEST], box[_EAST], box[_SOUTH], box[_NORTH] = 1.0, 0.0, 1.0, 0.0


@jit(inline=True, borrow=True)
def _set_box(grid, box, x, y, column, line):
    """A rectangle around a fix within which every path stays in its cell.

    At most 90 degrees to each side, so that no shortest way leads around.
    """
    west, east = grid.west_edge[column], grid.east_edge[column]
    south, north = grid.lat_edge[line], grid.lat_edge[line + 1]
    if column == grid.nx:
        south, north = -_INFINITY, _INFINITY
    elif line == 0 or line > grid.ny:
        west, east = -180.0, 180.0
    if west >= east:  # across the dateline: the side where the fix is
        if x >= west:
            east = 180.0
        else:
            west = -180.0
    box[_WEST], box[_EAST] = max(west, x - 90.0), min(east, x + 90.0)
    box[_SOUTH], box[_NORTH] = south, north
    box[_LON], box[_LAT] = x, y
