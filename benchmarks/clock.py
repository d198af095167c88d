"""Seconds of a run by part: read, compute, combine, write."""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass

PARTS = ("read", "compute", "combine", "write")


class Clock:
    """Seconds by part: wall, and CPU of this process.

    CPU seconds of a part are told only where one piece runs at a time: loading a piece
    has a thread of its own, so the time of the calling thread alone is not enough.
    """

    def __init__(self):
        self.spent = {part: [0.0, 0.0] for part in PARTS}
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def __call__(self, part: str, *, out_of: str | None = None):
        """Time what happens inside; ``out_of`` takes it out of the part around it."""
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            with self._lock:
                for name, sign in ((part, 1), (out_of, -1)):
                    if name:
                        self.spent[name][0] += sign * wall
                        self.spent[name][1] += sign * cpu


CLOCK = Clock()


@dataclass(frozen=True)
class TimedPiece:
    """Loads what the piece loads, on the clock."""

    piece: object

    @property
    def cost(self):
        return self.piece.cost

    def load(self):
        with CLOCK("read", out_of="compute"):
            return self.piece.load()


class TimedPartial:
    def __init__(self, partial):
        self.partial = partial

    def __call__(self, piece):
        with CLOCK("compute"):
            return self.partial(piece)


class TimedCombine:
    def __init__(self, combine):
        self.combine = combine

    def __call__(self, a, b):
        with CLOCK("combine"):
            return self.combine(a, b)


def timed(function, part, **options):
    def run(*arguments, **keywords):
        with CLOCK(part, **options):
            return function(*arguments, **keywords)

    return run
