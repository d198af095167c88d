"""Which fixes of a trajectory can belong to one vessel.

A *chain* is a succession of fixes in which each can be reached from the one before at a
possible speed. The longest chain is the vessel's track: a spike, also one that comes
first, costs one fix and not its good neighbours. The longest chain of what is left is a
second track if it has enough fixes, and so on; what then remains is impossible.

Rows are visited in ``order``: by time, and where stamps are equal by their values, so
that the result does not depend on the order in which equal stamps arrived.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from oceankernels.jit import jit
from oceankernels.sphere import METRES_PER_SECOND_PER_KNOT, distance
from oceankernels.tracks import MICROSECONDS, NAT

WINDOW = 64
"""Fixes that are tried as predecessor of a fix: this many latest ones ..."""

TAILS = 64
"""... and this many that nothing follows yet; of more, those of the longest chains."""

PREVAILING = 0.25
"""Between chains of one length a fix follows the cheapest end: its distance plus what
a vessel would have sailed meanwhile at this share of the highest speed."""

MISSING_BEFORE = 1 << 0
FAIL_BEFORE = 1 << 1
SUSPECT_BEFORE = 1 << 2
POSITION_MISSING = 1 << 3
POSITION_OUT_OF_RANGE = 1 << 4
TIME_MISSING = 1 << 5
TIME_OUT_OF_PERIOD = 1 << 6
NULL_ISLAND = 1 << 7
DUPLICATE_ROW = 1 << 8
DUPLICATE_TIME = 1 << 9
IMPOSSIBLE_SPEED = 1 << 10
SECOND_TRACK = 1 << 11
SOG_SENTINEL = 1 << 12
SOG_ABOVE_MAX = 1 << 13
SPEED_DISAGREES = 1 << 14
ON_LAND = 1 << 15


class Limits(NamedTuple):
    """Bounds of the rules: speeds in knots, times in µs, distances in metres."""

    enabled: int  # bits of the rules that are asked for
    start: int  # first moment of the period
    stop: int  # first moment after it
    max_speed: float
    slack: float  # a distance that needs no time: noise, rounded stamps
    min_track: int  # fixes from which a chain is a track of its own
    speed_tolerance: float
    max_gap: int  # longest step on which the reported speed is compared


@jit
def mark_fixes(offsets, first, last, time, lon, lat, sog, limits, reason):
    """Or the bits that a row earns by itself into reason (n,) int32."""
    for i in range(offsets[first], offsets[last]):
        bits = 0
        if not (math.isfinite(lon[i]) and math.isfinite(lat[i])):
            bits |= POSITION_MISSING
        elif abs(lat[i]) > 90.0 or not (-180.0 <= lon[i] <= 180.0):
            bits |= POSITION_OUT_OF_RANGE
        elif abs(lon[i]) < 0.01 and abs(lat[i]) < 0.01:
            bits |= NULL_ISLAND
        if time[i] == NAT:
            bits |= TIME_MISSING
        elif not (limits.start <= time[i] < limits.stop):
            bits |= TIME_OUT_OF_PERIOD
        if _is_sentinel(sog[i]):
            bits |= SOG_SENTINEL
        elif sog[i] > limits.max_speed:
            bits |= SOG_ABOVE_MAX
        reason[i] |= bits & limits.enabled


@jit(inline=True)
def _is_sentinel(sog):
    """102.3 kn "not available", and the 51.2 and 63.0 kn that broken units send."""
    return (
        sog >= 102.25 or abs(sog - 51.2) < 0.05 or abs(sog - 63.0) < 0.05 or sog < 0.0
    )


class Chains(NamedTuple):
    """Longest chains that end at each of the rows kept so far, in order."""

    rows: np.ndarray  # (n,) int64
    length: np.ndarray  # (n,) int64: fixes of the longest chain that ends here
    top: np.ndarray  # (n,) int64: greatest length so far
    pred: np.ndarray  # (n,) int64: place of the predecessor, or -1
    tails: np.ndarray  # (TAILS,) int64: places that nothing follows
    count: np.ndarray  # (2,) int64: rows, tails


@jit(inline=True)
def _step_cost(where, p, r, limits, bound):
    """Cost to reach row r from row p, or inf if impossible or not below ``bound``."""
    time, lon, lat = where
    dt = (time[r] - time[p]) / MICROSECONDS
    reach = limits.max_speed * METRES_PER_SECOND_PER_KNOT * dt
    waited = PREVAILING * reach
    if waited >= bound:
        return math.inf
    d = distance(lon[p], lat[p], lon[r], lat[r])
    cost = d + waited
    if d > reach + limits.slack or cost >= bound:
        return math.inf
    return cost


@jit
def _extend(chains, where, r, limits):
    """The longest chain that row r can end: (length, cost of the step, place before).

    Lengths decide which predecessors need trigonometry: none but the last on a track
    without spikes.
    """
    length, cost, pred = 1, math.inf, -1
    n = chains.count[0]
    for k in range(n - 1, max(n - 1 - WINDOW, -1), -1):
        if chains.top[k] + 1 < length:
            break
        if chains.length[k] + 1 >= length:
            bound = cost if chains.length[k] + 1 == length else math.inf
            c = _step_cost(where, chains.rows[k], r, limits, bound)
            if c < math.inf:
                length, cost, pred = chains.length[k] + 1, c, k
    for s in range(chains.count[1]):
        k = chains.tails[s]
        if chains.length[k] + 1 >= length:
            bound = cost if chains.length[k] + 1 == length else math.inf
            c = _step_cost(where, chains.rows[k], r, limits, bound)
            if c < math.inf:
                length, cost, pred = chains.length[k] + 1, c, k
    return length, cost, pred


@jit
def _append(chains, r, length, pred):
    """Put row r at the end; it becomes a tail, in the place of its predecessor."""
    n, n_tails = chains.count
    chains.rows[n] = r
    chains.length[n] = length
    chains.top[n] = max(length, chains.top[n - 1]) if n else length
    chains.pred[n] = pred
    chains.count[0] = n + 1
    slot = -1
    for s in range(n_tails):
        if chains.tails[s] == pred:
            slot = s
    if slot < 0 and n_tails < TAILS:
        slot = n_tails
        chains.count[1] = n_tails + 1
    if slot < 0:
        slot = 0
        for s in range(1, TAILS):
            k, worst = chains.tails[s], chains.tails[slot]
            fewer = chains.length[k] - chains.length[worst]
            if fewer < 0 or (fewer == 0 and k < worst):
                slot = s
    chains.tails[slot] = n


@jit
def _take_longest(chains, limits, bit, reason, before):
    """Mark the longest chain with ``bit``, record predecessors; the rows left over.

    Of equally long chains the one that ends first.
    """
    n = chains.count[0]
    end = 0
    for k in range(1, n):
        if chains.length[k] > chains.length[end]:
            end = k
    rest = np.empty(n - chains.length[end], np.int64)
    filled = rest.size
    for k in range(n - 1, -1, -1):
        row = chains.rows[k]
        if k == end:
            end = chains.pred[k]
            before[row] = chains.rows[end] if end >= 0 else -1
            reason[row] |= bit & limits.enabled
        else:
            filled -= 1
            rest[filled] = row
    return rest


@jit
def trace(offsets, first, last, order, same, eligible, where, limits, reason, before):
    """Mark duplicates, spikes and second tracks of trajectories [first, last).

    order (n,) int64: rows by (trajectory, time, values); same (n,) bool: the row at
    this place of ``order`` equals the one before it in all values; eligible (n,) bool;
    where: (time, lon, lat). Ors bits into reason (n,) int32 and writes the predecessor
    in the same chain, or -1, into before (n,) int64.
    """
    longest = 0
    for t in range(first, last):
        longest = max(longest, offsets[t + 1] - offsets[t])
    chains = Chains(
        np.empty(longest, np.int64),
        np.empty(longest, np.int64),
        np.empty(longest, np.int64),
        np.empty(longest, np.int64),
        np.empty(TAILS, np.int64),
        np.zeros(2, np.int64),
    )
    for t in range(first, last):
        stop = offsets[t + 1]
        chains.count[:] = 0
        i = offsets[t]
        while i < stop:
            j = _end_of_stamp(where[0], order, i, stop, limits)
            kept = _keep(chains, where, order[i:j], eligible, limits)
            _mark_duplicates(order[i:j], same[i:j], kept, limits, reason, before)
            i = j
        if chains.count[0]:
            rest = _take_longest(chains, limits, 0, reason, before)
            _judge(chains, rest, where, limits, reason, before)


@jit
def _judge(chains, rest, where, limits, reason, before):
    """Second tracks among the rows left over; what remains is impossible."""
    while rest.size:
        chains.count[:] = 0
        for row in rest:
            length, _, pred = _extend(chains, where, row, limits)
            _append(chains, row, length, pred)
        if chains.top[rest.size - 1] < limits.min_track:
            break
        rest = _take_longest(chains, limits, SECOND_TRACK, reason, before)
    for row in rest:
        reason[row] |= IMPOSSIBLE_SPEED & limits.enabled


@jit
def _keep(chains, where, rows, eligible, limits):
    """Of rows with one stamp, append the one to keep; its place, or -1.

    The eligible row that ends the longest chain, then the cheapest to reach, then the
    first in order.
    """
    kept, length, cost, pred = -1, 0, math.inf, -1
    for k in range(rows.size):
        if eligible[rows[k]]:
            found, price, place = _extend(chains, where, rows[k], limits)
            if found > length or (found == length and price < cost):
                kept, length, cost, pred = k, found, price, place
    if kept >= 0:
        _append(chains, rows[kept], length, pred)
    return kept


@jit(inline=True)
def _end_of_stamp(time, order, i, stop, limits):
    """End of the places in ``order`` that share the stamp of place ``i``."""
    j = i + 1
    if limits.enabled & (DUPLICATE_ROW | DUPLICATE_TIME) and time[order[i]] != NAT:
        while j < stop and time[order[j]] == time[order[i]]:
            j += 1
    return j


@jit(inline=True)
def _mark_duplicates(rows, same, kept, limits, reason, before):
    """All rows of one stamp but the kept one (or the first) are duplicates."""
    for k in range(rows.size):
        before[rows[k]] = -1
        if k != max(kept, 0):
            bit = DUPLICATE_ROW if same[k] else DUPLICATE_TIME
            reason[rows[k]] |= bit & limits.enabled


@jit
def compare_speeds(offsets, first, last, before, where, sog, limits, reason):
    """Mark fixes whose reported speeds cannot explain the way they came.

    Over a step of at most ``max_gap`` the mean speed must lie between the speeds
    reported at its two ends, give or take the tolerance and the slack in distance.
    """
    time, lon, lat = where
    ignored = SOG_SENTINEL | IMPOSSIBLE_SPEED
    for i in range(offsets[first], offsets[last]):
        p = before[i]
        if p < 0 or (reason[i] | reason[p]) & ignored:
            continue
        span = time[i] - time[p]
        if span <= 0 or span > limits.max_gap:
            continue
        if not (math.isfinite(sog[i]) and math.isfinite(sog[p])):
            continue
        dt = span / MICROSECONDS
        speed = distance(lon[p], lat[p], lon[i], lat[i]) / dt
        doubt = limits.slack / dt / METRES_PER_SECOND_PER_KNOT + limits.speed_tolerance
        speed /= METRES_PER_SECOND_PER_KNOT
        if speed > max(sog[i], sog[p]) + doubt or speed < min(sog[i], sog[p]) - doubt:
            reason[i] |= SPEED_DISAGREES & limits.enabled
