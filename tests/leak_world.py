"""A small sea whose vessels can be recognised anywhere: names, numbers, file names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

import oceandata as od

HEAD = (
    "MMSI,BaseDateTime,LAT,LON,SOG,COG,Heading,VesselName,IMO,CallSign,VesselType,"
    "Status,Length,Width,Draft,Cargo,TransceiverClass"
)
NAMES = (
    "QIONG HAI 88213", "鲁荣渔58926", "ZEPHYRA QUARTZ", "浙普渔运30517", "MINGYUE-7391",
    "OBSIDIAN HERON", "XUELONG PIONEER", "辽大高渔25188", "KESTREL & WREN",
)  # fmt: skip
SIGNS = (
    "BZQX7", "BVKW3", "3FJQ9", "BYXZ8", "9VQZ2", "BXKJ5", "BQWZ4", "BRXV6", "VRQJ8",
)  # fmt: skip
MMSI = tuple(int(n) for n in (
    412763981, 412907354, 351846297, 413528746, 563947182, 414638295, 412385967,
    413794826, 477629384,
))  # fmt: skip
IMO = tuple(int(n) for n in (
    9387421, 9731846, 9514963, 9268572, 9645738, 9473916, 9852347, 9396715, 9718264,
))  # fmt: skip
ABSENT = 412459863
"""A vessel whose every row is set aside: it stands in the quarantine alone."""

BOX, STEP = (120.0, 35.0, 122.0, 36.0), 0.25
IDENTITIES = (*MMSI, *IMO, ABSENT, *NAMES, *SIGNS)


@dataclass(frozen=True)
class World:
    """The sea: its files, its store, and products made of it in memory."""

    folder: Path
    files: list[Path]
    store: od.store.Store
    hours: object
    by_class: object
    events: pd.DataFrame
    key: bytes = b"the secret key of this release"


def world(folder: Path) -> World:
    """Nine vessels, three in each of three classes, three files, one store."""
    rng = np.random.default_rng(7)
    tables = [_rows(rng, k) for k in range(len(MMSI))]
    bad = f"{ABSENT},2024-03-01T00:00:00,95.5,121.0,1.0,0,511,,,,30,0,,,,,B"
    names = (
        f"track_{MMSI[0]}_2024.csv",
        "Qiong-Hai-88213.csv",
        f"{NAMES[1]}号轨迹.csv",
    )
    files = []
    for k, name in enumerate(names):
        files.append(folder / name)
        rows = [*tables[3 * k], *tables[3 * k + 1], *tables[3 * k + 2]]
        rows += [bad, f"{MMSI[4]},not a time,35.2,121.0,{NAMES[4]}"] if k == 2 else []
        files[-1].write_text("\n".join([HEAD, *rows]) + "\n", "utf-8")
    store = od.create_store(folder / f"fleet of {MMSI[2]}.store")
    report = store.ingest(files)
    assert not report.refused
    assert report.rows_quarantined == 2
    grid = od.regular_grid(BOX, step=STEP)
    options = {"grid": grid, "gap": "6h", "workers": 1}
    hours = od.vessel_hours(store, by=(), **options)
    by_class = od.vessel_hours(store, by=("class", "month"), **options)
    assert int(by_class["withheld"].sum()) > 0
    assert float(by_class["vessel_hours"].sum()) > 0
    events = pd.DataFrame(
        {
            "mmsi": MMSI,
            "name": NAMES,
            "call_sign": SIGNS,
            "imo": IMO,
            "trajectory_id": [f"AIS-{mmsi}/2" for mmsi in MMSI],
            "calls": np.arange(9) + 1,
            "remarks": [f"{name} met {NAMES[k - 1]}" for k, name in enumerate(NAMES)],
        }
    )
    return World(folder, files, store, hours, by_class, events)


def _rows(rng, k: int) -> list[str]:
    """Three days of one vessel, wandering over a few cells that others visit too."""
    kind = (30, 70, 80)[k % 3]
    lon = 120.9 + np.cumsum(rng.normal(0, 0.09, 40))
    lat = 35.5 + np.cumsum(rng.normal(0, 0.05, 40))
    lon, lat = np.clip(lon, 120.05, 121.9), np.clip(lat, 35.05, 35.95)
    times = np.datetime64("2024-03-01", "s") + np.arange(40) * np.timedelta64(2, "h")
    name = f'"{NAMES[k]}"' if " " in NAMES[k] else NAMES[k]
    return [
        f"{MMSI[k]},{t},{y:.5f},{x:.5f},4.2,90.0,511,{name},IMO{IMO[k]},{SIGNS[k]},"
        f"{kind},0,{24 + k},6,2.5,{kind},A"
        for t, x, y in zip(times, lon, lat, strict=True)
    ]
