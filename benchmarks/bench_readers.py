"""Every reader of vessel positions: records a second and peak memory, in one table.

    python benchmarks/bench_readers.py [--records 400000] [--only naf,nari] [--quick]

Each format is written as a seeded file (``tests/format_samples.py``) and read in a
process of its own with one thread and with all, from a warm page cache, without keeping
the rows. First the answer is checked: every record is a row, a rejected one, or
understood as something else. Memory is the peak of the process above what it took
before the file was opened. A format that is no text joins by a line in ``WRITERS``.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "kernels"), str(ROOT / "tests")]

from format_samples import SAMPLES, Sample  # noqa: E402

BATCH, SMALL = 20_000, 5000
WRITERS: dict[str, Callable[[Path, int], tuple[str, dict]]] = {}
"""Formats that are no lines of text: writes so many records, gives reader, options."""


def write_geoparquet(path: Path, records: int) -> tuple[str, dict]:
    """Positions with plain columns, as MarineCadastre publishes them."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(7)
    start = np.datetime64("2023-05-06T00:00:00", "ms")
    table = pa.table(
        {
            "mmsi": rng.integers(200_000_000, 200_015_000, records),
            "base_date_time": start + np.arange(records) * 200,
            "longitude": rng.uniform(-130, -65, records).round(5),
            "latitude": rng.uniform(18, 49, records).round(5),
            "sog": rng.uniform(0, 25, records).round(1),
            "cog": rng.uniform(0, 359.9, records).round(1),
            "heading": rng.integers(0, 360, records),
        }
    )
    pq.write_table(table, path)
    return "geoparquet", {}


