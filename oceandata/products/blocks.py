"""One place of related tables: what an attacker can solve for, and what to hide.

All tables of a release show sums of the same base amounts (class × month × finest
cell). What is shown makes linear equations; what is withheld are the unknowns. Here
stands the system of one block (one cell of the coarsest grid), small enough for exact
elimination. :mod:`oceandata.products.suppress` cuts tables into blocks.

A *sensitive* unknown lies in a cell that holds too few vessels. The rules:

1. No sum of sensitive unknowns alone may follow from the equations, unless it spans
   a whole shown cell, which holds enough vessels by its own count.
2. No combination may give an amount that stands in no table by itself.
3. The interval that follows for a withheld cell, with all amounts at least zero, must
   not be narrow.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from oceandata.errors import ConfidentialError

EMPTY, SHOWN, PRIMARY, SECONDARY = range(4)
"""Nothing there; shown; withheld for its few vessels; withheld to protect another."""

_TINY = 1e-9
_MOST_SUMS = 600


@dataclass
class Block:
    """The cells of all tables at one place.

    rows : frozensets of unknowns (numbers of base amounts), one a cell
    status, value : of each cell; the value counts only where it is shown
    frozen : cells that were published before and cannot be withheld any more
    """

    rows: list[frozenset[int]]
    status: list[int]
    value: list[float]
    frozen: list[bool]
    protection: float
    hidden: list[int] = field(default_factory=list)
    """Cells that :func:`protect` withheld in addition."""


@dataclass(frozen=True)
class _Breach:
    """What can be derived: the cells it is derived from, and its amount."""

    cells: tuple[int, ...]
    amount: float


@dataclass(frozen=True)
class _System:
    """Equations between the unknowns that are left: matrix @ x = rest."""

    unknown: list[int]
    sensitive: list[bool]
    cells: list[int]
    matrix: np.ndarray
    rest: np.ndarray
    known: frozenset[int]


def protect(block: Block) -> list[int]:
    """Withhold further cells until no rule is broken; the cells, in order.

    Greedy and deterministic: each step hides the cheapest cell that breaks the first
    derivation found. Cost: an elimination a step, O(cells² · unknowns).
    """
    while breach := find_breach(block):
        _hide(block, _choice(block, breach))
    return block.hidden


def find_breach(block: Block) -> _Breach | None:
    """The first breach of a rule, or None."""
    system = _system(block)
    if not system.cells:
        return None
    return _derived(block, system) or _narrow(block, system)


def _system(block: Block) -> _System:
    """Equations after everything that a single shown cell tells is put in."""
    shown = [k for k, status in enumerate(block.status) if status == SHOWN]
    known = {
        next(iter(block.rows[k])): block.value[k]
        for k in shown
        if len(block.rows[k]) == 1
    }
    hidden = [block.rows[k] for k, s in enumerate(block.status) if s == PRIMARY]
    few = frozenset().union(*hidden)
    left = [k for k in shown if block.rows[k] - known.keys()]
    everything = frozenset().union(*(block.rows[k] for k in left)) - known.keys()
    # Columns of the unknowns that are not sensitive come first: see _derived.
    unknown = sorted(everything, key=lambda v: (v in few, v))
    place = {v: i for i, v in enumerate(unknown)}
    matrix = np.zeros((len(left), len(unknown)))
    rest = np.empty(len(left))
    for i, k in enumerate(left):
        matrix[i, [place[v] for v in block.rows[k] - known.keys()]] = 1
        # sorted: a sum must not depend on the order of a set
        told = [known[v] for v in sorted(block.rows[k] & known.keys())]
        rest[i] = block.value[k] - sum(told)
    sensitive = [v in few for v in unknown]
    return _System(unknown, sensitive, left, matrix, rest, frozenset(known))


def reduced(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray, list[int]]:
    """Reduced row echelon form, the combinations that give its rows, its pivots."""
    n, width = matrix.shape
    work = np.concatenate([matrix.astype(float), np.eye(n)], axis=1)
    pivots: list[int] = []
    row = 0
    for column in range(width):
        if row == n:
            break
        best = row + int(np.argmax(np.abs(work[row:, column])))
        if abs(work[best, column]) < _TINY:
            continue
        work[[row, best]] = work[[best, row]]
        work[row] /= work[row, column]
        others = np.flatnonzero(np.abs(work[:, column]) > _TINY)
        others = others[others != row]
        work[others] -= work[others, column, None] * work[row]
        pivots.append(column)
        row += 1
    work[np.abs(work) < _TINY] = 0.0
    return work[:row, :width], work[:row, width:], pivots


def _derived(block: Block, system: _System) -> _Breach | None:
    """Rules 1 and 2. In echelon form with the sensitive columns last, the rows whose
    pivot is sensitive span all that can be said of sensitive unknowns alone."""
    rows, how, pivots = reduced(system.matrix)
    alone = []
    for row, combination, pivot in zip(rows, how, pivots, strict=True):
        if system.sensitive[pivot]:
            alone.append((row, combination))
        elif np.count_nonzero(row) == 1 and _is_latent(block, system.unknown[pivot]):
            return _breach(system, combination)
    whole = _whole_cells(block, system)
    for group in _joined(alone):
        for row, combination in _smallest_sums(group):
            support = frozenset(np.flatnonzero(row).tolist())
            if not any(cell <= support for cell in whole):
                return _breach(system, combination)
    return None


def _smallest_sums(group: list) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Sums (no differences) of least support that the derivations of a group give.

    Every sum that can be derived is made of these. They are found by letting all but
    one degree of freedom vanish; where that is too much work, all derivations are
    given as one, which errs on the side of withholding.
    """
    rows = np.array([row for row, _ in group])
    how = np.array([combination for _, combination in group])
    free = len(group)
    columns = np.flatnonzero(rows.any(axis=0))
    if math.comb(columns.size, free - 1) > _MOST_SUMS:
        yield np.eye(rows.shape[1])[columns[0]], how.any(axis=0).astype(float)
        return
    for chosen in combinations(columns.tolist(), free - 1):
        left = np.linalg.svd(rows[:, chosen].T, full_matrices=True)[2][-1]
        row = left @ rows
        row[np.abs(row) < _TINY] = 0.0
        if row.any() and (np.all(row >= 0) or np.all(row <= 0)):
            scale = 1 / np.abs(row).max()
            combination = left @ how * scale
            combination[np.abs(combination) < _TINY] = 0.0
            yield np.abs(row * scale), combination


