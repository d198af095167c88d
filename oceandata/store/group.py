"""From rows in memory to sorted parts, one a month; and from parts to one part.

Both ways end in the same :class:`~oceandata.store.parts.PartWriter`, fed with blocks
of whole vessels, so that memory stays bounded by the rows held plus one block.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from oceandata.columns import (
    Columns,
    SortedColumns,
    decode_position,
)
from oceandata.store.log import State
from oceandata.store.merge import (
    MonthView,
    drop_own_duplicates,
    duplicate_masks,
    read_merged,
)
from oceandata.store.months import month_number, month_text, months_of
from oceandata.store.parts import (
    CELLS_PER_DEGREE,
    STORED,
    Encoding,
    PartWriter,
)
from oceandata.store.reading import part_folder
from oceankernels import partition, ragged

BLOCK_ROWS = 1 << 20


@dataclass
class Written:
    """Parts that were written, and what did not get in.

    duplicates : (source number) of every exact duplicate, of one source or of two.
    """

    records: list[dict[str, Any]]
    duplicates: np.ndarray


def index_in_blocks(keys: np.ndarray, pool: Executor) -> tuple[np.ndarray, np.ndarray]:
    """As ``ragged.index_keys``, block by block in the pool."""
    edges = range(0, max(keys.size, 1), BLOCK_ROWS)
    found = list(pool.map(lambda a: ragged.index_keys(keys[a : a + BLOCK_ROWS]), edges))
    numbers, distinct = ragged.index_keys(np.concatenate([d for _, d in found]))
    bounds = np.cumsum([d.size for _, d in found])[:-1]
    codes = np.empty(keys.size, np.int32)

    def place(job: tuple[int, np.ndarray, np.ndarray]) -> None:
        at, local, table = job
        codes[at : at + local.size] = ragged.gather(table, local)

    locals_ = [local for local, _ in found]
    tables = np.split(numbers, bounds)
    list(pool.map(place, zip(edges, locals_, tables, strict=True)))
    return codes, distinct


class Runs:
    """Rows of a group ordered by (month, vessel, time, source), as runs of an index.

    index (n,) row numbers; row_size, months, vessels, homes (t,) of each run;
    ``sequence`` puts the runs in the order of the parts.
    """

    def __init__(
        self, columns: Columns, known: dict[tuple[int, int], int], pool: Executor
    ):
        codes, vessels = index_in_blocks(columns.vessel, pool)
        numbers, first = months_of(columns.time)
        if numbers.size:
            span = int(numbers.max()) + 1
            codes, pairs = ragged.index_keys(codes * np.int64(span) + numbers)
            self.vessels, self.months = vessels[pairs // span], first + pairs % span
        else:
            self.vessels = vessels
            self.months = np.full(vessels.size, first)
        self.index, self.row_size = ragged.order_by_vessel_time(
            codes, columns.time, columns.source, self.vessels.size
        )
        del codes, numbers
        self.duplicates = self._drop_duplicates(columns, pool)
        self.starts = np.cumsum(self.row_size) - self.row_size
        self.homes = self._homes(columns, known)
        self.sequence = np.lexsort((self.vessels, self.homes, self.months))

    def _drop_duplicates(self, columns: Columns, pool: Executor) -> np.ndarray:
        """Take exact duplicates of one source out of the index; sources of all."""
        places = self._suspects(columns.time, pool)
        self.repeats: dict[int, int] = {}
        if not places.size:
            return np.empty(0, "i4")
        rows = self.index[places]
        run = np.searchsorted(np.cumsum(self.row_size), places, side="right")
        size = np.bincount(run, minlength=self.row_size.size).astype("i8")
        table = {n: ragged.gather(getattr(columns, n), rows) for n in STORED}
        table["place"] = places
        return self._without(self.vessels, size, table, run)

    def _suspects(self, time: np.ndarray, pool: Executor) -> np.ndarray:
        """Places in the index that share vessel and time with a neighbour."""
        runs = np.arange(self.row_size.size)
        starts = np.cumsum(self.row_size) - self.row_size

        def some(block: np.ndarray) -> np.ndarray:
            a, b = block[0], block[-1] + 1
            first, last = starts[a], starts[b - 1] + self.row_size[b - 1]
            found = partition.same_stamp(
                self.index[first:last], self.row_size[a:b], time
            )
            return first + found

        blocks = list(_cut(runs, self.row_size, BLOCK_ROWS))
        return np.concatenate(list(pool.map(some, blocks)))

    def _without(self, vessels, size, table, run) -> np.ndarray:
        places = table.pop("place")
        suspects = SortedColumns(vessels, size, table)
        repeated, own = duplicate_masks(suspects)
        for month in self.months[run[repeated & ~own]]:
            self.repeats[int(month)] = self.repeats.get(int(month), 0) + 1
        self.index = np.delete(self.index, places[own])
        self.row_size = self.row_size - np.bincount(
            run[own], minlength=self.row_size.size
        )
        return table["source"][repeated]

    def _homes(self, columns: Columns, known) -> np.ndarray:
        """Morton code of each run: as known, else of its middle fix in time."""
        middle = self.index[self.starts + self.row_size // 2]
        homes = partition.morton(
            decode_position(columns.lon[middle]),
            decode_position(columns.lat[middle]),
            cells_per_degree=CELLS_PER_DEGREE,
        )
        if known:
            for k, key in enumerate(
                zip(self.months.tolist(), self.vessels.tolist(), strict=True)
            ):
                homes[k] = known.get(key, homes[k])
        return homes

    def blocks(self, month: int, rows: int):
        """Sequences of runs of a month, of about ``rows`` rows each."""
        mine = self.sequence[self.months[self.sequence] == month]
        yield from _cut(mine, self.row_size, rows)


def _cut(sequence: np.ndarray, row_size: np.ndarray, rows: int):
    """Cut a sequence of runs where about ``rows`` rows are reached."""
    stops = np.cumsum(row_size[sequence])
    first = 0
    while first < sequence.size:
        done = int(stops[first - 1]) if first else 0
        last = int(np.searchsorted(stops, done + rows, side="right"))
        last = max(last, first + 1)
        yield sequence[first:last]
        first = last


def write_group(
    root: Path,
    columns: Columns,
    sources: Sequence[str],
    names: dict[int, str],
    *,
    known: dict[tuple[int, int], int],
    pool: Executor,
    durable: bool = True,
) -> Written:
    """Sort rows and write one part a month.

    ``sources`` are the ids, sorted, that ``columns.source`` counts in; ``known`` gives
    home cells fixed by earlier parts, by (month, vessel).
    """
    if not len(columns):
        return Written([], np.empty(0, "i4"))
    found = pool.submit(Encoding.of, columns)
    runs = Runs(columns, known, pool)
    encoding = found.result()
    columns = columns.replace(vessel=columns.vessel[:0])
    records: list[dict[str, Any]] = []
    try:
        for month in np.unique(runs.months).tolist():
            writer = PartWriter(root, month, sources, names, encoding, pool)
            with writer:
                for block in runs.blocks(month, BLOCK_ROWS):
                    _append(writer, columns, runs, block, pool)
                repeats = runs.repeats.get(month, 0)
                records.append(writer.finish(repeats=repeats, durable=durable))
    except BaseException:
        discard(root, records)
        raise
    return Written(records, runs.duplicates)


def _append(writer, columns, runs, block, pool) -> None:
    index = partition.arrange_runs(runs.index, runs.starts, runs.row_size, block)
    gathered = pool.map(
        lambda name: ragged.gather(getattr(columns, name), index), STORED
    )
    rows = dict(zip(STORED, gathered, strict=True))
    table = SortedColumns(runs.vessels[block], runs.row_size[block], rows)
    writer.append(table, runs.homes[block])


def merge_parts(
    root: Path,
    records: Sequence[dict[str, Any]],
    live: set[str],
    *,
    pool: Executor,
    homes: MonthView | None = None,
    rename: str | None = None,
) -> Written:
    """Write the rows of a month's parts into one part, a block of vessels at a time.

    Rows of sources that are not live leave; ``homes`` is the view that fixes the order
    of vessels (default: these parts themselves); ``rename`` is the identity of the
    only source, where the parts do not know it yet.
    """
    sources = sorted({s for r in records for s in r["sources"]} & live)
    view = MonthView(root, records, sources, pool)
    names: dict[int, str] = {}
    for part in view.parts:
        names |= part.names
    encoding = view.parts[0].encoding
    for part in view.parts[1:]:
        encoding = encoding.union(part.encoding)
    cells = view.homes if homes is None else homes.homes[homes.slots_of(view.vessels)]
    order = np.lexsort((view.vessels, cells))
    order = order[view.rows[order] > 0]
    if not order.size:
        return Written([], np.empty(0, "i4"))
    duplicates, repeats = [np.empty(0, "i4")], 0
    month = month_number(records[0]["month"])
    stored = sources if rename is None else [rename]
    with PartWriter(root, month, stored, names, encoding, pool) as writer:
        for block in _cut(order, view.rows, BLOCK_ROWS):
            table = read_merged(
                view.want(block),
                view.vessels[block],
                sources=sources,
                drop=False,
                pool=pool,
            )
            table, dropped, shared = drop_own_duplicates(table)
            duplicates.append(dropped)
            repeats += shared
            writer.append(table, cells[view.slots_of(table.vessels)])
        record = writer.finish(repeats=repeats)
    return Written([record], np.concatenate(duplicates))


def merge_months(
    root: Path,
    records: Sequence[dict[str, Any]],
    live: set[str],
    *,
    pool: Executor,
    rename: str | None = None,
) -> Written:
    """Merge parts of several months, each month on its own; see :func:`merge_parts`."""
    months: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        months.setdefault(record["month"], []).append(record)
    merged: list[dict[str, Any]] = []
    duplicates = [np.empty(0, "i4")]
    try:
        for _, parts in sorted(months.items()):
            written = merge_parts(root, parts, live, pool=pool, rename=rename)
            merged += written.records
            duplicates.append(written.duplicates)
    except BaseException:
        discard(root, merged)
        raise
    return Written(merged, np.concatenate(duplicates))


def known_homes(
    root: Path, state: State, times: np.ndarray
) -> dict[tuple[int, int], int]:
    """Home cells that live parts fix for the months of these times (µs)."""
    numbers, first = months_of(times)
    months = first + np.unique(numbers) if numbers.size else np.array([first])
    known: dict[tuple[int, int], int] = {}
    for month in months.tolist():
        text = month_text(month)
        records = [r for r in state.parts.values() if r.get("month") == text]
        if records:
            with ThreadPoolExecutor(2) as pool:
                view = MonthView(root, records, sorted(state.sources), pool)
            cells = zip(view.vessels.tolist(), view.homes.tolist(), strict=True)
            known |= {(month, vessel): cell for vessel, cell in cells}
    return known


def discard(root: Path, records: Sequence[dict[str, Any]]) -> None:
    """Remove parts that no commit names; what cannot be removed is harmless."""
    for record in records:
        folder = part_folder(root, record)
        shutil.rmtree(folder, ignore_errors=True)
        folder.with_suffix(".json").unlink(missing_ok=True)
