"""Table to sorted store, against duckdb: read, sort by (mmsi, time), write.

    python benchmarks/bench_ingest.py --rows 5_000_000 --cores 2 --peers /path/to/venv

The peer reads the same CSV, sorts it by (mmsi, time) and writes zstd Parquet of the
same columns. Ours validates every field, keeps static reports and flushes every file
to the device. Row counts and sums of every column are compared before any time is
printed. Each run is a process of its own, bound to the given number of cores; times
are the best of ``--repeat``.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HEADER = (
    "MMSI,BaseDateTime,LAT,LON,SOG,COG,Heading,VesselName,IMO,CallSign,VesselType,"
    "Status,Length,Width,Draft,Cargo,TransceiverClass"
)

DUCKDB = """
import duckdb, sys, time
csv, out, threads = sys.argv[1:]
db = duckdb.connect()
db.execute(f"SET threads={threads}; SET temp_directory='{out}.tmp'")
db.execute("SET enable_progress_bar=false")
db.execute("SET preserve_insertion_order=false; SET TimeZone='UTC'")
begin = time.perf_counter()
db.execute(f'''COPY (SELECT MMSI, BaseDateTime, LON, LAT, SOG, COG, Heading, Status,
  TransceiverClass FROM read_csv('{csv}', header=true, columns={{'MMSI':'BIGINT',
  'BaseDateTime':'TIMESTAMP', 'LAT':'DOUBLE', 'LON':'DOUBLE', 'SOG':'FLOAT',
  'COG':'FLOAT', 'Heading':'FLOAT', 'VesselName':'VARCHAR', 'IMO':'VARCHAR',
  'CallSign':'VARCHAR', 'VesselType':'SMALLINT', 'Status':'SMALLINT',
  'Length':'FLOAT', 'Width':'FLOAT', 'Draft':'FLOAT', 'Cargo':'SMALLINT',
  'TransceiverClass':'VARCHAR'}}) ORDER BY MMSI, BaseDateTime)
  TO '{out}' (FORMAT parquet, COMPRESSION zstd)''')
print(time.perf_counter() - begin)
"""

DUCKDB_SUMS = """
import duckdb, json, sys
duckdb.execute("SET enable_progress_bar=false")
print(json.dumps([int(v) for v in duckdb.execute(f'''SELECT count(*), sum(MMSI),
  sum(epoch_us(BaseDateTime)::HUGEINT // 1000000), sum(round(LON*1e5)::HUGEINT),
  sum(round(LAT*1e5)::HUGEINT), sum(round(SOG*10)::HUGEINT),
  sum(round(COG*10)::HUGEINT) FROM '{sys.argv[1]}' ''').fetchone()]))
"""

OURS = """
import os, sys, time
csv, out, threads = sys.argv[1:]
import oceandata.store as st
store = st.create_store(out)
begin = time.perf_counter()
report = store.ingest(csv, format="noaa", workers=int(threads))
seconds = time.perf_counter() - begin
assert not report.refused and not report.rows_quarantined, report
print(seconds)
"""

OURS_SUMS = """
import json, sys
import numpy as np
import oceandata.store as st
total = np.zeros(7, object)
for piece in st.open_store(sys.argv[1]).select().pieces():
    a = piece.load()
    own = np.ones(a.time.size, bool)
    starts = np.cumsum(a.row_size) - a.row_size
    own[starts[a.carried == 1]] = False
    vessel = np.repeat(a.vessel, a.row_size)
    columns = [vessel, a.time // 1_000_000, np.rint(a.lon * 1e5), np.rint(a.lat * 1e5),
               np.rint(a.sog * 10), np.rint(a.cog * 10)]
    total += [int(own.sum()), *(int(c[own].astype("i8").sum()) for c in columns)]
