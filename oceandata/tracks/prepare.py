"""Cleaning and splitting of tracks too many to hold: applied to each piece as it loads.

``prepare_tracks`` runs nothing. What takes pieces (``vessel_hours``,
``transit_counts``) gets pieces that load, then pass through the given functions. The
functions see one piece: whole trajectories of some vessels in one partition of the
store, with the last fix before it carried in. A fix is therefore judged by its
neighbours in the same month and that one; the answer does not depend on the engine or
on the number of pieces.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from oceandata.errors import EngineError
from oceandata.pieces import ROWS, TrackArrays, pieces_of, track_arrays
from oceankernels.reduction import Reduction

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr


_KINDS = ("i8", "i8", "i2", "i1", "i8", "f8", "f8", "f4", "f4", "i1", "i1")
_DTYPES = dict(zip(TrackArrays._fields, _KINDS, strict=True))


@dataclass(frozen=True)
class PreparedTracks:
    """Tracks and the functions that each of their pieces passes through."""

    tracks: Any
    functions: tuple[Callable, ...]

    def pieces(self, rows: int = ROWS) -> list[PreparedPiece]:
        """The pieces of the tracks, each with the functions to apply."""
        pieces = pieces_of(self.tracks, rows=rows)
        return [PreparedPiece(piece, self.functions) for piece in pieces]


@dataclass(frozen=True)
class PreparedPiece:
    """A piece that passes through functions when it is loaded."""

    piece: Any
    functions: tuple[Callable, ...]

    @property
    def cost(self) -> int:
        return self.piece.cost

    def load(self) -> TrackArrays:
        """Arrays after all functions; ``carried`` stays with its row."""
        arrays = self.piece.load()
        ds = self.dataset(arrays)
        prepared = track_arrays(ds)
        if prepared.time.size != arrays.time.size:
            raise EngineError(
                f"functions given to prepare_tracks must keep every row (flag, not "
                f"delete); {arrays.time.size:,} rows went in, "
                f"{prepared.time.size:,} came out"
            )
        return prepared._replace(carried=_carried(arrays, prepared.row_size))

    def dataset(self, arrays: TrackArrays | None = None) -> xr.Dataset:
        """The piece as a labelled Dataset after all functions."""
        ds = tracks_dataset(self.piece.load() if arrays is None else arrays)
        for function in self.functions:
            ds = function(ds)
        return ds


def prepare_tracks(tracks: Any, *functions: Callable) -> PreparedTracks:
    """Tracks whose pieces pass through functions as they are loaded.

    Parameters
    ----------
    tracks : Store, Selection, Dataset (trajectory, obs) or list of pieces
    functions : callables, Dataset -> Dataset
        ``clean_tracks`` and ``split_tracks``, with ``functools.partial`` for their
        arguments. They must keep all rows in their order.

    Returns
    -------
    PreparedTracks
        To be given to ``vessel_hours`` and ``transit_counts`` in place of the tracks.

    Examples
    --------
    >>> from functools import partial
    >>> import oceandata as od
    >>> tracks = od.prepare_tracks(
    ...     od.open_store("yellow-sea.store"), partial(od.clean_tracks, max_speed=40)
    ... )  # doctest: +SKIP
    """
    return PreparedTracks(tracks, tuple(functions))


def tracks_dataset(arrays: TrackArrays) -> xr.Dataset:
    """A labelled Dataset over the arrays of a piece (nothing is copied)."""
    import xarray as xr

    from oceandata.schema import attributes

    over = {"trajectory": ("row_size", "vessel", "ship_type")}
    over["obs"] = ("time", "lon", "lat", "sog", "cog", "nav_status", "quality")
    values = arrays._asdict()
    values["time"] = arrays.time.view("M8[us]")
    variables = {
        name: (dim, values[name], attributes(name))
        for dim, names in over.items()
        for name in names
    }
    names = np.char.add("V-", arrays.vessel.astype(str))
    variables["trajectory_id"] = ("trajectory", names, attributes("trajectory_id"))
    is_mmsi = (arrays.vessel > 0) & (arrays.vessel < 10**9)
    mmsi = np.where(is_mmsi, arrays.vessel, 0)
    variables["mmsi"] = ("trajectory", mmsi, attributes("mmsi"))
    return xr.Dataset(variables, attrs={"featureType": "trajectory"})


def no_tracks() -> xr.Dataset:
    """Tracks of no vessel: to try a function's arguments on."""
    empty = {name: np.empty(0, dtype) for name, dtype in _DTYPES.items()}
    return tracks_dataset(TrackArrays(**empty))


def _carried(arrays: TrackArrays, row_size: np.ndarray) -> np.ndarray:
    """Marks of trajectories that begin with a row carried in, after a split."""
    rows = np.zeros(arrays.time.size + 1, "i1")
    rows[_starts(arrays.row_size)] = arrays.carried
    return rows[_starts(row_size)]


def _starts(row_size: np.ndarray) -> np.ndarray:
    return np.cumsum(row_size) - row_size


def prepared_summary(
    tracks: PreparedTracks,
    *,
    engine: str = "threads",
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """How many fixes each rule of ``clean_tracks`` flags, over all pieces.

    Parameters
    ----------
    tracks : PreparedTracks
        With ``clean_tracks`` among its functions.
    engine, workers, progress
        As in ``vessel_hours``.

    Returns
    -------
    DataFrame
        As ``clean_summary`` gives it. Fixes carried into a piece are not counted
        again.
    """
    from oceandata.engines import run

    reduction = Reduction(_summary_of_piece, _added, _shared)
    return run(
        reduction, tracks.pieces(), engine=engine, workers=workers, progress=progress
    )


def _summary_of_piece(piece: PreparedPiece) -> pd.DataFrame:
    from oceandata.tracks.clean import clean_summary

    arrays = piece.piece.load()
    own = np.ones(arrays.time.size, bool)
    own[_starts(arrays.row_size)[arrays.carried != 0]] = False
    ds = piece.dataset(arrays)
    table = clean_summary(ds[["quality_reason"]].isel(obs=own))
    return table.assign(share=int(own.sum()))


def _added(a: pd.DataFrame, b: pd.DataFrame) -> pd.DataFrame:
    return a.assign(fixes=a["fixes"] + b["fixes"], share=a["share"] + b["share"])


def _shared(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(share=table["fixes"] / table["share"])
