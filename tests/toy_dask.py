"""Toy pieces for dask: one that kills its worker, one that holds its numbers."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

import numpy as np
from toy_reduction import ToyPiece


@dataclass(frozen=True)
class Deadly:
    """A toy piece that ends its worker; only the first time, if a flag is given."""

    toy: ToyPiece
    flag: str = ""

    @property
    def cost(self):
        return self.toy.cost

    @property
    def number(self):
        return self.toy.number

    def load(self):
        if self.flag:
            try:
                os.close(os.open(self.flag, os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                return self.toy.load()
        os._exit(1)


@dataclass(frozen=True)
class Held:
    """A toy piece whose numbers are in memory, as those of a Dataset are."""

    number: int
    values: np.ndarray
    flag: str = ""

    @property
    def cost(self):
        return self.values.size

    def load(self):
        if self.flag:
            try:
                os.close(os.open(self.flag, os.O_CREAT | os.O_EXCL))
                os._exit(1)
            except FileExistsError:
                pass
        return self.values


@dataclass(frozen=True)
class Slow:
    """A toy piece that takes its time."""

    number: int
    seconds: float
    cost: int = 10

    def load(self):
        time.sleep(self.seconds)
        return np.ones(3)


def fails(a, b):
    raise ValueError("states do not fit")


def first_in_place(a, b):
    """Overwrites its first argument, as a reduction may."""
    a += b
    return a


def array_of(piece):
    return np.random.default_rng(piece.number).normal(size=2000)


def as_bytes(state):
    return state.tobytes()
