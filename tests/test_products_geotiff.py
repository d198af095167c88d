"""GeoTIFF products: georeference, values, nodata, validity as COG."""

from __future__ import annotations

import json
import os

import numpy as np
import pytest
import rasterio
from rio_cogeo import cog_validate

from oceandata.errors import ConfidentialError, SchemaError
from oceandata.products import to_geotiff
from tests.product_samples import density

# rasterio 1.4 multiplies affine transforms in a way that affine 3 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:Use `@` matmul")


def test_to_geotiff__is_valid_cog_with_overviews(tmp_path):
    ds = density(nx=1400, ny=700, step=0.01).isel(month=0)
    path = to_geotiff(ds, tmp_path / "big.tif")
    assert cog_validate(path, strict=True, quiet=True) == (True, [], [])
    with rasterio.open(path) as raster:
        assert raster.overviews(1) == [2, 4]
        assert raster.tags()["overviews"] == "average"
        assert raster.count == 2
    assert os.listdir(tmp_path) == ["big.tif"]


def test_to_geotiff__pixel_lies_where_the_cell_is(tmp_path):
    ds = density()
    with rasterio.open(to_geotiff(ds, tmp_path / "g.tif")) as raster:
        assert (raster.width, raster.height) == (12, 7)
        assert raster.crs.to_epsg() == 4326
        assert tuple(raster.bounds) == (117.0, 31.0, 123.0, 34.5)
        row, column = raster.index(121.3, 31.8)
        assert raster.xy(row, column) == (121.25, 31.75)
        value = raster.read(2)[row, column]
        sampled = next(raster.sample([(121.3, 31.8)], indexes=2))[0]
    wanted = ds["vessel_hours"].isel(ship_class=0, month=1)
    wanted = float(wanted.sel(lon=121.25, lat=31.75))
    np.testing.assert_array_equal([value, sampled], [wanted, wanted])


@pytest.mark.parametrize("dtype", [None, "float64", "float32"])
def test_to_geotiff__values_are_bit_equal(tmp_path, dtype):
    ds = density()
    path = to_geotiff(ds, tmp_path / "g.tif", dtype=dtype)
    with rasterio.open(path) as raster:
        bands = raster.read()
        assert np.isnan(raster.nodata)
        assert raster.descriptions[:2] == ("cargo, 2023-12", "cargo, 2024-01")
        assert raster.units == ("h",) * 6
    wanted = ds["vessel_hours"].values.reshape(6, 7, 12)[:, ::-1]
    wanted = np.ascontiguousarray(wanted, dtype=dtype or "float64")
    assert bands.tobytes() == wanted.tobytes()
    assert np.isnan(bands).sum() == ds.attrs["withheld_cells"]


@pytest.mark.parametrize("flip", ["lat", "lon"])
def test_to_geotiff__order_of_axes_does_not_matter(tmp_path, flip):
    ds = density()
    ds["vessel_hours"] = ds["vessel_hours"].transpose(
        "ship_class", "month", "lon", "lat"
    )
    turned = ds.isel({flip: slice(None, None, -1)})
    with (
        rasterio.open(to_geotiff(density(), tmp_path / "a.tif")) as one,
        rasterio.open(to_geotiff(turned, tmp_path / "b.tif")) as two,
    ):
        assert one.bounds == two.bounds
        np.testing.assert_array_equal(one.read(), two.read())


def test_to_geotiff__crosses_dateline_in_one_piece(tmp_path):
    ds = density(west=177.0, nx=9, wrap=True)
    with rasterio.open(to_geotiff(ds, tmp_path / "d.tif")) as raster:
        assert tuple(raster.bounds) == (177.0, 31.0, 181.5, 34.5)
        assert raster.read(1)[-1, 8] == pytest.approx(
            float(ds["vessel_hours"][0, 0, 0, 8]), nan_ok=True, rel=0
        )


def test_to_geotiff__flags_take_the_mode(tmp_path):
    ds = density()
    path = to_geotiff(ds, tmp_path / "w.tif", variable="withheld")
    with rasterio.open(path) as raster:
        assert raster.tags()["overviews"] == "mode"
        np.testing.assert_array_equal(raster.read(1), ds["withheld"].values[0, 0, ::-1])


def test_to_geotiff__carries_provenance_and_account(tmp_path):
    with rasterio.open(to_geotiff(density(), tmp_path / "g.tif")) as raster:
        tags = raster.tags()
    assert json.loads(tags["provenance"])["software"]["numpy"] == np.__version__
    assert tags["min_vessels"] == "3"
    assert "picked" not in tags


def test_to_geotiff__irregular_grid_is_refused(tmp_path):
    ds = density().isel(lon=[0, 1, 3, 4])
    with pytest.raises(SchemaError, match="lon is not regular"):
        to_geotiff(ds.drop_vars("lon_bounds"), tmp_path / "g.tif")


@pytest.mark.parametrize("minimum", [1, 2, None])
def test_to_geotiff__few_vessels_are_refused(tmp_path, minimum):
    ds = density().assign_attrs(min_vessels=minimum)
    with pytest.raises(ConfidentialError, match="min_vessels"):
        to_geotiff(ds, tmp_path / "g.tif")
    assert list(tmp_path.iterdir()) == []
    to_geotiff(ds, tmp_path / "g.tif", confidential="allow", reason="a test")
