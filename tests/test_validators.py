"""Products before other people's validators and tools, without a network."""

from __future__ import annotations

import copy
import json

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import xarray as xr

from oceandata.products import to_csv, to_geoparquet, to_geotiff, to_netcdf, to_zarr
from tests import validators
from tests.product_samples import density, tracks

KEY = b"a key of sixteen bytes or more"
OPEN = {"confidential": "allow", "reason": "test of the validators"}
ITEM = {
    "type": "Feature",
    "stac_version": "1.1.0",
    "id": "hours",
    "geometry": {"type": "Point", "coordinates": [120.5, 36.25]},
    "bbox": [120.5, 36.25, 120.5, 36.25],
    "properties": {"datetime": "2024-03-01T00:00:00Z"},
    "links": [],
    "assets": {"data": {"href": "hours.nc", "type": "application/netcdf"}},
}


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    import socket

    def refuse(*args, **kwargs):
        raise AssertionError(f"something asked for the network: {args}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def test_compliance_checker__command_leaves_with_0(tmp_path):
    grid = to_netcdf(density(west=177.0, wrap=True), tmp_path / "grid.nc")
    ragged = to_netcdf(
        tracks(),
        tmp_path / "tracks.nc",
        identities="pseudonyms",
        pseudonym_key=KEY,
        **OPEN,
    )
    assert validators.compliance_status(grid) == 0
    assert validators.compliance_status(ragged) == 0
    with xr.open_dataset(grid, engine="netcdf4", decode_cf=False) as ds:
        broken = ds.load()
    broken["lat"].attrs["units"] = "hours"
    broken.to_netcdf(tmp_path / "broken.nc", engine="netcdf4")
    assert validators.compliance_status(tmp_path / "broken.nc") == 1


def test_compliance_checker__terms_and_acdd(tmp_path):
    source = {"name": "a", "license": "CC-BY-4.0", "doi": "10.5281/zenodo.1167595"}
    path = to_netcdf(
        density(), tmp_path / "g.nc", sources=[source], summary="Hours of vessels."
    )
    assert validators.compliance(path) == []
    told = validators.compliance(path, "acdd:1.3")
    assert not [text for text in told if "license" in text], told


@pytest.mark.filterwarnings("ignore:Use `@` matmul")
def test_cog__is_valid_and_opens_in_gdal(tmp_path):
    path = to_geotiff(density(nx=1200, ny=700, step=0.01), tmp_path / "g.tif")
    assert validators.cog(path) == []
    told = validators.gdal_raster(path)
    assert told["size"] == (1200, 700)
    np.testing.assert_allclose(told["bounds"], (117, 31, 129, 38))
    assert told["epsg"] == 4326
    assert told["bands"][:2] == ["cargo, 2023-12", "cargo, 2024-01"]
    assert validators.gdal_provider() in ("gdalinfo", "rasterio")


@pytest.mark.parametrize("encoding", ["WKB", "native"])
@pytest.mark.parametrize("geometry", ["points", "lines"])
def test_geoparquet__tracks_are_valid(tmp_path, geometry, encoding):
    path = to_geoparquet(
        tracks(),
        tmp_path / "t.parquet",
        geometry=geometry,
        encoding=encoding,
        identities="reveal",
        **OPEN,
    )
    assert validators.geoparquet(path) == []


def test_geoparquet__events_are_valid_and_the_check_can_fail(tmp_path):
    stops = pd.DataFrame({"lon": [120.5, np.nan], "lat": [36.25, 35.0]})
    path = to_geoparquet(stops, tmp_path / "stops.parquet")
    assert validators.geoparquet(path) == []
    table = pq.read_table(path)
    geo = json.loads(table.schema.metadata[b"geo"])
    geo["columns"]["geometry"]["encoding"] = "XYZ"
    pq.write_table(
        table.replace_schema_metadata({"geo": json.dumps(geo)}), tmp_path / "x.parquet"
    )
    assert validators.geoparquet(tmp_path / "x.parquet")


def test_csv__opens_in_gdal(tmp_path):
    rows = validators.gdal_table(to_csv(density(), tmp_path / "grid.csv"))
    assert rows == 2 * 3 * 7 * 12
    assert validators.vector_provider() in ("ogrinfo", "pyogrio")


def test_zarr__opens_in_xarray_and_in_zarr_alone(tmp_path):
    import zarr

    ds = density()
    path = to_zarr(ds, tmp_path / "g.zarr")
    group = zarr.open_group(path, mode="r")
    assert group.metadata.zarr_format == 3
    wanted = ds["vessel_hours"].values
    np.testing.assert_array_equal(group["vessel_hours"][:], wanted)
    np.testing.assert_array_equal(xr.open_zarr(path)["vessel_hours"].values, wanted)


def test_validate_stac__knows_good_from_bad():
    assert validators.validate_stac(ITEM) == []
    bad = copy.deepcopy(ITEM)
    del bad["properties"]["datetime"]
    bad["bbox"] = [120.5, 36.25]
    faults = validators.validate_stac(bad)
    assert any("datetime" in fault for fault in faults)
    assert any("bbox" in fault for fault in faults)
    assert validators.validate_stac(ITEM | {"stac_version": "0.9.0"})
    assert validators.validate_stac(ITEM | {"type": "Thing"})


def test_validate_stac__catalogs_and_collections():
    links = [{"rel": "root", "href": "./catalog.json"}]
    catalog = {
        "type": "Catalog",
        "stac_version": "1.1.0",
        "id": "yellow-sea",
        "description": "Products of the Yellow Sea",
        "links": links,
    }
    assert validators.validate_stac(catalog) == []
    span = [["2024-01-01T00:00:00Z", None]]
    extent = {"spatial": {"bbox": [[117, 31, 127, 41]]}, "temporal": {"interval": span}}
    collection = catalog | {
        "type": "Collection",
        "license": "CC-BY-4.0",
        "extent": extent,
    }
    assert validators.validate_stac(collection) == []
    del collection["license"]
    assert validators.validate_stac(collection)
