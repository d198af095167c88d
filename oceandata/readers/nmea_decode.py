"""Blocks of NMEA sentences to messages: the steps between bytes and columns.

:func:`scan` knows one block only and may run in any thread; :class:`Joiner` takes the
scanned blocks in order, joins parts of messages and hands times of time lines on.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from oceandata.columns import Columns
from oceandata.quality import NOT_EVALUATED
from oceandata.readers.protocol import RAW_LIMIT, Rejected, clip
from oceankernels import nmea, nmeafix, nmealines, nmeaparts, nmeaspec, nmeastate
from oceankernels.nmeaspec import (
    BODY,
    CODE,
    COMMENT,
    FILL,
    FIRST,
    JOINED,
    JOINT,
    LINE,
    LOST,
    NO_TIME,
    SIZE,
    START,
    STOP,
    TIME,
    TIME_LINE,
)

STATIC, COMMENTS, TIME_LINES, PARTS = (
    "static report",
    "comment line",
    "time line",
    "further part of a message",
)
FLAG_WORDS = {
    nmeaspec.NO_CHECKSUM: "sentence without a checksum",
    nmeaspec.TAG_BAD: "tag block with a wrong checksum passed over",
    nmeaspec.TAG_BARE: "tag block without a checksum",
    nmeaspec.PREFIXED: "text before a sentence passed over",
    nmeaspec.FROM_LINE: "time taken from a time line",
}
_RAW = RAW_LIMIT + 4


@dataclass(frozen=True)
class Scanned:
    """Records of one block; ``lines`` it has."""

    array: np.ndarray
    table: np.ndarray
    lines: int


def scan(array: np.ndarray, stop: int) -> Scanned:
    """Records of ``array[:stop]``, whole lines with slack after them."""
    table = np.empty(
        (nmealines.count_records(array, 0, stop), nmeaspec.N_COLUMNS), "i8"
    )
    n, lines, _ = nmealines.scan(array, 0, stop, table)
    return Scanned(array, table[:n], lines)


@dataclass(frozen=True)
class Piece:
    """Messages of one block, decoded.

    table (n, 13): records, see :mod:`oceankernels.nmeaspec`; ``fixes`` and ``others``
    point into it. texts: what the START and BODY of joined messages point into. lost
    (m, 4): parts given up. base: line of the file before the block.
    """

    array: np.ndarray
    texts: np.ndarray
    table: np.ndarray
    fixes: nmeaspec.Fixes
    others: nmeaspec.Others
    lost: np.ndarray
    base: int
    repairs: dict[str, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def columns(self) -> Columns:
        """Positions of vessels."""
        f = self.fixes
        n = f.row.size
        return Columns(
            vessel=f.vessel,
            time=self.table[f.row, TIME],
            lon=f.lon,
            lat=f.lat,
            sog=f.sog,
            cog=f.cog,
            heading=f.heading,
            nav_status=f.nav_status,
            transceiver=f.transceiver,
            quality=np.full(n, NOT_EVALUATED, np.int8),
            source=np.zeros(n, np.int32),
        )

    def raw(self, rows: np.ndarray) -> list[bytes]:
        """Bytes of records (k,), of a joined message its lines."""
        spans = self.table[rows][:, [CODE, START, STOP]].tolist()
        block, texts = memoryview(self.array), memoryview(self.texts)
        return [
            clip(bytes((texts if code == JOINED else block)[a : min(b, a + _RAW)]))
            for code, a, b in spans
        ]

    def rejected(self, keep: np.ndarray | None = None) -> Rejected:
        """Records set aside and parts given up, by line; ``keep`` (a,) chooses."""
        rows, codes = self.others.aside, self.others.reason
        if keep is not None:
            rows, codes = rows[keep], codes[keep]
        raw = self.raw(rows)
        reason = [nmeaspec.reason(code) for code in codes.tolist()]
        line = self.table[rows, LINE] + self.base + 1
        if not len(self.lost):
            return Rejected(line, reason, raw)
        for a, b in self.lost[:, nmeastate.LOST_START :].tolist():
            raw.append(clip(self.texts[a:b].tobytes()))
        reason += [nmeaspec.REASONS[LOST]] * len(self.lost)
        line = np.concatenate([line, self.lost[:, nmeastate.LOST_LINE] + 1])
        order = np.argsort(line, kind="stable").tolist()
        return Rejected(
            line[order], [reason[k] for k in order], [raw[k] for k in order]
        )

    def packed(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Bits of messages, rows (k,) of the table: (packed, start, n_bits)."""
        joined = self.table[rows, CODE] == JOINED
        shift = np.where(joined, self.array.size, 0)
        source = self.array
        if joined.any():
            source = np.concatenate([self.array, self.texts])
        chosen = self.table[rows]
        return nmea.pack(
            source, chosen[:, BODY] + shift, chosen[:, SIZE], chosen[:, FILL]
        )


