"""Speed, course and length: naive twins, properties, edges, threads."""

from __future__ import annotations

import math

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import oceandata as od
from oceandata.errors import EngineError, SchemaError
from oceankernels import sphere
from tests import naive
from tests.make_tracks import START, dataset, fix, fleet, sailing


def flat(function, tracks):
    return np.array([value for track in tracks for value in function(track)])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_track_motion__naive(seed):
    tracks = fleet(seed)
    ds = dataset(tracks)
    speed = flat(naive.track_speed, tracks)
    np.testing.assert_allclose(od.track_speed(ds), speed, rtol=1e-9, atol=1e-6)
    course = od.track_course(ds).values
    wanted = flat(naive.track_course, tracks)
    assert np.array_equal(np.isnan(course), np.isnan(wanted))
    turned = (course - wanted + 180.0) % 360.0 - 180.0
    assert np.nanmax(np.abs(turned)) < 1e-6
    length = [naive.track_length(track) for track in tracks]
    np.testing.assert_allclose(od.track_length(ds), length, rtol=1e-12, atol=1e-6)


def test_track_motion__a_vessel_that_keeps_course():
    ds = dataset([sailing(30, knots=12.0, course=60.0)])
    speed, course = od.track_speed(ds), od.track_course(ds)
    assert math.isnan(speed[0])
    assert math.isnan(course[0])
    np.testing.assert_allclose(speed[1:], 12.0, rtol=1e-8)
    # Initial course of each leg: a great circle turns slowly, here by 0.3 degrees.
    assert float(course[1]) == pytest.approx(60.0, abs=1e-6)
    assert np.abs(course[1:] - 60.0).max() < 0.4
    assert float(od.track_length(ds)[0]) == pytest.approx(29 * 1852.0, rel=1e-9)


def test_track_speed__labels():
    ds = dataset([sailing(3), sailing(2, lon=-70.0)])
    speed = od.track_speed(ds)
    assert speed.dims == ("obs",)
    assert speed.attrs["units"] == "knot"
    assert speed.attrs["standard_name"] == "platform_speed_wrt_ground"
    assert set(speed.coords) == {"time", "lon", "lat"}
    assert od.track_course(ds).attrs["units"] == "degree"
    length = od.track_length(ds)
    assert length.dims == ("trajectory",)
    assert length.attrs["units"] == "m"
    assert length["trajectory_id"].values.tolist() == ["AIS-412000000", "AIS-412000001"]


def test_track_length__crosses_dateline():
    across = [fix(0, 179.9, 10.0), fix(10, -179.9, 10.0), fix(20, -179.7, 10.0)]
    ashore = [fix(0, 19.9, 10.0), fix(10, 20.1, 10.0), fix(20, 20.3, 10.0)]
    lengths = od.track_length(dataset([across, ashore])).values
    assert lengths[0] == pytest.approx(lengths[1], rel=1e-12)
    assert lengths[0] == pytest.approx(
        0.4 * 60 * 1852 * math.cos(math.radians(10)), rel=2e-3
    )
    course = od.track_course(dataset([across])).values
    assert course[1] == pytest.approx(90.0, abs=0.1)


def test_track_length__over_the_pole():
    ds = dataset([[fix(0, 30.0, 89.0), fix(60, -150.0, 89.0)]])
    degree = math.pi * sphere.EARTH_RADIUS / 180.0
    assert float(od.track_length(ds)[0]) == pytest.approx(2 * degree)
    assert float(od.track_course(ds)[1]) == pytest.approx(0.0, abs=1e-9)


def test_track_motion__empty_one_fix_and_equal_stamps():
    for tracks in ([], [[]], [[], []]):
        ds = dataset(tracks)
        assert od.track_speed(ds).size == 0
        assert od.track_course(ds).size == 0
        assert od.track_length(ds).values.tolist() == [0.0] * len(tracks)
    ds = dataset([[fix(0, 121.0, 36.0)], [], [fix(0, 5.0, 52.0), fix(0, 5.1, 52.0)]])
    assert np.isnan(od.track_speed(ds)).all()
    assert np.isnan(od.track_course(ds).values).tolist() == [True, True, False]
    assert od.track_length(ds)[[0, 1]].values.tolist() == [0.0, 0.0]


def test_track_motion__a_vessel_that_stays():
    ds = dataset([[fix(0, 121.0, 36.0), fix(5, 121.0, 36.0)]])
    assert float(od.track_speed(ds)[1]) == 0.0
    assert math.isnan(od.track_course(ds)[1])


