"""Maps: gridded results that many workers write, each its own shards, one commit.

An output is a Zarr v3 group of arrays over named dimensions. Every shard is written
whole by one worker, to a temporary name that is then replaced, so a shard is there or
it is not, and work that is repeated gives the same bytes. The group becomes visible at
the end alone: by a commit of the store (:class:`StoreMap`) or by a rename
(:class:`ZarrMap`). What was killed before leaves a folder that nothing names.
"""

from __future__ import annotations

import itertools
import os
import shutil
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import google_crc32c
import numpy as np

from oceandata.errors import DamagedStoreError, StoreError
from oceandata.store.about import about
from oceandata.store.arrays import FolderWriter, array_metadata, encode
from oceandata.store.failures import storage
from oceandata.store.log import Draft, Log, State, sync_folder
from oceandata.store.parts import close_part, new_part_id
from oceandata.store.reading import check_part, part_folder
from oceandata.store.sensitivity import said_attrs

if TYPE_CHECKING:
    import xarray as xr

Region = Mapping[str, tuple[int, int]]
"""Start and stop along named dimensions; the others are whole."""


@dataclass(frozen=True)
class MapArray:
    """One array of an output: shape and shard by dimension, in the order of ``dims``.

    chunk : inner chunk; must divide the shard. attributes : CF attributes.
    """

    dims: tuple[str, ...]
    shape: tuple[int, ...]
    shard: tuple[int, ...]
    chunk: tuple[int, ...]
    dtype: str = "float64"
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        sizes = (self.shape, self.shard, self.chunk)
        if any(len(size) != len(self.dims) for size in sizes):
            raise ValueError(
                f"shape, shard and chunk must have one number for each of {self.dims}, "
                f"got {sizes}"
            )
        if any(s < 1 or c < 1 or s % c for s, c in zip(*sizes[1:], strict=True)):
            raise ValueError(f"chunk {self.chunk} must divide shard {self.shard}")

    def span(self, region: Region) -> tuple[tuple[int, int], ...]:
        """Start and stop of a region along each dimension."""
        return tuple(
            tuple(region.get(dim, (0, size)))
            for dim, size in zip(self.dims, self.shape, strict=True)
        )

    def shards(self, region: Region) -> list[range]:
        """Numbers of the shards of an aligned region, along each dimension."""
        return [
            range(start // shard, -(-stop // shard))
            for (start, stop), shard in zip(self.span(region), self.shard, strict=True)
        ]

    def fault(self, region: Region) -> str | None:
        """Why a region is not whole shards of this array."""
        if unknown := set(region) - set(self.dims):
            return f"has no dimension {sorted(unknown)}"
        for dim, size, shard, (start, stop) in zip(
            self.dims, self.shape, self.shard, self.span(region), strict=True
        ):
            if not 0 <= start < stop <= size:
                return f"{dim} {start}:{stop} does not lie in 0:{size}"
            if start % shard or (stop % shard and stop != size):
                return f"{dim} {start}:{stop} cuts shards of {shard}"
        return None


@dataclass(frozen=True)
class MapOutput:
    """Arrays that pieces fill; see :class:`ZarrMap` and :class:`StoreMap`.

    coordinates : one-dimensional, by dimension.
    """

    path: Path
    arrays: Mapping[str, MapArray]
    coordinates: Mapping[str, np.ndarray] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def check(self, regions: Sequence[Region]) -> None:
        """Refuse regions that are not whole shards, or that miss or share one."""
        faults = []
        for name, array in self.arrays.items():
            found = [
                f"piece {k + 1}: {fault}"
                for k, region in enumerate(regions)
                if (fault := array.fault(region))
            ]
            if not found:
                found = _uncovered(array, regions)
            faults += [f"array {name!r}, {fault}" for fault in found[:5]]
        if faults:
            raise ValueError(
                "every shard must belong to exactly one piece, since two writers of "
                f"one shard lose data; {'; '.join(faults)}. Change shard= or the pieces"
            )

    def _begin(self, folder: Path) -> FolderWriter:
        writer = FolderWriter(folder)
        for name, array in self.arrays.items():
            document = array_metadata(
                tuple(array.shape), tuple(array.dims), np.dtype(array.dtype),
                dict(array.attributes), chunk=tuple(array.chunk),
                shard=tuple(array.shard),
            )  # fmt: skip
            writer.write_json(f"{name}/zarr.json", document)
        for name, values in self.coordinates.items():
            writer.write_array(name, np.asarray(values), (name,), {})
        head = {"zarr_format": 3, "node_type": "group"}
        writer.write_json("zarr.json", head | {"attributes": dict(self.attributes)})
        return writer

    def write(self, writer: FolderWriter, region: Region, values: Any) -> dict:
        """Write the shards of a region; (size, CRC-32C) of each file, by name."""
        if not isinstance(values, Mapping):
            values = dict.fromkeys(self.arrays, values)
        if set(values) != set(self.arrays):
            raise ValueError(
                f"a piece must give the arrays {sorted(self.arrays)}, it gave "
                f"{sorted(values)}"
            )
        files = {}
        for name, array in self.arrays.items():
            data = np.asarray(values[name])
            span = array.span(region)
            if data.shape != tuple(stop - start for start, stop in span):
                raise ValueError(
                    f"array {name!r} must have the shape of its region {span}, got "
                    f"{data.shape}"
                )
            data = data.astype(array.dtype, casting="same_kind", copy=False)
            for number in itertools.product(*array.shards(region)):
                place = tuple(
                    slice(k * shard - start, min((k + 1) * shard, stop) - start)
                    for k, shard, (start, stop) in zip(
                        number, array.shard, span, strict=True
                    )
                )
                raw = shard_bytes(data[place], array.shard, array.chunk)
                file = "/".join([name, "c", *map(str, number)])
                _replace_durably(writer.folder / file, raw)
                files[file] = (len(raw), google_crc32c.value(raw))
        return files

    def abandon(self, writer: FolderWriter) -> None:
        """Remove what was written; leftovers are harmless."""
        shutil.rmtree(writer.folder, ignore_errors=True)


@dataclass(frozen=True)
class ZarrMap(MapOutput):
    """A plain Zarr group at ``path``, which must not exist; it appears complete."""

    def begin(self) -> FolderWriter:
        """Make the temporary folder that workers write to."""
        path = Path(self.path)
        if path.exists():
            raise FileExistsError(f"{path} exists; choose another name or remove it")
        return self._begin(path.with_name(f".{path.name}.{uuid.uuid4().hex}.part"))

    def finish(self, writer: FolderWriter, files: Mapping[str, tuple]) -> Path:
        """Make the group visible; its path."""
        writer.files.update(files)
        _sync_metadata(writer)
        os.rename(writer.folder, self.path)
        sync_folder(Path(self.path).parent)
        return Path(self.path)


@dataclass(frozen=True)
class StoreMap(MapOutput):
    """A map in a store (``path``), by ``name``; a new one replaces the old one."""

    name: str = "map"
    message: str = ""

    def begin(self) -> FolderWriter:
        """Make the part that workers write to."""
        root = Path(self.path)
        Log(root).head()
        with storage(root, "writing a map"):
            parts = root / "parts" / "maps"
            if not parts.exists():
                parts.mkdir(exist_ok=True)
                sync_folder(parts.parent)
            return self._begin(parts / f"{new_part_id(self.name)}.zarr")

    def finish(self, writer: FolderWriter, files: Mapping[str, tuple]) -> int:
        """Commit the part; the number of the commit."""
        root = Path(self.path)
        writer.files.update(files)
        with storage(root, "committing a map"):
            _sync_metadata(writer)
            record = close_part(
                writer,
                {"id": writer.folder.stem, "dataset": "maps", "name": self.name},
                durable=False,
            )
            made = writer.folder.with_suffix(".json").stat().st_mtime

            def prepare(state: State) -> Draft:
                body = {
                    "kind": "map",
                    "message": self.message or f"write the map {self.name!r}",
                    "add": [record],
                    "remove": [r["id"] for r in _named(state, self.name)],
                }
                return Draft(body, oldest=made)

            return Log(root).commit(prepare)["number"]

    def abandon(self, writer: FolderWriter) -> None:
        """Remove what was written, and the list of its files."""
        super().abandon(writer)
        writer.folder.with_suffix(".json").unlink(missing_ok=True)


def open_map(store: Any, name: str) -> xr.Dataset:
    """A map of a store at the store's commit, read lazily.

    Parameters
    ----------
    store : Store
        From :func:`oceandata.open_store`.
    name : str
        As given to :class:`StoreMap`.

    Raises
    ------
    StoreError
        There is no map of this name; the names that are there.
    DamagedStoreError
        A file that the log promises is missing or has another size.
    """
    import xarray as xr

    state = Log(store.path).state(store.number)
    found = _named(state, name)
    if not found:
        known = sorted(r["name"] for r in _named(state, None))
        raise StoreError(
            f"{store.path}: no map {name!r} at commit {store.number}; it has {known}"
        )
    faults = check_part(store.path, found[0])
    if faults:
        raise DamagedStoreError("; ".join(faults) + ". Run verify")
    folder = part_folder(store.path, found[0])
    ds = xr.open_dataset(folder, engine="zarr", consolidated=False, chunks=None)
    return ds.assign_attrs(said_attrs(about(state, f"maps/{name}")))


def _named(state: State, name: str | None) -> list[dict[str, Any]]:
    """Maps of a name, or all."""
    maps = [r for r in state.parts.values() if r["dataset"] == "maps"]
    return [r for r in maps if name in (None, r["name"])]


def _uncovered(array: MapArray, regions: Sequence[Region]) -> list[str]:
    """Shards that no piece writes, or that several do."""
    grid = [-(-n // s) for n, s in zip(array.shape, array.shard, strict=True)]
    count = np.zeros(grid, np.int64)
    for region in regions:
        count[np.ix_(*array.shards(region))] += 1
    out = []
    for number in np.argwhere(count != 1)[:5].tolist():
        times = int(count[tuple(number)])
        out.append(f"shard {tuple(number)} belongs to {times} pieces")
    return out


def shard_bytes(
    values: np.ndarray, shard: tuple[int, ...], chunk: tuple[int, ...]
) -> bytes:
    """One shard file: inner chunks in C order, then their index and its CRC-32C.

    ``values`` may be smaller than the shard at the array's end: chunks beyond it are
    marked as missing, those it ends in are filled with zeros.
    """
    per = [s // c for s, c in zip(shard, chunk, strict=True)]
    index = np.full((*per, 2), 2**64 - 1, "<u8")
    out, at = [], 0
    for number in np.ndindex(*per):
        place = tuple(
            slice(k * c, (k + 1) * c) for k, c in zip(number, chunk, strict=True)
        )
        part = values[place]
        if not part.size:
            continue
        if part.shape != tuple(chunk):
            whole = np.zeros(chunk, values.dtype)
            whole[tuple(slice(n) for n in part.shape)] = part
            part = whole
        data = encode(part)
        index[number] = at, len(data)
        at += len(data)
        out.append(data)
    raw = index.tobytes()
    out += [raw, google_crc32c.value(raw).to_bytes(4, "little")]
    return b"".join(out)


def _replace_durably(path: Path, data: bytes) -> None:
    """A file that is whole under its name, whoever else writes the same bytes."""
    os.makedirs(path.parent, exist_ok=True)
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex[:12]}.part")
    with open(part, "xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)


def _sync_metadata(writer: FolderWriter) -> None:
    """Flush what this process wrote, and every folder: the shards are flushed."""
    for folder, _, files in os.walk(writer.folder):
        inside = Path(folder)
        if "zarr.json" in files:
            for path in [inside / "zarr.json", *(inside / "c").glob("0")]:
                if path.is_file():
                    _sync_file(path)
        for name in files:
            if name.endswith(".part"):  # left by a worker that was lost
                (inside / name).unlink(missing_ok=True)
        sync_folder(folder)


def _sync_file(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
