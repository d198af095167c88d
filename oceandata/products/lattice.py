"""Related tables on one lattice: which cells share which base amounts.

Tables by class, by month or by neither, on grids of which each divides the next, show
sums of the same base amounts: one class in one month in one cell of the finest grid.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from oceandata.errors import ConfidentialError
from oceandata.products.blocks import EMPTY, PRIMARY, SECONDARY


@dataclass
class Table:
    """A density product as its cells: (class, month, lat, lon), length 1 where summed.

    status, value : what is shown of each cell; frozen : published before
    labels : classes and months, None where summed; edges : of lat and of lon
    """

    name: str
    status: np.ndarray
    value: np.ndarray
    labels: tuple[tuple | None, tuple | None]
    edges: tuple[np.ndarray, np.ndarray]
    selection: tuple
    frozen: bool = False

    @property
    def step(self) -> tuple[float, float]:
        return tuple((e[-1] - e[0]) / (e.size - 1) for e in self.edges)

    @property
    def hidden(self) -> np.ndarray:
        return (self.status == PRIMARY) | (self.status == SECONDARY)


@dataclass
class Lattice:
    """The common grid of some tables: each cell of a table is ratio × ratio of it.

    Base amounts are numbered (class, month, fine row, fine column of a block).
    """

    tables: list[Table]
    classes: tuple
    months: tuple
    ratio: list[tuple[int, int]]
    start: list[tuple[int, int]]
    block: tuple[int, int]
    around: int | None

    @classmethod
    def of(cls, tables: list[Table]) -> Lattice:
        fine = tuple(min(t.step[k] for t in tables) for k in (0, 1))
        origin = tuple(tables[0].edges[k][0] for k in (0, 1))
        ratio, start = [], []
        for table in tables:
            pairs = [_whole(table.step[k] / fine[k], table, tables[0]) for k in (0, 1)]
            at = [(table.edges[k][0] - origin[k]) / fine[k] for k in (0, 1)]
            ratio.append(tuple(pairs))
            start.append(tuple(_whole(x, table, tables[0]) for x in at))
        block = tuple(max(r[k] for r in ratio) for k in (0, 1))
        wide = next(s for s, r in zip(start, ratio, strict=True) if r == _widest(ratio))
        for table, r, s in zip(tables, ratio, start, strict=True):
            for k in (0, 1):
                if block[k] % r[k] or (s[k] - wide[k]) % r[k]:
                    raise _not_nested(table, tables[0])
        start = [tuple(s[k] - wide[k] for k in (0, 1)) for s in start]
        turns = 360.0 / fine[1]
        around = round(turns) if abs(turns - round(turns)) < 1e-6 else None
        if around is not None and around % block[1]:
            around = None
        classes = _labels(tables, 0)
        return cls(tables, classes, _labels(tables, 1), ratio, start, block, around)

    def places(self) -> Iterator[tuple[tuple[int, int], list]]:
        """Blocks that need a look, with their cells (table, index) that are not empty.

        Where a table shows each base amount by itself, only blocks with a withheld
        cell can break a rule.
        """
        every, all_keys, needed = [], [], []
        for number, table in enumerate(self.tables):
            index = np.argwhere(table.status != EMPTY)
            row, column = self._block_of(number, index[:, 2:]).T
            keys = row * (1 << 32) + column + (1 << 31)
            worth = table.hidden[tuple(index.T)] | (not self._has_base)
            every.append(index)
            all_keys.append(keys)
            needed.append(np.unique(keys[worth]))
        wanted = np.unique(np.concatenate(needed))
        found: dict[int, list] = {key: [] for key in wanted.tolist()}
        for table, index, keys in zip(self.tables, every, all_keys, strict=True):
            near = np.isin(keys, wanted)
            for at, key in zip(index[near].tolist(), keys[near].tolist(), strict=True):
                found[key].append((table, tuple(at)))
        for key, cells in found.items():
            row, column = divmod(key, 1 << 32)
            yield (row, column - (1 << 31)), cells

    @cached_property
    def _has_base(self) -> bool:
        return any(
            len(table.labels[0] or ((),)) == len(self.classes)
            and len(table.labels[1] or ((),)) == len(self.months)
            and ratio == (1, 1)
            and all(self._covers(number, other) for other in range(len(self.tables)))
            for number, (table, ratio) in enumerate(
                zip(self.tables, self.ratio, strict=True)
            )
        )

    def _covers(self, one: int, other: int) -> bool:
        def span(number: int, k: int) -> tuple[int, int]:
            size = self.tables[number].status.shape[2 + k]
            first = self.start[number][k]
            return first, first + size * self.ratio[number][k]

        pairs = [(span(one, k), span(other, k)) for k in (0, 1)]
        return all(a[0] <= b[0] and b[1] <= a[1] for a, b in pairs)

    def _block_of(self, number: int, cells: np.ndarray) -> np.ndarray:
        first = cells * self.ratio[number] + self.start[number]
        if self.around is not None:
            first[:, 1] %= self.around
        return first // self.block

    def rows(self, place, cells) -> list[frozenset[int]]:
        """Base amounts of each cell, without those that are empty or inseparable."""
        number = {id(table): k for k, table in enumerate(self.tables)}
        shape = (len(self.classes), len(self.months), *self.block)
        label = np.zeros((len(self.tables), *shape), np.int64)
        for row, (table, at) in enumerate(cells, start=1):
            label[(number[id(table)], *self._base(number[id(table)], at, place))] = row
        alive = np.ones(shape, bool)
        for k in range(len(self.tables)):
            alive &= (label[k] > 0) | ~self._covered(k, place, shape)
        columns = label[:, alive].T
        kinds = np.unique(columns, axis=0)
        return [
            frozenset(np.flatnonzero(kinds[:, number[id(table)]] == row).tolist())
            for row, (table, _) in enumerate(cells, start=1)
        ]

    def _base(self, number: int, at: tuple, place: tuple) -> tuple:
        """Index of a cell among the base amounts of its block."""
        table, ratio, start = (
            self.tables[number],
            self.ratio[number],
            self.start[number],
        )
        pick = []
        for k, all_labels in ((0, self.classes), (1, self.months)):
            own = table.labels[k]
            pick.append(slice(None) if own is None else all_labels.index(own[at[k]]))
        for k in (0, 1):
            first = at[2 + k] * ratio[k] + start[k]
            if k == 1 and self.around is not None:
                first %= self.around
            first -= place[k] * self.block[k]
            pick.append(slice(first, first + ratio[k]))
        return tuple(pick)

    def _covered(self, number: int, place: tuple, shape: tuple) -> np.ndarray:
        """Base amounts that a table says anything of (also that they are nothing)."""
        table, ratio, start = (
            self.tables[number],
            self.ratio[number],
            self.start[number],
        )
        inside = np.zeros(shape, bool)
        own = [range(shape[0]), range(shape[1])]
        for k, names in ((0, self.classes), (1, self.months)):
            if table.labels[k] is not None:
                own[k] = [names.index(label) for label in table.labels[k]]
        spans = []
        for k in (0, 1):
            fine = place[k] * self.block[k] + np.arange(self.block[k]) - start[k]
            if k == 1 and self.around is not None:
                fine %= self.around
            cell = np.floor_divide(fine, ratio[k])
            spans.append((cell >= 0) & (cell < table.status.shape[2 + k]))
        part = np.logical_and.outer(spans[0], spans[1])
        inside[np.ix_(own[0], own[1])] = part
        return inside


def _labels(tables: list[Table], k: int) -> tuple:
    told = [label for table in tables for label in table.labels[k] or ()]
    return tuple(dict.fromkeys(told)) or ((),)


def _widest(ratio: list[tuple[int, int]]) -> tuple[int, int]:
    return max(ratio, key=lambda r: (r[0] * r[1], r))


def _whole(x: float, table: Table, first: Table) -> int:
    if abs(x - round(x)) > 1e-6:
        raise _not_nested(table, first)
    return round(x)


def _not_nested(table: Table, first: Table) -> ConfidentialError:
    def said(each: Table) -> str:
        lat, lon = each.edges
        return (
            f"{each.name or 'a table'} with steps {each.step[1]:.6g} x "
            f"{each.step[0]:.6g} from ({lon[0]:.6g}, {lat[0]:.6g})"
        )

    return ConfidentialError(
        "tables that are published together need grids of which each divides the next, "
        f"with common edges: {said(table)} and {said(first)} do not. Choose such "
        "steps, or publish one of them"
    )
