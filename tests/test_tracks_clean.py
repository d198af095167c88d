"""Cleaning: naive twin, each rule, order, idempotence, threads."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import oceandata as od
from oceandata.errors import SchemaError
from oceandata.quality import (
    FAIL,
    FLAG_MEANINGS,
    FLAG_VALUES,
    GOOD,
    MISSING,
    SUSPECT,
)
from oceandata.tracks.rules import BEFORE, DECLARED, NAMES, RULES
from tests import naive
from tests.make_tracks import dataset, fix, fleet, sailing

AT_SEA = tuple(n for n in NAMES if n not in ("on_land", "time_out_of_period"))


def reasons(ds):
    """Set of rule names of each fix."""
    return [
        {rule.name for rule in DECLARED if bits & rule.bit}
        for bits in ds["quality_reason"].values.tolist()
    ]


def cleaned(*tracks, **parameters):
    return od.clean_tracks(dataset(list(tracks)), **parameters)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("max_speed", [60.0, 15.0])
def test_clean_tracks__naive(seed, max_speed):
    tracks = fleet(seed, n_tracks=12, longest=70)
    out = cleaned(*tracks, rules=AT_SEA, max_speed=max_speed)
    wanted = [naive.clean(track, max_speed=max_speed) for track in tracks]
    assert reasons(out) == [names for track in wanted for names in track]


def test_clean_tracks__labels_and_counts():
    track = sailing(12)
    track[5] |= {"lon": 0.0, "lat": 0.0}
    ds = dataset([track])
    copy = ds.copy(deep=True)
    out = od.clean_tracks(ds)
    xr.testing.assert_identical(ds, copy)
    assert out.sizes == ds.sizes
    assert out["quality"].values.tolist() == [GOOD] * 5 + [FAIL] + [GOOD] * 6
    attrs = out["quality_reason"].attrs
    names = attrs["flag_meanings"].split()
    assert attrs["flag_masks"].dtype == out["quality_reason"].dtype
    assert dict(zip(names, attrs["flag_masks"].tolist(), strict=True)) == {
        rule.name: rule.bit for rule in DECLARED
    }
    record = json.loads(out.attrs["clean"])
    assert record["counts"]["null_island"] == 1
    assert sum(record["counts"].values()) == 1
    assert record["max_speed"] == 60.0
    table = od.clean_summary(out).set_index("rule")
    assert table.loc["null_island", "fixes"] == 1
    assert table.loc["null_island", "flag"] == "fail"
    assert table.loc["null_island", "share"] == pytest.approx(1 / 12)
    assert table["fixes"].sum() == 1
    assert od.clean_summary(out.isel(obs=slice(0, 5)))["fixes"].sum() == 0


def test_rules__are_declared_once():
    bits = [rule.bit for rule in DECLARED]
    assert bits == [1 << k for k in range(len(bits))]
    assert len({rule.name for rule in DECLARED}) == len(DECLARED)
    assert all(rule.sentence.endswith(".") for rule in DECLARED)
    assert DECLARED == BEFORE + RULES


def test_rules__stand_in_the_guide():
    guide = Path(__file__).parents[1] / "docs" / "how-to" / "clean-tracks.md"
    text = guide.read_text(encoding="utf-8")
    meaning = dict(zip(FLAG_VALUES, FLAG_MEANINGS.split(), strict=True))
    for rule in RULES:
        assert f"| `{rule.name}` | {meaning[rule.flag]} |" in text
    assert all(f"`{rule.name}`" in text for rule in BEFORE)


def test_clean_tracks__position_and_time_rules():
    track = [
        fix(None, 121.0, 36.0),
        fix(0, 121.0, 36.0),
        fix(5, math.nan, 36.0),
        fix(10, 121.0, 90.5),
        fix(15, 180.5, 36.0),
        fix(20, 0.009, -0.009),
        fix(25, 121.0, 36.0),
    ]
    out = cleaned(track)
    assert reasons(out) == [
        {"time_missing"},
        set(),
        {"position_missing"},
        {"position_out_of_range"},
        {"position_out_of_range"},
        {"null_island"},
        set(),
    ]
    assert out["quality"].values.tolist() == [4, 1, MISSING, 4, 4, 4, 1]


def test_clean_tracks__a_ship_near_null_island_is_one():
    out = cleaned([fix(0, 0.02, 0.001), fix(5, 0.01, 0.0), fix(10, 0.0, 0.009)])
    assert reasons(out) == [set(), set(), {"null_island"}]


def test_clean_tracks__period_is_half_open():
    out = cleaned(
        [fix(0, 121.0, 36.0), fix(60, 121.0, 36.0), fix(120, 121.0, 36.0)],
        period=("2024-01-01T01:00", "2024-01-01T02:00"),
        rules=["time_out_of_period"],
    )
    late = {"time_out_of_period"}
    assert reasons(out) == [late, set(), late]


@pytest.mark.parametrize("place", [0, 6, 11])
def test_clean_tracks__a_spike_leaves_its_neighbours_good(place):
    track = sailing(12)
    track[place] = track[place] | {"lon": 131.0, "sog": math.nan}
    wanted = [set() for _ in track]
    wanted[place] = {"impossible_speed"}
    assert reasons(cleaned(track)) == wanted


def test_clean_tracks__spikes_in_a_row_and_apart():
    track = sailing(40)
    for k in (3, 4, 5):
        track[k] |= {"lon": 131.0 + k / 100}
    for k in (10, 12, 14):
        track[k] |= {"lon": 100.0 + k, "lat": -20.0}
    found = reasons(cleaned(track, rules=["impossible_speed", "second_track"]))
    bad = [k for k, names in enumerate(found) if names]
    assert bad == [3, 4, 5, 10, 12, 14]


def test_clean_tracks__a_bad_first_fix_before_a_long_gap():
    track = sailing(20)
    track[0]["lon"] -= 3.0
    later = sailing(20, start=3 * 1440.0)
    found = reasons(cleaned(track + later))
    assert [k for k, names in enumerate(found) if names] == [0]


def test_clean_tracks__two_vessels_under_one_mmsi():
    yellow_sea = sailing(30, minutes=6.0)
    channel = sailing(14, lon=-4.0, lat=49.5, minutes=11.0, start=1.5)
    both = sorted(yellow_sea + channel, key=lambda f: f["time"])
    out = cleaned(both)
    wanted = [{"second_track"} if f["lon"] < 0 else set() for f in both]
    assert reasons(out) == wanted
    assert set(out["quality"].values.tolist()) == {GOOD, SUSPECT}
    strict = cleaned(both, min_track=15)
    assert sum("impossible_speed" in names for names in reasons(strict)) == 14


def test_clean_tracks__more_spikes_than_open_chains():
    rng = np.random.default_rng(8)
    track = []
    for k, good in enumerate(sailing(300, minutes=1.0)):
        track.append(good)
        if k % 3 == 2:
            track.append(
                fix(k + 0.5, rng.uniform(-180, 100), rng.uniform(-80, 80), math.nan)
            )
    found = reasons(cleaned(track, rules=["impossible_speed"]))
    wanted = [{"impossible_speed"} if math.isnan(f["sog"]) else set() for f in track]
    assert found == wanted


def test_clean_tracks__crosses_dateline_and_pole():
    across = [
        fix(5 * k, (179.9 + 0.02 * k + 180) % 360 - 180, -17.0) for k in range(12)
    ]
    polar = [
        fix(0, 30.0, 89.99),
        fix(10, 120.0, 89.99),
        fix(20, -150.0, 89.99),
        fix(30, -60.0, 89.99),
    ]
    assert not any(reasons(cleaned(across, polar)))


def test_clean_tracks__duplicates():
    a, b = fix(5, 121.02, 36.0, 8.0), fix(5, 121.9, 36.4, 8.0)
    track = [fix(0, 121.0, 36.0, 8.0), b, a, dict(a), fix(10, 121.04, 36.0, 8.0)]
    found = reasons(cleaned(track))
    assert found[0] == found[4] == set()
    assert found[1] == {"duplicate_time"}  # farther from the track than the other
    assert sorted(map(sorted, found[2:4])) == [[], ["duplicate_row"]]
    sources = [a | {"source": 1}, a | {"source": 0}]
    assert reasons(cleaned(sources)).count({"duplicate_row"}) == 1


def test_clean_tracks__a_failed_row_is_not_kept_for_a_good_one():
    track = [fix(0, 0.0, 0.0), fix(0, 121.0, 36.0), fix(5, 121.0, 36.0)]
    assert reasons(cleaned(track)) == [{"null_island", "duplicate_time"}, set(), set()]


def test_clean_tracks__reported_speed():
    track = sailing(12, minutes=2.0)
    track[3]["sog"] = 102.3
    track[4]["sog"] = 51.2
    track[6]["sog"] = 75.0
    found = reasons(cleaned(track))
    assert found[3] == found[4] == {"sog_sentinel"}
    assert found[6] == {"sog_above_max"}
    slow = sailing(12, knots=40.0, minutes=4.0)
    for f in slow:
        f["sog"] = 3.0
    out = cleaned(slow)
    assert reasons(out) == [set()] + [{"speed_disagrees"}] * 11
    assert reasons(cleaned(slow, speed_tolerance=40.0)) == [set()] * 12


def test_clean_tracks__on_land():
    beijing = fix(0, 116.4, 39.9)
    out = cleaned([beijing], sailing(3))
    assert reasons(out) == [{"on_land"}, set(), set(), set()]
    assert out["quality"].values.tolist() == [SUSPECT, 1, 1, 1]


def test_clean_tracks__earlier_flags_stay():
    track = sailing(12)
    track[2]["quality"], track[3]["quality"], track[4]["quality"] = 3, 4, 9
    track[3]["lon"] = 0.0
    out = cleaned(track)
    assert out["quality"].values[:6].tolist() == [1, 1, 3, 4, 9, 1]
    assert reasons(out)[2:5] == [
        {"suspect_before"},
        {"fail_before"},
        {"missing_before"},
    ]


@pytest.mark.parametrize("seed", [3, 4])
def test_clean_tracks__twice_changes_nothing(seed):
    once = cleaned(*fleet(seed))
    assert once["quality_reason"].values.any()
    xr.testing.assert_identical(od.clean_tracks(once), once)
    strict = od.clean_tracks(once, max_speed=10.0)
    xr.testing.assert_identical(od.clean_tracks(strict), once)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.randoms(use_true_random=False))
def test_clean_tracks__order_of_equal_stamps_does_not_matter(seed, random):
    ordered = fleet(seed, n_tracks=2, longest=40)
    shuffled = []
    for track in ordered:
        numbered = [f | {"source": k} for k, f in enumerate(track)]
        random.shuffle(numbered)
        shuffled.append(sorted(numbered, key=lambda f: f["time"]))
    tables = []
    for tracks in (ordered, shuffled):
        out = cleaned(*tracks)
        owner = np.repeat(np.arange(2), out["row_size"].values)
        names = ["time", "lon", "lat", "sog", "quality_reason"]
        table = pd.DataFrame({n: out[n].values for n in names} | {"owner": owner})
        tables.append(table.sort_values(list(table)).reset_index(drop=True))
    pd.testing.assert_frame_equal(*tables)


def test_clean_tracks__any_number_of_workers(monkeypatch):
    from oceandata.tracks import ranges

    monkeypatch.setattr(ranges, "ROWS", 64)
    ds = dataset(fleet(21, n_tracks=120))
    one = od.clean_tracks(ds, workers=1)
    for workers in (2, 3, 8, None):
        xr.testing.assert_identical(od.clean_tracks(ds, workers=workers), one)


def test_clean_tracks__only_the_rules_asked_for():
    tracks = fleet(6)
    for names in (["null_island"], ["duplicate_row", "on_land"], []):
        out = cleaned(*tracks, rules=names)
        assert set().union(*reasons(out)) <= {*names, "fail_before"}


def test_clean_tracks__empty_and_without_speed():
    for tracks in ([], [[]]):
        out = cleaned(*tracks)
        assert out["quality"].size == 0
        assert od.clean_summary(out)["share"].isna().all()
    bare = dataset([sailing(12)]).drop_vars(["sog", "quality", "source"])
    assert od.clean_tracks(bare)["quality"].values.tolist() == [GOOD] * 12


def test_clean_tracks__text_columns_are_compared():
    a = fix(0, 121.0, 36.0)
    ds = dataset([[a, dict(a), dict(a)]])
    ds["destination"] = ("obs", np.array(["QINGDAO", "DALIAN", "QINGDAO"], "O"))
    found = reasons(od.clean_tracks(ds))
    assert sorted(map(sorted, found)) == [[], ["duplicate_row"], ["duplicate_time"]]


def test_clean_tracks__all_faults_of_the_parameters():
    ds = dataset([sailing(3)])
    with pytest.raises(
        ValueError, match=r"rules \['teleport'\] do not exist; there ar"
    ):
        od.clean_tracks(ds, rules=["teleport"])
    with pytest.raises(
        ValueError, match="max_speed must be positive.*; min_track must"
    ):
        od.clean_tracks(ds, max_speed=-3.0, min_track=0)
    with pytest.raises(ValueError, match="needs period="):
        od.clean_tracks(ds, rules=["time_out_of_period"])
    with pytest.raises(
        ValueError, match=r"period must be \(start, stop\), start first"
    ):
        od.clean_tracks(ds, period=("2024-02-01", "2024-01-01"))
    with pytest.raises(ValueError, match="slack must be a distance"):
        od.clean_tracks(ds, slack=500)
    with pytest.raises(ValueError, match="rules must be a sequence of names"):
        od.clean_tracks(ds, rules="on_land")
    with pytest.raises(SchemaError, match="call clean_tracks first"):
        od.clean_summary(ds)
