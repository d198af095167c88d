"""What the merchant fleet, the ferries and the harbour craft do all day."""

from __future__ import annotations

import math

import numpy as np

from oceandata.sea.motion import (
    HOUR,
    Log,
    anchor,
    drift,
    leave,
    moor,
    run_to,
    sail,
)  # fmt: skip
from oceandata.sea.places import ANCHORAGES, FERRIES, GATES, PORTS, WAYPOINTS
from oceandata.sea.routes import names_between, outer, passage, shifted
from oceandata.sea.water import CELLS, clear, on_land

DAY = 24 * HOUR
TRADES = {
    # class: ports with weights, weight of the gates, share that anchors, berth hours
    "bulk carrier": (
        {"RIZHAO": 3, "QINGDAO": 3, "DONGJIAKOU": 3, "CAOFEIDIAN": 3, "TIANJIN": 3,
         "LIANYUNGANG": 2, "QINHUANGDAO": 2, "HUANGHUA": 2, "YINGKOU": 2, "DALIAN": 2,
         "YANTAI": 1, "LONGKOU": 1,
         "GUNSAN": 1, "PYEONGTAEK": 1, "INCHEON": 1},
        10, 0.6, 30,
    ),
    "container ship": (
        {"QINGDAO": 6, "TIANJIN": 4, "DALIAN": 3, "INCHEON": 3, "LIANYUNGANG": 2,
         "RIZHAO": 1, "YANTAI": 1, "WEIHAI": 1, "PYEONGTAEK": 1, "YINGKOU": 1},
        10, 0.3, 14,
    ),
    "tanker": (
        {"QINGDAO": 3, "DONGJIAKOU": 3, "DALIAN": 3, "DAESAN": 3, "RIZHAO": 2,
         "TIANJIN": 2, "YANTAI": 1, "INCHEON": 1, "PYEONGTAEK": 1, "CAOFEIDIAN": 1},
        8, 0.6, 26,
    ),
    "coaster": (
        {"QINGDAO": 2, "RIZHAO": 2, "LIANYUNGANG": 2, "YANTAI": 2, "WEIHAI": 1,
         "DALIAN": 2, "TIANJIN": 2, "YINGKOU": 2, "DANDONG": 1, "QINHUANGDAO": 1,
         "INCHEON": 1, "GUNSAN": 1, "MOKPO": 1, "SHIDAO": 1, "LONGKOU": 2,
         "HUANGHUA": 1},
        6, 0.45, 20,
    ),
}  # fmt: skip
GATE_WEIGHTS = {
    "GATE_SHANGHAI": 4, "GATE_NINGBO": 3, "GATE_ECS": 2, "GATE_BUSAN": 4,
    "GATE_JAPAN": 2,
}  # fmt: skip


def berth(rng, port: str) -> tuple[float, float]:
    """A berth: somewhere in the port's cell of the land mask."""
    lon, lat = PORTS[port][:2]
    lon = (math.floor(lon * CELLS) + 0.5 + rng.uniform(-0.42, 0.42)) / CELLS
    return lon, (math.floor(lat * CELLS) + 0.5 + rng.uniform(-0.42, 0.42)) / CELLS


def anchor_spot(rng, port: str) -> tuple[float, float]:
    """A place to drop the anchor."""
    lon, lat, east, north = ANCHORAGES[port]
    return lon + rng.uniform(-east, east), lat + rng.uniform(-north, north)


def next_place(rng, kind: str, here: str) -> str:
    """Where a merchant ship goes next; gates count as places."""
    ports, gates, _, _ = TRADES[kind]
    weights = dict(ports)
    share = gates / sum(GATE_WEIGHTS.values())
    for gate, weight in GATE_WEIGHTS.items():
        weights[gate] = weight * share * (0.35 if here in GATES else 1.6)
    weights.pop(here, None)
    names = list(weights)
    chances = np.array([weights[name] for name in names], float)
    return str(rng.choice(names, p=chances / chances.sum()))


def merchant(rng, vessel, horizon: float) -> Log:
    """Voyages between ports and gates, with waits at anchor and days at a berth."""
    _, _, waits, berth_hours = TRADES[vessel.kind]
    here = next_place(rng, vessel.kind, "")
    begin = -rng.uniform(0, 110) * HOUR
    spot = berth(rng, here) if here in PORTS else WAYPOINTS[here][:2]
    log = Log(rng, begin, *spot)
    while log.time < horizon:
        there = next_place(rng, vessel.kind, here)
        if here in GATES and there in GATES and rng.random() < 0.3:
            continue
        voyage(log, vessel, here, there, waits)
        if there in GATES:
            out = log.time + rng.lognormal(math.log(20), 0.7) * HOUR
            leave(log, out, *WAYPOINTS[there][:2])
        else:
            hours = np.clip(rng.lognormal(math.log(berth_hours), 0.4), 5, 110)
            moor(log, log.time + hours * HOUR, place=there)
        here = there
    return log


