"""Regular longitude-latitude grids whose edges are exact.

An edge is a rational number (west + i * step) rounded once to the nearest double, so
that a cell is the same cell in every grid that contains it, whatever the region. This
module knows which cell a position lies in; how a path is shared among cells is in
:mod:`oceankernels.raster`.

Cells are half-open: a position on an edge belongs to the cell to its east or north.
Only latitude 90 itself belongs to the row below it. ``west > east`` means across the
dateline; a grid 360 degrees wide wraps.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import lcm
from numbers import Rational

import numpy as np

from oceankernels.lattice import Lattice, lattice, locate
from oceankernels.sphere import EARTH_RADIUS

EARTH_RADIUS_KM = EARTH_RADIUS / 1000
"""Mean radius (2a + b) / 3, the one of the sphere kernels."""

_LARGEST_AXIS = 1 << 20


def regular_grid(box=(-180, -90, 180, 90), *, step=None, cells_per_degree=None):
    """Grid of equal cells in longitude and latitude.

    Numbers are read as the decimals that were written: ``0.05`` is 1/20, not the
    nearest double. For thirds say ``cells_per_degree=3`` or ``step="1/3"``.

    Parameters
    ----------
    box : (west, south, east, north)
        Degrees. ``west > east`` is a region across the dateline; ``east - west`` of
        360 is the whole circle.
    step : number, str, Fraction or a pair (lon, lat), optional
        Size of a cell, degrees; 0.05 when neither this nor `cells_per_degree` is
        given. ICES rectangles are ``(1, 0.5)``.
    cells_per_degree : int, optional
        The same as ``step=1/cells_per_degree``, exactly.

    Returns
    -------
    RegularGrid

    Raises
    ------
    ValueError
        All faults of the box and the step in one message.

    Examples
    --------
    >>> import oceandata as od
    >>> grid = od.regular_grid((117, 31, 127, 41), step=0.05)
    >>> grid.shape
    (200, 200)
    >>> float(grid.lon_edges[1])
    117.05
    """
    if step is not None and cells_per_degree is not None:
        raise ValueError("give step or cells_per_degree, not both")
    if cells_per_degree is not None:
        steps = (1 / _rational(cells_per_degree, "cells_per_degree"),) * 2
    elif isinstance(step, tuple | list):
        lon_step, lat_step = step
        steps = _rational(lon_step, "step"), _rational(lat_step, "step")
    else:
        steps = (_rational(0.05 if step is None else step, "step"),) * 2
    west, south, east, north = (_rational(value, "box") for value in box)
    _check_box(west, south, east, north, steps)
    west, width = _longitudes(west, east)
    nx, ny = width / steps[0], (north - south) / steps[1]
    faults = [
        f"{name} of {float(extent)} degrees is not a whole number of cells of "
        f"{size} degree: {float(count):.6g}; the next that fits is "
        f"{float(size * -(-extent // size))}"
        for name, extent, size, count in (
            ("the width", width, steps[0], nx),
            ("the height", north - south, steps[1], ny),
        )
        if count.denominator != 1
    ]
    if max(nx, ny) > _LARGEST_AXIS:
        faults.append(f"at most {_LARGEST_AXIS:,} cells an axis, got {max(nx, ny)}")
    if faults:
        raise ValueError("; ".join(faults))
    return RegularGrid(west, south, *steps, int(nx), int(ny))


@dataclass(frozen=True)
class RegularGrid:
    """Equal cells in longitude and latitude; made by :func:`regular_grid`.

    ``west`` lies in [-180, 180). Columns run east, rows north. Edges and centres of a
    region across the dateline go on beyond 180, so that they always increase.
    """

    west: Fraction
    south: Fraction
    lon_step: Fraction
    lat_step: Fraction
    nx: int
    ny: int

    @property
    def shape(self) -> tuple[int, int]:
        """(ny, nx)."""
        return self.ny, self.nx

    @property
    def wraps(self) -> bool:
        """True when the last column touches the first."""
        return self.nx * self.lon_step == 360

    @property
    def box(self) -> tuple[float, float, float, float]:
        """(west, south, east, north), west > east across the dateline."""
        east = self.west + self.nx * self.lon_step
        if east > 180 and not self.wraps:
            east -= 360
        north = self.south + self.ny * self.lat_step
        if self.wraps:
            return -180.0, float(self.south), 180.0, float(north)
        return float(self.west), float(self.south), float(east), float(north)

    @cached_property
    def lon_edges(self) -> np.ndarray:
        """(nx + 1,) increasing, degrees east; exceeds 180 across the dateline."""
        return _rounded(self.west, self.lon_step, self.nx + 1)

    @cached_property
    def lat_edges(self) -> np.ndarray:
        """(ny + 1,) increasing, degrees north."""
        return _rounded(self.south, self.lat_step, self.ny + 1)

    @cached_property
    def lon(self) -> np.ndarray:
        """(nx,) centres, correctly rounded like the edges."""
        return _rounded(self.west + self.lon_step / 2, self.lon_step, self.nx)

    @cached_property
    def lat(self) -> np.ndarray:
        """(ny,) centres."""
        return _rounded(self.south + self.lat_step / 2, self.lat_step, self.ny)

    @property
    def cell_area(self) -> np.ndarray:
        """(ny,) area of a cell of each row, km², on the sphere of mean radius.

        A = R² Δλ (sin φ₂ - sin φ₁), written as a product so that thin cells keep
        their digits.
        """
        south, north = np.radians(self.lat_edges[:-1]), np.radians(self.lat_edges[1:])
        height = 2 * np.cos((north + south) / 2) * np.sin((north - south) / 2)
        return EARTH_RADIUS_KM**2 * np.radians(float(self.lon_step)) * height

    @cached_property
    def lattice(self) -> Lattice:
        """The arrays that kernels take."""
        period = 360 if self.wraps else 0
        edges = _rounded(self.west, self.lon_step, self.nx + 1, wrap=True)
        return lattice(
            edges,
            self.lat_edges,
            west=float(self.west),
            lon_step=float(self.lon_step),
            lat_step=float(self.lat_step),
            wraps=bool(period),
        )

    def cells(self, lon, lat) -> tuple[np.ndarray, np.ndarray]:
        """Column and row of positions; -1 in both where outside or not finite.

        Parameters
        ----------
        lon, lat : arrays of one shape
            Degrees; longitudes of any turn.
        """
        lon, lat = np.broadcast_arrays(np.asarray(lon, float), np.asarray(lat, float))
        column, row = locate(self.lattice, lon.ravel(), lat.ravel())
        return column.reshape(lon.shape), row.reshape(lat.shape)

    def __str__(self) -> str:
        west, south, east, north = self.box
        return (
            f"{self.nx} x {self.ny} cells of {self.lon_step} x {self.lat_step} degree, "
            f"lon {west:g} to {east:g}, lat {south:g} to {north:g}"
        )


def _rational(value, name: str) -> Fraction:
    """The number that was written: floats by their shortest decimal."""
    try:
        if isinstance(value, Rational):
            return Fraction(int(value.numerator), int(value.denominator))
        return Fraction(repr(float(value)) if isinstance(value, float) else str(value))
    except (ValueError, TypeError, ZeroDivisionError):
        raise ValueError(f"{name} must be numbers, got {value!r}") from None


def _check_box(west, south, east, north, steps) -> None:
    faults = []
    if not -180 <= west <= 180 or not -180 <= east <= 360:
        faults.append(
            "west must lie in [-180, 180] and east in [-180, 360] degrees, got "
            f"{float(west)} and {float(east)}"
        )
    if not -90 <= south < north <= 90:
        faults.append(
            "south and north must increase within [-90, 90] degrees, got "
            f"{float(south)} and {float(north)}; a box is (west, south, east, north)"
        )
    if min(steps) <= 0:
        faults.append(f"step must be positive, got {float(min(steps))}")
    if west == east:
        faults.append(f"the box has no width: west and east are both {float(west)}")
    if east - west > 360:
        faults.append(f"the box is wider than 360 degrees: {float(east - west)}")
    if faults:
        raise ValueError("; ".join(faults))


def _longitudes(west: Fraction, east: Fraction) -> tuple[Fraction, Fraction]:
    """West in [-180, 180) and the width to the east of it."""
    width = east - west
    if width < 0:
        width += 360
    if west == 180:
        west = Fraction(-180)
    return west, width


def _rounded(start: Fraction, step: Fraction, n: int, *, wrap=False) -> np.ndarray:
    """start + i * step, each rounded once (Python's int / int is exact to half ulp)."""
    scale = lcm(start.denominator, step.denominator)
    first, each = int(start * scale), int(step * scale)
    numbers = (first + i * each for i in range(n))
    if wrap:
        half = 180 * scale
        numbers = ((number + half) % (2 * half) - half for number in numbers)
    return np.array([number / scale for number in numbers])
