"""The vessel registry: fields, conflicts, which rows are one vessel."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from registry_world import IMO_A, both, fleet, licences

from oceandata.tracks.gears import GEARS, gear_code, imo_fault
from oceandata.tracks.registry import vessel_registry
from oceandata.tracks.registry_fields import HORSEPOWER, IDENTIFIERS
from oceandata.tracks.registry_link import link


def test_registry__one_row_a_vessel_each_field_with_source_and_date():
    found = both()
    assert len(found) == 4
    table = found.vessels
    first = table.loc[0]
    assert first["name"] == "浙岭渔 23861"
    assert (first["name_source"], first["flag_source"]) == ("fleet", "licences")
    assert first["name_date"] == pd.Timestamp("2020-06-30")
    assert first["flag_date"] == pd.Timestamp("2024-03-01")
    assert (first["mmsi"], first["imo"], first["call_sign"]) == (
        412000001,
        IMO_A,
        "BZAA1",
    )
    assert first["power"] == pytest.approx(400 * HORSEPOWER)
    assert table["gear"].tolist() == ["PTB", "GND", "FSN", "LLD"]
    assert table.loc[1, "name"] == "鲁荣渔 5512"
    third = table.loc[2]
    assert pd.isna(third["mmsi"])
    assert pd.isna(third["mmsi_date"])
    assert np.isnan(third["power"])
    assert np.isnan(third["length"])
    assert (third["home_port"], third["flag"]) == ("大连", "")


def test_registry__conflicts_between_sources_are_listed():
    told = both().conflicts
    rows = told[["vessel", "field", "value", "source", "chosen"]].values.tolist()
    assert rows == [
        [0, "name", "浙岭渔 23861", "fleet", True],
        [0, "name", "ZHE LING YU 23861", "licences", False],
        [1, "gear", "GND", "fleet", True],
        [1, "gear", "OTB", "licences", False],
        [1, "power", 300 * HORSEPOWER, "fleet", True],
        [1, "power", 295.0, "licences", False],
    ]
    assert told["date"].notna().all()


@pytest.mark.parametrize(
    ("options", "gear"),
    [
        ({}, "GND"),
        ({"order": ["licences", "fleet"]}, "OTB"),
        ({"prefer": "newest"}, "OTB"),
        ({"prefer": "newest", "order": ["licences", "fleet"]}, "OTB"),
    ],
)
def test_registry__the_declared_order_or_the_newest_wins(options, gear):
    found = both(**options)
    (row,) = found.vessels.index[found.vessels["mmsi"] == 412000002]
    assert found.vessels.loc[row, "gear"] == gear
    assert len(found.conflicts) == 6


def test_registry__values_that_cannot_be_are_set_aside_with_a_reason():
    bad = pd.DataFrame(
        {
            "mmsi": [412000001, "41200", 0],
            "imo": [f"IMO {IMO_A + 1}", "12", "none"],
            "gear": ["ZZZ", "otb", "Pots"],
            "length": ["-3", "abc", "1,250.5"],
            "gt": ["1.5", "n/a", "2,000"],
            "name": ["a", "b", "c"],
        }
    )
    found = vessel_registry(bad)
    assert found.rejected.values.tolist() == [
        ["table 1", 0, "imo", f"IMO {IMO_A + 1}", "its check digit should be 4"],
        ["table 1", 1, "imo", "12", "an IMO number has seven digits"],
        ["table 1", 1, "mmsi", "41200", "an MMSI of a vessel has nine digits"],
        ["table 1", 0, "gear", "ZZZ", "no gear of the ISSCFG"],
        ["table 1", 0, "length", "-3", "lies outside 0 to 500"],
        ["table 1", 1, "length", "abc", "is not a number"],
        ["table 1", 2, "length", "1,250.5", "lies outside 0 to 500"],
    ]
    assert found.vessels["gear"].tolist() == ["", "OTB", "FPO"]
    assert found.vessels["gross_tonnage"].tolist()[::2] == [1.5, 2000]


def test_registry__numbers_written_for_the_eye_are_the_same_numbers():
    imo = str(IMO_A)
    grouped = [
        f"IMO {imo[:3]} {imo[3:]}",
        f"ＩＭＯ{imo}",
        f"{IMO_A:,}",
        f"IMO No. {imo}",
    ]
    mmsi = ["412 000 001", "412-000-001", "４１２０００００１", "412000001.0"]
    found = vessel_registry(pd.DataFrame({"IMO": grouped, "MMSI": mmsi}))
    assert found.rejected.empty
    assert found.vessels[["imo", "mmsi"]].to_numpy().tolist() == [[IMO_A, 412000001]]


def test_registry__missing_of_any_kind_says_nothing():
    table = pd.DataFrame(
        {
            "mmsi": pd.array([412000001, pd.NA, 412000003], dtype="Int64"),
            "name": pd.array(["A", "B", pd.NA], dtype="string"),
            "home_port": [None, float("nan"), pd.NaT],
            "date": ["2024-01-05", None, pd.NaT],
        }
    )
    found = vessel_registry(table)
    assert found.rejected.empty
    assert found.vessels["name"].tolist() == ["A", "B", ""]
    assert found.vessels["home_port"].tolist() == ["", "", ""]
    assert found.vessels["name_date"].isna().tolist() == [False, True, True]


@pytest.mark.parametrize(
    ("said", "days"),
    [
        (["2024年3月1日", "2023年12月"], ["2024-03-01", "2023-12-01"]),
        (["01/02/2024", "31/12/2023"], ["2024-02-01", "2023-12-31"]),
        (["01/02/2024 06:00", "12/31/2023"], ["2024-01-02T06", "2023-12-31"]),
        (["3.3.2024", "2024/3/4"], ["2024-03-03", "2024-03-04"]),
        ([20240301, "2024-03-02"], ["2024-03-01", "2024-03-02"]),
        (
            ["2024-03-01T02:00:00+08:00", "2024-03-01"],
            ["2024-02-29T18", "2024-03-01"],
        ),
    ],
)
def test_registry__dates_as_they_are_written(said, days):
    table = pd.DataFrame({"mmsi": [412000001, 412000002], "date": said})
    found = vessel_registry(table).records["date"].to_numpy("M8[us]")
    assert found.tolist() == np.array(days, "M8[us]").tolist()


@pytest.mark.parametrize(
    ("said", "match"),
    [
        (["01/02/2024", "03/04/2024"], "'01/02/2024' may be day/month or month/day"),
        (["13/02/2024", "03/14/2024"], "'13/02/2024' may be day/month or month/day"),
        (["01/02/24", "31/12/2023"], "'01/02/24' has no year of four digits"),
        (["13/13/2024", ""], "the first that is none is '13/13/2024' in row 0"),
        (["2024-01-01", "later"], "the first that is none is 'later' in row 1"),
    ],
)
def test_registry__dates_are_never_guessed(said, match):
    table = pd.DataFrame({"mmsi": [412000001, 412000002], "date": said})
    with pytest.raises(ValueError, match=f"fleet: column 'date'.*{match}"):
        vessel_registry({"fleet": table})


def test_registry__two_columns_of_one_name_are_refused():
    table = pd.DataFrame([[412000001, 412000002]], columns=["mmsi", "mmsi"])
    with pytest.raises(ValueError, match="two columns are called 'mmsi'"):
        vessel_registry(table)


def test_registry__files_in_utf8_and_gb18030_and_parquet(tmp_path):
    fleet().to_csv(tmp_path / "a.csv", index=False, encoding="gb18030")
    licences().to_csv(tmp_path / "b.csv", index=False, sep=";", encoding="utf-8-sig")
    licences().to_parquet(tmp_path / "c.parquet")
    a = vessel_registry([tmp_path / "a.csv", tmp_path / "b.csv"])
    c = vessel_registry([tmp_path / "a.csv", tmp_path / "c.parquet"])
    for found, name in ((a, "b.csv"), (c, "c.parquet")):
        assert found.order == ("a.csv", name)
        assert found.vessels["name"].tolist() == both().vessels["name"].tolist()
        assert found.vessels["power"].tolist()[:2] == [
            400 * HORSEPOWER,
            300 * HORSEPOWER,
        ]


def test_registry__columns_that_are_called_otherwise():
    odd = pd.DataFrame({"ID": [412000009], "Kutter": ["A"], "PS": [100]})
    found = vessel_registry(
        {"odd": odd, "l": licences()},
        columns={"odd": {"mmsi": "ID", "name": "Kutter", "power": "PS"}},
    )
    assert found.vessels.loc[0, ["mmsi", "name", "power"]].tolist() == [
        412000009,
        "A",
        100,
    ]


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"columns": {"mmsi": "ID"}}, r"columns\['mmsi'\]: 'ID' is not in the table"),
        ({"columns": {"colour": "MMSI"}}, "'colour' is no field; known are name, imo"),
        ({"columns": {"x.csv": {}}}, "no table is called 'x.csv'"),
        ({"order": ["b"]}, r"order must name every table once \(table 1\)"),
        (
            {"prefer": "oldest", "dates": {"b": "2020"}},
            "prefer must be.*dates: no table",
        ),
    ],
)
def test_registry__says_what_is_wrong(options, match):
    with pytest.raises(ValueError, match=match):
        vessel_registry(licences(), **options)


def test_registry__refuses_tables_it_cannot_use():
    with pytest.raises(ValueError, match=r"no column of a vessel.*'a', 'b'"):
        vessel_registry(pd.DataFrame({"a": [1], "b": [2]}))
    with pytest.raises(ValueError, match=r"must hold dates.*'soon' in row 1"):
        vessel_registry(
            pd.DataFrame({"mmsi": [412000001] * 2, "date": ["2020", "soon"]})
        )
    with pytest.raises(ValueError, match="tables is empty"):
        vessel_registry([])


def test_registry__the_input_is_not_changed():
    table = licences()
    before = table.copy()
    vessel_registry(table)
    pd.testing.assert_frame_equal(table, before)


def test_gears_and_imo():
    assert all(gear_code(code) == code for code in GEARS)
    assert all(gear_code(name.upper()) == code for code, name in GEARS.items())
    # Published example of the check digit: 9x7 0x6 7x5 4x4 7x3 2x2 = 139.
    assert imo_fault(9074729) == ""
    assert sum(not imo_fault(n) for n in range(9074720, 9074730)) == 1


def naive_link(rows):
    """Rows as sets; the rule of the module, read aloud."""
    vessels = [{k} for k in range(len(rows))]

    def values(vessel, name):
        return {rows[k][name] for k in vessel if rows[k].get(name) is not None}

    def two(a, b, surer):
        for name in surer:
            if values(a, name) and values(b, name):
                return values(a, name).isdisjoint(values(b, name))
        return False

    for rank, name in enumerate(IDENTIFIERS):
        surer = IDENTIFIERS[:rank]
        every = {row[name] for row in rows if row.get(name) is not None}
        for value in sorted(every, key=str):
            among = [v for v in vessels if value in values(v, name)]
            if any(two(a, b, surer) for a in among for b in among):
                among = [v for v in among if not any(values(v, s) for s in surer)]
            joined = set().union(*among) if among else set()
            vessels = [v for v in vessels if v not in among]
            vessels += [joined] if joined else []
    return {frozenset(v) for v in vessels}


some = st.one_of(st.none(), st.integers(1, 4))


a_row = st.fixed_dictionaries(dict.fromkeys(IDENTIFIERS, some))


@given(st.lists(a_row, max_size=9), st.randoms(use_true_random=False))
@settings(max_examples=400, deadline=None)
def test_link__equals_the_naive_twin_in_any_order(rows, chance):
    def partition(order):
        numbers = link([rows[k] for k in order])
        sets = {}
        for k, number in zip(order, numbers.tolist(), strict=True):
            sets.setdefault(number, set()).add(k)
        return {frozenset(v) for v in sets.values()}

    order = list(range(len(rows)))
    assert partition(order) == naive_link(rows)
    chance.shuffle(order)
    assert partition(order) == naive_link(rows)
