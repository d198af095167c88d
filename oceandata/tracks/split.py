"""Cut trajectories where the record is interrupted."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from oceandata.tracks.ranges import fixes_of, map_ranges
from oceandata.units import Duration, distance_m, duration_us
from oceankernels import tracks as kernels

if TYPE_CHECKING:
    import xarray as xr


def split_tracks(
    tracks: xr.Dataset,
    *,
    gap: Duration = "6h",
    distance: str | None = "50km",
    skip_failed: bool = True,
    engine: str = "threads",
    workers: int | None = None,
) -> xr.Dataset:
    """Cut trajectories at gaps in time and at jumps in distance.

    A cut lies before a fix that comes more than ``gap`` after, or more than
    ``distance`` from, the usable fix before it. All fixes stay, in their order.

    Parameters
    ----------
    tracks : Dataset (trajectory, obs)
        Needs ``time``, ``lon``, ``lat`` (degrees), ``row_size``, ``trajectory_id``;
        time must not decrease within a trajectory.
    gap : duration
        Such as ``"6h"``; a step of exactly this long is not cut.
    distance : str or None
        Such as ``"50km"`` or ``"27nmi"``; None cuts at gaps in time only.
    skip_failed : bool
        Fixes whose ``quality`` is fail or missing neither cut nor are measured from;
        they stay in the piece they stand in. Without effect if there is no ``quality``.
    engine : "threads"
        Where it runs; the result does not depend on it.
    workers : int, optional
        Threads; by default all that this process may use.

    Returns
    -------
    Dataset (trajectory, obs)
        The pieces of a trajectory that was cut are called "<id>/1", "<id>/2", …; one
        that was not cut keeps its id, so that splitting twice changes nothing. Other
        variables of the trajectory are repeated. Attributes say what was cut:
        ``split_gap``, ``split_distance``, ``splits``, ``splits_by_gap`` and
        ``splits_by_distance`` (a cut may count in both).

    Raises
    ------
    SchemaError
        All faults of the input in one message.
    ValueError
        ``gap`` or ``distance`` is not a duration or distance.
    """
    gap_us = duration_us(gap, name="gap")
    jump = math.inf if distance is None else distance_m(distance, name="distance")
    starts, fixes = fixes_of(tracks, skip_failed=skip_failed, where="split_tracks")
    marks = np.empty(tracks.sizes["obs"], np.uint8)
    map_ranges(
        lambda first, last: kernels.cuts(
            starts, first, last, fixes, gap_us, jump, marks
        ),
        starts,
        engine=engine,
        workers=workers,
    )
    report = {
        "split_gap": str(gap),
        "split_distance": "none" if distance is None else distance,
        "splits": int(np.count_nonzero(marks)),
        "splits_by_gap": int(np.count_nonzero(marks & 1)),
        "splits_by_distance": int(np.count_nonzero(marks & 2)),
    }
    return _cut(tracks, starts, np.flatnonzero(marks), report)


def _cut(
    tracks: xr.Dataset, starts: np.ndarray, rows: np.ndarray, report: dict[str, Any]
) -> xr.Dataset:
    """Pieces between the trajectories' starts and the rows to cut before."""
    n = tracks.sizes["trajectory"]
    owner = np.searchsorted(starts, rows, side="right") - 1
    pieces = 1 + np.bincount(owner, minlength=n)
    parent = np.repeat(np.arange(n), pieces)
    first_piece = np.cumsum(pieces) - pieces
    number = np.arange(parent.size) - first_piece[parent]
    begins = starts[:-1][parent]
    begins[number > 0] = rows
    ends = np.append(begins, starts[-1])[1:]
    out = tracks.isel(trajectory=parent)
    out["row_size"] = out["row_size"].copy(data=ends - begins)
    if "trajectory_id" in tracks.variables:
        out["trajectory_id"] = out["trajectory_id"].copy(
            data=_piece_ids(out["trajectory_id"].values, pieces[parent], number)
        )
    return out.assign_attrs(report)


def _piece_ids(ids: np.ndarray, pieces: np.ndarray, number: np.ndarray) -> np.ndarray:
    named = [
        f"{name}/{k + 1}" if count > 1 else name
        for name, count, k in zip(ids.tolist(), pieces, number, strict=True)
    ]
    return np.array(named, ids.dtype if ids.dtype.kind == "O" else None)
