"""CSV after RFC 4180 in UTF-8, with a JSON file beside it that says what it holds."""

from __future__ import annotations

import csv
import io
import itertools
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv
import xarray as xr

from oceandata import schema
from oceandata.errors import SchemaError
from oceandata.products import columnar, masking, origin, rights, select
from oceandata.products.atomic import replacing
from oceandata.products.guard import exporter
from oceandata.products.prepare import plain_attrs

_ROWS = 1 << 20
_BESIDE = ("crs",)


@exporter("csv")
def to_csv(
    data: Any,
    path: str | os.PathLike,
    *,
    cells: str = "all",
    comments: bool = False,
    byte_order_mark: bool = False,
    title: str | None = None,
    license: str | None = None,
    provenance: Mapping[str, Any] | None = None,
    identities: str = "refuse",
    pseudonym_key: bytes | str | os.PathLike | None = None,
    confidential: str = "withhold",
    sources: Iterable[Mapping[str, Any]] = (),
    override_license: str | Sequence[str] | None = None,
) -> Path:
    """Write a table, or a grid cell by cell, as CSV and return its path.

    Beside ``hours.csv`` stands ``hours.csv.json``: columns with their units, title,
    licence and provenance. Both appear when both are complete.

    Parameters
    ----------
    data : DataFrame, or Dataset
        A grid gives one row a cell (class, month, lon, lat, values), longitude
        running fastest; tracks one row a fix; events and stations one row each.
    path : path
    cells : {"all", "filled"}
        ``"filled"`` leaves out the cells of a grid in which every value is zero or
        missing and nothing is withheld.
    comments : bool
        Begin with lines ``# column: unit, meaning``. RFC 4180 knows no comments:
        readers have to be told (``pandas.read_csv(..., comment="#")``).
    byte_order_mark : bool
        Begin with the mark by which Excel knows UTF-8; without it Chinese names are
        garbled there.
    title, license : str, optional
        For the JSON file.

    The others are those of :func:`oceandata.to_netcdf`.

    Returns
    -------
    Path

    Raises
    ------
    ConfidentialError, LicenseError
        As :func:`oceandata.to_netcdf`.
    SchemaError
        The grid has no longitude and latitude, or no variable on them.

    Notes
    -----
    Lines end with CR LF, fields are quoted where they must be, a missing value is an
    empty field, times are ISO 8601 in UTC. Numbers have as many digits as give the
    same bits back. Memory: a million rows at a time.

    Examples
    --------
    >>> import pandas as pd, tempfile
    >>> frame = pd.DataFrame({"port": ["青岛", "Busan, KR"], "calls": [12, 7]})
    >>> path = to_csv(frame, tempfile.mkdtemp() + "/ports.csv")
    >>> path.read_bytes().decode().split("\\r\\n")
    ['port,calls', '青岛,12', '"Busan, KR",7', '']
    """
    if cells not in ("all", "filled"):
        raise ValueError(f'cells must be "all" or "filled", got {cells!r}')
    record, terms = rights.cleared(
        data,
        provenance=provenance,
        sources=sources,
        override_license=override_license,
    )
    if _is_grid(data):
        masking.require_releasable(data, confidential=confidential)
        attrs = data.attrs
        first, batches = _grid_batches(_as_dataset(data), cells)
    else:
        table, attrs = columnar.table_of(
            data,
            name=Path(path).name,
            identities=identities,
            key=pseudonym_key,
            confidential=confidential,
        )
        first, batches = table, _slices(table)
    attrs = attrs if confidential == "allow" else masking.public_attrs(attrs)
    about = {"title": title or attrs.get("title"), "license": license}
    about = {name: text for name, text in about.items() if text}
    told = _told(path, first, attrs | terms | about, record)
    with ExitStack() as stack:
        beside = stack.enter_context(replacing(f"{Path(path)}.json"))
        beside.write_text(
            json.dumps(told, indent=1, ensure_ascii=False) + "\n", "utf-8"
        )
        part = stack.enter_context(replacing(path))
        with open(part, "wb") as stream:
            stream.write(b"\xef\xbb\xbf" if byte_order_mark else b"")
            stream.write(_comments(first) if comments else b"")
            stream.write(_line(first.schema.names))
            for table in batches:
                _write(table, stream)
    return Path(path)


