"""Pseudonyms, keys, masks, the audit log, and what may leave under which name."""

from __future__ import annotations

import json
import os
import stat

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from product_samples import density, tracks

import oceandata as od
from oceandata import products
from oceandata.cli.__main__ import main
from oceandata.errors import AuditError, ConfidentialError
from oceandata.products import audit, guard, identities, masking, pseudonyms
from oceandata.products.identities import Identities, mask_text, mask_value

KEY = b"the secret key of this release"
ASKED = {"confidential": "allow", "reason": "agreement 17 with the partner"}


def command(*args):
    with pytest.raises(SystemExit) as left:
        main([str(arg) for arg in args])
    return left.value.code


def test_new_key__is_private_and_never_replaced(tmp_path):
    path = pseudonyms.new_key(tmp_path / "release.key")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(pseudonyms.read_key(path)) == 64
    before = path.read_bytes()
    with pytest.raises(FileExistsError, match="never replaced"):
        pseudonyms.new_key(path)
    assert path.read_bytes() == before
    assert pseudonyms.read_key(pseudonyms.new_key(tmp_path / "b")) != before.strip()


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_read_key__refuses_an_open_file_and_says_what_to_run(tmp_path, mode):
    path = pseudonyms.new_key(tmp_path / "release.key")
    secret = path.read_text()
    path.chmod(mode)
    with pytest.raises(ConfidentialError, match=f"run: chmod 600 {path}") as error:
        pseudonyms.read_key(path)
    assert secret.strip() not in str(error.value)


def test_key__is_kept_outside_of_the_store(tmp_path):
    store = od.create_store(tmp_path / "a.store")
    with pytest.raises(ConfidentialError, match=r"lies in the store a\.store"):
        pseudonyms.new_key(store.path / "key")
    inside = store.path / "parts" / "key"
    inside.write_bytes(KEY)
    inside.chmod(0o600)
    with pytest.raises(ConfidentialError, match="kept outside"):
        pseudonyms.read_key(inside)


def test_key__behind_a_link_is_in_the_store_all_the_same(tmp_path):
    store = od.create_store(tmp_path / "a.store")
    (tmp_path / "keys").symlink_to(store.path / "parts")
    with pytest.raises(ConfidentialError, match="lies in the store"):
        pseudonyms.new_key(tmp_path / "keys" / "key")
    inside = store.path / "key"
    inside.write_bytes(KEY)
    inside.chmod(0o600)
    (tmp_path / "key").symlink_to(inside)
    with pytest.raises(ConfidentialError, match="lies in the store"):
        pseudonyms.read_key(tmp_path / "key")


@pytest.mark.parametrize("secret", ["sixteen letters and more", "long" * 100])
def test_key__given_as_text_is_not_repeated(secret):
    with pytest.raises(ConfidentialError, match="names no file") as error:
        pseudonyms.read_key(secret)
    assert secret not in str(error.value)
    assert error.value.__cause__ is None


def test_cli_key__makes_one(tmp_path, capsys):
    assert command("key", "new", tmp_path / "k") == 0
    out = capsys.readouterr().out
    assert out.strip() == str(tmp_path / "k")
    assert (tmp_path / "k").read_text().strip() not in out
    assert command("key", "new", tmp_path / "k") == 1


def test_pseudonym__is_one_for_all_writings_of_a_vessel():
    one = pseudonyms.pseudonym(412763981, key=KEY)
    for written in ("412763981", "AIS-412763981", np.int64(412763981)):
        assert pseudonyms.pseudonym(written, key=KEY) == one
    named = pseudonyms.pseudonym("VMS-1767", key=KEY)
    assert named == pseudonyms.pseudonym(od.columns.vessel_key("1767"), key=KEY)
    assert named != one


def test_pseudonymise__tracks_keep_fixes_and_suffixes():
    ds = tracks()
    out = products.pseudonymise(ds, key=KEY)
    one, two = (pseudonyms.pseudonym(v, key=KEY) for v in (367752440, 412000001))
    found = dict(
        zip(out["trajectory_id"].values, out["row_size"].values.tolist(), strict=True)
    )
    assert found == {one: 2, f"{one}/2": 1, two: 3}
    assert sorted(out["lon"].values) == sorted(ds["lon"].values)
    assert not {"mmsi", "vessel_name"} & set(out.variables)
    assert len(set(out["vessel"].values.tolist())) == 2, "vessels can still be counted"
    assert "367752440" not in str(out.to_dict())
    again = products.pseudonymise(ds, key=b"another secret of a release")
    assert not set(again["trajectory_id"].values) & set(out["trajectory_id"].values)


