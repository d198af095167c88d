"""AIS as NMEA 0183 sentences: ``!AIVDM``, ``!AIVDO`` and those of other talkers.

A row is a message that is a position of a vessel, or a record that is set aside: a
message that is none (a base station, an aid to navigation, a binary message …), a part
whose other parts are missing, a line that cannot be read. Static reports (types 5, 24,
and the second half of 19) become reports; they, comment lines, time lines and further
parts of a message are counted among the others of a batch. So each line that is not
blank is accounted for: rows and others together are the lines, where every line holds
one sentence.

Positions are integers of 1/600,000 degree (type 27: 1/600) in the messages; a column
of float64 holds each divided by its scale, correctly rounded.

**Time.** A sentence has no full time. It is taken from the tag block (``c:``), or else
from a unix time behind or before the sentence, or else from the last time line before
it (``$PGHP``, ``$..ZDA``), which holds for 1,000 sentences. Seconds of messages and
reports of base stations are not used to guess one. A message without a time is set
aside; a file without any time is refused unless ``received`` is given.

References
----------
ITU-R M.1371-5 (2014), annex 8; IEC 61162-1 (2016), 7.3, 8.3.88; IEC 61162-450, 7.2.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from oceandata.errors import FormatError
from oceandata.machine import default_workers
from oceandata.readers import clock, nmea_statics, streams
from oceandata.readers.blocks import Buffers
from oceandata.readers.nmea_decode import Joiner, Piece, scan
from oceandata.readers.nmea_lines import (
    Broken,
    LineBlocks,
    Lines,
    count_lines,
    line_start,
)
from oceandata.readers.protocol import (
    Head,
    Identification,
    Rejected,
    TrackBatch,
    check_options,
    clip,
)
from oceandata.readers.statics import Statics

BLOCK_BYTES = 1 << 20
LOOK_BACK = 1 << 20
"""Bytes before a range that are read for parts and time lines reaching into it."""
_UNTIMED = 100_000
_SENTENCE = re.compile(rb"!\w*VD[MO],[1-9],\d,[^,\r\n]*,[^,\r\n]*,[^,\r\n]*,")
_TIMED = re.compile(rb"[\\,]c:\d|^\$(PGHP|\w\wZDA),|\*[0-9A-Fa-f]{2}.*[,\s]\d{9}", re.M)
NO_TIME_AT_ALL = (
    "the sentences have no time: no tag block with c:, no unix time behind them, no "
    "time line ($PGHP, $..ZDA). Record them with one, or pass "
    'options={"received": "2024-03-01T00:00:00Z"} to give all of them one time; '
    "oceandata.read_nmea reads the messages without times"
)


@dataclass(frozen=True)
class NmeaReader:
    """Reads logs of AIS sentences; satisfies ``TrackReader``."""

    name: str = "nmea"
    title: str = "AIS sentences (NMEA 0183: !AIVDM, !AIVDO and other talkers)"
    timezone: str = "UTC"
    options: ClassVar[Mapping[str, str]] = {
        "received": "time of all sentences that have none, such as "
        "'2024-03-01T00:00:00Z'"
    }

    def identify(
        self, head: Head, *, columns: Mapping[str, str] | None = None
    ) -> Identification | None:
        """What the file is, by the sentences among its first lines, or None."""
        lines = [x for x in head.data.splitlines() if x.strip()]
        lines = [x for x in lines if not x.lstrip().startswith(b"#")]
        found = [x for x in lines if _SENTENCE.search(x)]
        if not found:
            return None
        leading = sum(x.lstrip()[:1] in (b"!", b"\\", b"$") for x in lines)
        return Identification(
            self.name,
            1.0 if 2 * leading > len(lines) else 0.5,
            f"{len(found):,} of its first {len(lines):,} lines hold an AIS sentence",
            {
                "talkers": sorted(
                    {_SENTENCE.search(x)[0][1:6].decode() for x in found}
                ),
                "has_times": _TIMED.search(head.data) is not None,
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
        """Batches in the order of the file; see ``TrackReader``.

        A message belongs to the byte range of its first part's line. There are no
        columns to name; ``timezone`` is only that of a naive ``received``.
        """
        check_options(self, options)
        received = moment(options.get("received"), timezone)
        for piece in pieces(
            path, start=start, stop=stop, block_bytes=block_bytes, workers=workers,
            max_ratio=max_ratio, received=received, untimed=start > 0,
        ):  # fmt: skip
            yield piece if isinstance(piece, TrackBatch) else _batch(*piece)


READER = NmeaReader()


def moment(received: Any, timezone: str | None) -> int | None:
    """Time given for sentences that have none, in µs; FormatError if it is no time."""
    if received is None:
        return None
    import pandas as pd

    zone = clock.zone(timezone, "UTC")
    try:
        stamp = pd.Timestamp(received)
    except (ValueError, TypeError):
        stamp = pd.NaT
    if stamp is pd.NaT:
        raise FormatError(
            f"received must be a time such as '2024-03-01T00:00:00Z', got {received!r}"
        )
    if stamp.tzinfo is None:
        stamp = stamp.tz_localize(zone)
    return stamp.value // 1000


def pieces(
    path: str | Path,
    *,
    start: int = 0,
    stop: int | None = None,
    block_bytes: int = BLOCK_BYTES,
    workers: int | None = None,
    max_ratio: float = streams.MAX_RATIO,
    received: int | None = None,
    untimed: bool = False,
) -> Iterator[tuple[Piece, Statics, str] | TrackBatch]:
    """Decoded blocks with their archive member; what cannot be read as a batch.

    A piece is good until the next one is asked for. ``untimed``: a file without any
    time is not refused.
    """
    path = Path(path)
    kind = streams.compression(path)
    if kind != "none" and (start or stop is not None):
        raise FormatError(
            f"{path}: start and stop are byte offsets of an unpacked file; this one is "
            f"packed as {kind}. Read it whole"
        )
    first = line_start(path, max(0, start - LOOK_BACK)) if start else 0
    own = (start, np.inf if stop is None else stop)
    workers = default_workers() if workers is None else max(1, workers)
    with (
        streams.open_members(path, kind, start=first, max_ratio=max_ratio) as members,
        ThreadPoolExecutor(workers, "scan") as pool,
    ):
        for member in members:
            joiner = Joiner(own=own, received=received)
            joiner.lines = count_lines(path, first) if first else 0
            job = _Job(Buffers(block_bytes), pool, workers, joiner, Statics(), member)
            for piece in job.run(first):
                if not untimed and not joiner.is_timed and joiner.untimed > _UNTIMED:
                    break
                yield piece
            if not untimed and not joiner.is_timed and joiner.untimed:
                raise FormatError(f"{path}: {NO_TIME_AT_ALL}")


@dataclass
class _Job:
    """One stream being read: blocks are scanned in threads and joined in order."""

    buffers: Buffers
    pool: ThreadPoolExecutor
    workers: int
    joiner: Joiner
    statics: Statics
    member: streams.Member

    def run(self, first: int) -> Iterator[tuple[Piece, Statics, str] | TrackBatch]:
        blocks = iter(LineBlocks(self.member.read, self.buffers, offset=first))
        waiting: deque = deque()
        stop = self.joiner.own[1]
        while True:
            for block in islice(blocks, self.workers + 1 - len(waiting)):
                waiting.append((block, self._submit(block)))
            if not waiting:
                break
            block, scanned = waiting.popleft()
            if scanned is None:
                if self.joiner.own[0] <= block.offset < stop:
                    yield self._broken(block)
                self.joiner.lines += 1
                continue
            yield (
                self.joiner.feed(scanned.result(), block.offset),
                self.statics,
                (self.member.name),
            )
            self.buffers.give_back(block)
            if block.offset + block.stop >= stop and self.joiner.is_complete(stop):
                break
        yield self.joiner.finish(), self.statics, self.member.name

    def _submit(self, block: Lines | Broken):
        if isinstance(block, Broken):
            return None
        return self.pool.submit(scan, block.array, block.stop)

    def _broken(self, block: Broken) -> TrackBatch:
        line = np.array([self.joiner.lines + 1])
        rejected = Rejected(line, [block.reason], [clip(block.raw)])
        batch = TrackBatch.of_rejected(rejected, member=self.member.name)
        return replace(batch, repairs={block.reason: 1} if block.is_cut else {})


def _batch(piece: Piece, statics: Statics, member: str) -> TrackBatch:
    columns, rejected = piece.columns(), piece.rejected()
    return TrackBatch(
        columns,
        {},
        nmea_statics.reports_of(piece, statics),
        rejected,
        len(columns) + len(rejected),
        dict(Counter(piece.repairs)),
        member=member,
        others=piece.counts,
    )