def _slices(table: pa.Table) -> Iterator[pa.Table]:
    """Parts of a table; a column of whole seconds is shown in seconds throughout."""
    for index, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type):
            ticks = table[index].cast(pa.timestamp("us")).cast(pa.int64())
            whole = pc.multiply(pc.divide(ticks, 10**6), 10**6)
            if pc.all(pc.equal(ticks, whole)).as_py() in (True, None):
                seconds = table[index].cast(pa.timestamp("s", tz="UTC"))
                table = table.set_column(index, field.name, seconds)
    for start in range(0, table.num_rows, _ROWS >> 3):
        yield table.slice(start, _ROWS >> 3)


def _is_grid(data: Any) -> bool:
    if columnar.is_table(data):
        return False
    if isinstance(data, xr.DataArray):
        return True
    return isinstance(data, xr.Dataset) and schema.kind_of(data) == "grid"


def _as_dataset(data: xr.Dataset | xr.DataArray) -> xr.Dataset:
    if isinstance(data, xr.Dataset):
        return data
    return data.rename(data.name or "value").to_dataset(promote_attrs=True)


def _told(path, table: pa.Table, attrs: Mapping, record: Mapping) -> dict[str, Any]:
    kept = {k: v for k, v in plain_attrs(attrs).items() if k != "provenance"}
    return {
        "file": Path(path).name,
        "columns": columnar.told_of(table),
        "attributes": origin.plain(kept),
        "provenance": origin.plain(record),
    }


def _grid_batches(ds: xr.Dataset, cells: str) -> tuple[pa.Table, Iterator[pa.Table]]:
    """An empty table with the columns, and the tables of all rows in order."""
    names = [
        str(name)
        for name, each in ds.data_vars.items()
        if {"lat", "lon"} <= set(each.dims) and name not in _BESIDE
    ]
    if not names:
        raise SchemaError(
            f"no variable lies on lat and lon; found {sorted(map(str, ds.data_vars))}"
        )
    dims = tuple(str(dim) for dim in ds[names[0]].dims if dim not in ("lat", "lon"))
    other = [name for name in names if set(ds[name].dims) != {*dims, "lat", "lon"}]
    if other:
        raise SchemaError(
            f"{other[0]} has dimensions {ds[other[0]].dims}, {names[0]} has "
            f"{ds[names[0]].dims}: write them to files of their own"
        )
    grids = {name: ds[name].transpose(*dims, "lat", "lon") for name in names}
    labels = {dim: _labels(ds, dim) for dim in (*dims, "lon", "lat")}
    tables = _grid_tables(grids, labels, dims, cells)
    empty = _grid_table(grids, labels, dims, (0,) * len(dims), slice(0, 0), "all")
    return empty, tables


