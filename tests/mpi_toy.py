"""Run by mpiexec from test_engines: every rank prints what it got."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from toy_reduction import PIECES, TOY

from oceandata import engines
from oceankernels.mpi import world

result = engines.run(TOY, PIECES, engine="mpi")
for rank in range(world().Get_size()):
    world().Barrier()
    if rank == world().Get_rank():
        print(repr(result), flush=True)
