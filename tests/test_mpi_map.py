"""Map work: each piece its own shards, one commit, the same bytes on every engine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import mpi_map
import numpy as np
import pytest
import xarray as xr
from test_mpi import launch

import oceandata as od
from oceandata import engines
from oceandata.errors import DamagedStoreError, EngineError, StoreError
from oceandata.store.maps import MapArray, open_map


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return mpi_map.write_input(tmp_path_factory.mktemp("input") / "sst.npy")


@pytest.fixture(scope="module")
def reference(source, tmp_path_factory):
    path = tmp_path_factory.mktemp("map") / "reference.zarr"
    made = run(source, "zarr", path, workers=1)
    assert made == path
    return mpi_map.bytes_of(path)


def run(source, kind, path, pieces=None, **options):
    return engines.map_pieces(
        mpi_map.quantiles,
        pieces or mpi_map.blocks(source),
        output=mpi_map.output(kind, path, source),
        **options,
    )


def expected(source):
    return np.quantile(np.load(source), mpi_map.QUANTILES, axis=0)


def test_map_pieces__is_plain_zarr_with_the_right_values(source, tmp_path):
    path = run(source, "zarr", tmp_path / "q.zarr", workers=1)
    with xr.open_zarr(path, consolidated=False, chunks=None) as ds:
        assert ds["quantile"].dims == ("quantile_level", "lat", "lon")
        assert np.array_equal(ds["quantile"].values, expected(source))
        assert (ds["count"].values == 40).all()
        assert ds["lon"].values[1] == 120.75
        assert ds["quantile"].encoding["shards"] == (3, 12, 16)
        assert ds.attrs["title"] == "Quantiles over time"


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (2, 4), (3, 1)])
def test_map_pieces__same_bytes_for_any_pieces(
    source, reference, tmp_path, rows, columns
):
    pieces = mpi_map.blocks(source, rows, columns)
    path = run(source, "zarr", tmp_path / "q.zarr", pieces, workers=2)
    assert mpi_map.bytes_of(path) == reference


def test_map_pieces__same_bytes_on_dask(source, reference, tmp_path):
    path = run(source, "zarr", tmp_path / "q.zarr", engine="dask", workers=2)
    assert mpi_map.bytes_of(path) == reference


@pytest.mark.parametrize("ranks", [1, 2, 3, 4])
def test_map_pieces__same_bytes_under_mpi(source, reference, tmp_path, ranks):
    path = tmp_path / "q.zarr"
    done = launch(ranks, "mpi_map.py", source, "zarr", path)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.splitlines() == [f"{path} True"] * ranks
    assert mpi_map.bytes_of(path) == reference
    assert [p.name for p in tmp_path.iterdir()] == ["q.zarr"], "nothing is left over"


def test_map_pieces__ranks_commit_once_to_a_store(source, tmp_path):
    store = od.create_store(tmp_path / "s")
    done = launch(3, "mpi_map.py", source, "store", store.path)
    assert done.stdout.splitlines() == ["1 True"] * 3, done.stderr
    store.refresh()
    assert store.verify(deep=True)["parts"] == 1
    ds = open_map(store, "map")
    assert np.array_equal(ds["quantile"].values, expected(source))
    assert store.history()["kind"].tolist() == ["create", "map"]


def test_map_pieces__failing_rank_leaves_the_store_as_it_was(source, tmp_path):
    store = od.create_store(tmp_path / "s")
    done = launch(3, "mpi_map.py", source, "store", store.path, 7)
    assert done.returncode == 3
    lines = done.stdout.strip().splitlines()
    assert len(lines) == 3, "every rank tells it"
    assert all("piece 8 of 12 failed: OSError: the file server" in x for x in lines)
    assert store.refresh().number == 0
    assert list((store.path / "parts" / "maps").iterdir()) == []


def test_store_map__new_one_replaces_the_old_and_as_of_shows_it(source, tmp_path):
    store = od.create_store(tmp_path / "s")
    assert run(source, "store", store.path) == 1
    half = engines.map_pieces(
        halves,
        mpi_map.blocks(source),
        output=mpi_map.output("store", store.path, source),
    )
    assert half == 2
    now, before = od.open_store(store.path), od.open_store(store.path, as_of=1)
    assert np.array_equal(open_map(now, "map")["quantile"], expected(source) / 2)
    assert np.array_equal(open_map(before, "map")["quantile"], expected(source))
    assert now.info()["parts"] == 1
    assert now.compact(force=True) == []
    removed = now.vacuum(keep=1, grace="0s").removed
    assert any("maps" in path for path in removed)
    assert np.array_equal(open_map(now, "map")["quantile"], expected(source) / 2)


def halves(piece):
    found = mpi_map.quantiles(piece)
    return found | {"quantile": found["quantile"] / 2}


def test_open_map__names_what_is_missing(source, tmp_path):
    store = od.create_store(tmp_path / "s")
    run(source, "store", store.path)
    store.refresh()
    with pytest.raises(StoreError, match=r"no map 'sst' at commit 1; it has \['map'\]"):
        open_map(store, "sst")
    (shard,) = Path(store.path).glob("parts/maps/*/count/c/1/2")
    shard.unlink()
    with pytest.raises(DamagedStoreError, match="count/c/1/2"):
        open_map(store, "map")


def test_map_pieces__refuses_what_two_would_write(source, tmp_path):
    pieces = mpi_map.blocks(source)
    cases = {
        "cuts shards of 16": [replace(pieces[0], lon=(0, 20)), *pieces[1:]],
        "lat 0:40 does not lie in 0:31": [replace(pieces[0], lat=(0, 40))],
        r"shard \(0, 0, 0\) belongs to 2 pieces": [pieces[0], *pieces],
        r"shard \(0, 0, 2\) belongs to 0 pieces": [pieces[0], *pieces[2:]],
    }
    for message, wrong in cases.items():
        with pytest.raises(ValueError, match=message):
            run(source, "zarr", tmp_path / "q.zarr", wrong)
    assert list(tmp_path.iterdir()) == [], "nothing was begun"


def test_map_pieces__refuses_a_name_that_is_taken(source, tmp_path):
    run(source, "zarr", tmp_path / "q.zarr")
    with pytest.raises(FileExistsError, match=r"q\.zarr exists; choose another name"):
        run(source, "zarr", tmp_path / "q.zarr")


def test_map_pieces__wrong_shape_is_named_and_nothing_is_left(source, tmp_path):
    def turned(piece):
        found = mpi_map.quantiles(piece)
        return found | {"count": found["count"].T}

    with pytest.raises(EngineError, match="piece 1 of 6 failed: .* 'count' must have"):
        engines.map_pieces(
            turned,
            mpi_map.blocks(source),
            output=mpi_map.output("zarr", tmp_path / "q.zarr", source),
            workers=1,
        )
    assert list(tmp_path.iterdir()) == []


def test_map_array__checks_its_declaration():
    with pytest.raises(
        ValueError, match=r"chunk \(5, 8\) must divide shard \(12, 16\)"
    ):
        MapArray(("lat", "lon"), (31, 50), (12, 16), (5, 8))
    with pytest.raises(ValueError, match="one number for each of"):
        MapArray(("lat", "lon"), (31,), (12, 16), (6, 8))
