"""``python -m oceandata.job.warm``: compile the kernels before many ranks need them.

A tiny sea goes the whole way from files to maps, so that every kernel on that way is
compiled with the types it will meet, into ``NUMBA_CACHE_DIR`` (give each node a folder
of its own) or beside the modules.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

POSITIONS = 4000


def warm() -> float:
    """Compile the kernels; seconds it took.

    Examples
    --------
    >>> warm()  # doctest: +SKIP
    41.3
    """
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="oceandata-warm-") as folder:
        _tiny_sea(Path(folder))
    return time.perf_counter() - start


def _tiny_sea(folder: Path) -> None:
    """Simulate, ingest, compact, clean, count; all on one thread."""
    import oceandata as od

    sea = od.simulate_sea(folder / "sea", positions=POSITIONS, seed=1, days=2)
    store = od.create_store(folder / "warm.store")
    for path in sea.files:  # each a commit, so that there is something to merge
        store.ingest([path], workers=1)
    store.compact()
    store = od.open_store(folder / "warm.store")
    tracks = store.open()
    od.track_speed(tracks)
    od.track_course(tracks)
    od.track_length(tracks)
    grid = od.regular_grid((117, 31, 127, 41), step=0.1)
    selection = store.select(box=grid.box, period=("2000-01-01", "2100-01-01"))
    prepared = od.prepare_tracks(selection, od.clean_tracks, od.split_tracks)
    for source in (selection, prepared):
        od.vessel_hours(source, grid=grid, workers=1)
    for path in ("lonlat", "great_circle"):
        od.vessel_hours(selection, grid=grid, path=path, by=(), workers=1)
        od.vessel_distance(selection, grid=grid, path=path, min_vessels=1, workers=1)
        od.transit_counts(selection, grid=grid, path=path, workers=1)


if __name__ == "__main__":
    took = warm()
    place = os.environ.get("NUMBA_CACHE_DIR", "beside the modules")
    print(f"kernels compiled in {took:.1f} s; cache: {place}", flush=True)
