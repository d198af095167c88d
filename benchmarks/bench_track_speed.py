"""track_speed against MovingPandas: the answers first, then points per second.

    python benchmarks/bench_track_speed.py [--points 10000000] [--peer-points 20000]

MovingPandas lives in an environment of its own; OCEANDATA_PEERS names its Python
(default: .peers/bin/python in the project's root).
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import xarray as xr

import oceandata as od
from oceankernels import sphere

ROOT = Path(__file__).resolve().parents[1]
ROWS_EACH = 2_000
REPEATS = 5
ELLIPSOID = 0.0057
"""MovingPandas measures on WGS 84, we on a sphere: arcs differ by up to 0.56 %."""

PEER = """
import sys, time, warnings
warnings.simplefilter("ignore")
import geopandas, movingpandas, numpy as np, pandas as pd
data = np.load(sys.argv[1])
frame = pd.DataFrame({"id": data["owner"], "t": data["time"].view("M8[us]")})
points = geopandas.points_from_xy(data["lon"], data["lat"], crs="EPSG:4326")
frame = geopandas.GeoDataFrame(frame, geometry=points)
tracks = movingpandas.TrajectoryCollection(frame, "id", t="t")
start = time.perf_counter()
tracks.add_speed(units=("nm", "h"))
seconds = time.perf_counter() - start
speed = np.concatenate([t.df["speed"].to_numpy() for t in tracks.trajectories])
np.savez(sys.argv[2], speed=speed, seconds=seconds, version=movingpandas.__version__)
"""


def fleet(points: int, seed: int = 20240611) -> xr.Dataset:
    """Vessels on wandering courses at 2 to 20 knots, a fix every 10 s to 3 min."""
    rng = np.random.default_rng(seed)
    each = min(ROWS_EACH, points)
    n = points // each
    seconds = rng.integers(10, 180, (n, each))
    course = rng.uniform(0, 360, (n, 1)) + np.cumsum(rng.normal(0, 2, (n, each)), 1)
    arc = np.degrees(
        rng.uniform(2, 20, (n, 1)) * 1852 / 3600 * seconds / sphere.EARTH_RADIUS
    )
    lat = rng.uniform(-40, 40, (n, 1))
    lat = lat + np.cumsum(arc * np.cos(np.radians(course)), 1)
    lon = rng.uniform(-179, 179, (n, 1))
    east = arc * np.sin(np.radians(course)) / np.cos(np.radians(lat))
    lon = sphere.wrap_lons((lon + np.cumsum(east, 1)).ravel())
    stamps = np.cumsum(seconds, 1) * 1_000_000 + 1_704_067_200_000_000
    return xr.Dataset(
        {"row_size": ("trajectory", np.full(n, each))},
        {
            "time": ("obs", stamps.ravel().view("M8[us]")),
            "lon": ("obs", lon),
            "lat": ("obs", lat.ravel()),
        },
    )


def peer_speed(python: str, tracks: xr.Dataset) -> tuple[np.ndarray, float, str]:
    """Speeds (knots), seconds and version of MovingPandas."""
    owner = np.repeat(np.arange(tracks.sizes["trajectory"]), tracks["row_size"].values)
    with tempfile.TemporaryDirectory() as folder:
        asked, answered = Path(folder, "in.npz"), Path(folder, "out.npz")
        columns = {name: tracks[name].values for name in ("lon", "lat")}
        np.savez(asked, owner=owner, time=tracks["time"].values.view("i8"), **columns)
        subprocess.run(
            [python, "-c", PEER, str(asked), str(answered)],
            check=True,
            stderr=subprocess.DEVNULL,
        )
        answer = np.load(answered)
        return answer["speed"], float(answer["seconds"]), str(answer["version"])


def compare(tracks: xr.Dataset, theirs: np.ndarray) -> float:
    """Largest relative difference; an AssertionError if it is not the ellipsoid's."""
    ours = od.track_speed(tracks).values
    known = ~np.isnan(ours)
    assert ours.shape == theirs.shape
    apart = float(np.max(np.abs(ours[known] / theirs[known] - 1.0)))
    assert apart < ELLIPSOID, f"speeds differ by {apart:.2%}, more than the ellipsoid's"
    return apart


def rate(tracks: xr.Dataset, workers: int) -> float:
    """Points per second, best of several runs after a warm one."""
    od.track_speed(tracks, workers=workers)
    spans = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        od.track_speed(tracks, workers=workers)
        spans.append(time.perf_counter() - start)
    return tracks.sizes["obs"] / min(spans)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=10_000_000)
    parser.add_argument("--peer-points", type=int, default=20_000)
    options = parser.parse_args()
    python = os.environ.get("OCEANDATA_PEERS", str(ROOT / ".peers/bin/python"))
    lines = ["| program | cores | points/s | ratio |", "|---|---|---|---|"]
    small, large = fleet(options.peer_points), fleet(options.points)
    theirs, note = None, f"MovingPandas not measured: {python} does not exist"
    if Path(python).exists():
        speed, seconds, version = peer_speed(python, small)
        apart = compare(small, speed)
        theirs = speed.size / seconds
        note = (
            f"largest relative difference of {speed.size:,} speeds: {apart:.2%} "
            "(sphere against ellipsoid)"
        )
        lines.append(f"| MovingPandas {version} add_speed | 1 | {theirs:,.0f} | 1 |")
    for workers in (1, 2):
        ours = rate(large, workers)
        ratio = f"{ours / theirs:,.0f}" if theirs else "-"
        lines.append(f"| oceandata track_speed | {workers} | {ours:,.0f} | {ratio} |")
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, {large.sizes['obs']:,} points"
    )
    print(note)
    print("\n".join(lines))


if __name__ == "__main__":
    main()
