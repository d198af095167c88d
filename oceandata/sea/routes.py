"""Passages: the shortest way through the lanes, spread and smoothed as steered."""

from __future__ import annotations

import heapq
from functools import lru_cache
from itertools import pairwise

import numpy as np

from oceandata.sea.places import LANES, PORTS, WAYPOINTS
from oceandata.sea.water import clear

NM_PER_DEGREE = 60.0405  # one degree of a sphere of 6371.0088 km, in nautical miles


def distance_nm(lon0, lat0, lon1, lat1):
    """Great-circle distance in nautical miles (haversine)."""
    a0, a1 = np.radians(lat0), np.radians(lat1)
    half_lon = np.radians(np.subtract(lon1, lon0)) / 2
    h = np.sin((a1 - a0) / 2) ** 2 + np.cos(a0) * np.cos(a1) * np.sin(half_lon) ** 2
    return np.degrees(2 * np.arcsin(np.sqrt(h))) * NM_PER_DEGREE


def course(lon0, lat0, lon1, lat1):
    """Initial great-circle course in degrees clockwise from north."""
    a0, a1 = np.radians(lat0), np.radians(lat1)
    d = np.radians(np.subtract(lon1, lon0))
    east = np.sin(d) * np.cos(a1)
    north = np.cos(a0) * np.sin(a1) - np.sin(a0) * np.cos(a1) * np.cos(d)
    return np.degrees(np.arctan2(east, north)) % 360


def shifted(lon, lat, east_nm, north_nm):
    """Positions moved by nautical miles on a locally flat sea."""
    new_lat = lat + np.asarray(north_nm) / NM_PER_DEGREE
    return lon + np.asarray(east_nm) / NM_PER_DEGREE / np.cos(np.radians(lat)), new_lat


@lru_cache(maxsize=1)
def network() -> dict[str, dict[str, float]]:
    """Way-points joined by lanes, with lengths in nautical miles."""
    edges: dict[str, dict[str, float]] = {name: {} for name in WAYPOINTS}
    chains = [*LANES, *(port[3] for port in PORTS.values())]
    for chain in chains:
        for a, b in pairwise(chain):
            length = float(distance_nm(*WAYPOINTS[a][:2], *WAYPOINTS[b][:2]))
            edges[a][b] = edges[b][a] = length
    return edges


@lru_cache(maxsize=4096)
def way(start: str, stop: str) -> tuple[str, ...]:
    """Names of the way-points of the shortest passage (Dijkstra)."""
    edges = network()
    queue: list[tuple[float, str, tuple[str, ...]]] = [(0.0, start, (start,))]
    done: set[str] = set()
    while queue:
        length, here, names = heapq.heappop(queue)
        if here == stop:
            return names
        if here in done:
            continue
        done.add(here)
        for there, step in edges[here].items():
            if there not in done:
                heapq.heappush(queue, (length + step, there, (*names, there)))
    raise ValueError(f"no lane joins {start} and {stop}")


def outer(place: str) -> str:
    """The way-point where a port's approach meets the lanes; a gate is its own."""
    return PORTS[place][3][-1] if place in PORTS else place


def names_between(origin: str, destination: str) -> tuple[str, ...]:
    """Way-points from one port or gate to another, without the berths."""
    out = PORTS[origin][3] if origin in PORTS else (origin,)
    back = tuple(reversed(PORTS[destination][3])) if destination in PORTS else ()
    middle = way(outer(origin), outer(destination))
    names = [*out[:-1], *middle, *back[1:]] if back else [*out[:-1], *middle]
    return tuple(without_returns(names))


def without_returns(names: list[str]) -> list[str]:
    """Cut loops: two ports that share an approach do not go out to come back."""
    path: list[str] = []
    for name in names:
        if name in path:
            del path[path.index(name) + 1 :]
        else:
            path.append(name)
    return path


def passage(rng, names, first, last, *, scatter=1.0):
    """One ship's line from ``first`` to ``last`` (lon, lat) through way-points.

    Keeps to the starboard side of every lane by half its half width, scattered from
    ship to ship by a fifth, and wider where there is room: a way-point of the open sea
    is now and then left out, long legs bend by some miles. ``scatter`` scales all of
    that (ferries steer better). Whatever touches land is steered as the lane lies.

    Returns
    -------
    lon, lat : arrays, degrees
        Points at most about a nautical mile apart.
    """
    points = np.array([WAYPOINTS[name] for name in names]).reshape(-1, 3)
    drawn = rng.normal() + 0.5 * rng.normal(size=len(points))
    loose = offset_line(points[open_points(rng, points, scatter)], drawn, scatter,
                        first, last)  # fmt: skip
    loose = bent(rng, *dense(*rounded_corners(*loose)), scatter)
    if clear(*loose):
        return loose
    return dense(*rounded_corners(*offset_line(points, drawn, scatter, first, last)))