def test_pseudonymise__density_counts_vessels_not_trajectories():
    ds = tracks().isel(trajectory=[0, 1], obs=[0, 1, 2])
    out = products.pseudonymise(ds, key=KEY)
    grid = od.regular_grid((120, 35, 121, 37), step=0.5)
    for each in (ds, out):
        hours = od.vessel_hours(each, grid=grid, by=(), min_vessels=2)
        assert float(hours["vessel_hours"].sum()) == 0.0


def test_pseudonymise__table_loses_every_mark():
    table = pd.DataFrame(
        {
            "vesselName": ["HAI 8", "鲁荣渔58926"],
            "MMSI": [412763981.0, 0.0],
            "Call Sign": ["BZQX7", ""],
            "终端号": ["A77", "B12"],
            "length": [24.0, 31.0],
            "hours": [1.5, 2.5],
        }
    )
    out = products.pseudonymise(table, key=KEY)
    assert list(out.columns) == ["vessel", "hours"]
    assert out["vessel"].tolist() == [pseudonyms.pseudonym(412763981, key=KEY), ""]
    kept = products.pseudonymise(table, key=KEY, keep=["length", "MMSI"])
    assert list(kept.columns) == ["vessel", "length", "hours"]
    assert list(table.columns)[1] == "MMSI", "the input is not changed"


def test_pseudonymise__pairs_have_two_vessels():
    table = pd.DataFrame({"mmsi_1": [412763981], "mmsi_2": [412907354], "cpa": [80.0]})
    out = products.pseudonymise(table, key=KEY)
    assert list(out.columns) == ["vessel_1", "vessel_2", "cpa"]
    assert out["vessel_1"][0] != out["vessel_2"][0]


def test_pseudonymise__events_dataset():
    ds = xr.Dataset(
        {
            "trajectory_id": ("event", np.array(["AIS-412763981/3"], object)),
            "imo": ("event", [9387421]),
            "duration": ("event", [2.5]),
        },
        attrs={"comment": "stops of 412763981"},
    )
    out = products.pseudonymise(ds, key=KEY)
    named = pseudonyms.pseudonym(412763981, key=KEY)
    assert out["vessel"].values.tolist() == [f"{named}/3"]
    assert set(out.variables) == {"vessel", "duration"}
    assert out.attrs["comment"] == "stops of [vessel]"


def test_pseudonymise__nothing_to_go_by_is_said():
    with pytest.raises(
        ConfidentialError, match="nothing identifies a vessel; found: a"
    ):
        products.pseudonymise(pd.DataFrame({"a": [1]}), key=KEY)
    with pytest.raises(TypeError, match="got list"):
        products.pseudonymise([1], key=KEY)


