"""Cutting sorted vessel rows into partitions: months, home cells, extents.

Arrays in, arrays out; nothing is checked. Times are int64 microseconds since 1970 UTC,
positions degrees.
"""

from __future__ import annotations

import numpy as np

from oceankernels.jit import jit

EXTENT = (
    "first_time",
    "last_time",
    "west",
    "east",
    "south",
    "north",
    "first_lon",
    "first_lat",
    "last_lon",
    "last_lat",
)
"""Columns of :func:`extents`. Times in µs fit a float64 exactly until the year 2255."""


@jit
def interval_numbers(values, edges):
    """Number of the interval that holds each value.

    Parameters: values (n,) int64; edges (m + 1,) int64 increasing, which cover all
    values. Returns (n,) int64 in [0, m).
    """
    out = np.empty(values.size, np.int64)
    at = np.int64(0)
    low, high = edges[0], edges[1]
    for i in range(values.size):
        v = values[i]
        if v < low or v >= high:
            at = np.searchsorted(edges, v, side="right") - 1
            low, high = edges[at], edges[at + 1]
        out[i] = at
    return out


def morton(lon, lat, *, cells_per_degree=16):
    """Morton code of the cell that holds each position: (n,) -> (n,) int32.

    Bits of the column and row numbers interleave, so that cells near each other have
    codes near each other.
    """
    x = np.floor((np.asarray(lon, "f8") + 180.0) * cells_per_degree).astype("i8")
    y = np.floor((np.asarray(lat, "f8") + 90.0) * cells_per_degree).astype("i8")
    x = np.clip(x, 0, 360 * cells_per_degree - 1)
    y = np.clip(y, 0, 180 * cells_per_degree - 1)
    out = np.zeros(x.shape, "i8")
    for bit in range(13):
        out |= ((x >> bit) & 1) << (2 * bit)
        out |= ((y >> bit) & 1) << (2 * bit + 1)
    return out.astype("i4")


@jit
def arrange_runs(index, starts, row_size, sequence):
    """Runs of ``index`` in another sequence.

    Parameters: index (n,); starts, row_size (t,) of the runs; sequence (k,) numbers of
    runs. Returns the runs one after another.
    """
    total = 0
    for k in range(sequence.size):
        total += row_size[sequence[k]]
    out = np.empty(total, index.dtype)
    at = 0
    for k in range(sequence.size):
        run = sequence[k]
        for i in range(starts[run], starts[run] + row_size[run]):
            out[at] = index[i]
            at += 1
    return out


@jit
def expand_ranges(starts, stops):
    """Row numbers of ranges [start, stop), one after another: (k,), (k,) -> (m,)."""
    total = 0
    for k in range(starts.size):
        total += stops[k] - starts[k]
    out = np.empty(total, np.int64)
    at = 0
    for k in range(starts.size):
        for i in range(starts[k], stops[k]):
            out[at] = i
            at += 1
    return out


@jit(borrow=True)
def _same_stamp(index, row_size, time, out):
    """As :func:`same_stamp`: fills what there is of ``out``, and counts all."""
    count = 0
    start = 0
    for t in range(row_size.size):
        stop = start + row_size[t]
        before, noted = np.int64(0), True
        for i in range(start, stop):
            here = time[index[i]]
            if i > start and here == before:
                for place in range(i - 1 if not noted else i, i + 1):
                    if count < out.size:
                        out[count] = place
                    count += 1
                noted = True
            else:
                noted = False
            before = here
        start = stop
    return count


@jit
def same_stamp(index, row_size, time):
    """Places in ``index`` that share run and time with a neighbour: (m,) int64.

    Parameters: index (n,) rows in runs of ``row_size``, each run in time; time by row.
    """
    out = np.empty(4096, np.int64)
    count = _same_stamp(index, row_size, time, out)
    if count > out.size:
        out = np.empty(count, np.int64)
        _same_stamp(index, row_size, time, out)
    return out[:count].copy()


@jit
def extents(row_size, time, lon, lat):
    """Time span, bounding box, first and last fix of each run.

    Parameters: row_size (t,), runs not empty; time (n,) int64, lon, lat (n,) degrees.
    Returns (t, 10) float64, columns :data:`EXTENT`. The box is the plain range of
    longitudes in [-180, 180): a run across the dateline has a wide one.
    """
    out = np.empty((row_size.size, 10), np.float64)
    start = 0
    for t in range(row_size.size):
        stop = start + row_size[t]
        west, east = lon[start], lon[start]
        south, north = lat[start], lat[start]
        for i in range(start + 1, stop):
            west, east = min(west, lon[i]), max(east, lon[i])
            south, north = min(south, lat[i]), max(north, lat[i])
        out[t, 0], out[t, 1] = time[start], time[stop - 1]
        out[t, 2], out[t, 3] = west, east
        out[t, 4], out[t, 5] = south, north
        out[t, 6], out[t, 7] = lon[start], lat[start]
        out[t, 8], out[t, 9] = lon[stop - 1], lat[stop - 1]
        start = stop
    return out


@jit
def decimals_needed(values, most):
    """Decimals that reproduce integers in units of 10**-most exactly, at least 4.

    Parameters: values (n,) int32 or int64. Returns d in [4, most].
    """
    d = min(4, most)
    step = 10 ** (most - d)
    for i in range(values.size):
        while values[i] % step != 0:
            d += 1
            step //= 10
    return d


@jit
def whole_multiples(values, step):
    """Is every integer a multiple of ``step``?"""
    for i in range(values.size):  # noqa: SIM110 (Numba compiles the loop)
        if values[i] % step != 0:
            return False
    return True
