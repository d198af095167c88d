"""Run by mpiexec from test_checkpoint: rank 0 prints; a rank may die at a piece."""

import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from toy_reduction import PIECES, TOY, Watched

from oceandata import engines
from oceankernels.mpi import world
from oceankernels.reduction import Reduction

FOLDER, LAST = sys.argv[1], int(sys.argv[2])


def before(calls, piece):
    if piece.number == LAST:
        os.kill(os.getpid(), signal.SIGKILL)


reduction = Reduction(Watched(before), TOY.combine, TOY.finalize)
result = engines.run(reduction, PIECES, engine="mpi", checkpoint=FOLDER)
if world().Get_rank() == 0:
    print(repr(result))
