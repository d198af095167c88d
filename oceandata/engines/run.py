"""``run``: one reduction over pieces, on the engine named."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from typing import Any

from oceandata.engines.checkpoint import recording
from oceandata.errors import EngineError
from oceandata.machine import allowed_workers
from oceankernels.reduction import Accumulator, Reduction

ENGINES = ("threads", "dask", "mpi")
Progress = Callable[[int, int], None]


def run(
    reduction: Reduction,
    pieces: Sequence[Any],
    *,
    engine: str = "threads",
    workers: int | None = None,
    progress: Progress | None = None,
    checkpoint: str | os.PathLike | None = None,
) -> Any:
    """Compute a reduction over pieces.

    Parameters
    ----------
    reduction : Reduction
        ``partial`` gets the piece itself and loads it.
    pieces : sequence of Piece
        At least one; their order fixes the tree in which states are combined.
    engine : {"threads", "dask", "mpi"}
        Threads of this process; the active dask client (or a local scheduler of
        ``workers`` threads); the ranks of MPI's world, each on its share of the pieces.
    workers : int, optional
        Threads, or local dask workers. Default: what affinity, cgroup and
        ``SLURM_CPUS_PER_TASK`` allow. One worker is the reference.
    progress : callable, optional
        Called as ``progress(done, total)`` in rows, from the calling thread.
    checkpoint : path, optional
        A folder that keeps the states of finished pieces (not with dask). The same call
        with the same folder goes on from there, on as many workers or ranks as it
        likes, and ends with the same bits. The caller removes it.

    Returns
    -------
    Any
        ``finalize`` of the combined state. Under MPI on every rank if it takes at most
        64 MiB, else on rank 0, and None on the others.

    Raises
    ------
    EngineError
        A piece failed (its number and the cause), the engine is not there, or the
        checkpoint is of other work.
    """
    pieces = list(pieces)
    if not pieces:
        raise EngineError("there is nothing to compute: the selection has no pieces")
    if engine not in ENGINES:
        raise ValueError(f"engine must be one of {ENGINES}, got {engine!r}")
    with recording(reduction, pieces, engine, checkpoint) as kept:
        if engine == "threads":
            state = _run_threads(kept, pieces, workers, progress)
        elif engine == "dask":
            from oceandata.engines.dask import run_dask

            state = run_dask(kept, pieces, workers, progress)
        else:
            from oceandata.engines.mpi import run_mpi

            return run_mpi(kept, pieces, progress)
    return reduction.finalize(state)


def compute_piece(reduction: Reduction, k: int, n: int, piece: Any) -> Any:
    """One piece; a failure names it."""
    try:
        return reduction.partial(piece)
    except Exception as error:
        kind = type(error).__name__
        raise EngineError(f"piece {k + 1} of {n} failed: {kind}: {error}") from error


def _run_threads(
    reduction: Reduction,
    pieces: list[Any],
    workers: int | None,
    progress: Progress | None,
) -> Any:
    """States combined as they come; at most ``workers`` pieces are in memory."""
    workers = min(allowed_workers(workers), len(pieces))
    total, done = sum(piece.cost for piece in pieces), 0
    tree = Accumulator(len(pieces), reduction.combine)
    if workers <= 1:
        for k, piece in enumerate(pieces):
            tree.add(k, compute_piece(reduction, k, len(pieces), piece))
            done += piece.cost
            if progress:
                progress(done, total)
        return tree.result()
    queue = iter(enumerate(pieces))
    with ThreadPoolExecutor(workers) as pool:
        running: dict = {}

        def submit() -> None:
            for k, piece in queue:
                future = pool.submit(compute_piece, reduction, k, len(pieces), piece)
                running[future] = k
                return

        for _ in range(workers):
            submit()
        try:
            while running:
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    k = running.pop(future)
                    state = future.result()
                    submit()
                    tree.add(k, state)
                    done += pieces[k].cost
                    if progress:
                        progress(done, total)
        except BaseException:
            for future in running:
                future.cancel()
            raise
    return tree.result()
