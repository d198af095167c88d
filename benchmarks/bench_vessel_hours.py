"""Rate of ``vessel_hours``, and against a line-cell intersection with shapely.

    python benchmarks/bench_vessel_hours.py [--segments 4000000] [--peer 100000]

Single-core rates are measured on one pinned core, with ship class, month and the three
smallest vessels per cell, tracks in memory. The peer's answer is compared first.
Prints a table in Markdown.
"""

from __future__ import annotations

import argparse
import os
import platform
import time

import numpy as np

import oceandata as od
from oceandata.engines import ArrayPiece, TrackArrays
from oceandata.tracks.cells import cell_reduction, cell_request

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


def reduction(path: str, by=("class", "month")):
    request = cell_request(
        GRID, quantity="time", path=path, gap="6h", by=by, min_vessels=3,
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


def shapely_hours(arrays: TrackArrays, grid) -> np.ndarray:
    """Hours a cell by intersecting segments with cells (STRtree, vectorised)."""
    import shapely

    lon, lat = (x.reshape(len(arrays.row_size), -1) for x in (arrays.lon, arrays.lat))
    dt = np.diff(arrays.time.reshape(lon.shape), axis=1).ravel() / 3.6e9
    ends = np.stack([lon[:, :-1], lat[:, :-1], lon[:, 1:], lat[:, 1:]], -1)
    lines = shapely.linestrings(ends.reshape(-1, 2, 2))
    x, y = grid.lon_edges, grid.lat_edges
    cells = shapely.box(x[None, :-1], y[:-1, None], x[None, 1:], y[1:, None]).ravel()
    which, cell = shapely.STRtree(cells).query(lines, predicate="intersects")
    part = shapely.length(shapely.intersection(lines[which], cells[cell]))
    whole = shapely.length(lines)[which]
    hours = np.zeros(cells.size)
    np.add.at(hours, cell, part / whole * dt[which])
    return hours.reshape(grid.shape)


def geopandas_hours(arrays: TrackArrays, grid) -> np.ndarray:
    """The same with ``geopandas.overlay``, as most scripts do it."""
    import geopandas
    import shapely

    lon, lat = (x.reshape(len(arrays.row_size), -1) for x in (arrays.lon, arrays.lat))
    dt = np.diff(arrays.time.reshape(lon.shape), axis=1).ravel() / 3.6e9
    ends = np.stack([lon[:, :-1], lat[:, :-1], lon[:, 1:], lat[:, 1:]], -1)
    lines = shapely.linestrings(ends.reshape(-1, 2, 2))
    x, y = grid.lon_edges, grid.lat_edges
    cells = shapely.box(x[None, :-1], y[:-1, None], x[None, 1:], y[1:, None]).ravel()
    tracks = geopandas.GeoDataFrame({"dt": dt / shapely.length(lines)}, geometry=lines)
    mesh = geopandas.GeoDataFrame({"cell": np.arange(cells.size)}, geometry=cells)
    both = geopandas.overlay(tracks, mesh, how="intersection", keep_geom_type=True)
    hours = np.zeros(cells.size)
    np.add.at(hours, both["cell"], both.length * both["dt"])
    return hours.reshape(grid.shape)


def against_peers(n: int) -> None:
    arrays = sea(n, 4.0, rows=1000)
    entries = cell_request(
        GRID, quantity="entries", path="lonlat", gap="6h", by=(), min_vessels=1,
        skip_quality=(),
    )  # fmt: skip
    one = [ArrayPiece(arrays)]
    state = od.engines.run(cell_reduction(entries, lambda s: s), one, workers=1)
    crossings = state.total / state.counts["segments"]
    peers = [("shapely STRtree + intersection", shapely_hours)]
    try:
        import geopandas  # noqa: F401

        peers.append(("geopandas.overlay", geopandas_hours))
    except ImportError:
        print("\ngeopandas is not installed: left out (pip install geopandas)")
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(cores)[:1])
    ours = od.vessel_hours(one, grid=GRID, by=(), min_vessels=1, workers=1)
    kernel, _, _ = best(
        lambda: od.engines.run(reduction("lonlat", ()), one, workers=1), 5
    )
    segments = state.counts["segments"]
    print(f"\n{segments:,} segments, {crossings:.2f} crossings each, one core\n")
    print("| program | s | segments/s | times slower | largest difference (h) |")
    print("|---|---|---|---|---|")
    print(f"| vessel_hours | {kernel:.4f} | {segments / kernel:,.0f} | 1 | |")
    for name, function in peers:
        theirs = function(arrays, GRID)
        difference = np.abs(theirs - ours["vessel_hours"].values).max()
        np.testing.assert_allclose(ours["vessel_hours"], theirs, rtol=1e-6, atol=1e-7)
        wall, _, _ = best(lambda f=function: f(arrays, GRID), 1)
        print(f"| {name} | {wall:.2f} | {segments / wall:,.0f} | "
              f"{wall / kernel:,.0f} | {difference:.1e} |")  # fmt: skip
    os.sched_setaffinity(0, cores)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--segments", type=int, default=4_000_000)
    parser.add_argument("--peer", type=int, default=100_000)
    options = parser.parse_args()
    print(f"{platform.processor() or platform.machine()}, "
          f"{len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}, "
          f"Python {platform.python_version()}")  # fmt: skip
    for path in ("lonlat", "great_circle"):
        od.engines.run(reduction(path), pieces(sea(20_000, 0.2)), workers=1)
    rates(options.segments)
    against_peers(options.peer)


if __name__ == "__main__":
    main()
