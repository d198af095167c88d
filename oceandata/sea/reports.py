"""What is received of a ship: position reports with the limits of real AIS.

A class A transponder sends every 2 to 10 s under way and every 3 min at anchor, class
B every 30 s or 3 min (ITU-R M.1371-5, tables 1 and 2). A report stands for the first
message received in its interval, as in MarineCadastre's one-minute files: the chance
falls with distance from the nearest shore station; far out only satellites hear, in
passes of some minutes.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from oceandata.sea.motion import (
    AT_ANCHOR,
    AWAY,
    DRIFTING,
    HAULING,
    MOORED,
    SETTING,
    TOWING,
)  # fmt: skip
from oceandata.sea.places import STATIONS
from oceandata.sea.routes import course, distance_nm
from oceandata.sea.water import EAST, NORTH, SOUTH, WEST, inside

ROW = np.dtype(
    [
        ("time", "i4"), ("vessel", "i4"), ("identity", "i4"), ("lon", "i4"),
        ("lat", "i4"), ("sog", "i4"), ("cog", "i4"), ("heading", "i4"),
        ("true_lon", "i4"), ("true_lat", "i4"), ("status", "i1"), ("fault", "u1"),
    ]
)  # fmt: skip
NO_HEADING = 511
TABLE_STEP = 0.05  # degrees between the nodes of the table of distances


@lru_cache(maxsize=1)
def station_distance() -> np.ndarray:
    """Nautical miles to the nearest shore station, rows from the south."""
    lon = np.arange(WEST, EAST + 1e-9, TABLE_STEP)
    lat = np.arange(SOUTH, NORTH + 1e-9, TABLE_STEP)
    x, y = np.meshgrid(lon, lat)
    nearest = np.full(x.shape, np.inf)
    for station in STATIONS:
        nearest = np.minimum(nearest, distance_nm(x, y, *station))
    return nearest


def satellite_passes(rng: np.random.Generator, horizon: float):
    """Begin and end (seconds) of the times when satellites hear the region."""
    starts = np.cumsum(rng.gamma(3.0, 600.0, int(horizon / 1800 * 1.5) + 20))
    return starts, starts + rng.uniform(240, 720, len(starts))


def state_at(columns, times):
    """Position, speed, course, activity and heading of a log at given times."""
    t, lon, lat, activity, heading = columns
    times = np.clip(times, t[0], t[-1])
    k = np.clip(np.searchsorted(t, times, side="right") - 1, 0, len(t) - 2)
    span = np.maximum(t[k + 1] - t[k], 1e-6)
    share = np.clip((times - t[k]) / span, 0, 1)
    x = lon[k] + share * (lon[k + 1] - lon[k])
    y = lat[k] + share * (lat[k + 1] - lat[k])
    miles = distance_nm(lon[k], lat[k], lon[k + 1], lat[k + 1])
    speed = np.where(span > 0.5, miles / span * 3600, 0.0)
    bearing = course(lon[k], lat[k], lon[k + 1], lat[k + 1])
    return x, y, np.minimum(speed, 40.0), bearing, activity[k + 1], heading[k + 1]


def report_rows(rng, vessel, columns, horizon, *, every, passes) -> np.ndarray:
    """Reports received from one vessel, in order of time (identity left at zero)."""
    slots = np.arange(0.0, horizon, every)
    times = slots + rng.uniform(0, every) * 0.2 + rng.integers(0, 12, len(slots))
    times = np.floor(times[(times >= columns[0][0]) & (times < horizon)])
    lon, lat, speed, bearing, activity, bow = state_at(columns, times)
    keep = inside(lon, lat) & (activity != AWAY)
    keep &= heard(rng, vessel, times, lon, lat, speed, activity, every, passes)
    kept = np.flatnonzero(keep)
    state = (lon, lat, speed, bearing, activity, bow)
    return encode(rng, vessel, times[kept], *(values[kept] for values in state))


def heard(rng, vessel, times, lon, lat, speed, activity, every, passes):
    """Whether a message of the interval is received, ashore or from space."""
    x = np.clip(((lon - WEST) / TABLE_STEP + 0.5).astype(int), 0, 200)
    y = np.clip(((lat - SOUTH) / TABLE_STEP + 0.5).astype(int), 0, 200)
    miles = station_distance()[y, x]
    still = (activity == AT_ANCHOR) | (activity == MOORED)
    if vessel.transceiver == "A":
        pause = np.where(speed > 23, 2.0, np.where(speed > 14, 6.0, 10.0))
        ashore = 0.9 / (1 + np.exp((miles - 34) / 6))
        space = 0.28
    else:
        still = still | (speed < 2)
        pause = np.full(len(times), 30.0)
        ashore = 0.85 / (1 + np.exp((miles - 17) / 4))
        space = 0.05
    messages = np.where(still, 1.0, 60.0 / pause)
    chance = 1 - (1 - ashore) ** messages
    starts, stops = passes
    k = np.searchsorted(starts, times, side="right") - 1
    over = (k >= 0) & (times < stops[np.maximum(k, 0)])
    chance = 1 - (1 - chance) * (1 - space * over)
    if every < 180:
        chance = np.where(still, chance * every / 180, chance)
    return rng.random(len(times)) < chance


def encode(rng, vessel, times, lon, lat, speed, bearing, activity, bow) -> np.ndarray:
    """Quantise states as AIS does: 1e-5 degree, 0.1 knot, 0.1 degree, 1 degree."""
    rows = np.zeros(len(times), ROW)
    size = len(times)
    rows["time"], rows["vessel"] = times, vessel.number
    rows["true_lon"], rows["true_lat"] = np.rint(lon * 1e5), np.rint(lat * 1e5)
    rows["lon"] = np.rint(lon * 1e5 + rng.normal(0, 3.5, size))
    rows["lat"] = np.rint(lat * 1e5 + rng.normal(0, 3.0, size))
    still = activity == MOORED
    noise = np.where(still, 0.04, np.where(activity == AT_ANCHOR, 0.08, 0.13))
    sog = np.abs(speed + rng.normal(0, 1, size) * noise)
    rows["sog"] = np.clip(np.rint(sog * 10), 0, 1022)
    cog = bearing + rng.normal(0, 1, size) * (0.8 + 4 / np.maximum(sog, 0.2))
    cog = np.where(still, rng.uniform(0, 360, size), cog)
    rows["cog"] = np.rint(cog * 10).astype(np.int64) % 3600
    set_ = rng.normal(0, 2.0)
    true = np.where(np.isnan(bow), bearing + set_, bow) + rng.normal(0, 0.7, size)
    heading = np.rint(true).astype(np.int64) % 360
    rows["heading"] = heading if vessel.has_heading else NO_HEADING
    rows["status"] = nav_status(rng, vessel, activity)
    return rows


def nav_status(rng, vessel, activity) -> np.ndarray:
    """Navigational status as the crew set it; class B sends none (-1)."""
    if vessel.transceiver == "B":
        return np.full(len(activity), -1, np.int8)
    status = np.zeros(len(activity), np.int8)
    status[activity == AT_ANCHOR] = 1
    if rng.random() > 0.06:  # some crews never change it at the berth
        status[activity == MOORED] = 5
    gear = (TOWING, SETTING, HAULING)
    if rng.random() < 0.75:
        status[np.isin(activity, gear)] = 7
    if vessel.kind != "tug" and rng.random() < 0.3:
        status[activity == DRIFTING] = 2 if vessel.kind == "tanker" else 7
    return status


def silences(rows, columns, limit: float = 6 * 3600.0):
    """Spans of more than ``limit`` seconds between reports of a vessel present."""
    times = rows["time"].astype(float)
    gaps = np.flatnonzero(np.diff(times) > limit)
    spans = []
    t, activity = columns[0], columns[3]
    away = t[activity == AWAY]
    for k in gaps:
        if not ((away > times[k]) & (away < times[k + 1])).any():
            spans.append((times[k], times[k + 1], int(k)))
    return spans
