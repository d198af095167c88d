"""Plain-Python twin of the raster kernels: exact fractions, brute force, no cleverness.

Every edge of the lattice is tried against every segment; cells are found by midpoints.
Only the great circle uses floating point (bisection along the arc, no closed form).
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import defaultdict
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise

OUTSIDE = None


def wrapped(lon: Fraction) -> Fraction:
    return (lon + 180) % 360 - 180


@lru_cache
def edges_of(grid):
    lons = [Fraction(float(edge)) for edge in grid.lattice.west_edge]
    return lons, [Fraction(float(edge)) for edge in grid.lat_edges]


def cell_of(grid, lon, lat):
    """Column and row, or OUTSIDE; exact comparisons with the rounded edges."""
    lons, lats = edges_of(grid)
    row = bisect_right(lats, lat) - 1
    if lat == 90 and lats[-1] == 90:
        row = grid.ny - 1
    if not 0 <= row < grid.ny:
        return OUTSIDE
    lon = wrapped(lon)
    for column in range(grid.nx):
        low, high = lons[column], lons[(column + 1) % len(lons)]
        if (lon - low) % 360 < (high - low) % 360 or len(lons) == 1:
            return column, row
    return OUTSIDE


def lonlat_crossings(grid, lon0, lat0, lon1, lat1):
    """Path parameters in (0, 1) at all edges met; exact."""
    turn = wrapped(lon1) - wrapped(lon0)
    turn -= 360 * (turn > 180) - 360 * (turn < -180)
    found = set()
    for edge in grid.lattice.west_edge:
        for around in (-360, 0, 360):
            if turn:
                found.add((Fraction(float(edge)) + around - wrapped(lon0)) / turn)
    for edge in grid.lat_edges:
        if lat1 != lat0:
            found.add((Fraction(float(edge)) - lat0) / (lat1 - lat0))
    return sorted(t for t in found if 0 < t < 1), turn


def lonlat_shares(grid, lon0, lat0, lon1, lat1):
    """(t, cell) intervals of the straight path: cell until t."""
    lon0, lat0, lon1, lat1 = (Fraction(float(v)) for v in (lon0, lat0, lon1, lat1))
    stops, turn = lonlat_crossings(grid, lon0, lat0, lon1, lat1)
    out, before = [], Fraction(0)
    for stop in [*stops, Fraction(1)]:
        middle = (before + stop) / 2
        lon, lat = lon0 + middle * turn, lat0 + middle * (lat1 - lat0)
        out.append((stop, cell_of(grid, lon, lat)))
        before = stop
    return out


def on_arc(lon0, lat0, lon1, lat1):
    """Function t -> (lon, lat) along the great circle, by vectors."""

    def vector(lon, lat):
        a, b = math.radians(lon), math.radians(lat)
        return math.cos(b) * math.cos(a), math.cos(b) * math.sin(a), math.sin(b)

    p, q = vector(lon0, lat0), vector(lon1, lat1)
    cross = math.dist(p, q) / 2
    length = 2 * math.asin(min(cross, 1.0))

    def at(t):
        u, v = math.sin((1 - t) * length), math.sin(t * length)
        x, y, z = (u * a + v * b for a, b in zip(p, q, strict=True))
        return math.degrees(math.atan2(y, x)), math.degrees(
            math.atan2(z, math.hypot(x, y))
        )

    return at


def arc_shares(grid, lon0, lat0, lon1, lat1, *, steps=100):
    """As lonlat_shares along the great circle: dense steps, then bisection."""
    at = on_arc(lon0, lat0, lon1, lat1)

    def cell(t):
        lon, lat = at(t)
        return cell_of(grid, Fraction(lon), Fraction(lat))

    out, here = [], cell(0.0)
    for k in range(steps):
        low, stop = k / steps, (k + 1) / steps
        while cell(stop) != here:
            high = stop
            for _ in range(60):
                middle = (low + high) / 2
                low, high = (middle, high) if cell(middle) == here else (low, middle)
            out.append((high, here))
            here, low = cell(high), high
    return [*out, (1.0, here)]


def half_up(value) -> int:
    return math.floor(value + Fraction(1, 2))


def naive_hours(grid, tracks, *, gap, months=(), path="lonlat", skip=(4, 9)):
    """Amounts by (month number, cell) in µs, distinct vessels, and the sums.

    ``tracks``: list of (vessel, [(time, lon, lat, quality), …]); ``months``: starts of
    months in µs, increasing.
    """
    amount, vessels = defaultdict(int), defaultdict(set)
    sums = {"total": 0, "over_gap": 0, "off_grid": 0}
    shares_of = lonlat_shares if path == "lonlat" else arc_shares
    for vessel, fixes in tracks:
        good = [f for f in fixes if f[3] not in skip and not math.isnan(f[1] + f[2])]
        for (t0, *p, _), (t1, *q, _) in pairwise(good):
            dt = t1 - t0
            sums["total"] += dt
            if dt > gap:
                sums["over_gap"] += dt
                continue
            done = 0
            for stop, cell in shares_of(grid, *p, *q):
                share = half_up(stop * dt)
                for a, b, month in split(t0 + done, t0 + share, months):
                    if cell is OUTSIDE:
                        sums["off_grid"] += b - a
                    else:
                        amount[month, cell] += b - a
                        vessels[month, cell].add(vessel)
                done = share
    return amount, vessels, sums


def split(start, stop, months):
    """[start, stop) cut at the starts of months; empty parts left out."""
    cuts = [start, *(m for m in months if start < m < stop), stop]
    for a, b in pairwise(cuts):
        if b > a:
            yield a, b, bisect_right(months, a) - 1
