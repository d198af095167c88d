"""Any table: the Suez file, forms of times, units of speed, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from oceandata.columns import decode_tenths, vessel_key
from oceandata.errors import FormatError
from oceandata.readers import identify, read_tracks, reader
from oceandata.readers.timeforms import find_form, named_form
from oceankernels.tablespec import DATE_ANY, TIME_ANY, TIME_COMPACT, TIME_UNIX
from oceankernels.texttimes import MONTH_FIRST
from oceankernels.textvalues import DAY_FIRST, YEAR_FIRST

SUEZ = {
    "vessel": "ID",
    "time": "ais_pos_timestamp",
    "lon": "longitude",
    "lat": "latitude",
}


def batches(path, kind, *, timezone="UTC", **options):
    found = list(reader(kind).batches(path, timezone=timezone, **options))
    for batch in found:
        assert batch.rows_read == len(batch.columns) + len(batch.rejected)
    return found


def test_table__suez(truth):
    path = truth / "ais_csv" / "suez_2021_ever_given.csv.gz"
    with pytest.raises(FormatError, match=r"columns=\{'vessel': …, 'time': …"):
        identify(path)
    assert identify(path, columns=SUEZ).format == "table"
    found = read_tracks(path, columns=SUEZ, timezone="UTC")
    ds = found.dataset
    assert found.summary.rows_kept == 22_287
    assert ds.sizes["trajectory"] == 256
    rows = np.column_stack(
        [
            np.repeat(ds.vessel.values, ds.row_size.values),
            ds.time.values.astype("i8"),
            ds.lon.values.view("i8"),
            ds.lat.values.view("i8"),
        ]
    )
    assert len(rows) - len(np.unique(rows, axis=0)) == 213


def test_table__ever_given_stops(truth):
    path = truth / "ais_csv" / "suez_2021_ever_given.csv.gz"
    ds = read_tracks(path, columns=SUEZ, timezone="UTC").dataset
    of = np.repeat(ds.vessel.values, ds.row_size.values) == vessel_key("235")
    time, lon, lat = (ds[n].values[of] for n in ("time", "lon", "lat"))
    there = (np.abs(lon - 32.58) < 0.01) & (np.abs(lat - 30.02) < 0.01)
    first = time[np.flatnonzero(there)[0]]
    assert first.astype("M8[m]") == np.datetime64("2021-03-23T05:47")
    later = (time > first) & (time < np.datetime64("2021-03-29"))
    assert later.sum() > 20
    assert there[later].all()


def _table(tmp_path, header, *rows):
    path = tmp_path / "t.csv"
    path.write_text("\n".join([header, *rows, ""]))
    return path


def test_table__ambiguous_dates_are_refused(tmp_path):
    path = _table(tmp_path, "id,t,lon,lat", "7,03/04/2021 05:06,120.5,35.25")
    columns = {"vessel": "id", "time": "t"}
    with pytest.raises(FormatError, match=r"may be day/month or month/day.*%m/%d/%Y"):
        read_tracks(path, columns=columns, timezone="UTC")
    for form, day in (
        ("%d/%m/%Y %H:%M", "2021-04-03"),
        ("%m/%d/%Y %H:%M", "2021-03-04"),
    ):
        ds = read_tracks(
            path, columns=columns, options={"time_format": form}, timezone="UTC"
        ).dataset
        assert ds.time.values[0] == np.datetime64(f"{day}T05:06")
    local = read_tracks(
        path,
        columns=columns,
        options={"time_format": "%d/%m/%Y %H:%M"},
        timezone="Asia/Shanghai",
    ).dataset
    assert local.time.values[0] == np.datetime64("2021-04-02T21:06")


FORMS = [
    ("2021-03-20T00:22:05Z", TIME_ANY, YEAR_FIRST),
    ("2021/3/20 0:22:05", TIME_ANY, YEAR_FIRST),
    ("20.03.2021 00:22:05", TIME_ANY, DAY_FIRST),
    ("3/20/2021 12:22:05 AM", TIME_ANY, MONTH_FIRST),
    ("2021-03-20 08:22:05+08:00", TIME_ANY, YEAR_FIRST),
    ("2021-03-20 00:22:05 UTC", TIME_ANY, YEAR_FIRST),
    ("2021-03-20 00:22:05.000", TIME_ANY, YEAR_FIRST),
    ("20210320002205", TIME_COMPACT, YEAR_FIRST),
    ("20210320T002205Z", TIME_COMPACT, YEAR_FIRST),
    ("20210320_00:22:05", TIME_COMPACT, YEAR_FIRST),
    ("1616199725", TIME_UNIX, YEAR_FIRST),
    ("1616199725.0", TIME_UNIX, YEAR_FIRST),
    ("1616199725000", TIME_UNIX, YEAR_FIRST),
    ("1616199725000000", TIME_UNIX, YEAR_FIRST),
]


@pytest.mark.parametrize(("text", "kind", "order"), FORMS)
def test_table__time_forms_found(tmp_path, text, kind, order):
    form = find_form([text, "", "rubbish", text], where="here")
    assert (form.kind, form.order) == (kind, order)
    path = _table(tmp_path, "id,t,lon,lat", f"7,{text},120.5,35.25")
    (batch,) = batches(path, "table", columns={"vessel": "id", "time": "t"})
    assert batch.rejected.reason == []
    assert np.array(batch.columns.time, "M8[us]")[0] == np.datetime64(
        "2021-03-20T00:22:05"
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("31.02.2021 00:22", "impossible date"),
        ("20.03.2021 24:22", "impossible time of day"),
        ("20.03/2021 00:22", "bad time"),
        ("20.03.2021", "bad time"),
        ("20.03.2021 13:22 PM", "impossible time of day"),
        ("", "no time"),
    ],
)
def test_table__bad_times(tmp_path, text, reason):
    path = _table(tmp_path, "id,t,lon,lat", f"7,{text},120.5,35.25")
    columns = {"vessel": "id", "time": "t"}
    form = "%d.%m.%Y %H:%M"
    (batch,) = batches(path, "table", columns=columns, time_format=form)
    assert batch.rejected.reason == [reason]


def test_table__zone_in_the_times_and_named(tmp_path):
    path = _table(tmp_path, "id,t,lon,lat", "7,2021-03-20T00:22+02:00,120.5,35.25")
    columns = {"vessel": "id", "time": "t"}
    ds = read_tracks(path, columns=columns).dataset
    assert ds.time.values[0] == np.datetime64("2021-03-19T22:22")
    (batch,) = batches(path, "table", columns=columns, timezone="Asia/Shanghai")
    assert batch.rejected.reason == ["bad time"]


@pytest.mark.parametrize(
    ("text", "kind", "order"),
    [
        ("%Y-%m-%d %H:%M:%S", TIME_ANY, YEAR_FIRST),
        ("%F %T", TIME_ANY, YEAR_FIRST),
        ("%m/%d/%Y %I:%M %p", TIME_ANY, MONTH_FIRST),
        ("%d.%m.%Y %H:%M:%S.%f", TIME_ANY, DAY_FIRST),
        ("%Y%m%d_%H%M%S", TIME_COMPACT, YEAR_FIRST),
        ("unix ms", TIME_UNIX, YEAR_FIRST),
    ],
)
def test_named_form(text, kind, order):
    form = named_form(text)
    assert (form.kind, form.order) == (kind, order)


@pytest.mark.parametrize(
    "text", ["%d %b %Y %H:%M", "%d/%m/%y %H:%M", "%d/%m/%Y", "%d/%m-%Y %H:%M", "x", ""]
)
def test_named_form__refused(text):
    with pytest.raises(FormatError, match=r"is not read; it must be one of: %Y-%m-%d"):
        named_form(text)


def test_named_form__dates_alone():
    assert named_form("%d/%m/%Y", clock=False).kind == DATE_ANY
    with pytest.raises(FormatError, match="is not read"):
        named_form("%d/%m/%Y %H:%M", clock=False)


def test_find_form__refusals():
    with pytest.raises(FormatError, match="holds no value"):
        find_form(["", "None"], where="here")
    with pytest.raises(FormatError, match="no known form of a time"):
        find_form(["yesterday", "noon"], where="here")
    with pytest.raises(FormatError, match="has not four digits"):
        find_form(["20/03/21 00:22"], where="here")
    with pytest.raises(FormatError, match="between 1980 and 2100"):
        find_form(["123456"], where="here")


@pytest.mark.parametrize(
    ("unit", "text", "knots"),
    [
        ("knot", "9.6", 9.6),
        ("0.1 knot", "96", 9.6),
        ("m/s", "5.0", 5 * 3600 / 1852),
        ("km/h", "102.3", 102.3 / 1.852),
        ("0.1 knot", "1023", np.nan),
    ],
)
def test_table__units_of_speed(tmp_path, unit, text, knots):
    path = _table(tmp_path, "id,t,lon,lat,v", f"7,2021-03-20 00:22,120.5,35.25,{text}")
    columns = {"vessel": "id", "time": "t", "sog": "v"}
    (batch,) = batches(path, "table", columns=columns, units={"sog": unit})
    np.testing.assert_allclose(decode_tenths(batch.columns.sog)[0], knots, rtol=1e-6)


def test_table__refusals_say_what_to_do(tmp_path):
    path = _table(tmp_path, "id,t,x,y", "7,2021-03-20 00:22,120.5,35.25")
    with pytest.raises(FormatError, match=r"'lon' is missing.*'lat' is missing"):
        batches(path, "table", columns={"vessel": "id", "time": "t"})
    named = {"vessel": "id", "time": "t", "lon": "x", "lat": "y"}
    with pytest.raises(FormatError, match="names both 'vessel' and 'mmsi'"):
        batches(path, "table", columns=named | {"mmsi": "id"})
    with pytest.raises(FormatError, match="no column of times"):
        batches(path, "table", columns={"vessel": "id", "lon": "x", "lat": "y"})
    with pytest.raises(FormatError, match="no column is called so"):
        identify(path, columns=named | {"sog": "speed"})
    with pytest.raises(FormatError, match="which the format 'table' does not know"):
        batches(path, "table", columns=named | {"gear": "t"})
    with pytest.raises(FormatError, match=r"one of 'knot'.*got \{'sog': 'mph'\}"):
        batches(path, "table", columns=named, units={"sog": "mph"})
    with pytest.raises(FormatError, match=r"does not take 'unit'.*time_format"):
        batches(path, "table", columns=named, unit={"sog": "knot"})
    with pytest.raises(FormatError, match="does not take 'units'"):
        batches(path, "noaa", columns=named, units={"sog": "knot"})


def test_table__vessel_names_reports_and_states(tmp_path):
    path = _table(
        tmp_path,
        "boat;day;clock;lon;lat;course;state;name;class;long",
        "浙岭渔1;20.3.2021;6:05;120.5;35.25;360;At anchor;渔船;B;24.5",
        "浙岭渔1;20.3.2021;7:05;120.5;35.25;90;5;渔船;B;24.5",
        "007;21.3.2021;8:05:01;120.6;35.25;90;odd;;A;",
    )
    columns = {
        "vessel": "boat",
        "date": "day",
        "time_of_day": "clock",
        "nav_status": "state",
        "vessel_name": "name",
        "transceiver": "class",
        "length": "long",
    }
    (batch,) = batches(path, "table", columns=columns)
    assert batch.rejected.reason == []
    assert sorted(batch.names.values()) == ["007", "浙岭渔1"]
    assert batch.columns.nav_status.tolist() == [1, 5, 15]
    assert batch.columns.transceiver.tolist() == [2, 2, 1]
    assert decode_tenths(batch.columns.cog).tolist() == [0, 90, 90]
    assert batch.reports.vessel.tolist() == [vessel_key("浙岭渔1")]
    assert batch.reports.name.tolist() == ["渔船"]
    assert batch.reports.length.tolist() == [24.5]
    ds = read_tracks(path, columns=columns, timezone="UTC").dataset
    assert "渔船" in ds.vessel_name.values


def test_table__known_format_with_other_times_becomes_a_table(tmp_path):
    header = "MMSI,When,LAT,LON,SOG"
    iso = _table(tmp_path, header, "412000001,2021-03-20T00:22:05,35.25,120.5,1")
    columns = {"time": "When"}
    assert identify(iso, columns=columns).format == "noaa"
    day = _table(tmp_path, header, "412000001,20/03/2021 00:22,35.25,120.5,1")
    assert identify(day, columns=columns).format == "table"
    ds = read_tracks(day, columns=columns, timezone="UTC").dataset
    assert ds.mmsi.values.tolist() == [412000001]


def test_table__local_times_need_a_zone(tmp_path):
    path = _table(tmp_path, "id,t,lon,lat", "1,2024-01-01 08:00:00,120.5,36.1")
    columns = {"vessel": "id", "time": "t"}
    with pytest.raises(FormatError, match=r"'t' name no zone, such as '2024-01-01 08"):
        list(reader("table").batches(path, columns=columns))
    (batch,) = batches(path, "table", columns=columns, timezone="Asia/Shanghai")
    assert batch.columns.time[0] == np.datetime64("2024-01-01", "us").astype("i8")


def test_counts_since_1970__are_utc_in_any_zone(tmp_path):
    path = tmp_path / "counts.csv"
    path.write_text("id,when,x,y\n1,1704067200,120.5,36.1\n1,1704067260,120.6,36.1\n")
    columns = {"vessel": "id", "time": "when", "lon": "x", "lat": "y"}
    plain = read_tracks(path, columns=columns).dataset
    zoned = read_tracks(path, columns=columns, timezone="Asia/Shanghai").dataset
    assert (plain["time"].values == zoned["time"].values).all()
    assert str(plain["time"].values[0])[:19] == "2024-01-01T00:00:00"
