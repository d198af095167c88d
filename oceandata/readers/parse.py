"""One block of a table into one batch of columns."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from oceandata.columns import Columns, vessel_key
from oceandata.quality import NOT_EVALUATED
from oceandata.readers import clock
from oceandata.readers.blocks import Block
from oceandata.readers.layout import Table, decode
from oceandata.readers.protocol import RAW_LIMIT, Rejected, TrackBatch, clip
from oceandata.readers.statics import Statics, reports_of
from oceankernels import ragged, tablefields, tables
from oceankernels.tablespec import (
    COG,
    HEADING,
    LAT,
    LON,
    N_FINE,
    REASONS,
    REPAIRS,
    ROW_DTYPES,
    SOG,
    Bad,
    Record,
    Rows,
    Tally,
)

FINE = ((LON, "lon"), (LAT, "lat"), (SOG, "sog"), (COG, "cog"), (HEADING, "heading"))


@dataclass
class Memory:
    """What later blocks of a file may use again; never changes what they give.

    wide: slots that had values too fine for integers; statics: decoded contents.
    """

    wide: np.ndarray = field(default_factory=lambda: np.zeros(N_FINE, np.uint8))
    statics: Statics = field(default_factory=Statics)


@dataclass(frozen=True)
class Parsed:
    """A batch whose line numbers count from the block's first line, and its lines."""

    batch: TrackBatch
    lines: int


def parse(block: Block, table: Table, zone: str, memory: Memory) -> Parsed:
    """Read all records of a block; ``zone`` is the time zone of its naive times."""
    capacity = tablefields.count_lines(block.array, block.start, block.stop) + 1
    scan_nul = block.buffer.find(b"\0", block.start, block.stop) >= 0
    wide = memory.wide.copy()
    while True:
        rows, bad, tally = _allocate(capacity, wide)
        n, n_bad, lines, n_later = tables.parse_block(
            block.array,
            block.start,
            block.stop,
            table.spec,
            rows,
            bad,
            tally,
            Record.new(),
            scan_nul,
        )
        if not (tally.needs_wide > wide).any():
            break
        wide |= tally.needs_wide
    memory.wide |= tally.needs_wide
    _read_long_decimals(block, rows, tally, n_later)
    rows = rows._replace(
        **{f: getattr(rows, f)[:n] for f in rows._fields if f != "wide"}
    )
    bad = Bad(*(values[:n_bad] for values in bad))
    repairs = {REPAIRS[k]: int(c) for k, c in enumerate(tally.repairs) if c}
    rows, bad = _to_utc(block, rows, bad, zone, repairs)
    return Parsed(_batch(block, table, rows, bad, tally, repairs, memory), lines)


def _allocate(n: int, wide: np.ndarray) -> tuple[Rows, Bad, Tally]:
    fine = n if wide.any() else 0
    rows = Rows(
        *(np.empty(n, dtype) for dtype in ROW_DTYPES), np.empty((fine, N_FINE)), wide
    )
    bad = Bad(*(np.empty(n, np.int64) for _ in range(4)))
    tally = Tally(
        np.zeros(len(REPAIRS), np.int64),
        np.zeros(N_FINE, np.uint8),
        np.empty((fine * N_FINE, 4), np.int64),
    )
    return rows, bad, tally


def _read_long_decimals(block: Block, rows: Rows, tally: Tally, n: int) -> None:
    """Numbers too long for exact integers, by Python's correctly rounded float()."""
    for row, slot, a, b in tally.later[:n].tolist():
        value = float(block.buffer[a:b]) + 0.0
        if slot == LON and value >= 180:
            value = -180.0
        rows.fine[row, slot] = value