def _is_latent(block: Block, unknown: int) -> bool:
    """Whether no table shows or withholds this amount by itself."""
    return not any(
        row == {unknown} and status in (PRIMARY, SECONDARY)
        for row, status in zip(block.rows, block.status, strict=True)
    )


def _breach(system: _System, combination: np.ndarray) -> _Breach:
    used = np.flatnonzero(combination)
    cells = tuple(system.cells[i] for i in used)
    return _Breach(cells, abs(float(combination @ system.rest)))


def _whole_cells(block: Block, system: _System) -> list[frozenset[int]]:
    """Shown cells of which nothing else is known: they hold enough vessels."""
    place = {v: i for i, v in enumerate(system.unknown)}
    return [
        frozenset(place[v] for v in block.rows[k])
        for k in system.cells
        if not block.rows[k] & system.known
    ]


def _joined(alone: list) -> list[list]:
    """Derivations that share an unknown, in groups."""
    groups: list[list] = []
    for row, combination in alone:
        touching = [g for g in groups if any((row * other).any() for other, _ in g)]
        apart = [g for g in groups if all(g is not each for each in touching)]
        merged = [(row, combination)] + [each for g in touching for each in g]
        groups = [*apart, merged]
    return groups


def bounds(matrix: np.ndarray, rest: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper bounds of amounts ≥ 0 that follow equation by equation."""
    low, high = np.zeros(matrix.shape[1]), np.full(matrix.shape[1], np.inf)
    for _ in range(4 * matrix.shape[1] + 4):
        before = low.copy(), high.copy()
        for row, total in zip(matrix, rest, strict=True):
            on = np.flatnonzero(row)
            least = low[on].sum()
            most = high[on]
            endless = np.isinf(most).sum()
            for i in on:
                high[i] = min(high[i], max(total - (least - low[i]), low[i]))
                if endless - np.isinf(most[on == i]).sum() == 0:
                    others = high[on].sum() - high[i]
                    low[i] = max(low[i], min(total - others, high[i]))
                    least = low[on].sum()
        scale = _TINY * (1 + np.abs(rest).max(initial=0))
        still = np.abs(low - before[0]).max(initial=0) <= scale
        moved = high[np.isfinite(high)], before[1][np.isfinite(high)]
        if still and np.all(np.abs(moved[0] - moved[1]) <= scale):
            break
    return low, high


def _narrow(block: Block, system: _System) -> _Breach | None:
    """Rule 3, for every cell that was withheld for its few vessels."""
    low, high = bounds(system.matrix, system.rest)
    place = {v: i for i, v in enumerate(system.unknown)}
    for row, status in zip(block.rows, block.status, strict=True):
        inside = [place[v] for v in sorted(row) if v in place]
        if status != PRIMARY or len(inside) < len(row):
            continue
        least, most = low[inside].sum(), high[inside].sum()
        wide = least <= (1 - block.protection) * most + _TINY
        whole = any(not row - block.rows[k] for k in system.cells)
        if np.isfinite(most) and whole and not wide:
            near = np.flatnonzero(system.matrix[:, inside].any(axis=1))
            joined = np.flatnonzero(system.matrix[near].any(axis=0))
            near = np.flatnonzero(system.matrix[:, joined].any(axis=1))
            return _Breach(tuple(system.cells[i] for i in near), float(most))
    return None


def _choice(block: Block, breach: _Breach) -> list[int]:
    """The cells to withhold: the cheapest that leave the derived amount uncertain."""
    known = {
        block.rows[k]
        for k, status in enumerate(block.status)
        if status == SHOWN and len(block.rows[k]) == 1
    }
    inner = {row for row in known if any(row <= block.rows[k] for k in breach.cells)}
    parts = sorted(_candidates(block, inner))
    margins = sorted(_candidates(block, {block.rows[k] for k in breach.cells}))
    need = block.protection * breach.amount
    enough = [each for each in parts if each[1] >= need] + margins
    together = sum(value for _, value, _ in parts)
    if parts and together >= need and not any(each in parts for each in enough):
        chosen, held = [], 0.0
        for _, value, cells in reversed(parts):
            chosen += cells
            held += value
            if held >= need:
                return chosen
    if not enough and not parts:
        raise ConfidentialError(
            "tables that were released before give away what this one has to withhold; "
            "it cannot join the release. Release the finest table (by class and month) "
            "first, or protect all of them together with withhold_related"
        )
    return min(enough or parts)[2]


def _candidates(block: Block, rows: set[frozenset[int]]) -> list:
    """(cost, value, cells) of each amount that may be withheld in all its cells."""
    out = []
    for row in rows:
        cells = [
            k
            for k, other in enumerate(block.rows)
            if other == row and block.status[k] == SHOWN
        ]
        if cells and not any(block.frozen[k] for k in cells):
            value = block.value[cells[0]]
            out.append((value * len(cells), value, cells))
    return out


def _hide(block: Block, cells: list[int]) -> None:
    for k in cells:
        block.status[k] = SECONDARY
        block.hidden.append(k)
