"""Global Fishing Watch: training tracks, and effort as a grid."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest
from format_samples import GFW

from oceandata.columns import decode_position, decode_tenths, vessel_key
from oceandata.errors import BudgetError, FormatError
from oceandata.readers import identify, reader
from oceandata.readers.gfw_effort import read_gfw_effort


def batches(path, kind, **options):
    found = list(reader(kind).batches(path, **options))
    for batch in found:
        assert batch.rows_read == len(batch.columns) + len(batch.rejected)
    return found


def test_gfw__training_tracks(tmp_path):
    path = tmp_path / "trollers.csv"
    path.write_text(
        f"{GFW}\n"
        "12639560807591.0,1325376000.0,0.0,1000.5,4.5,90.25,-14.86,52.32,-1.0,crowd\n"
        "12639560807591.0,1325379600.5,0.0,1000.5,,,-14.85,52.33,1.0,crowd\n"
    )
    assert identify(path).format == "gfw"
    (batch,) = batches(path, "gfw")
    assert batch.names == {vessel_key("12639560807591"): "12639560807591"}
    assert np.diff(batch.columns.time).tolist() == [3_600_500_000]
    assert decode_position(batch.columns.lon).tolist() == [52.32, 52.33]
    assert decode_tenths(batch.columns.sog).tolist()[0] == 4.5


FLEET = "date,cell_ll_lat,cell_ll_lon,flag,geartype,hours,fishing_hours,mmsi_present\n"


def test_read_gfw_effort__by_flag_and_gear(tmp_path):
    (tmp_path / "2020-01-01.csv").write_text(
        f"{FLEET}2020-01-01,35.11,120.5,CHN,trawlers,2.5,1.5,2\n"
        "2020-01-01,35.11,120.5,KOR,trawlers,1,0.5,1\n"
    )
    (tmp_path / "2020-01-02.csv").write_text(
        f"{FLEET}2020-01-02,35.13,120.52,CHN,squid_jigger,1,0.25,1\n"
    )
    ds = read_gfw_effort(str(tmp_path / "*.csv"))
    assert ds.fishing_hours.dims == ("time", "lat", "lon")
    assert ds.fishing_hours.shape == (2, 3, 3)
    assert ds.fishing_hours.values[0, 0, 0] == 2
    assert ds.fishing_hours.values[1, 2, 2] == 0.25
    assert ds.hours.values.sum() == 4.5
    assert ds.mmsi_present.values[0, 0, 0] == 3
    assert ds.fishing_hours.attrs["units"] == "h"
    assert "Global Fishing Watch" in ds.attrs["attribution"]
    np.testing.assert_array_equal(ds.lat_bnds.values[0], [35.11, 35.12])
    np.testing.assert_allclose(ds.lon.values, [120.505, 120.515, 120.525])
    by = read_gfw_effort(str(tmp_path / "*.csv"), by="flag")
    assert by.fishing_hours.sel(flag="KOR").values.sum() == 0.5
    box = read_gfw_effort(str(tmp_path / "*.csv"), lon=(120.51, 121), lat=(35, 36))
    assert box.fishing_hours.shape == (1, 1, 1)


def test_read_gfw_effort__by_vessel_and_version_1(tmp_path):
    path = tmp_path / "2020-01-01.csv"
    path.write_text(
        "date,cell_ll_lat,cell_ll_lon,mmsi,hours,fishing_hours\n"
        "2020-01-01,35.1,-120.5,412000001,2.5,1.5\n"
        "2020-01-01,35.1,-120.5,412000002,2.5,1.5\n"
        "2020-01-01,35.1,-120.5,412000002,1,0\n"
    )
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(path, "daily/2020-01-01.csv")
        archive.writestr("README.md", "nothing")
    for name in ("2020-01-01.csv", "a.zip"):
        ds = read_gfw_effort(tmp_path / name)
        assert ds.mmsi_present.values.tolist() == [[[2]]]
        assert ds.lon.values.tolist() == [-120.45]
        assert "mmsi" not in ds
    path.write_text(
        "date,lat_bin,lon_bin,flag,geartype,vessel_hours,fishing_hours,mmsi_present\n"
        "2016-01-01,101,-350,CHN,trawlers,2.5,1.5,2\n"
    )
    ds = read_gfw_effort(path)
    np.testing.assert_allclose([ds.lat.values[0], ds.lon.values[0]], [1.015, -3.495])
    assert ds.hours.values.sum() == 2.5


@pytest.mark.parametrize(
    ("rows", "error", "match"),
    [
        ("2020-01-01,35.115,120.5,CHN,x,1,1,1\n", FormatError, "multiple of 0.01 deg"),
        ("2020-01-01,95.11,120.5,CHN,x,1,1,1\n", FormatError, r"in \[-90, 90\]"),
        ("x,35.11,120.5,CHN,x,-1,y,1\n", FormatError, "hours of 1.*date of 1 rows"),
        (
            "2020-01-01,-89,-179,CHN,x,1,1,1\n2020-01-01,89,179,CHN,x,1,1,1\n",
            BudgetError,
            "Pass lon= and lat=",
        ),
    ],
)
def test_read_gfw_effort__faults(tmp_path, rows, error, match):
    path = tmp_path / "a.csv"
    path.write_text(FLEET + rows)
    with pytest.raises(error, match=match):
        read_gfw_effort(path)


def test_read_gfw_effort__other_files(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(FormatError, match="missing 'date'"):
        read_gfw_effort(path)
    path.write_text(FLEET + "2020-01-01,35.11,120.5,CHN,x,1,1,1\n")
    with pytest.raises(FormatError, match="by must be None, 'flag' or 'geartype'"):
        read_gfw_effort(path, by="mmsi")
    with pytest.raises(FormatError, match="no row is left"):
        read_gfw_effort(path, lat=(-10, 0))
