"""Great circles: published values, another program, plain Python, properties."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from oceankernels import sphere
from tests import naive

lons = st.floats(-180.0, 180.0, exclude_max=True)
lats = st.floats(-90.0, 90.0)
turns = st.sampled_from([-720.0, -360.0, 360.0])

# Points of a 1/1024 degree lattice: adding whole turns to them is exact.
lattice_lons = st.integers(-180 * 1024, 180 * 1024 - 1).map(lambda k: k / 1024)


def test_distance__published_values():
    """Veness (2002-), Movable Type Scripts, latlon-spherical test suite, and Wikipedia
    "Great-circle distance" (Nashville BNA to Los Angeles LAX: 25.958 degrees of arc).

    Cambridge to Paris: 404.3 km on a sphere of 6371 km; initial bearing 156.2.
    """
    cambridge, paris = (0.119, 52.205), (2.351, 48.857)
    metres = sphere.distance(*cambridge, *paris) * 6371000.0 / sphere.EARTH_RADIUS
    assert round(metres, -2) == 404300.0
    assert round(sphere.bearing(*cambridge, *paris), 1) == 156.2
    bna, lax = (-86.67, 36.12), (-118.40, 33.94)
    angle = math.degrees(sphere.distance(*bna, *lax) / sphere.EARTH_RADIUS)
    assert round(angle, 3) == 25.958


def test_destination__published_value():
    """Veness, latlon-spherical: 51.47788 N 0.00147 W, 7794 m on 300.7 degrees gives
    51.5136 N 0.0983 W (sphere of 6371 km)."""
    length = 7794.0 * sphere.EARTH_RADIUS / 6371000.0
    lon, lat = sphere.destination(-0.00147, 51.47788, 300.7, length)
    assert (round(lon, 4), round(lat, 4)) == (-0.0983, 51.5136)


def test_distance__simple_arcs():
    degree = math.pi * sphere.EARTH_RADIUS / 180.0
    assert sphere.distance(123.0, -10.0, 123.0, 10.0) == pytest.approx(20 * degree)
    assert sphere.distance(170.0, 0.0, -170.0, 0.0) == pytest.approx(20 * degree)
    assert sphere.distance(30.0, 60.0, -150.0, 60.0) == pytest.approx(60 * degree)
    assert degree == pytest.approx(60.0 * 1852.0, rel=1e-3)


def test_sphere__agrees_with_proj():
    """PROJ's geodesics (Karney 2013) on a sphere of the same radius."""
    pyproj = pytest.importorskip("pyproj")
    geod = pyproj.Geod(a=sphere.EARTH_RADIUS, b=sphere.EARTH_RADIUS)
    rng = np.random.default_rng(7)
    n = 20_000
    lon1, lon2 = rng.uniform(-180, 180, (2, n))
    lat1, lat2 = np.degrees(np.arcsin(rng.uniform(-1, 1, (2, n))))
    near = slice(0, n // 2)  # half of them are metres to kilometres apart
    lon2[near] = lon1[near] + rng.normal(0, 1e-3, n // 2)
    lat2[near] = np.clip(lat1[near] + rng.normal(0, 1e-3, n // 2), -90, 90)
    azimuth, _, metres = geod.inv(lon1, lat1, lon2, lat2)
    np.testing.assert_allclose(
        sphere.distances(lon1, lat1, lon2, lat2), metres, rtol=1e-9, atol=2e-8
    )
    turned = sphere.bearings(lon1, lat1, lon2, lat2) - azimuth
    assert np.abs((turned + 180) % 360 - 180).max() < 1e-7
    course = rng.uniform(-360, 720, n)
    length = rng.uniform(0, 2e7, n)
    lon3, lat3 = sphere.destinations(lon1, lat1, course, length)
    lon4, lat4, _ = geod.fwd(lon1, lat1, course, length)
    apart = sphere.distances(lon3, lat3, np.asarray(lon4), np.asarray(lat4))
    assert apart.max() < 1e-6


@given(lons, lats, lons, lats)
def test_distance__naive(lon1, lat1, lon2, lat2):
    got = sphere.distance(lon1, lat1, lon2, lat2)
    wanted = naive.distance(lon1, lat1, lon2, lat2)
    assert got == pytest.approx(wanted, rel=1e-12, abs=1e-8)
    assert got == sphere.distance(lon2, lat2, lon1, lat1)
    assert 0.0 <= got <= math.pi * sphere.EARTH_RADIUS


@given(lons, st.floats(-89.0, 89.0), lons, st.floats(-89.0, 89.0))
def test_bearing__naive(lon1, lat1, lon2, lat2):
    apart = sphere.distance(lon1, lat1, lon2, lat2)
    assume(1.0 < apart < math.pi * sphere.EARTH_RADIUS - 1.0)
    got = sphere.bearing(lon1, lat1, lon2, lat2)
    turned = got - naive.bearing(lon1, lat1, lon2, lat2)
    # A metre is 1.6e-7 radian: the naive dot products resolve no more than this.
    assert abs((turned + 180) % 360 - 180) < 1e-6
    assert 0.0 <= got < 360.0


@given(lons, st.floats(-89.9, 89.9), st.floats(0, 360), st.floats(0, 1.9e7))
def test_destination__naive_and_back(lon, lat, course, length):
    lon2, lat2 = sphere.destination(lon, lat, course, length)
    lon3, lat3 = naive.destination(lon, lat, course, length)
    assert sphere.distance(lon2, lat2, lon3, lat3) < 1e-6
    assert -180.0 <= lon2 < 180.0
    assert sphere.distance(lon, lat, lon2, lat2) == pytest.approx(length, abs=1e-6)


@given(lattice_lons, lats, lattice_lons, lats, turns, turns)
def test_sphere__turns_of_longitude_change_nothing(lon1, lat1, lon2, lat2, u, v):
    for function in (sphere.distance, sphere.bearing):
        plain = function(lon1, lat1, lon2, lat2)
        turned = function(lon1 + u, lat1, lon2 + v, lat2)
        assert turned == plain or (math.isnan(plain) and math.isnan(turned))


@given(lons, lats, lons, lats)
def test_distance__mirrored_hemisphere(lon1, lat1, lon2, lat2):
    south = sphere.distance(lon1, -lat1, lon2, -lat2)
    assert south == sphere.distance(lon1, lat1, lon2, lat2)


@given(st.floats(-1e6, 1e6))
@settings(max_examples=300)
def test_wrap_lon__range_and_turns(lon):
    wrapped = sphere.wrap_lon(lon)
    assert -180.0 <= wrapped < 180.0
    turns = (lon - wrapped) / 360.0
    assert turns == pytest.approx(round(turns), abs=1e-9)


def test_wrap_lon__edges():
    given_lons = np.array([-180.0, 180.0, 179.5, 540.0, -180.5, 0.0, 121.25])
    wanted = [-180.0, -180.0, 179.5, -180.0, 179.5, 0.0, 121.25]
    assert sphere.wrap_lons(given_lons).tolist() == wanted
    just_below = np.nextafter(-180.0, -181.0)
    assert -180.0 <= sphere.wrap_lon(just_below) < 180.0
    assert math.isnan(sphere.wrap_lon(math.nan))


def test_distance__antipodes_lose_no_digits():
    half = math.pi * sphere.EARTH_RADIUS
    for lon, lat in [(121.5, 36.25), (-47.0, -82.5), (10.0, 0.0)]:
        assert sphere.distance(lon, lat, lon + 180.0, -lat) == pytest.approx(
            half, abs=1e-8
        )
        metre = math.degrees(1.0 / sphere.EARTH_RADIUS)
        missed = sphere.distance(lon, lat, lon + 180.0, -lat + metre)
        assert half - missed == pytest.approx(1.0, abs=1e-7)


def test_distance__millimetres():
    step = math.degrees(1e-3 / sphere.EARTH_RADIUS)
    for lat in (0.0, 36.0, 89.0):
        assert sphere.distance(121.5, lat, 121.5, lat + step) == pytest.approx(
            1e-3, abs=2e-9
        )


def test_sphere__poles():
    quarter = 0.5 * math.pi * sphere.EARTH_RADIUS
    assert sphere.distance(17.0, 90.0, -120.0, 0.0) == pytest.approx(quarter)
    assert sphere.distance(17.0, 90.0, -120.0, 90.0) < 1e-8
    assert sphere.bearing(121.5, 36.0, -50.0, 90.0) == pytest.approx(0.0, abs=1e-12)
    assert sphere.bearing(121.5, 36.0, -50.0, -90.0) == pytest.approx(180.0)
    lon, lat = sphere.destination(30.0, 89.0, 0.0, 2.0 * quarter / 90.0)
    assert (lon, lat) == (pytest.approx(-150.0), pytest.approx(89.0))


def test_bearing__undefined_and_nan():
    assert math.isnan(sphere.bearing(121.5, 36.0, 121.5, 36.0))
    assert math.isnan(sphere.bearing(-180.0, 36.0, 180.0, 36.0))
    assert math.isnan(sphere.distance(math.nan, 36.0, 121.0, 37.0))
    assert math.isnan(sphere.bearing(121.0, 36.0, 121.0, math.nan))
