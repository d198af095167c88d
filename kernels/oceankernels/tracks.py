"""Motion along tracks and where to cut them: contiguous ragged arrays.

A trajectory ``t`` owns rows ``offsets[t]:offsets[t + 1]``, in order of time. Kernels
work on trajectories ``[first, last)`` and write only the rows of those, so that ranges
may run in threads and no bit depends on how they were cut. Times are int64 µs since
1970 (NaT is the least int64), positions float64 degrees, ``quality`` int8 QARTOD flags
or an empty array. Not checked: lengths, order of time.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from oceankernels.jit import jit
from oceankernels.sphere import METRES_PER_SECOND_PER_KNOT, bearing, distance

NAT = np.iinfo(np.int64).min
MICROSECONDS = 1e6
_FAIL = 4


class Fixes(NamedTuple):
    """Rows of tracks: time (n,) int64 µs, lon, lat (n,) float64, quality (n,) or (0,)
    int8."""

    time: np.ndarray
    lon: np.ndarray
    lat: np.ndarray
    quality: np.ndarray


@jit(inline=True)
def usable(fixes, i):
    """Has row ``i`` a time and a position, neither failed nor missing?"""
    if fixes.quality.size and fixes.quality[i] >= _FAIL:
        return False
    return (
        fixes.time[i] != NAT
        and -90.0 <= fixes.lat[i] <= 90.0
        and math.isfinite(fixes.lon[i])
    )


@jit(inline=True)
def _step(fixes, i, j):
    """Metres from row i to row j."""
    return distance(fixes.lon[i], fixes.lat[i], fixes.lon[j], fixes.lat[j])


@jit
def speeds(offsets, first, last, fixes, out):
    """Speed from the previous usable fix, knots, into out (n,) float64.

    NaN at the first usable fix of a trajectory, at fixes that are not usable, and
    where no time passed.
    """
    for t in range(first, last):
        previous = -1
        for i in range(offsets[t], offsets[t + 1]):
            out[i] = math.nan
            if not usable(fixes, i):
                continue
            if previous >= 0:
                dt = (fixes.time[i] - fixes.time[previous]) / MICROSECONDS
                if dt > 0.0:
                    speed = _step(fixes, previous, i) / dt
                    out[i] = speed / METRES_PER_SECOND_PER_KNOT
            previous = i


@jit
def courses(offsets, first, last, fixes, out):
    """Initial course from the previous usable fix, degrees, into out (n,) float64.

    NaN where :func:`speeds` has no predecessor and where the vessel did not move.
    """
    for t in range(first, last):
        previous = -1
        for i in range(offsets[t], offsets[t + 1]):
            out[i] = math.nan
            if not usable(fixes, i):
                continue
            if previous >= 0:
                out[i] = bearing(
                    fixes.lon[previous], fixes.lat[previous], fixes.lon[i], fixes.lat[i]
                )
            previous = i


@jit
def lengths(offsets, first, last, fixes, out):
    """Length of the path through the usable fixes, metres, into out (t,) float64."""
    for t in range(first, last):
        previous = -1
        total = 0.0
        for i in range(offsets[t], offsets[t + 1]):
            if not usable(fixes, i):
                continue
            if previous >= 0:
                total += _step(fixes, previous, i)
            previous = i
        out[t] = total


@jit
def cuts(offsets, first, last, fixes, gap, jump, out):
    """Where a trajectory is to be cut, into out (n,) uint8.

    Bit 1: more than ``gap`` µs since the previous usable fix; bit 2: more than
    ``jump`` metres (inf: never). The cut lies before the row.
    """
    for t in range(first, last):
        previous = -1
        for i in range(offsets[t], offsets[t + 1]):
            out[i] = 0
            if not usable(fixes, i):
                continue
            if previous >= 0:
                if fixes.time[i] - fixes.time[previous] > gap:
                    out[i] = 1
                if jump < math.inf and _step(fixes, previous, i) > jump:
                    out[i] |= 2
            previous = i


@jit
def first_disorder(offsets, time):
    """First row earlier than one before it in its trajectory, or -1; NaT is skipped."""
    for t in range(offsets.size - 1):
        latest = NAT
        for i in range(offsets[t], offsets[t + 1]):
            if time[i] == NAT:
                continue
            if time[i] < latest:
                return i
            latest = time[i]
    return -1
