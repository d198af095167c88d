"""What is damaged is named, and put back from a copy."""

from __future__ import annotations

import errno
import os
import random
import shutil

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
    lose,
    same,
    take,
)

from oceandata.errors import ConflictError, DamagedStoreError, StoreError
from oceandata.store import copyfile, log, open_store, promised
from oceandata.store.log import Draft

plain = backup_world.plain
made = backup_world.made
make = backup_world.make


def test_restore__from_a_copy_that_is_behind(tmp_path, make):
    store = make(tmp_path)
    store.copy(tmp_path / "b")
    take(store, tmp_path, 2, ROWS[300:])
    old, new = (
        next(
            store.path / "parts" / "tracks" / f"{p['id']}.zarr" / "lat/c/0"
            for p in store._state.parts.values()
            if p["dataset"] == "tracks" and (p["since"] > HEAD) == late
        )
        for late in (False, True)
    )
    whole = old.read_bytes()
    flip(old), lose(new)
    with pytest.raises(DamagedStoreError, match="1 fault") as caught:
        store.restore(tmp_path / "b")
    assert [one.path for one in caught.value.damage] == [
        str(new.relative_to(store.path))
    ]
    assert old.read_bytes() == whole


KINDS = {
    "tracks": "parts/tracks/*.zarr/lat/c/0",
    "index": "parts/tracks/*.zarr/vessel_extent/zarr.json",
    "list": "parts/tracks/*.json",
    "static": "parts/static/*.zarr/name/c/0",
    "map": "parts/maps/*.zarr/depth/c/1/1",
    "quarantine": "quarantine/*.parquet",
    "entry": "log/000000000002.json",
    "first": "log/000000000000.json",
}


@pytest.mark.parametrize("hurt", [flip, cut, lose])
@pytest.mark.parametrize("kind", KINDS)
def test_restore__puts_back_what_is_damaged(kind, hurt, tmp_path, make):
    store = make(tmp_path)
    store.copy(tmp_path / "b")
    before, paths = files(store.path), sorted(store.path.glob(KINDS[kind]))
    path = hurt(paths[-1])
    name = str(path.relative_to(store.path))
    if kind != "first":
        with pytest.raises(DamagedStoreError) as caught:
            open_store(store.path).verify(deep=True)
        (found,) = caught.value.damage
        assert found.path == name
        assert found.kind == ("missing" if hurt is lose else "damaged")
        place = name.split("/")
        part = place[2].split(".")[0] if place[0] == "parts" else place[0]
        assert found.part == part
    from oceandata.store import restore

    done = restore(store.path, tmp_path / "b")
    assert done.files == [name]
    assert files(store.path) == before
    assert name in str(done)
    store = open_store(store.path)
    assert store.restore(open_store(tmp_path / "b")).files == []
    same(tmp_path / "b", store)


def test_restore__the_newest_commits_and_their_parts(tmp_path, make):
    """The last entries of a log leave no trace when they go; the copy has them."""
    store = make(tmp_path)
    store.copy(tmp_path / "b")
    before = files(store.path)
    store._log.entry_path(4).unlink()
    store._log.entry_path(3).unlink()
    shutil.rmtree(next((store.path / "parts" / "maps").glob("*.zarr")))
    done = open_store(store.path).restore(tmp_path / "b")
    assert done.commits == [3, 4]
    assert files(store.path) == before


def test_restore__reads_again_what_was_in_memory(tmp_path, make):
    store = make(tmp_path)
    store.copy(tmp_path / "b")
    whole = world.view(store.open())
    for path in store.path.glob("parts/tracks/*.zarr/lat/c/0"):
        flip(path)
    store.restore(tmp_path / "b")
    assert world.view(store.open()) == whole


