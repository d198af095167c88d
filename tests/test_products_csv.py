"""CSV products: RFC 4180, exact numbers, the file beside them, confidentiality."""

from __future__ import annotations

import csv
import io
import json
import os

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from oceandata.errors import ConfidentialError, SchemaError
from oceandata.products import csv as csvs
from oceandata.products import to_csv
from tests.product_samples import density, tracks

OPEN = {"identities": "reveal", "confidential": "allow", "reason": "a test of CSV"}


def rows_of(path):
    text = path.read_bytes().decode("utf-8")
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def test_to_csv__path_with_a_slash_at_its_end_is_a_file(tmp_path):
    path = to_csv(density(), f"{tmp_path}/g.csv/")
    assert path == tmp_path / "g.csv"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["g.csv", "g.csv.json"]


def test_to_csv__grid_round_trips(tmp_path):
    ds = density()
    path = to_csv(ds, tmp_path / "g.csv")
    frame = pd.read_csv(path)
    assert list(frame.columns) == [
        *("ship_class", "month", "lon", "lat", "vessel_hours", "withheld")
    ]
    shape = ds["vessel_hours"].shape
    hours = [float(row[4] or "nan") for row in rows_of(path)[1:]]
    back = np.array(hours).reshape(shape)
    np.testing.assert_array_equal(back, ds["vessel_hours"].values)
    np.testing.assert_array_equal(frame["lon"][:12], ds["lon"])
    np.testing.assert_array_equal(frame["lat"][: 7 * 12 : 12], ds["lat"])
    assert frame["withheld"].sum() == ds.attrs["withheld_cells"]
    assert frame["month"].unique().tolist() == ["2023-12", "2024-01", "2024-02"]


def test_to_csv__batches_do_not_show(tmp_path, monkeypatch):
    whole = to_csv(density(), tmp_path / "a.csv").read_bytes()
    monkeypatch.setattr(csvs, "_ROWS", 24)
    assert to_csv(density(), tmp_path / "b.csv").read_bytes() == whole


def test_to_csv__filled_cells_only(tmp_path):
    ds = density()
    frame = pd.read_csv(to_csv(ds, tmp_path / "g.csv", cells="filled"))
    wanted = int(((ds["vessel_hours"].fillna(0) != 0) | (ds["withheld"] > 0)).sum())
    assert len(frame) == wanted < ds["vessel_hours"].size
    assert frame["withheld"].sum() == ds.attrs["withheld_cells"]
    with pytest.raises(ValueError, match="cells must be"):
        to_csv(ds, tmp_path / "g.csv", cells="some")


def test_to_csv__is_rfc_4180(tmp_path):
    frame = pd.DataFrame(
        {
            "port": ["青岛", 'The "Quay", north', "two\nlines", None],
            "depth": np.array([12.1, np.nan, 1e-7, 3], "f4"),
            "open": [True, False, True, True],
            "since": pd.to_datetime(["2024-01-01", "2024-02-01", None, "2024-03-01"]),
        }
    )
    path = to_csv(frame, tmp_path / "ports.csv")
    raw = path.read_bytes()
    assert raw.startswith(b"port,depth,open,since\r\n")
    assert raw.endswith(b"\r\n")
    rows = rows_of(path)
    assert [len(row) for row in rows] == [4] * 5
    assert [row[0] for row in rows[1:]] == [
        *("青岛", 'The "Quay", north', "two\nlines", "")
    ]
    depths = np.array([float(row[1] or "nan") for row in rows[1:]], "f4")
    np.testing.assert_array_equal(depths, frame["depth"].to_numpy())
    assert rows[1][1] == "12.1"
    assert [row[3] for row in rows[1:3]] == [
        "2024-01-01T00:00:00Z",
        "2024-02-01T00:00:00Z",
    ]
    assert rows[3][3] == ""


def test_to_csv__mark_and_comments(tmp_path):
    path = to_csv(density(), tmp_path / "g.csv", comments=True, byte_order_mark=True)
    raw = path.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf# ship_class")
    assert b"# vessel_hours: h, Vessel hours\r\n" in raw
    frame = pd.read_csv(path, comment="#", encoding="utf-8-sig")
    assert frame["vessel_hours"].notna().sum() > 0


def test_to_csv__says_what_it_holds_in_a_file_beside_it(tmp_path):
    path = to_csv(density(), tmp_path / "g.csv", title="Hours", license="CC-BY-4.0")
    told = json.loads((tmp_path / "g.csv.json").read_text("utf-8"))
    assert [c["name"] for c in told["columns"]] == rows_of(path)[0]
    assert {c["name"]: c.get("units") for c in told["columns"]}["vessel_hours"] == "h"
    assert told["attributes"]["license"] == "CC-BY-4.0"
    assert told["attributes"]["title"] == "Hours"
    assert told["provenance"]["software"]["pyarrow"]


def test_to_csv__tracks_give_a_row_a_fix(tmp_path):
    frame = pd.read_csv(to_csv(tracks(), tmp_path / "t.csv", **OPEN))
    assert len(frame) == 6
    assert frame["trajectory_id"].tolist()[1:4] == [
        *("AIS-367752440", "AIS-367752440/2", "AIS-412000001")
    ]
    assert frame["time"][1] == "2024-01-01T00:10:00.250001Z"
    assert frame["lon"].tolist() == tracks()["lon"].values.tolist()


def test_to_csv__events(tmp_path):
    times = np.array(["2024-01-01T05:00", "2024-01-01T06:00"], "M8[us]")
    ds = xr.Dataset(
        {"start": ("event", times), "stop": ("event", times + 10**9)},
        coords={"lon": ("event", [120.25, 121.5]), "lat": ("event", [36.5, 35.0])},
    )
    assert rows_of(to_csv(ds, tmp_path / "e.csv"))[1] == [
        *("120.25", "36.5", "2024-01-01T05:00:00Z", "2024-01-01T05:16:40Z")
    ]


def test_to_csv__confidential_content_is_refused(tmp_path):
    with pytest.raises(ConfidentialError, match="tracks"):
        to_csv(tracks(), tmp_path / "t.csv")
    with pytest.raises(ConfidentialError, match="identifies vessels by mmsi"):
        to_csv(pd.DataFrame({"mmsi": [367752440], "hours": [1.5]}), tmp_path / "t.csv")
    with pytest.raises(ConfidentialError, match="min_vessels is 1"):
        to_csv(density().assign_attrs(min_vessels=1), tmp_path / "t.csv")
    assert os.listdir(tmp_path) == []


def test_to_csv__grid_of_other_shapes_is_refused(tmp_path):
    ds = density()
    ds["depth"] = ds["vessel_hours"].isel(month=0, drop=True)
    with pytest.raises(SchemaError, match="depth has dimensions"):
        to_csv(ds, tmp_path / "g.csv")


def test_to_csv__failure_leaves_nothing(tmp_path, monkeypatch):
    def full(*args, **options):
        raise OSError("no space left on device")

    monkeypatch.setattr(csvs, "_write", full)
    with pytest.raises(OSError, match="no space"):
        to_csv(density(), tmp_path / "g.csv")
    assert os.listdir(tmp_path) == []
