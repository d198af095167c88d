"""Small tracks datasets for tests: labels around plain lists, and random fleets."""

from __future__ import annotations

import math

import numpy as np
import xarray as xr

from oceandata import schema

START = 1_704_067_200_000_000
"""2024-01-01 UTC in microseconds."""
NAT = np.iinfo("i8").min


def dataset(tracks, ids=None):
    """Dataset of tracks: lists of fixes, dicts of time (µs or None), lon, lat, sog."""
    fixes = [fix for track in tracks for fix in track]
    time = np.array([NAT if f["time"] is None else f["time"] for f in fixes], "i8")
    ids = ids or [f"AIS-{412000000 + k}" for k in range(len(tracks))]
    data = {
        "trajectory_id": np.array(ids, "O"),
        "row_size": np.array([len(track) for track in tracks], "i8"),
        "time": time.view("M8[us]"),
        "lon": np.array([f["lon"] for f in fixes], "f8"),
        "lat": np.array([f["lat"] for f in fixes], "f8"),
        "sog": np.array([f.get("sog", math.nan) for f in fixes], "f4"),
        "quality": np.array([f.get("quality", 2) for f in fixes], "i1"),
        "source": np.array([f.get("source", 0) for f in fixes], "i4"),
    }
    variables = {
        name: (schema.VARIABLES[name].dims, values, schema.attributes(name))
        for name, values in data.items()
    }
    coords = {n: variables.pop(n) for n in ("trajectory_id", "time", "lon", "lat")}
    return xr.Dataset(variables, coords, attrs={"featureType": "trajectory"})


def fix(minutes, lon, lat, sog=math.nan, **more):
    """One fix, minutes after the start."""
    time = None if minutes is None else START + round(minutes * 60e6)
    return {"time": time, "lon": lon, "lat": lat, "sog": sog, **more}


def sailing(n, *, lon=122.0, lat=36.0, knots=12.0, minutes=5.0, start=0.0, course=60.0):
    """A vessel that keeps course and speed."""
    from oceankernels import sphere

    track = []
    for k in range(n):
        length = knots * 1852.0 / 60.0 * minutes * k
        x, y = sphere.destination(lon, lat, course, length)
        track.append(fix(start + k * minutes, x, y, knots))
    return track


def fleet(seed, n_tracks=40, longest=120):
    """Random walks with everything that goes wrong: lists of fixes."""
    rng = np.random.default_rng(seed)
    tracks = []
    for _ in range(n_tracks):
        n = int(rng.integers(0, longest))
        steps = rng.choice([0.0, 0.1, 1.0, 5.0, 30.0, 600.0], n)
        minutes = np.cumsum(steps)
        lon = rng.uniform(-180, 180) + np.cumsum(rng.normal(0, 0.01, n))
        lat = rng.uniform(-80, 80) + np.cumsum(rng.normal(0, 0.01, n))
        spikes = rng.random(n) < 0.05
        lon[spikes] += rng.normal(0, 30, int(spikes.sum()))
        sog = rng.choice([0.0, 8.0, 12.5, 70.0, 51.2, 102.3, math.nan], n)
        track = []
        for k in range(n):
            x = (lon[k] + 180.0) % 360.0 - 180.0
            row = fix(minutes[k], float(x), float(lat[k]), float(np.float32(sog[k])))
            fate = rng.random()
            if fate < 0.02:
                row["lon"] = math.nan
            elif fate < 0.04:
                row |= {"lon": 0.001, "lat": -0.002}
            elif fate < 0.05:
                row["lat"] = 91.0
            elif fate < 0.07:
                row["quality"] = 4
            track += [row, dict(row)] if fate > 0.95 else [row]
        tracks.append(track)
    return tracks
