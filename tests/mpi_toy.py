"""Run by mpiexec from test_mpi: rank 0 prints what all got; ranks say what they raise.

``mpi_toy.py [MODE]``: toy (default), partial, combine, finalize (what fails), log.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from toy_reduction import PIECES, TOY

import oceandata.engines.mpi as engine
from oceandata import engines
from oceankernels.mpi import world


@dataclass(frozen=True)
class SlowPiece:
    """A piece that fails or takes its time."""

    number: int
    fail: bool
    cost: int = 10

    def load(self):
        time.sleep(0.02)
        if self.fail:
            raise ValueError("no such shard")
        return self.number


def slow(piece):
    piece.load()
    tell(f"computed {piece.number}")
    return [1]


def tell(text):
    """One line on standard error, in one piece: three ranks write at once."""
    os.write(2, f"{text}\n".encode())


def add(a, b):
    return [a[0] + b[0]]


def never(*_):
    raise ValueError("does not fit")


def main(mode: str = "toy") -> None:
    comm = world()
    sys.excepthook = lambda kind, error, _: tell(f"{kind.__name__}: {error}")
    reduction, pieces = TOY, PIECES
    if mode == "log":
        logging.basicConfig(level=logging.INFO, format="%(name)s %(message)s")
        engine.LOG_SECONDS = 0.3
    if mode != "toy":
        reduction = replace(TOY, partial=slow, combine=add)
        pieces = [SlowPiece(k, mode == "partial" and k == 4) for k in range(60)]
    if mode in ("combine", "finalize"):
        pieces = pieces[:6]
        reduction = replace(reduction, **{mode: never})
    result = engines.run(reduction, pieces, engine="mpi")
    lines = comm.gather(repr(result))
    if lines:
        print(*lines, sep="\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
