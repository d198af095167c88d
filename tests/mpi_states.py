"""Run by mpiexec from test_mpi: balance, owners, tables; rank 0 prints JSON."""

from __future__ import annotations

import json
import time
import tracemalloc
from dataclasses import dataclass

import numpy as np

import oceandata.engines.mpi as engine
from oceandata import engines
from oceankernels import mpi, mpi_rows, mpi_states, mpi_work
from oceankernels.reduction import Reduction
from oceankernels.tiles import Cells, by_owner, merge

CELLS = 50_000
PER_RANK = 4


@dataclass(frozen=True)
class CellPiece:
    """Distinct cells of every piece, so that the whole grows with the ranks."""

    number: int
    cost: int = CELLS

    def load(self) -> Cells:
        key = np.arange(CELLS, dtype=np.int64) * 977 + self.number * 64_000_000
        return Cells(key, key % 1000 + 1, np.zeros((CELLS, 1), np.int64))


def load(piece):
    time.sleep(0.03)  # long enough that every rank gets its share
    return piece.load()


def total(parts):
    rows = amount = 0
    for part in parts:
        rows += part.key.size
        amount += int(part.amount.sum())
    return rows, amount


def whole(cells):
    return total([cells])


def cells_reduction() -> Reduction:
    return Reduction(load, merge, whole, by_owner, total)


def memory(comm) -> dict:
    """Peak of traced bytes on any rank, with work that grows with the ranks."""
    pieces = [CellPiece(k) for k in range(PER_RANK * comm.Get_size())]
    engines.run(cells_reduction(), pieces, engine="mpi")  # compiled, imported
    comm.Barrier()
    tracemalloc.start()
    result = engines.run(cells_reduction(), pieces, engine="mpi")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    expected = engines.run(cells_reduction(), pieces, workers=1)
    return {"peak": max(comm.allgather(peak)), "same": result == expected}


def balance(comm) -> dict:
    """Pieces of equal cost of which the first third takes far longer."""
    mine = []

    def work(k):
        time.sleep(0.03 if k < 20 else 0.001)
        mine.append(k)

    failure = mpi_work.share_work(comm, np.ones(60), work)
    done = comm.allgather(mine)
    slow = [sum(k < 20 for k in found) for found in done]
    once = sorted(k for found in done for k in found) == list(range(60))
    return {"once": once and failure is None, "slow": slow}


def one_thread(comm) -> dict:
    """Where MPI allows one thread only, ranks keep to their shares."""
    mine, allowed = [], mpi_work._many_threads
    mpi_work._many_threads = lambda: False
    try:
        mpi_work.share_work(comm, np.ones(10), mine.append)
    finally:
        mpi_work._many_threads = allowed
    bounds = mpi.shares(np.ones(10), comm.Get_size())
    rank = comm.Get_rank()
    return {"kept": mine == list(range(bounds[rank], bounds[rank + 1]))}


def rows(comm) -> dict:
    """Tables of unequal length, in blocks far smaller than the tables."""
    rank = comm.Get_rank()
    mpi_rows.BLOCK = 1000
    n = 0 if rank == 1 else 700 + rank
    columns = {
        "rank": np.full(n, rank, "i2"),
        "start": np.arange(n).astype("M8[us]"),
        "name": np.array([f"v{'x' * rank}{k}" for k in range(n)], f"U{8 + rank}"),
    }
    table = mpi.gather_rows(columns)
    big = mpi_rows.broadcast(comm, {"a": np.arange(999.0)}, limit=1 << 20)
    none = mpi_rows.broadcast(comm, np.arange(999.0), limit=100)
    try:
        mpi.gather_rows({"a": np.arange(rank + 1), "b": np.arange(2)})
    except ValueError as error:
        said = str(error)
    else:
        said = "" if comm.Get_size() == 1 else "nothing"
    mpi_rows.BLOCK = 1 << 30
    parts = comm.gather(columns)
    whole = parts is None or all(
        np.array_equal(table[c], np.concatenate([p[c] for p in parts])) for c in table
    )
    sent = big[1] and np.array_equal(big[0]["a"], np.arange(999.0))
    kept = not none[1] and (none[0] is None) == (rank > 0)
    return {"whole": whole and (rank == 0 or table is None), "sent": sent and kept,
            "said": said}  # fmt: skip


def large_result(comm) -> dict:
    """A result beyond the limit stays on rank 0."""
    engine.RESULT_BYTES = 1000
    big = Reduction(load, merge, lambda cells: cells.amount)
    result = engines.run(big, [CellPiece(k) for k in range(9)], engine="mpi")
    return {"stays": (result is None) == (comm.Get_rank() > 0)}


def broken(comm) -> dict:
    """A combination that fails among the owners leaves no rank waiting."""

    def clash(a, b):
        raise OverflowError("does not fit")

    held = [CellPiece(comm.Get_rank()).load()]
    part = mpi_states.reduce_to_owners(comm, held, by_owner, clash)
    failed = isinstance(part, mpi_states.Broken)
    return {"told": failed or comm.Get_size() == 1}


if __name__ == "__main__":
    comm = mpi.world()
    found = {
        work.__name__: work(comm)
        for work in (balance, one_thread, rows, memory, broken, large_result)
    }
    told = comm.gather(found)
    if told:
        print(json.dumps(told))
