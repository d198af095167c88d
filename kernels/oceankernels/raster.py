"""Share each segment of a track among the cells it crosses, in whole integers.

A segment joins two successive good fixes of one trajectory. Its amount (microseconds,
millimetres) is shared in proportion to the path inside each cell; the cumulative share
at every crossing is rounded once, so that the shares of a segment sum to the whole
exactly and nothing depends on order. Outside the lattice, and over the gap limit, it
goes to counters. What crosses a month is split there, linearly in time.

The loop has three gears. :func:`_stay` runs over fixes that remain in one cell,
:mod:`oceankernels.stride` takes straight paths over a few cells, :func:`_walk` all
else. Work stops between two fixes when tiles lack room, and goes on with larger ones.
"""

from __future__ import annotations

import math

import numpy as np

from oceankernels import arc as great
from oceankernels.arc import meridian_crossing, parallel_crossing, set_arc
from oceankernels.jit import jit
from oceankernels.lattice import (
    column_of,
    columns_crossed,
    inside,
    next_column,
    row_of,
    shortest,
)
from oceankernels.raster_state import (
    AT_ACC,
    AT_AMOUNT,
    AT_BASE,
    AT_COLUMN,
    AT_LINE,
    AT_MONTH,
    AT_MONTH_STOP,
    AT_OPEN,
    AT_ROW,
    AT_SPLIT,
    AT_STOP,
    AT_TIME,
    AT_TRAJECTORY,
    AT_VESSEL,
    BOX_EAST,
    BOX_LAT,
    BOX_LON,
    BOX_NORTH,
    BOX_SOUTH,
    BOX_WEST,
    DISORDERED,
    DISTANCE,
    ENTRIES,
    FIRST_TIME,
    LAST_TIME,
    NAT,
    NO_PATH,
    OFF_GRID,
    OVER_GAP,
    OVER_GAP_SEGMENTS,
    SEGMENTS,
    SKIPPED,
    TIME,
    TOTAL,
    UNUSABLE,
    Fixes,
    Plan,
    Run,
    address,
    begin,
    enter,
    leave,
    new_run,
    no_box,
    set_box,
    set_month,
)
from oceankernels.sphere import distance, wrap_lon
from oceankernels.stride import LONGEST, stride
from oceankernels.tiles import LAST, SHIFT, expect, room

__all__ = [
    "DISORDERED",
    "DISTANCE",
    "ENTRIES",
    "FIRST_TIME",
    "LAST_TIME",
    "NO_PATH",
    "OFF_GRID",
    "OVER_GAP",
    "OVER_GAP_SEGMENTS",
    "SEGMENTS",
    "SKIPPED",
    "TIME",
    "TOTAL",
    "UNUSABLE",
    "Fixes",
    "Plan",
    "Run",
    "accumulate",
    "new_run",
]

_BULGE = 1.01 * math.pi / 180 / 16


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
        if at[AT_TRAJECTORY] == len(fixes.row_size):
            return 0
        k = at[AT_TRAJECTORY]
        at[AT_ROW] = at[AT_STOP]
        at[AT_STOP] += fixes.row_size[k]
        at[AT_VESSEL] = LAST - fixes.vessel[k]
        at[AT_BASE] = fixes.group[k] << 48
        at[AT_OPEN] = 0
        at[AT_TRAJECTORY] = k + 1
        no_box(run.box)


@jit(inline=True, borrow=True)
def _trajectory(fixes, grid, plan, tiles, run):
    """The rest of the current trajectory; the number of slots missing, or 0."""
    at = run.at
    while True:
        if room(tiles) < 8:
            return 8
        if at[AT_ROW] < at[AT_STOP]:
            _stay(fixes, plan, run)
        if at[AT_ROW] >= at[AT_STOP]:
            break
        need = _move(fixes, grid, plan, tiles, run)
        if need:
            return need
        at[AT_ROW] += 1
    if at[AT_OPEN]:
        leave(grid, tiles, run)
        at[AT_OPEN] = 0
    return 0


