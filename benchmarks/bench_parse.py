"""Parsing NOAA AIS tables: rows a second against duckdb and pyarrow, one core and two.

    python benchmarks/bench_parse.py --rows 3000000 [--peers PYTHON] [--folder DIR]

Writes a seeded file of realistic rows, compares the answers of all programs first, then
prints a Markdown table of the best of ``--repeats`` runs, from a warm page cache into
memory. duckdb and pyarrow keep all 17 columns as they stand; oceandata keeps positions,
checks every row, and gathers names and sizes of vessels where they change. duckdb is no
dependency of this project: ``pip install duckdb`` into an environment of its own (or
this one) and pass its Python as ``--peers``; without it that row is left out.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

HEADER = (
    "MMSI,BaseDateTime,LAT,LON,SOG,COG,Heading,VesselName,IMO,CallSign,"
    "VesselType,Status,Length,Width,Draft,Cargo,TransceiverClass\n"
)
COLUMNS = ("mmsi", "time", "lat", "lon", "sog", "cog", "heading")


def write_table(path: Path, n: int, *, n_vessels: int = 15_000, seed: int = 1) -> None:
    """A day of US waters: rows by time, static columns that belong to the vessel."""
    rng = np.random.default_rng(seed)
    mmsi = rng.choice(np.arange(200_000_000, 780_000_000), n_vessels, replace=False)
    static = [_static(rng, k) for k in range(n_vessels)]
    lon0, lat0 = rng.uniform(-130, -65, n_vessels), rng.uniform(18, 49, n_vessels)
    with path.open("w", newline="") as file:
        file.write(HEADER)
        for start in range(0, n, 100_000):
            size = min(100_000, n - start)
            of = rng.integers(0, n_vessels, size)
            seconds = start * 86_400 // n + np.arange(size) * 86_400 // n
            moored = rng.random(size) < 0.4
            sog = np.where(moored, 0.0, rng.gamma(3, 3.5, size)).round(1)
            cog = np.where(moored, 360.0, rng.uniform(0, 359.9, size)).round(1)
            heading = np.where(rng.random(size) < 0.4, 511, rng.integers(0, 360, size))
            lon = lon0[of] + rng.normal(0, 0.05, size)
            lat = lat0[of] + rng.normal(0, 0.05, size)
            file.writelines(
                f"{mmsi[v]},2023-01-11T{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d},"
                f"{y:.5f},{x:.5f},{k:.1f},{c:.1f},{h}.0,{static[v]}"
                for v, s, y, x, k, c, h in zip(
                    of, seconds, lat, lon, sog, cog, heading, strict=True
                )
            )


def _static(rng, k: int) -> str:
    if rng.random() < 0.3:
        return f"LADY {k},,,37,,{rng.integers(6, 30)}.0,4.0,,,B\n"
    length = rng.integers(20, 330)
    return (
        f"VESSEL {k} STAR,IMO{9_000_000 + k},WDI{k % 9999:04d},{rng.integers(30, 90)},"
        f"0.0,{length}.0,{length // 7}.0,{rng.integers(2, 15)}.0,70.0,A\n"
    )


def digest(columns: dict[str, np.ndarray]) -> str:
    """One hash of the seven position columns, missing values left as they stand."""
    whole = hashlib.sha256()
    for name in COLUMNS:
        whole.update(np.ascontiguousarray(columns[name]).tobytes())
    return whole.hexdigest()[:16]


def run_oceandata(path: str, threads: int) -> tuple[float, dict]:
    from oceandata.columns import Columns, decode_position, decode_tenths
    from oceandata.readers import reader

    began = time.perf_counter()
    batches = list(reader("noaa").batches(path, workers=threads))
    took = time.perf_counter() - began
    table = Columns.concat([b.columns for b in batches])
    tenths = {n: decode_tenths(getattr(table, n)) for n in ("sog", "cog", "heading")}
    return took, {
        "mmsi": table.vessel,
        "time": table.time,
        "lat": decode_position(table.lat),
        "lon": decode_position(table.lon),
        **tenths,
    }


def _plain(mmsi, stamp, lat, lon, sog, cog, heading) -> dict:
    """A peer's columns with the sentinels that oceandata turns into NaN."""
    sog, cog, heading = (np.asarray(x, "f8") for x in (sog, cog, heading))
    return {
        "mmsi": np.asarray(mmsi, "i8"),
        "time": np.asarray(stamp, "M8[us]").view("i8"),
        "lat": np.asarray(lat, "f8"),
        "lon": np.asarray(lon, "f8"),
        "sog": np.where(sog > 102.2, np.nan, sog).astype("f4"),
        "cog": np.where(cog >= 360, np.nan, cog).astype("f4"),
        "heading": np.where(heading >= 360, np.nan, heading).astype("f4"),
    }


