"""Copies of a store: complete, verified, incremental, safe against kills."""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import backup_world
import pytest
import store_world as world
from backup_world import (
    HEAD,
    ROWS,
    cut,
    files,
    flip,
    foreign,
    same,
    take,
)

from oceandata.errors import ConflictError, DamagedStoreError, StoreError
from oceandata.store import open_store
from oceandata.store.log import Log, dump_json
from oceandata.store.maps import open_map

plain = backup_world.plain
made = backup_world.made
make = backup_world.make


def test_copy__is_the_store_byte_by_byte(tmp_path, make):
    store = make(tmp_path)
    told = []
    done = store.copy(tmp_path / "b", progress=lambda *facts: told.append(facts))
    here, there = files(store.path), files(tmp_path / "b")
    assert there.pop("copy-of.json")
    assert there == here
    assert done.number == store.number == done.commits - 1
    assert done.files == len(here)
    assert done.bytes == sum(map(len, here.values()))
    assert told[-1][0] == told[-1][1] > 0
    same(tmp_path / "b", store)
    assert float(open_map(open_store(tmp_path / "b"), "depth")["depth"].mean()) == 7


def test_copy__again_writes_nothing_and_touches_nothing(tmp_path, monkeypatch, make):
    store = make(tmp_path)
    store.copy(tmp_path / "b")
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "b").rglob("*")}
    monkeypatch.setattr("oceandata.store.copy.Staging", None)
    done = store.copy(tmp_path / "b")
    assert (done.files, done.bytes, done.commits) == (0, 0, 0)
    assert (
        done.present
        == sum(1 for p in before if p.is_file() and "log" not in p.parts) - 1
    )
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "b").rglob("*")} == before


def test_copy__later_writes_only_what_is_new(tmp_path, make):
    store = make(tmp_path)
    store.copy(tmp_path / "b")
    before = files(store.path)
    take(store, tmp_path, 2, ROWS[300:])
    new = set(files(store.path)) - set(before)
    done = store.copy(tmp_path / "b")
    assert done.files == len(new)
    assert done.commits == 1
    same(tmp_path / "b", store)


def test_copy__as_of_shows_that_commit_and_goes_on_later(tmp_path, make):
    store = make(tmp_path)
    first = store.copy(tmp_path / "b", as_of=1)
    assert first.number == open_store(tmp_path / "b").number == 1
    assert world.view(open_store(tmp_path / "b").open()) == world.expected(ROWS[:200])
    store.copy(tmp_path / "b")
    same(tmp_path / "b", store)
    assert store.copy(tmp_path / "b", as_of=1).number == store.number
    with pytest.raises(ValueError, match=r"as_of must be a commit of .*; got 99"):
        store.copy(tmp_path / "b", as_of=99)


def test_copy__of_a_copy_is_a_copy(tmp_path, make):
    store = make(tmp_path)
    store.copy(tmp_path / "b")
    open_store(tmp_path / "b").copy(tmp_path / "c")
    same(tmp_path / "c", store)
    assert store.copy(tmp_path / "c").files == 0


def test_copy__refuses_another_history_and_changes_nothing(tmp_path, make):
    store, other = make(tmp_path), foreign(tmp_path)
    before = files(other.path)
    with pytest.raises(ConflictError, match="another history.*commit 0 is not"):
        store.copy(other.path)
    assert files(other.path) == before
    store.copy(tmp_path / "b")
    take(open_store(tmp_path / "b"), tmp_path, 5, ROWS[300:])
    with pytest.raises(ConflictError, match="only at 6: the copy was written to"):
        store.copy(tmp_path / "b")
    take(store, tmp_path, 6, ROWS[350:])
    with pytest.raises(ConflictError, match="another history.*commit 7 is not"):
        store.copy(tmp_path / "b")


def test_copy__refuses_a_folder_of_something_else(tmp_path, make):
    store = make(tmp_path)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "thesis.txt").write_text("x")
    with pytest.raises(StoreError, match="holds files and is no copy"):
        store.copy(tmp_path / "b")
    with pytest.raises(StoreError, match="is not a folder"):
        store.copy(tmp_path / "b" / "thesis.txt")
    for place in (store.path, store.path / "parts" / "b", tmp_path):
        with pytest.raises(StoreError, match="lies in the store"):
            store.copy(place)
    assert (tmp_path / "b" / "thesis.txt").read_text() == "x"