def open_points(rng, points, scatter):
    """Indices of the way-points that a ship steers for: wide ones may be left out."""
    skipped = (rng.random(len(points)) < 0.18 * scatter) & (points[:, 2] >= 2.0)
    if len(points):
        skipped[[0, -1]] = False
    return np.flatnonzero(~skipped)


def offset_line(points, drawn, scatter, first, last):
    """The way-points, each moved to starboard by the ship's own share of its width."""
    lon, lat, width = points.T
    x = np.concatenate([[first[0]], lon, [last[0]]])
    y = np.concatenate([[first[1]], lat, [last[1]]])
    east = (x[2:] - x[:-2]) * np.cos(np.radians(lat))
    north = y[2:] - y[:-2]
    norm = np.hypot(east, north) + 1e-12
    side = width * (0.5 + scatter * drawn[: len(width)] / 5)
    lon, lat = shifted(lon, lat, side * north / norm, -side * east / norm)
    lon = np.concatenate([[first[0]], lon, [last[0]]])
    return lon, np.concatenate([[first[1]], lat, [last[1]]])


def bent(rng, lon, lat, scatter):
    """A line with slow bends: a mile or two where it is 50 miles from both ends."""
    step = distance_nm(lon[:-1], lat[:-1], lon[1:], lat[1:])
    along = np.append(0.0, np.cumsum(step))
    room = np.minimum(along, along[-1] - along)
    size = 1.6 * scatter * np.clip((room - 12) / 40, 0, 1)
    marks = max(2, int(along[-1] / 35) + 2)
    side = size * np.interp(
        along, np.linspace(0, along[-1], marks), rng.normal(size=marks)
    )
    bow = np.radians(course(lon[0], lat[0], lon[-1], lat[-1]))
    return shifted(lon, lat, side * np.cos(bow), -side * np.sin(bow))


def rounded_corners(lon, lat, times=2):
    """Corner cutting (Chaikin), ends kept, at most 2 nm cut from a leg."""
    for _ in range(times):
        if len(lon) < 3:
            return lon, lat
        step = distance_nm(lon[:-1], lat[:-1], lon[1:], lat[1:])
        cut = np.minimum(0.25, 2.0 / np.maximum(step, 1e-9))
        new_lon = np.empty(2 * len(step))
        new_lat = np.empty(2 * len(step))
        for new, old in ((new_lon, lon), (new_lat, lat)):
            d = np.diff(old)
            new[0::2] = old[:-1] + cut * d
            new[1::2] = old[1:] - cut * d
        new_lon[0], new_lat[0] = lon[0], lat[0]
        new_lon[-1], new_lat[-1] = lon[-1], lat[-1]
        lon, lat = new_lon, new_lat
    return lon, lat


def dense(lon, lat, spacing=1.0):
    """Points along great circles, at most ``spacing`` nautical miles apart."""
    step = distance_nm(lon[:-1], lat[:-1], lon[1:], lat[1:])
    parts = np.maximum(1, np.ceil(step / spacing).astype(np.int64))
    leg = np.repeat(np.arange(len(parts)), parts)
    start = np.cumsum(parts) - parts
    share = (np.arange(len(leg)) - start[leg]) / parts[leg]
    xyz = _unit(lon, lat)
    angle = np.maximum(np.radians(step / NM_PER_DEGREE), 1e-12)[leg]
    a = np.sin((1 - share) * angle) / np.sin(angle)
    b = np.sin(share * angle) / np.sin(angle)
    point = a * xyz[:, leg] + b * xyz[:, leg + 1]
    out_lon = np.degrees(np.arctan2(point[1], point[0]))
    out_lat = np.degrees(np.arctan2(point[2], np.hypot(point[0], point[1])))
    return np.append(out_lon, lon[-1]), np.append(out_lat, lat[-1])


def _unit(lon, lat):
    a, b = np.radians(lat), np.radians(lon)
    return np.stack([np.cos(a) * np.cos(b), np.cos(a) * np.sin(b), np.sin(a)])
