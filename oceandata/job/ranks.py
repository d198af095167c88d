"""Work that only one rank may do, while the others wait for its outcome."""

from oceandata.engines.mpi import on_first_rank

__all__ = ["on_first_rank"]
