"""A dask cluster made of MPI ranks: rank 0 schedules, 1 runs this, the rest work."""

from __future__ import annotations

import sys
from pathlib import Path

from dask_mpi import initialize

sys.path.insert(0, str(Path(__file__).parent))


def main() -> None:
    from toy_reduction import PIECES, TOY

    from oceandata import engines

    initialize(nthreads=1, dashboard=False)
    from distributed import Client

    with Client():
        print(engines.run(TOY, PIECES, engine="dask"), flush=True)


if __name__ == "__main__":
    main()
