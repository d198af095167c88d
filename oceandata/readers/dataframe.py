"""Tracks from and to data frames: pandas, pyarrow and geopandas.

:func:`to_dataframe` writes one row a fix with the variables of its trajectory repeated;
:func:`from_dataframe` makes tracks of such a frame, equal to the last bit, or of any
frame with a vessel, a time and a position. geopandas is imported only where a
GeoDataFrame is asked for.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from oceandata.errors import FormatError, SchemaError
from oceandata.quality import FLAG_VALUES
from oceandata.readers import clock
from oceandata.readers.framememory import (
    KEY,
    memo_of,
    memory_of,
    restored,
    was_split,
)
from oceandata.readers.frames import (
    ROWS,
    Forms,
    moments,
    named_time_form,
    placed_batch,
    time_form,
)
from oceandata.readers.generic import KNOTS
from oceandata.readers.geoparquet import to_wgs84
from oceandata.readers.names import canonical_places, vessel_of
from oceandata.readers.parse import Memory
from oceandata.readers.protocol import TrackBatch
from oceandata.readers.tracks import (
    ReadResult,
    ReadSummary,
    dataset_of_batches,
    rejected_table,
)
from oceandata.readers.wkb import points_of

if TYPE_CHECKING:
    import xarray as xr

_LABEL = "data frame"
_IDS = "trajectory_id"
OPTIONS = {
    "time_format": "form of times that are text, such as '%d/%m/%Y %H:%M'",
    "time_unit": "unit of times that are numbers: 's', 'ms' or 'us' since 1970",
    "units": "unit of the speed, such as {'sog': 'm/s'}",
}
"""What ``options`` of :func:`from_dataframe` may name."""


def from_dataframe(
    frame: Any,
    *,
    columns: Mapping[str, str] | None = None,
    timezone: str | None = None,
    crs: Any = None,
    options: Mapping[str, Any] | None = None,
) -> xr.Dataset:
    """Tracks from a frame with one row a fix.

    A frame of :func:`to_dataframe` becomes the tracks it was made of, with equal
    values, order and attributes. Of any other frame the rows are read as those of a
    table: the same sentinels, ranges and reasons; rows that are no fix are left out
    and counted, and a table by reason is printed to stderr.

    Parameters
    ----------
    frame : pandas.DataFrame, geopandas.GeoDataFrame, pyarrow.Table or mapping
        A mapping goes from names to columns (n,). Needs ``mmsi`` or ``vessel`` (any
        id), ``time`` (datetimes or text), and ``lon`` and ``lat`` (degrees) or a
        geometry of points; the usual names of these are known.
    columns : mapping, optional
        Canonical names to the frame's: ``{"vessel": "boat"}``.
    timezone : str, optional
        Time zone of times that name none; default: UTC.
    crs : optional
        Reference system of the positions, where it is not WGS 84: what pyproj takes.
        A GeoDataFrame knows its own.
    options : mapping, optional
        ``time_format``, ``time_unit``, ``units``.

    Returns
    -------
    Dataset (trajectory, obs)
        Contiguous ragged array; attributes count the rows as in ``open_tracks``.

    Raises
    ------
    FormatError
        For columns that are missing, and for values of no known form.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"boat": ["a"], "time": ["2024-03-01 08:00"],
    ...                       "lon": [122.5], "lat": [30.25]})
    >>> tracks = from_dataframe(frame, columns={"vessel": "boat"},
    ...                         timezone="Asia/Shanghai")
    >>> str(tracks.trajectory_id.values[0]), str(tracks.time.values[0])[:16]
    ('VMS-a', '2024-03-01T00:00')
    """
    memo = memo_of(frame)
    if memo is not None and not columns and crs is None:
        return restored(frame, memo)
    result = read_dataframe(
        frame, columns=columns, timezone=timezone, crs=crs, options=options
    )
    if result.summary.rows_quarantined:
        print(result.summary, file=sys.stderr)
    return result.dataset


def read_dataframe(
    frame: Any,
    *,
    columns: Mapping[str, str] | None = None,
    timezone: str | None = None,
    crs: Any = None,
    options: Mapping[str, Any] | None = None,
) -> ReadResult:
    """As :func:`from_dataframe`, with the rejected rows, the reports and the counts.

    Every row is read, also of a frame of :func:`to_dataframe`. Nothing is printed.

    Parameters
    ----------
    frame, columns, timezone, crs, options
        As for :func:`from_dataframe`.

    Returns
    -------
    ReadResult
        ``dataset``, ``rejected`` (``line`` is the row, from 1), ``summary``,
        ``reports``.
    """
    options = _checked(options)
    values = _values(frame, columns, crs)
    if "time_unit" in options:
        values["time"] = moments(values["time"], options["time_unit"])
    zone = clock.zone(timezone, "UTC")
    form = named_time_form(options.get("time_format"))
    speed = KNOTS[options.get("units", {}).get("sog", "knot")]
    forms = Forms(zone, form or _form_of(values["time"]), speed)
    summary = ReadSummary(files={_LABEL: {"format": "frame"}})
    batches, rejected = [], []
    for batch in _batches(values, forms, split=was_split(frame)):
        summary.add(_LABEL, batch)
        batches.append(batch)
        rejected.append((_LABEL, "", batch.rejected))
    dataset, reports = dataset_of_batches(batches, summary, [_LABEL])
    return ReadResult(dataset, rejected_table(rejected), summary, reports)


def to_dataframe(tracks: xr.Dataset, *, geometry: bool = False) -> pd.DataFrame:
    """Tracks as a pandas frame with one row a fix.

    Parameters
    ----------
    tracks : Dataset (trajectory, obs)
        Variables on ``obs`` become columns as they are; those on ``trajectory`` are
        repeated, but for ``row_size``.
    geometry : bool
        True: a ``geopandas.GeoDataFrame`` with points in EPSG:4326 (needs geopandas).

    Returns
    -------
    DataFrame
        In the order of the tracks, indexed from 0. ``frame.attrs`` remembers what
        :func:`from_dataframe` needs to give the same tracks again; pandas keeps it in
        Parquet too.
    """
    _require_tracks(tracks)
    sizes = tracks["row_size"].values.astype(np.int64)
    names = [str(n) for n in tracks.variables if str(n) != "row_size"]
    own = [n for n in names if tracks[n].dims == ("trajectory",)]
    rows = [n for n in names if tracks[n].dims == ("obs",)]
    data = {n: np.repeat(tracks[n].values, sizes) for n in own}
    data |= {n: tracks[n].values for n in rows}
    frame = pd.DataFrame(data, copy=True)
    frame.attrs[KEY] = memory_of(tracks, own, rows)
    if not geometry:
        return frame
    return _with_geometry(frame)


def _with_geometry(frame: pd.DataFrame) -> Any:
    try:
        import geopandas
    except ImportError:
        raise ModuleNotFoundError(
            "geometry=True needs geopandas: pip install geopandas"
        ) from None
    points = geopandas.points_from_xy(frame["lon"], frame["lat"])
    made = geopandas.GeoDataFrame(frame, geometry=points, crs="EPSG:4326")
    made.attrs = frame.attrs
    return made


def _require_tracks(tracks: xr.Dataset) -> None:
    missing = [n for n in ("row_size", "time", "lon", "lat") if n not in tracks]
    if missing:
        raise SchemaError(
            f"to_dataframe: expected tracks (trajectory, obs); missing: "
            f"{', '.join(missing)}. A grid or a table has to_dataframe() of its own"
        )


def _checked(options: Mapping[str, Any] | None) -> dict[str, Any]:
    options = dict(options or {})
    wrong = [name for name in options if name not in OPTIONS]
    units = options.get("units", {})
    if wrong or set(units) - {"sog"} or set(units.values()) - set(KNOTS):
        listed = "; ".join(f"{name}: {what}" for name, what in OPTIONS.items())
        raise FormatError(
            f"options={options!r} has what is not known. Known are {listed} (units of "
            f"speed: {', '.join(KNOTS)})"
        )
    return options


def _form_of(times: Any):
    """The form of times that are text, None for others."""
    from oceandata.readers.frames import arrow_of

    array = arrow_of("time", times)
    return time_form(array) if pa.types.is_large_string(array.type) else None


def _values(frame: Any, columns: Mapping[str, str] | None, crs: Any) -> dict[str, Any]:
    """Columns of a frame by canonical name, positions in WGS 84."""
    held = _columns_of(frame)
    named, faults = canonical_places(held, columns)
    values: dict[str, Any] = {name: held[own] for name, own in named.items()}
    if not {"lon", "lat"} <= named.keys():
        points, own_crs = _geometry(frame)
        if points is None:
            missing = [n for n in ("lon", "lat") if n not in named]
            faults += [f"column {name!r} is missing" for name in missing]
        else:
            values["lon"], values["lat"] = points
            crs = own_crs if crs is None else crs
    if faults:
        raise FormatError(
            f"data frame: {'; '.join(faults)}; columns found: "
            f"{', '.join(map(repr, held))}. Pass columns={{canonical name: name in the "
            "frame}"
        )
    if crs is not None:
        lon, lat = (np.asarray(values[n], float) for n in ("lon", "lat"))
        values["lon"], values["lat"] = to_wgs84(lon, lat, crs, where=_LABEL)
    sizes = {len(column) for column in values.values()}
    if len(sizes) > 1:
        raise FormatError(f"data frame: columns have {sorted(sizes)} values")
    if {"mmsi", "trajectory_id"} <= held.keys() and named.get("mmsi") == "mmsi":
        values[_IDS] = held["trajectory_id"]
    if "quality" in held:
        values["quality"] = held["quality"]
    return values


def _columns_of(frame: Any) -> dict[str, Any]:
    if isinstance(frame, pa.Table | pa.RecordBatch):
        return {n: frame.column(k) for k, n in enumerate(frame.schema.names)}
    if hasattr(frame, "columns") and hasattr(frame, "iloc"):
        return {str(name): frame[name] for name in frame.columns}
    if isinstance(frame, Mapping):
        return {str(name): values for name, values in frame.items()}
    raise FormatError(
        "expected a pandas or geopandas frame, a pyarrow table or a mapping of "
        f"columns; got {type(frame).__name__}"
    )


def _geometry(frame: Any) -> tuple[tuple[np.ndarray, np.ndarray] | None, Any]:
    """(lon, lat) of a frame's points, and its crs."""
    if isinstance(frame, pa.Table) and "geometry" in frame.schema.names:
        column = frame.column("geometry").combine_chunks()
        if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
            return points_of(column), None
        return None, None
    points = getattr(frame, "geometry", None)
    if points is None or not (hasattr(points, "x") and hasattr(points, "y")):
        return None, None
    try:
        found = np.asarray(points.x, float), np.asarray(points.y, float)
    except ValueError as error:
        raise FormatError(
            f"data frame: its geometry is not of points: {error}"
        ) from None
    return found, getattr(frame, "crs", None)


