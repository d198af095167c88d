"""Small products for tests: asymmetric in every axis, with withheld cells."""

from __future__ import annotations

import numpy as np
import xarray as xr

US = 3_600_000_000


def density(*, west=117.0, south=31.0, nx=12, ny=7, step=0.5, wrap=False, seed=7):
    """A density product as vessel_hours returns it, two classes by three months."""
    rng = np.random.default_rng(seed)
    lon_edges = west + step * np.arange(nx + 1)
    lat_edges = south + step * np.arange(ny + 1)
    lon, lat = lon_edges[:-1] + step / 2, lat_edges[:-1] + step / 2
    shape = (2, 3, ny, nx)
    us = rng.integers(1, 900 * US, shape) * (rng.random(shape) < 0.6)
    withheld = ((us > 0) & (rng.random(shape) < 0.2)).astype("i1")
    hours = us / US
    hours[withheld > 0] = np.nan
    lon_bounds = np.stack([lon_edges[:-1], lon_edges[1:]], axis=1)
    if wrap:
        lon, lon_bounds = ((a + 180) % 360 - 180 for a in (lon, lon_bounds))
    dims = ("ship_class", "month", "lat", "lon")
    hidden = int(us[withheld > 0].sum())
    total = int(us.sum())
    return xr.Dataset(
        {
            "vessel_hours": (dims, hours, {"long_name": "Vessel hours", "units": "h"}),
            "withheld": (dims, withheld),
        },
        coords={
            "ship_class": np.array(["cargo", "fishing"], object),
            "month": np.array(["2023-12", "2024-01", "2024-02"], "M8[M]").astype(
                "M8[us]"
            ),
            "lat": lat,
            "lon": lon,
            "lat_bounds": (
                ("lat", "bounds"),
                np.stack([lat_edges[:-1], lat_edges[1:]], axis=1),
            ),
            "lon_bounds": (("lon", "bounds"), lon_bounds),
        },
        attrs={
            "total_us": str(total + 18),
            "exported_us": str(total - hidden),
            "withheld_us": str(hidden),
            "off_grid_us": "11",
            "over_gap_us": "7",
            "withheld_cells": int(withheld.sum()),
            "min_vessels": 3,
            "path": "lonlat",
            "gap": "1h",
        },
    )


def tracks():
    """Two vessels, three trajectories, six fixes; one of them across the dateline."""
    time = [
        "2024-01-01T00:00:00",
        "2024-01-01T00:10:00.250001",
        "2024-01-01T00:20:01",
        "2024-01-02T00:00:00",
        "2024-01-02T00:00:10",
        "2024-01-05T12:00:00",
    ]
    one = {
        "trajectory_id": ["AIS-367752440", "AIS-367752440/2", "AIS-412000001"],
        "vessel_name": ["OCEAN STAR", "OCEAN STAR", ""],
    }
    numbers = {
        "mmsi": np.array([367752440, 367752440, 412000001]),
        "vessel": np.array([367752440, 367752440, 412000001]),
        "row_size": np.array([2, 1, 3]),
        "ship_type": np.array([70, 70, -1], "i2"),
    }
    fixes = {
        "time": np.array(time, "M8[us]"),
        "lon": np.array([120.1, 120.2, 120.35, 179.99, -179.99, -179.5]),
        "lat": np.array([35.9, 35.95, 36.0, -17.5, -17.51, -17.6]),
        "sog": np.array([12.1, 12.0, np.nan, 3.0, 3.5, 0.0], "f4"),
        "cog": np.array([90.0, 91.0, 92.0, 95.0, 94.0, np.nan], "f4"),
        "heading": np.array([90.0, np.nan, 92.0, 95.0, 94.0, 93.0], "f4"),
        "nav_status": np.array([0, 0, 0, 7, 7, 15], "i1"),
        "transceiver": np.array([1, 1, 1, 2, 2, 2], "i1"),
        "source": np.zeros(6, "i4"),
        "quality": np.array([1, 1, 2, 1, 1, 3], "i1"),
    }
    data = {name: ("trajectory", np.array(v, object)) for name, v in one.items()}
    data |= {name: ("trajectory", values) for name, values in numbers.items()}
    data |= {name: ("obs", values) for name, values in fixes.items()}
    attrs = {"featureType": "trajectory", "sources": ["/data/port a/ais.csv"]}
    return xr.Dataset(data, attrs=attrs)
