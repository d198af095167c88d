"""Box, period and variables of a labelled dataset, from its coordinates and words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from oceandata.catalogue.entries import Box, Field
from oceandata.catalogue.extent import lon_range

if TYPE_CHECKING:
    import xarray as xr

_ATTRS = (
    "geospatial_lon_min",
    "geospatial_lat_min",
    "geospatial_lon_max",
    "geospatial_lat_max",
)


def grid_box(ds: xr.Dataset) -> Box | None:
    """Box of the cells of a grid, or of its positions; None if it has none."""
    if all(name in ds.attrs for name in _ATTRS):
        return tuple(float(ds.attrs[name]) for name in _ATTRS)
    if not {"lon", "lat"} <= set(ds.variables):
        return None
    lon, lat = (np.asarray(ds[n].values, float).ravel() for n in ("lon", "lat"))
    lon, lat = lon[np.isfinite(lon)], lat[np.isfinite(lat)]
    if not lon.size or not lat.size:
        return None
    regular = [ds[n].ndim == 1 and n in ds.dims for n in ("lon", "lat")]
    half = [_half(v) if r else 0.0 for v, r in zip((lon, lat), regular, strict=True)]
    south = max(float(lat.min()) - half[1], -90.0)
    north = min(float(lat.max()) + half[1], 90.0)
    if regular[0] and lon.size * 2 * half[0] >= 360 - 1e-9:
        return -180.0, south, 180.0, north
    low, high = lon - half[0], lon + half[0]
    if low.min() >= -180 and high.max() <= 180 and high.max() - low.min() <= 180:
        return float(low.min()), south, float(high.max()), north
    turned = (lon + 180) % 360 - 180
    west, east = lon_range(np.column_stack([turned, turned]))
    return _wrap(west - half[0]), south, _wrap(east + half[0]), north


def grid_times(ds: xr.Dataset) -> tuple[Any, Any]:
    """First and last time, from the coordinate or from the words; None if unknown."""
    if "time" in ds.variables and ds["time"].dtype.kind == "M" and ds["time"].size:
        times = ds["time"].values
        times = times[~np.isnat(times)].astype("M8[us]")
        if times.size:
            return times.min(), times.max()
    ends = [ds.attrs.get(f"time_coverage_{end}") for end in ("start", "end")]
    if not all(ends):
        return None, None
    start, stop = (np.datetime64(str(t).removesuffix("Z"), "us") for t in ends)
    return start, stop


def fields_of(ds: xr.Dataset) -> tuple[Field, ...]:
    """Variables with their units, without coordinates, bounds and mappings."""
    skip = {v.attrs.get("bounds") for v in ds.variables.values()}
    skip |= {v.attrs.get("grid_mapping") for v in ds.variables.values()}
    found = []
    for name, variable in ds.data_vars.items():
        if name in skip:
            continue
        attrs = variable.attrs
        units = str(attrs.get("units", "")).strip()
        found.append(
            Field(
                str(name),
                "" if units == "1" else units,
                str(attrs.get("long_name", "")),
                str(attrs.get("standard_name", "")),
            )
        )
    return tuple(found)


def _half(values: np.ndarray) -> float:
    """Half a cell of an axis."""
    if values.size < 2:
        return 0.0
    return float(np.abs(np.diff(values)).min()) / 2


def _wrap(lon: float) -> float:
    return (lon + 180) % 360 - 180
