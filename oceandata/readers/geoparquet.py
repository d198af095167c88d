"""Positions in (Geo)Parquet files: one row a fix, points in WKB or two columns.

MarineCadastre publishes such files from 2024 on (``mmsi, base_date_time, …,
geometry``).
Column names are those of the tables of NOAA and of the canonical names; a ``geometry``
of points gives longitude and latitude. The file's ``geo`` metadata, if there is one,
must say WGS 84 (OGC:CRS84 or EPSG:4326), which is the default; other systems are
turned into it by pyproj. Read by row groups, so memory does not grow with the file.

References
----------
GeoParquet 1.1.0, Open Geospatial Consortium; OGC 06-103r4, section 8 (WKB).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from oceandata.errors import FormatError
from oceandata.readers import clock
from oceandata.readers.frames import (
    ROWS,
    Forms,
    batch_of,
    moments,
    named_time_form,
)
from oceandata.readers.names import canonical_places
from oceandata.readers.parse import Memory
from oceandata.readers.protocol import (
    Head,
    Identification,
    TrackBatch,
    check_options,
)
from oceandata.readers.wkb import points_of

MAGIC = b"PAR1"


@dataclass(frozen=True)
class Columns:
    """Which of a file's columns mean what; ``geometry`` gives lon and lat."""

    named: dict[str, str]
    geometry: str | None
    crs: Any = None

    @property
    def wanted(self) -> list[str]:
        extra = [self.geometry] if self.geometry else []
        return [*self.named.values(), *extra]


class GeoParquetReader:
    """Reads Parquet files of positions; satisfies ``TrackReader``."""

    name = "geoparquet"
    title = (
        "positions in Parquet (needs mmsi or vessel, time, and geometry or lon, lat)"
    )
    timezone = "UTC"
    options: ClassVar[Mapping[str, str]] = {
        "time_format": "form of times that are text, such as '%d/%m/%Y %H:%M'",
        "time_unit": "unit of times that are numbers: 's', 'ms' or 'us' since 1970",
    }
    ranges = False

    def identify(
        self, head: Head, *, columns: Mapping[str, str] | None = None
    ) -> Identification | None:
        """Parquet is no text: see :meth:`identify_file`."""
        return None

    def identify_file(
        self, path: Path, start: bytes, *, columns: Mapping[str, str] | None = None
    ) -> Identification | None:
        """What a Parquet file is, by the names of its columns; None if it is none."""
        if not start.startswith(MAGIC):
            return None
        with _opened(path) as file:
            found = _columns(path, file, columns)
            return Identification(
                self.name,
                0.9,
                f"Parquet with columns {', '.join(found.wanted)}",
                {
                    "layout": "GeoParquet" if found.geometry else "Parquet",
                    "columns": found.named,
                    "rows": file.metadata.num_rows,
                    "compression": "none",
                    "timezone": self.timezone,
                },
            )

    def batches(
        self,
        path: str | Path,
        *,
        columns: Mapping[str, str] | None = None,
        timezone: str | None = None,
        start: int = 0,
        stop: int | None = None,
        block_bytes: int = 0,
        workers: int | None = None,
        max_ratio: float = 0.0,
        **options: Any,
    ) -> Iterator[TrackBatch]:
        """Batches in the order of the file; ``line`` is the row's number, from 1."""
        check_options(self, options)
        path = Path(path)
        if start or stop is not None:
            raise FormatError(f"{path}: a Parquet file is not read in byte ranges")
        zone = clock.zone(timezone, self.timezone)
        forms = Forms(zone, named_time_form(options.get("time_format")))
        with _opened(path) as file:
            found = _columns(path, file, columns)
            rows = file.iter_batches(batch_size=ROWS, columns=found.wanted)
            memory, first = Memory(), 1
            while (table := _next(path, rows)) is not None:
                values = _values(path, table, found, options.get("time_unit"))
                lines = np.arange(first, first + table.num_rows)
                yield batch_of(values, lines=lines, forms=forms, memory=memory)
                first += table.num_rows


def _opened(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise FormatError(f"{path}: no whole Parquet file ({_short(error)})") from None


def _next(path: Path, rows: Iterator[pa.RecordBatch]) -> pa.RecordBatch | None:
    try:
        return next(rows, None)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise FormatError(
            f"{path}: the Parquet file is damaged ({_short(error)}). Fetch it again"
        ) from None


def _short(error: Exception) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__


def _columns(
    path: Path, file: pq.ParquetFile, columns: Mapping[str, str] | None
) -> Columns:
    """What the columns mean; FormatError lists what is missing."""
    schema = file.schema_arrow
    named, faults = canonical_places(schema.names, columns)
    geo = _geo(schema)
    geometry = geo.get("primary_column", "geometry")
    crs = geo.get("columns", {}).get(geometry, {}).get("crs")
    if {"lon", "lat"} <= named.keys() or geometry not in schema.names:
        geometry = None
        faults += [f"column {n!r} is missing" for n in ("lon", "lat") if n not in named]
    if faults:
        raise FormatError(
            f"{path}: {'; '.join(faults)}; columns found: {', '.join(schema.names)}. "
            "Pass columns={canonical name: name in the file}"
        )
    return Columns(named, geometry, crs)


def _geo(schema: pa.Schema) -> dict:
    """The file's GeoParquet metadata, as far as it is such."""
    try:
        geo = json.loads((schema.metadata or {}).get(b"geo", b"{}"))
        columns = geo.get("columns", {})
        return geo if all(isinstance(c, dict) for c in columns.values()) else {}
    except (ValueError, AttributeError):
        return {}


def _values(
    path: Path, table: pa.RecordBatch, found: Columns, time_unit: str | None
) -> dict[str, Any]:
    values = {name: table.column(own) for name, own in found.named.items()}
    if time_unit is not None and not pa.types.is_string(values["time"].type):
        values["time"] = moments(
            values["time"].to_numpy(zero_copy_only=False), time_unit
        )
    if found.geometry:
        lon, lat = _points(path, table.column(found.geometry))
        values["lon"], values["lat"] = to_wgs84(lon, lat, found.crs, where=str(path))
    return values


def _points(path: Path, column: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    kind = column.type
    if pa.types.is_struct(kind):  # GeoArrow points
        lon, lat = (pc.struct_field(column, name) for name in ("x", "y"))
        return tuple(np.asarray(v.cast(pa.float64())) for v in (lon, lat))
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return points_of(column)
    raise FormatError(f"{path}: the geometry is {kind}; expected points in WKB")


def to_wgs84(
    lon: np.ndarray, lat: np.ndarray, crs: Any, *, where: str
) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates of a reference system (None: WGS 84) as longitude and latitude."""
    if crs is None:
        return lon, lat
    from pyproj import CRS, Transformer
    from pyproj.exceptions import CRSError

    try:
        known = CRS.from_user_input(crs)
    except CRSError as error:
        raise FormatError(f"{where}: its crs is not known here: {error}") from None
    if known.is_geographic and known.to_epsg() in (4326, 4979):
        return lon, lat
    if known.equals(CRS.from_user_input("OGC:CRS84")):
        return lon, lat
    transform = Transformer.from_crs(known, "EPSG:4326", always_xy=True).transform
    lon, lat = transform(lon, lat)
    good = np.isfinite(lon) & np.isfinite(lat)
    return np.where(good, lon, np.nan), np.where(good, lat, np.nan)


READER = GeoParquetReader()
