"""Several parts seen as one sorted table: no vessel twice, no row twice.

The parts of a month may overlap: a late file, a repeated one. Rows are merged by
(vessel, time, source, row); rows equal in all columns but the source appear once.
Sources that were replaced are left out here, so nothing above knows of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from oceandata.columns import (
    POSITIONS,
    SortedColumns,
    concat_encoded,
    decode_position,
    decode_tenths,
    drop_duplicates,
    duplicate_mask,
)
from oceandata.store.parts import STORED, VESSEL_FIELDS
from oceandata.store.reading import LAST_TIME, PartReader, open_part
from oceankernels import partition, ragged

_LAST_SOURCE = VESSEL_FIELDS.index("last_source")
_WEST, _EAST, _SOUTH, _NORTH = range(2, 6)
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Wanted:
    """Rows of one part: ranges, and the rank of each range's vessel in the result."""

    part: PartReader
    starts: np.ndarray
    stops: np.ndarray
    rank: np.ndarray


def read_merged(
    wanted: Sequence[Wanted],
    vessels: np.ndarray,
    *,
    sources: Sequence[str],
    fields: Sequence[str] = STORED,
    period: tuple[int, int] | None = None,
    box: Box | None = None,
    drop: bool = True,
    pool: Executor,
) -> SortedColumns:
    """Rows of several parts as one table, vessels in the order given.

    ``sources`` are the live source ids, sorted; ``source`` of the result counts in
    them. Vessels without a row are left out. Where duplicates are possible all
    columns must be asked for, unless ``drop`` is false.
    """
    ranks, tables = [], []
    for want in wanted:
        rows = want.part.read(want.starts, want.stops, fields, pool)
        rank = np.repeat(want.rank.astype("i4"), want.stops - want.starts)
        keep = _wanted_rows(rows, want.part, sources, period, box)
        if keep is not None:
            kept = np.flatnonzero(keep)
            rank = ragged.gather(rank, kept)
            rows = {n: ragged.gather(v, kept) for n, v in rows.items()}
        ranks.append(rank)
        tables.append(rows)
    if not tables:
        return _empty(fields)
    rank = np.concatenate(ranks)
    rows = {n: concat_encoded([t.pop(n) for t in tables], n) for n in fields}
    rows, row_size = _in_order(rank, rows, vessels.size, len(wanted) > 1)
    present = np.flatnonzero(row_size)
    table = SortedColumns(vessels[present], row_size[present], rows)
    if drop and may_repeat([want.part for want in wanted]):
        table, _ = drop_duplicates(table)
    return table


def duplicate_masks(table: SortedColumns) -> tuple[np.ndarray, np.ndarray]:
    """Rows equal to an earlier row; and those equal to one of their own source."""
    repeated = duplicate_mask(table)
    source = table.rows["source"]
    if not repeated.any() or source.min() == source.max():
        return repeated, repeated
    with_source = table.rows | {"own": source}
    own = SortedColumns(table.vessels, table.row_size, with_source)
    return repeated, duplicate_mask(own)


def drop_own_duplicates(table: SortedColumns) -> tuple[SortedColumns, np.ndarray, int]:
    """Drop rows that equal an earlier one of the same source.

    A row that two sources share stays twice, since either source may be replaced
    later; reading shows it once. Returns the table, the sources of the rows dropped,
    and the number of rows that stay although another source has them.
    """
    source = table.rows["source"]
    repeated, own = duplicate_masks(table)
    if not own.any():
        return table, source[:0], int(repeated.sum())
    dropped = source[own]
    keep = np.flatnonzero(~own)
    run = np.repeat(np.arange(table.row_size.size), table.row_size)[keep]
    row_size = np.bincount(run, minlength=table.row_size.size).astype("i8")
    rows = {n: ragged.gather(v, keep) for n, v in table.rows.items()}
    left = SortedColumns(table.vessels, row_size, rows)
    return left, dropped, int(repeated.sum()) - dropped.size


def may_repeat(parts: Sequence[PartReader]) -> bool:
    """Can one row stand in these parts twice?"""
    months = [part.month for part in parts]
    return len(set(months)) < len(months) or any(part.repeats for part in parts)


