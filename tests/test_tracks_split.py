"""Splitting: naive twin, ids, counts, idempotence; units; the land mask."""

from __future__ import annotations

import datetime
import math

import numpy as np
import pytest
import xarray as xr

import oceandata as od
from oceandata.land import ROWS, land_bits, on_land
from oceandata.units import distance_m, duration_us
from tests import naive
from tests.make_tracks import dataset, fix, fleet, sailing


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize(("gap", "distance"), [("6h", "50km"), ("4min", None)])
def test_split_tracks__naive(seed, gap, distance):
    tracks = fleet(seed)
    ds = dataset(tracks)
    out = od.split_tracks(ds, gap=gap, distance=distance)
    gap_us = {"6h": 6 * 3600 * 10**6, "4min": 240 * 10**6}[gap]
    jump = 50_000.0 if distance else math.inf
    sizes, ids = [], []
    for name, track in zip(ds["trajectory_id"].values, tracks, strict=True):
        places = naive.split_places(track, gap_us, jump)
        edges = [0, *places, len(track)]
        sizes += np.diff(edges).tolist()
        many = len(edges) > 2
        ids += [f"{name}/{k}" if many else name for k in range(1, len(edges))]
    assert out["row_size"].values.tolist() == sizes
    assert out["trajectory_id"].values.tolist() == ids
    assert out.attrs["splits"] == len(sizes) - len(tracks)
    for name in ("time", "lon", "lat", "sog", "quality"):
        assert out[name].identical(ds[name])


def test_split_tracks__ids_counts_and_other_variables():
    two = sailing(3) + sailing(4, start=600.0) + sailing(2, start=640.0, lon=125.0)
    ds = dataset([sailing(3), two, []])
    ds["mmsi"] = ("trajectory", np.array([11, 22, 33]))
    out = od.split_tracks(ds, gap="6h", distance="50km")
    assert out["trajectory_id"].values.tolist() == [
        "AIS-412000000",
        "AIS-412000001/1",
        "AIS-412000001/2",
        "AIS-412000001/3",
        "AIS-412000002",
    ]
    assert out["row_size"].values.tolist() == [3, 3, 4, 2, 0]
    assert out["mmsi"].values.tolist() == [11, 22, 22, 22, 33]
    assert out["row_size"].attrs["sample_dimension"] == "obs"
    kept = {k: v for k, v in out.attrs.items() if k.startswith("split")}
    assert kept == {
        "split_gap": "6h",
        "split_distance": "50km",
        "splits": 2,
        "splits_by_gap": 1,
        "splits_by_distance": 1,
    }
    assert ds.sizes["trajectory"] == 3
    assert "splits" not in ds.attrs


def test_split_tracks__twice_changes_nothing():
    once = od.split_tracks(dataset(fleet(9)), gap="20min", distance="3km")
    twice = od.split_tracks(once, gap="20min", distance="3km")
    assert once.attrs["splits"] > 0
    assert twice.attrs["splits"] == 0
    xr.testing.assert_equal(once, twice)


def test_split_tracks__a_gap_of_exactly_that_long_is_no_gap():
    ds = dataset([[fix(0, 121.0, 36.0), fix(60, 121.0, 36.0), fix(121, 121.0, 36.0)]])
    out = od.split_tracks(ds, gap="1h", distance=None)
    assert out["row_size"].values.tolist() == [2, 1]
    assert out.attrs["split_distance"] == "none"


def test_split_tracks__crosses_dateline():
    ds = dataset([[fix(0, 179.95, -17.0), fix(30, -179.95, -17.0)]])
    assert od.split_tracks(ds, distance="15km").attrs["splits"] == 0


def test_split_tracks__failed_fixes_do_not_cut():
    track = sailing(7)
    track[3]["lon"] -= 20.0
    assert od.split_tracks(dataset([track])).attrs["splits"] == 2
    track[3]["quality"] = 4
    out = od.split_tracks(dataset([track]))
    assert out.attrs["splits"] == 0
    assert out.sizes["obs"] == 7
    assert od.split_tracks(dataset([track]), skip_failed=False).attrs["splits"] == 2


def test_split_tracks__empty():
    for tracks in ([], [[]]):
        out = od.split_tracks(dataset(tracks))
        assert out.sizes == {"trajectory": len(tracks), "obs": 0}


