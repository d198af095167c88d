"""Work on one dataset in memory: ranges of trajectories, a thread for each.

Kernels release the GIL and write disjoint rows of shared arrays, so the result has the
same bits for any number of workers.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from oceandata.engines import default_workers
from oceandata.errors import EngineError, SchemaError
from oceandata.schema import VARIABLES
from oceankernels.ragged import offsets
from oceankernels.tracks import Fixes, first_disorder

if TYPE_CHECKING:
    import xarray as xr

ROWS = 65_536
"""A thread is not worth starting for fewer rows."""


def map_ranges(
    work: Callable[[int, int], None],
    starts: np.ndarray,
    *,
    engine: str,
    workers: int | None,
) -> None:
    """Call ``work(first, last)`` for ranges of trajectories that cover them all.

    ``starts`` (t + 1,) are row offsets; ranges hold about the same number of rows.
    """
    if engine != "threads":
        raise EngineError(
            "a dataset in memory is worked on by engine='threads'; got "
            f"{engine!r}. Other engines take pieces of a store (vessel_hours)"
        )
    if workers is not None and workers < 1:
        raise EngineError(f"workers must be at least 1, got {workers}")
    workers = workers or default_workers()
    n_rows = int(starts[-1])
    n_ranges = max(1, min(4 * workers, -(-n_rows // ROWS))) if workers > 1 else 1
    wanted = np.linspace(0, n_rows, n_ranges + 1)[1:-1]
    edges = np.searchsorted(starts, wanted, side="left")
    edges = np.unique(np.concatenate([[0], edges, [starts.size - 1]]))
    ranges = list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))
    if workers == 1 or len(ranges) < 2:
        for first, last in ranges:
            work(first, last)
        return
    with ThreadPoolExecutor(min(workers, len(ranges))) as pool:
        list(pool.map(lambda span: work(*span), ranges))


def fixes_of(
    tracks: xr.Dataset, *, skip_failed: bool = False, where: str
) -> tuple[np.ndarray, Fixes]:
    """Row offsets (t + 1,) and fixes of a dataset, after checks of its structure.

    Values out of range are no fault here: cleaning is what finds them.
    """
    faults = _structure_faults(tracks)
    if faults:
        raise SchemaError(faults, where=where)
    starts = offsets(np.ascontiguousarray(tracks["row_size"].values, np.int64))
    time = _contiguous(tracks, "time", "M8[us]").view(np.int64)
    quality = np.empty(0, np.int8)
    if skip_failed and "quality" in tracks.variables:
        quality = _contiguous(tracks, "quality", np.int8)
    row = int(first_disorder(starts, time))
    if row >= 0:
        raise SchemaError(
            f"time must not decrease within a trajectory; it does at obs={row:,}. "
            "Sort the fixes of each trajectory by time",
            where=where,
        )
    lon = _contiguous(tracks, "lon", np.float64)
    lat = _contiguous(tracks, "lat", np.float64)
    return starts, Fixes(time, lon, lat, quality)


def _contiguous(tracks: xr.Dataset, name: str, dtype: type | str) -> np.ndarray:
    return np.ascontiguousarray(tracks[name].values, dtype)


def _structure_faults(tracks: xr.Dataset) -> list[str]:
    faults = []
    for name in ("row_size", "time", "lon", "lat"):
        declared = VARIABLES[name]
        if name not in tracks.variables:
            dims = ", ".join(declared.dims)
            faults.append(f"variable {name!r} ({dims}) is missing")
        elif tracks[name].dims != declared.dims:
            faults.append(
                f"{name} must have dims {declared.dims}, got {tracks[name].dims}"
            )
        elif tracks[name].dtype.kind not in declared.kind:
            faults.append(
                f"{name} must be of kind {declared.kind!r}, got {tracks[name].dtype}"
            )
    if not faults:
        sizes = tracks["row_size"].values
        if (sizes < 0).any():
            faults.append(f"row_size must not be negative; the least is {sizes.min()}")
        elif int(sizes.sum()) != tracks.sizes["obs"]:
            faults.append(
                f"row_size sums to {int(sizes.sum()):,}, but obs has "
                f"{tracks.sizes['obs']:,}"
            )
    return faults
