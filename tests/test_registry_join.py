"""The registry on tracks, as of their time, against a naive twin."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import store_world as world
from hypothesis import given, settings
from hypothesis import strategies as st
from registry_world import IMO_A, IMO_B, both, licences, tracks

from oceandata.errors import SchemaError
from oceandata.store import create_store
from oceandata.tracks.registry import vessel_registry
from oceandata.tracks.registry_fields import HORSEPOWER
from oceandata.tracks.registry_join import join_registry


def test_join__fields_stand_on_the_trajectory():
    ds = tracks(
        [(412000002, "2024-01-01"), (999000000, "2024-01-01"), (0, "2024-01-01")]
    )
    out = join_registry(ds, both(), fields=["name", "gear", "power", "imo", "flag"])
    assert out["ship_name"].values.tolist() == ["鲁荣渔 5512", "", ""]
    assert out["gear"].values.tolist() == ["GND", "", ""]
    assert out["power"].values[0] == pytest.approx(300 * HORSEPOWER)
    assert np.isnan(out["power"].values[1:]).all()
    assert out["power"].attrs["units"] == "kW"
    assert out["registry_match"].values.tolist() == [1, 0, 0]
    assert out.attrs["registry_matched"] == 1
    assert out.attrs["registry_unmatched"] == 2
    assert out.attrs["registry_sources"] == "fleet, licences"
    assert "gear" not in ds


def test_join__by_imo_call_sign_and_name_only_if_asked_for():
    ds = tracks(
        [(0, "2024-01-01")] * 4,
        imo=np.array([IMO_A, 0, 0, 0]),
        call_sign=np.array(["", "bzcc-3", "", ""], object),
        vessel_name=np.array(["", "", "辽大甘渔 15002", "nobody"], object),
    )
    out = join_registry(ds, both(), fields="gear")
    assert out["gear"].values.tolist() == ["PTB", "LLD", "", ""]
    assert out["registry_match"].values.tolist() == [2, 3, 0, 0]
    named = join_registry(ds, both(), fields="gear", by_name=True)
    assert named["gear"].values.tolist() == ["PTB", "LLD", "FSN", ""]
    assert named["registry_match"].values.tolist() == [2, 3, 4, 0]
    twins = vessel_registry(
        pd.DataFrame({"name": ["A", "A"], "call_sign": ["X1", "X2"]})
    )
    ds = tracks([(0, "2024-01-01")], vessel_name=np.array(["A"], object))
    none = join_registry(ds, twins, fields="name", by_name=True)
    assert none.attrs["registry_ambiguous"] == 1
    assert none["registry_match"].values.tolist() == [0]


def test_join__as_of_the_time_of_each_trajectory():
    history = pd.DataFrame(
        {
            "imo": [IMO_A, IMO_A, IMO_B],
            "mmsi": [412000005, 412000006, 412000005],
            "name": ["FIRST", "SECOND", "OTHER"],
            "date": ["2020-01-01", "2022-01-01", "2023-01-01"],
        }
    )
    found = vessel_registry(history)
    assert len(found) == 2
    ds = tracks(
        [
            (412000005, "2019-05-01"),
            (412000005, "2021-05-01"),
            (412000005, "2023-05-01"),
            (412000006, "2021-05-01"),
            (412000006, "2023-05-01"),
        ]
    )
    out = join_registry(ds, found, fields=["name", "mmsi"])
    assert out["ship_name"].values.tolist() == [
        "FIRST",
        "FIRST",
        "OTHER",
        "FIRST",
        "SECOND",
    ]
    assert out["vessel_mmsi"].values.tolist() == [
        412000005,
        412000005,
        412000005,
        412000005,
        412000006,
    ]
    assert found.as_of("2021-06-01")["name"].tolist() == ["FIRST", "OTHER"]
    assert found.vessels["name"].tolist() == ["SECOND", "OTHER"]
    assert found.conflicts.empty


def test_join__an_mmsi_that_two_claim_on_one_day_is_ambiguous():
    shared = pd.DataFrame({"imo": [IMO_A, IMO_B], "mmsi": [412000005] * 2})
    out = join_registry(
        tracks([(412000005, "2024-01-01")]), vessel_registry(shared), fields=["imo"]
    )
    assert out["imo"].values.tolist() == [0]
    assert out.attrs["registry_ambiguous"] == out.attrs["registry_unmatched"] == 1


def test_join__says_what_is_wrong():
    ds = tracks([(412000005, "2024-01-01")])
    with pytest.raises(ValueError, match="field 'colour' does not exist.*by: 'name'"):
        join_registry(ds, both(), fields=["colour"], by=["name"])
    with pytest.raises(ValueError, match="have none of imo, call_sign"):
        join_registry(ds, both(), by=["imo", "call_sign"])
    with pytest.raises(SchemaError, match="row_size"):
        join_registry(ds.drop_vars("row_size"), both())


def test_store__static_reports_are_one_more_source(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "oceandata.store.sources.find_reader", lambda *_: world.PlainReader()
    )
    store = create_store(tmp_path / "s")
    rows = [(412000001, world.JANUARY, 1210000000, 300000000, 50, 900)]
    said = [f"name 412000001 {world.JANUARY + k * world.DAY} N{k} 30" for k in range(3)]
    store.ingest(world.write(tmp_path / "a.txt", rows, said))
    found = vessel_registry({"licences": licences(), "AIS": store})
    assert len(found) == 3
    assert found.vessels.loc[0, "name"] == "ZHE LING YU 23861"
    names = found.conflicts.query("field == 'name'")
    assert names["value"].tolist() == ["ZHE LING YU 23861", "N2"]
    alone = vessel_registry(store)
    assert alone.order == ("AIS",)
    assert alone.as_of("2024-01-02T12:00")["name"].tolist() == ["N1"]
    out = join_registry(store.open(), found, fields=["gear"])
    assert out["gear"].values.tolist() == ["PTB"]
    assert out.attrs["sensitivity"] == "restricted"


def test_join__names_its_identities_so_that_exports_know_them():
    from oceandata.products.identities import is_identity

    ds = tracks([(412000001, "2024-01-01")])
    closed = ["name", "imo", "mmsi", "call_sign", "registration"]
    out = join_registry(ds, both(), fields=closed)
    new = set(out.data_vars) - set(ds.data_vars) - {"registry_match"}
    assert len(new) == len(closed)
    assert all(is_identity(name) for name in new), new


def naive_as_of(records, order, prefer, time):
    """Value of each (vessel, field) at a time, by looking at every record."""
    out = {}
    for vessel, field in {(r[0], r[1]) for r in records}:
        words = []
        for source in order:
            said = [r for r in records if r[:2] == (vessel, field) and r[3] == source]
            before = [r for r in said if r[4] is None or r[4] <= time]
            days = [r[4] or "" for r in (before or said)]
            if days:
                day = max(days) if before else min(days)
                words += [r for r in (before or said) if (r[4] or "") == day]
        if prefer == "trust":
            first = min(order.index(r[3]) for r in words)
            words = [r for r in words if order.index(r[3]) == first]
        else:
            newest = max(r[4] or "" for r in words)
            words = [r for r in words if (r[4] or "") == newest]
            first = min(order.index(r[3]) for r in words)
            words = [r for r in words if order.index(r[3]) == first]
        out[vessel, field] = min(r[2] for r in words)
    return out


days = st.one_of(st.none(), st.sampled_from(["2020-01-01", "2021-01-01", "2022-01-01"]))


row_of = st.tuples(st.integers(1, 3), st.sampled_from("abc"), days)


@given(
    st.lists(st.lists(row_of, min_size=1, max_size=5), min_size=1, max_size=3),
    st.sampled_from(["trust", "newest"]),
    st.sampled_from(["2019-06-01", "2020-06-01", "2021-01-01", "2023-01-01"]),
)
@settings(max_examples=150, deadline=None)
def test_as_of_and_join__equal_the_naive_twin(said, prefer, time):
    tables = {
        f"s{k}": pd.DataFrame(
            {
                "mmsi": [412000000 + r[0] for r in rows],
                "name": [r[1] for r in rows],
                "date": [r[2] for r in rows],
            }
        )
        for k, rows in enumerate(said)
    }
    found = vessel_registry(tables, prefer=prefer)
    records = [
        (412000000 + r[0], "name", r[1], f"s{k}", r[2])
        for k, rows in enumerate(said)
        for r in rows
    ]
    wanted = naive_as_of(records, list(tables), prefer, time)
    table = found.as_of(time)
    got = dict(zip(table["mmsi"].tolist(), table["name"].tolist(), strict=True))
    assert got == {mmsi: value for (mmsi, _), value in wanted.items()}
    ds = tracks([(mmsi, time) for mmsi in got])
    out = join_registry(ds, found, fields=["name"])
    assert dict(zip(got, out["ship_name"].values, strict=True)) == got