def _wanted_rows(rows, part, sources, period, box) -> np.ndarray | None:
    """Mask of the rows to keep, None for all; renumbers ``source`` in place."""
    keep = None
    if "source" in rows:
        number = {source: k for k, source in enumerate(sources)}
        table = np.array([number.get(s, -1) for s in part.sources], "i4")
        rows["source"] = ragged.gather(table, rows["source"])
        if (table < 0).any():
            keep = rows["source"] >= 0
    if period is not None:
        inside = (rows["time"] >= period[0]) & (rows["time"] < period[1])
        keep = inside if keep is None else keep & inside
    if box is not None:
        inside = inside_box(*(decode_position(rows[n]) for n in POSITIONS), box)
        keep = inside if keep is None else keep & inside
    return None if keep is None or keep.all() else keep


def _in_order(rank, rows, n_ranks, several):
    if not several and (np.diff(rank) >= 0).all():
        return rows, np.bincount(rank, minlength=n_ranks).astype("i8")
    tie = rows.get("source", np.zeros(rank.size, "i1"))
    index, row_size = ragged.order_by_vessel_time(rank, rows["time"], tie, n_ranks)
    return {n: ragged.gather(rows.pop(n), index) for n in list(rows)}, row_size


def _empty(fields: Sequence[str]) -> SortedColumns:
    from oceandata.columns import DTYPES

    none = np.empty(0, "i8")
    return SortedColumns(none, none, {n: np.empty(0, DTYPES[n]) for n in fields})


def inside_box(lon: np.ndarray, lat: np.ndarray, box: Box) -> np.ndarray:
    """Rows inside a box, its edges included; west > east goes across the dateline."""
    west, south, east, north = box
    if west <= east:
        inside = (lon >= west) & (lon <= east)
    else:
        inside = (lon >= west) | (lon <= east)
    return inside & (lat >= south) & (lat <= north)


def touches_box(boxes: np.ndarray, box: Box, *, joined: bool = False) -> np.ndarray:
    """Which boxes (k, 4: west, east, south, north) may hold something of ``box``.

    With ``joined``, segments between fixes count too: a track that spans more than
    180° may cross the dateline, so its longitudes say nothing.
    """
    west, south, east, north = box
    if west <= east:
        hit = (boxes[:, 0] <= east) & (boxes[:, 1] >= west)
    else:
        hit = (boxes[:, 1] >= west) | (boxes[:, 0] <= east)
    if joined:
        hit |= boxes[:, 1] - boxes[:, 0] > 180
    return hit & (boxes[:, 2] <= north) & (boxes[:, 3] >= south)


