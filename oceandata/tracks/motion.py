"""How vessels move: speed, course and length from successive fixes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from oceandata.tracks.ranges import fixes_of, map_ranges
from oceankernels import tracks as kernels

if TYPE_CHECKING:
    import xarray as xr


def track_speed(
    tracks: xr.Dataset,
    *,
    skip_failed: bool = True,
    engine: str = "threads",
    workers: int | None = None,
) -> xr.DataArray:
    """Speed over ground between successive fixes of each trajectory.

    Great-circle distance (haversine, sphere of 6 371 008.8 m) over time; the value
    stands at the later fix.

    Parameters
    ----------
    tracks : Dataset (trajectory, obs)
        Needs ``time``, ``lon``, ``lat`` (degrees), ``row_size``; time must not decrease
        within a trajectory.
    skip_failed : bool
        Pass over fixes whose ``quality`` is fail or missing: they get NaN, and the next
        fix is measured from the one before them. Without effect if there is no
        ``quality``.
    engine : "threads"
        Where it runs; the bits do not depend on it.
    workers : int, optional
        Threads; by default all that this process may use.

    Returns
    -------
    DataArray (obs)
        Knots. NaN at the first usable fix of each trajectory, where a fix has no
        position or time, and where no time passed since the fix before.

    Raises
    ------
    SchemaError
        All faults of the input in one message.

    Notes
    -----
    The dateline is crossed the short way. Cost: O(n).

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> tracks = xr.Dataset(
    ...     {"row_size": ("trajectory", [2])},
    ...     {
    ...         "time": ("obs", np.array(["2024-01-01T00", "2024-01-01T01"], "M8[us]")),
    ...         "lon": ("obs", [122.0, 122.0]),
    ...         "lat": ("obs", [36.0, 36.2]),
    ...     },
    ... )
    >>> track_speed(tracks).round(3).values
    array([   nan, 12.008])
    """
    values = _per_fix(
        kernels.speeds, "track_speed", tracks, skip_failed, engine, workers
    )
    attrs = {
        "long_name": "Speed over ground from the previous fix",
        "standard_name": "platform_speed_wrt_ground",
        "units": "knot",
    }
    return _label(tracks, values, "obs", "speed", attrs)


def track_course(
    tracks: xr.Dataset,
    *,
    skip_failed: bool = True,
    engine: str = "threads",
    workers: int | None = None,
) -> xr.DataArray:
    """Course over ground between successive fixes of each trajectory.

    Initial bearing of the great circle from the fix before; the value stands at the
    later fix.

    Parameters
    ----------
    tracks : Dataset (trajectory, obs)
        Needs ``time``, ``lon``, ``lat`` (degrees), ``row_size``; time must not decrease
        within a trajectory.
    skip_failed, engine, workers
        As in :func:`track_speed`.

    Returns
    -------
    DataArray (obs)
        Degrees clockwise from true north, [0, 360). NaN at the first usable fix of each
        trajectory, where a fix has no position or time, and where the vessel did not
        move.

    Raises
    ------
    SchemaError
        All faults of the input in one message.
    """
    values = _per_fix(
        kernels.courses, "track_course", tracks, skip_failed, engine, workers
    )
    attrs = {
        "long_name": "Course over ground from the previous fix, from true north",
        "standard_name": "platform_course",
        "units": "degree",
    }
    return _label(tracks, values, "obs", "course", attrs)


def track_length(
    tracks: xr.Dataset,
    *,
    skip_failed: bool = True,
    engine: str = "threads",
    workers: int | None = None,
) -> xr.DataArray:
    """Length of each trajectory.

    Sum of the great-circle distances between successive fixes, in their order.

    Parameters
    ----------
    tracks : Dataset (trajectory, obs)
        Needs ``time``, ``lon``, ``lat`` (degrees), ``row_size``; time must not decrease
        within a trajectory.
    skip_failed, engine, workers
        As in :func:`track_speed`.

    Returns
    -------
    DataArray (trajectory)
        Metres. Zero for a trajectory with fewer than two usable fixes, never NaN.

    Raises
    ------
    SchemaError
        All faults of the input in one message.
    """
    starts, fixes = fixes_of(tracks, skip_failed=skip_failed, where="track_length")
    values = np.zeros(tracks.sizes["trajectory"])
    map_ranges(
        lambda first, last: kernels.lengths(starts, first, last, fixes, values),
        starts,
        engine=engine,
        workers=workers,
    )
    attrs = {"long_name": "Length of the path through the fixes", "units": "m"}
    return _label(tracks, values, "trajectory", "length", attrs)


def _per_fix(
    kernel: Callable,
    name: str,
    tracks: xr.Dataset,
    skip_failed: bool,
    engine: str,
    workers: int | None,
) -> np.ndarray:
    starts, fixes = fixes_of(tracks, skip_failed=skip_failed, where=name)
    values = np.empty(tracks.sizes["obs"])
    map_ranges(
        lambda first, last: kernel(starts, first, last, fixes, values),
        starts,
        engine=engine,
        workers=workers,
    )
    return values


def _label(
    tracks: xr.Dataset, values: np.ndarray, dim: str, name: str, attrs: dict
) -> xr.DataArray:
    """A result with the coordinates it belongs to."""
    import xarray as xr

    wanted = ("time", "lon", "lat") if dim == "obs" else ("trajectory_id",)
    coords = {c: tracks[c].variable for c in wanted if c in tracks.variables}
    return xr.DataArray(values, dims=dim, coords=coords, name=name, attrs=attrs)
