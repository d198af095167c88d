"""A store with everything in it, and damage, for the tests of copies and repair."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import store_world as world

from oceandata.store import create_store, open_store
from oceandata.store.maps import MapArray, StoreMap

ROWS = world.rows_of(400, days=50)


HEAD = 6


@pytest.fixture(autouse=True, scope="module")
def plain():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "oceandata.store.sources.find_reader", lambda *_: world.PlainReader()
        )
        yield


def take(store, folder, number, rows):
    extra = ["! bad", f"name 200000001 {world.JANUARY} NAME{number} 30"]
    return store.ingest(world.write(folder / f"{number}.txt", rows, extra))


def write_map(store, value):
    array = MapArray(("lat", "lon"), (4, 6), (2, 3), (2, 3))
    output = StoreMap(store.path, {"depth": array}, name="depth")
    writer, files = output.begin(), {}
    for row in (0, 2):
        for column in (0, 3):
            region = {"lat": (row, row + 2), "lon": (column, column + 3)}
            files |= output.write(writer, region, np.full((2, 3), float(value)))
    output.finish(writer, files)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A store with tracks of two months, statics, rejected rows, a map, old parts."""
    folder = tmp_path_factory.mktemp("made")
    store = create_store(folder / "s", owner="Harbour Institute")
    take(store, folder, 0, ROWS[:200])
    take(store, folder, 1, ROWS[200:300])
    write_map(store, 7)
    store.compact(force=True)
    assert store.refresh().number == HEAD
    return store.path


@pytest.fixture
def make(made):
    """A function that puts such a store into a folder."""

    def put(folder: Path):
        shutil.copytree(made, folder / "s")
        return open_store(folder / "s")

    return put


def foreign(folder: Path):
    """A store of another history with the same rows."""
    store = create_store(folder / "foreign")
    take(store, folder, 0, ROWS[:200])
    return store


def files(root: Path) -> dict[str, bytes]:
    found = (path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): path.read_bytes() for path in found}


def same(copy: Path, store) -> None:
    """The copy shows what the store shows, at every commit, and is whole."""
    opened = open_store(copy)
    assert opened.number == store.number
    opened.verify(deep=True)
    for number in (1, store.number):
        a, b = open_store(copy, as_of=number), open_store(store.path, as_of=number)
        assert world.view(a.open()) == world.view(b.open())
        assert a.quarantine().equals(b.quarantine())
        assert a.static().equals(b.static())
    assert opened.about("tracks") == store.about("tracks")


def flip(path: Path) -> Path:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 16
    path.write_bytes(data)
    return path


def cut(path: Path) -> Path:
    path.write_bytes(path.read_bytes()[:-1])
    return path


def lose(path: Path) -> Path:
    path.unlink()
    return path
