"""GeoParquet and CF trajectories in NetCDF: equal to tables, refused when damaged."""

from __future__ import annotations

import json
import struct

import netCDF4
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from table_samples import lines, write

from oceandata.errors import FormatError
from oceandata.products import to_netcdf
from oceandata.readers import identify, open_tracks, read_tracks, reader
from oceandata.readers.dataframe import from_dataframe, to_dataframe
from oceandata.readers.geoparquet import to_wgs84
from oceandata.readers.wkb import points_of
from oceandata.store import create_store
from oceandata.tracks import split_tracks

RELEASE = {"identities": "reveal", "confidential": "allow", "reason": "round trip"}


@pytest.fixture(scope="module")
def tracks(tmp_path_factory):
    path = tmp_path_factory.mktemp("tracks") / "noaa.csv"
    ds = open_tracks(write(path, "noaa", lines("noaa", 3000)))
    fine = ds.lon.values.copy()
    fine[5] += 1e-11
    ds["lon"] = ds.lon.copy(data=fine)
    ds["quality"][::7] = 4
    return ds


def wkb(lon, lat, **options):
    return [
        shapely.to_wkb(shapely.Point(*xy), **options)
        for xy in zip(lon, lat, strict=True)
    ]


def marine_cadastre(tmp_path, n=1000, *, crs=None, rows=300):
    """A GeoParquet file in the layout of MarineCadastre, and the CSV of the same."""
    path = write(tmp_path / "noaa.csv", "noaa", lines("noaa", n))
    table = pd.read_csv(path, parse_dates=["BaseDateTime"])
    lon, lat = table.pop("LON"), table.pop("LAT")
    names = ["mmsi", "base_date_time", "sog", "cog", "heading", "vessel_name", "imo",
             "call_sign", "vessel_type", "status", "length", "width", "draft", "cargo",
             "transceiver"]  # fmt: skip
    table.columns = names
    arrow = pa.Table.from_pandas(table, preserve_index=False)
    arrow = arrow.append_column("geometry", pa.array(wkb(lon, lat), pa.binary()))
    column = {"encoding": "WKB", "geometry_types": ["Point"]}
    geo = {"version": "1.1.0", "primary_column": "geometry"}
    geo["columns"] = {"geometry": column | ({"crs": crs} if crs else {})}
    arrow = arrow.replace_schema_metadata({"geo": json.dumps(geo)})
    pq.write_table(arrow, tmp_path / "ais.parquet", row_group_size=rows)
    return tmp_path / "ais.parquet", path


def test_geoparquet__the_same_as_the_csv(tmp_path):
    parquet, table = marine_cadastre(tmp_path)
    assert identify(parquet).format == "geoparquet"
    assert identify(parquet).details["layout"] == "GeoParquet"
    a, b = open_tracks(parquet), open_tracks(table)
    for name in b.variables:
        np.testing.assert_array_equal(a[name].values, b[name].values, name)
    store = create_store(tmp_path / "a.store")
    assert store.ingest(parquet).rows_kept == 1000
    assert store.ingest(parquet).present


