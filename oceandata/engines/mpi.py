"""The MPI engine: pieces handed out to ranks, states combined over ranks.

Every rank calls it with the same pieces. A failure anywhere ends the work on all ranks
with the same :class:`~oceandata.errors.EngineError`, so none is left waiting.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from oceandata.engines.run import compute_piece
from oceandata.errors import EngineError
from oceankernels import mpi, mpi_states, mpi_work
from oceankernels.mpi_rows import broadcast
from oceankernels.reduction import Accumulator, fold

RESULT_BYTES = 64 << 20
"""Size up to which a result goes to every rank."""
LOG_SECONDS = 60.0
"""Between two lines about the progress of all ranks."""

_log = logging.getLogger("oceandata.engines.mpi")


def checked_world() -> Any:
    """MPI's world, if the launcher started as many tasks as MPI has ranks."""
    try:
        mpi.check_launcher()
        return mpi.world()
    except RuntimeError as error:
        raise EngineError(str(error)) from error


def run_mpi(reduction: Any, pieces: list[Any], progress: Any) -> Any:
    """The result of a reduction, on rank 0, and everywhere if it is small.

    States that can be split go to the owners of their parts, and rank 0 receives one
    part after another; others are folded in the tree of their pieces. So no rank's
    memory grows with the number of ranks.
    """
    comm = checked_world()
    tree = Accumulator(len(pieces), reduction.combine)

    def work(k: int) -> None:
        tree.add(k, compute_piece(reduction, k, len(pieces), pieces[k]))

    cost = np.array([piece.cost for piece in pieces])
    share_pieces(comm, cost, work, progress)
    if comm.Get_size() == 1:
        return reduction.finalize(tree.result())
    if reduction.split is None:
        return _share(comm, _finalized(comm, reduction, tree, len(pieces)))
    return _share(comm, _assembled(comm, reduction, tree))


def share_pieces(
    comm: Any, cost: np.ndarray, work: Callable[[int], None], progress: Any = None
) -> None:
    """``work(k)`` for every piece, on some rank; an EngineError on all if one fails.

    ``progress(done, total)`` is called on rank 0 with what all ranks have done; once a
    minute a line about it goes to the log ``oceandata.engines.mpi``.
    """
    total = int(cost.sum())
    watch = Watch()

    def tell(tally: mpi_work.Tally) -> None:
        progress(min(tally.done, total), total)

    failure = mpi_work.share_work(
        comm, cost, work, tell=tell if progress else None, watch=watch
    )
    raise_everywhere(comm, failure)


class Watch:
    """Logs how far all ranks are, once a minute."""

    def __init__(self, unit: str = "rows", every: float | None = None):
        self.unit, self.every = unit, LOG_SECONDS if every is None else every
        self._last = time.monotonic()

    def __call__(self, tally: mpi_work.Tally) -> None:
        if time.monotonic() - self._last >= self.every:
            self._last = time.monotonic()
            _log.info("mpi: %s", tally.line(self.unit))


def raise_everywhere(comm: Any, failure: mpi_work.Failure | None) -> None:
    """Raise the agreed failure: the same error on every rank, naming the one at fault.

    It is marked ``on_every_rank``: nobody waits, so nothing has to be aborted.
    """
    if failure is None:
        return
    error = EngineError(f"rank {failure.rank} of {comm.Get_size()}: {failure.text}")
    error.on_every_rank = True
    raise error from failure.error


def _finalized(comm: Any, reduction: Any, tree: Accumulator, n: int) -> Any:
    """Rank 0's result of states that are folded in the order of their pieces."""
    state = mpi_states.fold_over_ranks(comm, tree.waiting, n, reduction.combine)
    if comm.Get_rank():
        return None
    return _attempt(lambda: reduction.finalize(_whole(state)))


def _assembled(comm: Any, reduction: Any, tree: Accumulator) -> Any:
    """Rank 0's result of states that are split; one part is there at a time."""
    held = [tree.waiting.pop(node) for node in sorted(tree.waiting)]
    if held:
        held = [fold(held, mpi_states.safely(reduction.combine))]
    mine = mpi_states.reduce_to_owners(comm, held, reduction.split, reduction.combine)
    parts = mpi_states.parts_in_turn(comm, mine)
    del mine
    if comm.Get_rank():
        mpi_states.drain(parts)
        return None
    result = _attempt(
        lambda: reduction.assemble(_whole(p) for p in parts if p is not None)
    )
    mpi_states.drain(parts)
    return result


def _whole(state: Any) -> Any:
    if isinstance(state, mpi_states.Broken):
        raise EngineError(state.text)
    return state


def _attempt(work: Callable[[], Any]) -> Any:
    """What ``work()`` gives, or the exception it raises."""
    try:
        return work()
    except Exception as error:
        return error


def _share(comm: Any, result: Any) -> Any:
    """Rank 0's result on every rank if it is small; its exception raised on all."""
    failed = result if isinstance(result, Exception) else None
    text = None
    if failed is not None:
        named = isinstance(failed, EngineError)
        text = str(failed) if named else f"{type(failed).__name__}: {failed}"
    text = comm.bcast(text)
    if text is not None:
        raise_everywhere(comm, mpi_work.Failure(0, text, failed))
    mpi_work.meet(comm)
    return broadcast(comm, result, limit=RESULT_BYTES)[0]


def on_first_rank(work: Callable[[], Any], *, engine: str) -> Any:
    """What ``work()`` gives on rank 0, on every rank; plainly ``work()`` without MPI.

    If it raises, every rank raises, marked ``on_every_rank``: rank 0 its error, the
    others one that repeats it.
    """
    if engine != "mpi":
        return work()
    comm = checked_world()
    failed, outcome = None, None
    if comm.Get_rank() == 0:
        try:
            outcome = work()
        except Exception as error:
            failed = error
    mpi_work.meet(comm)
    message = comm.bcast(None if failed is None else str(failed))
    if message is None:
        return comm.bcast(outcome)
    failed = failed or EngineError(f"rank 0 failed, so all stop: {message}")
    failed.on_every_rank = True
    raise failed
