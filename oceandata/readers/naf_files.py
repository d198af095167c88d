"""Files of NAF messages into batches: where a message begins, and what became of it.

A record begins where a line begins and wherever ``//SR//`` stands, so that byte ranges
of a file share no record. What stands before the first ``//SR//`` of a line, or behind
``//ER//``, is a record by itself and is rejected; blank ones do not count.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from oceandata.columns import Columns, vessel_key
from oceandata.errors import FormatError
from oceandata.quality import NOT_EVALUATED
from oceandata.readers import clock, encodings, streams
from oceandata.readers.layout import decode
from oceandata.readers.naf import NafError, NafMessage, parse_naf
from oceandata.readers.protocol import (
    REPORT_DTYPES,
    Head,
    Identification,
    Rejected,
    Reports,
    TrackBatch,
    check_options,
    clip,
)

LIMIT = 1 << 20
_BEGIN = re.compile(rb"\n|(?=//SR//)")
_TAIL = re.compile(rb"//ER//(?!SR//)")
_MISSING = -32768


@dataclass(frozen=True)
class NafReader:
    """Reads NAF messages; satisfies ``TrackReader``."""

    name: str = "naf"
    title: str = "NAF messages of vessel monitoring; needs //SR//…//ER//"
    timezone: str = "UTC"
    options: ClassVar[Mapping[str, str]] = {"encoding": encodings.OPTION}

    def identify(
        self, head: Head, *, columns: Mapping[str, str] | None = None
    ) -> Identification | None:
        """NAF if a message begins; surest if the file begins with one."""
        if b"//SR//" not in head.data:
            return None
        begins = head.data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"//SR//")
        return Identification(
            self.name,
            1.0 if begins else 0.6,
            "a message begins with //SR//",
            {
                "layout": "messages",
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
        block_bytes: int = 4 << 20,
        workers: int | None = None,
        max_ratio: float = streams.MAX_RATIO,
        **options: Any,
    ) -> Iterator[TrackBatch]:
        """Batches in the order of the file; see ``TrackReader``."""
        check_options(self, options)
        path, encoding = Path(path), options.get("encoding")
        if columns:
            raise FormatError("format 'naf' has no columns; leave columns= out")
        if clock.zone(timezone, "UTC") != "UTC":
            raise FormatError("format 'naf' is in UTC; leave timezone= out")
        kind = streams.compression(path, encoding)
        if kind != "none" and (start or stop is not None):
            raise FormatError(
                f"{path}: start and stop are byte offsets of an unpacked file; this "
                f"one is packed as {kind}. Read it whole"
            )
        first = max(0, start - 2 * LIMIT)
        with streams.open_members(
            path, kind, start=first, max_ratio=max_ratio, encoding=encoding
        ) as members:
            for member in members:
                file = _File(path, first, (start, stop), member.name)
                yield from file.batches(member.read, max(block_bytes, 1 << 16))


READER = NafReader()


def naf_messages(path: str | Path) -> Iterator[NafMessage | str]:
    """All messages of a file with all their fields; for a bad one its fault."""
    kind = streams.compression(Path(path))
    with streams.open_members(Path(path), kind) as members:
        for member in members:
            file = _File(Path(path), 0, (0, None), member.name)
            for records, _ in file.pieces(member.read, 1 << 20):
                for _, _, raw in records:
                    try:
                        yield parse_naf(decode(raw))
                    except NafError as error:
                        yield str(error)


@dataclass
class _File:
    """One stream of messages being read; ``first`` is where its bytes begin."""

    path: Path
    first: int
    limits: tuple[int, int | None]
    member: str
    said: dict[int, tuple] = field(default_factory=dict)

    def batches(self, read, size: int) -> Iterator[TrackBatch]:
        for records, fault in self.pieces(read, size):
            yield self._batch(records, fault)

    def pieces(self, read, size: int) -> Iterator[tuple[list, str]]:
        """Records (offset, line, bytes) of some MB, and what cut the file short."""
        start, stop = self.limits
        carry, offset, line = b"", self.first, 0
        if self.first:
            line = _count_lines(self.path, self.first)
        end, fault = False, ""
        while not end:
            data, end, fault = _fill(read, carry, size)
            whole = len(data) if end and not fault else _last_begin(data, end)
            found = []
            for a, b, line_of in _cut(data[:whole], line):
                if offset + a >= start and (stop is None or offset + a < stop):
                    found.append((offset + a, line_of, data[a:b]))
            line += data.count(b"\n", 0, whole)
            carry, offset = data[whole:], offset + whole
            if fault:
                found.append((offset, line + 1, carry))
            yield found, fault
            if stop is not None and offset >= stop:
                return

    def _batch(self, records: list, fault: str) -> TrackBatch:
        good: list[NafMessage] = []
        lines, reasons, raws = [], [], []
        repairs: Counter[str] = Counter()
        last = len(records) - 1 if fault else -1
        for k, (_, line, raw) in enumerate(records):
            try:
                if k == last:
                    repairs[fault] += 1
                    raise NafError(fault)
                if len(raw) > LIMIT:
                    raise NafError("record longer than 1 MiB")
                message = parse_naf(decode(raw))
            except NafError as error:
                lines.append(line)
                reasons.append(str(error))
                raws.append(clip(raw))
            else:
                good.append(message)
                repairs.update(message.repairs)
        keys = np.array([vessel_key(m.vessel) for m in good], np.int64)
        names = dict(zip(keys.tolist(), [m.vessel for m in good], strict=True))
        return TrackBatch(
            _columns(good, keys),
            names,
            self._reports(good, keys),
            Rejected(np.array(lines, np.int64), reasons, raws),
            len(records),
            dict(repairs),
            member=self.member,
        )

    def _reports(self, good: list[NafMessage], keys: np.ndarray) -> Reports:
        """What vessels say of themselves, where it changes."""
        rows = []
        for message, key in zip(good, keys.tolist(), strict=True):
            said = (message.name, message.call_sign, message.imo)
            if any(said) and self.said.get(key) != said:
                self.said[key] = said
                rows.append((key, message.time, *said))
        n = len(rows)
        out = {name: np.zeros(n, dtype) for name, dtype in REPORT_DTYPES.items()}
        for name in ("length", "width", "draught"):
            out[name][:] = np.nan
        out["ship_type"][:] = -1
        out["destination"][:] = ""
        named = ("vessel", "time", "name", "call_sign", "imo")
        for k, name in enumerate(named):
            out[name][:] = [row[k] for row in rows]
        return Reports(**out)


def _fill(read, carry: bytes, size: int) -> tuple[bytes, bool, str]:
    """``size`` more bytes behind ``carry``: (bytes, whether it ends, why too early)."""
    buffer = bytearray(len(carry) + size)
    buffer[: len(carry)] = carry
    view, n = memoryview(buffer), len(carry)
    while n < len(buffer):
        try:
            got = read(view[n:])
        except streams.CutShortError as error:
            return bytes(view[:n]), True, str(error)
        if not got:
            return bytes(view[:n]), True, ""
        n += got
    return bytes(buffer), False, ""


def _last_begin(data: bytes, end: bool) -> int:
    """Where the last record that may go on begins."""
    newline, message = data.rfind(b"\n") + 1, data.rfind(b"//SR//")
    begin = max(newline, message)
    # a mark may be cut in two at the end; a record without end is given up
    return begin if end or len(data) - begin <= LIMIT else len(data) - 5


def _cut(data: bytes, line: int) -> Iterator[tuple[int, int, int]]:
    """Records of ``data`` that are not blank: (start, stop, line from 1)."""
    begin = 0
    edges = [m.span() for m in _BEGIN.finditer(data)]
    for a, b in [*edges, (len(data), len(data))]:
        if a > begin:
            line_of = line + 1
            tail = _TAIL.search(data, begin, a)
            cut = tail.end() if tail else a
            for p, q in ((begin, cut), (cut, a)):
                if data[p:q].strip(b" \t\r\0\xef\xbb\xbf"):
                    yield p, q, line_of
        line += b > a
        begin = b


def _count_lines(path: Path, stop: int) -> int:
    """Line ends before ``stop``."""
    n = 0
    with path.open("rb") as file:
        while stop > 0 and (chunk := file.read(min(stop, 1 << 22))):
            n += chunk.count(b"\n")
            stop -= len(chunk)
    return n


def _columns(good: list[NafMessage], keys: np.ndarray) -> Columns:
    n = len(good)
    return Columns(
        vessel=keys,
        time=np.array([m.time for m in good], np.int64),
        lon=_scaled(np.array([m.lon for m in good], np.float64)),
        lat=_scaled(np.array([m.lat for m in good], np.float64)),
        sog=_tenths([m.speed for m in good]),
        cog=_tenths([m.course for m in good]),
        heading=np.full(n, _MISSING, np.int16),
        nav_status=np.full(n, 15, np.int8),
        transceiver=np.zeros(n, np.int8),
        quality=np.full(n, NOT_EVALUATED, np.int8),
        source=np.zeros(n, np.int32),
    )


def _scaled(degrees: np.ndarray) -> np.ndarray:
    """int32 in 1e-7 degree where that is exact, else the degrees themselves."""
    whole = np.rint(degrees * 1e7)
    return whole.astype(np.int32) if (whole / 1e7 == degrees).all() else degrees


def _tenths(values: list[float | None]) -> np.ndarray:
    """int16 in tenths where that is exact, else float32."""
    known = np.array([np.nan if v is None else v for v in values], np.float64)
    whole = np.rint(known * 10)
    there = ~np.isnan(known)
    if (whole[there] / 10 == known[there]).all():
        return np.where(there, whole, _MISSING).astype(np.int16)
    return known.astype(np.float32)
