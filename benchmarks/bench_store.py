"""Opening a vessel, a month and a 5° box: chunks and bytes read, milliseconds.

    python benchmarks/bench_store.py --rows 50_000_000

A store of invented traffic over three months is made; each selection is planned and
read in a fresh process with warm file caches, three times with nothing kept in between;
"first" includes loading compiled kernels. The rows are counted by a filter of all rows.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import oceandata.store as st
from oceandata.columns import Columns
from oceandata.readers.protocol import Rejected, Reports, TrackBatch

MONTHS = 3
START = int(np.datetime64("2024-01-01", "us").astype("i8"))
SELECTIONS = {
    "one vessel": {"vessels": 200_004_321},
    "one vessel, one month": {"vessels": 200_004_321, "period": "2024-02"},
    "one month": {"period": "2024-02"},
    "5° box": {"box": (118.0, 33.0, 123.0, 38.0)},
    "5° box, one month": {"box": (118.0, 33.0, 123.0, 38.0), "period": "2024-02"},
}
READ = """
import json, sys, time
import oceandata.store as st
store, wanted = st.open_store(sys.argv[1]), json.loads(sys.argv[2])
seconds = []
import xarray  # not part of what is timed
for _ in range(3):
    fresh = st.open_store(sys.argv[1])
    begin = time.perf_counter()
    ds = fresh.select(**wanted).load()
    from oceandata.store import reading, select
    select._indices.clear(), reading._readers.clear()
    seconds.append(time.perf_counter() - begin)
print(json.dumps([seconds[0], min(seconds), ds.sizes["obs"]]))
"""


class Traffic:
    """A reader of invented traffic: ``vessels`` that roam about places of their own."""

    name = "invented"

    def __init__(self, rows: int, vessels: int = 20_000):
        self.rows, self.vessels = rows, vessels

    def batches(self, path: Path, **_):
        month, seed = (int(v) for v in path.read_text().split())
        rng = np.random.default_rng(11)
        lon = rng.uniform(-179, 175, self.vessels)
        lat = rng.uniform(-60, 70, self.vessels)
        reach = rng.choice([0.05, 0.5, 3.0], self.vessels, p=[0.4, 0.4, 0.2])
        rng = np.random.default_rng(seed)
        begin = np.datetime64("2024-01", "M") + month
        first = int(begin.astype("M8[us]").astype("i8"))
        last = int((begin + 1).astype("M8[us]").astype("i8"))
        block = 1_000_000
        for at in range(0, self.rows, block):
            n = min(block, self.rows - at)
            who = rng.integers(0, self.vessels, n)
            time_of = first + (np.arange(at, at + n) * (last - first) // self.rows)
            phase = time_of / 8.64e10 + who
            x = lon[who] + reach[who] * np.sin(phase)
            y = lat[who] + reach[who] * np.cos(1.3 * phase)
            columns = Columns(
                vessel=200_000_000 + who,
                time=time_of // 1_000_000 * 1_000_000,
                lon=(np.rint(x * 1e5) * 100).astype("i4"),
                lat=(np.rint(y * 1e5) * 100).astype("i4"),
                sog=rng.integers(0, 200, n).astype("i2"),
                cog=rng.integers(0, 3600, n).astype("i2"),
                heading=rng.integers(0, 360, n).astype("i2") * np.int16(10),
                nav_status=np.zeros(n, "i1"),
                transceiver=np.ones(n, "i1"),
                quality=np.full(n, 2, "i1"),
                source=np.zeros(n, "i4"),
            )
            empty = Reports.empty(), Rejected.empty()
            yield TrackBatch(columns, {}, *empty, n, {})


def make_store(path: Path, rows: int) -> st.Store:
    """A store of about ``rows`` positions in three months."""
    import oceandata.store.sources as sources

    store = st.create_store(path)
    real, sources.find_reader = (
        sources.find_reader,
        lambda *_: Traffic(rows // MONTHS),
    )
    try:
        for month in range(MONTHS):
            file = path.parent / f"month-{month}"
            file.write_text(f"{month} {month + 1}")
            store.ingest(file)
    finally:
        sources.find_reader = real
    return store


def counted(store: st.Store) -> dict[str, int]:
    """Rows that each selection must give: a filter of all rows, piece by piece."""
    found = dict.fromkeys(SELECTIONS, 0)
    for piece in store.select().pieces():
        a = piece.load()
        own = np.ones(a.time.size, bool)
        own[(np.cumsum(a.row_size) - a.row_size)[a.carried == 1]] = False
        vessel = np.repeat(a.vessel, a.row_size)
        for name, wanted in SELECTIONS.items():
            chosen = store.select(**wanted)
            keep = own.copy()
            if chosen.vessels:
                keep &= np.isin(vessel, chosen.vessels)
            if chosen.period:
                keep &= (a.time >= chosen.period[0]) & (a.time < chosen.period[1])
            if chosen.box:
                west, south, east, north = chosen.box
                keep &= (a.lon >= west) & (a.lon <= east)
                keep &= (a.lat >= south) & (a.lat <= north)
            found[name] += int(keep.sum())
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=lambda t: int(t.replace("_", "")), default=None)
    parser.add_argument("--quick", action="store_true", help="a small store")
    parser.add_argument("--folder", default=None)
    options = parser.parse_args()
    size = options.rows or (600_000 if options.quick else 50_000_000)
    folder = Path(tempfile.mkdtemp(dir=options.folder))
    try:
        begin = time.perf_counter()
        store = make_store(folder / "store", size)
        info = store.info()
        print(
            f"{info['rows']:,} rows, {info['bytes'] / 1e6:,.0f} MB, made in "
            f"{time.perf_counter() - begin:.0f} s.\n"
        )
        print("| selection | rows | chunks | MB read | first ms | again ms |")
        print("|---|---|---|---|---|---|")
        told = counted(store)
        for name, wanted in SELECTIONS.items():
            plan = store.select(**wanted).plan()
            arguments = [sys.executable, "-c", READ, str(store.path)]
            output = subprocess.run(
                [*arguments, json.dumps(wanted)],
                check=True,
                capture_output=True,
                text=True,
            ).stdout
            cold, warm, rows = json.loads(output)
            if rows != told[name]:
                raise SystemExit(
                    f"{name}: {rows:,} rows, a filter gives {told[name]:,}"
                )
            print(
                f"| {name} | {rows:,} | {plan.chunks} of {plan.chunks_total} | "
                f"{plan.bytes / 1e6:.2f} of {plan.bytes_total / 1e6:,.0f} | "
                f"{cold * 1e3:.1f} | {warm * 1e3:.1f} |",
                flush=True,
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
