"""Zarr v3 arrays on a file system, written once and read by row ranges.

What is written here is plain Zarr v3 (``bytes`` + ``blosc``, ``sharding_indexed`` for
long arrays, ``vlen-utf8`` for text) and any Zarr tool reads it; a test holds that. It
is written without the zarr package so that chunks are encoded in threads while rows
are still being gathered, no shard is ever held in memory, and every byte is counted
for the manifest on its way out.

Bounds that readers may rely on: a chunk holds ``CHUNK`` rows, a shard at most
``SHARD_CHUNKS`` chunks, and a chunk is always present (no implied fill values).
"""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import google_crc32c
import numpy as np
from numcodecs import blosc

from oceandata.errors import DamagedStoreError

CHUNK = 1 << 18
SHARD_CHUNKS = 1 << 8
LEVEL = 1

_NAMES = {
    "i1": "int8",
    "i2": "int16",
    "i4": "int32",
    "i8": "int64",
    "f4": "float32",
    "f8": "float64",
}
_DTYPES = {name: np.dtype(f"<{code}") for code, name in _NAMES.items()}


def encode(values: np.ndarray) -> bytes:
    """One chunk: little endian, bits shuffled, Blosc zstd. Runs without the GIL."""
    flat = np.ascontiguousarray(values).reshape(-1)
    return blosc.compress(flat, b"zstd", LEVEL, blosc.BITSHUFFLE, 0)


def encode_text(texts: list[str]) -> bytes:
    """One chunk of variable-length text: count, then length and UTF-8 of each."""
    parts = [len(texts).to_bytes(4, "little")]
    for text in texts:
        raw = text.encode()
        parts += [len(raw).to_bytes(4, "little"), raw]
    return blosc.compress(b"".join(parts), b"zstd", LEVEL, blosc.BITSHUFFLE, 0)


def decode_text(data: bytes) -> list[str]:
    raw = blosc.decompress(data)
    out, at = [], 4
    for _ in range(int.from_bytes(raw[:4], "little")):
        size = int.from_bytes(raw[at : at + 4], "little")
        out.append(bytes(raw[at + 4 : at + 4 + size]).decode())
        at += 4 + size
    return out


def _blosc(itemsize: int) -> dict[str, Any]:
    return {
        "name": "blosc",
        "configuration": {
            "typesize": itemsize,
            "cname": "zstd",
            "clevel": LEVEL,
            "shuffle": "bitshuffle",
            "blocksize": 0,
        },
    }


def array_metadata(
    shape: tuple[int, ...],
    dims: tuple[str, ...],
    dtype: np.dtype | None,
    attributes: dict[str, Any],
    *,
    chunk: tuple[int, ...],
    shard: tuple[int, ...] | None = None,
) -> dict[str, Any]:
    """The ``zarr.json`` of an array; dtype None means variable-length text."""
    if dtype is None:
        codecs = [{"name": "vlen-utf8", "configuration": {}}, _blosc(1)]
    else:
        little = {"name": "bytes", "configuration": {"endian": "little"}}
        codecs = [little, _blosc(dtype.itemsize)]
    if shard is not None:
        sharding = {
            "chunk_shape": list(chunk),
            "codecs": codecs,
            "index_codecs": [
                {"name": "bytes", "configuration": {"endian": "little"}},
                {"name": "crc32c"},
            ],
            "index_location": "end",
        }
        codecs = [{"name": "sharding_indexed", "configuration": sharding}]
    return {
        "zarr_format": 3,
        "node_type": "array",
        "shape": list(shape),
        "data_type": "string" if dtype is None else _NAMES[dtype.str[1:]],
        "chunk_grid": {
            "name": "regular",
            "configuration": {"chunk_shape": list(shard or chunk)},
        },
        "chunk_key_encoding": {
            "name": "default",
            "configuration": {"separator": "/"},
        },
        "fill_value": "" if dtype is None else 0,
        "codecs": codecs,
        "attributes": attributes,
        "dimension_names": list(dims),
    }


