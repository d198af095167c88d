"""The reader of delimited tables: one class, configured by a :class:`Layout`."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from oceandata.errors import FormatError
from oceandata.machine import default_workers
from oceandata.readers import blocks, clock, encodings, streams
from oceandata.readers.layout import (
    HEAD_BYTES,
    Layout,
    Table,
    bind,
    match,
    read_header,
    sample,
)
from oceandata.readers.parse import Memory, Parsed, parse
from oceandata.readers.protocol import (
    Head,
    Identification,
    Rejected,
    TrackBatch,
    check_options,
    clip,
)
from oceankernels import tablespec

BLOCK_BYTES = 16 << 20


def heads(
    path: Path, kind: str, max_ratio: float, encoding: str | None = None
) -> Iterator[Head]:
    """The first 64 KiB of each stream in a file, decompressed."""
    with streams.open_members(
        path, kind, max_ratio=max_ratio, encoding=encoding
    ) as members:
        for member in members:
            data = bytearray(HEAD_BYTES)
            n = 0
            try:
                while n < HEAD_BYTES:
                    got = member.read(memoryview(data)[n:])
                    if not got:
                        break
                    n += got
            except streams.CutShortError as error:
                if not n:
                    raise FormatError(
                        f"{path}: {error}; nothing of it is good"
                    ) from None
            yield Head(path, bytes(data[:n]), kind, member.name, member.preface)


@dataclass(frozen=True)
class TableReader:
    """Reads one delimited format; satisfies ``TrackReader``."""

    layout: Layout
    variant: Callable[[list[str]], str]
    options: ClassVar[Mapping[str, str]] = {"encoding": encodings.OPTION}

    @property
    def name(self) -> str:
        return self.layout.name

    @property
    def title(self) -> str:
        return self.layout.title

    @property
    def timezone(self) -> str:
        """Time zone of naive times unless the caller says otherwise."""
        return self.layout.timezone

    def layout_of(
        self,
        head: Head,
        columns: Mapping[str, str] | None,
        options: Mapping[str, Any],
    ) -> Layout:
        """The layout of one file; FormatError if it cannot be told."""
        return self.layout

    def identify(
        self, head: Head, *, columns: Mapping[str, str] | None = None
    ) -> Identification | None:
        """What the file is, by its header, or None."""
        header = read_header(head)
        if header is None:
            return None
        places, faults = match(self.layout, header, columns)
        if faults or not _times_fit(self.layout, head, header, places, columns):
            return None
        optional = [c for c in self.layout.columns if not c.required]
        found = sum(c.name in places for c in optional)
        sure = 0.8 + 0.2 * found / len(optional) if optional else 1.0
        return Identification(
            self.name,
            round(sure, 2),
            f"{self.layout.title}: all required columns and {found} of "
            f"{len(optional)} others are in the header",
            {
                "layout": self.variant(header.names),
                "delimiter": header.delimiter,
                "columns": {
                    name: header.names[place] for name, place in places.items()
                },
                "compression": head.compression,
                "timezone": self.timezone,
                **({"member": head.member} if head.member else {}),
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
        block_bytes: int = BLOCK_BYTES,
        workers: int | None = None,
        max_ratio: float = streams.MAX_RATIO,
        **options: Any,
    ) -> Iterator[TrackBatch]:
        """Batches in the order of the file; see ``TrackReader``."""
        check_options(self, options)
        path = Path(path)
        zone = clock.zone(timezone, self.timezone)
        encoding = options.get("encoding")
        kind = streams.compression(path, encoding)
        if kind != "none" and (start or stop is not None):
            raise FormatError(
                f"{path}: start and stop are byte offsets of an unpacked file; this "
                f"one is packed as {kind}. Read it whole"
            )
        workers = default_workers() if workers is None else max(1, workers)
        found = heads(path, kind, max_ratio, encoding)
        zulu = zone == "UTC"
        tables, notes = self._tables(path, found, columns, zulu, options)
        limits = (start, stop) if start or stop is not None else None
        with ThreadPoolExecutor(workers, "parse") as pool:
            job = _Job(path, kind, zone, workers, pool, blocks.Buffers(block_bytes))
            yield from job.run(tables, notes, limits, max_ratio, encoding)

    def _tables(
        self, path: Path, found_heads: Iterator[Head], columns, zulu: bool, options
    ) -> tuple[dict[str, Table], tuple[str, ...]]:
        """The tables in a file by member name, and what is left out."""
        found: dict[str, Table] = {}
        faults: list[str] = []
        for head in found_heads:
            try:
                layout = self.layout_of(head, columns, options)
                found[head.member] = bind(layout, head, columns, zulu=zulu)
            except FormatError as error:
                faults.append(str(error))
        if not found:
            raise FormatError(faults[0] if faults else f"{path}: the archive is empty")
        return found, tuple(f"left out: {fault}" for fault in faults)


_BEGINS = {
    tablespec.TIME_ISO: re.compile(r"\s*\d{4}-\d{1,2}-\d{1,2}[T ]"),
    tablespec.TIME_DMY: re.compile(r"\s*\d{1,2}/\d{1,2}/\d{4} "),
    tablespec.TIME_COMPACT: re.compile(r"\s*\d{8}"),
    tablespec.TIME_UNIX: re.compile(r"\s*-?\d+(\.\d*)?\s*$"),
}


def _times_fit(layout: Layout, head: Head, header, places, columns) -> bool:
    """Whether a column of times that was named has the times of the format.

    Another name alone does not make another format; other times do.
    """
    named = "time" in places and "time" in (columns or {})
    form = _BEGINS.get(layout.column("time").kind) if named else None
    if form is None:
        return True
    values = [v for v in sample(head, header, places["time"], most=100) if v.strip()]
    return not values or 2 * sum(bool(form.match(v)) for v in values) > len(values)


@dataclass
class _Job:
    """One file being read: blocks go out to threads, batches come back in order."""

    path: Path
    kind: str
    zone: str
    workers: int
    pool: ThreadPoolExecutor
    buffers: blocks.Buffers

    def run(
        self, tables, notes, limits, max_ratio: float, encoding
    ) -> Iterator[TrackBatch]:
        first, last = 0, None
        if limits is not None:
            first, last = self._records_in(tables[""], *limits)
        with streams.open_members(
            self.path,
            self.kind,
            start=first,
            stop=last,
            max_ratio=max_ratio,
            encoding=encoding,
        ) as members:
            for member in members:
                table = tables.get(member.name)
                if table is None:
                    continue
                skip = 0 if limits else table.header.stop
                lines = _LineCount(self.path, first, table, member.lines_before)
                for batch in self._member(member, table, skip, lines):
                    batch = encodings.mend(batch, member.encoding)
                    yield replace(batch, member=member.name, notes=notes)
                    notes = ()

    def _records_in(self, table: Table, start: int, stop: int | None):
        """Byte range of the records that begin in [start, stop)."""
        rest = {
            "first": table.header.stop,
            "delimiter": table.delimiter,
            "n_fields": table.n_fields,
        }
        first = blocks.record_start(self.path, start, **rest)
        last = None if stop is None else blocks.record_start(self.path, stop, **rest)
        return first, last

    def _member(self, member, table: Table, skip: int, lines) -> Iterator[TrackBatch]:
        pieces = iter(
            blocks.Blocks(
                member.read,
                self.buffers,
                delimiter=table.delimiter,
                n_fields=table.n_fields,
                skip=skip,
                returns=table.header.returns,
            )
        )
        memory = Memory()
        waiting: deque[Future] = deque()
        while True:
            for piece in islice(pieces, self.workers + 1 - len(waiting)):
                waiting.append(self.pool.submit(self._one, piece, table, memory))
            if not waiting:
                return
            yield lines.place(waiting.popleft().result())

    def _zone_of(self, table: Table) -> str:
        """Counts since 1970 are UTC, whatever the zone of written times."""
        counts = bool((table.spec.kind == tablespec.TIME_UNIX).any())
        return "UTC" if counts else self.zone

    def _one(self, piece, table: Table, memory: Memory) -> Parsed:
        if isinstance(piece, blocks.Block):
            try:
                return parse(piece, table, self._zone_of(table), memory)
            finally:
                self.buffers.give_back(piece)
        reason = (
            piece.reason
            if isinstance(piece, blocks.Cut)
            else "record longer than 1 MiB"
        )
        rejected = Rejected(np.zeros(1, np.int64), [reason], [clip(piece.raw)])
        notes = {reason: 1} if isinstance(piece, blocks.Cut) else {}
        batch = TrackBatch.of_rejected(rejected)
        return Parsed(replace(batch, repairs=notes), 1)


class _LineCount:
    """Turns lines counted from a block's start into lines of the file.

    For a byte range that does not begin at the file's start, the lines before it are
    counted once a line number is wanted.
    """

    def __init__(self, path: Path, first: int, table: Table, skipped: int = 0):
        self._path, self._before = path, first
        self._next = table.header.lines + 1 + skipped
        self._returns = b"\r" if table.header.returns else b"\n"

    def place(self, parsed: Parsed) -> TrackBatch:
        batch, base = parsed.batch, self._next
        self._next += parsed.lines
        if not len(batch.rejected):
            return batch
        if self._before:
            before = self._count()
            self._before = 0
            base += before
            self._next += before
        rejected = replace(batch.rejected, line=batch.rejected.line + base)
        return replace(batch, rejected=rejected)

    def _count(self) -> int:
        """Lines between the header and the range's first byte."""
        n, left = -1, self._before
        with self._path.open("rb") as file:
            while left > 0:
                chunk = file.read(min(left, 1 << 22))
                if not chunk:
                    break
                n += chunk.count(self._returns)
                left -= len(chunk)
        return n
