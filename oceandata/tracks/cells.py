"""One pass over tracks that leaves integers in cells: the reduction behind the maps.

``vessel_hours``, ``vessel_distance`` and ``transit_counts`` differ in what a segment
brings to a cell; everything else is here: the parameters checked once, the state of a
piece, how two states meet, and the check that no sum can overflow.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from oceandata.errors import SchemaError
from oceandata.grids import RegularGrid
from oceandata.tracks.classes import ship_class
from oceandata.units import duration_us
from oceankernels import raster
from oceankernels.reduction import Reduction
from oceankernels.tiles import (
    Cells,
    Tiles,
    by_owner,
    empty_tiles,
    grown,
    merge,
    occupied,
)

PATHS = ("lonlat", "great_circle")
DIMENSIONS = ("class", "month")
QUANTITIES = {
    "time": raster.TIME,
    "distance": raster.DISTANCE,
    "entries": raster.ENTRIES,
}
_LIMIT = 2**63
_NAT = np.iinfo(np.int64).min
_ALL_TIME = np.array([-(2**63) + 1, 2**63 - 1], np.int64)
_COUNTS = {
    "segments": raster.SEGMENTS,
    "over_gap_segments": raster.OVER_GAP_SEGMENTS,
    "fixes_skipped_by_quality": raster.SKIPPED,
    "fixes_without_position_or_time": raster.UNUSABLE,
    "segments_without_path": raster.NO_PATH,
}


@dataclass(frozen=True)
class CellRequest:
    """What to bring to which cells; made by :func:`cell_request`."""

    grid: RegularGrid
    quantity: str
    path: str
    gap_us: int
    by: tuple[str, ...]
    min_vessels: int
    skip_quality: tuple[int, ...]

    @property
    def vessels_kept(self) -> int:
        """Distinct vessel keys that a cell has to remember."""
        return self.min_vessels if self.min_vessels > 1 else 0


@dataclass(frozen=True)
class CellState:
    """Result of some pieces. Sums are Python integers, so they cannot overflow."""

    cells: Cells
    total: int
    off_grid: int
    over_gap: int
    first_time: int
    last_time: int
    counts: dict[str, int] = field(default_factory=dict)


def cell_request(
    grid, *, quantity, path, gap, by, min_vessels, skip_quality
) -> CellRequest:
    """The parameters, checked; all faults in one ``ValueError``."""
    faults = []
    if not isinstance(grid, RegularGrid):
        faults.append(f"grid must come from regular_grid, got {type(grid).__name__}")
    if path not in PATHS:
        faults.append(f"path must be one of {PATHS}, got {path!r}")
    by = (by,) if isinstance(by, str) else tuple(by)
    if not set(by) <= set(DIMENSIONS) or len(set(by)) != len(by):
        faults.append(f"by must name some of {DIMENSIONS}, each once, got {by}")
    if not isinstance(min_vessels, int | np.integer) or not 1 <= min_vessels <= 100:
        faults.append(f"min_vessels must be an integer 1 to 100, got {min_vessels!r}")
    if not all(0 <= int(flag) <= 62 for flag in skip_quality):
        faults.append(f"skip_quality must be flags from 0 to 62, got {skip_quality}")
    try:
        gap_us = duration_us(gap, name="gap")
    except ValueError as error:
        faults.append(str(error))
    if faults:
        raise ValueError("; ".join(faults))
    by = tuple(name for name in DIMENSIONS if name in by)
    flags = tuple(sorted({int(flag) for flag in skip_quality}))
    return CellRequest(grid, quantity, path, gap_us, by, int(min_vessels), flags)


class _Partial:
    """The work on one piece; an object and not a closure, so that it pickles.

    Each thread keeps its empty tiles from piece to piece, as long as the reduction
    lives: fresh memory costs as much as the work.
    """

    def __init__(self, request: CellRequest):
        self.request = request
        self._spare = threading.local()

    def __reduce__(self):
        return _Partial, (self.request,)

    def _tiles(self, rows: int) -> Tiles:
        spare = getattr(self._spare, "tiles", None)
        self._spare.tiles = None  # not kept if the piece fails half-way
        if spare is not None:
            return spare
        # only what is touched takes memory
        return empty_tiles(
            self.request.vessels_kept, min(max(64, rows // 100), 1 << 15)
        )

    def __call__(self, piece: Any) -> CellState:
        request, tracks = self.request, piece.load()
        fixes = _fixes(tracks, request)
        plan = _plan(tracks, request)
        tiles, run = self._tiles(fixes.time.size), raster.new_run()
        lattice = request.grid.lattice
        while need := raster.accumulate(fixes, lattice, plan, tiles, run):
            tiles = grown(tiles, need)
        sums = [int(value) for value in run.sums]
        if sums[raster.DISORDERED]:
            raise SchemaError(
                "fixes of a trajectory must be ordered in time; "
                f"{sums[raster.DISORDERED]} are earlier than the one before"
            )
        cells = occupied(tiles)
        self._spare.tiles = tiles
        return CellState(
            cells=cells,
            total=sums[raster.TOTAL],
            off_grid=sums[raster.OFF_GRID],
            over_gap=sums[raster.OVER_GAP],
            first_time=sums[raster.FIRST_TIME],
            last_time=sums[raster.LAST_TIME],
            counts={name: sums[k] for name, k in _COUNTS.items()},
        )


def _fixes(tracks, request: CellRequest) -> raster.Fixes:
    """Arrays for the kernel, with the checks it does not make."""
    rows, vessel = int(tracks.row_size.sum()), tracks.vessel
    faults = []
    if rows != tracks.time.size or (tracks.row_size < 0).any():
        faults.append(f"row_size must sum to {tracks.time.size} fixes, it gives {rows}")
    if vessel.size and (vessel.min() < 0 or vessel.max() == _LIMIT - 1):
        faults.append(f"vessel keys must lie in [0, 2^63 - 2], got {vessel.min()}")
    if faults:
        raise SchemaError(faults)
    if "class" in request.by:
        group = ship_class(tracks.ship_type)
    else:
        group = np.zeros(vessel.size, np.int64)
    return raster.Fixes(
        tracks.row_size, vessel, group, tracks.carried,
        tracks.time, tracks.lon, tracks.lat, tracks.quality,
    )  # fmt: skip


def _plan(tracks, request: CellRequest) -> raster.Plan:
    """Months that cover the piece, and the proof that its sums fit 64 bits."""
    first, last = _span(tracks.time)
    _check_bound(tracks, last - first, request)
    if "month" in request.by:
        months = np.array([first, last], "M8[us]").astype("M8[M]").astype(np.int64)
        first_month = int(months[0])
        edges = np.arange(months[0], months[1] + 2).astype("M8[M]").astype("M8[us]")
        month_edge = edges.astype(np.int64)
    else:
        first_month, month_edge = 0, _ALL_TIME
    skip = sum(1 << flag for flag in request.skip_quality)
    return raster.Plan(
        QUANTITIES[request.quantity], request.path == "great_circle",
        request.gap_us, skip, month_edge, first_month,
    )  # fmt: skip


def _span(time: np.ndarray) -> tuple[int, int]:
    """First and last time that is one."""
    if not time.size:
        return 0, 0
    first = int(time.min())
    if first == _NAT:
        time = time[time != _NAT]
        first = int(time.min()) if time.size else 0
    return first, int(time.max()) if time.size else 0


def _check_bound(tracks, span: int, request: CellRequest) -> None:
    """Refuse a piece whose total might not fit int64; the total bounds every cell."""
    rows, trajectories = tracks.time.size, tracks.row_size.size
    if request.quantity == "distance":
        bound = rows * 20_100_000_000  # half a turn of the Earth, mm
    elif request.quantity == "entries":
        bound = rows * (2 * (request.grid.nx + request.grid.ny) + 4)
    else:  # ordered fixes: a trajectory lasts from its first to its last
        bound = trajectories * span
        if bound >= _LIMIT:
            bound = _durations(tracks, span)
    if bound >= _LIMIT:
        raise OverflowError(
            f"the sum of this piece could reach {bound:.3g} {request.quantity} units "
            f"and 64 bits hold {_LIMIT:.3g}; check the times ({trajectories:,} "
            f"trajectories within {span / 3.15576e13:.3g} years) or use smaller pieces"
        )


def _durations(tracks, span: int) -> float:
    """Sum of (last - first) time of the trajectories, not less than it is."""
    size = tracks.row_size[tracks.row_size > 0]
    stop = np.cumsum(size)
    first, last = tracks.time[stop - size], tracks.time[stop - 1]
    length = np.clip(last.astype(float) - first.astype(float), 0, float(span))
    length[(first == _NAT) | (last == _NAT)] = span
    return 1.000001 * float(length.sum())


def combine(a: CellState, b: CellState) -> CellState:
    """Both states as one; sums are checked against 64 bits."""
    total = a.total + b.total
    if total >= _LIMIT:
        raise OverflowError(
            f"the total of {total:,} does not fit 64 bits ({_LIMIT:,}); use a shorter "
            "period or fewer vessels"
        )
    return CellState(
        cells=merge(a.cells, b.cells),
        total=total,
        off_grid=a.off_grid + b.off_grid,
        over_gap=a.over_gap + b.over_gap,
        first_time=min(a.first_time, b.first_time),
        last_time=max(a.last_time, b.last_time),
        counts={name: a.counts[name] + b.counts[name] for name in a.counts},
    )


def split(state: CellState, n: int) -> list[CellState]:
    """The state by owners of its tiles; part 0 has the sums over all of them."""
    first, *others = by_owner(state.cells, n)
    none = replace(
        state,
        total=0,
        off_grid=0,
        over_gap=0,
        first_time=_LIMIT - 1,
        last_time=-_LIMIT,
        counts=dict.fromkeys(state.counts, 0),
    )
    rest = [replace(none, cells=cells) for cells in others]
    return [replace(state, cells=first), *rest]


def cell_reduction(request: CellRequest, finalize) -> Reduction:
    """The reduction of a request; `finalize` makes the product of its state.

    With a method `assemble` it can do so from parts that come one after another.
    """
    whole = Reduction(_Partial(request), combine, finalize)
    if not hasattr(finalize, "assemble"):
        return whole
    return replace(whole, split=split, assemble=finalize.assemble)
