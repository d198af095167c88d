"""Hand-made tracks for the raster tests: arrays in, kernel out, nothing else."""

from __future__ import annotations

import numpy as np

from oceandata.engines import TrackArrays
from oceankernels import raster
from oceankernels.tiles import AREA, MONTH_ZERO, SHIFT, empty_tiles, grown, occupied

DAY = 86_400_000_000
HOUR = DAY // 24
START = 1_706_000_000_000_000  # 2024-01-23T08:53:20
ALL_TIME = np.array([-(2**63) + 1, 2**63 - 1], np.int64)


def track_arrays(tracks, *, carried=None, ship_type=None) -> TrackArrays:
    """Of a list of (vessel, [(time, lon, lat, quality), …])."""
    rows = [fix for _, fixes in tracks for fix in fixes]
    n, t = len(rows), len(tracks)
    time, lon, lat, quality = zip(*rows, strict=True) if rows else ((), (), (), ())
    return TrackArrays(
        row_size=np.array([len(fixes) for _, fixes in tracks], "i8"),
        vessel=np.array([vessel for vessel, _ in tracks], "i8"),
        ship_type=np.array(ship_type if ship_type is not None else [-1] * t, "i2"),
        carried=np.array(carried if carried is not None else [0] * t, "i1"),
        time=np.array(time, "i8"),
        lon=np.array(lon, "f8"),
        lat=np.array(lat, "f8"),
        sog=np.full(n, np.nan, "f4"),
        cog=np.full(n, np.nan, "f4"),
        nav_status=np.full(n, 15, "i1"),
        quality=np.array(quality, "i1"),
    )


def segments(lon0, lat0, lon1, lat1, dt) -> raster.Fixes:
    """Each segment a trajectory of its own, of vessel 1."""
    n = len(lon0)
    return raster.Fixes(
        np.full(n, 2), np.ones(n, "i8"), np.zeros(n, "i8"), np.zeros(n, "i1"),
        np.stack([np.full(n, START), START + dt], 1).ravel(),
        np.stack([lon0, lon1], 1).ravel(), np.stack([lat0, lat1], 1).ravel(),
        np.full(2 * n, 2, "i1"),
    )  # fmt: skip


def cell_sums(fixes, grid, *, path="lonlat", quantity=raster.TIME, gap=HOUR * 6):
    """(ny, nx) integer amounts of all months and groups, and the sums of the run."""
    plan = raster.Plan(
        quantity, path == "great_circle", gap, (1 << 4) | (1 << 9), ALL_TIME, 0
    )
    tiles, run = empty_tiles(3, 8), raster.new_run()
    while need := raster.accumulate(fixes, grid.lattice, plan, tiles, run):
        tiles = grown(tiles, need)
    return dense(occupied(tiles), grid), run.sums


def dense(cells, grid):
    """(ny, nx) amounts summed over groups and months, unpacked in NumPy."""
    out = np.zeros(grid.shape, np.int64)
    tile, place = cells.key // AREA, cells.key % AREA
    row = ((tile >> 16) & 0xFFFF) * (1 << SHIFT) + place // (1 << SHIFT)
    column = (tile & 0xFFFF) * (1 << SHIFT) + place % (1 << SHIFT)
    np.add.at(out, (row, column), cells.amount)
    return out


def by_cell(cells):
    """{(group, month, column, row): (amount, {smallest vessels})}."""
    out = {}
    for key, amount, held in zip(*cells, strict=True):
        tile, place = int(key) // AREA, int(key) % AREA
        where = (
            tile >> 48,
            ((tile >> 32) & 0xFFFF) - MONTH_ZERO,
            (tile & 0xFFFF) * 16 + place % 16,
            ((tile >> 16) & 0xFFFF) * 16 + place // 16,
        )
        out[where] = int(amount), {2**63 - 1 - int(v) for v in held if v}
    return out
