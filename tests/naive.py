"""Plain-Python truths: what the fast functions of tracks are meant to compute.

Written for reading, one value at a time, from the definitions and not from the kernels
(distances by the angle between two unit vectors, chains as lists).
"""

from __future__ import annotations

import math

RADIUS = 6371008.8
KNOT = 1852.0 / 3600.0


def vector(lon, lat):
    lon, lat = math.radians(lon), math.radians(lat)
    return (
        math.cos(lat) * math.cos(lon),
        math.cos(lat) * math.sin(lon),
        math.sin(lat),
    )


def cross(a, b):
    return (
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    )


def dot(a, b):
    return math.fsum(x * y for x, y in zip(a, b, strict=True))


def distance(lon1, lat1, lon2, lat2):
    a, b = vector(lon1, lat1), vector(lon2, lat2)
    return RADIUS * math.atan2(math.hypot(*cross(a, b)), dot(a, b))


def bearing(lon1, lat1, lon2, lat2):
    """Angle between the plane to the pole and the plane to the other point."""
    lon, lat = math.radians(lon1), math.radians(lat1)
    east = (-math.sin(lon), math.cos(lon), 0.0)
    north = (
        -math.sin(lat) * math.cos(lon),
        -math.sin(lat) * math.sin(lon),
        math.cos(lat),
    )
    target = vector(lon2, lat2)
    return math.degrees(math.atan2(dot(east, target), dot(north, target))) % 360.0


def destination(lon, lat, course, length):
    """Walk along the unit vector of the course."""
    phi, lam, theta = map(math.radians, (lat, lon, course))
    delta = length / RADIUS
    start = vector(lon, lat)
    east = (-math.sin(lam), math.cos(lam), 0.0)
    north = (
        -math.sin(phi) * math.cos(lam),
        -math.sin(phi) * math.sin(lam),
        math.cos(phi),
    )
    end = [
        math.cos(delta) * s
        + math.sin(delta) * (math.cos(theta) * n + math.sin(theta) * e)
        for s, n, e in zip(start, north, east, strict=True)
    ]
    lon2 = math.degrees(math.atan2(end[1], end[0]))
    return lon2, math.degrees(math.atan2(end[2], math.hypot(end[0], end[1])))


def is_usable(fix):
    return (
        fix["time"] is not None
        and math.isfinite(fix["lon"])
        and abs(fix["lat"]) <= 90.0
        and fix.get("quality", 2) < 4
    )


def steps(track):
    """(i, previous usable i or None) of the usable fixes of one trajectory."""
    previous = None
    for i, fix in enumerate(track):
        if is_usable(fix):
            yield i, previous
            previous = i


def leg(a, b):
    return distance(a["lon"], a["lat"], b["lon"], b["lat"])


def track_speed(track):
    out = [math.nan] * len(track)
    for i, p in steps(track):
        if p is not None and track[i]["time"] > track[p]["time"]:
            seconds = (track[i]["time"] - track[p]["time"]) / 1e6
            out[i] = leg(track[p], track[i]) / seconds / KNOT
    return out


def track_course(track):
    out = [math.nan] * len(track)
    for i, p in steps(track):
        if p is None:
            continue
        a, b = track[p], track[i]
        if a["lat"] != b["lat"] or (a["lon"] - b["lon"]) % 360.0 != 0.0:
            out[i] = bearing(a["lon"], a["lat"], b["lon"], b["lat"])
    return out


def track_length(track):
    return math.fsum(leg(track[p], track[i]) for i, p in steps(track) if p is not None)


def split_places(track, gap_us, jump):
    """Rows before which one trajectory is cut."""
    out = []
    for i, p in steps(track):
        if p is not None:
            late = track[i]["time"] - track[p]["time"] > gap_us
            if late or leg(track[p], track[i]) > jump:
                out.append(i)
    return out


