"""``oceandata`` with small pieces, as a test wants them: slow, or one that fails.

SLOW is the seconds that a piece takes while the job was never requeued; FAIL_RANK is
the rank whose pieces raise. Called by the wrapper that ``slurm_jobs.wrapper`` writes.
"""

import functools
import os
import sys
import time
from dataclasses import dataclass
from typing import Any

from oceandata import machine, pieces
from oceandata.cli.__main__ import main
from oceandata.tracks import density

ROWS = 100


@dataclass(frozen=True)
class SlowPiece:
    piece: Any

    @property
    def cost(self):
        return self.piece.cost

    def load(self):
        if not os.environ.get("SLURM_RESTART_COUNT"):
            time.sleep(float(os.environ.get("SLOW", "0")))
        if os.environ.get("FAIL_RANK") == str(machine.mpi_rank()):
            raise ValueError("this rank was told to fail")
        return self.piece.load()


@functools.wraps(pieces.pieces_of)
def slow_pieces(tracks, **_):
    return [SlowPiece(piece) for piece in pieces.pieces_of(tracks, rows=ROWS)]


density.pieces_of = slow_pieces
sys.modules["slow_python"] = sys.modules["__main__"]
main()
