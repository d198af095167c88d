"""Selections: what to read of a store at one commit, planned before it is read.

A :class:`Selection` is small, frozen and picklable; what it gives never changes, since
a commit never changes. ``period`` is half-open and filters fixes: tracks begin with
the first fix inside it. ``box`` filters fixes in :meth:`Selection.load`, and whole
vessels in :meth:`Selection.pieces`, where segments that enter the box matter.
"""

from __future__ import annotations

from collections import OrderedDict
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from oceandata.columns import to_dataset
from oceandata.errors import StoreError
from oceandata.machine import default_workers
from oceandata.store.about import about
from oceandata.store.filters import parse_box, parse_vessels
from oceandata.store.log import Log, State
from oceandata.store.merge import (
    Box,
    MonthView,
    Wanted,
    read_merged,
    touches_box,
)
from oceandata.store.months import month_number, parse_period
from oceandata.store.reading import LAST_TIME, check_parts
from oceandata.store.sensitivity import said_attrs
from oceandata.store.static import Statics, read_statics
from oceankernels import partition

if TYPE_CHECKING:
    import xarray as xr

BYTES_PER_ROW = 43
"""Memory of one fix in the Dataset that ``load`` returns."""

FOREVER = 2**62


@dataclass(frozen=True)
class Plan:
    """What a selection would read: row chunks, bytes and rows, each of how many.

    ``rows`` counts the rows of the chunks' wanted ranges, before rows are filtered.
    """

    parts: int
    chunks: int
    bytes: int
    rows: int
    parts_total: int
    chunks_total: int
    bytes_total: int
    rows_total: int


@dataclass(frozen=True)
class Selection:
    """A part of a store's tracks at one commit.

    uuid : of that commit, so that a store made anew at the same path is noticed.
    vessels : keys, or None for all. period : (start, stop) in µs, half-open, or None.
    box : (west, south, east, north) in degrees, or None.
    """

    path: str
    number: int
    uuid: str
    vessels: tuple[int, ...] | None = None
    period: tuple[int, int] | None = None
    box: Box | None = None

    @property
    def index(self) -> SelectionIndex:
        """The index of what is selected; kept by the process for the last few."""
        with _lock:
            found = _indices.get(self)
            if found is None:
                found = _indices[self] = SelectionIndex(self)
            _indices.move_to_end(self)
            while len(_indices) > 4:
                _indices.popitem(last=False)
            return found

    def load(self) -> xr.Dataset:
        """Read the fixes into memory: one trajectory a vessel, by vessel key.

        Returns
        -------
        Dataset (trajectory, obs)
            Tracks; ``ship_type`` and ``vessel_name`` as of the end of the period.
        """
        return self.index.load()

    def pieces(self, *, rows: int = 2_000_000) -> list[StorePiece]:
        """Pieces of the merged view: one month and a range of vessels each.

        They depend on the store and on the parameters alone. The last fix of a vessel
        in the months before is carried into its next piece, marked as such.
        """
        if rows < 1:
            raise ValueError(f"rows must be at least 1, got {rows}")
        index = self.index
        index.check()
        return [
            StorePiece(self, month, first, last, cost)
            for month in index.months
            for first, last, cost in index.cuts(month, rows)
        ]

    def plan(self) -> Plan:
        """Chunks and bytes that :meth:`load` would read."""
        return self.index.plan()

    def estimate_bytes(self) -> int:
        """Memory of the Dataset that :meth:`load` would return, at most."""
        return BYTES_PER_ROW * self.index.rows_at_most()


_lock = Lock()
_indices: OrderedDict[Selection, SelectionIndex] = OrderedDict()