def voyage(log, vessel, here, there, waits):
    """One passage, by way of the anchorage where the berth is not free."""
    rng, start = log.rng, log.time
    first = (log.lon, log.lat)
    names = names_between(here, there)
    out = 9.0 if here in PORTS else 0.0
    near = outer(there)
    if there in ANCHORAGES and near in names and rng.random() < waits:
        near = names[: names.index(near)]
        spot = anchor_spot(rng, there)
        if clear(*passage(np.random.default_rng(0), near, first, spot)):
            sail(log, *passage(rng, near, first, spot), vessel.knots,
                 slow_first=out, slow_last=5.0)  # fmt: skip
            log.note("transit", start, there)
            hours = np.clip(rng.lognormal(math.log(18), 0.8), 2, 90)
            anchor(log, log.time + hours * HOUR, place=there,
                   scope=0.05 + vessel.length / 3000)  # fmt: skip
            first, out, start = (log.lon, log.lat), 3.0, log.time
            names = tuple(reversed(PORTS[there][3][:-1]))
    last = berth(rng, there) if there in PORTS else WAYPOINTS[there][:2]
    back = 9.0 if there in PORTS else 0.0
    line = passage(rng, names, first, last)
    sail(log, *line, vessel.knots, slow_first=out, slow_last=back)
    log.note("transit", start, there)


def ferry(rng, vessel, horizon: float, turn: int) -> Log:
    """A timetable: out in the evening, back the next, or to and fro within a day."""
    here, there, hour_out, hour_back, cycle = FERRIES[turn % len(FERRIES)]
    home = berth(rng, here)
    log = Log(rng, -2 * DAY, *home)
    day = -2 + (turn // len(FERRIES)) % 2
    while log.time < horizon:
        ends = ((here, there, hour_out, 0), (there, here, hour_back, cycle / 2))
        for a, b, hour, later in ends:
            delay = rng.gamma(2.0, 6.0) * 60
            departure = (day + math.floor(later)) * DAY + hour * HOUR + delay
            if departure < log.time:
                departure = log.time + rng.uniform(1.5, 2.5) * HOUR
            moor(log, departure, place=a)
            start = log.time
            spot = berth(rng, b) if b != here else home
            line = passage(
                rng, names_between(a, b), (log.lon, log.lat), spot, scatter=0.4
            )
            sail(log, *line, vessel.knots, slow_first=7.0, slow_last=7.0)
            log.note("transit", start, b)
        day += cycle
    return log


def tug(rng, vessel, horizon: float) -> Log:
    """Trips to the pilot station to meet ships, and waits at the quay."""
    home = vessel.home
    log = Log(rng, -6 * HOUR, *berth(rng, home))
    names = PORTS[home][3]
    while log.time < horizon:
        moor(log, log.time + rng.lognormal(math.log(4.5), 0.7) * HOUR, place=home)
        start = log.time
        lon, lat, width = WAYPOINTS[names[-1]]
        spot = shifted(lon, lat, rng.normal(0, 0.5 * width), rng.normal(0, 0.5 * width))
        spot = (float(spot[0]), float(spot[1]))
        out = passage(rng, names[:-1], (log.lon, log.lat), spot)
        sail(log, *out, vessel.knots, slow_first=1.5, slow_last=1.0)
        drift(log, rng.uniform(0.3, 1.5))
        back = passage(rng, names[:-1][::-1], (log.lon, log.lat), berth(rng, home))
        sail(log, *back, vessel.knots * 0.8, slow_first=0.5, slow_last=2.0)
        log.note("transit", start, home)
    return log


def craft(rng, vessel, horizon: float) -> Log:
    """Day trips of small craft near the coast, in daylight."""
    home = vessel.home
    log = Log(rng, -DAY, *berth(rng, home))
    names = PORTS[home][3]
    day = -1
    while log.time < horizon:
        day += 1 if rng.random() < 0.7 else 2
        moor(log, day * DAY + rng.uniform(-3, 2) * HOUR, place=home)
        start = log.time
        gate = WAYPOINTS[names[-1]][:2]
        line = passage(rng, names[:-1], (log.lon, log.lat), gate)
        sail(log, *line, vessel.knots, slow_first=1.0)
        for _ in range(int(rng.integers(2, 6))):
            spot = shifted(*gate, rng.normal(0, 4), rng.normal(0, 4))
            spot = (float(spot[0]), float(spot[1]))
            if not clear([log.lon, spot[0]], [log.lat, spot[1]]):
                continue
            run_to(log, *spot, vessel.knots * rng.uniform(0.7, 1.0))
            drift(log, rng.uniform(0.2, 1.5))
        if not clear([log.lon, gate[0]], [log.lat, gate[1]]):
            log.lon, log.lat = gate
        run_to(log, *gate, vessel.knots)
        line = passage(rng, names[:-1][::-1], (log.lon, log.lat), berth(rng, home))
        sail(log, *line, vessel.knots, slow_last=1.0)
        log.note("transit", start, home)
    return log


def open_water(lon: float, lat: float) -> bool:
    """Whether a position is in the water."""
    return not bool(on_land(np.array([lon]), np.array([lat]))[0])