def test_copy__after_a_vacuum_shows_only_whole_commits(tmp_path, monkeypatch, make):
    store = make(tmp_path)
    store.copy(tmp_path / "b", as_of=1)
    stale = open_store(store.path)
    store.vacuum(keep=1)
    with pytest.raises(ConflictError, match="a vacuum after commit 6 gave up"):
        stale.copy(tmp_path / "b")
    real, turns = os.rename, []

    def killed(*names):
        turns.append(names)
        if len(turns) == 2:
            raise KeyboardInterrupt
        real(*names)

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", killed)
        with pytest.raises(KeyboardInterrupt):
            store.copy(tmp_path / "b")
    shown = open_store(tmp_path / "b")
    assert shown.number == 1
    shown.verify(deep=True)
    store.copy(tmp_path / "b")
    opened = open_store(tmp_path / "b")
    opened.verify(deep=True)
    assert world.view(opened.open()) == world.expected(ROWS[:300])
    with pytest.raises(StoreError, match="was vacuumed"):
        open_store(tmp_path / "b", as_of=1)
    store.copy(tmp_path / "fresh")
    open_store(tmp_path / "fresh").verify(deep=True)


def test_copy__while_a_vacuum_removes_parts_says_so(tmp_path, monkeypatch, make):
    store = make(tmp_path)
    real = shutil.disk_usage

    def late(path):
        open_store(store.path).vacuum(keep=1)
        return real(path)

    monkeypatch.setattr(shutil, "disk_usage", late)
    with pytest.raises(ConflictError, match="a vacuum removed files while"):
        store.copy(tmp_path / "b")
    monkeypatch.undo()
    store.refresh().copy(tmp_path / "b")
    open_store(tmp_path / "b").verify(deep=True)


def test_copy__of_a_store_that_is_written_to_is_a_commit(tmp_path, monkeypatch, make):
    store = make(tmp_path)
    real, turns = Log.entry_path, []
    job = open_store(store.path)

    def late(self, number):
        if self.root == store.path and len(turns) == 3:
            turns.append(0)
            take(job, tmp_path, 8, ROWS[300:])
        turns.append(number)
        return real(self, number)

    monkeypatch.setattr(Log, "entry_path", late)
    store.copy(tmp_path / "b")
    monkeypatch.undo()
    assert open_store(tmp_path / "b").number == HEAD
    assert open_store(store.path).number == HEAD + 1
    same(tmp_path / "b", store)


def test_copy__damaged_files_are_named_and_the_copy_stays_as_it_was(tmp_path, make):
    store = make(tmp_path)
    store.copy(tmp_path / "b")
    take(store, tmp_path, 2, ROWS[300:])
    new = [p for p in store._state.parts.values() if p["since"] == HEAD + 1]
    assert len(new) >= 2
    hurt = []
    for record in new:
        folder = store.path / "parts" / record["dataset"] / f"{record['id']}.zarr"
        hurt.append(
            flip(
                next(
                    p
                    for p in sorted(
                        folder.rglob(
                            "lon/c/0" if record["dataset"] == "tracks" else "name/c/0"
                        )
                    )
                )
            )
        )
    with pytest.raises(DamagedStoreError) as caught:
        store.copy(tmp_path / "b")
    for path in hurt:
        assert f"{path}: differs from its checksum" in str(caught.value)
    assert f"shows still commit {HEAD}" in str(caught.value)
    assert open_store(tmp_path / "b").number == HEAD
    open_store(tmp_path / "b").verify(deep=True)


def test_copy__says_when_the_disk_is_full(tmp_path, monkeypatch, make):
    store = make(tmp_path)
    with monkeypatch.context() as patch:
        full = shutil._ntuple_diskusage(10, 5, 5)
        patch.setattr(shutil, "disk_usage", lambda _: full)
        with pytest.raises(
            StoreError, match=r"needs up to [\d,]+ bytes more, [\d,]+ are free"
        ):
            store.copy(tmp_path / "b")
    assert not (tmp_path / "b").exists()

    def fails(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fails)
        with pytest.raises(StoreError, match="no space is left"):
            store.copy(tmp_path / "b")
    with pytest.raises(StoreError, match="is not a store"):
        open_store(tmp_path / "b")
    store.copy(tmp_path / "b")
    same(tmp_path / "b", store)


