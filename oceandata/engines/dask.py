"""The dask engine: pieces on the active client, or on a local scheduler of threads.

The client may belong to any cluster: LocalCluster, SLURMCluster, dask-mpi. Small things
go through its scheduler: each piece as a pickle of at most ``SMALL`` bytes, the
functions of the reduction once. States stay on the workers, where they are combined in
the tree of :func:`oceankernels.reduction.fold`; only the last one is fetched, straight
from the worker that holds it. Every task can be computed again: a worker may be lost.
"""

from __future__ import annotations

import copy
import pickle
import sys
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from oceandata.engines.run import compute_piece
from oceandata.errors import EngineError
from oceandata.machine import allowed_workers

SMALL = 10_000
"""Bytes of a pickled piece up to which it travels with its task."""
LARGE = 1_000_000
"""Bytes of the pickled functions beyond which a reduction is refused."""
ATTEMPTS = 4
_PATIENCE = 300  # seconds to wait for a worker that takes arrays
_LOST = (
    "lost its cluster while pieces were computed: the client was closed or restarted, "
    "or its scheduler stopped. Keep the client open and run it again"
)


def run_dask(reduction: Any, pieces: list[Any], workers: int | None, progress: Any):
    """State of all pieces, combined pairwise where they are computed.

    With an active ``distributed`` client ``workers`` says nothing: the cluster has its
    size. Without one, ``workers`` threads of this process compute.
    """
    client = _active_client()
    if client is None:
        return _on_threads(reduction, pieces, workers, progress)
    return _on_client(client, reduction, pieces, progress)


def tree(
    leaves: Sequence[Any], combine: Callable[[Any, Any, int, int], Any]
) -> tuple[Any, int]:
    """Root of the pairwise tree over leaves, and its number of levels.

    ``combine`` also gets the level and the number of the node it makes.
    """
    level, depth = list(leaves), 0
    while len(level) > 1:
        pairs = zip(level[::2], level[1::2], strict=False)
        paired = [combine(a, b, depth, k) for k, (a, b) in enumerate(pairs)]
        level = paired + ([level[-1]] if len(level) % 2 else [])
        depth += 1
    return level[0], depth


def _on_threads(reduction, pieces, workers, progress) -> Any:
    """A scheduler of threads in this process; it computes nothing twice."""
    import dask
    from dask.callbacks import Callback

    n, total, done = len(pieces), sum(piece.cost for piece in pieces), 0
    work = dask.delayed(compute_piece, pure=False)
    meet = dask.delayed(reduction.combine, pure=False)
    leaves = [work(reduction, k, n, piece) for k, piece in enumerate(pieces)]
    cost = {leaf.key: piece.cost for leaf, piece in zip(leaves, pieces, strict=True)}
    root, _ = tree(leaves, lambda a, b, *_: meet(a, b))

    def told(key, *_: Any) -> None:
        nonlocal done
        if progress and key in cost:
            done += cost[key]
            progress(done, total)

    with Callback(posttask=told):
        (state,) = dask.compute(
            root,
            scheduler="threads",
            num_workers=allowed_workers(workers),
            optimize_graph=False,
        )
    return state


def _on_client(client, reduction, pieces, progress) -> Any:
    """Submit all pieces at once; again where arrays were lost with their worker."""
    from distributed import CancelledError
    from distributed.scheduler import KilledWorker

    functions = pack_functions(reduction)
    packed = [pack_piece(k, len(pieces), piece) for k, piece in enumerate(pieces)]
    scattered = any(data is None for data in packed)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            held = _scattered(client, pieces, packed)
            leaves, root = build(functions, held)
            return _follow(client, leaves, root, pieces, progress)
        except KilledWorker as error:
            raise EngineError(_killed(error, len(pieces))) from error
        except CancelledError as error:
            # What was scattered cannot be computed again by the cluster, only sent.
            if not scattered or attempt == ATTEMPTS or client.status != "running":
                raise EngineError(f"the dask engine {_LOST} ({error})") from error
    raise AssertionError("the loop returns or raises")


def pack_functions(reduction: Any) -> bytes:
    """``partial`` and ``combine`` as bytes; ``finalize`` stays where it is called."""
    import cloudpickle

    try:
        data = cloudpickle.dumps(_on_workers(reduction))
    except Exception as error:
        raise EngineError(
            "the functions of this reduction cannot be pickled for dask "
            f"({type(error).__name__}: {error}); use functions of a module"
        ) from error
    if len(data) > LARGE:
        raise EngineError(
            f"the functions of this reduction pickle to {len(data) / 1e6:,.1f} MB, "
            f"which would pass the dask scheduler; at most {LARGE / 1e6:g} MB do. "
            "Let the pieces load large arrays from a file or a store"
        )
    return data


def _on_workers(reduction: Any) -> Any:
    """What workers need of a reduction: what ends it may be large and stays here."""
    return replace(reduction, finalize=None, split=None, assemble=None)


