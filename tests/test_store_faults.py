"""Faults injected into every system call of a commit: what is shown stays whole.

After each fault the store opens, shows the state before or after the commit, every
byte verifies, and the same call made again ends as if nothing had happened.
"""

from __future__ import annotations

import builtins
import contextlib
import errno
import os
from pathlib import Path

import pytest
import store_world as world

from oceandata.errors import ConflictError, StoreError
from oceandata.store import create_store, open_store
from oceandata.store.log import Draft, Log

DISK = [errno.ENOSPC, errno.EIO]
ROWS = world.rows_of(240, days=20)


@pytest.fixture(autouse=True)
def plain(monkeypatch):
    monkeypatch.setattr(
        "oceandata.store.sources.find_reader", lambda *_: world.PlainReader()
    )


class Case:
    """A store with two files in it, and the call that is disturbed."""

    def __init__(self, folder: Path, kind: str):
        folder.mkdir(parents=True, exist_ok=True)
        self.kind, self.path = kind, folder / "s"
        self.paths = [
            world.write(
                folder / f"{k}.txt",
                ROWS[k * 80 : (k + 1) * 80],
                ["! bad", f"name 200000001 {world.JANUARY} NAME{k} 30"],
            )
            for k in range(3)
        ]
        create_store(self.path)
        for path in self.paths[:2]:
            open_store(self.path).ingest(path)
        self.before = 2

    def act(self) -> None:
        store = open_store(self.path)
        if self.kind == "ingest":
            store.ingest(self.paths[2])
        else:
            store.compact(period="2024-01", force=True)

    def shows(self, done: bool) -> bool:
        """Does the store show the state after (or before) the call, whole?"""
        store = open_store(self.path)
        store.verify(deep=True)
        files = 3 if done and self.kind == "ingest" else 2
        tracks = [r for r in store._state.parts.values() if r["dataset"] == "tracks"]
        parts = {"ingest": files, "compact": 1 if done else 2}[self.kind]
        return (
            world.view(store.open()) == world.expected(ROWS[: files * 80])
            and len(store.sources()) == len(store.quarantine()) == files
            and len(tracks) == parts
        )

    def recovers(self) -> None:
        """Whole now; after the same call, complete; after vacuum, without leftovers."""
        assert self.shows(True) or self.shows(False)
        self.act()
        assert self.shows(True)
        store = open_store(self.path)
        store.vacuum(grace="0s")
        assert self.shows(True)
        named = {f"{part}.zarr" for part in store._state.parts}
        left = {path.name for path in (self.path / "parts").glob("*/*.zarr")}
        assert self.kind == "compact" or left == named


class Faulty:
    """A system call that fails at its k-th use on the store, and works otherwise."""

    def __init__(self, real, at: int, code: int, *, kept=lambda *_: True):
        self.real, self.at, self.code, self.kept = real, at, code, kept
        self.calls = 0

    def __call__(self, *arguments, **options):
        if not self.kept(*arguments):
            return self.real(*arguments, **options)
        self.calls += 1
        if self.calls - 1 == self.at:
            raise OSError(self.code, os.strerror(self.code))
        return self.real(*arguments, **options)


