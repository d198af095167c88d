"""Passages of vessels through the cells of a grid.

The count is defined on entries, so that it is additive over segments: a trajectory
counts one in the cell of its first fix, one in every cell that its path enters
afterwards, and one in the cell of the first fix after a gap. Staying in a cell, or
crossing a month in it, adds nothing; coming back adds one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import xarray as xr

from oceandata.tracks.cells import cell_request
from oceandata.tracks.density import TRANSITS, product
from oceandata.units import Duration


def transit_counts(
    tracks: Any,
    *,
    grid: Any,
    path: str = "lonlat",
    gap: Duration = "6h",
    by: tuple[str, ...] = ("class", "month"),
    min_vessels: int = 3,
    skip_quality: tuple[int, ...] = (4, 9),
    engine: str = "threads",
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> xr.Dataset:
    """Passages of vessels through each cell of a grid.

    A passage is a longest run of a trajectory within one cell, counted where and in
    the month when it begins; coming back later is another. A path that meets a corner
    exactly goes to the opposite cell and through neither neighbour; a fix on an edge
    is in the cell to the east or north.

    Parameters
    ----------
    tracks, grid, path, gap, by, min_vessels, skip_quality, engine, workers, progress
        See :func:`oceandata.vessel_hours`. Withheld is decided on the vessels that
        began a passage.

    Returns
    -------
    Dataset ([ship_class,] [month,] lat, lon)
        ``transit_counts`` (float64, whole numbers; NaN where withheld) and
        ``withheld`` (int8). Everything outside the grid is one cell:
        ``exported_transits + withheld_transits + off_grid_transits ==
        total_transits`` (``over_gap_transits`` is always 0).

    Raises
    ------
    ValueError, SchemaError, BudgetError
        As :func:`oceandata.vessel_hours`.

    Examples
    --------
    >>> import oceandata as od
    >>> import numpy as np, xarray as xr
    >>> ds = xr.Dataset(
    ...     {
    ...         "row_size": ("trajectory", [3]),
    ...         "mmsi": ("trajectory", [412000001]),
    ...         "lon": ("obs", [120.1, 120.7, 120.2]),
    ...         "lat": ("obs", [35.25, 35.3, 35.25]),
    ...         "time": ("obs", np.arange(3) * np.timedelta64(3600, "s")
    ...                  + np.datetime64("2024-01-01", "us")),
    ...     },
    ...     coords={"trajectory_id": ("trajectory", ["AIS-412000001"])},
    ... )
    >>> ds["row_size"].attrs["sample_dimension"] = "obs"
    >>> ds["trajectory_id"].attrs["cf_role"] = "trajectory_id"
    >>> grid = od.regular_grid((120, 35, 121, 36), step=0.5)
    >>> counts = od.transit_counts(ds, grid=grid, by=(), min_vessels=1)
    >>> counts["transit_counts"].values.tolist()
    [[2.0, 1.0], [0.0, 0.0]]
    """
    request = cell_request(
        grid, quantity="entries", path=path, gap=gap, by=by,
        min_vessels=min_vessels, skip_quality=skip_quality,
    )  # fmt: skip
    return product(tracks, request, TRANSITS, engine, workers, progress)