def pack_piece(k: int, n: int, piece: Any) -> bytes | None:
    """A piece as bytes; None if it is larger than ``SMALL`` and has to be scattered."""
    import cloudpickle

    buffers: list[pickle.PickleBuffer] = []
    try:
        head = cloudpickle.dumps(piece, protocol=5, buffer_callback=buffers.append)
        size = len(head) + sum(buffer.raw().nbytes for buffer in buffers)
        if size > SMALL:
            return None
        return cloudpickle.dumps(piece) if buffers else head
    except Exception as error:
        raise EngineError(
            f"piece {k + 1} of {n} cannot be pickled for dask "
            f"({type(error).__name__}: {error})"
        ) from error


def _scattered(client, pieces, packed) -> list[Any]:
    """Pieces as bytes, or as futures of what was sent to the workers directly."""
    large = [piece for piece, data in zip(pieces, packed, strict=True) if data is None]
    if not large:
        return packed
    try:
        sent = client.scatter(large, direct=True, hash=False, timeout=_PATIENCE)
    except (TimeoutError, OSError) as error:
        raise EngineError(
            f"{len(large)} pieces hold arrays in memory, and no dask worker took them "
            f"({error}). Start workers that this machine can reach "
            "(cluster.scale(n)), or put the tracks into a store"
        ) from error
    futures = iter(sent)
    return [next(futures) if data is None else data for data in packed]


def build(functions: bytes, pieces: Sequence[Any]) -> tuple[list[Any], Any]:
    """Tasks of the pieces, and of the root of their tree. Nothing runs yet."""
    import dask

    token, n = uuid.uuid4().hex, len(pieces)
    ours = dask.delayed(_unpacked, pure=False)(
        functions, dask_key_name=f"oceandata-functions-{token}"
    )
    work = dask.delayed(_piece, pure=False)
    meet = dask.delayed(_combine, pure=False)
    leaves = [
        work(ours, k, n, piece, dask_key_name=(f"oceandata-piece-{token}", k))
        for k, piece in enumerate(pieces)
    ]

    def combine(a: Any, b: Any, level: int, node: int) -> Any:
        name = (f"oceandata-combine-{token}", level, node)
        return meet(ours, a, b, dask_key_name=name)

    root, _ = tree(leaves, combine)
    return leaves, root


def _follow(client, leaves, root, pieces, progress) -> Any:
    """Wait for the pieces, one after another, then fetch the root's state.

    A piece's future is let go as soon as it is done, so that its state leaves memory
    once it is combined.
    """
    from distributed import as_completed

    *parts, last = client.compute([*leaves, root], optimize_graph=False)
    number = {future.key: k for k, future in enumerate(parts)}
    total, done = sum(piece.cost for piece in pieces), 0
    coming = as_completed(parts)
    del parts
    try:
        for future in coming:
            if future.status != "finished":
                future.result()
            done += pieces[number[future.key]].cost
            if progress:
                progress(done, total)
        return fresh(client.gather(last, direct=True))
    finally:
        # The frames of an error that is kept would keep the work alive too.
        for future in (last, *coming.futures):
            future.release()


def _unpacked(data: bytes) -> Any:
    try:
        return pickle.loads(data)
    except Exception as error:
        raise EngineError(_unreadable("the reduction", error)) from error


def _piece(reduction: Any, k: int, n: int, piece: Any) -> Any:
    """One piece on a worker; a failure names both."""
    try:
        piece = pickle.loads(piece) if isinstance(piece, bytes) else fresh(piece)
    except Exception as error:
        raise EngineError(_unreadable(f"piece {k + 1} of {n}", error)) from error
    try:
        return compute_piece(reduction, k, n, piece)
    except EngineError as error:
        raise EngineError(f"{_place()}: {error}") from error


def _combine(reduction: Any, a: Any, b: Any) -> Any:
    """Two states on a worker; both stay as they are, dask may need them again."""
    try:
        return reduction.combine(fresh(a), fresh(b))
    except Exception as error:
        kind = type(error).__name__
        raise EngineError(
            f"{_place()}: combining two states failed: {kind}: {error}"
        ) from error


def fresh(value: Any) -> Any:
    """A copy whose arrays are aligned and writeable, and nobody else's.

    Arrays that came over the network may start at any byte and be read-only. NumPy
    sums an unaligned array block by block, which changes the last bit.
    """
    return copy.deepcopy(value)


def _unreadable(what: str, error: Exception) -> str:
    return (
        f"{_place()}: {what} cannot be unpickled ({type(error).__name__}: {error}); "
        "the workers need the same packages and modules as the client"
    )


def _place() -> str:
    from distributed import get_worker

    worker = get_worker()
    return f"dask worker {worker.name} at {worker.address}"


def _killed(error: Any, n: int) -> str:
    """A task that took several workers with it, in words."""
    task, times = error.task, error.allowed_failures + 1
    leaf = isinstance(task, tuple) and task[0].startswith("oceandata-piece-")
    what = f"piece {task[1] + 1} of {n}" if leaf else "combining states"
    return (
        f"{what}: {times} dask workers died while they computed it or its neighbours, "
        f"the last at {error.last_worker.address}. Most often memory ran out: give the "
        "workers more, or cut smaller pieces (rows=)"
    )


def _active_client():
    """The client of ``distributed`` in this process, or None."""
    if "distributed" not in sys.modules:
        return None
    from distributed import get_client

    try:
        return get_client()
    except ValueError:
        return None
