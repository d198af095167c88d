"""A ship's log: where it is at every instant, put together from manoeuvres.

A log is a chain of knots (time, lon, lat) between which the ship moves on a straight
line at a constant speed. Knots are a minute or two apart while she turns or works her
gear and a nautical mile apart at sea. Times are seconds since the simulation's start.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from oceandata.sea.routes import course, dense, distance_nm, shifted
from oceandata.sea.water import on_land

HOUR = 3600.0
STEP = 120.0  # seconds between knots while working gear
TIDE = 12.4206 * HOUR  # the lunar semi-diurnal tide, M2

AWAY, UNDER_WAY, AT_ANCHOR, MOORED, TOWING, SETTING, HAULING, DRIFTING = range(8)
ACTIVITIES = (
    "away", "under way", "at anchor", "moored", "towing", "setting", "hauling",
    "drifting",
)  # fmt: skip


@dataclass
class Event:
    """Something that a vessel did: what, from when to when, where."""

    kind: str
    start: float
    stop: float
    lon: float
    lat: float
    place: str = ""


@dataclass
class Log:
    """The knots of one vessel, grown manoeuvre by manoeuvre."""

    rng: np.random.Generator
    time: float
    lon: float
    lat: float
    knots: list = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    meeting: Event | None = None

    def add(self, activity, seconds, lon, lat, heading=np.nan):
        """Append knots that are ``seconds`` after the log's present end."""
        times = self.time + np.asarray(seconds, float)
        size = len(times)
        self.knots.append(
            (
                times,
                np.asarray(lon, float),
                np.asarray(lat, float),
                np.full(size, activity, np.int8),
                np.broadcast_to(np.asarray(heading, float), size),
            )
        )
        self.time = float(times[-1])
        self.lon, self.lat = float(lon[-1]), float(lat[-1])

    def note(self, kind, start, place=""):
        """Record an event that ends now, here."""
        self.events.append(Event(kind, start, self.time, self.lon, self.lat, place))

    def arrive(self, start, stop):
        """Stretch the last manoeuvre, begun at ``start``, to end at ``stop``."""
        times, *rest = self.knots[-1]
        times = start + (times - start) * (stop - start) / (self.time - start)
        self.knots[-1] = (times, *rest)
        self.time = float(stop)

    def columns(self):
        """All knots: time, lon, lat, activity, heading (NaN: as the course)."""
        columns = [np.concatenate(part) for part in zip(*self.knots, strict=True)]
        columns[0] = np.maximum.accumulate(columns[0])
        return columns


def sail(log, lon, lat, knots, *, slow_first=0.0, slow_last=0.0):
    """Follow a line at service speed, slow within the given miles of its ends."""
    if len(lon) < 2:
        return
    near = np.minimum(slow_first, 3.0), np.minimum(slow_last, 3.0)
    if max(near) > 0:
        lon, lat = dense(np.asarray(lon), np.asarray(lat), spacing=0.4)
    step = distance_nm(lon[:-1], lat[:-1], lon[1:], lat[1:])
    keep = np.concatenate([[True], step > 1e-4])
    lon, lat, step = lon[keep], lat[keep], step[keep[1:]]
    if len(step) == 0:
        return
    along = np.cumsum(step) - step / 2
    whole = along[-1] + step[-1] / 2
    marks = max(2, int(whole / 15) + 2)
    weather = log.rng.normal(0.0, 0.025, marks)
    speed = knots * (1 + np.interp(along, np.linspace(0, whole, marks), weather))
    for reach, gone in ((slow_first, along), (slow_last, whole - along)):
        if reach > 0:
            share = np.clip(gone / reach, 0.0, 1.0)
            ease = share * share * (3 - 2 * share)
            slow = min(4.5, knots)
            speed = slow + (speed - slow) * ease
    seconds = np.cumsum(step / speed) * HOUR
    log.add(UNDER_WAY, np.append(0.0, seconds), np.asarray(lon), np.asarray(lat))


def moor(log, until, *, place=""):
    """Lie at a berth until a time."""
    if until <= log.time:
        return
    start = log.time
    bow = float(log.rng.uniform(0, 360))
    span = until - start
    log.add(MOORED, [1.0, span], [log.lon] * 2, [log.lat] * 2, bow)
    log.note("berth", start, place)


