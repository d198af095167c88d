"""What a reader of vessel tracks promises, and what it hands over.

A reader turns one file into batches of compact columns, in the order of the file, and
accounts for every row: ``rows_read == len(columns) + len(rejected)`` in each batch. It
knows files and the schema, no science: a position on land or a speed of 60 knots is
kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from oceandata.columns import Columns
from oceandata.errors import FormatError

RAW_LIMIT = 4096
"""Most bytes kept of one rejected record."""


@dataclass(frozen=True)
class Identification:
    """What a file is (``format``), how sure (0 … 1) and why."""

    format: str
    sure: float
    why: str
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Head:
    """The first bytes of a table, decompressed, and where they come from.

    ``preface``: words that stood above and are left out (titles of a sheet).
    """

    path: Path
    data: bytes
    compression: str = "none"
    member: str = ""
    preface: str = ""

    @property
    def where(self) -> str:
        """The file's name for messages, with the archive member if there is one."""
        return f"{self.path.name}[{self.member}]" if self.member else self.path.name


@dataclass(frozen=True)
class Reports:
    """What vessels say of themselves, where it changes: arrays of equal length.

    vessel int64, time int64 (µs, UTC), imo int64 (0 unknown), ship_type int16 (AIS
    code, -1 unknown), length, width, draught float32 (m, NaN unknown), transceiver
    int8 (0 unknown, 1 class A, 2 class B); name, call_sign, destination object arrays
    of str ("" unknown). content uint64, or None where the reader keeps no account:
    equal numbers mean equal values of all but vessel and time, in this process.
    """

    vessel: np.ndarray
    time: np.ndarray
    name: np.ndarray
    call_sign: np.ndarray
    destination: np.ndarray
    imo: np.ndarray
    ship_type: np.ndarray
    length: np.ndarray
    width: np.ndarray
    draught: np.ndarray
    transceiver: np.ndarray
    content: np.ndarray | None = None

    def __len__(self) -> int:
        return int(self.vessel.size)

    @classmethod
    def empty(cls) -> Reports:
        return cls(**{n: np.empty(0, dtype) for n, dtype in REPORT_DTYPES.items()})

    @classmethod
    def concat(cls, parts: Iterable[Reports]) -> Reports:
        parts = list(parts) or [cls.empty()]
        return cls(
            **{n: np.concatenate([getattr(p, n) for p in parts]) for n in REPORT_DTYPES}
        )

    def take(self, index: np.ndarray) -> Reports:
        content = None if self.content is None else self.content[index]
        rows = {n: getattr(self, n)[index] for n in REPORT_DTYPES}
        return Reports(**rows, content=content)


REPORT_DTYPES = {
    "vessel": np.dtype("i8"),
    "time": np.dtype("i8"),
    "name": np.dtype("O"),
    "call_sign": np.dtype("O"),
    "destination": np.dtype("O"),
    "imo": np.dtype("i8"),
    "ship_type": np.dtype("i2"),
    "length": np.dtype("f4"),
    "width": np.dtype("f4"),
    "draught": np.dtype("f4"),
    "transceiver": np.dtype("i1"),
}


@dataclass(frozen=True)
class Rejected:
    """Records that are no fix of a vessel.

    line (n,) int64: 1-based line of the record's first byte in the decompressed file
    (0: not known); reason: short fixed phrases; raw: at most :data:`RAW_LIMIT` bytes
    each, ending in ``...`` if cut.
    """

    line: np.ndarray
    reason: list[str]
    raw: list[bytes]

    def __len__(self) -> int:
        return len(self.reason)

    @classmethod
    def empty(cls) -> Rejected:
        return cls(np.empty(0, "i8"), [], [])

    @classmethod
    def concat(cls, parts: Iterable[Rejected]) -> Rejected:
        parts = list(parts) or [cls.empty()]
        return cls(
            np.concatenate([p.line for p in parts]),
            [reason for p in parts for reason in p.reason],
            [raw for p in parts for raw in p.raw],
        )

    def by_reason(self) -> dict[str, int]:
        """Rows a reason, most frequent first."""
        return dict(Counter(self.reason).most_common())


def clip(raw: bytes) -> bytes:
    """A record's bytes without its line end, cut to :data:`RAW_LIMIT`."""
    raw = raw.rstrip(b"\r\n") if len(raw) <= RAW_LIMIT else raw
    return raw if len(raw) <= RAW_LIMIT else raw[: RAW_LIMIT - 3] + b"..."


@dataclass(frozen=True)
class TrackBatch:
    """Some successive records of one file.

    ``rows_read`` counts records of positions; ``others`` counts records that are none
    and are understood as something else (static reports, texts), by what they are.
    ``repairs`` counts values set right in kept rows, by what was done. ``member``
    names the archive member the rows come from. ``notes`` are sentences about the
    file, told once.
    """

    columns: Columns
    names: dict[int, str]
    reports: Reports
    rejected: Rejected
    rows_read: int
    repairs: dict[str, int]
    member: str = ""
    notes: tuple[str, ...] = ()
    others: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of_rejected(cls, rejected: Rejected, **rest: Any) -> TrackBatch:
        """A batch without any good row."""
        return cls(
            Columns.empty(), {}, Reports.empty(), rejected, len(rejected), {}, **rest
        )


class TrackReader(Protocol):
    """One file format: see :mod:`oceandata.readers.formats` on how to add one.

    name: the word for ``format=``; title: a few words for messages, with what a file
    needs to be of this format; timezone: that of naive times; options: the keywords
    that ``batches`` takes beyond those below (units, a year …), by name with one
    sentence each.

    A reader of files that are no stream of text (a workbook, a database) also has
    ``identify_file(path, start, columns=…)``: the path, the first 512 bytes as
    they are on disk; it is asked before anything is unpacked.
    ``ranges = False`` says that a file cannot be read in byte ranges.
    """

    name: str
    title: str
    timezone: str
    options: Mapping[str, str]

    def identify(
        self, head: Head, *, columns: Mapping[str, str] | None = None
    ) -> Identification | None:
        """What the file is, or None if it is not of this format."""
        ...

    def batches(
        self,
        path: str | Path,
        *,
        columns: Mapping[str, str] | None = None,
        timezone: str | None = None,
        start: int = 0,
        stop: int | None = None,
        block_bytes: int = 16 << 20,
        workers: int | None = None,
        max_ratio: float = 200.0,
        **options: Any,
    ) -> Iterator[TrackBatch]:
        """Read the file, or the records that begin in bytes [start, stop) of it.

        ``columns`` maps canonical names to the file's; ``timezone`` is that of naive
        times (default: the format's own). A compressed file that expands more than
        ``max_ratio`` times beyond 1 GiB is refused. ``options`` are those the reader
        declares; :func:`check_options` refuses others.
        """
        ...


def check_options(reader: Any, options: Mapping[str, Any]) -> None:
    """FormatError for keywords that a reader does not take."""
    known = getattr(reader, "options", {})
    unknown = [name for name in options if name not in known]
    if unknown:
        listed = "; ".join(f"{name}: {what}" for name, what in known.items())
        raise FormatError(
            f"format {reader.name!r} does not take {', '.join(map(repr, unknown))}; "
            f"its options are {listed or 'none'}"
        )
