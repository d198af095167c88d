"""What fishing vessels do: trips from a home port to a ground, and gear worked there.

Speeds over ground by gear: tows at 2.5-4.5 knots with the mode at 3-4; nets shot at
4-5 and hauled at 1-2 knots; lines shot at 6-7 and hauled at 1.5-2.5 knots.
"""

from __future__ import annotations

import numpy as np

from oceandata.sea.motion import (
    DRIFTING,
    HAULING,
    HOUR,
    SETTING,
    TOWING,
    Log,
    drift,
    heading_to,
    moor,
    run_to,
    sail,
    work,
)  # fmt: skip
from oceandata.sea.places import FISHING_PORTS, GROUNDS, PORTS, WAYPOINTS
from oceandata.sea.routes import distance_nm, outer, passage, shifted, way
from oceandata.sea.traffic import DAY, berth, open_water
from oceandata.sea.water import clear

TRIP_DAYS = {"trawler": (3, 7), "gill-netter": (1.2, 3), "longliner": (3, 6)}


def fishing(rng, vessel, horizon: float, *, meets: bool = False) -> Log:
    """Trips through the whole period, at sea or in port when it begins.

    With ``meets`` the vessel stops once for hours to tranship (``log.meeting``).
    """
    begin = -rng.uniform(0.8, 1.3) if meets else -rng.uniform(0, 6)
    log = Log(rng, begin * DAY, *berth(rng, vessel.home))
    ground = str(rng.choice(FISHING_PORTS[vessel.home][1]))
    habit = Habit(rng)
    while log.time < horizon:
        if rng.random() < 0.3:
            ground = str(rng.choice(FISHING_PORTS[vessel.home][1]))
        trip(log, vessel, ground, habit, meets=meets, horizon=horizon)
        rest = rng.lognormal(np.log(16 if vessel.kind == "trawler" else 10), 0.5)
        moor(log, log.time + np.clip(rest, 4, 60) * HOUR, place=vessel.home)
    return log


class Habit:
    """What a skipper keeps from trip to trip: tow speed, night rest, favourite line."""

    def __init__(self, rng):
        self.tow_knots = float(np.clip(rng.normal(3.45, 0.32), 2.7, 4.3))
        self.rests = bool(rng.random() < 0.45)
        self.axis = float(rng.normal(0, 20))


def ground_spot(rng, ground: str) -> tuple[float, float]:
    """A place in the water of a fishing ground."""
    lon0, lat0, east, north, _ = GROUNDS[ground]
    for spread in (1.0, 1.0, 0.7, 0.5, 0.2):
        lon = lon0 + spread * float(np.clip(rng.normal(), -2, 2)) * east
        lat = lat0 + spread * float(np.clip(rng.normal(), -2, 2)) * north
        if open_water(lon, lat):
            return lon, lat
    return lon0, lat0


def trip(log, vessel, ground, habit, *, meets, horizon):
    """Out, work, and home again."""
    rng, home, start = log.rng, vessel.home, log.time
    spot = ground_spot(rng, ground)
    names = way_over_water(home, *spot)
    line = passage(rng, names, (log.lon, log.lat), spot, scatter=2.0)
    if not clear(*line):
        line = passage(rng, names, (log.lon, log.lat), spot, scatter=0.5)
    sail(log, *line, vessel.knots, slow_first=2.0)
    days = rng.uniform(*TRIP_DAYS[vessel.kind])
    until = log.time + days * DAY
    method = {"trawler": trawl, "gill-netter": gill_net, "longliner": long_line}
    while log.time < until:
        due = 16 * HOUR < log.time < horizon - 10 * HOUR
        if meets and due and log.meeting is None:
            begin = log.time
            drift(log, rng.uniform(3, 5), knots=0.4)
            log.note("encounter", begin)
            log.meeting = log.events[-1]
        method[vessel.kind](log, vessel, ground, habit)
    here = (log.lon, log.lat)
    line = passage(rng, names[::-1], here, berth(rng, home), scatter=2.0)
    if not clear(*line):
        names = way_over_water(home, *here)
        line = passage(rng, names[::-1], here, berth(rng, home))
    sail(log, *line, vessel.knots, slow_last=2.0)
    log.note("trip", start, ground)


def way_over_water(home: str, lon: float, lat: float) -> tuple[str, ...]:
    """Way-points from a port to a place at sea, the last in sight of the place."""
    base = outer(home)
    near = sorted(WAYPOINTS, key=lambda n: distance_nm(lon, lat, *WAYPOINTS[n][:2]))
    for name in (base, *near):
        if clear([WAYPOINTS[name][0], lon], [WAYPOINTS[name][1], lat]):
            return (*PORTS[home][3][:-1], *way(base, name))
    raise ValueError(f"no way over water from {home} to {lon:.3f} {lat:.3f}")