def test_geoparquet__columns_and_lines(tmp_path):
    table = pa.table(
        {
            "boat": pa.array(["a", "b", None]).dictionary_encode(),
            "t": pa.array([0, 1, 2], pa.timestamp("ms", "Asia/Shanghai")),
            "lon": pa.array([122.5, 200, 1], pa.float32()),
            "lat": [30, 30, 30],
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(FormatError, match="no column of vessels.*'time' is missing"):
        identify(tmp_path / "a.parquet")
    columns = {"vessel": "boat", "time": "t"}
    result = read_tracks(tmp_path / "a.parquet", format="geoparquet", columns=columns)
    assert result.rejected.reason.tolist() == ["longitude out of range", "no vessel id"]
    assert result.rejected.line.tolist() == [2, 3]
    assert str(result.dataset.time.values[0]) == "1970-01-01T00:00:00.000000"


def test_geoparquet__other_crs(tmp_path):
    from pyproj import CRS

    crs = json.loads(CRS.from_epsg(3857).to_json())
    parquet, _ = marine_cadastre(tmp_path, 20, crs=crs)
    ds = open_tracks(parquet)  # degrees taken for metres lie off Africa
    assert np.abs(ds.lon.values).max() < 0.01
    with pytest.raises(FormatError, match="its crs is not known here"):
        to_wgs84(np.zeros(1), np.zeros(1), "EPSG:0", where="a")


def test_wkb__all_that_is_a_point_and_nothing_else():
    point = shapely.Point(122.5, -30.25)
    deep = shapely.Point(122.5, -30.25, 7)
    line = shapely.LineString([(0, 1), (2, 3)])
    given = [
        shapely.to_wkb(point, byte_order=0),
        shapely.to_wkb(point, byte_order=1),
        shapely.to_wkb(deep, flavor="iso"),
        shapely.to_wkb(deep, flavor="extended"),
        shapely.to_wkb(shapely.set_srid(point, 4326), include_srid=True),
        shapely.to_wkb(line), b"", None, b"\x01", b"\x07" * 30,
        shapely.to_wkb(shapely.Point()),
    ]  # fmt: skip
    x, y = points_of(pa.array([b"x", *given], pa.binary()).slice(1))
    assert x[:5].tolist() == [122.5] * 5
    assert y[:5].tolist() == [-30.25] * 5
    assert np.isnan(x[5:]).all()


def test_netcdf__our_own_product_round_trip(tracks, tmp_path):
    to_netcdf(tracks, tmp_path / "a.nc", **RELEASE)
    ds = open_tracks(tmp_path / "a.nc")
    for name in tracks.variables:
        if name != "source":
            assert ds[name].identical(tracks[name]), name
    vms = open_tracks(write(tmp_path / "t.csv", "tacsat", lines("tacsat", 300)))
    to_netcdf(vms, tmp_path / "vms.nc", **RELEASE)
    again = open_tracks(tmp_path / "vms.nc")
    for name in set(vms.variables) - {"source"}:
        assert again[name].identical(vms[name]), name


def test_netcdf__pieces_become_tracks_again(tmp_path):
    body = [f"x,{v},{y},{x},01/03/2024,0{h}:00:00,3.0,90" for v, x, y, h in (
        ("A/7", 122.5, 30.25, 1), ("A/7", 122.5, 30.3, 2), ("A/7", 122.5, 30.26, 9),
        ("B", 121.5, 29.25, 1),
    )]  # fmt: skip
    vms = open_tracks(write(tmp_path / "t.csv", "tacsat", [r.encode() for r in body]))
    pieces = split_tracks(vms, gap="2h")
    assert set(pieces.trajectory_id.values) == {"VMS-A/7/1", "VMS-A/7/2", "VMS-B"}
    to_netcdf(pieces, tmp_path / "a.nc", **RELEASE)
    frame = to_dataframe(pieces).iloc[::-1]
    for again in (open_tracks(tmp_path / "a.nc"), from_dataframe(frame)):
        assert again.trajectory_id.equals(vms.trajectory_id)
        assert again.time.equals(vms.time)


SIZES = (3, 0, 2)
TIME = np.array([0, 60, 120, 30, 90])
LON = np.array([122.5, 122.51, 122.52, -70.25, -70.26])
LAT = np.array([30.25, 30.26, 30.27, 43.5, 43.25])


def cf_file(path, form, *, ids="str", kind="NETCDF4", units="seconds since 2024-01-01"):
    """A CF trajectory file of another tool, in one of the representations."""
    with netCDF4.Dataset(path, "w", format=kind) as nc:
        nc.featureType = "trajectory"
        nc.createDimension("traj", 1 if form == "single" else 3)
        names = np.array(["Ship A", "Ship B", "Ship C"])
        if ids == "char":
            nc.createDimension("length", 6)
            v = nc.createVariable("traj_name", "S1", ("traj", "length"))
            v[:] = netCDF4.stringtochar(names.astype("S6"))
        elif ids == "str":
            v = nc.createVariable("traj_name", str, ("traj",))
            v[:] = names.astype(object)[: nc.dimensions["traj"].size]
        elif ids:
            v = nc.createVariable("traj_name", ids, ("traj",))
            v[:] = [7, 8, 9]
        if ids:
            v.cf_role = "trajectory_id"
        _positions(nc, form, units)
    return path


def _positions(nc, form, units):
    dims, mask = ("obs",), np.ones(5, bool)
    if form == "single":
        mask = np.arange(5) < 3
    n = int(mask.sum())
    if form == "matrix":
        nc.createDimension("obs", 4)
        dims = ("traj", "obs")
    else:
        nc.createDimension("obs", n)
    if form == "contiguous":
        count = nc.createVariable("rowSize", "i4", ("traj",))
        count.sample_dimension = "obs"
        count[:] = SIZES
    if form == "indexed":
        index = nc.createVariable("trajIndex", "i4", ("obs",))
        index.instance_dimension = "traj"
        index[:] = [0, 2, 0, 2, 0]
    order = [0, 3, 1, 4, 2] if form == "indexed" else np.arange(5)[mask]
    for name, data, attrs in (
        ("TIME", TIME, {"standard_name": "time", "units": units}),
        ("where_x", LON, {"standard_name": "longitude"}),
        ("where_y", LAT, {"standard_name": "latitude"}),
        ("v", LAT / 10, {"standard_name": "platform_speed_wrt_ground",
                         "units": "m s-1"}),
    ):  # fmt: skip
        variable = nc.createVariable(name, "f8", dims, fill_value=-1e30)
        variable.setncatts(attrs)
        if form != "matrix":
            variable[:] = np.asarray(data)[order]
            continue
        cells = np.full((3, 4), -1e30)
        cells[0, :3], cells[2, :2] = data[:3], data[3:]
        variable[:] = np.ma.masked_equal(cells, -1e30)


@pytest.mark.parametrize("form", ["contiguous", "indexed", "matrix", "single"])
@pytest.mark.parametrize("ids", ["str", "char", "i4"])
def test_netcdf__files_of_other_tools(tmp_path, form, ids):
    if ids != "str" and form == "single":
        pytest.skip("one trajectory has one id; the text is tested")
    path = cf_file(tmp_path / "a.nc", form, ids=ids)
    assert identify(path).format == "trajectory-netcdf"
    ds = open_tracks(path)
    names = {"str": "Ship A Ship C", "char": "Ship A Ship C", "i4": "7 9"}[ids]
    names = {"Ship A Ship C": ["Ship A", "Ship C"], "7 9": ["7", "9"]}[names]
    wanted = {f"VMS-{names[0]}": 3} | (
        {} if form == "single" else {f"VMS-{names[1]}": 2}
    )
    sizes = dict(zip(ds.trajectory_id.values, ds.row_size.values.tolist(), strict=True))
    assert sizes == wanted
    starts = np.cumsum(ds.row_size.values) - ds.row_size.values
    for k, start in zip(ds.trajectory_id.values, starts, strict=True):
        mine = slice(0, 3) if k.endswith(names[0]) else slice(3, 5)
        rows = slice(start, start + wanted[k])
        np.testing.assert_array_equal(ds.lon.values[rows], LON[mine])
        np.testing.assert_array_equal(ds.lat.values[rows], LAT[mine])
        seconds = (ds.time.values[rows] - np.datetime64("2024-01-01")).astype("m8[s]")
        assert seconds.astype(int).tolist() == TIME[mine].tolist()
        np.testing.assert_allclose(
            ds.sog.values[rows], LAT[mine] / 10 * 3600 / 1852, rtol=1e-6
        )


@pytest.mark.parametrize(
    "kind", ["NETCDF3_CLASSIC", "NETCDF3_64BIT", "NETCDF4_CLASSIC"]
)
def test_netcdf__classic_formats(tmp_path, kind):
    path = cf_file(tmp_path / "a.nc", "contiguous", ids="char", kind=kind)
    assert open_tracks(path).sizes == {"trajectory": 2, "obs": 5}


def test_netcdf__time_units(tmp_path):
    path = cf_file(
        tmp_path / "a.nc", "single", units="days since 1950-01-01 00:00 +8:00"
    )
    ds = open_tracks(path)
    assert ds.time.values[0] == np.datetime64("1949-12-31T16:00")
    path = cf_file(tmp_path / "b.nc", "single", units="months since 1950-01-01")
    with pytest.raises(FormatError, match="expected CF times such as"):
        open_tracks(path)


def test_netcdf__what_is_no_trajectory(tmp_path):
    with netCDF4.Dataset(tmp_path / "grid.nc", "w") as nc:
        for name in ("lat", "lon", "time"):
            nc.createDimension(name, 2 if name == "lat" else 3)
            nc.createVariable(name, "f8", (name,))[:] = 1.0
    with pytest.raises(FormatError, match="not CF trajectories"):
        identify(tmp_path / "grid.nc")
    (tmp_path / "cut.nc").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    with pytest.raises(FormatError, match="no whole NetCDF file"):
        identify(tmp_path / "cut.nc")


@pytest.mark.parametrize("kind", ["geoparquet", "trajectory-netcdf", "nc3"])
def test_fuzz__damaged_files(tmp_path, kind):
    """Refused with a FormatError, or read with every row accounted for."""
    if kind == "geoparquet":
        path, _ = marine_cadastre(tmp_path, 60, rows=20)
    else:
        # the HDF5 library may crash on damaged NetCDF-4 metadata (libhdf5 issues),
        # so only its data are damaged; classic files are damaged anywhere
        form = "NETCDF4" if kind == "trajectory-netcdf" else "NETCDF3_CLASSIC"
        path = cf_file(tmp_path / "a.nc", "contiguous", ids="char", kind=form)
    data = path.read_bytes()
    rng = np.random.default_rng(1)
    name = "trajectory-netcdf" if kind == "nc3" else kind
    spots = np.arange(len(data))
    if kind == "trajectory-netcdf":
        at = data.find(struct.pack("<d", LON[0]))
        spots = np.arange(at, at + 40)
    outcomes = set()
    for _ in range(120):
        damaged = bytearray(data)
        for at in rng.choice(spots, rng.integers(1, 4)):
            damaged[at] = rng.integers(0, 256)
        path.write_bytes(damaged)
        try:
            found = list(reader(name).batches(path))
        except FormatError:
            outcomes.add("refused")
            continue
        outcomes.add("read")
        for batch in found:
            assert batch.rows_read == len(batch.columns) + len(batch.rejected)
    assert "read" in outcomes
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(FormatError):
        list(reader(name).batches(path))
