"""A reduction whose result depends on order, piece cuts and nothing else.

The state is a float64 sum (order matters in the last bit), an exact integer sum, and
the text of the tree in which states were combined.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from oceankernels.reduction import Reduction


@dataclass(frozen=True)
class ToyPiece:
    number: int
    rows: int
    fail: bool = False

    @property
    def cost(self) -> int:
        return self.rows

    def load(self):
        if self.fail:
            raise ValueError("no such shard")
        return np.random.default_rng(self.number).normal(size=self.rows)


def partial(piece):
    values = piece.load()
    time.sleep(0.0005 * ((piece.number * 7919) % 5))
    return [float(values.sum()), int(np.rint(values * 1e6).sum()), str(piece.number)]


class Watched:
    """``partial`` that counts its calls and does something before each.

    What it does is no part of its pickle, so that all of them are the same work.
    """

    def __init__(self, before=None):
        self.before, self.calls = before, 0

    def __reduce__(self):
        return Watched, ()

    def __call__(self, piece):
        self.calls += 1
        if self.before:
            self.before(self.calls, piece)
        return partial(piece)


def combine(a, b):
    a[0] += b[0]
    a[1] += b[1]
    a[2] = f"({a[2]} {b[2]})"
    return a


def finalize(state):
    return tuple(state)


TOY = Reduction(partial, combine, finalize)
PIECES = [ToyPiece(k, 10 + (k * 37) % 500) for k in range(67)]
