"""Which fixes of a trajectory can belong to one vessel.

Fixes are dealt out to *chains*: successions in which each fix can be reached from the
one before at a possible speed. A fix goes to the chain from which it is cheapest to
reach; where none can be its origin it opens a chain. The chain with most fixes is the
vessel's track. A spike becomes a chain of its own, so that its good neighbours stay,
even where the spike comes first; two vessels that share an identity become two long
chains.

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

OPEN_CHAINS = 64
"""Chains held open; beyond it the one with fewest fixes (then: oldest) is closed."""

PREVAILING = 0.25
"""Share of the highest speed at which time counts against an old chain: a fix is as
dear as its distance plus what a vessel would have sailed at that speed meanwhile."""

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


@jit(inline=True)
def _step_cost(time, lon, lat, p, r, limits, best):
    """Cost to reach row r from row p, or inf if impossible or not below ``best``."""
    dt = (time[r] - time[p]) / MICROSECONDS
    reach = limits.max_speed * METRES_PER_SECOND_PER_KNOT * dt
    waited = PREVAILING * reach
    # Exact bound: most chains are dismissed without any trigonometry.
    if waited >= best:
        return math.inf
    d = distance(lon[p], lat[p], lon[r], lat[r])
    if d > reach + limits.slack:
        return math.inf
    return d + waited


@jit
def _cheapest(time, lon, lat, r, ends, n_open, limits):
    """Open chain that reaches row r at least cost: (slot or -1, cost)."""
    slot = -1
    best = math.inf
    for s in range(n_open):
        cost = _step_cost(time, lon, lat, ends[s], r, limits, best)
        if cost < best:
            slot, best = s, cost
    return slot, best


@jit
def _slot_to_close(time, ends, chains, sizes):
    """The open chain with fewest fixes, the oldest of them."""
    worst = 0
    for s in range(1, OPEN_CHAINS):
        fewer = sizes[chains[s]] - sizes[chains[worst]]
        if fewer < 0 or (fewer == 0 and time[ends[s]] < time[ends[worst]]):
            worst = s
    return worst


@jit
def _keep(time, lon, lat, rows, eligible, ends, n_open, limits):
    """Of rows with one stamp the one to keep, and the slot it continues.

    The eligible row that is cheapest to reach; the first in order where none can be
    reached; -1 where none is eligible.
    """
    kept, slot = -1, -1
    best = math.inf
    for k in range(rows.size):
        if not eligible[rows[k]]:
            continue
        s, cost = _cheapest(time, lon, lat, rows[k], ends, n_open, limits)
        if kept < 0 or cost < best:
            kept, slot, best = k, s, cost
    return kept, slot


@jit
def trace(offsets, first, last, order, same, eligible, where, limits, reason, before):
    """Mark duplicates, spikes and second tracks of trajectories [first, last).

    order (n,) int64: rows by (trajectory, time, values); same (n,) bool: the row at
    this place of ``order`` equals the one before it in all values; eligible (n,) bool;
    where: (time, lon, lat). Ors bits into reason (n,) int32 and writes the predecessor
    in the same chain, or -1, into before (n,) int64.
    """
    time, lon, lat = where
    longest = 0
    for t in range(first, last):
        longest = max(longest, offsets[t + 1] - offsets[t])
    chain_of = np.empty(longest, np.int64)
    sizes = np.empty(longest, np.int64)
    ends = np.empty(OPEN_CHAINS, np.int64)
    chains = np.empty(OPEN_CHAINS, np.int64)
    for t in range(first, last):
        start, stop = offsets[t], offsets[t + 1]
        chain_of[: stop - start] = -1
        n_open, n_chains = 0, 0
        i = start
        while i < stop:
            j = _end_of_stamp(time, order, i, stop, limits)
            kept, slot = _keep(
                time, lon, lat, order[i:j], eligible, ends, n_open, limits
            )
            _mark_duplicates(order[i:j], same[i:j], kept, limits, reason, before)
            if kept >= 0:
                row = order[i + kept]
                if slot >= 0:
                    before[row] = ends[slot]
                else:
                    slot = n_open
                    if n_open == OPEN_CHAINS:
                        slot = _slot_to_close(time, ends, chains, sizes)
                    else:
                        n_open += 1
                    chains[slot] = n_chains
                    sizes[n_chains] = 0
                    n_chains += 1
                ends[slot] = row
                chain_of[row - start] = chains[slot]
                sizes[chains[slot]] += 1
            i = j
        if n_chains > 1:
            _judge(start, stop, chain_of, sizes[:n_chains], limits, reason)


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
def _judge(start, stop, chain_of, sizes, limits, reason):
    """Mark the rows of all chains but the longest (the earliest of equal ones)."""
    main = 0
    for c in range(1, sizes.size):
        if sizes[c] > sizes[main]:
            main = c
    for row in range(start, stop):
        c = chain_of[row - start]
        if c >= 0 and c != main:
            long = sizes[c] >= limits.min_track
            bit = SECOND_TRACK if long else IMPOSSIBLE_SPEED
            reason[row] |= bit & limits.enabled


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
