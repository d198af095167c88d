"""Run by mpiexec from test_engines: every rank prints what it got."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from toy_reduction import PIECES, TOY

from oceandata import engines
from oceankernels.mpi import world

result = engines.run(TOY, PIECES, engine="mpi")
lines = world().gather(repr(result))
if lines:
    print(*lines, sep="\n")