def _batches(
    values: dict[str, Any], forms: Forms, *, split: bool
) -> Iterator[TrackBatch]:
    """Batches of rows; vessels without an MMSI go by the id of their trajectory."""
    values = {name: _array(column) for name, column in values.items()}
    ids, flags = values.pop(_IDS, None), values.pop("quality", None)
    n = len(values["time"])
    memories = {True: Memory(), False: Memory()}
    for start in range(0, max(n, 1), ROWS):
        rows = np.arange(start, min(start + ROWS, n))
        others = np.zeros(rows.size, bool)
        if ids is not None:
            others = _plain_values(values["mmsi"][rows]) == 0
        for other in (False, True):
            mine = rows[others == other]
            if not mine.size and (other or n):
                continue
            part = {name: column[mine] for name, column in values.items()}
            if other:
                del part["mmsi"]
                part["vessel"] = _vessels_of(ids[mine], split=split)
            batch, kept = placed_batch(
                part, lines=mine + 1, forms=forms, memory=memories[other]
            )
            yield _flagged(batch, flags, mine[kept])


def _array(column: Any) -> Any:
    """A column that can be indexed by an array of places."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if isinstance(column, pa.Array):
        return _Taken(column)
    if isinstance(column, pd.Series):
        if isinstance(column.dtype, pd.DatetimeTZDtype):
            return _Taken(pa.Array.from_pandas(column))
        return column.to_numpy()
    return column if isinstance(column, np.ndarray) else np.array(column, object)


class _Taken:
    """An Arrow array that is indexed like a NumPy array."""

    def __init__(self, array: pa.Array):
        self.array = array

    def __len__(self) -> int:
        return len(self.array)

    def __getitem__(self, rows: np.ndarray) -> pa.Array:
        return self.array.take(pa.array(rows))


def _vessels_of(ids: Any, *, split: bool) -> list[str]:
    """Ids of vessels in trajectory ids: without the prefix of those with no MMSI."""
    texts = ids.to_pylist() if isinstance(ids, pa.Array) else list(ids)
    return [vessel_of(str(text), split=split) for text in texts]


def _plain_values(column: Any) -> np.ndarray:
    if isinstance(column, pa.Array):
        return column.to_numpy(zero_copy_only=False)
    return np.asarray(column)


def _flagged(batch: TrackBatch, flags: Any, rows: np.ndarray) -> TrackBatch:
    """The batch with the quality flags of the frame, where they are such."""
    if flags is None:
        return batch
    found = _plain_values(flags[rows])
    if found.dtype.kind not in "iu" or not np.isin(found, FLAG_VALUES).all():
        return batch
    return replace(batch, columns=batch.columns.replace(quality=found.astype(np.int8)))
