"""Sources: what was ingested, by content, so that nothing is taken in twice.

A source is (SHA-256 of the file, size, reader, its parameters, byte range). Ranges of
a huge uncompressed file are fixed by its size, never by the machine; a record belongs
to the range of its first byte.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oceandata.errors import FormatError, OceanDataError, StoreError
from oceandata.store.log import State

RANGE_BYTES = 4 << 30
_BLOCK = 1 << 20  # stays in the cache between reading and hashing


@dataclass(frozen=True)
class Source:
    """One file, or one byte range of it, with the reader that takes it."""

    path: Path
    reader: Any
    parameters: tuple[tuple[str, Any], ...]
    size: int
    modified: int
    start: int = 0
    stop: int | None = None

    @property
    def label(self) -> str:
        if self.stop is None:
            return self.path.name
        return f"{self.path.name}[{self.start}:{self.stop}]"

    @property
    def place(self) -> tuple[str, int]:
        """Where it lies; unlike the identity known before it is read."""
        return str(self.path), self.start

    def keywords(self) -> dict[str, Any]:
        """The parameters as its reader takes them."""
        said = dict(self.parameters)
        return said | {k: dict(v) for k, v in said.items() if k == "columns"}

    def key(self) -> dict[str, Any]:
        """What makes this source the same as another, but for the content."""
        return {
            "size": self.size,
            "reader": self.reader.name,
            "parameters": [list(pair) for pair in self.parameters],
            "range": None if self.stop is None else [self.start, self.stop],
        }

    def identity(self, sha256: str) -> str:
        document = json.dumps({"sha256": sha256, **self.key()}, sort_keys=True)
        return hashlib.blake2b(document.encode(), digest_size=16).hexdigest()

    def unchanged(self) -> bool:
        """Is the file what it was when the ingest was planned?"""
        found = os.stat(self.path)
        return (found.st_size, found.st_mtime_ns) == (self.size, self.modified)


class Hashes:
    """SHA-256 of files, computed beside the reading, each once."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1)
        self._found: dict[Path, Future[str]] = {}

    def begin(self, path: Path) -> Future[str]:
        if path not in self._found:
            self._found[path] = self._pool.submit(sha256_of, path)
        return self._found[path]

    def know(self, found: Mapping[Path, str]) -> None:
        """Take hashes that were computed elsewhere."""
        for path, sha256 in found.items():
            self._found[path] = Future()
            self._found[path].set_result(sha256)

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)


def sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    buffer = memoryview(bytearray(_BLOCK))
    with open(path, "rb", buffering=0) as file:
        while size := file.readinto(buffer):
            digest.update(buffer[:size])
    return digest.hexdigest()


def find_reader(
    path: Path,
    format: str,
    columns: Mapping[str, str] | None,
    options: Mapping[str, Any] | None = None,
) -> Any:
    """The reader that takes a file; FormatError if none does."""
    from oceandata import readers
    from oceandata.readers.protocol import check_options

    if format == "auto":
        encoding = (options or {}).get("encoding")
        format = readers.identify(path, columns=columns, encoding=encoding).format
    reader = readers.reader(format)
    check_options(reader, options or {})
    return reader


def plan_sources(
    paths: Any,
    *,
    format: str,
    columns: Mapping[str, str] | None,
    timezone: str | None,
    options: Mapping[str, Any] | None = None,
    range_bytes: int,
) -> tuple[list[Source], dict[str, str]]:
    """Sources of the files in the order given, and why others are refused."""
    sources: list[Source] = []
    refused: dict[str, str] = {}
    for path in _paths(paths, refused):
        try:
            if path.is_dir():
                raise FormatError("is a directory; name the files in it")
            reader = find_reader(path, format, columns, options)
            found = path.stat()
        except FileNotFoundError:
            refused[str(path)] = "no such file"
        except (OceanDataError, OSError) as error:
            refused[str(path)] = str(error)
        else:
            said = _parameters(reader, columns, timezone, options)
            whole = Source(path, reader, said, found.st_size, found.st_mtime_ns)
            sources += _ranges(whole, range_bytes, (options or {}).get("encoding"))
    return sources, refused


