"""The dask engine: delayed pieces on whatever client is active."""

from __future__ import annotations

from typing import Any

from oceandata.engines.run import compute_piece


def run_dask(reduction: Any, pieces: list[Any], workers: int | None, progress: Any):
    """State of all pieces, combined pairwise on the workers.

    Uses the active ``distributed`` client if there is one, else a local thread
    scheduler. The tree is the one of :func:`oceankernels.reduction.fold`, so nothing
    large passes the scheduler and the bits are those of the other engines.
    """
    import dask

    level = [
        dask.delayed(compute_piece, pure=False)(reduction, k, len(pieces), piece)
        for k, piece in enumerate(pieces)
    ]
    combine = dask.delayed(_combine, pure=False)
    while len(level) > 1:
        paired = [
            combine(reduction, a, b)
            for a, b in zip(level[::2], level[1::2], strict=False)
        ]
        level = paired + ([level[-1]] if len(level) % 2 else [])
    client = _active_client()
    if client is not None:
        future = client.compute(level[0])
        state = future.result()
    else:
        (state,) = dask.compute(*level, scheduler="threads", num_workers=workers)
    if progress:
        total = sum(piece.cost for piece in pieces)
        progress(total, total)
    return state


def _combine(reduction: Any, a: Any, b: Any) -> Any:
    """Combine copies: dask may compute again from a state that was overwritten."""
    import copy

    return reduction.combine(copy.deepcopy(a), b)


def _active_client():
    """The client of ``distributed`` in this process, or None."""
    import sys

    if "distributed" not in sys.modules:
        return None
    from distributed import get_client

    try:
        return get_client()
    except ValueError:
        return None