class FolderWriter:
    """Files of one part: remembers the size and CRC-32C of each, flushes them all."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.files: dict[str, tuple[int, int]] = {}
        os.makedirs(folder)

    def write(self, name: str, data: bytes) -> None:
        path = self.folder / name
        os.makedirs(path.parent, exist_ok=True)
        with open(path, "xb") as file:
            file.write(data)
        self.files[name] = (len(data), google_crc32c.value(data))

    def write_json(self, name: str, document: dict[str, Any]) -> None:
        self.write(name, json.dumps(document, ensure_ascii=False).encode())

    def write_array(
        self,
        name: str,
        values: np.ndarray | list[str],
        dims: tuple[str, ...],
        attributes: dict[str, Any],
    ) -> None:
        """A small array (or list of text) in a single chunk."""
        if isinstance(values, list):
            shape, dtype, data = (len(values),), None, encode_text(values)
        else:
            shape, dtype, data = values.shape, values.dtype, encode(values)
        document = array_metadata(shape, dims, dtype, attributes, chunk=shape)
        self.write(f"{name}/c/" + "/".join("0" * len(shape)), data)
        self.write_json(f"{name}/zarr.json", document)

    def flush(self) -> None:
        """Walk the folder and flush every file and every folder to the device."""
        paths = [self.folder]
        for folder, folders, files in os.walk(self.folder):
            paths += [Path(folder, name) for name in (*files, *folders)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(_fsync, paths))

    def manifest(self) -> dict[str, Any]:
        return {
            "checksum": "crc32c",
            "files": {
                name: [size, f"{crc:08x}"]
                for name, (size, crc) in sorted(self.files.items())
            },
        }


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class LongArrayWriter:
    """A one-dimensional array whose encoded chunks arrive one after another."""

    def __init__(self, folder: FolderWriter, name: str, dtype: np.dtype):
        self.folder, self.name, self.dtype = folder, name, np.dtype(dtype)
        self._shard = -1
        self._file: Any = None
        self._index: list[tuple[int, int]] = []
        self._size = self._crc = 0
        self._chunks = 0

    def append(self, data: bytes) -> None:
        """The next chunk. All but the last chunk of the array hold CHUNK rows."""
        if self._file is None:
            self._shard += 1
            path = self.folder.folder / self.name / "c" / str(self._shard)
            os.makedirs(path.parent, exist_ok=True)
            self._file = open(path, "xb")  # noqa: SIM115 (closed in _finish)
        self._index.append((self._size, len(data)))
        self._put(data)
        self._chunks += 1
        if len(self._index) == SHARD_CHUNKS:
            self._finish(SHARD_CHUNKS)

    def _put(self, data: bytes) -> None:
        self._file.write(data)
        self._crc = google_crc32c.extend(self._crc, data)
        self._size += len(data)

    def _finish(self, chunks_per_shard: int) -> None:
        """Close a shard: the index of its chunks stands at its end."""
        index = np.full((chunks_per_shard, 2), 2**64 - 1, "<u8")
        index[: len(self._index)] = self._index
        raw = index.tobytes()
        self._put(raw + google_crc32c.value(raw).to_bytes(4, "little"))
        self._file.close()
        name = f"{self.name}/c/{self._shard}"
        self.folder.files[name] = (self._size, self._crc)
        self._file, self._index, self._size, self._crc = None, [], 0, 0

    def close(self, rows: int, attributes: dict[str, Any]) -> None:
        """Finish the array. Arrays of several shards have equal, full shard shapes."""
        per_shard = min(self._chunks, SHARD_CHUNKS)
        if self._file is not None:
            self._finish(per_shard)
        document = array_metadata(
            (rows,),
            ("obs",),
            self.dtype,
            attributes,
            chunk=(CHUNK,),
            shard=(per_shard * CHUNK,),
        )
        self.folder.write_json(f"{self.name}/zarr.json", document)

    def abandon(self) -> None:
        if self._file is not None:
            self._file.close()


def _whole(path: Path, offset: int = 0, size: int = -1) -> bytes:
    """Bytes of a file that the log promises."""
    try:
        with open(path, "rb", buffering=0) as file:
            if offset:
                file.seek(offset, os.SEEK_END if offset < 0 else os.SEEK_SET)
            return file.read(size)
    except FileNotFoundError:
        raise DamagedStoreError(
            f"{path} is missing: it was deleted, or vacuumed together with its commit. "
            "Run verify, and restore it from a copy of the store"
        ) from None


class ArrayReader:
    """One stored array: chunks by number."""

    def __init__(self, folder: Path, name: str):
        self.folder, self.name = folder / name, name
        document = json.loads(_whole(self.folder / "zarr.json"))
        self.shape = tuple(document["shape"])
        self.attributes = document["attributes"]
        self.dtype = _DTYPES.get(document["data_type"])
        self.sharded = document["codecs"][0]["name"] == "sharding_indexed"
        outer = document["chunk_grid"]["configuration"]["chunk_shape"]
        inner = outer
        if self.sharded:
            inner = document["codecs"][0]["configuration"]["chunk_shape"]
        self.chunk = inner[0]
        self.per_shard = outer[0] // inner[0]
        self._indices: dict[int, np.ndarray] = {}

    def chunk_bytes(self, number: int) -> int:
        """Size of a chunk on disk."""
        if not self.sharded:
            return os.path.getsize(self._path(0))
        return int(self._index(number // self.per_shard)[number % self.per_shard, 1])

    def read_all(self) -> Any:
        """A small array whole; text as a list."""
        data = _whole(self._path(0))
        if self.dtype is None:
            return decode_text(data)
        return self._decode(data).reshape(self.shape)

    def read_chunk(self, number: int) -> np.ndarray:
        if not self.sharded:
            return self._decode(_whole(self._path(0)))
        shard, at = divmod(number, self.per_shard)
        offset, size = (int(v) for v in self._index(shard)[at])
        data = _whole(self._path(shard), offset, size)
        if len(data) != size:
            raise DamagedStoreError(
                f"{self._path(shard)}: chunk {at} should have {size} bytes, "
                f"{len(data)} could be read. Run verify"
            )
        return self._decode(data)

    def _path(self, shard: int) -> Path:
        return self.folder / "c" / "/".join([str(shard)] * len(self.shape))

    def _decode(self, data: bytes) -> np.ndarray:
        try:
            return np.frombuffer(blosc.decompress(data), self.dtype)
        except (RuntimeError, ValueError) as error:
            raise DamagedStoreError(
                f"{self.folder}: a chunk cannot be decoded ({error}). Run verify"
            ) from error

    def _index(self, shard: int) -> np.ndarray:
        index = self._indices.get(shard)
        if index is None:
            raw = _whole(self._path(shard), -(16 * self.per_shard + 4))
            if google_crc32c.value(raw[:-4]) != int.from_bytes(raw[-4:], "little"):
                raise DamagedStoreError(
                    f"{self._path(shard)}: the shard's index is damaged. Run verify"
                )
            index = np.frombuffer(raw[:-4], "<u8").reshape(-1, 2)
            self._indices[shard] = index
        return index