def _parameters(
    reader: Any,
    columns: Mapping[str, str] | None,
    timezone: str | None,
    options: Mapping[str, Any] | None,
) -> tuple[tuple[str, Any], ...]:
    """What changes what the reader gives: a default said aloud does not."""
    said: list[tuple[str, Any]] = []
    if columns:
        said.append(("columns", sorted(columns.items())))
    default = getattr(reader, "timezone", None)
    if timezone != getattr(reader, "default_timezone", default) and timezone:
        said.append(("timezone", timezone))
    said += sorted(as_plain(options).items())
    return tuple(said)


def as_plain(options: Mapping[str, Any] | None) -> dict[str, Any]:
    """A reader's options as values that JSON keeps; FormatError for others."""
    try:
        return json.loads(json.dumps(dict(options or {}), sort_keys=True))
    except TypeError as error:
        raise FormatError(
            f"options must be plain values (texts, numbers, lists, mappings): {error}"
        ) from None


def _paths(paths: Any, refused: dict[str, str]) -> list[Path]:
    """Files meant by paths and patterns, each once; patterns without any refused."""
    from oceandata.readers.tracks import expand

    if isinstance(paths, str | os.PathLike):
        paths = [paths]
    if hasattr(paths, "columns"):  # else the names of its columns were the files
        raise TypeError(
            f"paths must be files, got a {type(paths).__name__}. Write it to a file "
            "first, for instance with frame.to_parquet('positions.parquet')"
        )
    if not isinstance(paths, Iterable):
        raise TypeError(f"paths must be a path or several, got {type(paths).__name__}")
    found: dict[Path, None] = {}
    for path in paths:
        try:
            found.update(dict.fromkeys(expand(path)))
        except FormatError as error:
            refused[str(path)] = str(error)
    if not found and not refused:
        raise ValueError("paths is empty; name at least one file")
    return list(found)


def _ranges(
    whole: Source, range_bytes: int, encoding: str | None = None
) -> list[Source]:
    """Byte ranges of a file: one unless it is huge, plain and its reader takes them."""
    from dataclasses import replace

    from oceandata.readers.streams import compression

    if whole.size <= range_bytes or not getattr(whole.reader, "ranges", True):
        return [whole]
    if compression(whole.path, encoding) != "none":
        return [whole]
    edges = [*range(0, whole.size, range_bytes), whole.size]
    return [replace(whole, start=a, stop=b) for a, b in itertools.pairwise(edges)]


def read_otherwise(
    source: Source, sha256: str, state: State, replaces: Iterable[str]
) -> list[str]:
    """A note if the store shows the same bytes already, read in another way."""
    own = source.key()
    gone = {*state.replaced, *replaces}
    known = [
        record
        for name, record in state.sources.items()
        if (record["sha256"], record["range"]) == (sha256, own["range"])
        and name not in gone
    ]
    if not known:
        return []
    was = f"format {known[0]['reader']!r} {dict(known[0]['parameters'])}"
    return [
        f"{source.label}: the store has this file already, read as {was}; now as "
        f"format {own['reader']!r} {dict(own['parameters'])}. Both stay. To keep the "
        f"new one only, ingest it with replaces={sha256[:12]!r}"
    ]


def replaced_sources(text: str, state: State) -> list[str]:
    """Live sources whose identity or SHA-256 begins with ``text``."""
    if len(text) < 8:
        raise ValueError(
            f"replaces must be at least 8 characters of a hash, got {text!r}"
        )
    found = [
        source
        for source, record in state.sources.items()
        if source.startswith(text) or record["sha256"].startswith(text)
    ]
    contents = {state.sources[source]["sha256"] for source in found}
    if not found:
        raise StoreError(
            f"replaces={text!r}: no source has this hash; Store.sources() lists them"
        )
    if len(contents) > 1:
        raise StoreError(
            f"replaces={text!r} fits {len(contents)} different files; give more of "
            "the hash"
        )
    return [source for source in found if source not in state.replaced]
