"""Invented vessels for the tests of the registry."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from oceandata.tracks.registry import vessel_registry

# Numbers with a right check digit that no vessel bears.
IMO_A, IMO_B = 2000004, 2000016


def fleet():
    return pd.DataFrame(
        {
            "船名": ["浙岭渔 23861", "鲁荣渔 ５５１２", "辽大甘渔 15002"],
            "九位码": ["412000001", "412000002", ""],
            "渔船编码": ["3310811999070001", "3710822001050002", "2102832010030003"],
            "作业类型": ["双拖", "流刺网", "张网"],
            "主机功率（马力）": ["400", "300", "0"],
            "船长": ["36.5", "24", "不详"],
            "总吨位": ["205", "88", "61"],
            "船籍港": ["温岭", "荣成", "大连"],
        }
    )


def licences():
    return pd.DataFrame(
        {
            "MMSI": [412000001, 412000002, 412000003],
            "IMO": [IMO_A, 0, IMO_B],
            "Name": ["ZHE LING YU 23861", "鲁荣渔5512", "HAI FENG"],
            "Call Sign": ["BZAA-1", "", "BZCC3"],
            "gear": ["PTB", "OTB", "LLD"],
            "power_kw": [294.2, 295.0, 1200.0],
            "flag": ["CHN", "CHN", "PAN"],
            "date": ["2024-03-01", "2023-07-15", "2022-01-01"],
        }
    )


def both(**options):
    return vessel_registry(
        {"fleet": fleet(), "licences": licences()},
        dates={"fleet": "2020-06-30"},
        **options,
    )


def tracks(rows, **more):
    """One fix a trajectory: (mmsi, day), and further variables."""
    mmsi, days = zip(*rows, strict=True)
    n = len(rows)
    ds = xr.Dataset(
        {
            "trajectory_id": ("trajectory", [f"t{k}" for k in range(n)]),
            "mmsi": ("trajectory", np.array(mmsi, "i8")),
            "row_size": ("trajectory", np.ones(n, "i8")),
            "time": ("obs", np.array(days, "M8[us]")),
            "lon": ("obs", np.linspace(121.0, 123.0, n)),
            "lat": ("obs", np.linspace(30.0, 31.0, n)),
        }
    )
    return ds.assign({name: ("trajectory", values) for name, values in more.items()})