def test_split_tracks__any_number_of_workers(monkeypatch):
    from oceandata.tracks import ranges

    monkeypatch.setattr(ranges, "ROWS", 64)
    ds = dataset(fleet(4, n_tracks=70))
    one = od.split_tracks(ds, gap="20min", workers=1)
    for workers in (2, 5):
        xr.testing.assert_identical(
            od.split_tracks(ds, gap="20min", workers=workers), one
        )


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("6h", 21_600_000_000),
        ("30min", 1_800_000_000),
        ("1 day", 86_400_000_000),
        ("1h30min", 5_400_000_000),
        (datetime.timedelta(minutes=5), 300_000_000),
        (np.timedelta64(90, "s"), 90_000_000),
    ],
)
def test_duration_us__values(text, wanted):
    assert duration_us(text) == wanted


@pytest.mark.parametrize("wrong", [6, 6.0, "6", "-1h", "0s", "soon", "NaT", "", None])
def test_duration_us__refused(wrong):
    with pytest.raises(ValueError, match=r"gap must be a positive duration such as"):
        duration_us(wrong, name="gap")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("50km", 5e4),
        ("2nmi", 3704.0),
        ("800m", 800.0),
        (" 0.5 km ", 500.0),
        ("1e2m", 1e2),
    ],
)
def test_distance_m__values(text, wanted):
    assert distance_m(text) == wanted


@pytest.mark.parametrize("wrong", [50, "50", "km", "-3km", "3 leagues", None])
def test_distance_m__refused(wrong):
    with pytest.raises(ValueError, match="distance must be a distance such as"):
        distance_m(wrong)
    with pytest.raises(ValueError, match="for nautical miles write nmi"):
        distance_m("5nm")


PLACES = {
    "Beijing": (116.40, 39.90, True),
    "Yellow Sea": (123.00, 36.00, False),
    "Denver": (-104.99, 39.74, True),
    "South Atlantic": (-15.00, -30.00, False),
    "Alice Springs": (133.88, -23.70, True),
    "Antarctica": (90.00, -80.00, True),
    "North Pole": (45.00, 90.00, False),
    "South Pole": (45.00, -90.00, True),
    "Alaska": (-150.00, 68.00, True),
    "Indian Ocean on the rows of Fiji": (80.00, -16.50, False),
    "Pacific on the rows of Fiji": (-120.00, -16.85, False),
    "Norwegian Sea": (2.00, 67.00, False),
    "Barents Sea on the rows of Wrangel Island": (38.00, 71.20, False),
    "Chukotka, east of the dateline": (-178.00, 67.50, True),
    "Chukotka, west of the dateline": (178.00, 68.00, True),
}


@pytest.mark.parametrize("place", PLACES)
def test_on_land__places(place):
    lon, lat, wanted = PLACES[place]
    for turn in (-360.0, 0.0, 360.0):
        assert bool(on_land(lon + turn, lat)) is wanted
        assert bool(on_land(lon + turn, lat, inland=True)) is wanted


def test_on_land__inland_is_a_part_of_land():
    rng = np.random.default_rng(3)
    lon, lat = rng.uniform(117, 130, 20_000), rng.uniform(24, 41, 20_000)
    land, inland = on_land(lon, lat), on_land(lon, lat, inland=True)
    assert not (inland & ~land).any()
    assert 0 < (land & ~inland).sum() < 0.1 * land.sum()
    cell = 1.0 / 120.0
    around = [
        on_land(lon + dx * cell, lat + dy * cell)
        for dx in (-1, 0, 1)
        for dy in (-1, 0, 1)
    ]
    assert np.array_equal(np.all(around, axis=0), inland)


def test_land_bits__no_row_is_filled_the_wrong_way():
    """A ring torn at the dateline would turn land into sea along whole rows."""
    bits = land_bits()
    changed = [
        int(np.bitwise_count(bits[k : k + 900] ^ bits[k + 1 : k + 901]).sum(1).max())
        for k in range(0, ROWS - 901, 900)
    ]
    assert max(changed) < 3000
    share = np.bitwise_count(bits).sum(axis=1) / 43_200
    lat = 90.0 - (np.arange(ROWS) + 0.5) * 180.0 / ROWS
    area = np.average(share, weights=np.cos(np.radians(lat)))
    assert area == pytest.approx(0.292, abs=0.005)  # land is 29.2 % of the Earth


def test_on_land__not_a_position():
    assert (
        on_land([math.nan, 116.4, math.inf], [39.9, 95.0, 39.9]).tolist() == [False] * 3
    )
    assert on_land([], []).shape == (0,)
    assert on_land(np.full((2, 3), 116.4), 39.9).shape == (2, 3)
