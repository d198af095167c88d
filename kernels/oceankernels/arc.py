"""Where a great circle between two fixes crosses meridians and parallels.

Everything is written in differences of the given degrees, so that an arc of a few
metres keeps its digits: the abscissa of a crossing has a relative error of a few 1e-16,
except where the geometry itself is ill-conditioned (a parallel touched at the vertex).

Notation: latitudes p0, p1, shortest difference of longitude D, arc length s, slope
P = d(sin lat)/d(arc) at the first fix. Along the arc, sin lat(t) = sin p0 cos t +
P sin t; with u = tan(t / 2), the parallel q solves
(sin q + sin p0) u² - 2 P u + (sin q - sin p0) = 0.
"""

from __future__ import annotations

import math

from oceankernels.jit import jit

# places in the parameter array of an arc
LENGTH, SIN, COS, LAT, SIN0, COS0, COS1, SLOPE, VERTEX, TURN, DLON = range(11)
SIZE = 11

ANTIPODAL = 1e-6
"""Radians: closer than this to the antipode the great circle is not defined."""


@jit(borrow=True)
def set_arc(arc, lat0, lat1, dlon):
    """Fill the parameters of an arc; returns False for antipodal fixes.

    ``dlon``: shortest way, degrees. ``arc[TURN]`` is 1 if the northernmost point lies
    between the fixes, -1 if the southernmost does, else 0; ``arc[VERTEX]`` is its
    latitude in degrees.
    """
    phi0, phi1 = math.radians(lat0), math.radians(lat1)
    half = math.radians(abs(dlon)) / 2
    sin0, cos0, sin1, cos1 = (
        math.sin(phi0), math.cos(phi0), math.sin(phi1), math.cos(phi1),
    )  # fmt: skip
    rise = math.sin(math.radians(lat1 - lat0) / 2)
    mean = math.sin((phi0 + phi1) / 2)
    across = math.sin(half)
    hav = rise * rise + cos0 * cos1 * across * across
    rest = mean * mean + cos0 * cos1 * math.cos(half) ** 2
    if rest < ANTIPODAL * ANTIPODAL / 4:
        return False
    arc[LENGTH] = 2 * math.atan2(math.sqrt(hav), math.sqrt(rest))
    arc[SIN] = 2 * math.sqrt(hav * rest)
    arc[COS] = rest - hav
    arc[LAT], arc[SIN0], arc[COS0], arc[COS1] = lat0, sin0, cos0, cos1
    arc[DLON], arc[TURN], arc[SLOPE] = abs(dlon), 0.0, 0.0
    if arc[SIN] == 0.0:
        return True
    along = math.sin(math.radians(lat1 - lat0))
    bend = 2 * across * across
    start = cos0 * (along + sin0 * cos1 * bend) / arc[SIN]
    stop = cos1 * (along - sin1 * cos0 * bend) / arc[SIN]
    arc[SLOPE] = start
    if start >= 0.0 and stop < 0.0:
        arc[TURN] = 1.0
    elif start <= 0.0 and stop > 0.0:
        arc[TURN] = -1.0
    narrow = cos0 * cos1 * math.sin(2 * half) / arc[SIN]
    highest = math.degrees(math.atan2(math.hypot(sin0, start), narrow))
    arc[VERTEX] = math.copysign(highest, arc[TURN])
    return True


@jit(inline=True, borrow=True)
def meridian_crossing(arc, offset):
    """Share of the arc at which it meets the meridian `offset` degrees along (>= 0)."""
    before = math.sin(math.radians(offset)) * arc[COS0]
    after = math.sin(math.radians(arc[DLON] - offset)) * arc[COS1]
    t = math.atan2(arc[SIN] * before, after + arc[COS] * before)
    return t / arc[LENGTH] if arc[LENGTH] > 0.0 else 0.0  # squares underflow


@jit(inline=True, borrow=True)
def parallel_crossing(arc, lat, beyond):
    """Share of the arc at which it meets a parallel, before or beyond the vertex."""
    middle = math.radians(lat + arc[LAT]) / 2
    apart = math.radians(lat - arc[LAT]) / 2
    total = 2 * math.sin(middle) * math.cos(apart)  # sin q + sin p0
    step = 2 * math.cos(middle) * math.sin(apart)  # sin q - sin p0
    root = math.sqrt(max(arc[SLOPE] * arc[SLOPE] - total * step, 0.0))
    if beyond:
        turn = arc[TURN]
        t = 2 * math.atan2(turn * arc[SLOPE] + root, turn * total)
    else:
        base = arc[SLOPE] + math.copysign(root, arc[SLOPE])
        # base is 0 only if the whole arc lies on the parallel
        t = 2 * math.atan(step / base) if base != 0.0 else 0.0
    return t / arc[LENGTH] if arc[LENGTH] > 0.0 else 0.0  # squares underflow