def test_withhold_ends__leaves_nothing_near_a_port():
    lon = 120.0 + 0.02 * np.arange(60)
    lon = np.concatenate([lon, lon[::-1]])
    ds = xr.Dataset(
        {
            "row_size": ("trajectory", [60, 60]),
            "vessel": ("trajectory", [412763981, 412763981]),
            "time": ("obs", np.datetime64("2024-01-01", "us") + np.arange(120)),
        },
        coords={
            "trajectory_id": ("trajectory", ["AIS-412763981", "AIS-412763981/2"]),
            "lon": ("obs", lon),
            "lat": ("obs", np.full(120, 35.5)),
        },
    )
    out = products.withhold_ends(ds, radius="10km")
    # 0.02 degrees at 35.5 N are 1.81 km: six fixes at each end of both voyages
    assert out["row_size"].values.tolist() == [48, 48]
    assert out.attrs["withheld_fixes"] == 24
    assert 120.1 < out["lon"].min() < out["lon"].max() < 121.08
    assert products.withhold_ends(ds, radius="900km").sizes["trajectory"] == 0


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("track_412345678.csv", "track_[vessel].csv"),
        ("mmsi412345678", "mmsi[vessel]"),
        ("IMO: 9074729, imo9074729", "[vessel], [vessel]"),
        ("2024-03-01, 1704067200000000, 121.412345678", None),
        ("sha a1b2c3d4412345678f0e1d2c3b4a5f6e7", None),
        ("20240301 and 123456789", None),
        ("AIS_2024_03_01.csv, 97015 rows", None),
    ],
)
def test_mask_text__by_pattern(text, masked):
    assert mask_text(text) == (text if masked is None else masked)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("the Xin_Hai-8's log", "the [vessel]'s log"),
        ("XINHAI8.csv", "[vessel].csv"),
        ("ｘｉｎ ｈａｉ ８", "[vessel]"),
        ("鲁荣渔58926号轨迹.csv", "[vessel]号轨迹.csv"),
        ("called bzqx7?", "called [vessel]?"),
        ("9387421 and 29387421X", "[vessel] and 2[vessel]X"),
        ("file 41200000120240301", "file [vessel]20240301"),
        ("XIN HAI 88 is another", None),
        ("fishing hours", None),
    ],
)
def test_mask_text__known_identities(text, masked):
    known = Identities.of(
        ["XIN HAI 8", "鲁荣渔58926", "BZQX7", 9387421, 412000001, "FISHING", "", "A"]
    )
    assert mask_text(text, known) == (text if masked is None else masked)


def test_mask_value__counts_what_keys_name():
    value = {
        "vessels": [412000001, "VMS-17"],
        "mmsi": 412000001,
        "vessel_name": "HAI 8",
        "rows": 5_000_000,
        "inputs": [{"name": "of_412000001.csv", "rows": 7}],
        "vessels_seen": 12,
        "raw": b"412000001,",
    }
    masked = mask_value(value, Identities.of([412000001]))
    assert masked["vessels"] == "2 withheld"
    assert masked["mmsi"] == masked["vessel_name"] == "withheld"
    assert masked["inputs"] == [{"name": "of_[vessel].csv", "rows": 7}]
    assert (masked["rows"], masked["vessels_seen"]) == (5_000_000, 12)
    assert masked["raw"] == "10 bytes withheld"


def test_known__reaches_into_all_text_of_the_block():
    with identities.known(Identities.of(["ZEPHYRA QUARTZ"])):
        record = od.provenance(parameters={"note": "of Zephyra Quartz"})
    assert record["parameters"]["note"] == "of [vessel]"
    assert mask_text("of Zephyra Quartz") == "of Zephyra Quartz"


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"IMO number": [9387421]}, "IMO number"),
        (
            {"vessel": ["V-0123456789abcdef"], "lon": [120.5], "lat": [35.1]},
            "positions",
        ),
        ({"sog": [4.5], "lon": [120.5], "lat": [35.1]}, "positions"),
        ({"船名": ["鲁荣渔58926"]}, "船名"),
    ],
)
def test_confidential_faults__tables_of_vessels(columns, reason):
    faults = masking.confidential_faults(pd.DataFrame(columns))
    assert len(faults) == 1
    assert reason in faults[0]


def test_confidential_faults__tables_without_vessels():
    ports = pd.DataFrame(
        {"port": ["青岛"], "lon": [120.3], "lat": [36.1], "calls": [4]}
    )
    assert masking.confidential_faults(ports) == []
    named = pd.DataFrame({"vessel": ["V-0123456789abcdef/2"], "calls": [4]})
    assert masking.confidential_faults(named) == []


def test_public_attrs__few_vessels_in_many_withheld_cells():
    attrs = density().attrs | {"withheld_vessels": 2}
    public = masking.public_attrs(attrs)
    assert public["total_us"] == public["withheld_us"] == "withheld"
    assert "withheld_vessels" not in public
    kept = masking.public_attrs(attrs | {"withheld_vessels": 3})
    assert kept["total_us"] == attrs["total_us"]


def test_vessel_hours__counts_the_vessels_of_withheld_cells():
    grid = od.regular_grid((119, 34, 122, 37), step=1)
    hours = od.vessel_hours(tracks(), grid=grid, by=(), min_vessels=3)
    assert hours.attrs["withheld_vessels"] == 1


