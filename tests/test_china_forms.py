"""Chinese sources: datums, forms of positions, competitions, DBF files, workbooks."""

from __future__ import annotations

import china_samples
import numpy as np
import openpyxl
import pytest
from china_samples import EIGHT_HOURS, FOLDER, NOAA, ROWS, gather, wanted
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer

from oceandata.columns import vessel_key
from oceandata.errors import FormatError
from oceandata.readers import (
    coordinates,
    datum,
    identify,
    open_tracks,
    read_tracks,
)


def test_datum__values_of_other_programs():
    """Published examples of the open-source project coordtransform."""
    lon, lat = np.array([116.404]), np.array([39.915])
    gcj = datum.gcj02_of_wgs84(lon, lat)
    np.testing.assert_allclose(np.ravel(gcj), [116.41024449916938, 39.91640428150164])
    bd = datum.bd09_of_gcj02(lon, lat)
    np.testing.assert_allclose(np.ravel(bd), [116.41036949371029, 39.92133699351022])


@settings(max_examples=200, deadline=None)
@given(
    st.floats(72.05, 137.8),
    st.floats(0.9, 55.8),
    st.sampled_from(["gcj02", "bd09"]),
)
def test_datum__inverse_of_the_formula_within_a_micrometre(lon, lat, name):
    x, y = datum.gcj02_of_wgs84(np.array([lon]), np.array([lat]))
    if name == "bd09":
        x, y = datum.bd09_of_gcj02(x, y)
    back = datum.to_wgs84(x, y, datum=name)
    metres = 111_320 * np.hypot(back[0] - lon, back[1] - lat)
    assert metres[0] < 1e-6


@given(st.floats(-180, 180), st.floats(-90, 90))
def test_datum__outside_the_box_nothing_is_shifted(lon, lat):
    inside = 72.004 <= lon <= 137.8347 and 0.8293 <= lat <= 55.8271
    x, y = datum.to_wgs84(np.array([lon]), np.array([lat]), datum="gcj02")
    moved = (x[0], y[0]) != (lon, lat)
    assert moved == inside


def test_position__scaled_integers_of_an_unknown_unit():
    lon, lat = ["72155000"] * 3, ["18123000"] * 3
    with pytest.raises(FormatError, match=r"'1/10000 min' \(120.2583, 30.2050\)"):
        coordinates.find_position_form(lon, lat, where="a.csv")


@pytest.mark.parametrize(
    ("text", "degrees"),
    [
        ("122°15′30.6″E", 122.2585),
        ("东经122度15分30.6秒", 122.2585),
        ("W 122°15.51'", -122.2585),
        ("１２２．２５８５", 122.2585),
        ("122 15 30.6", 122.2585),
        ("122:15:30.6E", 122.2585),
        ("122°15'30.6''", 122.2585),
        ("-122°15'30.6\"", -122.2585),
        ("122°61'", None),
        ("122°15'N", None),
        ("-122°15'W", None),
        ("122°15'30\"40", None),
    ],
)
def test_position__texts(text, degrees):
    import pyarrow as pa

    array = pa.array([text, "1.5"], pa.large_string())
    found = coordinates.degrees_text(array, axis="lon", form="degree").to_pylist()
    assert found[1] == "1.5"
    if degrees is None:
        with pytest.raises(ValueError, match="convert"):
            float(found[0])
    else:
        assert float(found[0]) == degrees


@given(st.integers(0, 179), st.integers(0, 59), st.integers(0, 5999))
def test_position__marks_give_the_nearest_double(degree, minute, hundredths):
    import fractions

    import pyarrow as pa

    text = f"{degree}°{minute}′{hundredths // 100}.{hundredths % 100:02d}″"
    array = pa.array([text], pa.large_string())
    found = coordinates.degrees_text(array, axis="lon", form="dms").to_pylist()[0]
    exact = fractions.Fraction((degree * 60 + minute) * 6000 + hundredths, 360_000)
    assert float(found) == float(exact)


def test_units__of_speed(tmp_path):
    text = china_samples.texts()["utf8.csv"].decode()
    path = tmp_path / "a.csv"
    path.write_text(text.replace("航速", "航速(km/h)"))
    rows = gather(path)[0]
    assert rows[3][4] == pytest.approx(9.8 / 1.852, abs=1e-6)
    path.write_text(text.replace("航速", "航速(弗隆)"))
    with pytest.raises(FormatError, match="names a unit of speed that is not known"):
        gather(path)
    assert gather(path, units={"sog": "m/s"})[0][3][4] == pytest.approx(19.0497, 1e-4)
    with pytest.raises(FormatError, match="'sgo' is not known"):
        gather(path, units={"sgo": "m/s"})


