"""Labelled data as one Arrow table: the rows of a CSV or GeoParquet file.

Times are UTC, missing numbers are null, and every column keeps its attributes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import xarray as xr

from oceandata import schema
from oceandata.errors import SchemaError
from oceandata.products import masking
from oceandata.products.prepare import identified

_UTC = pa.timestamp("us", tz="UTC")
_KEPT = ("units", "long_name", "standard_name", "flag_values", "flag_meanings")


def is_table(data: Any) -> bool:
    """Whether `data` is a DataFrame, of pandas or geopandas."""
    return hasattr(data, "columns") and hasattr(data, "itertuples")


def table_of(
    data: Any, *, name: str, identities: str, key: Any, confidential: str
) -> tuple[pa.Table, dict[str, Any]]:
    """Rows of a DataFrame, of events, stations or of the fixes of tracks.

    Returns
    -------
    table : pyarrow.Table
    attrs : dict
        Attributes of `data`.

    Raises
    ------
    ConfidentialError
        The rows would reveal single vessels and that was not asked for by name.
    SchemaError
        A Dataset has more than one dimension and is no tracks.
    """
    if not isinstance(data, xr.Dataset):
        masking.require_releasable(data, confidential=confidential)
        return frame_table(data), dict(getattr(data, "attrs", {}))
    if schema.kind_of(data) == "tracks":
        ds = identified(data, name, identities, key)
        return fixes_table(ds), dict(ds.attrs)
    masking.require_releasable(data, confidential=confidential)
    return flat_table(data), dict(data.attrs)


def frame_table(frame: Any) -> pa.Table:
    """A DataFrame without its index; naive times are UTC."""
    columns, fields = [], []
    for name in frame.columns:
        column = frame[name]
        if str(getattr(column, "dtype", "")) == "geometry":
            continue
        array = pa.Array.from_pandas(column)
        if pa.types.is_timestamp(array.type):
            array = array.cast(_UTC)
        columns.append(array)
        fields.append(pa.field(str(name), array.type))
    return pa.Table.from_arrays(columns, schema=pa.schema(fields))


def flat_table(ds: xr.Dataset) -> pa.Table:
    """Variables of a dataset of one dimension, coordinates first."""
    dims = [dim for dim in ds.dims if ds.sizes[dim] or len(ds.dims) == 1]
    if len(dims) != 1:
        raise SchemaError(
            f"a table has one dimension; this dataset has {tuple(ds.dims)}: select or "
            "write it as NetCDF"
        )
    names = [*ds.coords, *ds.data_vars]
    taken = {
        str(name): (ds[name].values, ds[name].attrs)
        for name in names
        if ds[name].dims == tuple(dims)
    }
    return _table(taken)


def fixes_table(ds: xr.Dataset) -> pa.Table:
    """One row a fix; what belongs to a trajectory is repeated on each of its fixes."""
    rows = np.repeat(np.arange(ds.sizes["trajectory"]), ds["row_size"].values)
    taken = {}
    for name in ["trajectory_id", "time", "lon", "lat", *ds.variables]:
        if name in taken or name == "row_size" or name not in ds.variables:
            continue
        variable = ds[name]
        if variable.dims == ("trajectory",):
            taken[name] = (variable.values[rows], _attrs(variable))
        elif variable.dims == ("obs",):
            taken[name] = (variable.values, _attrs(variable))
    return _table(taken)


def _attrs(variable: xr.DataArray) -> dict[str, Any]:
    declared = str(variable.name) in schema.VARIABLES
    known = schema.attributes(str(variable.name)) if declared else {}
    return known | variable.attrs


def _table(taken: Mapping[str, tuple[np.ndarray, Mapping]]) -> pa.Table:
    columns, fields = [], []
    for name, (values, attrs) in taken.items():
        array = array_of(values)
        columns.append(array)
        told = {k: text_of(attrs[k]) for k in _KEPT if k in attrs}
        fields.append(pa.field(name, array.type, metadata=told or None))
    return pa.Table.from_arrays(columns, schema=pa.schema(fields))


def array_of(values: np.ndarray) -> pa.Array:
    """An Arrow array; NaN and NaT are null, naive times UTC, texts UTF-8."""
    values = np.asarray(values)
    if values.dtype.kind == "M":
        whole = values.astype("datetime64[us]")
        return pa.array(whole).cast(_UTC)
    if values.dtype.kind == "m":
        return pa.array(values.astype("timedelta64[us]"))
    if values.dtype.kind in "OUT":
        return pa.array([None if _is_nan(v) else str(v) for v in values], pa.string())
    return pa.array(values, from_pandas=True)


def _is_nan(value: Any) -> bool:
    return value is None or (isinstance(value, float) and np.isnan(value))


def text_of(value: Any) -> str:
    """An attribute in one line."""
    if isinstance(value, np.ndarray):
        return " ".join(str(item) for item in value.tolist())
    return str(value)


def told_of(table: pa.Table) -> list[dict[str, Any]]:
    """Name, type and attributes of every column, for a file beside the table."""
    return [
        {"name": field.name, "type": str(field.type)}
        | {k.decode(): v.decode() for k, v in (field.metadata or {}).items()}
        for field in table.schema
    ]