@pytest.mark.parametrize("reason", [None, "", "  ", "x"])
def test_export__needs_a_reason(tmp_path, reason):
    with pytest.raises(ConfidentialError, match='needs reason="…"'):
        od.to_netcdf(density(), tmp_path / "a.nc", confidential="allow", reason=reason)
    assert list(tmp_path.iterdir()) == []


def test_export__a_reason_alone_opens_nothing(tmp_path):
    with pytest.raises(ValueError, match='goes with confidential="allow"'):
        od.to_netcdf(density(), tmp_path / "a.nc", reason="agreement 17")


def test_export__secret_data_need_a_name(tmp_path):
    ds = density().assign_attrs(sensitivity="secret")
    with pytest.raises(ConfidentialError, match="these data are secret"):
        od.to_netcdf(ds, tmp_path / "a.nc")
    with pytest.raises(ConfidentialError, match="authorised_by"):
        od.to_netcdf(ds, tmp_path / "a.nc", **ASKED)
    od.to_netcdf(ds, tmp_path / "a.nc", authorised_by="Dr. Wei", **ASKED)
    event = audit.verify(tmp_path).events[0]
    assert (event["authorised_by"], event["sensitivity"]) == ("Dr. Wei", "secret")


def test_export__is_logged_before_and_after(tmp_path, monkeypatch):
    record = od.provenance(store="fleet.store", commit=12)
    path = od.to_netcdf(
        tracks(), tmp_path / "t.nc", identities="reveal", provenance=record, **ASKED
    )
    asked, done = audit.verify(tmp_path).events
    assert asked["reason"] == ASKED["reason"]
    assert (asked["product"], asked["file"], asked["commit"]) == ("netcdf", "t.nc", 12)
    assert {"time", "user", "host"} <= asked.keys()
    assert any("mmsi" in fault for fault in asked["reveals"])
    assert done["of"] == 1
    assert done["sha256_of_file"] == od.products.hash_file(path)
    with xr.open_dataset(path, engine="netcdf4") as ds:
        told = json.loads(ds.attrs["provenance"])["audit"]
    assert told == {"number": 1, "sha256": asked["sha256"]}
    assert stat.S_IMODE((tmp_path / "audit.jsonl").stat().st_mode) == 0o600


def test_export__that_fails_is_logged_as_failed(tmp_path, monkeypatch):
    log = tmp_path / "central.jsonl"
    monkeypatch.setenv("OCEANDATA_AUDIT", str(log))
    with pytest.raises(FileNotFoundError, match="nowhere"):
        od.to_netcdf(density(), tmp_path / "nowhere" / "a.nc", **ASKED)
    events = audit.verify(log).events
    assert [event["event"] for event in events] == ["export", "failed"]
    assert events[1]["error"] == "FileNotFoundError"


def test_export__without_a_log_nothing_leaves(tmp_path, monkeypatch):
    monkeypatch.setenv("OCEANDATA_AUDIT", str(tmp_path / "nowhere" / "audit.jsonl"))
    with pytest.raises(AuditError, match="cannot be written"):
        od.to_netcdf(density(), tmp_path / "a.nc", **ASKED)
    monkeypatch.setenv("OCEANDATA_AUDIT", os.devnull)
    with pytest.raises(AuditError, match="no regular file"):
        od.to_netcdf(density(), tmp_path / "a.nc", **ASKED)
    assert list(tmp_path.iterdir()) == []


def test_key__is_nowhere_in_what_fails_or_is_written(tmp_path):
    secret = b"0123456789abcdef-secret"
    asked = {"identities": "pseudonyms", "pseudonym_key": secret, **ASKED}
    record = od.provenance(parameters={"pseudonym_key": secret, "key": secret.decode()})
    od.to_netcdf(tracks(), tmp_path / "t.nc", provenance=record, **asked)
    for path in tmp_path.iterdir():
        assert secret not in path.read_bytes(), path.name
    with pytest.raises(ConfidentialError) as error:
        products.pseudonymise(tracks(), key=secret[:9])
    assert secret[:9].decode() not in str(error.value)


def test_exporter__keeps_the_signature_for_jobs():
    from oceandata.job.registry import keywords_of

    names = keywords_of("oceandata.products:to_netcdf")
    assert {"confidential", "reason", "authorised_by", "release"} <= set(names)
    assert guard.EXPORTERS["netcdf"] is od.to_netcdf