def _grid_tables(grids, labels, dims, cells) -> Iterator[pa.Table]:
    some = next(iter(grids.values()))
    step = max(1, _ROWS // some.sizes["lon"])
    for index in itertools.product(*(range(some.sizes[dim]) for dim in dims)):
        for start in range(0, some.sizes["lat"], step):
            rows = slice(start, start + step)
            yield _grid_table(grids, labels, dims, index, rows, cells)


def _labels(ds: xr.Dataset, dim: str) -> pa.Array:
    """Coordinates as text, written once: exact numbers, ISO times, names."""
    values = ds[dim].values if dim in ds.coords else np.arange(ds.sizes[dim])
    if values.dtype.kind == "f":
        return pa.array([repr(float(value)) for value in values])
    return pa.array([select.label_of(value) for value in values], pa.string())


def _grid_table(grids, labels, dims, index, rows: slice, cells: str) -> pa.Table:
    at = dict(zip(dims, index, strict=True))
    values = {n: np.asarray(g.isel(at)[rows].values) for n, g in grids.items()}
    shape = next(iter(values.values())).shape
    flat = {name: each.ravel() for name, each in values.items()}
    keep = np.arange(shape[0] * shape[1])
    if cells == "filled":
        filled = [np.nan_to_num(each) != 0 for each in flat.values()]
        keep = np.flatnonzero(np.logical_or.reduce(filled))
    y, x = np.divmod(keep, max(shape[1], 1))
    columns = {
        dim: labels[dim].take(pa.array(np.full(keep.size, at[dim]))) for dim in dims
    }
    columns["lon"] = labels["lon"].take(pa.array(x))
    columns["lat"] = labels["lat"].take(pa.array(y + (rows.start or 0)))
    for name, each in flat.items():
        columns[name] = pa.array(each[keep], from_pandas=True)
    fields = [_field(name, column, grids) for name, column in columns.items()]
    return pa.Table.from_arrays([*columns.values()], schema=pa.schema(fields))


def _field(name: str, column: pa.Array, grids: Mapping) -> pa.Field:
    some = next(iter(grids.values()))
    attrs = grids[name].attrs if name in grids else {}
    if name in some.coords and name not in grids:
        attrs = some[name].attrs
    units = {"lon": "degrees_east", "lat": "degrees_north"}
    told = {"units": units[name], "type": "double"} if name in units else {}
    keys = ("units", "long_name", "standard_name", "cell_methods", "flag_meanings")
    told |= {key: columnar.text_of(attrs[key]) for key in keys if key in attrs}
    return pa.field(name, column.type, metadata=told or None)


def _comments(table: pa.Table) -> bytes:
    """A line for each column: its unit and what it means."""
    lines = []
    for column in columnar.told_of(table):
        told = [column.get("units", ""), column.get("long_name", "")]
        text = ", ".join(filter(None, told)) or column["type"]
        lines.append(f"# {column['name']}: {' '.join(text.split())}\r\n")
    return "".join(lines).encode()


def _line(cells: Iterable[Any]) -> bytes:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\r\n").writerow(cells)
    return stream.getvalue().encode()


def _write(table: pa.Table, stream: Any) -> None:
    """Rows as lines; Arrow writes them unless a text has to be quoted."""
    table = pa.table([_shown(c) for c in table.columns], names=table.schema.names)
    if any(_needs_quotes(column) for column in table.columns):
        columns = [column.cast(pa.string()).to_pylist() for column in table.columns]
        stream.writelines(_line(row) for row in zip(*columns, strict=True))
        return
    options = arrow_csv.WriteOptions(include_header=False, quoting_style="none")
    for batch in table.to_batches(max_chunksize=_ROWS):
        sink = pa.BufferOutputStream()
        arrow_csv.write_csv(pa.Table.from_batches([batch]), sink, options)
        stream.write(sink.getvalue().to_pybytes().replace(b"\n", b"\r\n"))


def _shown(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Times as ISO 8601 with Z, in the unit of their column; all else unchanged."""
    kind = column.type
    if pa.types.is_timestamp(kind):
        times = column.cast(pa.timestamp("us")).to_numpy(zero_copy_only=False)
        texts = np.datetime_as_string(times.astype("M8[us]"), unit=kind.unit)
        shown = pa.array(np.char.add(texts, "Z").astype(object), pa.string())
        empty = pa.array(np.isnat(times))
        return pa.chunked_array(
            [pc.if_else(empty, pa.scalar(None, pa.string()), shown)]
        )
    if pa.types.is_duration(kind):
        return pc.divide(column.cast(pa.int64()).cast(pa.float64()), 1e6)
    if pa.types.is_string(kind) or pa.types.is_primitive(kind):
        return column
    return pa.chunked_array(
        [pa.array([_text(v) for v in column.to_pylist()], pa.string())]
    )


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _needs_quotes(column: pa.ChunkedArray) -> bool:
    if not pa.types.is_string(column.type):
        return False
    return bool(pc.any(pc.match_substring_regex(column, '[\r\n",]')).as_py())