print(json.dumps([int(v) for v in total]))
"""


def write_table(path: Path, rows: int, *, vessels: int = 12_000, seed: int = 7) -> None:
    """A month of traffic in the layout of NOAA MarineCadastre, in order of time."""
    import numpy as np
    import pyarrow as pa
    from pyarrow import csv

    rng = np.random.default_rng(seed)
    lon, lat = rng.uniform(-96, -66, vessels), rng.uniform(24, 48, vessels)
    speed = np.clip(rng.normal(9, 6, vessels), 0, 25)
    course = rng.uniform(0, 360, vessels)
    kinds = rng.choice([30, 31, 37, 52, 60, 70, 80], vessels)
    names = np.array([f"VESSEL NUMBER {k:05d}" for k in range(vessels)])
    signs = np.array([f"WD{k:05d}" for k in range(vessels)])
    imo = np.array([f"IMO{9_000_000 + k}" for k in range(vessels)])
    month, done = np.datetime64("2024-01-01T00:00:00", "s"), 0
    with open(path, "wb") as file:
        file.write(HEADER.encode() + b"\n")
        options = csv.WriteOptions(include_header=False, quoting_style="none")
        while done < rows:
            n = min(1_000_000, rows - done)
            who = rng.integers(0, vessels, n)
            second = (np.arange(done, done + n) * (30 * 86_400) // rows).astype("m8[s]")
            hours = second.astype("i8") / 3600
            c = (course[who] + rng.normal(0, 3, n)) % 360
            v = np.abs(speed[who] + rng.normal(0, 0.3, n))
            swing = 0.4 * np.sin(hours / 20 + who)
            x = lon[who] + swing + rng.normal(0, 1e-4, n)
            y = lat[who] + swing * np.cos(np.radians(course[who]))
            table = pa.table(
                {
                    "MMSI": 367_000_000 + who,
                    "BaseDateTime": np.datetime_as_string(month + second),
                    "LAT": np.round(y, 5),
                    "LON": np.round(x, 5),
                    "SOG": np.round(v, 1),
                    "COG": np.minimum(np.round(c, 1), 359.9),
                    "Heading": np.floor(c),
                    "VesselName": names[who],
                    "IMO": imo[who],
                    "CallSign": signs[who],
                    "VesselType": kinds[who],
                    "Status": np.where(v < 0.5, 1, 0),
                    "Length": 20 + who % 300,
                    "Width": 5 + who % 40,
                    "Draft": np.round(2 + (who % 120) / 10, 1),
                    "Cargo": kinds[who],
                    "TransceiverClass": np.where(who % 5, "A", "B"),
                }
            )
            csv.write_csv(table, file, options)
            done += n


def run(python: str, code: str, *arguments: str, cores: int) -> tuple[str, dict]:
    """Run code in a process on some cores: its output, peak memory, CPU seconds."""
    mine = sorted(os.sched_getaffinity(0))[:cores]
    process = subprocess.Popen(
        [python, "-c", code, *arguments],
        stdout=subprocess.PIPE,
        preexec_fn=lambda: os.sched_setaffinity(0, mine),
        text=True,
    )
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.stdout.close()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"a run failed with exit code {process.returncode}")
    cpu = usage.ru_utime + usage.ru_stime
    return output, {"memory_gb": usage.ru_maxrss * 1024 / 1e9, "cpu_s": cpu}


def compare(csv: Path, folder: Path, peers: str, cores: int, repeat: int) -> dict:
    """Times and memory of both; refused if their answers differ."""
    ours, theirs = [], []
    for k in range(repeat):
        store, parquet = folder / f"store-{k}", folder / f"sorted-{k}.parquet"
        # Kernels are compiled before anything is timed.
        warm = [str(csv.with_name("small.csv")), str(folder / f"store-{k}w"), "2"]
        run(sys.executable, OURS, *warm, cores=2)
        arguments = [str(csv), str(store), str(cores)]
        output, usage = run(sys.executable, OURS, *arguments, cores=cores)
        ours.append({"s": float(output), **usage})
        if peers:
            arguments = [str(csv), str(parquet), str(cores)]
            output, usage = run(peers, DUCKDB, *arguments, cores=cores)
            theirs.append({"s": float(output), **usage})
    out = {"cores": cores, **_best("ours", ours)}
    out["ours_bytes"] = sum(p.stat().st_size for p in store.rglob("*") if p.is_file())
    if peers:
        mine, _ = run(sys.executable, OURS_SUMS, str(store), cores=2)
        yours, _ = run(peers, DUCKDB_SUMS, str(parquet), cores=2)
        if json.loads(mine) != json.loads(yours):
            raise SystemExit(f"the answers differ:\n{mine}{yours}")
        out |= _best("duckdb", theirs)
        out["duckdb_bytes"] = parquet.stat().st_size
        out["ratio"] = out["ours_s"] / out["duckdb_s"]
    return out


def _best(name: str, runs: list[dict]) -> dict:
    """Least time and CPU time of the runs, most memory."""
    return {
        f"{name}_s": min(r["s"] for r in runs),
        f"{name}_cpu_s": min(r["cpu_s"] for r in runs),
        f"{name}_memory_gb": max(r["memory_gb"] for r in runs),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=lambda t: int(t.replace("_", "")), default=None)
    parser.add_argument("--cores", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="a small table")
    parser.add_argument("--peers", default=os.environ.get("OCEANDATA_PEERS", ""))
    parser.add_argument("--folder", default=None)
    options = parser.parse_args()
    rows = options.rows or (200_000 if options.quick else 20_000_000)
    python = options.peers and interpreter(options.peers)
    folder = Path(tempfile.mkdtemp(dir=options.folder))
    try:
        small, csv = folder / "small.csv", folder / "month.csv"
        write_table(small, 2000)
        write_table(csv, rows)
        print(f"{rows:,} rows, {csv.stat().st_size / 1e6:,.0f} MB of CSV.\n")
        print(
            "| cores | program | s | CPU s | peak GB | MB written | of duckdb's time |"
        )
        print("|---|---|---|---|---|---|---|")
        for cores in options.cores:
            found = compare(csv, folder, python, cores, options.repeat)
            for name in ("ours", "duckdb"):
                if f"{name}_s" in found:
                    print(_line(name, found), flush=True)
            for path in folder.glob("s*-*"):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        if not python:
            print("\nNo peer: set OCEANDATA_PEERS to an environment with duckdb.")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def interpreter(peers: str) -> str:
    """Python of the peers' environment, named by its folder or by itself."""
    return f"{peers}/bin/python" if Path(peers).is_dir() else peers


def _line(name: str, found: dict) -> str:
    ratio = f"{found['ratio']:.2f}" if name == "ours" and "ratio" in found else ""
    return (
        f"| {found['cores']} | {name} | {found[f'{name}_s']:.1f} | "
        f"{found[f'{name}_cpu_s']:.1f} | {found[f'{name}_memory_gb']:.2f} | "
        f"{found[f'{name}_bytes'] / 1e6:,.0f} | {ratio} |"
    )


if __name__ == "__main__":
    main()
