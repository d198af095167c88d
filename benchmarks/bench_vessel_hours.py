"""Rate of ``vessel_hours``, and against intersecting segments with cells.

    python benchmarks/bench_vessel_hours.py [--segments 4000000] [--quick]

Rates are with ship class, month and the three smallest vessels a cell, tracks in
memory, the first on one pinned core. The peers run in an environment of their own,
whose interpreter is named by ``OCEANDATA_PEERS`` (default: .peers/bin/python in the
project's root); answers are compared before times. Prints tables in Markdown.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

import oceandata as od
from oceandata.engines import ArrayPiece, TrackArrays
from oceandata.tracks.cells import cell_reduction, cell_request

ROOT = Path(__file__).resolve().parents[1]
GRID = od.regular_grid((117, 31, 127, 41), step=0.05)
DAY = 86_400_000_000


def sea(n: int, step: float, *, seed: int = 1, rows: int = 10_000) -> TrackArrays:
    """Wandering vessels with a median step in cells, a fix every ten seconds or so."""
    rng = np.random.default_rng(seed)
    t = max(1, n // rows)
    course = np.cumsum(rng.normal(0, 0.05, (t, rows)), axis=1)
    course += rng.uniform(0, 2 * np.pi, (t, 1))
    length = step * 0.05 * rng.lognormal(0, 0.4, (t, rows))
    lon = rng.uniform(2, 8, (t, 1)) + np.cumsum(length * np.cos(course), axis=1)
    lat = rng.uniform(2, 8, (t, 1)) + np.cumsum(length * np.sin(course), axis=1)
    lon, lat = (np.round(a + np.abs((x % 20) - 10), 5)
                for a, x in ((117, lon), (31, lat)))  # fmt: skip
    time_ = 1_704_067_200_000_000 + np.cumsum(rng.integers(8, 13, (t, rows)), 1) * 10**6
    time_ += rng.integers(0, 60, (t, 1)) * DAY
    kinds = np.array([30, 37, 52, 60, 70, 80, -1], "i2")
    return TrackArrays(
        np.full(t, rows), 412_000_000 + rng.permutation(t), kinds[np.arange(t) % 7],
        np.zeros(t, "i1"), time_.ravel(), lon.ravel(), lat.ravel(),
        np.full(n := t * rows, np.nan, "f4"), np.full(n, np.nan, "f4"),
        np.full(n, 15, "i1"), np.full(n, 2, "i1"),
    )  # fmt: skip


def pieces(arrays: TrackArrays, rows: int = 2_000_000) -> list[ArrayPiece]:
    """Whole trajectories of equal length."""
    size = int(arrays.row_size[0])
    each = max(1, rows // size)
    return [
        ArrayPiece(TrackArrays(*(a[k : k + each] for a in arrays[:4]),
                               *(a[k * size : (k + each) * size] for a in arrays[4:])))
        for k in range(0, len(arrays.row_size), each)
    ]  # fmt: skip


def reduction(path: str, by=("class", "month"), min_vessels=3):
    request = cell_request(
        GRID, quantity="time", path=path, gap="6h", by=by, min_vessels=min_vessels,
        skip_quality=(4, 9),
    )  # fmt: skip
    return cell_reduction(request, lambda state: state)


def best(function, repeats: int = 3):
    """Best wall and processor seconds, and the last result."""
    wall, cpu, result = np.inf, np.inf, None
    for _ in range(repeats):
        w, c = time.perf_counter(), time.process_time()
        result = function()
        wall = min(wall, time.perf_counter() - w)
        cpu = min(cpu, time.process_time() - c)
    return wall, cpu, result


def rates(n: int) -> None:
    cores = os.sched_getaffinity(0)
    print(
        "\n| median step (cells) | path | workers | M segments/s | M segments/cpu s |"
    )
    print("|---|---|---|---|---|")
    for step in (0.05, 0.2, 0.5, 2.0):
        work = pieces(sea(n, step))
        for path in ("lonlat", "great_circle"):
            for workers in (1, 2):
                if workers > len(cores):
                    continue
                os.sched_setaffinity(0, sorted(cores)[:workers])
                wall, cpu, state = best(
                    lambda p=path, k=workers, w=work: od.engines.run(
                        reduction(p), w, workers=k
                    )
                )
                done = state.counts["segments"] / 1e6
                print(f"| {step} | {path} | {workers} | {done / wall:.1f} | "
                      f"{done / cpu:.1f} |")  # fmt: skip
        os.sched_setaffinity(0, cores)


PEER = """
import sys, time
import numpy as np, shapely, geopandas

given = np.load(sys.argv[1])
x, y, ends, dt = (given[name] for name in ("x", "y", "ends", "dt"))
lines = shapely.linestrings(ends)
cells = shapely.box(x[None, :-1], y[:-1, None], x[None, 1:], y[1:, None]).ravel()


def with_shapely():
    which, cell = shapely.STRtree(cells).query(lines, predicate="intersects")
    part = shapely.length(shapely.intersection(lines[which], cells[cell]))
    return cell, part / shapely.length(lines)[which] * dt[which]


