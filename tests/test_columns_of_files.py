"""Columns that are named are found in files that are no text, without a format."""

from __future__ import annotations

import netCDF4
import numpy as np
import pandas as pd

import oceandata as od


def test_open__parquet_with_named_columns(tmp_path):
    path = tmp_path / "p.parquet"
    when = pd.to_datetime(["2024-03-01 08:00", "2024-03-01 08:10"])
    pd.DataFrame(
        {"boat": "A 7", "when": when, "lon": [122.5, 122.51], "lat": [30.25, 30.26]}
    ).to_parquet(path)
    tracks = od.open_tracks(path, columns={"vessel": "boat", "time": "when"})
    assert tracks.sizes["obs"] == 2
    assert str(tracks.time.values[0])[:16] == "2024-03-01T08:00"


def test_open__netcdf_with_named_variables(tmp_path):
    path = tmp_path / "d.nc"
    with netCDF4.Dataset(path, "w") as data:
        data.featureType = "trajectory"
        data.createDimension("obs", 2)
        for name, values in (("when", [0, 600]), ("where_x", [122.5, 122.51])):
            data.createVariable(name, "f8", ("obs",))[:] = np.array(values)
        data.createVariable("lat", "f8", ("obs",))[:] = [30.25, 30.26]
        data["when"].units = "seconds since 2024-03-01"
    tracks = od.open_tracks(path, columns={"time": "when", "lon": "where_x"})
    np.testing.assert_allclose(tracks.lon.values, [122.5, 122.51])
