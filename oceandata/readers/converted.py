"""Readers of tables whose values have to be converted before they are judged.

The text comes from :mod:`oceandata.readers.streams` (so a workbook or a DBF file does
as well), its columns go through a :class:`Plan` made for the file's header, and what
comes out goes the way of all frames (:mod:`oceandata.readers.frames`). Titles above
the header are passed over.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from oceandata.errors import FormatError
from oceandata.readers import blocks, clock, encodings, streams
from oceandata.readers.frames import Forms, placed_batch
from oceandata.readers.layout import HEAD_BYTES, Header, decode, describe, read_header
from oceandata.readers.parse import Memory
from oceandata.readers.protocol import (
    Head,
    Identification,
    Rejected,
    TrackBatch,
    check_options,
    clip,
)
from oceandata.readers.textrows import TextRows, text_rows

BLOCK_BYTES = 4 << 20
_TITLE_LINES = 30


@dataclass(frozen=True)
class Source:
    """The head of one stream: its header, the words above it, the first values."""

    head: Head
    header: Header
    preface: str
    places: dict[str, int]
    rows: TextRows

    def sample(self, name: str) -> list[str]:
        """First values of a column that is there."""
        return self.rows.columns[self.places[name]].to_pylist()

    def name_of(self, name: str) -> str:
        """What the file calls a column."""
        return self.header.names[self.places[name]]


@dataclass(frozen=True)
class Plan(ABC):
    """How the rows of one stream become columns.

    ``convert`` takes texts by canonical name and gives values by canonical name, and
    reasons (by row) why some rows are none.
    """

    forms: Forms
    notes: tuple[str, ...] = ()

    @abstractmethod
    def convert(
        self, texts: Mapping[str, pa.Array]
    ) -> tuple[dict[str, pa.Array], dict[int, str]]:
        """Values by canonical name, and why some rows are none, by row."""


class ConvertedReader(ABC):
    """A reader of one format; a subclass says which columns there are and the plan."""

    name = ""
    title = ""
    timezone = "UTC"
    options: ClassVar[Mapping[str, str]] = {}
    ranges = False

    @abstractmethod
    def places(
        self, names: list[str], columns: Mapping[str, str] | None
    ) -> tuple[dict[str, int], list[str]]:
        """Places of the columns in a header, and what is wrong (one text a fault)."""

    @abstractmethod
    def plan(self, source: Source, zone: str, options: Mapping[str, Any]) -> Plan:
        """How to read one stream; FormatError for what has to be told first."""

    def identify(
        self, head: Head, *, columns: Mapping[str, str] | None = None
    ) -> Identification | None:
        """What the file is, by its header, or None."""
        try:
            source = self._source(head, columns)
        except FormatError:
            return None
        told = {name: source.name_of(name) for name in source.places}
        # columns= alone, with headers of no format, describes any table
        foreign = bool(columns) and all(name.isascii() for name in told.values())
        return Identification(
            self.name,
            0.4 if foreign else 0.95,
            f"{self.title}: columns {', '.join(told.values())}",
            {
                "layout": self.name,
                "delimiter": source.header.delimiter,
                "columns": told,
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
        """Batches in the order of the file; see ``TrackReader``. One thread works."""
        check_options(self, options)
        path = Path(path)
        zone = clock.zone(timezone, self.timezone)
        if start or stop is not None:
            raise FormatError(
                f"{path}: the format {self.name!r} is not read in byte ranges; read "
                "the file whole"
            )
        encoding = options.get("encoding")
        kind = streams.compression(path, encoding)
        faults: list[str] = []
        found = False
        with streams.open_members(
            path, kind, max_ratio=max_ratio, encoding=encoding
        ) as members:
            for member in members:
                try:
                    head, start_of = _head(path, kind, member)
                    source = self._source(head, columns)
                    plan = self.plan(source, zone, options)
                except FormatError as error:
                    faults.append(str(error))
                    continue
                found = True
                job = _Job(member, source, plan, block_bytes)
                yield from job.batches(start_of, self.notes_of(source) + plan.notes)
        if not found:
            raise FormatError(faults[0] if faults else f"{path}: it holds no table")
        if faults:
            notes = tuple(f"left out: {fault}" for fault in faults)
            yield TrackBatch.of_rejected(Rejected.empty(), notes=notes)

    def notes_of(self, source: Source) -> tuple[str, ...]:
        """Sentences about a stream that hold under any plan."""
        return ()

    def _source(self, head: Head, columns: Mapping[str, str] | None) -> Source:
        """The header of a stream and what stands above and below it."""
        offset, first_faults = 0, None
        for line in range(_TITLE_LINES):
            rest = replace(head, data=head.data[offset:])
            header = read_header(rest)
            if header is not None and len(header.names) > 1:
                places, faults = self.places(header.names, columns)
                if not faults:
                    return _found(head, header, offset, line, places)
                if first_faults is None or len(faults) < len(first_faults[1]):
                    first_faults = header, faults
            offset = head.data.find(b"\n", offset) + 1
            if offset == 0:
                break
        raise FormatError(self._fault(head, first_faults))

    def _fault(self, head: Head, nearest) -> str:
        if nearest is None:
            return (
                f"{head.where}: expected a table with a header line ({self.title}), "
                f"found {describe(head.data)}"
            )
        header, faults = nearest
        listed = ", ".join(map(repr, header.names[:20]))
        return (
            f"{head.where}: {'; '.join(faults)}; columns found: {listed}. If they are "
            "called otherwise, pass columns={canonical name: name in the file}"
        )


def _found(head: Head, header: Header, offset: int, line: int, places) -> Source:
    header = replace(header, stop=header.stop + offset, lines=header.lines + line)
    preface = head.preface + decode(head.data[:offset])
    data = head.data[header.stop :]
    if header.returns:
        data = data.replace(b"\r", b"\n")
    if len(head.data) >= HEAD_BYTES:
        data = data[: data.rfind(b"\n") + 1]
    buffer = bytearray(data)
    block = blocks.Block(buffer, np.frombuffer(buffer, np.uint8), 0, len(buffer))
    n_fields = len(header.names) + header.row_names
    rows = text_rows(block, delimiter=header.delimiter, n_fields=n_fields)
    places = {name: place + header.row_names for name, place in places.items()}
    if header.row_names:
        header = replace(header, names=["", *header.names], row_names=False)
    return Source(head, header, preface, places, rows)


def _head(path: Path, kind: str, member: streams.Member) -> tuple[Head, bytes]:
    """The first bytes of a stream, and all that was read to get them."""
    data = bytearray(HEAD_BYTES)
    n = 0
    try:
        while n < HEAD_BYTES and (got := member.read(memoryview(data)[n:])):
            n += got
    except streams.CutShortError as error:
        if not n:
            raise FormatError(f"{path}: {error}; nothing of it is good") from None
    start = bytes(data[:n])
    return Head(path, start, kind, member.name, member.preface), start


@dataclass
class _Job:
    """One stream being read."""

    member: streams.Member
    source: Source
    plan: Plan
    block_bytes: int

    def batches(self, start: bytes, notes: tuple[str, ...]) -> Iterator[TrackBatch]:
        header = self.source.header
        left = memoryview(start)

        def read(view: memoryview) -> int:
            nonlocal left
            if not left:
                return self.member.read(view)
            n = min(len(view), len(left))
            view[:n] = left[:n]
            left = left[n:]
            return n

        buffers = blocks.Buffers(self.block_bytes)
        pieces = blocks.Blocks(
            read,
            buffers,
            delimiter=ord(header.delimiter),
            n_fields=len(header.names),
            skip=header.stop,
            returns=header.returns,
        )
        memory = Memory()
        line = header.lines + 1 + self.member.lines_before
        for piece in pieces:
            batch, lines = self._one(piece, memory)
            rejected = batch.rejected
            rejected = replace(rejected, line=rejected.line + line)
            batch = replace(batch, rejected=rejected, member=self.member.name)
            yield encodings.mend(replace(batch, notes=notes), self.member.encoding)
            notes = ()
            line += lines
            if isinstance(piece, blocks.Block):
                buffers.give_back(piece)

    def _one(self, piece, memory: Memory) -> tuple[TrackBatch, int]:
        """A batch whose lines count from the block's first, and its lines."""
        if not isinstance(piece, blocks.Block):
            cut = isinstance(piece, blocks.Cut)
            reason = piece.reason if cut else "record longer than 1 MiB"
            rejected = Rejected(np.zeros(1, np.int64), [reason], [clip(piece.raw)])
            batch = TrackBatch.of_rejected(rejected)
            return replace(batch, repairs={reason: 1} if cut else {}), 1
        header = self.source.header
        rows = text_rows(piece, delimiter=header.delimiter, n_fields=len(header.names))
        texts = {name: rows.columns[k] for name, k in self.source.places.items()}
        values, refused = self.plan.convert(texts)
        kept = np.ones(len(rows), bool)
        kept[list(refused)] = False
        index = np.flatnonzero(kept)
        if refused:
            mask = pa.array(kept)
            values = {name: array.filter(mask) for name, array in values.items()}
        batch, _ = placed_batch(
            values,
            lines=rows.lines[index],
            raw=lambda i: rows.raw(int(index[i])),
            forms=self.plan.forms,
            memory=memory,
        )
        own = Rejected(
            rows.lines[list(refused)],
            list(refused.values()),
            [rows.raw(k) for k in refused],
        )
        rejected = _in_order(Rejected.concat([rows.rejected, own, batch.rejected]))
        read = len(batch.columns) + len(rejected)
        return replace(batch, rejected=rejected, rows_read=read), rows.count


def _in_order(rejected: Rejected) -> Rejected:
    order = np.argsort(rejected.line, kind="stable").tolist()
    return Rejected(
        rejected.line[order],
        [rejected.reason[k] for k in order],
        [rejected.raw[k] for k in order],
    )