def test_track_speed__failed_fixes_are_passed_over():
    track = sailing(5, knots=10.0)
    track[2] |= {"lon": 130.0, "quality": 4}
    ds = dataset([track])
    speed = od.track_speed(ds).values
    assert np.isnan(speed).tolist() == [True, False, True, False, False]
    np.testing.assert_allclose(speed[[1, 3, 4]], 10.0, rtol=1e-6)
    assert np.nanmax(od.track_speed(ds, skip_failed=False)) > 1000.0
    track[2] |= {"lon": math.nan, "quality": 2}
    again = od.track_speed(dataset([track]), skip_failed=False).values
    assert np.array_equal(again, speed, equal_nan=True)


@given(st.integers(0, 10_000))
def test_track_length__reversal_and_mirror(seed):
    tracks = fleet(seed, n_tracks=4, longest=40)
    length = od.track_length(dataset(tracks)).values
    back = [
        [f | {"time": 10**13 + 2 * START - f["time"]} for f in reversed(track)]
        for track in tracks
    ]
    reversed_length = od.track_length(dataset(back)).values
    np.testing.assert_allclose(reversed_length, length, rtol=1e-12)
    mirrored = [[f | {"lat": -f["lat"]} for f in track] for track in tracks]
    assert np.array_equal(
        od.track_length(dataset(mirrored)).values, length, equal_nan=True
    )


@given(
    st.lists(
        st.tuples(
            st.integers(-180 * 64, 180 * 64 - 1),
            st.integers(-90 * 64, 90 * 64),
            st.integers(0, 3),
            st.sampled_from([-360.0, 0.0, 360.0]),
        ),
        max_size=20,
    )
)
def test_track_motion__turns_of_longitude(rows):
    minutes = np.cumsum([row[2] for row in rows]).tolist()
    plain = [
        fix(m, x / 64, y / 64) for m, (x, y, _, _) in zip(minutes, rows, strict=True)
    ]
    turned = [
        f | {"lon": f["lon"] + turn} for f, (*_, turn) in zip(plain, rows, strict=True)
    ]
    a, b = dataset([plain]), dataset([turned])
    for function in (od.track_speed, od.track_course, od.track_length):
        assert np.array_equal(function(a).values, function(b).values, equal_nan=True)


def test_track_motion__any_number_of_workers(monkeypatch):
    from oceandata.tracks import ranges

    monkeypatch.setattr(ranges, "ROWS", 64)
    ds = dataset(fleet(11, n_tracks=90))
    for function in (od.track_speed, od.track_course, od.track_length):
        one = function(ds, workers=1).values
        for workers in (2, 3, 7, None):
            assert function(ds, workers=workers).values.tobytes() == one.tobytes()


def test_track_motion__input_is_not_changed():
    ds = dataset(fleet(5))
    copy = ds.copy(deep=True)
    od.track_speed(ds), od.track_course(ds), od.track_length(ds)
    xr.testing.assert_identical(ds, copy)


def test_track_speed__all_faults_at_once():
    ds = dataset([sailing(3)]).drop_vars("lat")
    ds["row_size"] = ("trajectory", [4])
    with pytest.raises(
        SchemaError, match=r"track_speed: variable 'lat' \(obs\) is mis"
    ):
        od.track_speed(ds)
    ds = dataset([sailing(3)])
    ds["row_size"] = ("trajectory", [4])
    with pytest.raises(SchemaError, match="row_size sums to 4, but obs has 3"):
        od.track_speed(ds)
    ds["row_size"] = ("trajectory", [3.0])
    ds["lon"] = ("obs", [1, 2, 3])
    with pytest.raises(SchemaError, match=r"2 faults:\n.*row_size must be of kind"):
        od.track_speed(ds)


def test_track_speed__time_must_not_decrease():
    track = sailing(4)
    track[2]["time"], track[3]["time"] = track[3]["time"], track[2]["time"]
    with pytest.raises(SchemaError, match="it does at obs=7"):
        od.track_speed(dataset([sailing(4), track]))


def test_track_speed__engine_says_where_only():
    with pytest.raises(EngineError, match="engine='threads'; got 'mpi'"):
        od.track_speed(dataset([sailing(4)]), engine="mpi")
    with pytest.raises(EngineError, match="workers must be at least 1, got 0"):
        od.track_speed(dataset([sailing(4)]), workers=0)
