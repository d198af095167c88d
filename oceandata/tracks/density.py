"""Vessel density: hours, kilometres and passages per cell of a grid.

Each segment between two successive fixes is shared among the cells it crosses, in
whole microseconds or millimetres, so that what is exported, withheld, off the grid and
over the gap limit sums to the total exactly. The method, with its equations, is told
in ``docs/explanation/vessel-hours.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import xarray as xr

from oceandata.engines import memory_budget, pieces_of, run
from oceandata.errors import BudgetError, SchemaError
from oceandata.tracks.cells import (
    CellRequest,
    CellState,
    cell_reduction,
    cell_request,
)
from oceandata.tracks.classes import SHIP_CLASSES
from oceandata.units import Duration
from oceankernels.tiles import spread


@dataclass(frozen=True)
class _Measure:
    """How an integer sum is shown: name, unit, and integers per unit."""

    name: str
    units: str
    per_unit: float
    suffix: str
    quantum: str
    long_name: str
    cell_methods: str = "area: sum time: sum"


HOURS = _Measure(
    "vessel_hours", "h", 3.6e9, "us", "1 us", "hours that vessels spent in the cell"
)
KILOMETRES = _Measure(
    "vessel_distance", "km", 1e6, "mm", "1 mm", "distance that vessels sailed in it"
)
TRANSITS = _Measure(
    "transit_counts", "1", 1.0, "transits", "1", "passages of vessels through the cell"
)


def vessel_hours(
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
    """Hours that vessels spend in each cell of a grid.

    The time between two successive fixes is spread evenly along the path between
    them. Cells in which fewer than `min_vessels` distinct vessels were are withheld.

    Parameters
    ----------
    tracks : Dataset (trajectory, obs), Store or Selection
        Fixes ordered in time. Of a Store only the vessels that may touch the grid's
        box are read, and the totals are those of what was read; pass
        ``store.select()`` to account for the whole store.
    grid : RegularGrid
        From :func:`oceandata.regular_grid`; may lie across the dateline or wrap.
    path : {"lonlat", "great_circle"}
        Straight in longitude and latitude, the short way around, or the shortest way
        on the sphere. The two give different cells; the choice is recorded.
    gap : str or timedelta
        Time between longer spaced fixes is not on the map but counted as over gap.
    by : some of "class", "month"
        Ship class (AIS type, thirteen classes) and UTC month; sums over the others.
    min_vessels : int
        1 withholds nothing, and says so in the product.
    skip_quality : tuple of int
        Fixes with these flags are left out before segments form: the next good fix
        joins. Suspect fixes (3) stay unless named.
    engine, workers, progress
        See :func:`oceandata.engines.run`; they never change a bit of the result.

    Returns
    -------
    Dataset ([ship_class,] [month,] lat, lon)
        ``vessel_hours`` (float64, h): 0 where no vessel was, NaN where withheld;
        ``withheld`` (int8). Attributes carry the account in whole microseconds:
        ``exported_us + withheld_us + off_grid_us + over_gap_us == total_us``.

    Raises
    ------
    ValueError
        All faults of the parameters in one message.
    SchemaError
        Fixes out of order in time, or a Dataset that is not tracks.
    BudgetError
        The dense product would not fit in memory.

    Notes
    -----
    A share is round(t_k dt) - round(t_(k-1) dt), t_k the path parameter of the k-th
    crossing, so that shares sum to dt. Cost: O(segments + crossings) time, 40 bytes
    an occupied cell a worker.

    References
    ----------
    Amanatides and Woo (1987), A fast voxel traversal algorithm for ray tracing,
    Eurographics 87, https://doi.org/10.2312/egtp.19871000.

    Examples
    --------
    >>> import oceandata as od
    >>> import numpy as np, xarray as xr
    >>> ds = xr.Dataset(
    ...     {
    ...         "row_size": ("trajectory", [2]),
    ...         "mmsi": ("trajectory", [412000001]),
    ...         "lon": ("obs", [120.1, 120.5]),
    ...         "lat": ("obs", [35.25, 35.25]),
    ...         "time": ("obs", np.array(["2024-01-01T00", "2024-01-01T02"], "M8[us]")),
    ...     },
    ...     coords={"trajectory_id": ("trajectory", ["AIS-412000001"])},
    ... )
    >>> ds["row_size"].attrs["sample_dimension"] = "obs"
    >>> ds["trajectory_id"].attrs["cf_role"] = "trajectory_id"
    >>> grid = od.regular_grid((120, 35, 121, 36), step=0.5)
    >>> hours = od.vessel_hours(ds, grid=grid, by=(), min_vessels=1)
    >>> hours["vessel_hours"].values.tolist()
    [[2.0, 0.0], [0.0, 0.0]]
    """
    request = cell_request(
        grid, quantity="time", path=path, gap=gap, by=by,
        min_vessels=min_vessels, skip_quality=skip_quality,
    )  # fmt: skip
    return product(tracks, request, HOURS, engine, workers, progress)


def vessel_distance(
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
    """Kilometres that vessels sail in each cell of a grid.

    As :func:`vessel_hours` with the great-circle distance between two fixes, in whole
    millimetres, in place of the time; it is spread evenly along the named path. A
    vessel that lies still is in no cell.

    Parameters
    ----------
    tracks, grid, path, gap, by, min_vessels, skip_quality, engine, workers, progress
        See :func:`vessel_hours`.

    Returns
    -------
    Dataset ([ship_class,] [month,] lat, lon)
        ``vessel_distance`` (float64, km) and ``withheld``; the account in the
        attributes is in millimetres (``total_mm`` …).
    """
    request = cell_request(
        grid, quantity="distance", path=path, gap=gap, by=by,
        min_vessels=min_vessels, skip_quality=skip_quality,
    )  # fmt: skip
    return product(tracks, request, KILOMETRES, engine, workers, progress)


def product(tracks, request, measure, engine, workers, progress) -> xr.Dataset:
    """The labelled product of a request; of a Store the grid's box is read."""
    if not hasattr(tracks, "pieces") and hasattr(tracks, "select"):
        tracks = tracks.select(box=request.grid.box)
    reduction = cell_reduction(request, _Finalize(request, measure))
    pieces = pieces_of(tracks)
    return run(reduction, pieces, engine=engine, workers=workers, progress=progress)