def aim(log, ground, axis, spread=1.9) -> float:
    """Heading of the next run: along the skipper's line, back when off the ground."""
    lon, lat, east, north, line = GROUNDS[ground]
    away = np.hypot((log.lon - lon) / east, (log.lat - lat) / north)
    if away > spread:
        return heading_to(log, lon, lat) + float(log.rng.normal(0, 25))
    turn = 180.0 * int(log.rng.integers(0, 2))
    return line + axis + turn + float(log.rng.normal(0, 14))


def trawl(log, vessel, ground, habit):
    """A tow of 3-5 hours, hauling, and sometimes rest or a move."""
    rng = log.rng
    local = (log.time / HOUR + 8) % 24
    if habit.rests and (local > 20 or local < 3):
        drift(log, rng.uniform(4, 7), kind="rest")
    hours = float(np.clip(rng.normal(3.9, 0.6), 2.5, 5.5))
    work(log, TOWING, hours, habit.tow_knots, aim(log, ground, habit.axis),
         kind="tow", turns=0.8)  # fmt: skip
    drift(log, rng.uniform(0.45, 0.9), kind="haul", activity=HAULING)
    if rng.random() < 0.2:
        move(log, vessel, ground)


def gill_net(log, vessel, ground, habit):
    """Set nets, wait for the soak, and haul back along them."""
    rng = log.rng
    bow = aim(log, ground, habit.axis)
    hours = rng.uniform(0.8, 1.6)
    work(log, SETTING, hours, rng.uniform(4.0, 5.0), bow, kind="set", wander=1.0)
    drift(log, rng.uniform(4, 9), kind="soak", knots=0.7)
    work(log, HAULING, hours * 2.6, rng.uniform(1.1, 1.9), bow + 180, kind="haul",
         wander=2.0)  # fmt: skip
    if rng.random() < 0.35:
        move(log, vessel, ground)


def long_line(log, vessel, ground, habit):
    """Shoot a line at speed, soak, haul it slowly."""
    rng = log.rng
    bow = aim(log, ground, habit.axis)
    hours = rng.uniform(2.2, 3.2)
    work(log, SETTING, hours, rng.uniform(6.0, 7.0), bow, kind="set", wander=1.0)
    drift(log, rng.uniform(2, 4), kind="soak")
    work(log, HAULING, hours * 2.8, rng.uniform(1.6, 2.4), bow + 180, kind="haul",
         wander=4.0)  # fmt: skip


def move(log, vessel, ground):
    """Steam a few miles to try elsewhere on the ground."""
    rng = log.rng
    lon, lat, east, north, _ = GROUNDS[ground]
    for _ in range(6):
        spot = (lon + rng.normal(0, east), lat + rng.normal(0, north))
        if clear([log.lon, spot[0]], [log.lat, spot[1]]):
            run_to(log, *spot, vessel.knots)
            return


def carrier(rng, vessel, horizon: float, partner: Log | None) -> Log:
    """A fish carrier: meets a trawler at sea if there is a meeting, else waits in port.

    She lies alongside, a cable off, from about 15 minutes after the trawler stopped
    until 10 minutes before it goes on, and drifts as it does.
    """
    log = Log(rng, -DAY, *berth(rng, vessel.home))
    meeting = partner.meeting if partner else None
    if meeting is None:
        moor(log, horizon, place=vessel.home)
        return log
    quay = (log.lon, log.lat)
    times = np.arange(meeting.start + 900.0, meeting.stop - 600.0, 120.0)
    columns = partner.columns()
    beside = shifted(
        np.interp(times, columns[0], columns[1]),
        np.interp(times, columns[0], columns[2]), 0.05, 0.03,
    )  # fmt: skip
    names = way_over_water(vessel.home, float(beside[0][0]), float(beside[1][0]))
    line = passage(rng, names, quay, (float(beside[0][0]), float(beside[1][0])))
    run = distance_nm(line[0][:-1], line[1][:-1], line[0][1:], line[1][1:]).sum()
    moor(log, times[0] - (run / vessel.knots + 0.5) * HOUR, place=vessel.home)
    start = log.time
    sail(log, *line, vessel.knots, slow_first=2.0, slow_last=1.0)
    log.arrive(start, times[0])
    begin = log.time
    log.add(DRIFTING, times[1:] - begin, beside[0][1:], beside[1][1:], 75.0)
    log.note("encounter", begin)
    back = passage(rng, names[::-1], (log.lon, log.lat), quay)
    sail(log, *back, vessel.knots, slow_last=2.0)
    moor(log, horizon, place=vessel.home)
    return log
