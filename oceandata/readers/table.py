"""The reader of delimited tables: one class, configured by a :class:`Layout`."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np

from oceandata.errors import FormatError
from oceandata.machine import default_workers
from oceandata.readers import blocks, clock, streams
from oceandata.readers.layout import HEAD_BYTES, Layout, Table, bind, match, read_header
from oceandata.readers.parse import Memory, Parsed, parse
from oceandata.readers.protocol import (
    Head,
    Identification,
    Rejected,
    TrackBatch,
    clip,
)

BLOCK_BYTES = 16 << 20


def heads(path: Path, kind: str, max_ratio: float) -> Iterator[Head]:
    """The first 64 KiB of each stream in a file, decompressed."""
    with streams.open_members(path, kind, max_ratio=max_ratio) as members:
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
            yield Head(path, bytes(data[:n]), kind, member.name)


@dataclass(frozen=True)
class TableReader:
    """Reads one delimited format; satisfies ``TrackReader``."""

    layout: Layout
    variant: Callable[[list[str]], str]

    @property
    def name(self) -> str:
        return self.layout.name

    @property
    def timezone(self) -> str:
        """Time zone of naive times unless the caller says otherwise."""
        return self.layout.timezone

    def identify(
        self, head: Head, *, columns: Mapping[str, str] | None = None
    ) -> Identification | None:
        """What the file is, by its header, or None."""
        header = read_header(head)
        if header is None:
            return None
        places, faults = match(self.layout, header, columns)
        if faults:
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
    ) -> Iterator[TrackBatch]:
        """Batches in the order of the file; see ``TrackReader``."""
        path = Path(path)
        zone = clock.zone(timezone, self.timezone)
        kind = streams.compression(path)
        if kind != "none" and (start or stop is not None):
            raise FormatError(
                f"{path}: start and stop are byte offsets of an unpacked file; this "
                f"one is packed as {kind}. Read it whole"
            )
        workers = default_workers() if workers is None else max(1, workers)
        tables, notes = self._tables(path, kind, columns, zone, max_ratio)
        limits = (start, stop) if start or stop is not None else None
        with ThreadPoolExecutor(workers, "parse") as pool:
            job = _Job(path, kind, zone, workers, pool, blocks.Buffers(block_bytes))
            yield from job.run(tables, notes, limits, max_ratio)

    def _tables(
        self, path: Path, kind: str, columns, zone: str, max_ratio: float
    ) -> tuple[dict[str, Table], tuple[str, ...]]:
        """The tables in a file by member name, and what is left out."""
        found: dict[str, Table] = {}
        faults: list[str] = []
        for head in heads(path, kind, max_ratio):
            try:
                found[head.member] = bind(
                    self.layout, head, columns, zulu=zone == "UTC"
                )
            except FormatError as error:
                faults.append(str(error))
        if not found:
            raise FormatError(faults[0] if faults else f"{path}: the archive is empty")
        return found, tuple(f"left out: {fault}" for fault in faults)


@dataclass
class _Job:
    """One file being read: blocks go out to threads, batches come back in order."""

    path: Path
    kind: str
    zone: str
    workers: int
    pool: ThreadPoolExecutor
    buffers: blocks.Buffers

    def run(self, tables, notes, limits, max_ratio: float) -> Iterator[TrackBatch]:
        first, last = 0, None
        if limits is not None:
            first, last = self._records_in(tables[""], *limits)
        with streams.open_members(
            self.path, self.kind, start=first, stop=last, max_ratio=max_ratio
        ) as members:
            for member in members:
                table = tables.get(member.name)
                if table is None:
                    continue
                skip = 0 if limits else table.header.stop
                lines = _LineCount(self.path, first, table)
                for batch in self._member(member, table, skip, lines):
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

    def _one(self, piece, table: Table, memory: Memory) -> Parsed:
        if isinstance(piece, blocks.Block):
            try:
                return parse(piece, table, self.zone, memory)
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

    def __init__(self, path: Path, first: int, table: Table):
        self._path, self._before = path, first
        self._next = table.header.lines + 1
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
