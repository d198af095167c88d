"""Ingest by ranks: the rows of one process, one commit, or the log as it was."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest
import store_world as world
from test_mpi import launch

import oceandata.store.sources as sources
from oceandata.store import create_store, open_store

WHOLE = 1 << 30


@pytest.fixture(autouse=True)
def plain_reader(monkeypatch):
    monkeypatch.setattr(sources, "find_reader", lambda *_: world.PlainReader())


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Seven files of unequal size that share rows; bad rows and static reports."""
    folder = tmp_path_factory.mktemp("files")
    rows = world.rows_of(3000, vessels=12, days=45)
    cuts = [0, 100, 300, 350, 1200, 1900, 2400, 3000]
    extra = ["! bad", "name 200000003 1704067300000000 Ada 30"]
    return [
        world.write(folder / f"{k}.txt", rows[a : cuts[k + 1] + 20], extra)
        for k, a in enumerate(cuts[:-1])
    ]


def ranks_ingest(ranks, mode, store, paths, range_bytes=WHOLE, group_bytes=WHOLE):
    """Every rank's (commit, report), the same on all; or the process that failed."""
    done = launch(ranks, "mpi_store.py", mode, store, range_bytes, group_bytes, *paths)
    if done.returncode:
        return done
    lines = done.stdout.splitlines()
    assert len(lines) == ranks
    assert len(set(lines)) == 1, "every rank returns the same report"
    number, report = lines[0].split(" ", 1)
    return int(number), ast.literal_eval(report)


def canonical(store):
    """Every variable's bytes, vessels in the order of their keys."""
    ds = store.open()
    order = np.argsort(ds["vessel"].values, kind="stable")
    stops = np.cumsum(ds["row_size"].values)
    starts = stops - ds["row_size"].values
    runs = [np.arange(starts[k], stops[k]) for k in order]
    ds = ds.isel(trajectory=order, obs=np.concatenate(runs))
    values = {name: ds[name].values for name in sorted(ds.variables)}
    bits = {n: (v.astype("U") if v.dtype == object else v).tobytes()
            for n, v in values.items()}  # fmt: skip
    return bits, ds.attrs.get("sources")


@pytest.mark.parametrize(
    ("ranks", "range_bytes", "group_bytes"),
    [(1, WHOLE, WHOLE), (2, WHOLE, WHOLE), (3, 9000, WHOLE), (4, WHOLE, 5000)],
)
def test_ingest__ranks_give_the_bits_of_one_process(
    files, tmp_path, ranks, range_bytes, group_bytes
):
    alone, many = create_store(tmp_path / "alone"), create_store(tmp_path / "many")
    serial = alone.ingest(files, range_bytes=range_bytes, group_bytes=WHOLE)
    found = ranks_ingest(ranks, "plain", many.path, files, range_bytes, group_bytes)
    number, report = found
    assert number == 1, "one commit"
    assert report["commits"] == [1]
    many.refresh()
    many.verify(deep=True)
    assert canonical(many) == canonical(alone)
    assert many.sources()["id"].sort_values().tolist() == (
        alone.sources()["id"].sort_values().tolist()
    )
    assert report["files"] == serial.files
    assert report["rows_read"] == serial.rows_read
    assert report["quarantined"] == serial.quarantined
    assert report["rows_kept"] + report["duplicates"] == (
        serial.rows_kept + serial.duplicates
    )
    assert len(many.quarantine()) == len(alone.quarantine()) == 7
    assert many.static().equals(alone.static())
    number, again = ranks_ingest(
        ranks, "plain", many.path, files, range_bytes, group_bytes
    )
    assert (number, again["rows_read"], again["commits"]) == (1, 0, [])
    assert again["present"] == serial.files


def test_ingest__failing_rank_leaves_the_log_unchanged(files, tmp_path):
    store = create_store(tmp_path / "s")
    done = ranks_ingest(3, "fail", store.path, files)
    assert done.returncode == 3
    lines = done.stdout.splitlines()
    assert len(lines) == 3
    assert len(set(lines)) == 1
    assert lines[0].endswith(" of 3: 6.txt: OSError: the device is on fire")
    assert store.refresh().number == 0
    left = [p for p in store.path.rglob("*") if p.is_file() and p.parent.name != "log"]
    assert left == [], "what the others wrote is removed"


def test_ingest__killed_rank_leaves_a_store_that_takes_the_rerun(files, tmp_path):
    store = create_store(tmp_path / "s")
    done = ranks_ingest(3, "die", store.path, files)
    assert done.returncode != 0
    assert store.refresh().number == 0
    number, _ = ranks_ingest(2, "plain", store.path, files)
    assert number == 1
    alone = create_store(tmp_path / "alone")
    alone.ingest(files)
    assert canonical(store.refresh()) == canonical(alone)


@pytest.mark.parametrize("when", ["linked", "full"])
def test_ingest__error_around_the_commit_loses_and_doubles_nothing(
    files, tmp_path, when
):
    store = create_store(tmp_path / "s")
    done = ranks_ingest(2, when, store.path, files)
    alone = create_store(tmp_path / "alone")
    alone.ingest(files)
    if isinstance(done, tuple):
        assert when == "linked", "the link was made: ours by its number"
    else:
        assert done.returncode == 3
        assert "no space" in done.stdout
    store.refresh().verify(deep=True)
    assert store.number in (0, 1)
    ranks_ingest(2, "plain", store.path, files)
    assert store.refresh().number == 1
    store.verify(deep=True)
    assert canonical(store) == canonical(alone)


def test_ingest__race_with_another_job_counts_no_file_twice(files, tmp_path):
    store = create_store(tmp_path / "s")
    number, report = ranks_ingest(2, "race", store.path, files)
    assert number == 2, "the other job's commit, and one of the ranks"
    store.refresh().verify(deep=True)
    labels = store.sources()["label"].tolist()
    assert sorted(labels) == [path.name for path in files]
    assert files[1].name in report["present"]
    alone = create_store(tmp_path / "alone")
    alone.ingest(files)
    assert canonical(store) == canonical(alone)


def test_ingest__one_content_under_two_names_counts_once(files, tmp_path):
    store = create_store(tmp_path / "s")
    twins = [tmp_path / f"twin{k}.txt" for k in range(4)]
    for path in twins:
        path.write_bytes(Path(files[4]).read_bytes())
    _, report = ranks_ingest(3, "plain", store.path, [*twins, *files])
    labels = store.refresh().sources()["label"]
    assert len(labels) == 7
    assert len(report["present"]) == 4
    assert report["rows_read"] == sum(store.sources()["rows"])
    alone = create_store(tmp_path / "alone")
    alone.ingest(files)
    assert world.view(store.open()) == world.view(alone.open())


def test_ingest__refused_files_are_named_and_the_others_go_on(files, tmp_path):
    store = create_store(tmp_path / "s")
    bad = tmp_path / "bad.txt"
    bad.write_bytes(b"\0\0\0")
    number, report = ranks_ingest(
        2, "plain", store.path, [*files, bad, tmp_path / "none"]
    )
    assert number == 1
    assert report["refused"] == {
        str(tmp_path / "none"): "no such file",
        str(bad): f"{bad}: not text",
    }
    assert len(report["files"]) == 7


def test_ingest__unknown_engine_is_refused(files, tmp_path):
    store = create_store(tmp_path / "s")
    with pytest.raises(ValueError, match="engine must be one of"):
        store.ingest(files, engine="dask")
    assert open_store(store.path).number == 0
