"""The raster kernel against exact fractions, bisection, shapely, and itself."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from oceandata.grids import regular_grid
from oceankernels import raster
from oceankernels.sphere import distance
from tests.naive_raster import arc_shares, lonlat_shares
from tests.raster_cases import HOUR, cell_sums, dense, segments

GRIDS = {
    "yellow sea": regular_grid((117, 31, 127, 41), step=0.25),
    "dateline": regular_grid((176, -20, -173, -9), step=0.5),
    "global": regular_grid(step=5),
    "north": regular_grid((-180, 60, 180, 90), step=(7.5, 2.5)),
    "south": regular_grid((-60, -90, 45, -50), step=2.5),
    "wide": regular_grid((-170, -40, 175, 55), step=5),
}


def near(grid, rng, n, *, length):
    """Random segments in and around a grid, `length` in cells."""
    west, south, _, north = grid.box
    width = grid.nx * float(grid.lon_step)
    lon = west + width * rng.uniform(-0.07, 1.07, n)
    lat = south + (north - south) * rng.uniform(-0.07, 1.07, n)
    angle, reach = rng.uniform(0, 2 * np.pi, n), length * rng.lognormal(0, 0.7, n)
    lon1 = lon + np.clip(reach * np.cos(angle) * float(grid.lon_step), -179, 179)
    lat1 = lat + reach * np.sin(angle) * float(grid.lat_step)
    lon, lon1 = ((x + 180) % 360 - 180 for x in (lon, lon1))
    return lon, np.clip(lat, -90, 90), lon1, np.clip(lat1, -90, 90)


def shapely_sums(grid, lon0, lat0, lon1, lat1, dt):
    """(ny, nx) time in each cell by line-polygon intersection, and outside."""
    turn = (lon1 - lon0 + 180) % 360 - 180
    x0 = np.where(lon0 < grid.lon_edges[0], lon0 + 360, lon0)
    x1 = x0 + turn
    lines = shapely.linestrings(np.stack([x0, lat0, x1, lat1], 1).reshape(-1, 2, 2))
    dx, dy = float(grid.lon_step), float(grid.lat_step)
    c0 = np.floor((np.minimum(x0, x1) - grid.lon_edges[0]) / dx).astype(int)
    c1 = np.floor((np.maximum(x0, x1) - grid.lon_edges[0]) / dx).astype(int)
    low, high = np.minimum(lat0, lat1), np.maximum(lat0, lat1)
    r0 = np.clip(np.floor((low - grid.lat_edges[0]) / dy).astype(int), 0, None)
    r0[low == 90] = grid.ny - 1 if grid.lat_edges[-1] == 90 else grid.ny
    r1 = np.clip(np.floor((high - grid.lat_edges[0]) / dy).astype(int), None, grid.ny)
    rows = np.maximum(r1 - r0 + 1, 0)
    size = (c1 - c0 + 1) * rows
    which = np.repeat(np.arange(len(x0)), size)
    k = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
    column, row = c0[which] + k // rows[which], r0[which] + k % rows[which]
    turns = np.floor_divide(column * dx, 360) if grid.wraps else np.zeros(len(column))
    if not grid.wraps:  # a region is met again one turn further on
        turns = np.floor_divide(column * dx + 1e-9, 360)
    inner = np.rint(column - turns * 360 / dx).astype(int)
    good = (inner < grid.nx) & (inner >= 0) & (row < grid.ny)
    which, row, inner, turns = which[good], row[good], inner[good], turns[good]
    cells = shapely.box(
        grid.lon_edges[inner] + 360 * turns, grid.lat_edges[row],
        grid.lon_edges[inner + 1] + 360 * turns, grid.lat_edges[row + 1],
    )  # fmt: skip
    part = shapely.length(shapely.intersection(lines[which], cells))
    out = np.zeros(grid.shape)
    np.add.at(out, (row, inner), part / shapely.length(lines)[which] * dt[which])
    return out, dt.sum() - out.sum()


@pytest.mark.parametrize("name", GRIDS)
def test_lonlat__equals_shapely_on_1e5_segments(name):
    grid, rng = GRIDS[name], np.random.default_rng(20240131)
    n = 100_000 if name == "yellow sea" else 20_000
    ends = near(grid, rng, n, length=1.7)
    dt = rng.integers(HOUR // 10, 6 * HOUR, n)
    ours, sums = cell_sums(segments(*ends, dt), grid)
    theirs, outside = shapely_sums(grid, *ends, dt.astype(float))
    assert ours.sum() + sums[raster.OFF_GRID] == sums[raster.TOTAL] == dt.sum()
    assert sums[raster.OFF_GRID] == pytest.approx(outside, rel=1e-9)
    assert (theirs > 0).mean() > 0.7
    np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9 * dt.mean())


@pytest.mark.parametrize("name", GRIDS)
@pytest.mark.parametrize("path", ["lonlat", "great_circle"])
def test_segment__equals_naive_twin(name, path):
    grid, rng = GRIDS[name], np.random.default_rng(5)
    n = 60 if path == "lonlat" else 20
    ends = np.stack(near(grid, rng, n, length=2.3))
    dt = rng.integers(HOUR, 6 * HOUR, n)
    shares_of = lonlat_shares if path == "lonlat" else arc_shares
    for k in range(n):
        ours, sums = cell_sums(segments(*ends[:, k : k + 1], dt[k : k + 1]), grid,
                               path=path)  # fmt: skip
        truth, before = np.zeros(grid.shape), 0.0
        for stop, cell in shares_of(grid, *ends[:, k]):
            if cell is not None:
                truth[cell[1], cell[0]] += float(stop - before) * dt[k]
            before = stop
        assert ours.sum() + sums[raster.OFF_GRID] == dt[k]
        np.testing.assert_allclose(ours, truth, atol=1.5 + 1e-9 * dt[k])


def test_great_circle__crosses_one_parallel_twice():
    # from 20W to 29E at 59.5 N the arc rises above 60 N and comes back
    grid = regular_grid((-30, 50, 40, 70), step=10)
    one = [np.array([v]) for v in (-20.0, 59.5, 29.0, 59.75)]
    dt = np.array([5 * HOUR])
    north, _ = cell_sums(segments(*one, dt), grid, path="great_circle")
    flat, _ = cell_sums(segments(*one, dt), grid)
    assert flat[1].sum() == 0
    assert north[1].sum() > 0.8 * dt[0]
    counts, _ = cell_sums(
        segments(*one, dt), grid, path="great_circle", quantity=raster.ENTRIES
    )
    assert counts.tolist() == [[0, 1, 0, 0, 0, 1, 0], [0, 1, 1, 1, 1, 1, 0]]


def test_great_circle__vertex_of_one_cell_is_seen():
    # both fixes in one cell, the arc leaves it across its north edge
    grid = regular_grid((0, 0, 60, 80), step=20)
    one = [np.array([v]) for v in (1.0, 59.9, 19.0, 59.8)]
    ours, _ = cell_sums(segments(*one, np.array([HOUR])), grid, path="great_circle")
    assert ours[3, 0] > 0.5 * HOUR
    assert ours.sum() == HOUR


def test_great_circle__over_the_pole():
    grid = regular_grid((-180, 50, 180, 90), step=10)
    one = [np.array([v]) for v in (-133.0, 65.0, 47.0, 85.0)]
    ours, _ = cell_sums(segments(*one, np.array([HOUR])), grid, path="great_circle")
    # 65 N up to the pole in column 4 (25 degrees), down to 85 N in column 22 (5)
    assert ours[3, 4] + ours[2, 4] + ours[1, 4] == pytest.approx(HOUR * 25 / 30, abs=2)
    assert ours[3, 22] == pytest.approx(HOUR * 5 / 30, abs=2)


def test_great_circle__antipodal_fixes_have_no_path():
    grid = regular_grid(step=10)
    one = [np.array([v]) for v in (10.0, 20.0, -170.0, -20.0)]
    ours, sums = cell_sums(segments(*one, np.array([HOUR])), grid, path="great_circle")
    assert ours.sum() == 0
    assert sums[raster.OVER_GAP] == sums[raster.TOTAL] == HOUR
    assert sums[raster.NO_PATH] == 1


def test_great_circle__meridian_and_equator():
    grid = regular_grid((10, -20, 50, 40), step=10)
    along = [np.array([13.0, 12.0]), np.array([-15.0, 0.0]), np.array([13.0, 44.0]),
             np.array([35.0, 0.0])]  # fmt: skip
    straight, _ = cell_sums(segments(*along, np.array([HOUR, HOUR])), grid)
    arc, _ = cell_sums(
        segments(*along, np.array([HOUR, HOUR])), grid, path="great_circle"
    )
    np.testing.assert_allclose(arc, straight, atol=2)


def test_lonlat__crosses_dateline_eastwards():
    grid = regular_grid((179, -5, -179, -4), step=0.5)
    one = [np.array([v]) for v in (179.9, -4.2, -179.9, -4.3)]
    ours, sums = cell_sums(segments(*one, np.array([HOUR])), grid)
    assert ours.tolist() == [[0, 0, 0, 0], [0, HOUR // 2, HOUR // 2, 0]]
    assert sums[raster.OFF_GRID] == 0


def test_fix_on_edge__belongs_to_east_and_north():
    grid = regular_grid((117, 31, 118, 32), step=0.25)
    still = [np.array([v]) for v in (117.25, 31.75, 117.25, 31.75)]
    ours, _ = cell_sums(segments(*still, np.array([HOUR])), grid)
    assert ours[3, 1] == HOUR
    column, row = grid.cells([117.0, 118.0, 117.5], [31.5, 31.5, 32.0])
    assert column.tolist() == [0, -1, -1]
    assert row.tolist() == [2, -1, -1]


def test_pole__belongs_to_the_last_row():
    grid = regular_grid((0, 80, 90, 90), step=5)
    column, row = grid.cells([12.5], [90.0])
    assert (column[0], row[0]) == (2, 1)


def test_gap_column__shortest_way_leads_through_the_region():
    # both fixes outside, in the one column that is not in the region
    grid = regular_grid((0, 10, 6, 12), step=2)
    one = [np.array([v]) for v in (-1.0, 11.0, 7.0, 11.5)]
    ours, sums = cell_sums(segments(*one, np.array([8 * 450_000_000])), grid)
    assert ours.sum() == 6 * 450_000_000
    assert sums[raster.OFF_GRID] == 2 * 450_000_000


def test_distance__is_the_great_circle_in_millimetres():
    grid, rng = GRIDS["yellow sea"], np.random.default_rng(7)
    ends = near(grid, rng, 500, length=3.0)
    dt = rng.integers(HOUR, 6 * HOUR, 500)
    ours, sums = cell_sums(segments(*ends, dt), grid, quantity=raster.DISTANCE)
    whole = [math.floor(distance(*e) * 1e3 + 0.5) for e in zip(*ends, strict=True)]
    assert ours.sum() + sums[raster.OFF_GRID] == sums[raster.TOTAL] == sum(whole)


degrees = st.floats(-179.9, 179.9, allow_nan=False)
latitudes = st.floats(-90, 90, allow_nan=False)
paths = st.sampled_from(["lonlat", "great_circle"])
names = st.sampled_from(sorted(GRIDS))


@settings(max_examples=300, deadline=None)
@given(degrees, latitudes, degrees, latitudes, st.integers(1, 6 * HOUR), paths, names)
def test_any_segment__is_conserved_and_reversible(x0, y0, x1, y1, dt, path, name):
    grid = GRIDS[name]
    there = [np.array([v]) for v in (x0, y0, x1, y1)]
    back = [np.array([v]) for v in (x1, y1, x0, y0)]
    dt = np.array([dt])
    ours, sums = cell_sums(segments(*there, dt), grid, path=path)
    again, _ = cell_sums(segments(*back, dt), grid, path=path)
    parts = ours.sum() + sums[raster.OFF_GRID] + sums[raster.OVER_GAP]
    assert parts == sums[raster.TOTAL] == dt[0]
    assert ours.min() >= 0
    if path == "lonlat":
        assert abs(ours - again).max() <= 1


@settings(max_examples=100, deadline=None)
@given(degrees, latitudes, degrees, latitudes, st.sampled_from([-360, 360]), names)
def test_any_segment__shift_by_a_turn(x0, y0, x1, y1, turn, name):
    # multiples of 2**-40 degree: the shift by 360 is then exact
    x0, x1 = (round(x * 2**40) / 2**40 for x in (x0, x1))
    grid, dt = GRIDS[name], np.array([HOUR])
    one, _ = cell_sums(segments(*(np.array([v]) for v in (x0, y0, x1, y1)), dt), grid)
    two, _ = cell_sums(
        segments(*(np.array([v]) for v in (x0 + turn, y0, x1 - turn, y1)), dt), grid
    )
    assert (one == two).all()


@pytest.mark.parametrize("path", ["lonlat", "great_circle"])
@pytest.mark.parametrize("name", ["yellow sea", "global", "north", "dateline"])
def test_reversed_tracks__same_cells_within_rounding(name, path):
    grid, rng = GRIDS[name], np.random.default_rng(11)
    x0, y0, x1, y1 = near(grid, rng, 2000, length=1.3)
    dt = rng.integers(HOUR, 6 * HOUR, 2000)
    there, _ = cell_sums(segments(x0, y0, x1, y1, dt), grid, path=path)
    back, _ = cell_sums(segments(x1, y1, x0, y0, dt), grid, path=path)
    np.testing.assert_allclose(there, back, rtol=1e-10, atol=100)


def test_split_at_a_point__same_cells_within_rounding():
    grid, rng = GRIDS["yellow sea"], np.random.default_rng(13)
    x0, y0, x1, y1 = near(grid, rng, 3000, length=2.1)
    dt = 2 * rng.integers(HOUR, 3 * HOUR, 3000)
    xm, ym = (x0 + x1) / 2, (y0 + y1) / 2
    whole, _ = cell_sums(segments(x0, y0, x1, y1, dt), grid)
    first, _ = cell_sums(segments(x0, y0, xm, ym, dt // 2), grid)
    second, _ = cell_sums(segments(xm, ym, x1, y1, dt // 2), grid)
    np.testing.assert_allclose(first + second, whole, rtol=1e-9, atol=100)


def test_dense__unpacks_every_tile():
    # a track along the diagonal of a grid of many tiles, one cell each
    grid = regular_grid((0, 0, 64, 48), step=1)
    assert dense(_diagonal(grid), grid).sum() == 40 * HOUR


def _diagonal(grid):
    from oceankernels.tiles import empty_tiles, grown, occupied

    lon = np.arange(41) + 2.25
    time = 1_700_000_000_000_000 + np.arange(41) * HOUR
    fixes = raster.Fixes(
        np.array([41]), np.array([5]), np.array([0]), np.zeros(1, "i1"),
        time, lon, lon + 0.5, np.full(41, 2, "i1"),
    )  # fmt: skip
    plan = raster.Plan(0, False, 6 * HOUR, 0, np.array([0, 2**62]), 0)
    tiles, run = empty_tiles(1, 8), raster.new_run()
    while need := raster.accumulate(fixes, grid.lattice, plan, tiles, run):
        tiles = grown(tiles, need)
    return occupied(tiles)


@pytest.mark.parametrize("step", [5e-324, 2.3e-308, 1e-170, 1e-160])
def test_segment__so_short_that_its_square_underflows(step):
    ends = [np.array([v]) for v in (0.0, 0.0, 0.0, -step)]
    ours, sums = cell_sums(
        segments(*ends, np.array([7])), GRIDS["global"], path="great_circle"
    )
    assert ours.sum() == sums[raster.TOTAL] == 7
