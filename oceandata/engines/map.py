"""Map work: every piece fills its own shards of one output; nothing is gathered.

A commit of one worker makes the output visible, after all shards are on the disk. It
runs as a reduction whose state is the list of files written, so it has what every
engine has: balance, failures that name a piece, progress, repeated pieces.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from oceandata.engines.run import Progress, run
from oceandata.machine import mpi_rank
from oceankernels.reduction import Reduction


def map_pieces(
    function: Callable[[Any], Any],
    pieces: Sequence[Any],
    *,
    output: Any,
    engine: str = "threads",
    workers: int | None = None,
    progress: Progress | None = None,
) -> Any:
    """Compute each piece and write it into its own shards of an output.

    Parameters
    ----------
    function : piece -> array, or dict of arrays by name
        Values of the piece's region, in the shape of the region.
    pieces : sequence
        Each has a ``cost`` and a ``region``: start and stop by dimension, such as
        ``{"lat": (0, 64), "lon": (128, 256)}``; dimensions left out are whole. Every
        shard of the output belongs to exactly one piece.
    output : ZarrMap or StoreMap
        From :mod:`oceandata.store.maps`.
    engine, workers, progress
        See :func:`oceandata.engines.run`. Files are the same bytes on every engine.

    Returns
    -------
    Path or int
        Of a ZarrMap its path, of a StoreMap the number of its commit; under MPI on
        every rank, after the output is visible.

    Raises
    ------
    ValueError
        Pieces that cut, share or miss a shard; nothing was written.
    EngineError
        A piece failed (its number and the cause); nothing became visible.
    """
    from oceandata.engines.mpi import on_first_rank

    pieces = list(pieces)
    output.check([piece.region for piece in pieces])
    writer = on_first_rank(output.begin, engine=engine)
    try:
        files = run(
            Reduction(_WritePiece(function, output, writer), _both, _same),
            pieces,
            engine=engine,
            workers=workers,
            progress=progress,
        )
    except Exception:
        if engine != "mpi" or mpi_rank() == 0:
            output.abandon(writer)
        raise
    # A commit that reports a failure may have been made: nothing is removed then.
    return on_first_rank(lambda: output.finish(writer, files), engine=engine)


@dataclass(frozen=True)
class _WritePiece:
    """Computes a piece and writes it; an object and not a closure, so it pickles."""

    function: Callable[[Any], Any]
    output: Any
    writer: Any

    def __call__(self, piece: Any) -> dict[str, tuple[int, int]]:
        return self.output.write(self.writer, piece.region, self.function(piece))


def _both(a: dict, b: dict) -> dict:
    return {**a, **b}


def _same(files: dict) -> dict:
    return files
