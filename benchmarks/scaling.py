"""Strong and weak scaling on threads and ranks, and the plan for 1,024 of them.

    python benchmarks/scaling.py [--quick] [--repeat 3] [--case map] [--size 4]
    python benchmarks/scaling.py --plan

Three analyses: ``ingest`` of tables, ``vessel_hours`` of a store, and a map (the 0.9
quantile over time of each cell of a grid, written by those who compute it). Every run
is a process of its own, bound to as many cores as it has threads or ranks. Answers are
compared bit by bit before a time is printed. Efficiency is given in wall time and in
CPU time: on a machine that others use too, only the second says what the program adds.
``--plan`` computes no data: see ``virtual_ranks.py`` and ``cost_model.py``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from clock import CLOCK, PARTS, TimedCombine, TimedPartial, TimedPiece, timed

from oceandata.engines import barrier, mpi_rank, run

CASES = ("ingest", "vessel_hours", "map")
WAYS = (("threads", 1), ("threads", 2), ("mpi", 1), ("mpi", 2))
SIDE = 16  # cells of a tile of the map, in each direction


def run_ingest(folder: Path, engine: str, workers: int, share: float) -> dict:
    """Tables into a new store; parsing reads, sorting and encoding compute."""
    from oceandata.store import create_store, ingest, open_store
    from oceandata.store.arrays import FolderWriter
    from oceandata.store.log import Log

    warm = folder / "stores" / f"warm-{os.getpid()}"
    create_store(warm).ingest(folder / "small.csv", format="noaa", workers=1)
    ingest.write_group = timed(ingest.write_group, "compute")
    FolderWriter.flush = timed(FolderWriter.flush, "write", out_of="compute")
    Log.commit = timed(Log.commit, "write")
    paths = sorted((folder / "tables").glob("*.csv"))
    paths = paths[: max(1, round(share * len(paths)))]
    path = folder / "stores" / f"{engine}-{workers}-{os.environ['SCALING_RUN']}"
    if mpi_rank() == 0:
        create_store(path)
    barrier()
    begin, cpu = time.perf_counter(), time.process_time()
    store = open_store(path)
    threads = workers if engine == "threads" else 1
    store.ingest(paths, format="noaa", workers=threads, engine=engine)
    barrier()
    wall, cpu = time.perf_counter() - begin, time.process_time() - cpu
    for at, whole in enumerate((wall, cpu)):
        CLOCK.spent["read"][at] += whole - sum(CLOCK.spent[p][at] for p in PARTS)
    answer = ""
    if mpi_rank() == 0:
        ds = open_store(path).open()
        answer = digest(ds[n].values for n in ("vessel", "row_size", "time", "lon"))
    rows = sum(int(p.stem.split("-")[1]) for p in paths)
    return {"wall": wall, "cpu": cpu, "units": rows, "answer": answer}


def run_vessel_hours(folder: Path, engine: str, workers: int, share: float) -> dict:
    """The product from a store; then once more with every part on the clock."""
    import oceandata as od
    from oceandata.store import open_store
    from oceandata.tracks.cells import cell_reduction, cell_request

    times = int((folder / "times").read_text())
    pieces = open_store(folder / "store").select().pieces(rows=250_000) * times
    pieces = pieces[: max(1, round(share * len(pieces)))]
    grid = od.regular_grid((-98, 22, -64, 50), step=0.05)
    od.vessel_hours(pieces[:1], grid=grid, engine="threads", workers=1)
    barrier()
    begin, cpu = time.perf_counter(), time.process_time()
    found = od.vessel_hours(pieces, grid=grid, engine=engine, workers=workers)
    barrier()
    wall, cpu = time.perf_counter() - begin, time.process_time() - cpu
    answer = ""
    if mpi_rank() == 0:
        with CLOCK("write"):
            od.to_netcdf(found, folder / f"hours-{os.environ['SCALING_RUN']}.nc")
        answer = digest([found["vessel_hours"].values, found["withheld"].values])
    request = cell_request(
        grid, quantity="time", path="lonlat", gap="6h", by=("class", "month"),
        min_vessels=3, skip_quality=(4, 9),
    )  # fmt: skip
    plain = cell_reduction(request, id)
    timed = type(plain)(TimedPartial(plain.partial), TimedCombine(plain.combine), id)
    run(timed, [TimedPiece(p) for p in pieces], engine=engine, workers=workers)
    rows = sum(piece.cost for piece in pieces)
    return {"wall": wall, "cpu": cpu, "units": rows, "answer": answer}


@dataclass(frozen=True)
class TilePiece:
    """All times of one tile of a Zarr array."""

    path: str
    lat: int
    lon: int
    cost: int

    @property
    def region(self):
        return {
            "lat": (self.lat, self.lat + SIDE),
            "lon": (self.lon, self.lon + SIDE),
        }

    def quantile(self):
        import zarr

        with CLOCK("read"):
            array = zarr.open_array(self.path, mode="r")
            lat, lon = (slice(*span) for span in self.region.values())
            values = array[:, lat, lon]
        with CLOCK("compute"):
            return np.quantile(values, 0.9, axis=0)


def run_map(folder: Path, engine: str, workers: int, share: float) -> dict:
    """A quantile over time in every cell; each tile is a shard of the output."""
    import zarr

    from oceandata.engines.map import map_pieces
    from oceandata.store.maps import MapArray, ZarrMap

    grid = zarr.open_array(folder / "grid.zarr", mode="r")
    days, ny, nx = grid.shape
    ny = max(SIDE, round(share * ny) // SIDE * SIDE)
    ZarrMap.write = timed(ZarrMap.write, "write")
    pieces = [
        TilePiece(str(folder / "grid.zarr"), lat, lon, SIDE * SIDE * days)
        for lat in range(0, ny, SIDE)
        for lon in range(0, nx, SIDE)
    ]
    path = folder / f"map-{engine}-{workers}-{os.environ['SCALING_RUN']}.zarr"
    array = MapArray(("lat", "lon"), (ny, nx), (SIDE, SIDE), (SIDE, SIDE))
    output = ZarrMap(path, {"q90": array})
    barrier()
    begin, cpu = time.perf_counter(), time.process_time()
    map_pieces(
        TilePiece.quantile, pieces, output=output, engine=engine, workers=workers
    )
    barrier()
    wall, cpu = time.perf_counter() - begin, time.process_time() - cpu
    answer = ""
    if mpi_rank() == 0:
        answer = digest([zarr.open_array(path / "q90", mode="r")[:]])
    return {"wall": wall, "cpu": cpu, "units": days * ny * nx, "answer": answer}


def digest(arrays) -> str:
    total = hashlib.sha256()
    for array in arrays:
        total.update(np.ascontiguousarray(array).view("u1"))
    return total.hexdigest()[:16]


def child(options) -> None:
    """One run; its times as JSON, summed over ranks."""
    work = {"ingest": run_ingest, "vessel_hours": run_vessel_hours, "map": run_map}
    told = work[options.child](
        Path(options.folder), options.engine, options.workers, options.share
    )
    told["parts"] = CLOCK.spent
    if options.engine == "mpi":
        from oceankernels.mpi import world

        every = world().gather(told)
        if every is None:
            return
        told["cpu"] = sum(one["cpu"] for one in every)
        told["parts"] = {
            p: np.sum([o["parts"][p] for o in every], axis=0).tolist() for p in PARTS
        }
    print(json.dumps(told), flush=True)


def launch(case: str, folder: Path, engine: str, n: int, share: float, run: str):
    """Start one run on n cores; what it told."""
    command = [sys.executable, __file__, "--child", case, "--folder", str(folder)]
    command += ["--engine", engine, "--workers", str(n), "--share", str(share)]
    if engine == "mpi":
        launcher = Path(sys.executable).with_name("mpiexec")
        launcher = str(launcher) if launcher.exists() else "mpiexec"
        command[1:1] = ["-m", "mpi4py"]
        command = [launcher, "-n", str(n), *command]
    cores = sorted(os.sched_getaffinity(0))[:n]
    done = subprocess.run(
        command,
        env=os.environ | {"SCALING_RUN": run, "OCEANDATA_LOGIN_LIMITS": "0"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
    )
    return json.loads(done.stdout.strip().splitlines()[-1])


def split_table(path: Path, folder: Path, n: int) -> None:
    """Cut a table into n; each file's name ends in its number of rows."""
    header, *lines = path.read_bytes().splitlines(keepends=True)
    each = -(-len(lines) // n)
    for k in range(n):
        part = lines[k * each : (k + 1) * each]
        (folder / f"{k}-{len(part)}.csv").write_bytes(header + b"".join(part))


def prepare(folder: Path, rows: int, days: int, times: int) -> None:
    """Tables, a store and a grid to work on."""
    import zarr
    from bench_ingest import write_table

    from oceandata.store import create_store

    (folder / "tables").mkdir()
    (folder / "stores").mkdir()
    write_table(folder / "small.csv", 2000)
    write_table(folder / "all.csv", rows, vessels=max(300, rows // 5000))
    split_table(folder / "all.csv", folder / "tables", 8)
    store = create_store(folder / "store")
    store.ingest(sorted((folder / "tables").glob("*.csv")), format="noaa")
    (folder / "times").write_text(str(times))
    rng = np.random.default_rng(1)
    array = zarr.create_array(
        folder / "grid.zarr", shape=(days, 8 * SIDE, 16 * SIDE), dtype="f4",
        chunks=(days, SIDE, SIDE),
    )  # fmt: skip
    for lat in range(0, 8 * SIDE, SIDE):
        sea = rng.normal(15, 5, (days, SIDE, 16 * SIDE)).astype("f4")
        array[:, lat : lat + SIDE] = np.round(sea, 2)


def measure(folder: Path, repeat: int, cases: list[str], kinds: list[str]) -> None:
    """Strong and weak scaling; the table, in Markdown."""
    print(
        f"Best of {repeat} runs each; parts in CPU s, where one piece runs at a time.\n"
    )
    head = ("case", "size", "on", "M units", "wall s", "CPU s", "wall eff.", "CPU eff.")
    print("| " + " | ".join((*head, *PARTS, "load")) + " |")
    print("|---" * (len(head) + len(PARTS) + 1) + "|")
    for case in cases:
        for kind in kinds:
            first, answers = None, set()
            for engine, n in WAYS:
                share = 1.0 if kind == "strong" else n / 2
                runs = [
                    launch(case, folder, engine, n, share, f"{kind}{k}")
                    for k in range(repeat)
                ]
                best = min(runs, key=lambda r: r["cpu"])
                best["wall"] = min(r["wall"] for r in runs)
                first = first or best
                answers |= {(share, r["answer"]) for r in runs}
                if len({a for s, a in answers if s == share}) > 1:
                    raise SystemExit(f"{case}: answers differ: {answers}")
                print(_line(case, kind, engine, n, best, first), flush=True)


def _line(case, kind, engine, n, told, first) -> str:
    work = told["units"] / first["units"]
    wall = first["wall"] * work / (told["wall"] * n)
    cpu = first["cpu"] * work / told["cpu"]
    mixed = engine == "threads" and n > 1
    parts = " | ".join(
        "" if mixed else f"{told['parts'][part][1]:.2f}" for part in PARTS
    )
    return (
        f"| {case} | {kind} | {engine} {n} | {told['units'] / 1e6:.1f} | "
        f"{told['wall']:.2f} | {told['cpu']:.2f} | {wall:.2f} | {cpu:.2f} | {parts} | "
        f"{os.getloadavg()[0]:.1f} |"
    )


def plan() -> None:
    """Print what 1,024 virtual ranks do, and what it costs."""
    import cost_model
    import virtual_ranks

    virtual_ranks.report()
    cost_model.report()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small sizes, one run")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--case", action="append", choices=CASES)
    parser.add_argument("--kind", action="append", choices=("strong", "weak"))
    parser.add_argument("--size", type=int, default=1, help="times the usual work")
    parser.add_argument("--plan", action="store_true", help="1,024 virtual ranks")
    parser.add_argument("--child", choices=CASES, help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    parser.add_argument("--engine", help=argparse.SUPPRESS)
    parser.add_argument("--workers", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--share", type=float, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options)
        return
    if options.plan:
        plan()
        return
    folder = Path(tempfile.mkdtemp())
    try:
        rows, days, times = (
            (400_000, 365, 1) if options.quick else (12_000_000, 7300, 10)
        )
        size, cases = options.size, options.case or list(CASES)
        rows *= size if "ingest" in cases else 1
        days *= size if "map" in cases else 1
        prepare(folder, rows, days, times * size)
        repeat = 1 if options.quick else options.repeat
        measure(folder, repeat, cases, options.kind or ["strong", "weak"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
