"""A reduction is data: what one piece computes, how states meet, what comes last.

It knows no engine. The engines (threads, dask, MPI) take a :class:`Reduction` and a
list of pieces and must give the same bits for any number of workers. Two kinds of
state allow that: integers, whose sum does not care about order, and anything else
folded through a tree that is fixed by the order of the pieces (:func:`fold`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Reduction:
    """Three functions that define an analysis over pieces; two more for large states.

    partial : piece -> state
        Single-threaded; called once a piece, anywhere. The state is picklable.
    combine : (state, state) -> state
        Associative. May reuse (overwrite) its first argument.
    finalize : state -> result
        Called once, with the state of all pieces.
    split : (state, n) -> list of n states, optional
        Says that states combine in any order with the same bits, and divides one by
        content: combining part i of all states, for every i, is combining the states.
        Ranks use it so that no rank holds the whole.
    assemble : iterator of states -> result
        Needed with ``split``: ``finalize`` for a state that comes in its parts, part 0
        first; parts of which no piece had anything may be missing.
    """

    partial: Callable[[Any], Any]
    combine: Callable[[Any, Any], Any]
    finalize: Callable[[Any], Any]
    split: Callable[[Any, int], list[Any]] | None = None
    assemble: Callable[[Iterator[Any]], Any] | None = None


def fold(states: Sequence[Any], combine: Callable[[Any, Any], Any]) -> Any:
    """Combine states pairwise, in a tree fixed by their order alone.

    ``fold([a, b, c, d, e])`` is ``((a+b) + (c+d)) + e``. An empty sequence is a
    ``ValueError``: a reduction has no neutral element of its own.
    """
    level = list(states)
    if not level:
        raise ValueError("fold needs at least one state, got none")
    while len(level) > 1:
        paired = [combine(a, b) for a, b in zip(level[::2], level[1::2], strict=False)]
        if len(level) % 2:
            paired.append(level[-1])
        level = paired
    return level[0]


class Accumulator:
    """The same tree as :func:`fold`, for states that arrive one after another.

    ``add(k, state)`` takes the state of piece ``k`` in any order; sub-trees are
    combined as soon as both halves are there, so that few states are held at once.
    """

    def __init__(self, n: int, combine: Callable[[Any, Any], Any]):
        if n < 1:
            raise ValueError(f"a reduction needs at least one piece, got {n}")
        self._combine = combine
        self._widths = [n]
        while self._widths[-1] > 1:
            self._widths.append((self._widths[-1] + 1) // 2)
        self._waiting: dict[tuple[int, int], Any] = {}

    def add(self, k: int, state: Any) -> None:
        level = 0
        while level < len(self._widths) - 1:
            sibling = k ^ 1
            if sibling >= self._widths[level]:
                level, k = level + 1, k // 2
                continue
            other = self._waiting.pop((level, sibling), None)
            if other is None:
                break
            first, second = (other, state) if sibling < k else (state, other)
            state = self._combine(first, second)
            level, k = level + 1, k // 2
        self._waiting[level, k] = state

    @property
    def waiting(self) -> dict[tuple[int, int], Any]:
        """States that wait for their sibling, by (level, number) in the tree."""
        return self._waiting

    def result(self) -> Any:
        """The state of all pieces; a ``RuntimeError`` if some never came."""
        done = self._waiting.get((len(self._widths) - 1, 0))
        if done is None or len(self._waiting) != 1:
            raise RuntimeError(f"{len(self._waiting)} partial trees still wait")
        return done