class MonthView:
    """The live parts of one month as one table, known by its index alone.

    vessels (v,), in merged order: by home cell, then key. A vessel's home cell is
    the one in the oldest part that has it.
    """

    def __init__(
        self,
        root: Path,
        records: Sequence[dict[str, Any]],
        sources: Sequence[str],
        pool: Executor,
    ):
        records = sorted(records, key=lambda r: (r["since"], r["id"]))
        self.parts = [open_part(root, record) for record in records]
        self._sources = sources
        list(pool.map(lambda p: (p.vessels, p.offsets, p.homes, p.extents), self.parts))
        found = [_alive(part, sources, pool) for part in self.parts]
        keys = np.concatenate([part.vessels for part in self.parts])
        distinct, first, inverse = np.unique(
            keys, return_index=True, return_inverse=True
        )
        homes = np.concatenate([part.homes for part in self.parts])[first]
        order = np.lexsort((distinct, homes))
        slot = np.empty(order.size, "i8")
        slot[order] = np.arange(order.size)
        self.vessels, self.homes = distinct[order], homes[order]
        bounds = np.cumsum([part.vessels.size for part in self.parts])[:-1]
        self.slots = np.split(slot[inverse.ravel()], bounds)
        self._combine(found)

    def _combine(self, found: list[tuple[np.ndarray, np.ndarray]]) -> None:
        """Rows and extent of each merged vessel; the last fix by (time, source)."""
        n = self.vessels.size
        self.rows = np.zeros(n, "i8")
        self.extents = np.full((n, len(VESSEL_FIELDS)), np.nan)
        self.extents[:, [0, _WEST, _SOUTH]] = np.inf
        self.extents[:, [LAST_TIME, _EAST, _NORTH]] = -np.inf
        newest = np.full(n, -1)
        for part, slots, (rows, extents) in zip(
            self.parts, self.slots, found, strict=True
        ):
            there = rows > 0
            slots, rows, extents = slots[there], rows[there], extents[there]
            self.rows[slots] += rows
            mine = self.extents[slots]
            number = {source: k for k, source in enumerate(self._sources)}
            table = np.array([number.get(s, -1) for s in part.sources])
            source = table[extents[:, _LAST_SOURCE].astype("i8")]
            later = (extents[:, LAST_TIME] > mine[:, LAST_TIME]) | (
                (extents[:, LAST_TIME] == mine[:, LAST_TIME]) & (source > newest[slots])
            )
            newest[slots[later]] = source[later]
            mine[:, 0] = np.minimum(mine[:, 0], extents[:, 0])
            for low, high in ((_WEST, _EAST), (_SOUTH, _NORTH)):
                mine[:, low] = np.minimum(mine[:, low], extents[:, low])
                mine[:, high] = np.maximum(mine[:, high], extents[:, high])
            mine[later, LAST_TIME] = extents[later, LAST_TIME]
            mine[later, 8:] = extents[later, 8:]
            self.extents[slots] = mine

    @property
    def boxes(self) -> np.ndarray:
        """(v, 4): west, east, south, north."""
        return self.extents[:, _WEST : _NORTH + 1]

    @cached_property
    def by_key(self) -> np.ndarray:
        """Slots in the order of the vessel key."""
        return np.argsort(self.vessels)

    def slots_of(self, vessels: np.ndarray) -> np.ndarray:
        """Slot of each vessel, -1 where the month does not have it."""
        if not self.vessels.size:
            return np.full(vessels.size, -1)
        keys = self.vessels[self.by_key]
        at = np.minimum(np.searchsorted(keys, vessels), keys.size - 1)
        return np.where(keys[at] == vessels, self.by_key[at], -1)

    def want(self, slots: np.ndarray) -> list[Wanted]:
        """All rows of vessels in merged order; ranks count in ``slots``."""
        rank = np.full(self.vessels.size, -1)
        rank[slots] = np.arange(slots.size)
        out = []
        for part, of_part in zip(self.parts, self.slots, strict=True):
            numbers = np.flatnonzero(rank[of_part] >= 0)
            if numbers.size:
                starts, stops = part.offsets[numbers], part.offsets[numbers + 1]
                out.append(Wanted(part, starts, stops, rank[of_part[numbers]]))
        return out


def _alive(part: PartReader, sources, pool) -> tuple[np.ndarray, np.ndarray]:
    """Rows and extents of a part's vessels, without the sources that were replaced."""
    if set(part.sources) <= set(sources):
        return np.diff(part.offsets), part.extents
    fields = ("time", "lon", "lat", "sog", "cog", "nav_status", "quality", "source")
    rows = part.read(part.offsets[:-1], part.offsets[1:], fields, pool)
    live = np.array([s in sources for s in part.sources])
    keep = np.flatnonzero(live[rows["source"]])
    vessel = np.repeat(np.arange(part.vessels.size), np.diff(part.offsets))[keep]
    row_size = np.bincount(vessel, minlength=part.vessels.size)
    rows = {n: v[keep] for n, v in rows.items()}
    there = row_size > 0
    out = np.zeros((part.vessels.size, len(VESSEL_FIELDS)))
    last = np.cumsum(row_size[there]) - 1
    lon, lat = (decode_position(rows[n]) for n in POSITIONS)
    out[there, :10] = partition.extents(row_size[there], rows["time"], lon, lat)
    out[there, 10] = decode_tenths(rows["sog"])[last]
    out[there, 11] = decode_tenths(rows["cog"])[last]
    for column, name in enumerate(("nav_status", "quality", "source"), start=12):
        out[there, column] = rows[name][last]
    return row_size, out
