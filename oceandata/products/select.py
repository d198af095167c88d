"""Picking the one gridded variable that a map or a raster shows."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from oceandata.errors import SchemaError
from oceandata.products import masking

_BESIDE = frozenset({"withheld", "crs"})


def picked(data: xr.Dataset | xr.DataArray, variable: str | None) -> xr.Dataset:
    """A Dataset with the chosen variable, its flags, bounds and attributes.

    The chosen variable is named in ``attrs["picked"]``.
    """
    if isinstance(data, xr.DataArray):
        name = str(data.name or "value")
        ds = data.rename(name).to_dataset(promote_attrs=True)
    else:
        name, ds = _choice(data, variable), data
    missing = {"lon", "lat"} - set(ds[name].dims)
    if missing:
        raise SchemaError(
            f"{name} has dimensions {ds[name].dims}; expected lat and lon among them"
        )
    return ds.assign_attrs(picked=name)


def _choice(ds: xr.Dataset, variable: str | None) -> str:
    if variable is not None:
        if variable not in ds.data_vars:
            raise SchemaError(
                f"variable {variable!r} is missing; found: {sorted(ds.data_vars)}"
            )
        return variable
    found = [
        str(name)
        for name, each in ds.data_vars.items()
        if {"lat", "lon"} <= set(each.dims) and name not in _BESIDE
    ]
    if len(found) != 1:
        raise SchemaError(
            f"expected one variable on (lat, lon), found {found or 'none'}; "
            "name it with variable="
        )
    return found[0]


def leading(array: xr.DataArray) -> list[str]:
    """Dimensions other than lat and lon."""
    return [str(dim) for dim in array.dims if dim not in ("lat", "lon")]


def label_of(value: Any) -> str:
    """One coordinate value in words: months as 2024-03, times as ISO."""
    value = np.asarray(value)[()]
    if isinstance(value, np.datetime64):
        day = value.astype("datetime64[D]")
        if day != value:
            return str(value.astype("datetime64[s]"))
        month = day.astype("datetime64[M]")
        return str(month if month == day else day)
    return str(value)


def hidden_cells(ds: xr.Dataset, values: xr.DataArray) -> xr.DataArray | None:
    """Cells that are wholly withheld: flagged, and without a released value."""
    flags = masking.withheld_of(ds)
    if flags is None or set(flags.dims) != set(values.dims):
        return None
    flags = flags.transpose(*values.dims)
    return (flags > 0) & ~(values > 0)
