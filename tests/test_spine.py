"""From raw files to the product: nothing lost, and the same bits on every engine."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest
import spine_job
from test_engines import run_mpi

import oceandata as od
from oceandata import engines

SMALL = 400


@pytest.fixture(scope="module")
def sea(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sea")
    return od.simulate_sea(
        folder, positions=40_000, days=3, seed=11, start="2024-02-28"
    )


@pytest.fixture(scope="module")
def store(sea, tmp_path_factory):
    store = od.create_store(tmp_path_factory.mktemp("store") / "sea.store")
    report = store.ingest(sea.files)
    accounted = report.rows_kept + report.rows_quarantined + report.duplicates
    assert report.rows_read == accounted
    return store


@pytest.fixture(scope="module")
def reference(store):
    return spine_job.hours(store.path, SMALL, workers=1)


def test_ingest__accounts_for_every_line(sea, store):
    report = store.ingest(sea.files)
    assert report.rows_read == 0, "a second ingest reads nothing"
    faults = sea.faults()
    quarantine = store.quarantine()
    wild = faults[faults.kind == "malformed"]
    assert set(zip(wild.file, wild.line, strict=True)) <= {
        (Path(file).name, int(line))
        for file, line in zip(quarantine.file, quarantine.line, strict=True)
    }


def test_hours__are_conserved_to_the_microsecond(reference):
    account = {k: int(v) for k, v in reference.attrs.items() if k.endswith("_us")}
    total = account.pop("total_us")
    assert total > 0
    assert sum(account.values()) == total
    assert len(account) == 4


@pytest.mark.parametrize("rows", [SMALL, 5_000, 10_000_000])
def test_hours__do_not_depend_on_the_pieces(store, reference, rows):
    again = spine_job.hours(store.path, rows, workers=2)
    assert spine_job.digest(again) == spine_job.digest(reference)


def test_hours__do_not_depend_on_the_order_of_pieces(store, reference):
    pieces = spine_job.pieces_of_store(store.path, SMALL)
    assert len(pieces) >= 64
    assert len({piece.cost for piece in pieces}) > 10, "unequal pieces"
    random.Random(5).shuffle(pieces)
    grid = od.regular_grid(box=spine_job.BOX, step=spine_job.STEP)
    again = od.vessel_hours(pieces, grid=grid, gap="3h", min_vessels=2, workers=2)
    assert spine_job.digest(again) == spine_job.digest(reference)


def test_hours__of_a_dataset_equal_those_of_the_store(store, reference):
    grid = od.regular_grid(box=spine_job.BOX, step=spine_job.STEP)
    again = od.vessel_hours(store.open(), grid=grid, gap="3h", min_vessels=2)
    assert spine_job.digest(again) == spine_job.digest(reference)


def test_hours__same_bits_on_dask(store, reference):
    again = spine_job.hours(store.path, SMALL, engine="dask", workers=2)
    assert spine_job.digest(again) == spine_job.digest(reference)


@pytest.mark.slow
def test_hours__same_bits_on_a_dask_cluster(store, reference):
    distributed = pytest.importorskip("distributed", reason="pip install distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        client.run(sys.path.insert, 0, str(Path(__file__).parent))
        again = spine_job.hours(store.path, SMALL, engine="dask")
    assert spine_job.digest(again) == spine_job.digest(reference)


@pytest.mark.slow
@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_hours__same_bits_under_mpi(store, reference, ranks):
    lines = run_mpi(ranks, "spine_job.py", str(store.path), str(SMALL)).splitlines()
    assert lines == [f"{ranks} {spine_job.digest(reference)}"] * ranks


def test_engines__outside_mpi_are_rank_zero_of_one():
    assert (engines.mpi_rank(), engines.mpi_size()) == (0, 1)