@dataclass(frozen=True)
class _Finalize:
    """From the integers to the labelled product; an object, so that it pickles."""

    request: CellRequest
    measure: _Measure

    def __call__(self, state: CellState) -> xr.Dataset:
        return self.assemble(iter([state]))

    def assemble(self, states: Iterator[CellState]) -> xr.Dataset:
        """The product of parts that come in turn; the first has the sums over all."""
        request, measure = self.request, self.measure
        state = next(states)
        months, first_month = _months(state, request)
        shape = (
            len(SHIP_CLASSES) if "class" in request.by else 1,
            len(months) if "month" in request.by else 1,
            *request.grid.shape,
        )
        _check_size(shape, months, request)
        value, withheld = np.zeros(shape), np.zeros(shape, np.int8)
        sums = np.zeros(3, object)  # exported, withheld, cells withheld
        few: set[int] = set()
        for part in chain([state], states):
            few |= _vessels_withheld(part.cells, request.vessels_kept)
            sums += spread(
                part.cells, value, withheld, first_month, request.vessels_kept,
                measure.per_unit,
            )  # fmt: skip
        keep = ("class" in request.by, "month" in request.by, True, True)
        index = tuple(slice(None) if kept else 0 for kept in keep)
        names = ("ship_class", "month", "lat", "lon")
        dims = tuple(n for n, kept in zip(names, keep, strict=True) if kept)
        ds = xr.Dataset(
            {
                measure.name: (dims, value[index], _attributes(measure)),
                "withheld": (dims, withheld[index], _withheld_attributes(request)),
            },
            _coordinates(request, months),
            _account(state, request, measure, *sums),
        )
        if request.vessels_kept:
            # few vessels in all withheld cells together: their sum would tell of them
            ds.attrs["withheld_vessels"] = min(len(few), request.min_vessels)
        return ds


def _vessels_withheld(cells: Any, least: int) -> set[int]:
    """Distinct vessels of all withheld cells together, at most `least` of them."""
    if not least or not cells.vessels.size:
        return set()
    keys = cells.vessels[cells.vessels[:, least - 1] == 0]
    return set(np.unique(keys[keys > 0])[:least].tolist())


