"""Parts: immutable Zarr groups that hold the track rows of one month.

A contract between ingest, merging and selection: rows of a part are sorted by (Morton
code of the vessel's home cell, vessel, time, source, row); the extent of every vessel
and of every chunk stands beside them; integers reproduce the decimals of the source.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import uuid
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from oceandata import schema
from oceandata.columns import (
    FIELDS,
    POSITION_SCALE,
    POSITIONS,
    TENTHS,
    TENTHS_MISSING,
    Columns,
    SortedColumns,
    decode_position,
    decode_tenths,
    trajectory_ids,
)
from oceandata.store.arrays import CHUNK, FolderWriter, LongArrayWriter, encode
from oceandata.store.log import dump_json, sync_folder, write_durably
from oceandata.store.months import month_start, month_text
from oceankernels import partition

STORED: tuple[str, ...] = tuple(name for name in FIELDS if name != "vessel")
VESSEL_FIELDS = (
    *partition.EXTENT,
    "last_sog",
    "last_cog",
    "last_nav_status",
    "last_quality",
    "last_source",
)
CHUNK_FIELDS = ("first_time", "last_time", "west", "east", "south", "north")
CELLS_PER_DEGREE = 16
_MOST_DECIMALS = 7
_AHEAD = 64


@dataclass(frozen=True)
class Encoding:
    """How the columns of a part are stored.

    decimals : of lon and lat; None means float64.
    seconds : times are whole seconds since the month began (int32), else µs (int64).
    tenths : for sog, cog, heading: int16 in 0.1 unit, else float32.
    """

    decimals: tuple[int | None, int | None] = (4, 4)
    seconds: bool = True
    tenths: tuple[bool, bool, bool] = (True, True, True)

    @classmethod
    def of(cls, columns: Columns) -> Encoding:
        """The smallest encoding that gives these columns back exactly."""
        positions = [getattr(columns, name) for name in POSITIONS]
        return cls(
            tuple(
                None
                if p.dtype.kind == "f"
                else int(partition.decimals_needed(p, _MOST_DECIMALS))
                for p in positions
            ),
            bool(partition.whole_multiples(columns.time, 1_000_000)),
            tuple(getattr(columns, name).dtype.kind == "i" for name in TENTHS),
        )

    def union(self, other: Encoding) -> Encoding:
        """An encoding exact for both."""
        return Encoding(
            tuple(
                None if None in pair else max(pair)
                for pair in zip(self.decimals, other.decimals, strict=True)
            ),
            self.seconds and other.seconds,
            tuple(a and b for a, b in zip(self.tenths, other.tenths, strict=True)),
        )

    def stored(self, name: str, values: np.ndarray, start: int) -> np.ndarray:
        """A column as it stands on disk; ``start`` is the month's first µs."""
        if name == "time":
            if not self.seconds:
                return values
            return ((values - start) // 1_000_000).astype("i4")
        if name in POSITIONS:
            decimals = self.decimals[POSITIONS.index(name)]
            if decimals is None:
                return decode_position(values)
            return values // np.int32(10 ** (_MOST_DECIMALS - decimals))
        if name in TENTHS and not self.tenths[TENTHS.index(name)]:
            return decode_tenths(values)
        return values

    def attributes(self, name: str, month: int) -> dict[str, Any]:
        """CF attributes of a stored column."""
        out = {
            key: value.tolist() if isinstance(value, np.ndarray) else value
            for key, value in schema.attributes(name).items()
        }
        if name == "time":
            since = month_text(month) + "-01" if self.seconds else "1970-01-01"
            unit = "seconds" if self.seconds else "microseconds"
            out |= {"units": f"{unit} since {since}", "calendar": "standard"}
        elif name in POSITIONS:
            decimals = self.decimals[POSITIONS.index(name)]
            if decimals is not None:
                out |= {"scale_factor": 10.0**-decimals, "decimals": decimals}
        elif name in TENTHS and self.tenths[TENTHS.index(name)]:
            out |= {"scale_factor": 0.1, "_FillValue": int(TENTHS_MISSING)}
        if name in ("sog", "cog", "heading", "quality", "nav_status", "source"):
            out["coordinates"] = "time lon lat"
        return out


def tighten(name: str, values: np.ndarray) -> np.ndarray:
    """A float column as integers where they give every value back, else unchanged."""
    if values.dtype.kind != "f" or name not in (*POSITIONS, *TENTHS):
        return values
    if name in POSITIONS:
        whole = np.rint(values * POSITION_SCALE)
        if not np.all(np.abs(whole) < 2**31):
            return values
        out = whole.astype("i4")
        return out if np.array_equal(decode_position(out), values) else values
    missing = np.isnan(values)
    whole = np.rint(np.where(missing, 0, values).astype("f8") * 10)
    if not np.all(np.abs(whole) < 2**15):
        return values
    out = whole.astype("i2")
    out[missing] = TENTHS_MISSING
    exact = np.array_equal(decode_tenths(out), values, equal_nan=True)
    return out if exact else values


def new_part_id(label: str) -> str:
    return f"{label}-{uuid.uuid4().hex[:16]}"


class PartWriter:
    """Writes one part from sorted blocks of whole vessels; bounded memory."""

    def __init__(
        self,
        root: Path,
        month: int,
        sources: Sequence[str],
        names: dict[int, str],
        encoding: Encoding,
        pool: Executor,
    ):
        self.root, self.month, self.sources = Path(root), month, list(sources)
        self.names, self.encoding, self.pool = names, encoding, pool
        self.id = new_part_id(month_text(month))
        self.path = self.root / "parts" / "tracks" / f"{self.id}.zarr"
        self.folder = FolderWriter(self.path)
        self._arrays: dict[str, LongArrayWriter] = {}
        self._rest: dict[str, np.ndarray] = {}
        self._queue: deque[tuple[LongArrayWriter, Future[bytes]]] = deque()
        self._vessels: list[np.ndarray] = []
        self._sizes: list[np.ndarray] = []
        self._homes: list[np.ndarray] = []
        self._extents: list[np.ndarray] = []
        self._chunks: list[tuple[float, ...]] = []
        self._rows = 0

    def append(self, table: SortedColumns, homes: np.ndarray) -> None:
        """Add whole vessels, in the order of the part.

        ``homes`` (t,) int32 are Morton codes; ``source`` counts in the part's list.
        """
        start = month_start(self.month)
        encoded = dict(
            zip(
                STORED,
                self.pool.map(
                    lambda n: self.encoding.stored(n, table.rows[n], start), STORED
                ),
                strict=True,
            )
        )
        self._index(table, homes)
        rest = self._rest
        joined = {
            n: np.concatenate([rest[n], encoded[n]]) if rest else encoded[n]
            for n in STORED
        }
        whole = joined["time"].size // CHUNK * CHUNK
        for at in range(0, whole, CHUNK):
            self._emit({n: joined[n][at : at + CHUNK] for n in STORED})
        self._rest = {n: joined[n][whole:].copy() for n in STORED}
        self._rows += len(table)

    def _index(self, table: SortedColumns, homes: np.ndarray) -> None:
        rows = table.rows
        lon, lat = (decode_position(rows[n]) for n in POSITIONS)
        last = np.cumsum(table.row_size) - 1
        extents = np.empty((table.vessels.size, len(VESSEL_FIELDS)))
        extents[:, :10] = partition.extents(table.row_size, rows["time"], lon, lat)
        for column, name in enumerate(VESSEL_FIELDS[10:], start=10):
            values = rows[name.removeprefix("last_")][last]
            tenths = name in ("last_sog", "last_cog")
            extents[:, column] = decode_tenths(values) if tenths else values
        self._vessels.append(table.vessels)
        self._sizes.append(table.row_size)
        self._homes.append(homes)
        self._extents.append(extents)

    def _emit(self, chunk: dict[str, np.ndarray]) -> None:
        """Hand a full chunk of every column to the encoders, in order."""
        self._chunks.append(self._chunk_extent(chunk))
        for name in STORED:
            array = self._arrays.get(name)
            if array is None:
                array = LongArrayWriter(self.folder, name, chunk[name].dtype)
                self._arrays[name] = array
            self._queue.append((array, self.pool.submit(encode, chunk[name])))
        self._drain(_AHEAD)

    def _drain(self, leave: int) -> None:
        while len(self._queue) > leave:
            array, future = self._queue.popleft()
            array.append(future.result())

    def _chunk_extent(self, chunk: dict[str, np.ndarray]) -> tuple[float, ...]:
        """Time span (µs) and box (degrees) of a stored chunk."""
        low, high = int(chunk["time"].min()), int(chunk["time"].max())
        if self.encoding.seconds:
            start = month_start(self.month)
            low, high = (start + t * 1_000_000 for t in (low, high))
        bounds: list[float] = [low, high]
        for name, decimals in zip(POSITIONS, self.encoding.decimals, strict=True):
            scale = 1.0 if decimals is None else 10.0**decimals
            values = chunk[name]
            bounds += [float(values.min()) / scale, float(values.max()) / scale]
        return tuple(bounds)

    def finish(self, *, repeats: int = 0, durable: bool = True) -> dict[str, Any]:
        """Write what is left, flush everything; the record for the log."""
        if self._rows >= CHUNK:
            self._finish_long()
        else:
            self._chunks.append(self._chunk_extent(self._rest))
            for name in STORED:
                attributes = self.encoding.attributes(name, self.month)
                self.folder.write_array(name, self._rest[name], ("obs",), attributes)
        vessels = np.concatenate(self._vessels)
        extents = np.concatenate(self._extents)
        self._write_index(vessels, extents)
        return close_part(
            self.folder,
            {
                "id": self.id,
                "dataset": "tracks",
                "month": month_text(self.month),
                "rows": self._rows,
                "repeats": repeats,
                "vessels": int(vessels.size),
                "sources": self.sources,
                "chunks": len(self._chunks),
                "time": [int(extents[:, 0].min()), int(extents[:, 1].max())],
                "box": _box(extents),
            },
            durable=durable,
        )

    def _finish_long(self) -> None:
        size = self._rest["time"].size
        if size:
            self._chunks.append(self._chunk_extent(self._rest))
            for name in STORED:
                # A chunk is stored whole: rows beyond the end are zeros.
                padded = np.zeros(CHUNK, self._rest[name].dtype)
                padded[:size] = self._rest[name]
                job = self.pool.submit(encode, padded)
                self._queue.append((self._arrays[name], job))
        self._drain(0)
        for name, array in self._arrays.items():
            array.close(self._rows, self.encoding.attributes(name, self.month))

    def _write_index(self, vessels: np.ndarray, extents: np.ndarray) -> None:
        folder, track = self.folder, ("trajectory",)
        ids = trajectory_ids(vessels, self.names)
        folder.write_array("trajectory_id", ids, track, _plain("trajectory_id"))
        mmsi = np.where(vessels < 1 << 62, vessels, 0)
        folder.write_array("mmsi", mmsi, track, _plain("mmsi"))
        folder.write_array("vessel", vessels, track, _plain("vessel"))
        sizes = np.concatenate(self._sizes).astype("i8")
        folder.write_array("row_size", sizes, track, _plain("row_size"))
        homes = np.concatenate(self._homes).astype("i4")
        folder.write_array(
            "home_cell",
            homes,
            track,
            {
                "long_name": "Morton code of the cell that orders the vessels",
                "cells_per_degree": CELLS_PER_DEGREE,
            },
        )
        note = "times in microseconds since 1970-01-01 UTC, positions in degrees"
        folder.write_array(
            "vessel_extent",
            extents,
            ("trajectory", "vessel_field"),
            {"fields": list(VESSEL_FIELDS), "comment": note},
        )
        folder.write_array(
            "chunk_extent",
            np.array(self._chunks),
            ("chunk", "chunk_field"),
            {"fields": list(CHUNK_FIELDS), "rows": CHUNK, "comment": note},
        )
        folder.write_json(
            "zarr.json",
            _group(
                title=f"Vessel tracks of {month_text(self.month)}",
                featureType="trajectory",
                month=month_text(self.month),
                sources=self.sources,
            ),
        )

    def __enter__(self) -> PartWriter:
        return self

    def __exit__(self, kind: Any, *_: Any) -> None:
        if kind is not None:
            self.abandon()

    def abandon(self) -> None:
        """Remove what was written; leftovers are harmless if that fails too."""
        for _, future in self._queue:
            future.cancel()
        for array in self._arrays.values():
            with contextlib.suppress(OSError):
                array.abandon()
        shutil.rmtree(self.path, ignore_errors=True)


def _box(extents: np.ndarray) -> list[float]:
    west, south = extents[:, 2].min(), extents[:, 4].min()
    east, north = extents[:, 3].max(), extents[:, 5].max()
    return [float(v) for v in (west, south, east, north)]


def _plain(name: str) -> dict[str, Any]:
    return dict(schema.attributes(name))


def _group(**attributes: Any) -> dict[str, Any]:
    head = {"Conventions": schema.CONVENTIONS}
    return {"zarr_format": 3, "node_type": "group", "attributes": head | attributes}


def close_part(
    folder: FolderWriter, record: dict[str, Any], *, durable: bool = True
) -> dict[str, Any]:
    """Make a written part durable, and its list of files; the record for the log."""
    if durable:
        folder.flush()
    data = dump_json(folder.manifest())
    manifest = folder.folder.with_suffix(".json")
    write_durably(manifest, data)
    sync_folder(folder.folder.parent)
    return {
        **record,
        "files": len(folder.files),
        "bytes": sum(size for size, _ in folder.files.values()),
        "manifest": {
            "size": len(data),
            "blake2b": hashlib.blake2b(data, digest_size=16).hexdigest(),
        },
    }