def write_xlsx(path: Path, records: int) -> tuple[str, dict]:
    """A workbook of BeiDou positions, numbers as numbers."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(["终端号", "船名", "经度", "纬度", "航速", "航向", "定位时间"])
    for k in range(records):
        lon, lat, time_of_day = 120 + k % 9999 / 1e4, 30 + k % 7777 / 1e4, k % 86_400
        clock = f"{time_of_day // 3600:02d}:{time_of_day // 60 % 60:02d}"
        when = f"2023-03-{1 + k // 86_400 % 28:02d} {clock}:{time_of_day % 60:02d}"
        boat = k % 500
        sheet.append([f"{boat:07d}", f"浙岭渔{boat}", lon, lat, 3.5, k % 360, when])
    book.save(path)
    return "beidou", {}


def write_dbf(path: Path, records: int) -> tuple[str, dict]:
    """dBASE III in GBK without a code page."""
    import struct

    fields = (("终端号", 8), ("船名", 12), ("经度", 10), ("纬度", 9), ("航速", 5))
    fields += (("时间", 19),)
    size = 1 + sum(width for _, width in fields)
    head = struct.pack("<4BIHH20x", 3, 123, 1, 1, records, 33 + 32 * len(fields), size)
    for name, width in fields:
        head += struct.pack("<11sc4xBB14x", name.encode("gbk"), b"C", width, 0)
    with path.open("wb") as file:
        file.write(head + b"\r")
        for k in range(records):
            second = k % 86_400
            clock = f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
            values = (
                f"{k % 500:07d}",
                f"浙岭渔{k % 500}",
                f"{120 + k % 9999 / 1e4:.4f}",
            )
            values += (f"{30 + k % 7777 / 1e4:.4f}", "3.5", f"2023-03-01 {clock}")
            file.write(b" ")
            for value, (_, width) in zip(values, fields, strict=True):
                file.write(value.encode("gbk").ljust(width))
        file.write(b"\x1a")
    return "beidou", {}


def write_trajectories(path: Path, records: int) -> tuple[str, dict]:
    """Contiguous ragged trajectories of CF in NetCDF."""
    import numpy as np
    import xarray as xr

    rng, n = np.random.default_rng(7), max(1, records // 1000)
    size = np.full(n, records // n)
    size[-1] += records - size.sum()
    start = np.datetime64("2024-01-01", "ns")
    time_of = start + np.arange(records) * np.timedelta64(10, "s")
    xr.Dataset(
        {
            "row_size": ("trajectory", size, {"sample_dimension": "obs"}),
            "time": ("obs", time_of, {"standard_name": "time"}),
            "lon": ("obs", rng.uniform(118, 126, records), {"units": "degrees_east"}),
            "lat": ("obs", rng.uniform(31, 40, records), {"units": "degrees_north"}),
        },
        coords={
            "drifter": ("trajectory", np.arange(n), {"cf_role": "trajectory_id"}),
        },
        attrs={"featureType": "trajectory", "Conventions": "CF-1.8"},
    ).to_netcdf(path, engine="netcdf4")
    return "trajectory-netcdf", {}


WRITERS["geoparquet"] = write_geoparquet
WRITERS["xlsx (beidou)"] = write_xlsx
WRITERS["dbf (beidou)"] = write_dbf
WRITERS["trajectory-netcdf"] = write_trajectories


def write_sample(sample: Sample, path: Path, records: int) -> tuple[str, dict]:
    """Seeded lines, over and over: reading does not get faster by that."""
    lines = sample.lines(min(records, BATCH))
    body = b"\n".join([*lines, b""])
    with path.open("wb") as file:
        file.write(sample.header.encode())
        for _ in range(records // len(lines)):
            file.write(body)
        file.write(b"".join(x + b"\n" for x in lines[: records % len(lines)]))
    return sample.reader, sample.options


def measure(name: str, path: str, small: str, options: dict, workers: int) -> dict:
    """Read a file in this process; the small one before compiles the kernels."""
    from oceandata.readers import reader

    known = reader(name)
    for _ in known.batches(small, workers=workers, block_bytes=1 << 16, **options):
        pass  # several blocks, so that all kernels are compiled
    before = resource.getrusage(resource.RUSAGE_SELF)
    wall, counts = time.perf_counter(), [0, 0, 0]
    for batch in known.batches(path, workers=workers, **options):
        counts[0] += len(batch.columns)
        counts[1] += len(batch.rejected)
        counts[2] += sum(batch.others.values())
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {
        "counts": counts,
        "wall": time.perf_counter() - wall,
        "cpu": cpu,
        "memory": (after.ru_maxrss - before.ru_maxrss) / 1024,
        "total": after.ru_maxrss / 1024,
    }


def run(name: str, folder: Path, records: int, workers: int) -> dict:
    """Write and read one format in a fresh process."""
    path, small = folder / "all.dat", folder / "small.dat"
    if name in WRITERS:
        kind, options = WRITERS[name](path, records)
        WRITERS[name](small, SMALL)
    else:
        kind, options = write_sample(SAMPLES[name], path, records)
        write_sample(SAMPLES[name], small, SMALL)
    task = json.dumps([kind, str(path), str(small), options, workers])
    found = subprocess.run(
        [sys.executable, __file__, "--task", task], capture_output=True, text=True
    )
    if found.returncode:
        raise RuntimeError(f"{name}: {found.stderr[-2000:]}")
    result = json.loads(found.stdout.splitlines()[-1])
    result["bytes"] = path.stat().st_size
    if sum(result["counts"]) != records:
        raise AssertionError(f"{name}: {result['counts']} of {records} records")
    path.unlink()
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=400_000)
    parser.add_argument("--only", default="", help="formats, with commas")
    parser.add_argument("--quick", action="store_true", help="20,000 records")
    parser.add_argument("--task", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.task:
        print(json.dumps(measure(*json.loads(given.task))))
        return 0
    records = 20_000 if given.quick else given.records
    names = given.only.split(",") if given.only else [*SAMPLES, *WRITERS]
    cores = len(os.sched_getaffinity(0))
    print(
        f"{records:,} records a format, one thread; {cores} threads in the last column"
    )
    print(
        "\n| format | MB | records/s of CPU | MB/s | rows kept | peak MiB more |",
        end="",
    )
    print(f" records/s, {cores} threads |\n|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            one = run(name, Path(folder), records, 1)
            all_ = run(name, Path(folder), records, cores)
            size = one["bytes"] / 1e6
            print(
                f"| {name} | {size:.0f} | {records / one['cpu']:,.0f} | "
                f"{size / one['cpu']:,.0f} | {one['counts'][0]:,} | "
                f"{one['memory']:.0f} | {records / all_['wall']:,.0f} |",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
