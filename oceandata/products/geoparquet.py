"""GeoParquet 1.1: events as points, tracks as points or lines."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
import xarray as xr

from oceandata import schema
from oceandata.errors import SchemaError
from oceandata.products import columnar, lines, masking, origin, rights
from oceandata.products.atomic import replacing
from oceandata.products.guard import exporter
from oceandata.products.prepare import identified, plain_attrs

VERSION = "1.1.0"
COLUMN = "geometry"
_ROWS = 65_536
_KINDS = ("auto", "points", "lines")
# By the number that shapely gives them; rings are lines to everybody else.
_TYPES = (
    "Point",
    "LineString",
    "LineString",
    "Polygon",
    "MultiPoint",
    "MultiLineString",
    "MultiPolygon",
    "GeometryCollection",
)


@exporter("geoparquet")
def to_geoparquet(
    data: Any,
    path: str | os.PathLike,
    *,
    geometry: str = "auto",
    encoding: str = "WKB",
    title: str | None = None,
    license: str | None = None,
    provenance: Mapping[str, Any] | None = None,
    identities: str = "refuse",
    pseudonym_key: bytes | str | os.PathLike | None = None,
    confidential: str = "withhold",
    sources: Iterable[Mapping[str, Any]] = (),
    override_license: str | Sequence[str] | None = None,
) -> Path:
    """Write events or tracks as GeoParquet 1.1 and return the path.

    Parameters
    ----------
    data : DataFrame, GeoDataFrame, or Dataset
        A table with ``lon`` and ``lat``, or with a column ``geometry``; events;
        tracks.
    path : path
    geometry : {"auto", "points", "lines"}
        Of tracks: a point for each fix, or a line for each trajectory with its start,
        stop and number of fixes. ``"auto"`` is points.
    encoding : {"WKB", "native"}
        ``"native"`` keeps coordinates as numbers (GeoArrow), which compresses and
        filters better and is not as widely read.
    title, license : str, optional
        Written into the file's metadata.

    The others are those of :func:`oceandata.to_netcdf`.

    Returns
    -------
    Path

    Raises
    ------
    ConfidentialError, LicenseError
        As :func:`oceandata.to_netcdf`. Lines of single vessels need `identities` too.
    SchemaError
        There is no position, or the geometry is no table.

    Notes
    -----
    Longitude comes first; coordinates are OGC:CRS84. Every row has its extent in the
    column ``bbox``, by which readers skip what they do not need. A line over the
    dateline is cut there. A row without position has no geometry.

    Examples
    --------
    >>> import pandas as pd, tempfile
    >>> stops = pd.DataFrame({"lon": [120.3, 119.9], "lat": [36.1, 35.4]})
    >>> path = to_geoparquet(stops, tempfile.mkdtemp() + "/stops.parquet")
    >>> json.loads(pq.read_schema(path).metadata[b"geo"])["version"]
    '1.1.0'
    """
    _check(geometry, encoding)
    record, terms = rights.cleared(
        data,
        provenance=provenance,
        sources=sources,
        override_license=override_license,
    )
    protection = {
        "name": Path(path).name,
        "identities": identities,
        "key": pseudonym_key,
        "confidential": confidential,
    }
    if geometry == "lines":
        table, shapes, attrs = _lines(data, **protection)
    else:
        table, shapes, attrs = _points(data, **protection)
    attrs = attrs if confidential == "allow" else masking.public_attrs(attrs)
    about = {"title": title or attrs.get("title"), "license": license}
    about = {name: text for name, text in about.items() if text}
    kept = plain_attrs(attrs | terms | about)
    kept.pop("provenance", None)
    table, geo = _with_geometry(table, shapes, encoding)
    metadata = {
        "geo": json.dumps(geo),
        "oceandata": json.dumps(origin.plain(kept), ensure_ascii=False),
        "provenance": origin.as_json(record),
    }
    table = table.replace_schema_metadata(metadata)
    with replacing(path) as part:
        pq.write_table(table, part, compression="zstd", row_group_size=_ROWS)
    return Path(path)


def _check(geometry: str, encoding: str) -> None:
    if geometry not in _KINDS:
        raise ValueError(
            f"geometry must be one of {', '.join(_KINDS)}; got {geometry!r}"
        )
    if encoding not in ("WKB", "native"):
        raise ValueError(f'encoding must be "WKB" or "native", got {encoding!r}')


def _points(data: Any, **protection) -> tuple[pa.Table, np.ndarray, dict]:
    """Rows with one position each, or with geometries of their own."""
    given = _given_shapes(data)
    bare = data
    if given is not None:
        bare = data.drop(columns=data.geometry.name if _is_geo(data) else COLUMN)
    table, attrs = columnar.table_of(bare, **protection)
    if given is not None:
        return table, given, attrs
    missing = {"lon", "lat"} - set(table.column_names)
    if missing:
        raise SchemaError(
            f"a position needs the columns lon and lat; found {table.column_names}"
        )
    lon, lat = (
        np.asarray(table[name].to_numpy(zero_copy_only=False), dtype=float)
        for name in ("lon", "lat")
    )
    return table, lines.points_of(lon, lat), attrs


def _is_geo(data: Any) -> bool:
    return hasattr(data, "to_crs") and columnar.is_table(data)


def _given_shapes(data: Any) -> np.ndarray | None:
    """Geometries that the table brings, in degrees."""
    if _is_geo(data):
        if data.crs is None:
            raise SchemaError(
                "the GeoDataFrame has no coordinate system; call set_crs first"
            )
        return np.asarray(data.geometry.to_crs("OGC:CRS84").values, dtype=object)
    if columnar.is_table(data) and COLUMN in data.columns:
        return np.asarray(data[COLUMN].values, dtype=object)
    return None


def _lines(data: Any, *, name, identities, key, confidential):
    """One row a trajectory."""
    if not isinstance(data, xr.Dataset) or schema.kind_of(data) != "tracks":
        raise SchemaError('geometry="lines" needs tracks (trajectory, obs)')
    ds = identified(data, name, identities, key)
    size = ds["row_size"].values.astype(np.int64)
    lon, lat = (np.asarray(ds[n].values, dtype=float) for n in ("lon", "lat"))
    shapes = lines.lines_of(lon, lat, size)
    start = np.cumsum(size) - size
    time = np.append(ds["time"].values.astype("M8[us]"), np.datetime64("NaT"))
    held = size > 0
    none = np.datetime64("NaT", "us")
    taken = {
        "start": np.where(held, time[np.where(held, start, -1)], none),
        "stop": np.where(held, time[np.where(held, start + size - 1, -1)], none),
        "fixes": size,
    }
    per = xr.Dataset({n: ("event", v) for n, v in taken.items()})
    for each, variable in ds.variables.items():
        if variable.dims == ("trajectory",) and each != "row_size":
            per[str(each)] = ("event", variable.values, variable.attrs)
    return columnar.flat_table(per), shapes, dict(ds.attrs)


def _with_geometry(table: pa.Table, shapes: np.ndarray, encoding: str):
    """The table with its geometry and extents, and what the standard says of them."""
    flat = shapely.force_2d(shapes)
    known = ~(shapely.is_missing(flat) | shapely.is_empty(flat))
    numbers = np.unique(shapely.get_type_id(flat[~shapely.is_missing(flat)]))
    kinds = sorted(_TYPES[number] for number in numbers.tolist())
    bounds = shapely.bounds(flat) if flat.size else np.empty((0, 4))
    table = table.drop_columns([n for n in ("bbox", COLUMN) if n in table.column_names])
    if encoding == "native":
        column, encoding, kinds = _native(flat, kinds)
    else:
        column = pa.array(shapely.to_wkb(flat, output_dimension=2), pa.binary())
    table = table.append_column("bbox", _bbox(bounds, known))
    table = table.append_column(COLUMN, column)
    told: dict[str, Any] = {
        "encoding": encoding,
        "geometry_types": kinds,
        "crs": _crs(),
        "edges": "planar",
        "covering": {
            "bbox": {n: ["bbox", n] for n in ("xmin", "ymin", "xmax", "ymax")}
        },
    }
    if known.any():
        low, high = bounds[known, :2].min(axis=0), bounds[known, 2:].max(axis=0)
        told["bbox"] = [*low.tolist(), *high.tolist()]
    return table, {
        "version": VERSION,
        "primary_column": COLUMN,
        "columns": {COLUMN: told},
    }


def _bbox(bounds: np.ndarray, known: np.ndarray) -> pa.Array:
    names = ("xmin", "ymin", "xmax", "ymax")
    columns = [pa.array(bounds[:, i], pa.float64()) for i in range(4)]
    return pa.StructArray.from_arrays(columns, names=names, mask=pa.array(~known))


def _crs() -> dict[str, Any]:
    from pyproj import CRS

    return CRS.from_user_input("OGC:CRS84").to_json_dict()


def _native(shapes: np.ndarray, kinds: list[str]) -> tuple[pa.Array, str, list[str]]:
    """Coordinates as numbers; lines are all made of several where one is."""
    known = ~shapely.is_missing(shapes)
    if set(kinds) <= {"Point"}:
        x, y = np.full((2, shapes.size), np.nan)
        x[known], y[known] = shapely.get_coordinates(shapes[known]).T
        return _pairs(x, y, mask=pa.array(~known)), "point", kinds or ["Point"]
    if not set(kinds) <= {"LineString", "MultiLineString"}:
        raise SchemaError(
            f'encoding="native" takes points or lines, not {", ".join(kinds)}; use WKB'
        )
    parts, owner = shapely.get_parts(shapes[known], return_index=True)
    coordinates, part = shapely.get_coordinates(parts, return_index=True)
    pairs = _pairs(*coordinates.T)
    sizes = np.bincount(part, minlength=parts.size)
    inner = pa.ListArray.from_arrays(_offsets(sizes), pairs)
    counts = np.zeros(shapes.size, np.int64)
    counts[known] = np.bincount(owner, minlength=int(known.sum()))
    if kinds == ["LineString"]:
        every = np.zeros(shapes.size, np.int64)
        every[known] = sizes
        column = pa.ListArray.from_arrays(_offsets(every), pairs, mask=pa.array(~known))
        return column, "linestring", kinds
    column = pa.ListArray.from_arrays(_offsets(counts), inner, mask=pa.array(~known))
    return column, "multilinestring", ["MultiLineString"]


def _pairs(x: np.ndarray, y: np.ndarray, mask: pa.Array | None = None) -> pa.Array:
    columns = [pa.array(np.ascontiguousarray(each)) for each in (x, y)]
    fields = [pa.field(name, pa.float64(), nullable=False) for name in ("x", "y")]
    return pa.StructArray.from_arrays(columns, fields=fields, mask=mask)


def _offsets(sizes: np.ndarray) -> pa.Array:
    return pa.array(np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32))
