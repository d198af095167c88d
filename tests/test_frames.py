"""Columns, data frames, GeoParquet and CF trajectories: the decisions of the parser."""

from __future__ import annotations

import csv
import io

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from table_samples import NOAA, lines, mutate, values, write

from oceandata.errors import FormatError, SchemaError
from oceandata.readers import open_tracks, reader
from oceandata.readers.dataframe import from_dataframe, read_dataframe, to_dataframe
from oceandata.readers.frames import Forms, batch_of, batches_of, moments
from oceandata.tracks import split_tracks

CANONICAL = {
    "MMSI": "mmsi",
    "BaseDateTime": "time",
    "LAT": "lat",
    "LON": "lon",
    "SOG": "sog",
    "COG": "cog",
    "Heading": "heading",
    "VesselName": "vessel_name",
    "IMO": "imo",
    "CallSign": "call_sign",
    "VesselType": "ship_type",
    "Status": "nav_status",
    "Length": "length",
    "Width": "width",
    "Draft": "draught",
    "TransceiverClass": "transceiver",
}
RELEASE = {"identities": "reveal", "confidential": "allow", "reason": "round trip"}


def noaa_file(tmp_path, n=3000):
    """A file with good rows and some odd values, and its columns as text."""
    rng = np.random.default_rng(3)
    body = []
    for line in lines("noaa", n):
        cells = next(csv.reader([line.decode()]))
        for _ in range(int(rng.integers(0, 3)) if rng.random() < 0.3 else 0):
            cells[rng.integers(0, 7)] = rng.choice(
                ["", "91", "181.0", "102.3", "511", "360", "nan", "x", "-5", "1e2",
                 "4122100", "111412001", "99.99999999999999999", "180", "None"]
            )  # fmt: skip
        out = io.StringIO()
        csv.writer(out, lineterminator="").writerow(cells)
        body.append(out.getvalue().encode())
    path = write(tmp_path / "noaa.csv", "noaa", body)
    table = list(csv.reader(body_text.decode() for body_text in body))
    columns = dict(zip(NOAA.split(","), zip(*table, strict=True), strict=True))
    return path, {CANONICAL[n]: list(v) for n, v in columns.items() if n in CANONICAL}


def read_one(path):
    (batch,) = reader("noaa").batches(path)
    return batch


def assert_same(frame, file):
    np.testing.assert_array_equal(values(frame.columns), values(file.columns))
    for name in ("lon", "lat", "sog", "cog", "heading"):
        assert getattr(frame.columns, name).dtype == getattr(file.columns, name).dtype
    assert frame.rejected.reason == file.rejected.reason
    assert (frame.rejected.line + 1).tolist() == file.rejected.line.tolist()
    assert frame.repairs == file.repairs


def test_text_columns__the_same_as_the_file(tmp_path):
    path, columns = noaa_file(tmp_path)
    file = read_one(path)
    frame = batch_of(columns)
    assert len(file.rejected) > 100
    assert_same(frame, file)
    for name in ("vessel", "time", "name", "imo", "ship_type", "length"):
        np.testing.assert_array_equal(
            getattr(frame.reports, name), getattr(file.reports, name)
        )
    assert frame.rejected.raw[0].decode().count(",") == len(columns) - 1


def test_typed_columns__the_same_as_the_file(tmp_path):
    path = write(tmp_path / "a.csv", "noaa", lines("noaa", 2000))
    table = pd.read_csv(path, parse_dates=["BaseDateTime"]).rename(columns=CANONICAL)
    frame = batch_of({n: table[n] for n in CANONICAL.values()})
    assert_same(frame, read_one(path))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 40))
def test_property__any_floats_as_in_a_csv_of_them(tmp_path_factory, seed, n):
    rng = np.random.default_rng(seed)
    places = rng.integers(0, 17, n)
    columns = {
        "mmsi": rng.integers(-5, 10**9, n),
        "time": np.datetime64("2024-01-01", "us") + rng.integers(-(10**15), 10**15, n),
        "lon": np.array([round(v, p) for v, p in zip(
            rng.uniform(-200, 200, n).tolist(), places.tolist(), strict=True)]),
        "lat": rng.choice([91.0, np.nan, 90.0, -90.0, 12.3456789, 1e-9, np.inf], n),
        "sog": rng.choice([102.2, 102.3, -0.1, 0.05, 99.95, np.nan], n),
        "cog": rng.choice([360.0, 359.96, 0.0, np.nan], n),
    }  # fmt: skip
    path = tmp_path_factory.getbasetemp() / "floats.csv"
    names = {v: k for k, v in CANONICAL.items()}
    times = {"time": np.datetime_as_string(columns["time"])}
    pd.DataFrame(columns | times).rename(columns=names).to_csv(path, index=False)
    assert_same(batch_of(columns), read_one(path))


def test_batches__do_not_depend_on_their_size(tmp_path):
    _, columns = noaa_file(tmp_path, 500)
    whole = batch_of(columns)
    parts = list(batches_of(columns, rows=37))
    joined = np.concatenate([values(p.columns) for p in parts])
    np.testing.assert_array_equal(joined, values(whole.columns))
    lines_ = np.concatenate([p.rejected.line for p in parts])
    assert lines_.tolist() == whole.rejected.line.tolist()