def test_competition__year_and_projection_must_be_given():
    path = FOLDER / "competition.csv"
    assert identify(path).format == "competition"
    with pytest.raises(FormatError, match=r"name no year and its x and y .*'crs': "):
        open_tracks(path)
    with pytest.raises(FormatError, match="^.*: its times .* name no year. Pass"):
        open_tracks(path, options={"crs": "EPSG:32651"})
    with pytest.raises(FormatError, match="has no metres"):
        open_tracks(path, options={"crs": "EPSG:4326", "year": 2019})
    with pytest.raises(FormatError, match="whole number from 1990"):
        open_tracks(path, options={"crs": "EPSG:32651", "year": "2019"})


def test_competition__positions_and_times():
    options = {"year": 2023, "crs": "EPSG:32651"}
    result = read_tracks(FOLDER / "competition.csv", options=options)
    ds = result.dataset
    back = Transformer.from_crs("EPSG:4326", "EPSG:32651", always_xy=True).transform
    x, y = back(ds.lon.values, ds.lat.values)
    order = np.argsort([vessel_key(row.terminal) for row in ROWS], kind="stable")
    np.testing.assert_allclose(x, [float(ROWS[k].lon) * 1e4 for k in order], atol=0.02)
    np.testing.assert_allclose(y, [float(ROWS[k].lat) * 1e4 for k in order], atol=0.02)
    times = [np.datetime64(ROWS[k].time, "us") - EIGHT_HOURS for k in order]
    assert ds.time.values.tolist() == np.array(times).tolist()
    assert "'type', the label to be predicted, is left out" in str(result.summary)


def test_competition__a_leap_day_of_no_leap_year(tmp_path):
    text = (FOLDER / "competition.csv").read_text().replace("0301 07", "0229 07")
    (tmp_path / "a.csv").write_text(text)
    options = {"year": 2023, "crs": "EPSG:32651"}
    rejected = read_tracks(tmp_path / "a.csv", options=options).rejected
    assert rejected.reason.tolist() == ["impossible date"]


def test_dbf__code_page(tmp_path):
    path = tmp_path / "a.dbf"
    path.write_bytes(china_samples.dbf(driver=0x4D))
    assert gather(path)[0] == wanted()
    bare = china_samples.dbf(encoding="gb18030")
    silent = bare.replace("渔".encode("gbk"), b"ab").replace(
        "时间".encode("gbk"), b"TIME"
    )
    for word in ("终端号", "船名", "经度", "纬度", "航速", "航向"):
        silent = silent.replace(word.encode("gbk"), b"x" * len(word.encode("gbk")))
    path.write_bytes(silent)
    with pytest.raises(
        FormatError, match="names no code page and its bytes prove none"
    ):
        identify(path)
    (tmp_path / "a.cpg").write_text("GBK")
    with pytest.raises(FormatError, match="not a known table"):
        identify(path)


def test_workbook__rows_of_sheets_by_their_number(tmp_path):
    book = openpyxl.load_workbook(FOLDER / "sheets.xlsx")
    book["鲁荣渔"]["D5"] = 99.5
    book.save(tmp_path / "a.xlsx")
    result = read_tracks(tmp_path / "a.xlsx")
    assert result.rejected.member.tolist() == ["鲁荣渔"]
    assert result.rejected.line.tolist() == [5]
    assert (
        result.rejected.raw[0].decode().startswith("0990001,鲁荣渔𬶋00001,122.262,99.5")
    )
    assert any("说明" in note for note in result.summary.notes)


def test_workbook__days_without_a_format_and_other_layouts(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["终端号", "经度", "纬度", "时间"])
    book.active.append([990001, 122.2585, 36.8915, 44986.33331018518])
    book.save(tmp_path / "a.xlsx")
    rows = gather(tmp_path / "a.xlsx")[0]
    assert rows[0][0] == "990001"
    assert str(rows[0][1]) == "2023-02-28 23:59:58"
    book = openpyxl.Workbook()
    for line in (NOAA + "SEA").splitlines():
        book.active.append([_cell(text) for text in line.split(",")])
    book.save(tmp_path / "noaa.xlsx")
    assert identify(tmp_path / "noaa.xlsx").format == "noaa"
    assert open_tracks(tmp_path / "noaa.xlsx").mmsi.values.tolist() == [412000009]


def _cell(text: str):
    try:
        return float(text)
    except ValueError:
        return text