def own_reasons(fix, max_speed):
    """Reasons that need no other fix."""
    lon, lat, sog = fix["lon"], fix["lat"], fix["sog"]
    out = {"fail_before"} if fix.get("quality") == 4 else set()
    if not (math.isfinite(lon) and math.isfinite(lat)):
        out.add("position_missing")
    elif abs(lon) > 180.0 or abs(lat) > 90.0:
        out.add("position_out_of_range")
    elif abs(lon) < 0.01 and abs(lat) < 0.01:
        out.add("null_island")
    if fix["time"] is None:
        out.add("time_missing")
    if sog < 0 or sog >= 102.25 or abs(sog - 51.2) < 0.05 or abs(sog - 63.0) < 0.05:
        out.add("sog_sentinel")
    elif sog > max_speed:
        out.add("sog_above_max")
    return out


FAILING = {
    "position_missing",
    "position_out_of_range",
    "null_island",
    "time_missing",
    "fail_before",
}


def values(fix):
    """Canonical order of fixes with one stamp; NaN comes last."""
    columns = (fix["lon"], fix["lat"], fix["sog"])
    return tuple((math.isnan(x), 0.0 if math.isnan(x) else x) for x in columns)


def clean(track, *, max_speed=60.0, slack=500.0, tolerance=10.0, min_track=10):
    """Set of reasons of each fix of one trajectory (no land rule)."""
    reasons = [own_reasons(fix, max_speed) for fix in track]
    ends = {}
    for stamp in sorted({fix["time"] for fix in track if fix["time"] is not None}):
        rows = [i for i, fix in enumerate(track) if fix["time"] == stamp]
        rows.sort(key=lambda i: values(track[i]))
        good = [i for i in rows if not reasons[i] & FAILING]
        found = {i: longest_end(track, ends, i, max_speed, slack) for i in good}
        kept = min(good, key=lambda i: (-found[i][0], found[i][1]), default=None)
        for k, i in enumerate(rows):
            if i != (rows[0] if kept is None else kept):
                twin = k > 0 and values(track[i]) == values(track[rows[k - 1]])
                reasons[i].add("duplicate_row" if twin else "duplicate_time")
        if kept is not None:
            ends[kept] = found[kept]
    before = {}
    name = None
    while ends:
        chain = [max(ends, key=lambda i: ends[i][0])]
        while ends[chain[-1]][2] is not None:
            chain.append(ends[chain[-1]][2])
        if name and len(chain) < min_track:
            for i in ends:
                reasons[i].add("impossible_speed")
            break
        for i in chain:
            reasons[i] |= {name} - {None}
            before[i] = ends[i][2]
        rest = [i for i in ends if i not in chain]
        ends = {}
        for i in rest:
            ends[i] = longest_end(track, ends, i, max_speed, slack)
        name = "second_track"
    for i, p in before.items():
        if p is None or (reasons[i] | reasons[p]) & {"sog_sentinel"}:
            continue
        if disagrees(track[p], track[i], slack, tolerance):
            reasons[i].add("speed_disagrees")
    return reasons


def longest_end(track, ends, i, max_speed, slack):
    """Longest chain that fix i can end: (fixes, cost of the last step, fix before)."""
    best = (1, math.inf, None)
    for p, (length, _, _) in reversed(ends.items()):
        price = cost(track, p, i, max_speed, slack)
        if price < math.inf and (-length - 1, price) < (-best[0], best[1]):
            best = (length + 1, price, p)
    return best


def cost(track, p, i, max_speed, slack):
    reach = max_speed * KNOT * (track[i]["time"] - track[p]["time"]) / 1e6
    way = leg(track[p], track[i])
    return math.inf if way > reach + slack else way + reach / 4


def disagrees(a, b, slack, tolerance):
    seconds = (b["time"] - a["time"]) / 1e6
    if not 0 < seconds <= 600 or math.isnan(a["sog"] + b["sog"]):
        return False
    speed = leg(a, b) / seconds / KNOT
    doubt = slack / seconds / KNOT + tolerance
    low, high = sorted((a["sog"], b["sog"]))
    return speed > high + doubt or speed < low - doubt
