"""Zarr products: values, form, atomic writing, confidentiality."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
import xarray as xr
import zarr

from oceandata.errors import ConfidentialError
from oceandata.products import to_netcdf, to_zarr
from oceandata.products import zarr as zarrs
from tests.product_samples import density, tracks

OPEN = {"identities": "reveal", "confidential": "allow", "reason": "a test of Zarr"}


def told(variable):
    """Attributes, arrays as lists: JSON knows no others."""
    return {k: np.ravel(v).tolist() for k, v in variable.attrs.items()}


def test_to_zarr__reads_like_the_netcdf(tmp_path):
    for name, ds, given in (("g", density(), {}), ("t", tracks(), OPEN)):
        path = to_zarr(ds, tmp_path / f"{name}.zarr", **given)
        netcdf = to_netcdf(ds, tmp_path / f"{name}.nc", **given)
        one = xr.open_zarr(path).load()
        with xr.open_dataset(netcdf, engine="netcdf4") as file:
            two = file.load()
        xr.testing.assert_equal(one, two)
        for variable in one.variables:
            assert told(one[variable]) == told(two[variable]), variable
        same = set(one.attrs) - {"history", "provenance", "date_created"}
        for key in same:
            assert str(one.attrs[key]) == str(two.attrs[key]), key
        assert "(to_zarr)" in one.attrs["history"]
        assert json.loads(one.attrs["provenance"])["software"]["zarr"]


def test_to_zarr__values_are_bit_equal(tmp_path):
    ds = density()
    back = xr.open_zarr(to_zarr(ds, tmp_path / "g.zarr"))
    assert back["vessel_hours"].values.tobytes() == ds["vessel_hours"].values.tobytes()
    assert (back["month"].values == ds["month"].values).all()


def test_to_zarr__large_arrays_are_sharded(tmp_path, monkeypatch):
    monkeypatch.setattr(zarrs, "SHARD_BYTES", 8 << 20)
    ds = density(nx=1100, ny=1500, step=0.01).isel(ship_class=0)
    path = to_zarr(ds, tmp_path / "g.zarr")
    array = zarr.open_group(path, mode="r")["vessel_hours"]
    assert array.chunks == (1, 512, 512)
    assert array.shards == (1, 1024, 1024)
    assert zarr.open_group(path, mode="r")["month"].shards is None
    files = [name for _, _, names in os.walk(path / "vessel_hours") for name in names]
    assert len(files) == 1 + 3 * 2 * 2
    np.testing.assert_array_equal(
        xr.open_zarr(path)["vessel_hours"].values, ds["vessel_hours"].values
    )


def test_to_zarr__takes_dask(tmp_path):
    ds = density()
    path = to_zarr(ds.chunk(lat=3, lon=5), tmp_path / "g.zarr")
    np.testing.assert_array_equal(
        xr.open_zarr(path)["vessel_hours"].values, ds["vessel_hours"].values
    )


def test_to_zarr__replaces_a_zarr_and_nothing_else(tmp_path):
    path = to_zarr(density(), tmp_path / "g.zarr")
    to_zarr(density(seed=8), path)
    again = xr.open_zarr(path)["vessel_hours"].values
    np.testing.assert_array_equal(again, density(seed=8)["vessel_hours"].values)
    assert os.listdir(tmp_path) == ["g.zarr"]
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "mother.txt").write_text("dear")
    with pytest.raises(FileExistsError, match=r"holds no zarr\.json"):
        to_zarr(density(), tmp_path / "letters")
    assert (tmp_path / "letters" / "mother.txt").exists()


def test_to_zarr__failure_leaves_the_old_one(tmp_path, monkeypatch):
    path = to_zarr(density(), tmp_path / "g.zarr")

    def full(self, target, **options):
        os.mkdir(target)
        raise OSError("no space left on device")

    monkeypatch.setattr(xr.Dataset, "to_zarr", full)
    with pytest.raises(OSError, match="no space"):
        to_zarr(density(seed=8), path)
    np.testing.assert_array_equal(
        xr.open_zarr(path)["vessel_hours"].values, density()["vessel_hours"].values
    )
    assert os.listdir(tmp_path) == ["g.zarr"]


def test_to_zarr__confidential_content_is_refused(tmp_path):
    with pytest.raises(ConfidentialError, match="tracks"):
        to_zarr(tracks(), tmp_path / "t.zarr")
    with pytest.raises(ConfidentialError, match="min_vessels is 2"):
        to_zarr(density().assign_attrs(min_vessels=2), tmp_path / "t.zarr")
    assert list(tmp_path.iterdir()) == []


def test_shards_of__never_exceeds_its_bytes():
    for shape in ((40_000_000,), (3, 700), (12, 13, 18_000, 36_000), (1, 1, 5, 90_000)):
        chunks = tuple(
            min(n, 512) if i > len(shape) - 3 else 1 for i, n in enumerate(shape)
        )
        shards = zarrs.shards_of(shape, chunks, 8)
        assert 8 * np.prod(shards) <= max(zarrs.SHARD_BYTES, 8 * np.prod(chunks))
        assert all(s % c == 0 for s, c in zip(shards, chunks, strict=True))