def flushes(case: Case, monkeypatch) -> list[str]:
    """Paths that an undisturbed call flushes, in order, relative to the store."""
    seen, real = [], os.fsync

    def noted(descriptor):
        path = os.readlink(f"/proc/self/fd/{descriptor}")
        seen.append(os.path.relpath(path, case.path))
        real(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", noted)
        case.act()
    return seen


def telling(paths: list[str]) -> list[int]:
    """Positions that differ: all but the inner files of a part, and three of these."""
    inner = [k for k, path in enumerate(paths) if ".zarr/" in path]
    outer = [k for k, path in enumerate(paths) if ".zarr/" not in path]
    return sorted([*outer, inner[0], inner[len(inner) // 2], inner[-1]])


@pytest.mark.parametrize("code", DISK)
@pytest.mark.parametrize("kind", ["ingest", "compact"])
def test_fsync__fails_at_each_position(kind, code, tmp_path, monkeypatch):
    paths = flushes(Case(tmp_path / "whole", kind), monkeypatch)
    assert paths[-1] == "log"
    assert len(paths) > 40
    done = 0
    for at in telling(paths):
        case = Case(tmp_path / str(at), kind)
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", Faulty(os.fsync, at, code))
            with pytest.raises(StoreError, match="log is unchanged|was made and is"):
                case.act()
        done += case.shows(True)
        case.recovers()
    assert done == 1, "only the last flush comes after the link"


@pytest.mark.parametrize("short", [False, True])
@pytest.mark.parametrize("kind", ["ingest", "compact"])
def test_write__of_log_and_manifest_fails(kind, short, tmp_path, monkeypatch):
    real, at = os.write, 0
    while True:
        case = Case(tmp_path / str(at), kind)

        def ours(descriptor, *_, root=str(case.path)):
            return os.readlink(f"/proc/self/fd/{descriptor}").startswith(root)

        fault = Faulty(real, at, errno.ENOSPC, kept=ours)

        def first_half(descriptor, data, fault=fault):
            if short and fault.calls == fault.at:
                real(descriptor, data[: len(data) // 2])
            return fault(descriptor, data)

        with monkeypatch.context() as patch:
            patch.setattr(os, "write", first_half)
            with contextlib.suppress(StoreError):
                case.act()
        case.recovers()
        if fault.calls <= at:
            break
        at += 1
    assert at >= 2


class FullFile:
    """A file on a disk that fills up while it is written."""

    def __init__(self, file, fault):
        self.file, self.fault = file, fault

    def write(self, data):
        if self.fault.calls == self.fault.at:
            self.file.write(data[: len(data) // 2])
        return self.fault(self.file, data)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def __getattr__(self, name):
        return getattr(self.file, name)


@pytest.mark.parametrize("kind", ["ingest", "compact"])
def test_write__of_arrays_fails(kind, tmp_path, monkeypatch):
    monkeypatch.setattr("oceandata.store.parts.CHUNK", 32)
    monkeypatch.setattr("oceandata.store.arrays.CHUNK", 32)
    for at in (0, 1, 9, 25, 40):
        case = Case(tmp_path / str(at), kind)
        disk = Faulty(lambda file, data: file.write(data), at, errno.ENOSPC)

        def opened(path, mode="r", *rest, fault=disk, **options):
            file = builtins.open(path, mode, *rest, **options)  # noqa: SIM115
            if "x" not in mode:
                return file
            return FullFile(file, fault)

        with monkeypatch.context() as patch:
            patch.setattr("oceandata.store.arrays.open", opened, raising=False)
            with pytest.raises(StoreError, match=r"no space is left.*log is unchanged"):
                case.act()
        assert case.shows(False)
        case.recovers()


@pytest.mark.parametrize("code", [errno.EEXIST, errno.ENOENT, errno.ESTALE, errno.EIO])
@pytest.mark.parametrize("kind", ["ingest", "compact"])
def test_link__success_reported_as_failure(kind, code, tmp_path, monkeypatch):
    case, link = Case(tmp_path, kind), os.link

    def replayed(source, target):
        link(source, target)
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(os, "link", replayed)
        case.act()
    assert open_store(case.path).number == case.before + 1
    assert case.shows(True)
    case.recovers()


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC, errno.EACCES])
@pytest.mark.parametrize("kind", ["ingest", "compact"])
def test_link__that_fails_leaves_all_as_it_was(kind, code, tmp_path, monkeypatch):
    case = Case(tmp_path, kind)
    with monkeypatch.context() as patch:
        patch.setattr(os, "link", Faulty(os.link, 0, code))
        with pytest.raises(StoreError, match="log is unchanged"):
            case.act()
    assert case.shows(False)
    case.recovers()


def note(case):
    Log(case.path).commit(lambda _: Draft({"kind": "note", "message": "other"}))


def same(case):
    """Another job does the very same."""
    case.act()


@pytest.mark.parametrize("answer", [None, errno.ENOENT, errno.ESTALE])
@pytest.mark.parametrize("other", [note, same])
@pytest.mark.parametrize("kind", ["ingest", "compact"])
def test_link__number_taken_in_between(kind, other, answer, tmp_path, monkeypatch):
    """Taken just before the link; then the reply to our own link is lost too."""
    case, link, turns = Case(tmp_path, kind), os.link, []

    def late(source, target):
        turns.append(target)
        if len(turns) == 1:
            other(case)
            if answer is not None:
                raise OSError(answer, os.strerror(answer))
        link(source, target)
        if len(turns) > 1 and answer is not None:
            raise OSError(answer, os.strerror(answer))

    with monkeypatch.context() as patch:
        patch.setattr(os, "link", late)
        if (kind, other) == ("compact", same):
            with pytest.raises(ConflictError, match="replaced by another job"):
                case.act()
        else:
            case.act()
    head = open_store(case.path).number
    assert head == case.before + (2 if other is note else 1)
    assert case.shows(True)
    case.recovers()


@pytest.mark.parametrize("kind", ["ingest", "compact"])
def test_interrupt__after_the_link_keeps_what_was_committed(
    kind, tmp_path, monkeypatch
):
    """Ctrl-C, or the signal before a time limit, between the link and the return."""
    case = Case(tmp_path, kind)

    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Log, "_write_checkpoint", interrupted)
        with pytest.raises(KeyboardInterrupt):
            case.act()
    assert case.shows(True)
    case.recovers()


def test_checkpoint__whose_flush_or_link_fails_is_only_missing(tmp_path, monkeypatch):
    case, log = Case(tmp_path, "ingest"), None
    while open_store(case.path).number < 99:
        log = log or Log(case.path)
        log.commit(lambda _: Draft({"kind": "note", "message": "x"}))
    # flushes of the entry and of the log's folder come first, the checkpoint's then
    for at in (2, 3):
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", Faulty(os.fsync, at, errno.EIO))
            log.commit(lambda _: Draft({"kind": "note", "message": "y"}))
    with monkeypatch.context() as patch:
        patch.setattr(os, "link", Faulty(os.link, 1, errno.ENOSPC))
        log.commit(lambda _: Draft({"kind": "note", "message": "z"}))
    assert Log(case.path).head() == 102
    assert not list((case.path / "log").glob("tmp-*"))
    open_store(case.path).verify(deep=True)
    case.recovers()
