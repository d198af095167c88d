"""Every exporter on one month of a 0.05° grid: CPU seconds, peak memory, file size.

    python benchmarks/bench_products.py            # the globe: 7200 × 3600 cells
    python benchmarks/bench_products.py --quick    # 1440 × 720 cells

Each runs in a process of its own; the memory is how far its peak lies above what the
process held before the export, with the libraries loaded and the grid made. Tables of
events have as many rows as the quick grid has cells. What was written is read back and
compared.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import xarray as xr

GLOBE, QUICK = (7200, 3600), (1440, 720)
ROWS = QUICK[0] * QUICK[1]
EXPORTS = {
    "NetCDF": ("to_netcdf", "g.nc", {}),
    "Zarr": ("to_zarr", "g.zarr", {}),
    "GeoTIFF (COG)": ("to_geotiff", "g.tif", {"variable": "vessel_hours"}),
    "CSV, filled cells": ("to_csv", "f.csv", {"cells": "filled"}),
    "CSV, all cells": ("to_csv", "g.csv", {}),
    "map, English": ("plot_map", "m.png", {}),
    "map, Chinese": ("plot_map", "z.png", {"language": "zh"}),
    "GeoParquet, points": ("to_geoparquet", "p.parquet", {}),
    "GeoParquet, points, native": (
        "to_geoparquet",
        "n.parquet",
        {"encoding": "native"},
    ),
    "CSV, table": ("to_csv", "t.csv", {}),
}
OF_ROWS = ("GeoParquet, points", "GeoParquet, points, native", "CSV, table")


def grid(nx: int, ny: int) -> xr.Dataset:
    """One month of hours: a fifth of the cells filled, few of them withheld."""
    rng = np.random.default_rng(1)
    hours = np.zeros((ny, nx))
    filled = rng.random((ny, nx)) < 0.2
    hours[filled] = rng.integers(1, 3_600_000_000, filled.sum()) / 3.6e9
    withheld = (filled & (rng.random((ny, nx)) < 0.1)).astype("i1")
    hours[withheld > 0] = np.nan
    lon = -180 + 360 * (np.arange(nx) + 0.5) / nx
    lat = -90 + 180 * (np.arange(ny) + 0.5) / ny
    attrs = {"long_name": "hours that vessels spent in the cell", "units": "h"}
    return xr.Dataset(
        {
            "vessel_hours": (("lat", "lon"), hours, attrs),
            "withheld": (("lat", "lon"), withheld),
        },
        {"lat": lat, "lon": lon, "month": np.datetime64("2024-03-01", "us")},
        {"min_vessels": 3, "withheld_cells": int(withheld.sum())},
    )


def table():
    """Events in a table: time, position, kind, duration."""
    import pandas as pd

    rng = np.random.default_rng(2)
    start = np.datetime64("2024-03-01", "us") + rng.integers(0, 10**12, ROWS)
    return pd.DataFrame(
        {
            "start": start,
            "lon": rng.uniform(117, 127, ROWS).round(5),
            "lat": rng.uniform(31, 41, ROWS).round(5),
            "kind": np.array(["stop", "encounter"], object)[rng.integers(0, 2, ROWS)],
            "hours": rng.uniform(0, 9, ROWS).astype("f4"),
        }
    )


def memory(field: str, *, fresh: bool = False) -> float:
    """MiB that the process holds (VmRSS) or held at most (VmHWM); Linux only."""
    if fresh:  # the peak begins anew
        Path("/proc/self/clear_refs").write_text("5")
    lines = Path("/proc/self/status").read_text().splitlines()
    line = next(each for each in lines if each.startswith(field))
    return int(line.split()[1]) / 1024


def one(name: str, shape: tuple[int, int], folder: Path) -> dict:
    """Run one export in this process, measured, and check what it wrote."""
    from oceandata import products

    function, file, given = EXPORTS[name]
    write = getattr(products, function)
    data = table() if name in OF_ROWS else grid(*shape)
    small = table().head(50) if name in OF_ROWS else grid(36, 18)
    write(small, folder / f"warm-{file}", **given)
    before, held = resource.getrusage(resource.RUSAGE_SELF), memory("VmRSS", fresh=True)
    wall = time.perf_counter()
    path = write(data, folder / file, **given)
    wall = time.perf_counter() - wall
    after, peak = resource.getrusage(resource.RUSAGE_SELF), memory("VmHWM")
    files = [p for p in path.rglob("*") if p.is_file()] if path.is_dir() else [path]
    check(name, path, data)
    return {
        "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "wall": wall,
        "memory": peak - held,
        "size": sum(each.stat().st_size for each in files) / 2**20,
        "files": len(files),
    }


def check(name: str, path: Path, data) -> None:
    """What was written is what was given; maps are looked at, not compared."""
    import pyarrow.csv
    import pyarrow.parquet

    if name in ("NetCDF", "Zarr"):
        engine = {"NetCDF": "netcdf4", "Zarr": "zarr"}[name]
        with xr.open_dataset(path, engine=engine) as back:
            found = back["vessel_hours"].values
        np.testing.assert_array_equal(found, data["vessel_hours"].values)
    elif name.startswith("GeoTIFF"):
        import rasterio

        with rasterio.open(path) as back:
            wanted = data["vessel_hours"].values[::-1]
            np.testing.assert_array_equal(back.read(1), wanted)
    elif name.startswith("CSV"):
        found = pyarrow.csv.read_csv(path)
        column = "hours" if name in OF_ROWS else "vessel_hours"
        values = np.asarray(data[column], dtype=float)
        told = found[column].to_numpy()
        np.testing.assert_allclose(np.nansum(told), np.nansum(values), rtol=1e-6)
    elif name.startswith("GeoParquet"):
        found = pyarrow.parquet.read_table(path)
        np.testing.assert_array_equal(found["lon"].to_numpy(), data["lon"].to_numpy())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a coarser grid")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    options = parser.parse_args()
    shape = QUICK if options.quick else GLOBE
    if options.one:
        print(json.dumps(one(options.one, shape, Path(options.folder))))
        return 0
    print(f"Grid {shape[0]:,} × {shape[1]:,} cells; tables of {ROWS:,} rows.\n")
    print("| product | CPU s | wall s | memory MiB | size MiB | files |")
    print("|---|---|---|---|---|---|")
    for name in EXPORTS:
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, __file__, "--one", name, "--folder", folder]
            command += ["--quick"] if options.quick else []
            done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            sys.stderr.write(done.stderr)
            return 1
        told = json.loads(done.stdout.splitlines()[-1])
        print(
            f"| {name} | {told['cpu']:.1f} | {told['wall']:.1f} | {told['memory']:.0f} "
            f"| {told['size']:.1f} | {told['files']} |",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