class SelectionIndex:
    """What the indices of the parts say about a selection; no positions are read."""

    def __init__(self, selection: Selection):
        self.selection = selection
        self.root = Path(selection.path)
        log = Log(self.root)
        if log.entry(selection.number)["uuid"] != selection.uuid:
            raise StoreError(
                f"{self.root}: commit {selection.number} is not the one that was "
                "selected; the store was made anew. Open it again"
            )
        self.state: State = log.state(selection.number)
        self.sources = sorted(set(self.state.sources) - set(self.state.replaced))
        self._views: dict[int, MonthView] = {}
        self._slots: dict[int, np.ndarray] = {}
        self._lock = Lock()

    @cached_property
    def records(self) -> dict[int, list[dict[str, Any]]]:
        """Parts of each month that the period touches."""
        period = self.selection.period
        out: dict[int, list[dict[str, Any]]] = {}
        for record in self.state.parts.values():
            if record["dataset"] != "tracks":
                continue
            low, high = record["time"]
            if period is None or (low < period[1] and high >= period[0]):
                out.setdefault(month_number(record["month"]), []).append(record)
        return dict(sorted(out.items()))

    @property
    def months(self) -> list[int]:
        return list(self.records)

    def check(self) -> None:
        """Refuse when a file is missing or has another size."""
        check_parts(self.root, [r for rs in self.records.values() for r in rs])

    def view(self, month: int) -> MonthView:
        with self._lock:
            if month not in self._views:
                with _pool() as pool:
                    self._views[month] = MonthView(
                        self.root, self.records[month], self.sources, pool
                    )
            return self._views[month]

    def slots(self, month: int) -> np.ndarray:
        """Selected vessels of a month, in merged order; none is cut by the box."""
        if month not in self._slots:
            view, selection = self.view(month), self.selection
            keep = view.rows > 0
            if selection.vessels is not None:
                keep &= np.isin(view.vessels, selection.vessels)
            if selection.period is not None:
                start, stop = selection.period
                keep &= view.extents[:, 0] < stop
                keep &= view.extents[:, LAST_TIME] >= start
            if selection.box is not None:
                keep &= np.isin(view.vessels, self._near_box)
            self._slots[month] = np.flatnonzero(keep)
        return self._slots[month]

    @cached_property
    def _near_box(self) -> np.ndarray:
        """Vessels whose box over all selected months touches the selection's."""
        views = [self.view(month) for month in self.months]
        if not views:
            return np.empty(0, "i8")
        keys, number = np.unique(
            np.concatenate([v.vessels for v in views]), return_inverse=True
        )
        boxes = np.concatenate([v.boxes for v in views])
        union = np.tile([np.inf, -np.inf, np.inf, -np.inf], (keys.size, 1))
        for column, extreme in enumerate((np.minimum, np.maximum) * 2):
            extreme.at(union[:, column], number.ravel(), boxes[:, column])
        return keys[touches_box(union, self.selection.box, joined=True)]

    def cuts(self, month: int, rows: int) -> list[tuple[int, int, int]]:
        """Ranges of the selected vessels, of about ``rows`` rows each."""
        sizes = self.view(month).rows[self.slots(month)]
        stops = np.cumsum(sizes)
        out, first = [], 0
        while first < sizes.size:
            done = int(stops[first - 1]) if first else 0
            last = int(np.searchsorted(stops, done + rows, side="right"))
            last = max(last, first + 1)
            out.append((first, last, int(stops[last - 1]) - done))
            first = last
        return out

    def carried(self, month: int, vessels: np.ndarray) -> np.ndarray:
        """Last selected fix before a month: rows of VESSEL_FIELDS, NaN where none."""
        out = np.full((vessels.size, len(self.view(month).extents[0])), np.nan)
        start = self.selection.period[0] if self.selection.period else -FOREVER
        for earlier in reversed([m for m in self.months if m < month]):
            open_ones = np.flatnonzero(np.isnan(out[:, 0]))
            if not open_ones.size:
                break
            view = self.view(earlier)
            slots = view.slots_of(vessels[open_ones])
            there = slots >= 0
            there[there] = view.rows[slots[there]] > 0
            rows = view.extents[slots[there]]
            inside = rows[:, LAST_TIME] >= start
            out[open_ones[there][inside]] = rows[inside]
        return out

    def wanted(self) -> list[Wanted]:
        """Row ranges to read for ``load``: pruned by vessel, then by chunk."""
        selection, out = self.selection, []
        for month in self.months:
            view = self.view(month)
            rank = np.full(view.vessels.size, -1)
            slots = self.slots(month)
            rank[slots] = np.searchsorted(self.vessels, view.vessels[slots])
            for part, of_part in zip(view.parts, view.slots, strict=True):
                keep = rank[of_part] >= 0
                keep &= _near(part.extents, selection)
                numbers = np.flatnonzero(keep)
                want = Wanted(
                    part,
                    part.offsets[numbers],
                    part.offsets[numbers + 1],
                    rank[of_part[numbers]],
                )
                if numbers.size:
                    out.append(_without_far_chunks(want, selection))
        return [want for want in out if want.starts.size]

    @cached_property
    def vessels(self) -> np.ndarray:
        """Selected vessels of all months, by key."""
        keys = [self.view(m).vessels[self.slots(m)] for m in self.months]
        return np.unique(np.concatenate([np.empty(0, "i8"), *keys]))

    def rows_at_most(self) -> int:
        return sum(int((w.stops - w.starts).sum()) for w in self.wanted())

    def plan(self) -> Plan:
        records = [r for r in self.state.parts.values() if r["dataset"] == "tracks"]
        wanted = self.wanted()
        chunks = [w.part.chunks_of(w.starts, w.stops) for w in wanted]
        return Plan(
            parts=len(wanted),
            chunks=sum(c.size for c in chunks),
            bytes=sum(w.part.bytes_of(c) for w, c in zip(wanted, chunks, strict=True)),
            rows=sum(int((w.stops - w.starts).sum()) for w in wanted),
            parts_total=len(records),
            chunks_total=sum(r["chunks"] for r in records),
            bytes_total=sum(r["bytes"] for r in records),
            rows_total=sum(r["rows"] for r in records),
        )

    def load(self) -> xr.Dataset:
        self.check()
        selection, wanted = self.selection, self.wanted()
        with _pool() as pool:
            table = read_merged(
                wanted,
                self.vessels,
                sources=self.sources,
                period=selection.period,
                box=selection.box,
                pool=pool,
            )
        names: dict[int, str] = {}
        for want in wanted:
            names |= want.part.names
        used, source = np.unique(table.rows["source"], return_inverse=True)
        table.rows["source"] = source.astype("i4").ravel()
        stop = self.as_of
        return to_dataset(
            table,
            names=names,
            ship_type=self.statics.latest("ship_type", table.vessels, stop, -1),
            vessel_name=self.statics.latest("name", table.vessels, stop, ""),
            sources=[self._label(self.sources[k]) for k in used],
            attrs={
                "store_commit": selection.number,
                **said_attrs(about(self.state, "tracks")),
            },
        )

    def _label(self, source: str) -> str:
        record = self.state.sources[source]
        return f"{record['label']} (sha256 {record['sha256'][:12]})"

    @property
    def as_of(self) -> int:
        period = self.selection.period
        return period[1] if period else FOREVER

    @cached_property
    def statics(self) -> Statics:
        return read_statics(self.root, self.state)


