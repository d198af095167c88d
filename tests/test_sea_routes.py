"""Lanes of the simulated sea: over water, the shortest way, on the right side."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from oceandata.land import on_land
from oceandata.sea import places, routes, water


def test_on_land__same_as_the_package_mask():
    rng = np.random.default_rng(5)
    lon, lat = rng.uniform(117, 127, 4000), rng.uniform(31, 41, 4000)
    assert (water.on_land(lon, lat) == on_land(lon, lat)).all()
    assert 0.3 < water.on_land(lon, lat).mean() < 0.6


def test_places__in_the_water():
    for name, (lon, lat, *_) in (places.PORTS | places.WAYPOINTS).items():
        assert not water.on_land(np.array([lon]), np.array([lat]))[0], name
    for name, (lon, lat, east, north) in places.ANCHORAGES.items():
        x, y = np.meshgrid(lon + east * np.linspace(-1, 1, 9),
                           lat + north * np.linspace(-1, 1, 7))  # fmt: skip
        assert not water.on_land(x, y).any(), name


@pytest.mark.parametrize("side", [-1.0, 0.0, 1.0])
def test_lanes__clear_of_land_over_their_width(side):
    for a, edges in routes.network().items():
        for b in edges:
            ends = np.array([places.WAYPOINTS[a], places.WAYPOINTS[b]]).T
            bow = np.radians(routes.course(*ends[:2, 0], *ends[:2, 1]))
            east, north = side * ends[2] * np.cos(bow), -side * ends[2] * np.sin(bow)
            lon, lat = routes.shifted(ends[0], ends[1], east, north)
            assert water.clear(*routes.dense(lon, lat)), (a, b)


def test_passage__every_pair_of_ports_over_water():
    rng = np.random.default_rng(3)
    ends = places.PORTS | {gate: places.WAYPOINTS[gate] for gate in places.GATES}
    for a, b in itertools.permutations(ends, 2):
        names = routes.names_between(a, b)
        lon, lat = routes.passage(rng, names, ends[a][:2], ends[b][:2])
        assert water.clear(lon, lat), (a, b)


def test_passage__rounds_the_shandong_peninsula():
    names = routes.names_between("QINGDAO", "TIANJIN")
    assert [n for n in names if n in ("CSJ_S", "CSJ", "LTS")] == ["CSJ_S", "CSJ", "LTS"]


def test_passage__meets_port_to_port():
    """Ships on opposite courses leave each other on the port side."""
    rng = np.random.default_rng(8)
    names = ("YS_N", "YS_C", "YS_S")
    first, last = places.WAYPOINTS["CSJ_S"][:2], places.WAYPOINTS["GATE_NINGBO"][:2]
    south = [routes.passage(rng, names, first, last) for _ in range(40)]
    north = [routes.passage(rng, names[::-1], last, first) for _ in range(40)]
    at = 34.0
    west = np.mean([np.interp(-at, -lat, lon) for lon, lat in south])
    east = np.mean([np.interp(at, lat, lon) for lon, lat in north])
    assert east - west > 0.02


def test_dense__keeps_to_the_great_circle():
    ends = np.array([118.0, 126.5]), np.array([38.7, 34.0])
    lon, lat = routes.dense(*ends, spacing=5.0)
    step = routes.distance_nm(lon[:-1], lat[:-1], lon[1:], lat[1:])
    whole = routes.distance_nm(118.0, 38.7, 126.5, 34.0)
    assert step.sum() == pytest.approx(whole, rel=1e-9)
    assert step.max() <= 5.0


def test_distance_nm__one_degree_of_a_meridian():
    assert routes.distance_nm(121.0, 36.0, 121.0, 37.0) == pytest.approx(60.0405)


def test_way__unknown_names_have_no_lane(monkeypatch):
    monkeypatch.setitem(routes.network(), "ISLAND", {})
    with pytest.raises(ValueError, match="no lane joins ISLAND and LTS"):
        routes.way("ISLAND", "LTS")