class Joiner:
    """Takes scanned blocks in the order of the file.

    offset, lines : of the file before the first block. own : bytes of the file whose
    records are wanted; a message belongs to the byte of its first part. received :
    time in µs of messages that have none.
    """

    def __init__(
        self,
        *,
        own: tuple[int, float] = (0, np.inf),
        received: int | None = None,
    ):
        self.waiting = nmeastate.Waiting.new()
        self.own, self.received = own, received
        self.lines = 0
        self.is_timed = received is not None
        self.untimed = 0

    def feed(self, scanned: Scanned, offset: int) -> Piece:
        """Messages that end in a block, which begins at byte ``offset``."""
        table = scanned.table
        out = nmeastate.Out.new(table, self.waiting)
        base = (offset, self.lines)
        nmeaparts.join(scanned.array, table, base, self.waiting, out)
        self.lines += scanned.lines
        if not self.is_timed:
            self.is_timed = bool((table[:, TIME] != NO_TIME).any())
        if self.received is not None:
            time = table[:, TIME]
            time[time == NO_TIME] = self.received
        return self._decode(scanned.array, table, out, base[1])

    def finish(self) -> Piece:
        """The end of the file: parts that wait are given up."""
        table = np.empty((0, nmeaspec.N_COLUMNS), np.int64)
        out = nmeastate.Out.new(table, self.waiting)
        nmeaparts.give_up(self.waiting, out)
        return self._decode(np.zeros(nmea.SLACK, np.uint8), table, out, self.lines)

    def is_complete(self, stop: float) -> bool:
        """Whether no message that began before byte ``stop`` waits for a part."""
        return not nmeaparts.waits_before(self.waiting, stop)

    def _decode(self, array, table, out, base: int) -> Piece:
        n = len(table)
        lost = out.lost[: out.sizes[1]]
        if self.own != (0, np.inf):
            strange = (table[:, FIRST] < self.own[0]) | (table[:, FIRST] >= self.own[1])
            table[strange, CODE] = nmeaspec.PART  # not ours: passed over
            first = lost[:, nmeastate.LOST_FIRST]
            lost = lost[(first >= self.own[0]) & (first < self.own[1])]
        fixes, others = nmeaspec.Fixes.new(n), nmeaspec.Others.new(n)
        counts = np.zeros(len(nmeaspec.REPAIRS), np.int64)
        sizes = nmeafix.decode(array, out.texts, table, fixes, others, counts)
        n_fix, n_static, n_aside = sizes
        fixes = nmeaspec.Fixes(*(values[:n_fix] for values in fixes))
        static = [values[:n_static] for values in others[:4]]
        others = nmeaspec.Others(*static, *(values[:n_aside] for values in others[4:]))
        self.untimed += int((others.reason == nmeaspec.UNTIMED).sum())
        repairs = dict(zip(nmeaspec.REPAIRS, counts.tolist(), strict=True))
        codes, flags = np.zeros(JOINED + 1, np.int64), np.zeros(JOINT, np.int64)
        further = nmeaparts.tally(table, codes, flags)
        repairs |= _flags(flags)
        repairs = {what: k for what, k in repairs.items() if k}
        told = {
            STATIC: int((others.static_kind // 2 != 19).sum()),
            COMMENTS: int(codes[COMMENT]),
            TIME_LINES: int(codes[TIME_LINE]),
            PARTS: further,
        }
        told = {what: k for what, k in told.items() if k}
        return Piece(array, out.texts, table, fixes, others, lost, base, repairs, told)


def _flags(found: np.ndarray) -> dict[str, int]:
    """How often what was odd about a sentence, from counts by flags."""
    values = np.arange(found.size)
    return {
        word: int(found[values & flag > 0].sum()) for flag, word in FLAG_WORDS.items()
    }