def _near(extents: np.ndarray, selection: Selection) -> np.ndarray:
    """Which extents may hold a selected fix."""
    keep = np.ones(extents.shape[0], bool)
    if selection.period is not None:
        start, stop = selection.period
        keep &= (extents[:, 0] < stop) & (extents[:, 1] >= start)
    if selection.box is not None:
        keep &= touches_box(extents[:, 2:6], selection.box)
    return keep


def _without_far_chunks(want: Wanted, selection: Selection) -> Wanted:
    """Cut the ranges where chunks cannot hold a selected fix."""
    part = want.part
    near = _near(part.chunk_extents, selection)
    if near.all():
        return want
    first, last = want.starts // part.chunk, (want.stops - 1) // part.chunk
    ranges = np.repeat(np.arange(first.size), last - first + 1)
    chunk = partition.expand_ranges(first, last + 1)
    starts = np.maximum(want.starts[ranges], chunk * part.chunk)
    stops = np.minimum(want.stops[ranges], (chunk + 1) * part.chunk)
    keep = near[chunk]
    return Wanted(part, starts[keep], stops[keep], want.rank[ranges][keep])


@dataclass(frozen=True)
class StorePiece:
    """Vessels [first, last) of the selected ones of a month; loads its own arrays."""

    selection: Selection
    month: int
    first: int
    last: int
    cost: int

    def load(self) -> Any:
        """TrackArrays of these vessels, each with the fix carried from before."""
        from oceandata.store.piece import load_piece

        return load_piece(self)


def make_selection(
    log: Log, number: int, *, dataset: str, vessels, period, box
) -> Selection:
    if dataset != "tracks":
        raise StoreError(f"dataset {dataset!r} is not in this store; it has 'tracks'")
    return Selection(
        str(log.root),
        number,
        log.entry(number)["uuid"],
        parse_vessels(vessels),
        parse_period(period),
        parse_box(box),
    )


def _pool() -> Executor:
    return ThreadPoolExecutor(default_workers())
