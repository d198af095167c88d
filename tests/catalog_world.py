"""Two stores in a folder, one across the dateline, for the tests of the catalogue."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import store_world as world

from oceandata.store import create_store
from oceandata.store.maps import MapArray, StoreMap

HOUR = 3_600_000_000


NAME = "SECRETIVE"


def across(vessels=4, fixes=50):
    """Vessels that sail eastwards over the dateline, far south."""
    rows = []
    for v in range(vessels):
        for k in range(fixes):
            lon = (178.2 + 0.06 * k + 180) % 360 - 180
            lat = -17.5 - v / 4
            place = (round(lon * 1e5) * 100, round(lat * 1e5) * 100)
            rows.append((512000001 + v, world.JANUARY + k * HOUR, *place, 50, 900))
    return rows


def write_map(store):
    array = MapArray(("lat", "lon"), (4, 6), (2, 3), (2, 3), attributes={"units": "h"})
    axes = {
        "lat": np.arange(4) - 18.0,
        "lon": np.array([177.0, 178, 179, -180, -179, -178]),
    }
    words = {
        "time_coverage_start": "2024-01-05T00:00:00Z",
        "time_coverage_end": "2024-01-07T00:00:00Z",
    }
    output = StoreMap(
        store.path, {"hours": array}, name="hours", coordinates=axes, attributes=words
    )
    writer, files = output.begin(), {}
    for a in (0, 2):
        for b in (0, 3):
            region = {"lat": (a, a + 2), "lon": (b, b + 3)}
            files |= output.write(writer, region, np.ones((2, 3)))
    output.finish(writer, files)


@pytest.fixture(autouse=True, scope="module")
def plain():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "oceandata.store.sources.find_reader", lambda *_: world.PlainReader()
        )
        yield


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with two stores, a backup of one, and something else."""
    root = tmp_path_factory.mktemp("catalog")
    data = root / "data"
    east = create_store(
        data / "east.store", owner="渔业局", license="CC-BY-4.0", sensitivity="public"
    )
    extra = ["! bad one", "! bad two", f"name 512000001 {world.JANUARY} {NAME} 30"]
    east.ingest(world.write(root / f"{NAME}.txt", across(), extra))
    write_map(east)
    west = create_store(data / "inner" / "west.store")
    rows = [r for r in world.rows_of(400, vessels=2, days=20) if r[2] < 0]
    west.ingest(world.write(root / "w.txt", rows))
    west.describe("tracks", title="Atlantic fleet", doi="10.1234/abc")
    west.copy(data / "backup.store")
    (data / "notes.nc.txt").write_text("x")
    return data


@pytest.fixture
def folder(made, tmp_path):
    shutil.copytree(made, tmp_path / "data")
    return tmp_path / "data"
