"""GeoParquet products: geometry, metadata, other readers, confidentiality."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import shapely

from oceandata.errors import ConfidentialError, SchemaError
from oceandata.products import to_geoparquet
from oceandata.products.lines import lines_of
from tests.product_samples import density, tracks

OPEN = {"identities": "reveal", "confidential": "allow", "reason": "a test of lines"}


def stops():
    return pd.DataFrame(
        {
            "start": pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03"]),
            "lon": [120.25, np.nan, -179.5],
            "lat": [36.5, 35.0, -17.25],
            "kind": ["码头", "anchorage", "fishing"],
        }
    )


def geo_of(path):
    return json.loads(pq.read_schema(path).metadata[b"geo"])


def test_to_geoparquet__metadata_is_complete(tmp_path):
    path = to_geoparquet(stops(), tmp_path / "s.parquet", license="CC-BY-4.0")
    geo = geo_of(path)
    column = geo["columns"][geo["primary_column"]]
    assert (geo["version"], column["encoding"]) == ("1.1.0", "WKB")
    assert column["geometry_types"] == ["Point"]
    assert column["bbox"] == [-179.5, -17.25, 120.25, 36.5]
    assert column["crs"]["id"] == {"authority": "OGC", "code": "CRS84"}
    assert column["covering"]["bbox"]["xmin"] == ["bbox", "xmin"]
    metadata = pq.read_schema(path).metadata
    assert json.loads(metadata[b"oceandata"])["license"] == "CC-BY-4.0"
    assert json.loads(metadata[b"provenance"])["software"]["shapely"]


@pytest.mark.parametrize("encoding", ["WKB", "native"])
def test_to_geoparquet__geopandas_reads_it(tmp_path, encoding):
    geopandas = pytest.importorskip("geopandas", reason="pip install geopandas")
    path = to_geoparquet(stops(), tmp_path / "s.parquet", encoding=encoding)
    frame = geopandas.read_parquet(path)
    assert [None if g is None else g.wkt for g in frame.geometry] == [
        *("POINT (120.25 36.5)", None, "POINT (-179.5 -17.25)")
    ]
    assert frame["kind"].tolist() == ["码头", "anchorage", "fishing"]
    assert str(frame["start"].dt.tz) == "UTC"
    near = geopandas.read_parquet(path, bbox=(119, 30, 125, 40))
    assert near["kind"].tolist() == ["码头"]
    again = to_geoparquet(frame.to_crs(3857), tmp_path / "again.parquet")
    moved = geopandas.read_parquet(again).geometry
    assert moved[0].distance(shapely.Point(120.25, 36.5)) < 1e-9


@pytest.mark.parametrize("encoding", ["WKB", "native"])
def test_to_geoparquet__lines_are_cut_at_the_dateline(tmp_path, encoding):
    path = to_geoparquet(
        tracks(), tmp_path / "t.parquet", geometry="lines", encoding=encoding, **OPEN
    )
    table = pq.read_table(path)
    assert table["fixes"].to_pylist() == [2, 1, 3]
    assert str(table["start"][0]) == "2024-01-01 00:00:00+00:00"
    boxes = table["bbox"].to_pylist()
    assert boxes[1] is None
    assert (boxes[2]["xmin"], boxes[2]["xmax"]) == (-180.0, 180.0)
    if encoding == "WKB":
        shapes = shapely.from_wkb(table["geometry"].to_pylist())
        assert shapes[0].wkt == "LINESTRING (120.1 35.9, 120.2 35.95)"
        west, east = shapes[2].geoms
        assert west.coords[-1] == pytest.approx((180.0, -17.505))
        assert east.coords[0] == pytest.approx((-180.0, -17.505))
        assert len(east.coords) == 3
    else:
        parts = table["geometry"][2].as_py()
        assert [len(part) for part in parts] == [2, 3]


def test_to_geoparquet__native_lines_without_a_crossing(tmp_path):
    near = tracks().isel(trajectory=[0, 1], obs=slice(0, 3))
    path = to_geoparquet(
        near, tmp_path / "t.parquet", geometry="lines", encoding="native", **OPEN
    )
    assert geo_of(path)["columns"]["geometry"]["encoding"] == "linestring"
    assert pq.read_table(path)["geometry"].to_pylist() == [
        [{"x": 120.1, "y": 35.9}, {"x": 120.2, "y": 35.95}],
        None,
    ]


def test_lines_of__many_crossings_keep_the_length():
    rng = np.random.default_rng(3)
    size = np.array([7, 0, 1, 40, 3])
    lon = (175 + np.cumsum(rng.normal(0, 6, size.sum())) + 180) % 360 - 180
    lat = np.cumsum(rng.normal(0, 1, size.sum()))
    lon[9] = np.nan
    shapes = lines_of(lon, lat, size)
    assert [shape is None for shape in shapes] == [False, True, True, False, False]
    stop = np.cumsum(size)
    for k in (0, 3, 4):
        x, y = (a[stop[k] - size[k] : stop[k]] for a in (lon, lat))
        x, y = x[np.isfinite(x)], y[np.isfinite(x)]
        dx = (np.diff(x) + 180) % 360 - 180
        assert shapes[k].length == pytest.approx(np.hypot(dx, np.diff(y)).sum())
        west, _, east, _ = shapes[k].bounds
        assert (west, east) >= (-180, -180)
        assert east <= 180


def test_to_geoparquet__empty_table(tmp_path):
    path = to_geoparquet(stops().iloc[:0], tmp_path / "s.parquet")
    assert pq.read_table(path).num_rows == 0
    assert "bbox" not in geo_of(path)["columns"]["geometry"]


def test_to_geoparquet__pseudonyms_replace_names(tmp_path):
    path = to_geoparquet(
        tracks(),
        tmp_path / "t.parquet",
        geometry="lines",
        confidential="allow",
        reason="a test of pseudonyms",
        identities="pseudonyms",
        pseudonym_key=b"a key of sixteen bytes or more",
    )
    content = path.read_bytes()
    for secret in (b"367752440", b"412000001", b"OCEAN STAR"):
        assert secret not in content
    assert not {"mmsi", "vessel_name"} & set(pq.read_schema(path).names)


def test_to_geoparquet__refusals(tmp_path):
    target = tmp_path / "x.parquet"
    with pytest.raises(ConfidentialError, match="tracks"):
        to_geoparquet(tracks(), target)
    with pytest.raises(ConfidentialError, match="mmsi"):
        to_geoparquet(stops().assign(mmsi=367752440), target)
    with pytest.raises(SchemaError, match="needs the columns lon and lat"):
        to_geoparquet(stops().drop(columns="lon"), target)
    with pytest.raises(SchemaError, match="needs tracks"):
        to_geoparquet(stops(), target, geometry="lines")
    with pytest.raises(SchemaError, match="a table has one dimension"):
        to_geoparquet(density(), target)
    with pytest.raises(ValueError, match="encoding must be"):
        to_geoparquet(stops(), target, encoding="GeoJSON")
    with pytest.raises(ValueError, match="geometry must be one of"):
        to_geoparquet(stops(), target, geometry="areas")
    assert list(tmp_path.iterdir()) == []