def test_lines_and_raw_are_the_callers():
    batch = batch_of(
        {"vessel": ["a", "b", "a"], "lon": [1, 2, 3], "lat": [3, 4, 5],
         "time": ["2024-01-01 00:00", "x", "2024-01-01 00:10"]},
        lines=np.array([10, 20, 30]),
        raw=lambda i: b"row %d" % i,
    )  # fmt: skip
    assert batch.rejected.line.tolist() == [20]
    assert batch.rejected.raw == [b"row 1"]
    assert batch.rejected.reason == ["bad time"]
    assert list(batch.names.values()) == ["a"]


@pytest.mark.parametrize(
    ("columns", "match"),
    [
        (
            {"time": [1]},
            "column 'lon' is missing.*expected one of the columns 'vessel'",
        ),
        ({"mmsi": [1], "vessel": [1]}, "expected one of the columns 'vessel'"),
        ({"mmsi": [1, 2], "time": ["x"]}, "equally long"),
        ({"mmsi": [1], "speed": [1]}, "column 'speed' is not known"),
        ({"mmsi": [1], "time": [1], "lon": [1], "lat": [1]}, "datetimes or text"),
        ({"mmsi": [[1]], "time": ["x"]}, "column 'mmsi' holds values of type list"),
    ],
)
def test_columns__faults(columns, match):
    with pytest.raises(FormatError, match=match):
        batch_of(columns)


@pytest.mark.parametrize("unit", ["s", "ms", "us"])
def test_moments(unit):
    scale = {"s": 1, "ms": 1000, "us": 10**6}[unit]
    found = moments([1_700_000_000 * scale, None], unit=unit) if unit == "s" else None
    if found is None:
        found = moments(np.array([1_700_000_000.0 * scale, np.nan]), unit)
    assert str(found[0]) == "2023-11-14T22:13:20.000000"
    assert np.isnat(found[1])
    with pytest.raises(FormatError, match="time_unit must be one of"):
        moments([1], "h")


def test_time_zones():
    rest = {"mmsi": [412000001], "lon": [122.5], "lat": [30.25]}
    aware = pd.Series(["2024-03-01T08:00"]).astype("datetime64[us, Asia/Shanghai]")
    forms = Forms(timezone="Europe/Oslo")
    for times, hour in ((aware, 0), (["2024-03-01 08:00"], 7)):
        batch = batch_of({**rest, "time": times}, forms=forms)
        stamp = batch.columns.time.view("M8[us]")[0]
        assert stamp == np.datetime64(f"2024-03-01T{hour:02d}:00")


@pytest.fixture(scope="module")
def tracks(tmp_path_factory):
    path = tmp_path_factory.mktemp("tracks") / "noaa.csv"
    ds = open_tracks(write(path, "noaa", lines("noaa", 3000)))
    fine = ds.lon.values.copy()
    fine[5] += 1e-11
    ds["lon"] = ds.lon.copy(data=fine)
    ds["quality"][::7] = 4
    return ds


@pytest.mark.parametrize("split", [False, True])
def test_dataframe__round_trip_is_exact(tracks, split, tmp_path):
    ds = split_tracks(tracks, gap="5min") if split else tracks
    frame = to_dataframe(ds)
    assert len(frame) == ds.sizes["obs"]
    assert from_dataframe(frame).identical(ds)
    frame.to_parquet(tmp_path / "a.parquet")
    again = pd.read_parquet(tmp_path / "a.parquet")
    assert from_dataframe(again).identical(ds)
    np.testing.assert_array_equal(
        frame.groupby("trajectory_id", sort=False).size(), ds.row_size
    )


def test_dataframe__some_rows_in_another_order(tracks):
    frame = to_dataframe(tracks).sample(frac=1, random_state=1)
    ds = from_dataframe(frame)
    for name in set(tracks.variables) - {"source"}:
        np.testing.assert_array_equal(ds[name].values, tracks[name].values, name)
    some = frame[frame.sog < 3]
    ds = from_dataframe(some)
    assert ds.sizes["obs"] == len(some)
    assert sorted(ds.quality.values) == sorted(some.quality)


def test_dataframe__vessels_without_an_mmsi(tmp_path):
    vms = write(tmp_path / "t.csv", "tacsat", lines("tacsat", 200))
    ais = write(tmp_path / "n.csv", "noaa", lines("noaa", 200))
    ds = open_tracks([ais, vms])
    frame = to_dataframe(ds)
    assert from_dataframe(frame).identical(ds)
    shuffled = from_dataframe(frame.sample(frac=1, random_state=1))
    for name in ("trajectory_id", "vessel", "time", "lon", "row_size"):
        np.testing.assert_array_equal(shuffled[name].values, ds[name].values, name)


