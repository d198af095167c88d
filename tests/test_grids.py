"""Edges are correctly rounded rationals; a position is in one cell only."""

from __future__ import annotations

import pickle
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import oceandata as od


def test_edges__are_the_decimals_that_were_written():
    grid = od.regular_grid((117, 31, 127, 41), step=0.05)
    assert grid.shape == (200, 200)
    assert grid.lon_edges.tolist() == [float(f"{117 + k * 5 / 100:.2f}") for k in
                                       range(201)]  # fmt: skip
    assert grid.lat[:2].tolist() == [31.025, 31.075]


def test_edges__thirds():
    grid = od.regular_grid((-6, 50, 0, 53), cells_per_degree=3)
    assert grid.nx == 18
    assert grid.lon_edges[1] == float(Fraction(-17, 3))
    assert od.regular_grid((-6, 50, 0, 53), step="1/3") == grid


def test_edges__same_cell_in_every_region():
    world = od.regular_grid(step=0.01)
    part = od.regular_grid((-3.37, 47.11, 9.2, 51), step=0.01)
    first = np.searchsorted(world.lon_edges, -3.37)
    assert (world.lon_edges[first : first + part.nx + 1] == part.lon_edges).all()


def test_ices_rectangles():
    grid = od.regular_grid((-44, 36, 69, 85.5), step=(1, 0.5))
    assert grid.shape == (99, 113)


def test_dateline__columns_go_on_beyond_180():
    grid = od.regular_grid((170, -20, -165, -10), step=2.5)
    assert grid.shape == (4, 10)
    assert grid.lon_edges[[0, -1]].tolist() == [170, 195]
    assert grid.box == (170, -20, -165, -10)
    assert not grid.wraps
    column, _ = grid.cells([-166.0, 194.0, 171.0, -165.0, 169.9], [-12.0] * 5)
    assert column.tolist() == [9, 9, 0, -1, -1]


def test_global__wraps():
    grid = od.regular_grid(step=30)
    assert grid.wraps
    assert grid.box == (-180, -90, 180, 90)
    column, row = grid.cells([180.0, -180.0, 179.0, 540.0], [90.0, -90.0, 0.0, 10.0])
    assert column.tolist() == [0, 0, 11, 0]
    assert row.tolist() == [5, 0, 3, 3]


def test_cells__not_finite_is_outside():
    grid = od.regular_grid(step=30)
    column, row = grid.cells([np.nan, np.inf, 3.0], [1.0, 2.0, np.nan])
    assert column.tolist() == row.tolist() == [-1, -1, -1]
    assert grid.cells(np.zeros((2, 3)), np.full((2, 3), 5.0))[0].shape == (2, 3)


steps = st.sampled_from(["0.01", "0.05", "1/12", "1/3", "0.7", "2.5"])


@given(st.integers(-5000, 5000), st.integers(0, 499), st.integers(-2, 2), steps)
def test_cells__around_an_edge(west, k, ulps, step):
    """The doubles next to an edge fall on the side where they are."""
    step = Fraction(step)
    start = Fraction(west, 100)
    grid = od.regular_grid((start, -35, start + 50 * step, -35 + 20 * step), step=step)
    edge = grid.lon_edges[k % 51]
    lon = edge
    for _ in range(abs(ulps)):
        lon = np.nextafter(lon, np.inf if ulps > 0 else -np.inf)
    column, _ = grid.cells([lon], [-34.999])
    expected = int(np.searchsorted(grid.lon_edges, lon, side="right")) - 1
    assert column[0] == (expected if 0 <= expected < 50 else -1)


def test_cell_area__sums_to_the_sphere():
    grid = od.regular_grid(step=0.5)
    area = grid.cell_area.sum() * grid.nx
    assert area == pytest.approx(4 * np.pi * 6371.0088**2, rel=1e-12)
    east = od.regular_grid((3, 40, 5, 42), step=1)
    assert east.cell_area[0] > east.cell_area[1]


def test_grid__pickles_and_compares():
    grid = od.regular_grid((117, 31, 127, 41), step=0.05)
    assert grid.lattice.nx == 200
    assert pickle.loads(pickle.dumps(grid)) == grid
    assert "200 x 200 cells of 1/20 x 1/20 degree" in str(grid)


@pytest.mark.parametrize(
    ("box", "step", "message"),
    [
        ((0, 10, 5, 5), 1, "south and north must increase"),
        ((0, 10, 0, 20), 1, "no width"),
        ((0, 10, 5, 20), 0.3, r"5.0 degrees is not a whole number of cells of 3/10"),
        ((0, 10, 5, 20), -1, "step must be positive"),
        ((-190, 10, 5, 95), 1, r"west must lie .*; south and north"),
        ((0, 10, 5, 20), "a", "step must be numbers"),
        ((0, 10, 5, 20), "1/1000000", "cells an axis"),
    ],
)
def test_errors__say_what_came(box, step, message):
    with pytest.raises(ValueError, match=message):
        od.regular_grid(box, step=step)


def test_errors__step_or_cells_per_degree():
    with pytest.raises(ValueError, match="not both"):
        od.regular_grid((0, 10, 5, 20), step=1, cells_per_degree=2)