def _to_utc(block, rows: Rows, bad: Bad, zone: str, repairs: dict) -> tuple[Rows, Bad]:
    """Apply the time zone; rows at a time that never was become bad ones."""
    if zone == "UTC":
        return rows, bad
    time, ambiguous, gap = clock.to_utc(rows.time, zone)
    if (ambiguous & ~gap).any():
        repairs["ambiguous local time taken as the first"] = int(
            (ambiguous & ~gap).sum()
        )
    rows = rows._replace(time=time)
    if not gap.any():
        return rows, bad
    lost = np.flatnonzero(gap)
    more = Bad(
        rows.start[lost],
        _record_stops(block, rows, bad)[lost],
        rows.line[lost],
        np.full(lost.size, clock.GAP_REASON),
    )
    bad = Bad(*(np.concatenate(pair) for pair in zip(bad, more, strict=True)))
    order = np.argsort(bad.start, kind="stable")
    bad = Bad(*(values[order] for values in bad))
    return _taken(rows, ~gap), bad


def _record_stops(block: Block, rows: Rows, bad: Bad) -> np.ndarray:
    """Where each row's record ends: at the start of the next record."""
    starts = np.sort(np.concatenate([rows.start, bad.start, [block.stop]]))
    return starts[np.searchsorted(starts, rows.start) + 1]


def _batch(block, table, rows, bad, tally, repairs, memory) -> TrackBatch:
    names: dict[int, str] = {}
    if table.layout.text_id:
        vessel, names = _text_ids(block, table, rows)
        rows = rows._replace(vessel=vessel)
    reports = reports_of(block, table, rows, memory.statics)
    rows, others = _positions(rows)
    n = len(rows.time)
    fine = {
        name: _column(getattr(rows, name), rows.fine, slot, tally.needs_wide)
        for slot, name in FINE
    }
    columns = Columns(
        vessel=rows.vessel,
        time=rows.time,
        **fine,
        nav_status=rows.nav_status,
        transceiver=rows.transceiver,
        quality=np.full(n, NOT_EVALUATED, np.int8),
        source=np.zeros(n, np.int32),
    )
    return TrackBatch(
        columns,
        names,
        reports,
        _rejected(block, bad),
        n + len(bad.line),
        repairs,
        others=others,
    )


def _positions(rows: Rows) -> tuple[Rows, dict[str, int]]:
    """The rows without static reports, and how many those are."""
    found = int(np.count_nonzero(rows.report))
    if not found:
        return rows, {}
    return _taken(rows, rows.report == 0), {"static report": found}


def _taken(rows: Rows, keep: np.ndarray) -> Rows:
    names = [f for f in rows._fields if f != "wide" and len(getattr(rows, f))]
    return rows._replace(**{f: getattr(rows, f)[keep] for f in names})


def _column(integers, fine, slot: int, needs_wide) -> np.ndarray:
    """The column in integers if all values fit, else in floats."""
    if not needs_wide[slot]:
        return integers
    values = fine[:, slot]
    return values.copy() if slot in (LON, LAT) else values.astype(np.float32)


def _text_ids(block, table, rows) -> tuple[np.ndarray, dict]:
    """Keys of the rows' vessels known by text, and the text of each key."""
    codes, distinct = ragged.index_keys(rows.vessel)
    first = np.empty(distinct.size, np.int64)
    first[codes[::-1]] = np.arange(codes.size - 1, -1, -1)
    texts = _texts(block, table, rows.start[first])
    if table.layout.number_id:
        texts = [text.removesuffix(".0") for text in texts]
    keys = [vessel_key(text) for text in texts]
    return np.array(keys, np.int64)[codes], dict(zip(keys, texts, strict=True))


def _texts(block: Block, table: Table, starts: np.ndarray) -> list[str]:
    place = np.array([table.places["vessel"]])
    spans = tablefields.field_spans(
        block.array, starts, block.stop, place, (table.delimiter, table.n_fields)
    )
    return [
        decode(bytes(block.buffer[a:b])).replace('""', '"')
        if quoted
        else decode(bytes(block.buffer[a:b]))
        for a, b, quoted in spans[:, 0].tolist()
    ]


def _rejected(block: Block, bad: Bad) -> Rejected:
    raw = []
    for a, b in zip(bad.start.tolist(), bad.stop.tolist(), strict=True):
        raw.append(clip(bytes(block.buffer[a : min(b, a + RAW_LIMIT + 4)])))
    reason = [_REASONS[code] for code in bad.reason.tolist()]
    return Rejected(bad.line.copy(), reason, raw)


_REASONS = (*REASONS, clock.GAP_TEXT)
