"""Work that only one rank may do, while the others wait for its outcome."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from oceandata.errors import EngineError


def on_first_rank(work: Callable[[], Any], *, engine: str) -> Any:
    """What ``work()`` gives on rank 0, on every rank; plainly ``work()`` without MPI.

    If it raises, every rank raises, marked ``on_every_rank``: rank 0 its error, the
    others one that repeats it.
    """
    if engine != "mpi":
        return work()
    from oceankernels import mpi

    try:
        mpi.check_launcher()
        comm = mpi.world()
    except RuntimeError as error:
        raise EngineError(str(error)) from error
    failed, outcome = None, None
    if comm.Get_rank() == 0:
        try:
            outcome = work()
        except Exception as error:
            failed = error
    message = comm.bcast(None if failed is None else str(failed))
    if message is None:
        return comm.bcast(outcome)
    failed = failed or EngineError(f"rank 0 failed, so all stop: {message}")
    failed.on_every_rank = True
    raise failed
