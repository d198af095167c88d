"""Cleaning and motion on other people's data, against their own counts."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import oceandata as od
from oceandata import schema
from oceandata.tracks.rules import DECLARED

pytestmark = pytest.mark.truth


def tracks_of(table, vessel, **columns):
    """Dataset of tracks from a table: rows sorted by vessel and time."""
    frame = pd.DataFrame({"vessel": vessel, "row": np.arange(len(table)), **columns})
    frame = frame.sort_values(["vessel", "time", "row"], kind="stable")
    size = frame.groupby("vessel", sort=True).size()
    obs = {n: frame[n].to_numpy(copy=True) for n in frame if n != "vessel"}
    obs["time"] = obs["time"].astype("M8[us]")
    variables = {
        name: ("obs", values, schema.attributes(name) if name != "row" else {})
        for name, values in obs.items()
    }
    variables["trajectory_id"] = ("trajectory", size.index.astype(str).values)
    variables["row_size"] = ("trajectory", size.values)
    return xr.Dataset(variables)


@pytest.fixture(scope="module")
def tacsat(truth):
    """The VMStools sample: 97,015 pings less 133 of 29 February 1801, no such day."""
    table = pd.read_csv(truth / "vms" / "vmstools_tacsat.csv.gz")
    table = table[table["SI_DATE"] != "29/02/1801"]
    clock = table["SI_TIME"].str.replace(" ", "0")
    day = table["SI_DATE"].str.split("/", expand=True)
    stamp = day[2] + "-" + day[1] + "-" + day[0] + "T" + clock.str.zfill(8)
    ds = tracks_of(
        table,
        table["VE_REF"].values,
        time=np.array(stamp.tolist(), "M8[us]"),
        lon=table["SI_LONG"].values,
        lat=table["SI_LATI"].values,
        sog=table["SI_SP"].values.astype("f4"),
        heading=table["SI_HE"].values.astype("f4"),
    )
    return ds.drop_vars("row").assign(
        row=("obs", table.index.to_numpy()[ds["row"].values])
    )


def test_clean_tracks__vms_through_the_reader(truth, clean_tacsat):
    """The reader gives the same fixes; all 97,015 rows are accounted for."""
    ds = od.open_tracks(truth / "vms" / "vmstools_tacsat.csv.gz", format="tacsat")
    out = od.clean_tracks(ds, max_speed=20.0)
    assert out.attrs["rows_kept"] + out.attrs["rows_quarantined"] == 97_015
    names = [rule.name for rule in DECLARED]
    counts = [flagged(out, name).sum() for name in names]
    assert counts == [flagged(clean_tacsat, name).sum() for name in names]


@pytest.fixture(scope="module")
def clean_tacsat(tacsat):
    return od.clean_tracks(tacsat, max_speed=20.0)


def flagged(ds, name):
    bit = next(rule.bit for rule in DECLARED if rule.name == name)
    return (ds["quality_reason"].values & bit) != 0


def test_clean_tracks__vms_null_island(clean_tacsat):
    """truth/README: 9,005 rows at one time stamp (all of vessel 1526); vessel 2312 has
    one more such position, in September."""
    null = flagged(clean_tacsat, "null_island")
    stamps = clean_tacsat["time"].values[null]
    assert np.count_nonzero(stamps == np.datetime64("1801-06-01T02:00")) == 9005
    assert null.sum() == 9006
    owner = np.repeat(
        clean_tacsat["trajectory_id"].values, clean_tacsat["row_size"].values
    )
    assert pd.Series(owner[null]).value_counts().to_dict() == {"1526": 9005, "2312": 1}


def test_clean_tracks__vms_speeds_above_twenty_knots(clean_tacsat):
    """truth/README: 14 speeds above 20 knots."""
    assert flagged(clean_tacsat, "sog_above_max").sum() == 14
    assert not flagged(clean_tacsat, "sog_sentinel").any()


def test_clean_tracks__vms_duplicates_as_vmstools_counts_them(truth, clean_tacsat):
    """filterTacsat(remDup=TRUE) of VMStools 0.77 keeps the first row, in file order, of
    each vessel and minute: 85,988 rows, of them 6 with the time NA (the 133 rows
    of 29 February come from 6 vessels). We leave as many unmarked; of several it is
    the one nearest to the track, so the rows kept are not always the same."""
    path = truth / "vms" / "reference" / "filterTacsat_dedup.csv.gz"
    theirs = set((pd.read_csv(path)["ROW"] - 1).tolist())
    kept = ~(
        flagged(clean_tacsat, "duplicate_row") | flagged(clean_tacsat, "duplicate_time")
    )
    ours = set(clean_tacsat["row"].values[kept].tolist())
    theirs &= set(clean_tacsat["row"].values.tolist())
    assert len(theirs) == 85_988 - 6
    assert len(ours) == len(theirs)
    assert 0.98 < len(ours & theirs) / len(ours) < 1.0


def test_clean_tracks__vms_what_remains_is_sailable(clean_tacsat):
    """38 pings of 14 vessels are spikes; along what remains no step needs more than 20
    knots and 500 m."""
    spikes = flagged(clean_tacsat, "impossible_speed")
    owner = np.repeat(np.arange(291), clean_tacsat["row_size"].values)
    assert (spikes.sum(), np.unique(owner[spikes]).size) == (38, 14)
    assert not flagged(clean_tacsat, "second_track").any()
    speed = od.track_speed(clean_tacsat).values
    # Stamps are whole minutes, so 500 m are at most 16.2 knots.
    assert 20.0 < np.nanmax(speed) < 20.0 + 16.2
    raw = od.track_speed(clean_tacsat, skip_failed=False).values
    assert np.nanmax(raw) > 10_000.0


def test_clean_tracks__suez_duplicates(truth):
    """truth/README: 22,287 rows, 256 ships, 213 exact duplicates."""
    path = truth / "ais_csv" / "suez_2021_ever_given.csv.gz"
    table = pd.read_csv(path, encoding="utf-8-sig")
    stamp = pd.to_datetime(table["ais_pos_timestamp"], format="%d/%m/%Y %H:%M")
    ds = tracks_of(
        table,
        table["ID"].values,
        time=stamp.values.astype("M8[us]"),
        lon=table["longitude"].values,
        lat=table["latitude"].values,
    ).drop_vars("row")
    assert ds.sizes == {"obs": 22_287, "trajectory": 256}
    out = od.clean_tracks(ds)
    assert flagged(out, "duplicate_row").sum() == 213
    stamps = pd.DataFrame({"id": table["ID"], "time": stamp}).duplicated().sum()
    assert flagged(out, "duplicate_time").sum() == stamps - 213


def test_clean_tracks__noaa_sentinel_speeds_and_rivers(truth):
    """1,000 rows of 1,000 vessels; four say 102.3 knots. Half are on rivers and canals
    (the lower Mississippi alone has 200), which the land mask does not know."""
    name = "noaa_marinecadastre_20230101_sample.csv"
    table = pd.read_csv(truth / "ais_csv" / name)
    ds = tracks_of(
        table,
        table["MMSI"].values,
        time=pd.to_datetime(table["BaseDateTime"]).values.astype("M8[us]"),
        lon=table["LON"].values,
        lat=table["LAT"].values,
        sog=table["SOG"].values.astype("f4"),
    )
    out = od.clean_tracks(ds)
    counts = od.clean_summary(out).set_index("rule")["fixes"]
    assert counts["sog_sentinel"] == (table["SOG"] == 102.3).sum() == 4
    assert counts["on_land"] == 494
    assert counts.sum() == 498
    assert not (out["quality"].values == 4).any()
    assert np.isnan(od.track_speed(out)).all()


def test_clean_tracks__late_messages_as_global_fishing_watch_finds_them(truth):
    """A vessel at 18 knots, two of whose satellite messages carry old positions. The
    segmenter of Global Fishing Watch opens a segment of its own for the first."""
    with gzip.open(truth / "segments" / "regr_477293900.json.gz", "rt") as lines:
        table = pd.DataFrame(json.loads(line) for line in lines)
    table = table[table["lon"].notna()]
    stamp = pd.to_datetime(table["timestamp"], format="ISO8601").dt.tz_localize(None)
    ds = tracks_of(
        table,
        table["ssvid"].values,
        time=stamp.values.astype("M8[us]"),
        lon=table["lon"].values.astype("f8"),
        lat=table["lat"].values.astype("f8"),
        sog=table["speed"].values.astype("f4"),
    )
    out = od.clean_tracks(ds.drop_vars("row"))
    assert not flagged(out, "second_track").any()
    segment = table["expected"].values[ds["row"].values]
    spikes = flagged(out, "impossible_speed")
    assert spikes.sum() == 2
    alone = segment == segment[spikes][0]
    assert alone.sum() == 1
    raw = od.track_speed(out, skip_failed=False).values
    assert np.nanmax(raw) > 300.0 > 60.0 > np.nanmax(od.track_speed(out).values)
