"""NetCDF products: values, CF compliance, atomic writing, confidentiality."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
import xarray as xr

from oceandata.errors import ConfidentialError
from oceandata.products import (
    atomic,
    cf,
    masking,
    provenance,
    to_csv,
    to_netcdf,
    to_zarr,
)
from tests.product_samples import density, tracks

KEY = b"a key of sixteen bytes or more"
ASKED = {"confidential": "allow", "reason": "a test of the format"}


def reopened(path, **options):
    with xr.open_dataset(path, engine="netcdf4", **options) as ds:
        return ds.load()


def complaints(path, checker):
    """Errors and warnings of the compliance checker, which needs no network."""
    from compliance_checker.base import BaseCheck
    from compliance_checker.suite import CheckSuite

    suite = CheckSuite()
    suite.load_all_available_checkers()
    with suite.load_dataset(str(path)) as ds:
        results, faults = suite.run_all(ds, [checker])[checker]
    assert not faults
    return [
        message
        for result in results
        if result.weight >= BaseCheck.MEDIUM and result.value[0] < result.value[1]
        for message in result.msgs
    ]


@pytest.fixture
def no_network(monkeypatch):
    import socket

    def refuse(*args, **kwargs):
        raise AssertionError(f"something asked for the network: {args}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("west", [117.0, 177.0])
def test_to_netcdf__grid_passes_cf(tmp_path, no_network, west):
    path = to_netcdf(density(west=west, wrap=True), tmp_path / "grid.nc")
    assert complaints(path, "cf:1.11") == []


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("identities", ["reveal", "pseudonyms"])
def test_to_netcdf__tracks_pass_cf(tmp_path, no_network, identities):
    path = to_netcdf(
        tracks(),
        tmp_path / "tracks.nc",
        identities=identities,
        pseudonym_key=KEY,
        **ASKED,
    )
    assert complaints(path, "cf:1.11") == []


@pytest.mark.filterwarnings("ignore")
def test_compliance_check__can_fail(tmp_path):
    path = to_netcdf(density(), tmp_path / "grid.nc")
    broken = reopened(path, decode_cf=False)
    broken["lat"].attrs["units"] = "hours"
    broken["vessel_hours"].attrs["units"] = "no such unit"
    broken.to_netcdf(tmp_path / "broken.nc", engine="netcdf4")
    assert complaints(tmp_path / "broken.nc", "cf:1.11")


def test_to_netcdf__grid_values_are_bit_equal(tmp_path):
    ds = density()
    back = reopened(to_netcdf(ds, tmp_path / "grid.nc"))
    assert back["vessel_hours"].dims == ("ship_class", "month", "lat", "lon")
    assert back["vessel_hours"].values.tobytes() == ds["vessel_hours"].values.tobytes()
    np.testing.assert_array_equal(back["lon"], ds["lon"])
    np.testing.assert_array_equal(back["lat"], ds["lat"])
    np.testing.assert_array_equal(back["withheld"], ds["withheld"])
    assert (back["month"].values == ds["month"].values).all()
    assert list(back["ship_class_name"].values) == ["cargo", "fishing"]
    assert back["ship_class"].attrs["flag_meanings"] == "cargo fishing"
    assert back.attrs["total_us"] == ds.attrs["total_us"]


def test_to_netcdf__months_have_bounds_and_calendar(tmp_path):
    raw = reopened(to_netcdf(density(), tmp_path / "g.nc"), decode_cf=False)
    assert raw["month"].attrs["units"] == "days since 1970-01-01T00:00:00Z"
    assert raw["month"].attrs["calendar"] == "proleptic_gregorian"
    days = raw[raw["month"].attrs["bounds"]].values
    assert (days[:, 1] - days[:, 0]).tolist() == [31, 31, 29]
    assert raw.attrs["time_coverage_end"] == "2024-03-01T00:00:00Z"


def test_to_netcdf__crosses_dateline_monotonically(tmp_path):
    ds = density(west=177.0, nx=9, wrap=True)
    assert ds["lon"].min() < -179
    back = reopened(to_netcdf(ds, tmp_path / "dateline.nc"))
    np.testing.assert_allclose(back["lon"], 177.25 + 0.5 * np.arange(9), atol=1e-12)
    np.testing.assert_allclose(
        back["lon_bounds"][:, 1], 177.5 + 0.5 * np.arange(9), atol=1e-12
    )


def test_to_netcdf__is_compressed_in_tiles(tmp_path):
    import netCDF4

    path = to_netcdf(density(nx=700, ny=600, step=0.01), tmp_path / "g.nc")
    with netCDF4.Dataset(path) as file:
        variable = file["vessel_hours"]
        assert variable.filters()["zlib"]
        assert variable.filters()["shuffle"]
        assert variable.chunking() == [1, 1, 512, 512]


def test_to_netcdf__tracks_round_trip(tmp_path):
    ds = tracks()
    back = reopened(to_netcdf(ds, tmp_path / "t.nc", identities="reveal", **ASKED))
    for name in ("lon", "lat", "sog", "heading", "row_size", "mmsi", "nav_status"):
        assert back[name].values.tobytes() == ds[name].values.tobytes(), name
    assert (back["time"].values == ds["time"].values).all()
    assert back["trajectory_id"].values.tolist() == ds["trajectory_id"].values.tolist()
    assert back["vessel_name"].values.tolist() == ["OCEAN STAR", "OCEAN STAR", ""]
    assert back["source"].attrs["flag_meanings"] == "ais.csv"
    assert "/data" not in str(back.attrs)


def test_encode_times__takes_the_coarsest_exact_unit():
    times = np.array(["2024-01-01T06:00:00", "2024-01-01T07:30:00"], "M8[ns]")
    ds = cf.encode_times(xr.Dataset(coords={"time": times}))
    assert ds["time"].attrs["units"].startswith("seconds since")
    assert ds["time"].dtype == np.int64
    assert int(ds["time"][1] - ds["time"][0]) == 5400


def test_encode_times__missing_time_in_a_coordinate_is_refused():
    ds = xr.Dataset(coords={"time": np.array(["2024-01-01", "NaT"], "M8[us]")})
    with pytest.raises(ValueError, match="time has 1 missing"):
        cf.encode_times(ds)


def test_to_netcdf__tracks_are_refused_by_default(tmp_path):
    with pytest.raises(ConfidentialError, match="identities="):
        to_netcdf(tracks(), tmp_path / "t.nc")
    assert list(tmp_path.iterdir()) == []


def test_to_netcdf__pseudonyms_hide_vessels(tmp_path):
    key = tmp_path / "key"
    key.write_bytes(KEY + b"\n")
    key.chmod(0o600)
    record = provenance(parameters={"pseudonym_key": KEY.decode()})
    path = to_netcdf(
        tracks(),
        tmp_path / "t.nc",
        identities="pseudonyms",
        pseudonym_key=key,
        provenance=record,
        **ASKED,
    )
    content = path.read_bytes()
    back = reopened(path)
    everything = str(back.to_dict()).encode() + content
    for secret in (b"367752440", b"412000001", b"OCEAN STAR", KEY):
        assert secret not in everything
    assert not {"mmsi", "vessel", "vessel_name"} & set(back.variables)
    ids = back["trajectory_id"].values.tolist()
    first = masking.pseudonym(367752440, key=KEY)
    second = masking.pseudonym(412000001, key=KEY)
    assert sorted(ids) == sorted([first, f"{first}/2", second])
    assert ids == sorted(ids)
    row = ids.index(second)
    start = int(back["row_size"][:row].sum())
    assert back["lon"][start : start + 3].values.tolist() == [179.99, -179.99, -179.5]


@pytest.mark.parametrize(
    ("key", "message"), [(None, "needs pseudonym_key"), (b"short", "at least 16 bytes")]
)
def test_to_netcdf__weak_keys_are_refused(tmp_path, key, message):
    with pytest.raises(ConfidentialError, match=message):
        to_netcdf(
            tracks(),
            tmp_path / "t.nc",
            identities="pseudonyms",
            pseudonym_key=key,
            **ASKED,
        )


def test_to_netcdf__failure_leaves_the_old_file(tmp_path, monkeypatch):
    path = to_netcdf(density(), tmp_path / "g.nc")
    before = path.read_bytes()

    def full(self, target, **options):
        target.write_bytes(b"half")
        raise OSError("no space left on device")

    monkeypatch.setattr(xr.Dataset, "to_netcdf", full)
    with pytest.raises(OSError, match="no space"):
        to_netcdf(density(seed=8), path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["g.nc"]


def test_to_netcdf__missing_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere does not exist"):
        to_netcdf(density(), tmp_path / "nowhere" / "g.nc")


def test_products__read_only_folder_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(atomic.os, "access", lambda folder, _: folder != tmp_path)
    for write, name in ((to_netcdf, "g.nc"), (to_zarr, "g.zarr"), (to_csv, "g.csv")):
        with pytest.raises(PermissionError, match=f"{name}.*is read-only for this us"):
            write(density(), tmp_path / name)
    assert os.listdir(tmp_path) == []


def test_to_netcdf__input_is_not_changed(tmp_path):
    ds, same = density(), density()
    to_netcdf(ds, tmp_path / "g.nc")
    xr.testing.assert_identical(ds, same)


def test_to_netcdf__same_bytes_under_source_date_epoch(tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1704067200")
    one = to_netcdf(density(), tmp_path / "a.nc").read_bytes()
    two = to_netcdf(density(), tmp_path / "b.nc").read_bytes()
    assert one == two
    record = json.loads(reopened(tmp_path / "a.nc").attrs["provenance"])
    assert record["created"] == "2024-01-01T00:00:00Z"