@jit(inline=True, borrow=True)
def _stay(fixes, plan, run):
    """Fixes that remain in the cell, within the gap and the month."""
    at, box = run.at, run.box
    west, east, south, north = (
        box[BOX_WEST],
        box[BOX_EAST],
        box[BOX_SOUTH],
        box[BOX_NORTH],
    )
    month_stop, gap, skip = at[AT_MONTH_STOP], plan.gap, plan.skip
    lon, lat, time, quality = fixes.lon, fixes.lat, fixes.time, fixes.quality
    first, before, acc = at[AT_ROW], at[AT_TIME], at[AT_ACC]
    x0, y0 = box[BOX_LON], box[BOX_LAT]
    row = first
    if plan.quantity == DISTANCE:
        return
    while row < at[AT_STOP]:
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
            run.sums[TOTAL] += acc - at[AT_ACC]
            at[AT_ACC] = acc
        at[AT_ROW], at[AT_TIME] = row, before
        box[BOX_LON], box[BOX_LAT] = x0, y0


@jit(inline=True, borrow=True)
def _move(fixes, grid, plan, tiles, run):
    """One fix of any kind; the number of slots missing (nothing is done then), or 0."""
    at, sums, row = run.at, run.sums, run.at[AT_ROW]
    x, y, t = fixes.lon[row], fixes.lat[row], fixes.time[row]
    if plan.skip >> (fixes.quality[row] & 63) & 1:
        sums[SKIPPED] += 1
        return 0
    if not (abs(y) <= 90.0 and math.isfinite(x)) or t == NAT:
        sums[UNUSABLE] += 1
        return 0
    x = wrap_lon(x)
    column, line = column_of(grid, x), row_of(grid, y)
    if not at[AT_OPEN]:
        at[AT_OPEN] = 1
        start = row == at[AT_STOP] - fixes.row_size[at[AT_TRAJECTORY] - 1]
        fresh = not (start and fixes.carried[at[AT_TRAJECTORY] - 1])
        sums[FIRST_TIME] = min(sums[FIRST_TIME], t)
        begin(grid, plan, run, column, line, t, fresh)
    else:
        need = _segment(grid, plan, tiles, run, x, y, t, column, line)
        if need:
            return need
    sums[LAST_TIME] = max(sums[LAST_TIME], t)
    at[AT_TIME] = t
    set_box(grid, run.box, x, y, column, line)
    return 0