def test_restore__names_what_is_damaged_in_both(tmp_path, make):
    store = make(tmp_path)
    store.copy(tmp_path / "b")
    paths = sorted(store.path.glob("parts/tracks/*.zarr/lat/c/0"))
    both = flip(paths[0]).relative_to(store.path)
    flip(tmp_path / "b" / both)
    only = lose(paths[1]).relative_to(store.path)
    bad = (store.path / both).read_bytes()
    with pytest.raises(DamagedStoreError, match=rf"1 fault.*{both.parts[2][:20]}") as e:
        store.restore(tmp_path / "b")
    assert [str(both)] == [one.path for one in e.value.damage]
    assert "1 other files were restored" in e.value.__notes__[0]
    assert (store.path / only).exists()
    assert (store.path / both).read_bytes() == bad


def unreadable(monkeypatch, *paths):
    """Files that the system refuses to open, whoever asks, until they are replaced."""
    refused, real = {path.stat().st_ino for path in paths}, (open, os.open)

    def refusing(how):
        def opened(path, *args, **options):
            if os.path.exists(path) and os.stat(path).st_ino in refused:
                raise PermissionError(errno.EACCES, "Permission denied", str(path))
            return how(path, *args, **options)

        return opened

    for module in (promised, copyfile, log):
        monkeypatch.setattr(module, "open", refusing(real[0]), raising=False)
    monkeypatch.setattr(os, "open", refusing(real[1]))


def test_restore__files_that_cannot_be_read_are_named_and_put_back(
    tmp_path, monkeypatch, make
):
    """All of them, not only the first: no permission, a bad sector."""
    store = make(tmp_path)
    store.copy(tmp_path / "b")
    before = files(store.path)
    paths = sorted(store.path.glob("parts/tracks/*.zarr/l*/c/0"))[:3]
    with monkeypatch.context() as patch:
        unreadable(patch, *paths)
        with pytest.raises(DamagedStoreError, match="Permission denied") as caught:
            store.verify(deep=True)
        named = {store.path / one.path for one in caught.value.damage}
        assert named == set(paths)
        with pytest.raises(DamagedStoreError, match=r"3 file\(s\) are damaged"):
            store.copy(tmp_path / "c")
        assert len(store.restore(tmp_path / "b").files) == 3
    assert files(store.path) == before
    first, second = (tmp_path / "b" / p.relative_to(store.path) for p in paths[:2])
    flip(paths[0])
    flip(paths[1])
    unreadable(monkeypatch, first)
    with pytest.raises(DamagedStoreError, match=r"1 fault.*") as caught:
        store.restore(tmp_path / "b")
    assert f"not restored ({first}: Permission denied)" in str(caught.value)
    assert paths[1].read_bytes() == second.read_bytes()


def test_restore__entry_of_the_log_that_cannot_be_read(tmp_path, monkeypatch, make):
    from oceandata.store import restore

    store = make(tmp_path)
    store.copy(tmp_path / "b")
    before = files(store.path)
    path = store._log.entry_path(HEAD)
    with monkeypatch.context() as patch:
        unreadable(patch, path)
        with pytest.raises(DamagedStoreError, match=f"{path}: Permission denied; let"):
            open_store(store.path).open()
        assert restore(store.path, tmp_path / "b").commits == [HEAD]
    assert files(store.path) == before


def test_restore__folder_in_the_place_of_a_file(tmp_path, make):
    store = make(tmp_path)
    store.copy(tmp_path / "b")
    before = files(store.path)
    empty, full = sorted(store.path.glob("parts/tracks/*.zarr/lat/c/0"))[:2]
    for path in (empty, full):
        lose(path).mkdir()
    (full / "mine").write_text("x")
    with pytest.raises(DamagedStoreError, match="1 fault") as caught:
        store.restore(tmp_path / "b")
    assert "something else has the place" in str(caught.value)
    assert (full / "mine").read_text() == "x"
    (full / "mine").unlink()
    store.restore(tmp_path / "b")
    assert files(store.path) == before