def run_pyarrow(path: str, threads: int) -> tuple[float, dict]:
    import pyarrow as pa
    from pyarrow import csv

    pa.set_cpu_count(threads)
    began = time.perf_counter()
    table = csv.read_csv(path, read_options=csv.ReadOptions(use_threads=threads > 1))
    took = time.perf_counter() - began
    names = ("MMSI", "BaseDateTime", "LAT", "LON", "SOG", "COG", "Heading")
    return took, _plain(*(table[name].to_numpy() for name in names))


def run_duckdb(path: str, threads: int) -> tuple[float, dict]:
    import duckdb

    link = duckdb.connect(config={"threads": threads})
    began = time.perf_counter()
    link.execute("create table t as select * from read_csv(?)", [path])
    took = time.perf_counter() - began
    names = ("MMSI", "BaseDateTime", "LAT", "LON", "SOG", "COG", "Heading")
    found = link.execute(f"select {', '.join(names)} from t").fetchnumpy()
    return took, _plain(*(np.ma.getdata(found[name]) for name in names))


RUNNERS = {"oceandata": run_oceandata, "pyarrow": run_pyarrow, "duckdb": run_duckdb}


def measure(name: str, path: str, threads: int, repeats: int) -> dict:
    """Best time of several runs, and the digest of the answer."""
    times, answer = [], {}
    for _ in range(repeats):
        took, answer = RUNNERS[name](path, threads)
        times.append(took)
    return {"seconds": min(times), "digest": digest(answer)}


def in_process(python: str, name: str, path: str, threads: int, repeats: int) -> dict:
    """Measure in a fresh process held to ``threads`` cores."""
    command = [python, __file__, "--one", name, path, str(threads), str(repeats)]
    cores = sorted(os.sched_getaffinity(0))[:threads]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
    )
    if done.returncode:
        return {"error": done.stderr.strip().splitlines()[-1]}
    return json.loads(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="100,000 rows")
    parser.add_argument(
        "--peers",
        default=os.environ.get("OCEANDATA_PEERS") or sys.executable,
        help="Python that has duckdb",
    )
    parser.add_argument("--folder", help="where the table is kept between runs")
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.quick:
        options.rows = 100_000
    if options.one:
        name, path, threads, repeats = options.one
        print(json.dumps(measure(name, path, int(threads), int(repeats))))
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(options.folder or scratch)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"noaa-{options.rows}.csv"
        if not path.exists():
            write_table(path, options.rows)
        report(path, options)


def processor() -> str:
    """The processor's model, as far as the system tells."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor()
    models = [
        x.split(":", 1)[1].strip() for x in text.splitlines() if "model name" in x
    ]
    return models[0] if models else platform.processor()


def report(path: Path, options) -> None:
    megabytes = path.stat().st_size / 1e6
    print(f"{options.rows:,} rows, {megabytes:,.0f} MB; {processor()}")
    print("\n| program | threads | s | M rows/s | MB/s | same answer |")
    print("|---|---|---|---|---|---|")
    wanted = None
    for threads in (1, 2):
        for name in RUNNERS:
            python = options.peers if name == "duckdb" else sys.executable
            got = in_process(python, name, str(path), threads, options.repeats)
            if "error" in got:
                print(f"| {name} | {threads} | left out: {got['error']} ||||")
                continue
            wanted = wanted or got["digest"]
            same = "yes" if got["digest"] == wanted else "NO"
            rate = options.rows / got["seconds"] / 1e6
            print(
                f"| {name} | {threads} | {got['seconds']:.2f} | {rate:.2f} | "
                f"{megabytes / got['seconds']:.0f} | {same} |"
            )


if __name__ == "__main__":
    main()