@jit(inline=True, borrow=True)
def _segment(grid, plan, tiles, run, x, y, t, column, line):
    """From the fix before to this one; the number of slots missing, or 0."""
    at, box, sums = run.at, run.box, run.sums
    step = t - at[AT_TIME]
    if step <= 0:
        sums[DISORDERED] += step < 0
        if column != at[AT_COLUMN] or line != at[AT_LINE]:  # a jump at one time stamp
            leave(grid, tiles, run)
            enter(grid, plan, run, column, line)
        return 0
    amount = step
    if plan.quantity == DISTANCE:
        amount = np.int64(distance(box[BOX_LON], box[BOX_LAT], x, y) * 1e3 + 0.5)
    turn = shortest(x - box[BOX_LON])
    has_path = step <= plan.gap
    if has_path and plan.great_circle and not set_arc(run.arc, box[BOX_LAT], y, turn):
        has_path = False
        sums[NO_PATH] += 1
    if has_path:
        at[AT_AMOUNT] = amount
        need = _walk(grid, plan, tiles, run, turn, y, t, column, line)
        if need:
            return need
    else:
        leave(grid, tiles, run)
        begin(grid, plan, run, column, line, t, True)
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
    x0, y0 = box[BOX_LON], box[BOX_LAT]
    if not inside(grid, at[AT_COLUMN], at[AT_LINE]):
        # the rectangle outside spans many columns and rows
        at[AT_COLUMN], at[AT_LINE] = column_of(grid, x0), row_of(grid, y0)
    c, r = at[AT_COLUMN], at[AT_LINE]
    columns = columns_crossed(grid, c, column, x0, turn)
    north, ahead, back = _rows_crossed(grid, plan, run.arc, r, line, y0, y)
    step, amount = t - at[AT_TIME], at[AT_AMOUNT]
    months = _months_crossed(plan, at[AT_MONTH], t)
    need = (columns >> SHIFT) + ((ahead + back) >> SHIFT) + 4 + 2 * months
    if room(tiles) < need:
        return need
    at[AT_SPLIT] = _next_split(plan, at, step)
    plain = months == 0 and not plan.great_circle and plan.quantity != ENTRIES
    if plain and max(columns, ahead) <= LONGEST:
        if columns + ahead > 0:
            at[AT_ACC], off_grid = stride(
                grid, tiles, (c, r, at[AT_ACC]), (x0, y0, turn, y - y0, amount),
                (columns, ahead), (at[AT_BASE], at[AT_VESSEL]), run.scratch,
            )  # fmt: skip
            run.sums[OFF_GRID] += off_grid
            at[AT_COLUMN], at[AT_LINE] = column, line
            if inside(grid, column, line):
                expect(tiles, *address(at, column, line - 1))
        else:
            at[AT_ACC] += amount
        return 0
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
            c = next_column(grid, c, turn)
            tx = _next_meridian(grid, plan, run, c, turn, columns)
        if over_y:
            r += 1 if (north if ahead > 0 else not north) else -1
            if ahead > 0:
                ahead -= 1
            else:
                back -= 1
            ty = _next_parallel(grid, plan, run, r, north, y, ahead, back)
        leave(grid, tiles, run)
        enter(grid, plan, run, c, r)
        if inside(grid, c, r):
            expect(tiles, *address(at, c, r - 1))
    _advance(grid, plan, tiles, run, done, amount, step)
    return 0


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
        return np.inf
    if turn > 0.0:
        offset = grid.east_edge[c] - run.box[BOX_LON]
        offset += 360.0 if offset < 0.0 else 0.0
    else:
        offset = run.box[BOX_LON] - grid.west_edge[c]
        offset += 360.0 if offset < 0.0 else 0.0
    if plan.great_circle:
        return meridian_crossing(run.arc, offset)
    return offset / abs(turn)


@jit(inline=True, borrow=True)
def _next_parallel(grid, plan, run, r, north, y, ahead, back):
    """Share of the path at which row `r` is left, infinity when that is over."""
    if ahead + back == 0:
        return np.inf
    upward = north if ahead > 0 else not north
    edge = grid.lat_edge[r + 1] if upward else grid.lat_edge[r]
    if plan.great_circle:
        return parallel_crossing(run.arc, edge, ahead == 0)
    return (edge - run.box[BOX_LAT]) / (y - run.box[BOX_LAT])


@jit(inline=True, borrow=True)
def _advance(grid, plan, tiles, run, done, share, step):
    """Give the current cell what lies between two cumulative shares; returns `share`.

    Where a month ends in between, the cell is settled and goes on in the next month.
    """
    at = run.at
    while at[AT_SPLIT] <= share:
        if plan.quantity != ENTRIES:
            at[AT_ACC] += at[AT_SPLIT] - done
        done = at[AT_SPLIT]
        leave(grid, tiles, run)
        set_month(plan, at, at[AT_MONTH] + 1)
        at[AT_SPLIT] = max(_next_split(plan, at, step), done)
    if plan.quantity != ENTRIES:
        at[AT_ACC] += share - done
    return share


@jit(inline=True, borrow=True)
def _next_split(plan, at, step):
    """Cumulative share at the end of the month; INT64_MAX if that comes later."""
    left = at[AT_MONTH_STOP] - at[AT_TIME]
    if left > step:
        return LAST
    if plan.quantity == DISTANCE:
        return min(np.int64(at[AT_AMOUNT] * (left / step) + 0.5), at[AT_AMOUNT])
    return left


@jit(inline=True, borrow=True)
def _months_crossed(plan, month, t):
    n = 0
    while t >= plan.month_edge[month + n + 1]:
        n += 1
    return n
