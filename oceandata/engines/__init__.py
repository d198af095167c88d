"""Where pieces are computed: threads, dask or MPI. Never which formula.

``run(reduction, pieces)`` gives the same bits on every engine, for any number of
workers: states are combined in a tree fixed by the order of the pieces.
"""

from oceandata.engines.map import map_pieces
from oceandata.engines.run import ENGINES, run
from oceandata.machine import (
    barrier,
    default_workers,
    memory_budget,
    mpi_rank,
    mpi_size,
)
from oceandata.pieces import ArrayPiece, Piece, TrackArrays, pieces_of

__all__ = [
    "ENGINES",
    "ArrayPiece",
    "Piece",
    "TrackArrays",
    "barrier",
    "default_workers",
    "map_pieces",
    "memory_budget",
    "mpi_rank",
    "mpi_size",
    "pieces_of",
    "run",
]
