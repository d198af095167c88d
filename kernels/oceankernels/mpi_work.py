"""Pieces handed out to ranks: near ones first, then whoever is done helps the others.

Each rank begins with a contiguous share of about equal cost, so that neighbours in the
data (and in the tree of states) stay on one rank. A rank whose share is used up takes
the last piece of the rank that has most left. Rank 0 keeps the list: a thread of it
answers one short message a piece, which is also how failures and progress are known.
Nothing here depends on who computes what: the tree of states is fixed by the pieces.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from oceankernels.mpi import shares

_ASK, _GIVE = 7001, 7002
_PAUSE = 0.001  # a waiting rank sleeps: another may need the core


class WorkQueue:
    """Which piece a rank does next. Integers only; knows no MPI."""

    def __init__(self, cost: np.ndarray, size: int):
        self.cost = np.maximum(np.asarray(cost, np.int64), 1)
        bounds = shares(self.cost, size)
        self.first, self.last = bounds[:-1].copy(), bounds[1:].copy()
        sums = np.concatenate([[0], np.cumsum(self.cost)])
        self.left = sums[self.last] - sums[self.first]

    def take(self, rank: int) -> int | None:
        """The next piece for a rank; None if all are handed out."""
        owner = rank if self.left[rank] else int(np.argmax(self.left))
        if not self.left[owner]:
            return None
        if owner == rank:
            piece = int(self.first[owner])
            self.first[owner] += 1
        else:
            self.last[owner] -= 1
            piece = int(self.last[owner])
        self.left[owner] -= self.cost[piece]
        return piece


@dataclass
class Tally:
    """How far all ranks are, as rank 0 knows it."""

    total: int
    pieces: int
    cost: np.ndarray  # (size,) done by each rank
    count: np.ndarray  # (size,) pieces done
    begin: float = field(default_factory=time.monotonic)

    @property
    def done(self) -> int:
        return int(self.cost.sum())

    def line(self, unit: str = "rows") -> str:
        """All ranks in one line."""
        spent = max(time.monotonic() - self.begin, 1e-9)
        slow = int(np.argmin(self.cost))
        rest = spent * (self.total - self.done) / max(self.done, 1)
        left = f", about {_span(rest)} left" if self.done else ""
        return (
            f"{self.done:,} of {self.total:,} {unit} "
            f"({100 * self.done / max(self.total, 1):.0f} %), "
            f"{int(self.count.sum()):,} of {self.pieces:,} pieces on {self.cost.size} "
            f"ranks in {_span(spent)}; slowest is rank {slow} with "
            f"{self.cost[slow] / spent:,.0f} {unit}/s{left}"
        )


def _span(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


@dataclass(frozen=True)
class Failure:
    """What went wrong first, the same on every rank but for ``error``.

    error : the exception itself, on the rank where it was raised.
    """

    rank: int
    text: str
    error: BaseException | None = None


def agree(comm: Any, error: BaseException | None) -> Failure | None:
    """The failure of the lowest rank that has one, on every rank."""
    meet(comm)
    told = comm.allgather(None if error is None else str(error) or repr(error))
    for rank, text in enumerate(told):
        if text is not None:
            return Failure(rank, text, error if comm.Get_rank() == rank else None)
    return None


def meet(comm: Any) -> None:
    """A barrier at which ranks sleep: MPI's own keeps each core busy."""
    request = comm.Ibarrier()
    while not request.Test():
        time.sleep(_PAUSE)


def share_work(
    comm: Any,
    cost: np.ndarray,
    work: Callable[[int], None],
    *,
    tell: Callable[[Tally], None] | None = None,
    watch: Callable[[Tally], None] | None = None,
) -> Failure | None:
    """Call ``work(k)`` once for every piece, each on some rank.

    Collective. An exception of ``work`` ends the work: the others stop before their
    next piece, and every rank gets the same :class:`Failure`. On rank 0 ``tell`` is
    called from this thread, ``watch`` a few times a second from another one. Where MPI
    allows one thread only, each rank keeps to its own share.
    """
    rank, size = comm.Get_rank(), comm.Get_size()
    cost = np.maximum(np.asarray(cost, np.int64), 1)
    desk = _Desk(comm, cost, watch if watch and size > 1 else None)
    error: BaseException | None = None
    if size > 1 and not _many_threads():
        desk.keep_to_shares(rank)
        ask = desk.ask
    elif rank == 0:
        desk.open()
        ask = desk.ask
    else:
        ask = _ask_by_message(comm)
    piece = ask(rank, None, False)
    while piece is not None:
        try:
            work(piece)
        except BaseException as raised:
            error = raised
            ask(rank, None, True)
            break
        piece = ask(rank, piece, False)
        if tell and rank == 0:
            tell(desk.tally)
    desk.close(tell if rank == 0 else None)
    if error is not None and not isinstance(error, Exception):
        agree(comm, error)
        raise error
    return agree(comm, error)


def _many_threads() -> bool:
    from mpi4py import MPI

    return MPI.Query_thread() == MPI.THREAD_MULTIPLE


def _ask_by_message(comm: Any) -> Callable[[int, int | None, bool], int | None]:
    def ask(rank: int, done: int | None, failed: bool) -> int | None:
        comm.send((done, failed), 0, _ASK)
        while not comm.iprobe(source=0, tag=_GIVE):
            time.sleep(_PAUSE)
        return comm.recv(source=0, tag=_GIVE)

    return ask


class _Desk:
    """Rank 0's side: gives out pieces, counts what is done, stops all on a failure."""

    def __init__(self, comm: Any, cost: np.ndarray, watch: Any):
        size = comm.Get_size()
        self.comm, self.cost, self.watch = comm, cost, watch
        self.queue = WorkQueue(cost, size)
        zeros = np.zeros(size, np.int64)
        self.tally = Tally(int(cost.sum()), cost.size, zeros, zeros.copy())
        self.failed = False
        self.waiting = set(range(1, size))  # ranks that will ask again
        self.lock = threading.Lock()
        self.thread: threading.Thread | None = None

    def keep_to_shares(self, rank: int) -> None:
        """Hand out the share of one rank only."""
        others = np.arange(self.queue.left.size) != rank
        self.queue.left[others] = 0

    def ask(self, rank: int, done: int | None, failed: bool) -> int | None:
        with self.lock:
            if done is not None:
                self.tally.cost[rank] += self.cost[done]
                self.tally.count[rank] += 1
            self.failed |= failed
            return None if self.failed else self.queue.take(rank)

    def open(self) -> None:
        if self.waiting:
            self.thread = threading.Thread(target=self._serve, daemon=True)
            self.thread.start()

    def close(self, tell: Any) -> None:
        """Wait until every rank has been told that nothing is left."""
        while self.thread is not None and self.thread.is_alive():
            self.thread.join(0.2 if tell else None)
            if tell:
                tell(self.tally)

    def _serve(self) -> None:
        try:
            self._answer()
        except BaseException:
            traceback.print_exc()
            self.comm.Abort(1)

    def _answer(self) -> None:
        from mpi4py import MPI

        status, last = MPI.Status(), time.monotonic()
        while self.waiting:
            if self.watch and time.monotonic() - last > 0.2:
                self.watch(self.tally)
                last = time.monotonic()
            if not self.comm.iprobe(MPI.ANY_SOURCE, _ASK, status):
                time.sleep(_PAUSE)
                continue
            rank = status.Get_source()
            done, failed = self.comm.recv(source=rank, tag=_ASK)
            piece = self.ask(rank, done, failed)
            self.comm.send(piece, rank, _GIVE)
            if piece is None:
                self.waiting.discard(rank)
