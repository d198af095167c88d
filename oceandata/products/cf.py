"""From a dataset in memory to one that says everything CF-1.11 asks for.

Grids get axis attributes, bounds, a grid mapping and monotonic longitudes; classes
become flagged integers with their labels beside them; times become whole numbers in
the coarsest unit that holds them exactly. Values of data variables are not changed.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import xarray as xr

from oceandata.products.origin import as_json

EPOCH = "1970-01-01T00:00:00Z"
_UNITS = (
    ("days", 86_400_000_000),
    ("hours", 3_600_000_000),
    ("seconds", 1_000_000),
    ("milliseconds", 1_000),
    ("microseconds", 1),
)
_AXES: dict[str, dict[str, str]] = {
    "lon": {
        "standard_name": "longitude",
        "long_name": "Longitude of the cell centre",
        "units": "degrees_east",
        "axis": "X",
    },
    "lat": {
        "standard_name": "latitude",
        "long_name": "Latitude of the cell centre",
        "units": "degrees_north",
        "axis": "Y",
    },
}


def cf_grid(ds: xr.Dataset) -> xr.Dataset:
    """A regular grid as CF wants it.

    Longitudes that cross the dateline are continued past 180 (179.5, 180.5 …), since
    a coordinate variable has to be monotonic.
    """
    ds = ds.drop_encoding().copy()
    for name in ("lon", "lat"):
        ds = _with_axis(ds, name)
    ds = _with_crs(ds)
    for name in list(ds.dims):
        if name in ds.coords and is_text(ds[name]):
            ds = _with_labels(ds, str(name))
    ds = _with_months(ds)
    if "withheld" in ds.data_vars:
        ds = _with_withheld(ds)
    return encode_times(ds)


def continued(lon: np.ndarray) -> np.ndarray:
    """Longitudes made monotonic by whole turns: 179.5, -179.5 -> 179.5, 180.5.

    The first value stays. Values that already increase stay bit by bit.

    Examples
    --------
    >>> continued(np.array([179.25, 179.75, -179.75])).tolist()
    [179.25, 179.75, 180.25]
    >>> continued(np.array([179.5, -179.5])).tolist()
    [179.5, 180.5]
    """
    lon = np.asarray(lon, dtype=float)
    step = np.diff(lon)
    if np.all(step > 0) or np.all((step < 0) & (step > -180)):
        return lon
    turns = np.concatenate([[0.0], np.cumsum(step < -180.0)])
    return lon + 360.0 * turns


def edges_of(ds: xr.Dataset | xr.DataArray, name: str) -> np.ndarray:
    """Edges (n + 1,) of the cells along `name`, from the bounds or from the centres.

    Longitudes are continued across the dateline.
    """
    centre = np.asarray(ds[name].values, dtype=float)
    if name == "lon":
        centre = continued(centre)
    bounds = _bounds_of(ds, name)
    if bounds is not None:
        near = _near(bounds, centre) if name == "lon" else bounds
        near = np.sort(near, axis=1) if centre[0] <= centre[-1] else -np.sort(-near)
        if np.allclose(near[1:, 0], near[:-1, 1], rtol=0, atol=1e-9):
            return np.append(near[:, 0], near[-1, 1])
    if centre.size < 2:
        raise ValueError(
            f"{name} has one cell and no bounds: its width is unknown; add "
            f"{name}_bounds ({name}, bnds)"
        )
    middle = 0.5 * (centre[1:] + centre[:-1])
    first, last = 2 * centre[0] - middle[0], 2 * centre[-1] - middle[-1]
    edges = np.concatenate([[first], middle, [last]])
    return np.clip(edges, -90.0, 90.0) if name == "lat" else edges


def _bounds_of(ds: xr.Dataset | xr.DataArray, name: str) -> np.ndarray | None:
    wanted = ds[name].attrs.get("bounds", f"{name}_bounds")
    for key in (wanted, f"{name}_bounds", f"{name}_bnds"):
        held = key in getattr(ds, "variables", ()) or key in ds.coords
        if held and ds[key].dims[:1] == (name,) and ds[key].ndim == 2:
            return np.asarray(ds[key].values, dtype=float)
    return None


def _near(bounds: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """Bounds moved by whole turns to the side of their centres."""
    turns = np.round((centre[:, None] - bounds) / 360.0)
    return bounds + 360.0 * turns


def _with_axis(ds: xr.Dataset, name: str) -> xr.Dataset:
    kept = {"standard_name", "long_name", "units", "axis"}
    attrs = {k: v for k, v in ds[name].attrs.items() if k not in kept}
    attrs = _AXES[name] | attrs
    if ds[name].ndim == 0:
        attrs.pop("axis", None)
        attrs.pop("bounds", None)
        ds[name].attrs = attrs
        return ds
    edges = edges_of(ds, name)
    centre = np.asarray(ds[name].values, dtype=float)
    centre = continued(centre) if name == "lon" else centre
    old = [key for key in (f"{name}_bounds", f"{name}_bnds") if key in ds.variables]
    ds = ds.drop_vars(old)
    attrs["bounds"] = f"{name}_bounds"
    ds = ds.assign_coords({name: (name, centre, attrs)})
    pairs = np.stack([edges[:-1], edges[1:]], axis=1)
    ds[f"{name}_bounds"] = ((name, "bnds"), pairs)
    return ds


def _with_crs(ds: xr.Dataset) -> xr.Dataset:
    for variable in ds.variables.values():
        variable.attrs.pop("grid_mapping", None)
    if "crs" not in ds.variables or "grid_mapping_name" not in ds["crs"].attrs:
        from pyproj import CRS

        ds = ds.drop_vars("crs", errors="ignore")
        attrs = CRS.from_epsg(4326).to_cf() | {"epsg_code": "EPSG:4326"}
        ds["crs"] = ((), np.int32(0), attrs)
    elif "crs" in ds.coords:
        ds = ds.reset_coords("crs")
    ds["crs"].attrs.setdefault("long_name", "Coordinate reference system")
    for name, variable in ds.data_vars.items():
        if {"lat", "lon"} <= set(variable.dims) and name != "crs":
            variable.attrs["grid_mapping"] = "crs"
    return ds


def is_text(array: xr.DataArray | np.ndarray) -> bool:
    """Whether an array holds strings."""
    kind = getattr(array.dtype, "kind", "O")
    if kind in "UST":
        return True
    if kind != "O":
        return False
    return all(isinstance(value, str) for value in np.ravel(array.values))


def word(text: str) -> str:
    """One word of ``flag_meanings``: what CF does not allow becomes ``_``."""
    return re.sub(r"[^A-Za-z0-9_.+@-]+", "_", text).strip("_") or "unnamed"


def _with_labels(ds: xr.Dataset, name: str) -> xr.Dataset:
    """Replace a text index by flagged integers; keep the texts as labels beside it."""
    texts = [str(text) for text in ds[name].values]
    codes = np.arange(len(texts), dtype="i2")
    title = ds[name].attrs.get("long_name", name.replace("_", " ").capitalize())
    meanings = " ".join(word(text) for text in texts)
    attrs = {"long_name": title, "flag_values": codes, "flag_meanings": meanings}
    labels = np.array(texts, dtype=object)
    ds = ds.assign_coords({name: (name, codes, attrs)})
    return ds.assign_coords(
        {f"{name}_name": (name, labels, {"long_name": f"{title}, label"})}
    )


def _with_months(ds: xr.Dataset) -> xr.Dataset:
    """Give ``month`` the attributes of a time axis and the bounds of its months."""
    if "month" not in ds.coords or ds["month"].dtype.kind != "M":
        return ds
    attrs = {"standard_name": "time", "long_name": "Start of the month, UTC"}
    if ds["month"].ndim == 0:
        ds["month"].attrs = attrs
        return ds
    start = ds["month"].values.astype("datetime64[us]")
    attrs["axis"] = "T"
    ds = ds.drop_vars("month_bounds", errors="ignore")
    months = start.astype("datetime64[M]")
    whole = np.array_equal(months.astype("datetime64[us]"), start)
    if whole:
        attrs["bounds"] = "month_bounds"
    ds = ds.assign_coords(month=("month", start, attrs))
    if whole:
        pairs = np.stack([months, months + 1], axis=1).astype("datetime64[us]")
        ds["month_bounds"] = (("month", "bnds"), pairs)
    for variable in ds.data_vars.values():
        methods = variable.attrs.get("cell_methods", "")
        if "time" not in ds.variables and "time: " in methods:
            variable.attrs["cell_methods"] = methods.replace("time: ", "month: ")
    return ds


def _with_withheld(ds: xr.Dataset) -> xr.Dataset:
    flags = ds["withheld"]
    if flags.dtype.kind == "b":
        ds["withheld"] = flags.astype("i1")
        flags = ds["withheld"]
    flags.attrs.setdefault("long_name", "Cells withheld for confidentiality")
    if flags.dtype.itemsize == 1:
        flags.attrs["flag_values"] = np.array([0, 1], dtype=flags.dtype)
        flags.attrs.setdefault("flag_meanings", "released withheld")
        flags.attrs.pop("units", None)
    for name, variable in ds.data_vars.items():
        if name != "withheld" and variable.dims == flags.dims:
            variable.attrs["ancillary_variables"] = "withheld"
    return ds


def encode_times(ds: xr.Dataset) -> xr.Dataset:
    """Turn datetimes into integers since 1970 in the coarsest exact unit.

    A variable and its bounds share one unit. NaT becomes the fill value in data
    variables and is refused in coordinates.
    """
    done: set[str] = set()
    for name in list(ds.variables):
        variable = ds.variables[name]
        if variable.dtype.kind != "M" or name in done:
            continue
        bounds = variable.attrs.get("bounds")
        group = [name, *([bounds] if bounds in ds.variables else [])]
        ticks = {key: _ticks(ds.variables[key].values) for key in group}
        unit, divisor = _coarsest(list(ticks.values()))
        for key, (count, missing) in ticks.items():
            ds = _with_ticks(ds, key, count // divisor, missing, f"{unit} since")
            done.add(key)
        if len(group) > 1:
            ds[bounds].attrs.clear()
    return ds


def _ticks(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    missing = np.isnat(values)
    count = values.astype("datetime64[us]").astype(np.int64)
    return np.where(missing, 0, count), missing


def _coarsest(groups: list[tuple[np.ndarray, np.ndarray]]) -> tuple[str, int]:
    for unit, divisor in _UNITS[:-1]:
        if all(not (count % divisor).any() for count, _ in groups):
            return unit, divisor
    return _UNITS[-1]


def _with_ticks(ds, name, count, missing, unit):
    variable = ds.variables[name]
    attrs = dict(variable.attrs)
    attrs |= {
        "units": f"{unit} {EPOCH}",
        "calendar": "proleptic_gregorian",
        "units_metadata": "leap_seconds: none",
    }
    if missing.any():
        if name in ds.coords:
            raise ValueError(
                f"{name} has {int(missing.sum()):,} missing times; a coordinate needs "
                "every value: drop those rows first"
            )
        attrs["_FillValue"] = np.int64(np.iinfo(np.int64).min)
        count = np.where(missing, attrs["_FillValue"], count)
    if name in ds.coords:
        return ds.assign_coords({name: (variable.dims, count, attrs)})
    return ds.assign({name: (variable.dims, count, attrs)})


def plain_attr(value: Any) -> Any:
    """An attribute as netCDF can hold it; None when there is nothing to hold."""
    if value is None or (isinstance(value, str) and not value):
        return None
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, str | int | float | np.number):
        return as_text_if_wide(value)
    if isinstance(value, np.ndarray) and value.dtype.kind in "iuf":
        return value
    if isinstance(value, list | tuple) and value:
        array = np.asarray(value)
        if array.ndim == 1 and array.dtype.kind in "iuf":
            return array
    if isinstance(value, np.datetime64):
        return str(value)
    return as_json({"": value})[4:-1]


def as_text_if_wide(value: Any) -> Any:
    """Integers beyond 64 bits as text, all else unchanged."""
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return str(value)
    return value