def test_copy__two_at_once_to_one_folder(tmp_path, monkeypatch, make):
    store, real, turns = make(tmp_path), os.rename, []

    def late(*names):
        turns.append(names)
        if len(turns) == 1:
            open_store(store.path).copy(tmp_path / "b")
        real(*names)

    monkeypatch.setattr(os, "rename", late)
    with pytest.raises(ConflictError, match="another job has copied.*Copy again"):
        store.copy(tmp_path / "b")
    monkeypatch.undo()
    assert store.copy(tmp_path / "b").files == 0
    same(tmp_path / "b", store)
    assert not (tmp_path / "b" / "copying").exists()


def test_copy__of_a_store_of_older_software(tmp_path, make):
    """Entries without a seal and rejected rows without a checksum are sound too."""
    store = make(tmp_path)
    for path in store.path.glob("log/*.json"):
        entry = json.loads(path.read_text())
        del entry["check"]
        for record in entry.get("quarantine", ()):
            del record["crc32c"]
        path.write_bytes(dump_json(entry))
    store = open_store(store.path)
    store.verify(deep=True)
    store.copy(tmp_path / "b")
    same(tmp_path / "b", store)
    take(store, tmp_path, 2, ROWS[300:])
    store.copy(tmp_path / "b")
    flip(next(store.path.glob("quarantine/*.parquet")))
    cut(store._log.entry_path(3))
    assert len(open_store(store.path).restore(tmp_path / "b").files) in (1, 2)
    open_store(store.path).verify(deep=True)


def test_copy__notices_a_disk_that_gives_other_bytes_back(tmp_path, monkeypatch, make):
    store = make(tmp_path)
    monkeypatch.setattr("oceandata.store.copyfile.crc_of", lambda _: "00000000")
    with pytest.raises(DamagedStoreError, match="read back with other bytes"):
        store.copy(tmp_path / "b")


@pytest.mark.parametrize("begun", [False, True])
def test_copy__after_a_failure_at_any_flush_goes_on(begun, tmp_path, monkeypatch, make):
    """A write that fails stops the copy anywhere; it is then whole, or no store."""
    store = make(tmp_path)
    total = _flushes(store, tmp_path / "count", begun, monkeypatch)
    assert total > 60
    for at in [*range(0, total, max(total // 7, 1)), total - 2, total - 1]:
        copy = tmp_path / f"b{at}"
        if begun:
            store.copy(copy, as_of=1)
        _run_with_fault(store, copy, at, monkeypatch)
        _is_older_or_none(copy, store)
        store.copy(copy)
        same(copy, store)
        assert not (copy / "copying").exists()


def _flushes(store, copy, begun, monkeypatch) -> int:
    if begun:
        store.copy(copy, as_of=1)
    count, real = [0], os.fsync

    def counted(descriptor):
        count[0] += 1
        real(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", counted)
        store.copy(copy)
    return count[0]


def _run_with_fault(store, copy, at, monkeypatch):
    turns, real = [0], os.fsync

    def fails(descriptor):
        turns[0] += 1
        if turns[0] > at:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        real(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fails)
        with pytest.raises(StoreError, match="input/output error"):
            store.copy(copy)


def _is_older_or_none(copy, store):
    if not (copy / "log" / "000000000000.json").exists():
        return
    shown = open_store(copy)
    assert shown.number <= store.number
    shown.verify(deep=True)


JOB = """
import sys
sys.path[:0] = sys.argv[3:]
from oceandata.store import open_store
print("ready", flush=True)
sys.stdin.readline()
open_store(sys.argv[1]).copy(sys.argv[2])
"""


def test_copy__killed_at_random_moments_goes_on(tmp_path, make):
    """A short campaign; benchmarks/backup.py makes it longer."""
    store = make(tmp_path)
    chance, copy, killed = random.Random(5), tmp_path / "b", 0
    for turn in range(6):
        job = subprocess.Popen(
            [sys.executable, "-c", JOB, str(store.path), str(copy), *sys.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert job.stdout.readline() == "ready\n"
        job.stdin.write("go\n")
        job.stdin.flush()
        time.sleep(chance.uniform(0.005, 0.12))
        job.send_signal(signal.SIGKILL)
        killed += job.wait() == -signal.SIGKILL
        job.stdin.close()
        job.stdout.close()
        _is_older_or_none(copy, store)
        if copy.exists() and (copy / "log").exists():
            take(store, tmp_path, 100 + turn, ROWS[300 + turn * 5 :])
    assert killed >= 1
    store.copy(copy)
    same(copy, store)
    assert not (copy / "copying").exists()