def leave(log, until, lon, lat):
    """Be out of the region until a time, then stand at a place."""
    span = max(until - log.time, 1.0)
    log.add(AWAY, [1.0, span], [log.lon, lon], [log.lat, lat])


def anchor(log, until, *, place="", scope=0.09):
    """Swing at anchor with the tide: ``scope`` nautical miles of chain and hull."""
    if until - log.time < 600:
        return
    start, rng = log.time, log.rng
    seconds = np.arange(60.0, until - start, 300.0)
    phase = 2 * np.pi * (start + seconds) / TIDE
    ebb = rng.uniform(0, 360)
    turn = 90 * np.tanh(2.5 * np.sin(phase))
    yaw = 12 * np.sin(2 * np.pi * seconds / 1500 + rng.uniform(0, 6.28))
    heading = (ebb + turn + yaw) % 360
    angle = np.radians(heading)
    east, north = -scope * np.sin(angle), -scope * np.cos(angle)
    settle = np.minimum(seconds / 900, 1.0)
    lon, lat = shifted(log.lon, log.lat, east * settle, north * settle)
    log.add(AT_ANCHOR, seconds, lon, lat, heading)
    log.note("anchorage", start, place)


def tide_shift(time, knots=0.6):
    """East and north drift (nautical miles) of the tidal stream since time zero."""
    phase = 2 * np.pi * np.asarray(time) / TIDE
    swing = knots * TIDE / HOUR / (2 * np.pi)
    return 0.5 * swing * np.sin(phase), -swing * np.cos(phase)


def drift(log, hours, *, kind="", activity=DRIFTING, knots=0.6):
    """Lie stopped in the tidal stream and a little wind."""
    start = log.time
    seconds = np.arange(0.0, hours * HOUR, 300.0)[1:]
    if len(seconds) == 0:
        return
    east, north = tide_shift(start + seconds, knots)
    east0, north0 = tide_shift(start, knots)
    wind = 0.12 * seconds / HOUR
    way = log.rng.uniform(0, 2 * np.pi)
    lon, lat = shifted(
        log.lon,
        log.lat,
        east - east0 + wind * np.sin(way),
        north - north0 + wind * np.cos(way),
    )
    if on_land(lon, lat).any():
        lon, lat = np.full(len(seconds), log.lon), np.full(len(seconds), log.lat)
    bow = np.cumsum(log.rng.normal(0, 4, len(seconds))) + log.rng.uniform(0, 360)
    log.add(activity, seconds, lon, lat, bow % 360)
    if kind:
        log.note(kind, start)


def work(log, activity, hours, knots, heading, *, kind, wander=3.0, turns=0.0):
    """Work gear along a meandering line; keeps off the land.

    ``wander`` is the standard deviation of the heading's change in two minutes
    (degrees), ``turns`` the expected number of turns of 60 to 180 degrees.
    """
    rng, start = log.rng, log.time
    size = max(3, int(hours * HOUR / STEP))
    seconds = np.arange(1, size + 1) * STEP
    change = rng.normal(0, wander, size)
    change -= 0.02 * np.cumsum(change)
    for at in rng.integers(0, size, rng.poisson(turns)):
        length = min(8, size - at)
        change[at : at + length] += rng.choice([-1, 1]) * rng.uniform(60, 180) / length
    pace = knots * (1 + np.clip(0.06 * rng.normal(size=size), -0.15, 0.15))
    for attempt in range(9):
        bow = np.radians(heading + 40 * attempt + np.cumsum(change))
        miles = pace * STEP / HOUR
        lon, lat = shifted(
            log.lon,
            log.lat,
            np.cumsum(miles * np.sin(bow)),
            np.cumsum(miles * np.cos(bow)),
        )
        if not on_land(lon, lat).any():
            log.add(activity, seconds, lon, lat)
            log.note(kind, start)
            return
    drift(log, hours)


def run_to(log, lon, lat, knots):
    """Steam straight to a place on the open sea."""
    line = dense(np.array([log.lon, lon]), np.array([log.lat, lat]))
    sail(log, *line, knots)


def heading_to(log, lon, lat) -> float:
    """Course from the log's end to a place."""
    return float(course(log.lon, log.lat, lon, lat))