def test_dataframe__arrow_and_mapping_and_names(tracks):
    frame = to_dataframe(tracks)
    table = pa.Table.from_pandas(frame).replace_schema_metadata(None)
    for other in (table, {name: frame[name].to_numpy() for name in frame}):
        ds = from_dataframe(other)
        np.testing.assert_array_equal(ds.lon.values, tracks.lon.values)
        np.testing.assert_array_equal(ds.vessel_name.values, tracks.vessel_name.values)
    renamed = frame[["mmsi", "time", "lon", "lat"]].rename(columns={"time": "wann"})
    with pytest.raises(FormatError, match=r"'time' is missing; columns found: 'mmsi'"):
        from_dataframe(renamed)
    ds = from_dataframe(renamed, columns={"time": "wann"})
    np.testing.assert_array_equal(ds.time.values, tracks.time.values)
    with pytest.raises(FormatError, match="no column is called so"):
        from_dataframe(renamed, columns={"time": "when"})
    with pytest.raises(FormatError, match="expected a pandas or geopandas frame"):
        from_dataframe([1, 2])


def test_dataframe__rejected_rows_are_told(capsys):
    frame = pd.DataFrame(
        {"mmsi": [412000001, 412000001], "lon": [122.5, 1.0], "lat": [30.25, 95.0],
         "time": pd.to_datetime(["2024-03-01", "2024-03-02"])}
    )  # fmt: skip
    ds = from_dataframe(frame)
    assert ds.attrs["rows_quarantined"] == 1
    assert "latitude out of range" in capsys.readouterr().err
    result = read_dataframe(frame)
    assert result.rejected.line.tolist() == [2]
    assert result.rejected.raw[0].startswith(b"412000001,")


def test_dataframe__options():
    frame = {"vessel": ["a"], "lon": [122.5], "lat": [30.25], "sog": [36.0]}
    frame["time"] = [1_709_251_200]
    options = {"time_unit": "s", "units": {"sog": "km/h"}}
    ds = from_dataframe(frame, options=options)
    assert ds.time.values[0] == np.datetime64("2024-03-01T00:00")
    assert ds.sog.values[0] == pytest.approx(36 / 1.852, abs=1e-5)
    with pytest.raises(FormatError, match="has what is not known"):
        from_dataframe(frame, options={"unit": "s"})
    frame["time"] = ["01.03.2024 00:00"]
    ds = from_dataframe(frame, options={"time_format": "%d.%m.%Y %H:%M"})
    assert ds.time.values[0] == np.datetime64("2024-03-01T00:00")


class Points:
    """Looks like the geometry of a GeoDataFrame."""

    def __init__(self, x, y):
        self.x, self.y = pd.Series(x), pd.Series(y)


class Geo:
    """Looks like a GeoDataFrame, without geopandas."""

    def __init__(self, frame, x, y, crs):
        self.frame, self.geometry, self.crs = frame, Points(x, y), crs
        self.columns, self.iloc = frame.columns, frame.iloc

    def __getitem__(self, name):
        return self.frame[name]

    def __len__(self):
        return len(self.frame)


@pytest.mark.parametrize("crs", [None, "EPSG:4326", "EPSG:32651"])
def test_dataframe__geometry_in_any_crs(crs):
    from pyproj import Transformer

    x, y = 122.5, 30.25
    if crs == "EPSG:32651":
        project = Transformer.from_crs("EPSG:4326", crs, always_xy=True).transform
        x, y = project(x, y)
    frame = pd.DataFrame({"mmsi": [412000001], "time": ["2024-03-01 00:00"]})
    ds = from_dataframe(Geo(frame, [x], [y], crs))
    assert ds.lon.values[0] == pytest.approx(122.5, abs=1e-9)
    assert ds.lat.values[0] == pytest.approx(30.25, abs=1e-9)


def test_dataframe__to_geopandas_and_back(tracks):
    geopandas = pytest.importorskip("geopandas", reason="pip install geopandas")
    frame = to_dataframe(tracks, geometry=True)
    assert isinstance(frame, geopandas.GeoDataFrame)
    assert frame.crs.to_epsg() == 4326
    assert from_dataframe(frame).identical(tracks)


def test_dataframe__no_tracks():
    with pytest.raises(SchemaError, match="expected tracks"):
        to_dataframe(pd.DataFrame({"a": [1]}).to_xarray())


def test_fuzz__frames_of_rubbish():
    """Mutated rows as columns of text: no crash, no good row lost."""
    rng = np.random.default_rng(2)
    good = lines("noaa", 4000)
    touched = rng.random(len(good)) < 0.5
    rows = []
    for line, hit in zip(good, touched, strict=True):
        text = (mutate(line, rng) if hit else line).decode("utf-8", "replace")
        rows.append((text.split(",") + [""] * 17)[:17])
    columns = dict(
        zip(NOAA.split(","), map(list, zip(*rows, strict=True)), strict=True)
    )
    columns = {CANONICAL[n]: v for n, v in columns.items() if n in CANONICAL}
    batch = batch_of(columns)
    assert batch.rows_read == len(good)
    bad = set(batch.rejected.line.tolist())
    kept = [k for k in range(len(good)) if k + 1 not in bad]
    assert set(np.flatnonzero(~touched).tolist()) <= set(kept)
    assert len(bad) > 100
