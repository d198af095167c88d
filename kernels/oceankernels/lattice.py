"""Which cell of a longitude-latitude lattice a position lies in, exactly.

A cell is decided by comparing the position with the edges themselves (doubles), never
by the rounding of a product. Columns form a cycle: a lattice that does not span 360
degrees has one more column, the gap between its east and its west edge, so that going
east always ends where it began. Rows are counted from 1: row 0 lies south of the
lattice and row ny + 1 north of it. Column nx (the gap) and these two rows are
"outside".
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from oceankernels.jit import jit
from oceankernels.sphere import wrap_lon


class Lattice(NamedTuple):
    """Edges in the form that kernels read."""

    west_edge: np.ndarray  # (cycle,) degrees in [-180, 180)
    east_edge: np.ndarray  # (cycle,) degrees in (-180, 180]
    lat_edge: np.ndarray  # (ny + 3,): -inf, the edges, +inf
    nx: int
    ny: int
    cycle: int  # columns in a full turn: nx, or nx + 1 with the gap
    west: float
    south: float
    columns_per_degree: float
    rows_per_degree: float


def lattice(lon_edges, lat_edges, *, west, lon_step, lat_step, wraps) -> Lattice:
    """A lattice from its edges.

    Parameters
    ----------
    lon_edges : (nx + 1,) array
        In order of columns, each in [-180, 180).
    lat_edges : (ny + 1,) array
        Increasing. If the last is 90, the pole belongs to the last row.
    west : float
        The first longitude edge; `lon_step`, `lat_step` the size of a cell. They only
        guess the cell, the edges decide.
    wraps : bool
        True for a lattice of 360 degrees.
    """
    nx, ny = len(lon_edges) - 1, len(lat_edges) - 1
    western = np.array(lon_edges[:nx] if wraps else lon_edges, float)
    eastern = np.roll(western, -1)
    eastern[eastern == -180.0] = 180.0
    bounds = np.concatenate([[-np.inf], lat_edges, [np.inf]])
    if bounds[-2] == 90.0:
        bounds[-2] = np.nextafter(90.0, np.inf)
    return Lattice(
        western, eastern, bounds, nx, ny, len(western),
        float(west), float(lat_edges[0]), 1 / lon_step, 1 / lat_step,
    )  # fmt: skip


@jit(inline=True, borrow=True)
def shortest(difference):
    """Difference of two longitudes in [-180, 180), the short way, degrees.

    Exactly half a turn goes the way that does not cross the dateline, so that the
    reversed path is the same path.
    """
    if difference > 180.0:
        return difference - 360.0
    if difference < -180.0:
        return difference + 360.0
    return difference


@jit(inline=True, borrow=True)
def column_of(grid, lon):
    """Column of a longitude in [-180, 180)."""
    offset = lon - grid.west
    if offset < 0.0:
        offset += 360.0
    nearest = int(offset * grid.columns_per_degree + 0.5)
    if nearest > grid.nx:
        # in the gap; only its far end can touch the west edge of column 0
        if 360.0 - offset > 0.5 / grid.columns_per_degree:
            return grid.nx
        nearest = 0
    if nearest == grid.cycle:
        nearest = 0
    if shortest(lon - grid.west_edge[nearest]) >= 0.0:
        return nearest
    return nearest - 1 if nearest > 0 else grid.cycle - 1


@jit(inline=True, borrow=True)
def row_of(grid, lat):
    """Row of a finite latitude: 1 to ny inside, 0 south, ny + 1 north of it."""
    nearest = math.floor((lat - grid.south) * grid.rows_per_degree + 0.5)
    if nearest < 0:
        return 0
    if nearest > grid.ny:
        return grid.ny + 1
    row = int(nearest)
    return row + 1 if lat >= grid.lat_edge[row + 1] else row


@jit(inline=True, borrow=True)
def inside(grid, column, row):
    """Whether a cell belongs to the lattice."""
    return column < grid.nx and 1 <= row <= grid.ny


@jit(inline=True, borrow=True)
def next_column(grid, c, turn):
    """The column beyond, the way that `turn` (degrees) goes."""
    if turn > 0.0:
        return c + 1 if c + 1 < grid.cycle else 0
    return c - 1 if c > 0 else grid.cycle - 1


@jit(inline=True, borrow=True)
def columns_crossed(grid, c, column, x0, turn):
    """Meridian edges between two columns, the way that `turn` (degrees) goes."""
    if c == column:
        # the same column, but once around through all others?
        if turn > 0.0:
            edge = grid.east_edge[c] - x0
            edge += 360.0 if edge <= 0.0 else 0.0
        else:
            edge = x0 - grid.west_edge[c]
            edge += 360.0 if edge < 0.0 else 0.0
        return grid.cycle if abs(turn) > edge else 0
    n = column - c if turn > 0.0 else c - column
    return n if n > 0 else n + grid.cycle


@jit
def locate(grid, lon, lat):
    """Column and row (both from 0) of positions; -1 where outside or not finite.

    ``lon``, ``lat``: (n,) degrees; longitudes of any turn.
    """
    column = np.full(len(lon), -1)
    row = np.full(len(lon), -1)
    for k in range(len(lon)):
        if abs(lat[k]) <= 90.0 and math.isfinite(lon[k]):
            c, r = column_of(grid, wrap_lon(lon[k])), row_of(grid, lat[k])
            if inside(grid, c, r):
                column[k], row[k] = c, r - 1
    return column, row
