"""Full disks, read-only folders, lost files, races, kills."""

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import store_world as world

from oceandata.errors import ConflictError, DamagedStoreError, StoreError
from oceandata.store import create_store, open_store
from oceandata.store.compact import compact
from oceandata.store.log import Log

HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def plain(monkeypatch):
    monkeypatch.setattr(
        "oceandata.store.sources.find_reader", lambda *_: world.PlainReader()
    )


@pytest.fixture
def store(tmp_path):
    return create_store(tmp_path / "s")


def files(store):
    return sorted(p for p in store.path.rglob("*") if p.is_file())


def start(*arguments):
    return subprocess.Popen(
        [sys.executable, str(HERE / "store_job.py"), *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def go(jobs):
    """Let jobs that have started run together; what they said."""
    for job in jobs:
        job.stdin.write("go\n")
        job.stdin.flush()
    told = [job.communicate()[0] for job in jobs]
    assert [job.returncode for job in jobs] == [0] * len(jobs)
    return told


def test_race__two_jobs_ingest_the_same_file(store, tmp_path):
    rows = world.rows_of(3000)
    path = world.write(tmp_path / "a.txt", rows)
    told = go([start("ingest", store.path, path) for _ in range(3)])
    assert sorted(int(text) for text in told) == [0, 0, 3000]
    assert world.view(store.refresh().open()) == world.expected(rows)
    assert len(store.sources()) == 1


def test_race__compaction_and_vacuum_against_appends(store, tmp_path):
    rows = world.rows_of(6000, days=28)
    paths = [
        world.write(tmp_path / f"{k}.txt", rows[k * 500 : (k + 1) * 500])
        for k in range(12)
    ]
    go(
        [
            start("ingest", store.path, *paths[:6]),
            start("ingest", store.path, *paths[6:]),
            start("compact", store.path),
            start("vacuum", store.path),
        ]
    )
    store.refresh()
    store.verify(deep=True)
    assert len(store.sources()) == 12
    assert world.view(store.open()) == world.expected(rows)


def test_race__other_job_commits_some_of_a_group(store, tmp_path, monkeypatch):
    rows = world.rows_of(900)
    paths = [
        world.write(tmp_path / f"{k}.txt", rows[k * 300 : (k + 1) * 300], ["! bad"])
        for k in range(3)
    ]
    commit, turns = Log.commit, []

    def late(self, prepare):
        turns.append(1)
        if len(turns) == 1:
            open_store(store.path).ingest(paths[1])
        return commit(self, prepare)

    monkeypatch.setattr(Log, "commit", late)
    report = store.ingest(paths)
    assert report.present == ["1.txt"]
    assert report.files == ["0.txt", "2.txt"]
    assert report.rows_read == report.rows_kept + 2 == 602
    assert world.view(store.open()) == world.expected(rows)
    assert len(store.quarantine()) == 3
    named = set(store._state.parts)
    assert {p.stem for p in (store.path / "parts/tracks").glob("*.zarr")} == named


def test_compact__conflict_if_a_part_is_no_longer_live(store, tmp_path, monkeypatch):
    rows = world.rows_of(300, days=20)
    for k in range(3):
        store.ingest(world.write(tmp_path / f"{k}.txt", rows[k * 100 : k * 100 + 100]))
    commit, turns = Log.commit, []

    def late(self, prepare):
        turns.append(1)
        if len(turns) == 1:
            compact(Log(store.path), force=True)
        return commit(self, prepare)

    monkeypatch.setattr(Log, "commit", late)
    with pytest.raises(ConflictError, match="replaced by another job"):
        store.compact(force=True)
    monkeypatch.undo()
    store.refresh()
    assert world.view(store.open()) == world.expected(rows)
    assert len(list((store.path / "parts/tracks").glob("*.zarr"))) == 4


def test_compact__races_an_append_and_both_stay(store, tmp_path, monkeypatch):
    rows = world.rows_of(400, days=20)
    paths = [
        world.write(tmp_path / f"{k}.txt", rows[k * 100 : k * 100 + 100])
        for k in range(4)
    ]
    store.ingest(paths[0])
    store.ingest(paths[1])
    commit, turns = Log.commit, []

    def late(self, prepare):
        turns.append(1)
        if len(turns) == 1:
            monkeypatch.setattr(
                "oceandata.store.sources.find_reader", lambda *_: world.PlainReader()
            )
            open_store(store.path).ingest(paths[2])
        return commit(self, prepare)

    monkeypatch.setattr(Log, "commit", late)
    assert store.compact(force=True) == [4]
    assert world.view(store.open()) == world.expected(rows[:300])


def test_verify__finds_a_flipped_byte_and_a_deleted_shard(store, tmp_path):
    store.ingest(world.write(tmp_path / "a.txt", world.rows_of(500, days=20)))
    assert store.verify(deep=True)["parts"] == 1
    (part,) = (store.path / "parts/tracks").glob("*.zarr")
    shard = part / "lat" / "c" / "0"
    data = bytearray(shard.read_bytes())
    data[len(data) // 2] ^= 4
    shard.write_bytes(data)
    store.verify()
    with pytest.raises(DamagedStoreError, match=r"lat/c/0: differs from its checksum"):
        store.verify(deep=True)
    shard.unlink()
    with pytest.raises(DamagedStoreError, match=r"lat/c/0: No such file"):
        store.verify()
    for read in (store.open, store.select().load, store.select().pieces):
        with pytest.raises(DamagedStoreError, match=r"lat/c/0: No such file"):
            read()


def test_piece__shard_deleted_after_the_plan(store, tmp_path):
    store.ingest(world.write(tmp_path / "a.txt", world.rows_of(500, days=20)))
    (piece,) = store.select().pieces()
    (shard,) = (store.path / "parts/tracks").glob("*.zarr/time/c/0")
    shard.unlink()
    with pytest.raises(DamagedStoreError, match=r"time/c/0 is missing.*Run verify"):
        piece.load()


def test_full_disk__log_is_unchanged_and_nothing_is_left(store, tmp_path, monkeypatch):
    rows = world.rows_of(500)
    store.ingest(world.write(tmp_path / "a.txt", rows[:200], ["! bad"]))
    before, path = files(store), world.write(tmp_path / "b.txt", rows[200:], ["! bad"])

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    for place in (
        "oceandata.store.arrays.FolderWriter.write",
        "oceandata.store.arrays._fsync",
        "oceandata.store.log.write_durably",
        "oceandata.store.rejects.sync_folder",
    ):
        with monkeypatch.context() as patch:
            patch.setattr(place, full)
            with pytest.raises(StoreError, match=r"no space is left.*log is unchanged"):
                store.ingest(path)
        assert files(store) == before
    store.ingest(path)
    assert world.view(store.open()) == world.expected(rows)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_full_disk__of_a_real_file_system(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("this container may not mount a tmpfs")
    try:
        store = create_store(disk / "s")
        small, large = world.rows_of(100), world.rows_of(60_000, seed=2)
        store.ingest(world.write(tmp_path / "a.txt", small))
        with pytest.raises(StoreError, match="no space is left"):
            store.ingest(world.write(tmp_path / "b.txt", large))
        assert store.refresh().number == 1
        store.verify(deep=True)
        assert world.view(store.open()) == world.expected(small)
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_read_only__says_so_and_still_reads(store, tmp_path, monkeypatch):
    rows = world.rows_of(100)
    store.ingest(world.write(tmp_path / "a.txt", rows))
    path = world.write(tmp_path / "b.txt", world.rows_of(10, seed=5))
    real = os.makedirs

    def read_only(name, *args, **kwargs):
        if str(name).startswith(str(store.path)):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(name))
        real(name, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(os, "makedirs", read_only)
        with pytest.raises(StoreError, match="file system is read-only"):
            store.ingest(path)
        assert world.view(open_store(store.path).open()) == world.expected(rows)
    monkeypatch.setattr(Path, "mkdir", lambda *_, **__: read_only(store.path))
    with pytest.raises(StoreError, match="creating the store failed"):
        create_store(store.path.parent / "s2")


def test_vacuum__removes_leftovers_but_spares_the_young(store, tmp_path, monkeypatch):
    rows = world.rows_of(300, days=20)
    for k in range(3):
        store.ingest(world.write(tmp_path / f"{k}.txt", rows[k * 100 : k * 100 + 100]))
    before = files(store)

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Log, "commit", killed)
        patch.setattr("oceandata.store.ingest.discard", lambda *_: None)
        patch.setattr("oceandata.store.rejects.Rejects.discard", lambda *_: None)
        with pytest.raises(KeyboardInterrupt):
            store.ingest(world.write(tmp_path / "x.txt", world.rows_of(9), ["! bad"]))
    (store.path / "log" / "tmp-1").write_text("half an en")
    assert len(files(store)) > len(before) + 20
    spared = store.vacuum()
    assert spared.removed == ()
    assert spared.spared > 3
    store.vacuum(grace="0s", dry_run=True)
    assert len(files(store)) > len(before) + 20
    store.vacuum(grace="0s")
    assert files(store) == before
    store.verify(deep=True)


def test_vacuum__keep_gives_up_old_commits_and_says_so(store, tmp_path):
    rows = world.rows_of(300, days=20)
    for k in range(3):
        store.ingest(world.write(tmp_path / f"{k}.txt", rows[k * 100 : k * 100 + 100]))
    store.compact(force=True)
    assert len(store._state.parts) == 1
    assert store.vacuum().removed == ()
    done = store.vacuum(keep=1)
    assert len(done.removed) == 6
    assert done.oldest_readable == 4
    assert world.view(store.open()) == world.expected(rows)
    with pytest.raises(StoreError, match="commit 2 was vacuumed; the oldest readable"):
        open_store(store.path, as_of=2)
    assert open_store(store.path, as_of=4).verify(deep=True)["parts"] == 1
    with pytest.raises(ValueError, match="keep must be at least 1"):
        store.vacuum(keep=0)


def test_open_store__waits_for_a_commit_of_another_machine(store, tmp_path):
    job = start("ingest", store.path, world.write(tmp_path / "a", world.rows_of(5)))
    job.stdin.write("go\n")
    job.stdin.flush()
    begin = time.monotonic()
    assert open_store(store.path, as_of=1, wait=60).number == 1
    assert time.monotonic() - begin < 60
    job.communicate()


def test_ingest__file_that_changes_while_read_is_refused(store, tmp_path, monkeypatch):
    path = world.write(tmp_path / "a.txt", world.rows_of(50))

    class Meddler(world.PlainReader):
        def batches(self, path, **options):
            yield from super().batches(path, **options)
            Path(path).write_text("211 0 0 0 0 0\n")

    monkeypatch.setattr("oceandata.store.sources.find_reader", lambda *_: Meddler())
    report = store.ingest(path)
    assert report.refused == {str(path): "changed while it was read"}
    assert store.number == 0


@pytest.mark.slow
def test_kills__store_opens_and_the_rerun_ends_equal(tmp_path):
    """The short form of the campaign; in memory, where flushing costs nothing."""
    memory = Path("/dev/shm")
    folder = memory if os.access(memory, os.W_OK) else tmp_path
    script = HERE.parent / "benchmarks" / "kill_campaign.py"
    done = subprocess.run(
        [sys.executable, str(script), "--kills", "50"],
        capture_output=True,
        text=True,
        env=os.environ | {"TMPDIR": str(folder)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout.split()[0]) >= 50
