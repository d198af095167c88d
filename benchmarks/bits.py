"""The same bits everywhere: hashes of results, by engine, workers and pieces.

    python benchmarks/bits.py [--rows 100000]

From raw tables on: each way ingests the files into a store of its own and makes vessel
hours and a clean-and-count map of it. A line that differs from the first ends the
script with 1.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

WAYS = [("threads", 1), ("threads", 2), ("dask", 1), ("dask", 2)]
WAYS += [("mpi", n) for n in (1, 2, 3, 4)]
PIECES = (100_000, 4_000, 500)


def compute(folder: Path, engine: str, workers: int, rows: int) -> str:
    """Hashes of one way: what the store shows, hours, and hours of clean tracks."""
    import oceandata as od
    from oceandata.engines import barrier, mpi_rank
    from oceandata.tracks import clean_tracks, prepare_tracks

    path = folder / f"{engine}-{workers}-{rows}.store"
    if mpi_rank() == 0:
        od.create_store(path)
    barrier()
    store = od.open_store(path)
    files = sorted((folder / "sea").glob("*.csv"))
    store.ingest(files, engine="mpi" if engine == "mpi" else "threads")
    pieces = store.select().pieces(rows=rows)
    grid = od.regular_grid((117, 31, 127, 41), step=0.1)
    how = {"grid": grid, "by": ("class", "month"), "engine": engine}
    how |= {"workers": workers}
    clean = prepare_tracks(pieces, clean_tracks)
    found = [od.vessel_hours(pieces, **how), od.vessel_hours(clean, **how)]
    if mpi_rank():
        return ""
    ds = store.open()
    order = np.lexsort((ds["lat"], ds["lon"], ds["time"]))
    shown = [ds[name].values[order] for name in ("time", "lon", "lat", "sog")]
    hashes = [digest(*shown)]
    hashes += [digest(f["vessel_hours"], f["withheld"]) for f in found]
    return f"{len(pieces):,} | " + " | ".join(hashes)


def digest(*arrays) -> str:
    total = hashlib.sha256()
    for array in arrays:
        total.update(np.ascontiguousarray(array).tobytes())
    return total.hexdigest()[:16]


def launch(folder: Path, engine: str, workers: int, rows: int) -> str:
    command = [sys.executable, __file__, "--child", str(folder), engine]
    command += [str(workers), str(rows)]
    if engine == "mpi":
        launcher = Path(sys.executable).with_name("mpiexec")
        launcher = str(launcher) if launcher.exists() else "mpiexec"
        command = [launcher, "-n", str(workers), sys.executable, "-m", "mpi4py"]
        command += [__file__, "--child", str(folder), engine, str(workers), str(rows)]
    done = subprocess.run(
        command,
        env=os.environ | {"OCEANDATA_LOGIN_LIMITS": "0"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return done.stdout.strip().splitlines()[-1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        folder, engine, workers, rows = options.child
        print(compute(Path(folder), engine, int(workers), int(rows)), flush=True)
        return 0
    import oceandata as od

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sea = od.simulate_sea(folder / "sea", positions=options.rows, seed=8, days=40)
        for path in sea.files:
            if path.suffix != ".csv":
                path.unlink()
        print(
            "| engine | workers | rows a piece | pieces | rows | hours | clean hours |"
        )
        print("|---|---|---|---|---|---|---|")
        seen = set()
        for engine, workers in WAYS:
            for rows in PIECES:
                line = launch(folder, engine, workers, rows)
                print(f"| {engine} | {workers} | {rows:,} | {line} |", flush=True)
                seen.add(line.partition(" | ")[2])
    print("\nsame bits" if len(seen) == 1 else f"\n{len(seen)} DIFFERENT results")
    return len(seen) > 1


if __name__ == "__main__":
    sys.exit(main())