def with_geopandas():
    each = dt / shapely.length(lines)
    tracks = geopandas.GeoDataFrame({"each": each}, geometry=lines)
    mesh = geopandas.GeoDataFrame({"cell": np.arange(cells.size)}, geometry=cells)
    both = geopandas.overlay(tracks, mesh, how="intersection", keep_geom_type=True)
    return both["cell"].to_numpy(), (both.length * both["each"]).to_numpy()


def one_by_one():
    tree, index, value = shapely.STRtree(cells), [], []
    for line, hours in zip(lines, dt):
        for k in tree.query(line, predicate="intersects"):
            index.append(k)
            value.append(line.intersection(cells[k]).length / line.length * hours)
    return np.array(index), np.array(value)


out = {"versions": f"shapely {shapely.__version__}, geopandas {geopandas.__version__}"}
for function in (with_shapely, with_geopandas, one_by_one):
    wall, cpu = time.perf_counter(), time.process_time()
    index, value = function()
    hours = np.zeros(cells.size)
    np.add.at(hours, index, value)
    out[f"{function.__name__}_wall"] = time.perf_counter() - wall
    out[f"{function.__name__}_cpu"] = time.process_time() - cpu
    out[function.__name__] = hours
np.savez(sys.argv[2], **out)
"""
PEERS = {
    "with_shapely": "shapely, vectorised: STRtree, intersection",
    "with_geopandas": "geopandas.overlay",
    "one_by_one": "shapely, one segment after the other",
}


def peer_hours(python: str, arrays: TrackArrays) -> dict:
    """What the peers get, and their seconds, on one core."""
    lon, lat = (x.reshape(len(arrays.row_size), -1) for x in (arrays.lon, arrays.lat))
    dt = np.diff(arrays.time.reshape(lon.shape), axis=1).ravel() / 3.6e9
    ends = np.stack([lon[:, :-1], lat[:, :-1], lon[:, 1:], lat[:, 1:]], -1)
    with tempfile.TemporaryDirectory() as folder:
        asked, answered = Path(folder, "in.npz"), Path(folder, "out.npz")
        np.savez(asked, x=GRID.lon_edges, y=GRID.lat_edges, dt=dt,
                 ends=ends.reshape(-1, 2, 2))  # fmt: skip
        subprocess.run([python, "-c", PEER, str(asked), str(answered)], check=True)
        return dict(np.load(answered))


def against_peers(n: int, step: float, python: str) -> None:
    """Answers compared, then times, tracks in memory, all on one core."""
    arrays = sea(n, step, rows=1000)
    one = [ArrayPiece(arrays)]
    entries = cell_request(
        GRID, quantity="entries", path="lonlat", gap="6h", by=(), min_vessels=1,
        skip_quality=(),
    )  # fmt: skip
    state = od.engines.run(cell_reduction(entries, lambda s: s), one, workers=1)
    segments = state.counts["segments"]
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(cores)[:1])
    ours = od.vessel_hours(one, grid=GRID, by=(), min_vessels=1, workers=1)
    wall, cpu, _ = best(
        lambda: od.engines.run(reduction("lonlat", (), 1), one, workers=1), 7
    )
    theirs = peer_hours(python, arrays)
    os.sched_setaffinity(0, cores)
    print(f"\n{segments:,} segments, {state.total / segments:.1f} cells each; "
          f"{theirs['versions']}\n")  # fmt: skip
    print("| program | s | cpu s | segments/s | times (cpu) | largest difference (h) |")
    print("|---|---|---|---|---|---|")
    print(f"| vessel_hours | {wall:.4f} | {cpu:.4f} | {segments / wall:,.0f} | 1 | |")
    for key, name in PEERS.items():
        hours = ours["vessel_hours"].values.ravel()
        np.testing.assert_allclose(hours, theirs[key], rtol=1e-6, atol=1e-7)
        w, c = float(theirs[f"{key}_wall"]), float(theirs[f"{key}_cpu"])
        apart = np.abs(hours - theirs[key]).max()
        print(f"| {name} | {w:.2f} | {c:.2f} | {segments / w:,.0f} | {c / cpu:,.0f} | "
              f"{apart:.1e} |")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--segments", type=int, default=4_000_000)
    parser.add_argument("--peer-segments", type=int, default=50_000)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    if options.quick:
        options.segments, options.peer_segments = 400_000, 5_000
    python = os.environ.get("OCEANDATA_PEERS", str(ROOT / ".peers/bin/python"))
    for path in ("lonlat", "great_circle"):
        od.engines.run(reduction(path), pieces(sea(20_000, 0.2)), workers=1)
    rates(options.segments)
    if not Path(python).exists():
        print(f"\nno peers at {python}: set OCEANDATA_PEERS to a Python that has them")
        return
    for step in (4.0, 16.0):
        against_peers(options.peer_segments, step, python)


if __name__ == "__main__":
    main()