@pytest.mark.parametrize("text", ["{}", "[]", "7", "null"])
def test_verify__entry_that_is_json_but_no_entry(text, tmp_path, make):
    store = make(tmp_path)
    store.copy(tmp_path / "b")
    before = files(store.path)
    store._log.entry_path(2).write_text(text)
    with pytest.raises(DamagedStoreError, match=r"000000000002\.json"):
        open_store(store.path).open()
    with pytest.raises(DamagedStoreError, match=r"000000000002\.json"):
        store.verify()
    from oceandata.store import restore

    assert restore(store.path, tmp_path / "b").commits == [2]
    assert files(store.path) == before


def test_restore__refuses_another_history(tmp_path, make):
    store, other = make(tmp_path), foreign(tmp_path)
    flip(next(store.path.glob("parts/tracks/*.zarr/lat/c/0")))
    before = files(store.path)
    with pytest.raises(ConflictError, match="another history"):
        store.restore(other.path)
    with pytest.raises(StoreError, match="cannot be restored from itself"):
        store.restore(store)
    assert files(store.path) == before


def test_restore__of_nothing_says_how(tmp_path, make):
    from oceandata.store import restore

    store = make(tmp_path)
    store.copy(tmp_path / "b")
    shutil.rmtree(store.path / "log")
    with pytest.raises(StoreError, match=r"has no log.*oceandata backup"):
        restore(store.path, tmp_path / "b")


def test_checkpoints__damaged_are_passed_over_and_rewritten(tmp_path, make):
    store = make(tmp_path)
    while store.refresh().number < 101:
        store._log.commit(lambda _: Draft({"kind": "note", "message": "x"}))
    store.copy(tmp_path / "b")
    assert (tmp_path / "b/log/000000000100.checkpoint.json").exists()
    before, path = files(store.path), store._log.checkpoint_path(100)
    for hurt in (flip, cut):
        hurt(path)
        assert world.view(open_store(store.path).open()) == world.expected(ROWS[:300])
        with pytest.raises(DamagedStoreError, match="differs from the log"):
            open_store(store.path).verify()
        assert open_store(store.path).restore(tmp_path / "b").files == [
            "log/000000000100.checkpoint.json"
        ]
        assert files(store.path) == before
    path.unlink()
    open_store(store.path).verify(deep=True)


def test_verify__every_bit_of_a_log_entry_counts(tmp_path, make):
    store = make(tmp_path)
    path = store._log.entry_path(2)
    whole = path.read_bytes()
    chance = random.Random(3)
    places = {chance.randrange(len(whole)) for _ in range(60)}
    for at in [*places, *range(len(whole) - 44, len(whole))]:
        data = bytearray(whole)
        data[at] ^= 1 << chance.randrange(8)
        path.write_bytes(data)
        with pytest.raises(DamagedStoreError, match=r"000000000002\.json"):
            open_store(store.path).verify()
    path.write_bytes(whole)
    open_store(store.path).verify()


def test_verify__tells_surplus_files_and_old_parts(tmp_path, make):
    store = make(tmp_path)
    sound = store.verify(deep=True)
    assert sound["surplus"] == []
    assert sound["older_parts"] >= 4
    part = next(store.path.glob("parts/tracks/*.zarr"))
    (part / "lat" / "c" / "9").write_bytes(b"?")
    (store.path / "quarantine" / "left.parquet").write_bytes(b"?")
    shutil.copytree(part, part.with_name("2024-01-left.zarr"))
    names = store.verify(deep=True)["surplus"]
    assert names == [
        str((part / "lat/c/9").relative_to(store.path)),
        "parts/tracks/2024-01-left.zarr",
        "quarantine/left.parquet",
    ]
    old = [p for p in files(store.path) if p.endswith("lat/c/0")]
    for name in old:
        lose(store.path / name)
    with pytest.raises(DamagedStoreError) as caught:
        store.verify()
    lost = {one.path for one in caught.value.damage}
    assert lost >= {n for n in old if "left" not in n}
