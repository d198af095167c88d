"""Pieces: small picklable objects that load their own arrays where they are computed.

A piece of tracks gives :class:`TrackArrays`; which pieces there are is fixed by the
data and the parameters, never by the machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

if TYPE_CHECKING:
    import xarray as xr

ROWS = 2_000_000
"""Rows a piece aims at: about 100 MB once decoded."""


class TrackArrays(NamedTuple):
    """Trajectories as plain arrays: t trajectories, n rows in runs of ``row_size``.

    ``carried`` marks trajectories whose first row is a fix carried over from an
    earlier piece: it joins the segment, it is not a fix of this piece.
    """

    row_size: np.ndarray  # (t,) int64
    vessel: np.ndarray  # (t,) int64
    ship_type: np.ndarray  # (t,) int16
    carried: np.ndarray  # (t,) int8
    time: np.ndarray  # (n,) int64, µs since 1970 UTC
    lon: np.ndarray  # (n,) float64, degrees
    lat: np.ndarray  # (n,) float64, degrees
    sog: np.ndarray  # (n,) float32, knots
    cog: np.ndarray  # (n,) float32, degrees
    nav_status: np.ndarray  # (n,) int8
    quality: np.ndarray  # (n,) int8


class Piece(Protocol):
    """What an engine hands to the partial function of a reduction."""

    cost: int
    """Expected work, in rows."""

    def load(self) -> Any:
        """The arrays of this piece."""


@dataclass(frozen=True)
class ArrayPiece:
    """A piece whose arrays are in memory already."""

    arrays: TrackArrays

    @property
    def cost(self) -> int:
        return int(self.arrays.time.size)

    def load(self) -> TrackArrays:
        return self.arrays


def track_arrays(ds: xr.Dataset) -> TrackArrays:
    """Arrays of a tracks Dataset; what it lacks is filled with "unknown"."""
    t, n = ds.sizes["trajectory"], ds.sizes["obs"]

    def column(name: str, dtype: str, size: int, missing: float) -> np.ndarray:
        if name in ds.variables:
            return np.ascontiguousarray(ds[name].values, dtype=dtype)
        return np.full(size, missing, dtype)

    vessel = ds["vessel"] if "vessel" in ds else ds.get("mmsi")
    keys = np.arange(1, t + 1) if vessel is None else vessel.values
    time = np.ascontiguousarray(ds["time"].values.astype("M8[us]")).view("i8")
    return TrackArrays(
        row_size=np.ascontiguousarray(ds["row_size"].values, "i8"),
        vessel=np.ascontiguousarray(keys, "i8"),
        ship_type=column("ship_type", "i2", t, -1),
        carried=np.zeros(t, "i1"),
        time=time,
        lon=column("lon", "f8", n, np.nan),
        lat=column("lat", "f8", n, np.nan),
        sog=column("sog", "f4", n, np.nan),
        cog=column("cog", "f4", n, np.nan),
        nav_status=column("nav_status", "i1", n, 15),
        quality=column("quality", "i1", n, 2),
    )


def pieces_of(tracks: Any, *, rows: int = ROWS) -> list[Any]:
    """Pieces of whatever holds tracks.

    Parameters
    ----------
    tracks : Dataset, Store, Selection or list of pieces
        A Dataset is cut between trajectories; a Selection of a store gives its own
        pieces; a Store means all of it; a list is returned as it is.
    rows : int
        Rows a piece aims at. A trajectory is never cut, so one may be larger.
    """
    if isinstance(tracks, list | tuple):
        return list(tracks)
    if hasattr(tracks, "pieces"):
        return tracks.pieces(rows=rows)
    if hasattr(tracks, "select"):
        return tracks.select().pieces(rows=rows)
    if hasattr(tracks, "sizes") and {"trajectory", "obs"} <= set(tracks.sizes):
        from oceandata.schema import validate

        return _split(track_arrays(validate(tracks, "tracks")), rows)
    raise TypeError(
        "tracks must be a Dataset with dims (trajectory, obs), a Store or a Selection; "
        f"got {type(tracks).__name__}"
    )


def _split(arrays: TrackArrays, rows: int) -> list[ArrayPiece]:
    """Cut between trajectories, each piece at most ``rows`` rows where possible."""
    stops = np.cumsum(arrays.row_size)
    if not stops.size:
        return []
    pieces, first = [], 0
    while first < stops.size:
        start = int(stops[first - 1]) if first else 0
        last = int(np.searchsorted(stops, start + rows, side="right"))
        last = max(last, first + 1)
        rows_of = slice(start, int(stops[last - 1]))
        pieces.append(
            ArrayPiece(
                TrackArrays(
                    *(a[first:last] for a in arrays[:4]),
                    *(a[rows_of] for a in arrays[4:]),
                )
            )
        )
        first = last
    return pieces
