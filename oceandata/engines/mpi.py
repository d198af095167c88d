"""The MPI engine: contiguous shares of the pieces, states folded over ranks."""

from __future__ import annotations

from typing import Any

import numpy as np

from oceandata.engines.run import compute_piece
from oceandata.errors import EngineError
from oceankernels import mpi


def run_mpi(reduction: Any, pieces: list[Any], progress: Any) -> Any:
    """State of all pieces, on every rank.

    Every rank calls this with the same pieces. Each computes a contiguous share of
    about equal cost; the nodes of the fixed tree that a share holds whole are combined
    where they are, the others travel up pairwise.
    """
    try:
        mpi.check_launcher()
    except RuntimeError as error:
        raise EngineError(str(error)) from error
    comm = mpi.world()
    rank, size = comm.Get_rank(), comm.Get_size()
    bounds = mpi.shares(np.array([piece.cost for piece in pieces]), size)
    first, last = int(bounds[rank]), int(bounds[rank + 1])
    total, done, states = sum(p.cost for p in pieces[first:last]), 0, {}
    for k in range(first, last):
        try:
            states[k] = compute_piece(reduction, k, len(pieces), pieces[k])
        except EngineError as error:
            raise EngineError(f"rank {rank} of {size}: {error}") from error
        done += pieces[k].cost
        if progress and rank == 0:
            progress(done, total)
    return mpi.fold_over_ranks(comm, states, bounds, reduction.combine)
