"""Licences: carried from the inputs, and stopping what may not be passed on."""

from __future__ import annotations

import json

import pandas as pd
import pytest
import rasterio
import xarray as xr
from PIL import Image

from oceandata import products
from oceandata.errors import LicenseError
from oceandata.products import provenance, rights
from tests.product_samples import density

FORBIDDEN = {
    "name": "satellite.csv",
    "license": "Vendor EULA 3",
    "redistribution": "forbidden",
}
WRITERS = {
    "to_netcdf": "g.nc",
    "to_zarr": "g.zarr",
    "to_csv": "g.csv",
    "to_geotiff": "g.tif",
    "plot_map": "g.png",
    "plot_panels": "p.png",
}
pytestmark = pytest.mark.filterwarnings("ignore:Use `@` matmul")


def data_for(name):
    ds = density()
    return {
        "plot_map": ds.isel(ship_class=0, month=1),
        "plot_panels": ds.isel(ship_class=0),
    }.get(name, ds)


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("way", ["argument", "attribute", "provenance"])
def test_exporters__forbidding_licence_stops_all(tmp_path, name, way):
    write, data, given = getattr(products, name), data_for(name), {}
    if way == "argument":
        given["sources"] = [FORBIDDEN]
    elif way == "attribute":
        data = data.assign_attrs({k: v for k, v in FORBIDDEN.items() if k != "name"})
    else:
        given["provenance"] = provenance(inputs=[FORBIDDEN])
    with pytest.raises(LicenseError, match="Vendor EULA 3"):
        write(data, tmp_path / WRITERS[name], **given)
    with pytest.raises(LicenseError, match="forbid passing it on"):
        write(data, tmp_path / WRITERS[name], override_license="MIT", **given)
    assert list(tmp_path.iterdir()) == []
    path = write(
        data, tmp_path / WRITERS[name], override_license="Vendor EULA 3", **given
    )
    assert path.exists()


def test_exporters__table_and_report_too(tmp_path):
    stops = pd.DataFrame({"lon": [120.5], "lat": [36.25]})
    with pytest.raises(LicenseError):
        products.to_geoparquet(stops, tmp_path / "s.parquet", sources=FORBIDDEN)
    given = {"title": "Report", "accounting": density(), "sources": [FORBIDDEN]}
    with pytest.raises(LicenseError):
        products.write_report(tmp_path / "r.html", **given)
    page = products.write_report(
        tmp_path / "r.html", override_license=["Vendor EULA 3"], **given
    ).read_text("utf-8")
    assert "although the licence “Vendor EULA 3” forbids redistribution" in page


def test_override__is_told_in_the_provenance(tmp_path):
    path = products.to_netcdf(
        density(),
        tmp_path / "g.nc",
        sources=[FORBIDDEN],
        override_license="Vendor EULA 3",
    )
    with xr.open_dataset(path, engine="netcdf4") as ds:
        record = json.loads(ds.attrs["provenance"])
        assert ds.attrs["redistribution"] == "forbidden"
    assert record["overridden_licenses"] == ["Vendor EULA 3"]
    assert record["licenses"][0]["name"] == "satellite.csv"


def test_terms__are_carried_into_every_format(tmp_path):
    source = {
        "license": "CC-BY-4.0",
        "attribution": "Ocean Office",
        "doi": "https://doi.org/10.1234/abc.5",
    }
    given = {"sources": [source]}
    ds = density()
    with xr.open_dataset(
        products.to_netcdf(ds, tmp_path / "g.nc", **given), engine="netcdf4"
    ) as file:
        attrs = file.attrs
    assert attrs["license"] == "CC-BY-4.0"
    assert attrs["attribution"] == attrs["acknowledgement"] == "Ocean Office"
    assert attrs["references"] == "https://doi.org/10.1234/abc.5"
    assert attrs["redistribution"] == "allowed"
    zarr = xr.open_zarr(products.to_zarr(ds, tmp_path / "g.zarr", **given))
    assert zarr.attrs["references"] == attrs["references"]
    products.to_csv(ds, tmp_path / "g.csv", **given)
    told = json.loads((tmp_path / "g.csv.json").read_text("utf-8"))
    assert told["attributes"]["attribution"] == "Ocean Office"
    with rasterio.open(products.to_geotiff(ds, tmp_path / "g.tif", **given)) as file:
        assert file.tags()["license"] == "CC-BY-4.0"
    one = ds.isel(ship_class=0, month=1)
    with Image.open(products.plot_map(one, tmp_path / "m.png", **given)) as picture:
        record = json.loads(picture.text["provenance"])
    assert record["licenses"][0]["doi"] == "10.1234/abc.5"
    figure = products.plot_map(one, **given)
    assert any("Data: Ocean Office" in text.get_text() for text in figure.texts)


def test_license_of_the_product__stands_before_that_of_the_inputs(tmp_path):
    given = {"license": "CC0-1.0", "sources": [{"license": "CC-BY-4.0"}]}
    path = products.to_netcdf(density(), tmp_path / "g.nc", **given)
    with xr.open_dataset(path, engine="netcdf4") as ds:
        assert ds.attrs["license"] == "CC0-1.0"
        assert json.loads(ds.attrs["provenance"])["licenses"] == [
            {"name": "source", "license": "CC-BY-4.0", "redistribution": "allowed"}
        ]


def test_rights_of__terms_of_a_publisher_are_named_not_guessed():
    inputs = [
        {"name": "AIS_2023_01_01.csv", "format": "noaa", "publisher": "noaa"},
        {"name": "AIS_2023_01_02.csv", "format": "noaa", "publisher": "noaa"},
        {"name": "fleet.csv", "publisher": "gfw"},
        {"name": "simulated.csv", "format": "noaa"},
        {"name": "own.csv", "format": "noaa", "license": "ours", "doi": "10.1234/5"},
    ]
    found = rights.rights_of({}, inputs)
    assert [each.license.split()[0] for each in found] == [
        *("Public", "CC-BY-NC-4.0", "ours")
    ]
    assert [each.redistribution for each in found] == ["allowed", "allowed", "unknown"]


def test_rights__faults_are_named():
    with pytest.raises(ValueError, match="redistribution of a must be one of"):
        rights.rights("a", redistribution="maybe")
    with pytest.raises(ValueError, match="doi must look like"):
        rights.rights("a", doi="zenodo 12")
    with pytest.raises(ValueError, match="publisher must be one of noaa"):
        rights.rights_of({}, sources={"publisher": "nobody"})


def test_cleared__unknown_terms_stop_nothing():
    record, attrs = rights.cleared({"license": "ask the owner"})
    assert attrs == {"license": "ask the owner", "redistribution": "unknown"}
    assert "overridden_licenses" not in record
    assert rights.cleared({})[1] == {}


def test_cleared__takes_other_peoples_attributes():
    attrs = {"provenance": "made by hand", "doi": "see the paper", "license": "free"}
    record, terms = rights.cleared(attrs)
    assert record["before"] == "made by hand"
    assert record["licenses"] == [{"license": "free", "redistribution": "unknown"}]
    assert "references" not in terms
