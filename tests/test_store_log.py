"""The commit protocol: no entry lost, none overwritten, replies of NFS survived."""

import errno
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from oceandata.errors import ConflictError, DamagedStoreError, StoreError
from oceandata.store import create_store, open_store
from oceandata.store.log import Draft, Log, State, format_time, parse_time

JOB = Path(__file__).with_name("store_job.py")


def note(text):
    return lambda state: Draft({"kind": "note", "message": text})


def start(*arguments):
    return subprocess.Popen(
        [sys.executable, str(JOB), *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def log(tmp_path):
    create_store(tmp_path / "s")
    return Log(tmp_path / "s")


def test_commit__four_processes_lose_nothing(log):
    jobs = [start("commit_many", log.root, f"job{k}", 25) for k in range(4)]
    for job in jobs:
        job.stdin.write("go\n")
        job.stdin.flush()
    for job in jobs:
        job.communicate()
        assert job.returncode == 0
    assert log.head() == 100
    messages = Counter(log.entry(n)["message"] for n in range(1, 101))
    assert messages == Counter(f"job{k}-{i}" for k in range(4) for i in range(25))
    times = [log.entry(n)["time"] for n in range(101)]
    assert times == sorted(set(times))
    assert not list(log.folder.glob("tmp-*"))


def test_head__is_found_by_opening(log, monkeypatch):
    for k in range(37):
        log.commit(note(str(k)))
    monkeypatch.setattr(os, "listdir", lambda *_: pytest.fail("the log was listed"))
    monkeypatch.setattr(os, "scandir", lambda *_: pytest.fail("the log was listed"))
    assert Log(log.root).head() == 37
    assert [Log(log.root).head(hint=h) for h in (1, 36, 37, 38, 500)] == [37] * 5


def test_commit__asks_again_when_another_came_first(log):
    seen = []

    def prepare(state):
        seen.append(state.number)
        if len(seen) == 1:
            Log(log.root).commit(note("the other"))
        return Draft({"kind": "note", "message": "mine"})

    assert log.commit(prepare)["number"] == 2
    assert seen == [0, 1]
    assert log.commit(lambda state: None) is None
    assert log.head() == 2


@pytest.mark.parametrize("code", [errno.EEXIST, errno.ENOENT, errno.ESTALE, errno.EIO])
def test_commit__link_whose_reply_was_lost_is_ours(log, monkeypatch, code):
    link = os.link

    def replayed(source, target):
        link(source, target)
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "link", replayed)
    assert log.commit(note("once"))["number"] == 1
    monkeypatch.undo()
    assert log.head() == 1
    assert log.entry(1)["message"] == "once"


def test_commit__replayed_link_after_the_temporary_name_went(log, monkeypatch):
    """The server linked, lost the reply, and the inode is no longer comparable."""
    link, copies = os.link, []

    def replayed(source, target):
        data = Path(source).read_bytes()
        copies.append(data)
        Path(target).write_bytes(data)
        raise FileExistsError(errno.EEXIST, "exists", str(target))

    monkeypatch.setattr(os, "link", replayed)
    entry = log.commit(note("once"))
    monkeypatch.setattr(os, "link", link)
    assert json.loads(copies[0])["uuid"] == entry["uuid"]
    assert log.head() == 1


def test_commit__link_that_fails_is_an_error(log, monkeypatch):
    def refused(source, target):
        raise PermissionError(errno.EPERM, "no", str(target))

    monkeypatch.setattr(os, "link", refused)
    with pytest.raises(PermissionError, match="no"):
        log.commit(note("never"))
    assert log.head() == 0
    assert not list(log.folder.glob("tmp-*"))


def test_checkpoint__is_the_replayed_state_and_never_needed(log):
    for k in range(205):
        part = {"id": f"p{k}", "dataset": "tracks", "rows": k}
        gone = [f"p{k - 3}"] if k % 5 == 3 else []
        log.commit(
            lambda state, part=part, gone=gone: Draft(
                {"kind": "append", "add": [part], "remove": gone}
            )
        )
    assert log.checkpoint_path(100).exists()
    assert log.checkpoint_path(200).exists()
    entries = [log.entry(n) for n in range(206)]
    told = State().advanced(entries)
    assert Log(log.root).state() == told
    assert Log(log.root).state(150) == State().advanced(entries[:151])
    log.checkpoint_path(200).unlink()
    assert Log(log.root).state() == told
    assert "p0" not in told.parts
    assert told.parts["p1"]["since"] == 2


def test_verify__finds_a_changed_checkpoint(log):
    for k in range(100):
        log.commit(note(str(k)))
    path = log.checkpoint_path(100)
    path.write_text(path.read_text().replace('"floor":0', '"floor":7'))
    with pytest.raises(DamagedStoreError, match="differs from the log"):
        open_store(log.root).verify()


def test_commit__refuses_a_part_that_vacuum_may_take(log):
    def prepare(state):
        return Draft(
            {"kind": "append"}, oldest=os.stat(log.folder).st_mtime - 4 * 86400
        )

    with pytest.raises(StoreError, match=r"4\.0 days ago.*Ingest again"):
        log.commit(prepare)
    assert log.head() == 0


def test_commit__conflict_leaves_the_log_unchanged(log):
    def prepare(state):
        raise ConflictError("no longer live")

    with pytest.raises(ConflictError, match="no longer live"):
        log.commit(prepare)
    assert log.head() == 0


def test_log__says_what_is_damaged(log):
    log.commit(note("a"))
    log.entry_path(1).write_text('{"number": 1, "ki')
    with pytest.raises(DamagedStoreError, match=r"000001\.json holds 17 bytes"):
        Log(log.root).state()
    with pytest.raises(StoreError, match="is not a store"):
        open_store(log.root / "nothing")


def test_create__probes_hard_links(tmp_path, monkeypatch):
    def refused(source, target):
        raise OSError(errno.EOPNOTSUPP, "not supported")

    monkeypatch.setattr(os, "link", refused)
    with pytest.raises(StoreError, match="no hard links"):
        create_store(tmp_path / "a")
    monkeypatch.setattr(os, "link", lambda source, target: None)
    with pytest.raises(StoreError, match="did not fail"):
        create_store(tmp_path / "b")


def test_create__refuses_what_is_there(tmp_path):
    create_store(tmp_path / "s")
    with pytest.raises(StoreError, match="not an empty folder"):
        create_store(tmp_path / "s")
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="not an empty folder"):
        create_store(tmp_path / "file")
    (tmp_path / "empty").mkdir()
    assert create_store(tmp_path / "empty").number == 0


def test_times__round_trip():
    for moment in (0, 1, 1_704_067_200_000_001, 1_704_067_199_999_999):
        assert parse_time(format_time(moment)) == moment


def test_time__never_runs_backwards(log, monkeypatch):
    monkeypatch.setattr("time.time_ns", lambda: 0)
    log.commit(note("a"))
    log.commit(note("b"))
    times = [parse_time(log.entry(n)["time"]) for n in range(3)]
    assert times[2] == times[1] + 1 == times[0] + 2
