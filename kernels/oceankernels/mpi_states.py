"""States that lie on many ranks become one result.

Two ways. States that are folded in the order of their pieces travel up the fixed tree
(:func:`fold_over_ranks`). States that can be divided by content and combine in any
order, such as sparse tiles, are sent part by part to the owner of each part
(:func:`reduce_to_owners`), so that no rank ever holds more than its own state, one
part that comes in and the part it owns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from oceankernels.mpi_rows import receive, send, swap

Node = tuple[int, int]
"""Level and number in the tree of pieces: pieces are level 0."""
Combine = Callable[[Any, Any], Any]


class Broken:
    """Takes the place of a state that could not be combined."""

    def __init__(self, error: Exception):
        self.text = f"states could not be combined: {type(error).__name__}: {error}"


def safely(combine: Combine) -> Combine:
    """``combine`` that never raises: ranks that wait for its state must get one."""

    def both(a: Any, b: Any) -> Any:
        for state in (a, b):
            if isinstance(state, Broken):
                return state
        try:
            return combine(a, b)
        except Exception as error:
            return Broken(error)

    return both


def tree_plan(owner: dict[Node, int], n: int) -> list[tuple[int, int, int, int]]:
    """What is left to combine, as (level, node, left rank, right rank).

    ``owner`` says which rank holds which node; together they cover all ``n`` pieces
    once. A combined node is where its left half was. Nodes without a sibling pass up
    unchanged and are not listed.
    """
    levels: dict[int, dict[int, int]] = {}
    for (level, node), rank in owner.items():
        levels.setdefault(level, {})[node] = rank
    plan, level, width = [], 0, n
    while width > 1:
        here, above = levels.get(level, {}), levels.setdefault(level + 1, {})
        for node in sorted({k // 2 for k in here}):
            left = here[2 * node]
            above[node] = left
            if 2 * node + 1 < width:
                plan.append((level, node, left, here[2 * node + 1]))
        level, width = level + 1, (width + 1) // 2
    return plan


def fold_over_ranks(comm: Any, held: dict[Node, Any], n: int, combine: Combine) -> Any:
    """Fold states in the tree of ``reduction.fold``; on rank 0, None elsewhere.

    ``held`` are this rank's nodes (see ``Accumulator.waiting``). A ``combine`` that
    raises leaves a :class:`Broken`.
    """
    rank = comm.Get_rank()
    held, combine = dict(held), safely(combine)
    told = comm.allgather(list(held))
    owner = {node: r for r, nodes in enumerate(told) for node in nodes}
    for level, node, left, right in tree_plan(owner, n):
        if rank == right and left != right:
            send(comm, _take(held, level, 2 * node + 1), left)
        elif rank == left:
            a = _take(held, level, 2 * node)
            if right == rank:
                b = _take(held, level, 2 * node + 1)
            else:
                b = receive(comm, right)
            held[level + 1, node] = combine(a, b)
    # the root is where piece 0 is: a combined node stays with its left half
    root = next(r for (_, node), r in owner.items() if node == 0)
    state = next(iter(held.values())) if rank == root else None
    if root == 0:
        return state
    if rank == root:
        send(comm, state, 0)
    return receive(comm, root) if rank == 0 else None


def _take(held: dict[Node, Any], level: int, node: int) -> Any:
    """The state of a node, which may have passed up unchanged from below."""
    while (level, node) not in held:
        level, node = level - 1, 2 * node
    return held.pop((level, node))


def reduce_to_owners(
    comm: Any, state: Any, split: Callable[[Any, int], list[Any]], combine: Combine
) -> Any:
    """This rank's part of the combined state: part r of all ranks meets on rank r.

    ``state`` is a list whose only item is taken out of it, so that the state does not
    outlive its parts; an empty list says that this rank has none.
    """
    rank, size = comm.Get_rank(), comm.Get_size()
    combine = safely(combine)
    parts: list[Any] = [None] * size
    if state:
        try:
            whole = state.pop()
            parts = [whole] * size if isinstance(whole, Broken) else split(whole, size)
            del whole
        except Exception as error:
            parts = [Broken(error)] * size
    mine, parts[rank] = parts[rank], None
    for step in range(1, size):
        dest, source = (rank + step) % size, (rank - step) % size
        leaving, parts[dest] = parts[dest], None
        other = swap(comm, leaving, dest, source)
        del leaving
        if other is not None:
            mine = other if mine is None else combine(mine, other)
    return mine


def parts_in_turn(comm: Any, mine: Any) -> Iterator[Any]:
    """On rank 0 the parts of all ranks, one after another; the others send theirs.

    Rank 0 must use the iterator up (:func:`drain` does), else the others wait.
    """
    if comm.Get_rank():
        send(comm, mine, 0)
        return
    yield mine
    del mine
    for rank in range(1, comm.Get_size()):
        part = receive(comm, rank)
        if part is not None:
            yield part
        del part


def drain(parts: Iterator[Any]) -> None:
    """Receive what is left, and forget it."""
    for _ in parts:
        continue