def _months(state: CellState, request: CellRequest) -> tuple[np.ndarray, int]:
    """All months from the first to the last fix, and the number of the first."""
    if "month" not in request.by:
        return np.array([], "M8[M]"), 0
    if state.first_time > state.last_time:
        raise SchemaError("no fix has a position, a time and an accepted quality")
    ends = np.array([state.first_time, state.last_time], "M8[us]").astype("M8[M]")
    first, last = (int(value) for value in ends.astype(np.int64))
    return np.arange(first, last + 1).astype("M8[M]"), first


def _check_size(shape, months, request: CellRequest) -> None:
    need, budget = 9 * int(np.prod(shape, dtype=object)), memory_budget()
    if need > budget:
        parts = " x ".join(
            f"{n:,} {name}"
            for n, name in zip(
                shape, ("classes", "months", "rows", "columns"), strict=True
            )
            if n > 1
        )
        raise BudgetError(
            f"the product of {parts} takes {need / 2**30:.3g} GiB and "
            f"{budget / 2**30:.3g} GiB may be used; take a smaller box, a larger step, "
            "fewer dimensions in by=, or one period after the other"
        )


def _attributes(measure: _Measure) -> dict[str, str]:
    return {
        "long_name": measure.long_name,
        "units": measure.units,
        "cell_methods": measure.cell_methods,
        "grid_mapping": "crs",
        "quantum": measure.quantum,
        "ancillary_variables": "withheld",
    }


def _withheld_attributes(request: CellRequest) -> dict[str, Any]:
    return {
        "long_name": f"fewer than {request.min_vessels} distinct vessels in the cell",
        "flag_values": np.array([0, 1], np.int8),
        "flag_meanings": "exported withheld",
        "grid_mapping": "crs",
    }


def _coordinates(request: CellRequest, months: np.ndarray) -> dict[str, Any]:
    grid = request.grid
    coordinates: dict[str, Any] = {}
    if "class" in request.by:
        coordinates["ship_class"] = (
            "ship_class",
            np.array(SHIP_CLASSES, object),
            {"long_name": "ship class of EMODnet vessel density maps"},
        )
    if "month" in request.by:
        coordinates["month"] = (
            "month",
            months.astype("M8[us]"),
            {"long_name": "start of the UTC month", "standard_name": "time"},
        )
    for axis, edges, name, units in (
        ("lat", grid.lat_edges, "latitude", "degrees_north"),
        ("lon", grid.lon_edges, "longitude", "degrees_east"),
    ):
        attributes = {"standard_name": name, "units": units, "bounds": f"{axis}_bounds"}
        attributes["axis"] = "Y" if axis == "lat" else "X"
        coordinates[axis] = (axis, getattr(grid, axis), attributes)
        bounds = np.stack([edges[:-1], edges[1:]], axis=1)
        coordinates[f"{axis}_bounds"] = ((axis, "bounds"), bounds)
    coordinates["crs"] = (
        (),
        np.int32(0),
        {
            "grid_mapping_name": "latitude_longitude",
            "semi_major_axis": 6378137.0,
            "inverse_flattening": 298.257223563,
            "longitude_of_prime_meridian": 0.0,
        },
    )
    return coordinates


def _account(state, request, measure, exported, kept_back, n_cells) -> dict[str, Any]:
    """Attributes of the product: parameters and the exact account."""
    parts = {
        "exported": exported,
        "withheld": kept_back,
        "off_grid": state.off_grid,
        "over_gap": state.over_gap,
    }
    if sum(parts.values()) != state.total:
        raise AssertionError(f"{parts} do not sum to {state.total}")
    account = {f"{name}_{measure.suffix}": str(n) for name, n in parts.items()}
    return {
        "title": measure.long_name[0].upper() + measure.long_name[1:],
        f"total_{measure.suffix}": str(state.total),
        **account,
        "withheld_cells": n_cells,
        "min_vessels": request.min_vessels,
        "path": request.path,
        "gap": f"{request.gap_us} us",
        "by": " ".join(request.by),
        "skip_quality": ", ".join(str(flag) for flag in request.skip_quality),
        "quantum": measure.quantum,
        "overflow_bound": f"total < 2^63 {measure.suffix}, checked at every sum",
        "grid": str(request.grid),
        **state.counts,
    }
