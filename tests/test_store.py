"""Stores: what goes in comes out, once, and stays as a commit showed it."""

import dataclasses
import itertools
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import store_world as world
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from oceandata.errors import StoreError
from oceandata.store import create_store, open_store
from oceandata.store.sources import sha256_of


@pytest.fixture(autouse=True)
def plain(monkeypatch):
    """Every file is read by the small reader of the tests."""
    monkeypatch.setattr(
        "oceandata.store.sources.find_reader", lambda *_: world.PlainReader()
    )


@pytest.fixture
def store(tmp_path):
    return create_store(tmp_path / "s")


def test_ingest__every_row_is_accounted_for(store, tmp_path):
    rows = world.rows_of(3000)
    path = world.write(tmp_path / "a.txt", rows + rows[:7], ["! bad", "! worse"])
    report = store.ingest(path)
    assert (report.rows_read, report.rows_kept, report.duplicates) == (3009, 3000, 7)
    assert report.quarantined == {"starts with an exclamation mark": 2}
    assert report.commits == [1]
    assert world.view(store.open()) == world.expected(rows)
    rejected = store.quarantine()
    assert rejected["raw"].tolist() == [b"! bad", b"! worse"]
    assert rejected["line"].tolist() == [3008, 3009]
    assert rejected["file"].tolist() == ["a.txt"] * 2
    assert len(store.quarantine(commit=0)) == 0
    assert store.info()["rows"] == 3000
    assert "3,009 rows read" in str(report)


def test_open__is_a_valid_dataset_sorted_by_vessel_and_time(store, tmp_path):
    from oceandata.schema import validate

    store.ingest(world.write(tmp_path / "a.txt", world.rows_of(2000)))
    ds = validate(store.open(), "tracks")
    assert (np.diff(ds["vessel"].values) > 0).all()
    for part in np.split(ds["time"].values, np.cumsum(ds["row_size"].values)[:-1]):
        assert (np.diff(part) >= np.timedelta64(0)).all()
    assert ds.attrs["store_commit"] == 1


def test_open__empty_store_and_empty_selection(store, tmp_path):
    from oceandata.schema import validate

    assert validate(store.open(), "tracks").sizes["obs"] == 0
    store.ingest(world.write(tmp_path / "a.txt", world.rows_of(100)))
    ds = validate(store.open(vessels=999_999_999), "tracks")
    assert dict(ds.sizes) == {"trajectory": 0, "obs": 0}
    assert store.select(period=("1999-01-01", "1999-02-01")).pieces() == []


def test_ingest__same_file_again_changes_nothing(store, tmp_path):
    rows = world.rows_of(500)
    path = world.write(tmp_path / "a.txt", rows)
    store.ingest(path)
    twin = world.write(tmp_path / "renamed.txt", rows)
    again = store.ingest([path, twin])
    assert again.commits == []
    assert again.present == ["a.txt", "renamed.txt"]
    assert store.number == 1
    fresh = create_store(tmp_path / "t")
    report = fresh.ingest([path, twin])
    assert report.files == ["a.txt"]
    assert report.present == ["renamed.txt"]
    assert world.view(fresh.open()) == world.expected(rows)


def test_ingest__bad_file_is_refused_and_the_others_go_on(store, tmp_path):
    rows = world.rows_of(400)
    good = world.write(tmp_path / "good.txt", rows[:200])
    binary = tmp_path / "binary.csv"
    binary.write_bytes(b"\0\1\2")
    broken = world.write(tmp_path / "broken.txt", rows[:50], ["! bad", "BREAK"])
    last = world.write(tmp_path / "last.txt", rows[200:])
    paths = [good, binary, tmp_path, broken, tmp_path / "none.txt", last]
    report = store.ingest(paths)
    assert report.files == ["good.txt", "last.txt"]
    assert report.rows_read == report.rows_kept == 400
    assert "not text" in report.refused[str(binary)]
    assert "directory" in report.refused[str(tmp_path)]
    assert "broken in the middle" in report.refused[str(broken)]
    assert report.refused[str(tmp_path / "none.txt")] == "no such file"
    assert world.view(store.open()) == world.expected(rows)
    assert not list((store.path / "quarantine").iterdir())


def test_ingest__patterns_and_what_they_do_not_find(store, tmp_path):
    rows = world.rows_of(90)
    for k in range(3):
        world.write(tmp_path / f"day-{k}.txt", rows[30 * k : 30 * k + 30])
    report = store.ingest([tmp_path / "day-*.txt", str(tmp_path / "night-*.txt")])
    assert report.files == ["day-0.txt", "day-1.txt", "day-2.txt"]
    assert "no file matches" in report.refused[str(tmp_path / "night-*.txt")]
    assert world.view(store.open()) == world.expected(rows)


def test_ingest__file_without_rows_is_a_source(store, tmp_path):
    path = world.write(tmp_path / "a.txt", [], ["! only", "! bad"])
    report = store.ingest(path)
    assert (report.rows_read, report.rows_kept) == (2, 0)
    assert store.ingest(path).present == ["a.txt"]


def test_ingest__text_identities_round_trip(store, tmp_path):
    rows = [("X17", world.JANUARY, 30_000_000, 550_000_000, 10, 20)]
    store.ingest(world.write(tmp_path / "a.txt", rows))
    ds = store.open(vessels="VMS-X17")
    assert ds["trajectory_id"].values.tolist() == ["VMS-X17"]
    assert ds["mmsi"].values.tolist() == [0]
    assert store.open(vessels="X17").sizes["obs"] == 1


def test_ingest__float_positions_round_trip_exactly(store, tmp_path):
    texts = ["0.1234567891", "-179.99999999999997", "12.3", "3e-20"]
    rows = [
        (211, world.JANUARY + k, lon, "-7.000000000000001", 1, 2)
        for k, lon in enumerate(texts)
    ]
    store.ingest(world.write(tmp_path / "a.txt", rows))
    decimals = [(212, world.JANUARY, 123_456_700, -70_000_000, 1, 2)]
    store.ingest(world.write(tmp_path / "b.txt", decimals))
    ds = store.open()
    assert ds["lon"].values.tolist() == [*map(float, texts), 12.34567]
    assert ds["lat"].values.tolist() == [-7.000000000000001] * 4 + [-7.0]
    times = ds["time"].values.astype("i8")
    assert times.tolist() == [*(world.JANUARY + k for k in range(4)), world.JANUARY]
    store.compact(force=True)
    assert store.open().drop_attrs().equals(ds.drop_attrs())


def test_ingest__large_source_spills_and_commits_once(store, tmp_path):
    rows = world.rows_of(30_000, vessels=40)
    path = world.write(tmp_path / "a.txt", rows + rows[100:140], ["! bad"])
    report = store.ingest(path, group_bytes=200_000)
    assert report.commits == [1]
    assert report.duplicates == 40
    assert report.rows_kept == 30_000
    assert world.view(store.open()) == world.expected(rows)
    state = store._state
    assert len(state.parts) == 3
    left = {p.name for p in (store.path / "parts/tracks").glob("*.zarr")}
    assert left == {f"{part}.zarr" for part in state.parts}
    (source,) = state.sources
    assert all(part["sources"] == [source] for part in state.parts.values())


def test_ingest__small_files_share_a_commit_and_a_part(store, tmp_path):
    rows = world.rows_of(900, days=20)
    paths = [
        world.write(tmp_path / f"{k}.txt", rows[k * 100 : (k + 1) * 100])
        for k in range(9)
    ]
    report = store.ingest(paths)
    assert report.commits == [1]
    assert len(store._state.parts) == 1
    assert len(set(store.open().attrs["sources"])) == 9
    assert store.sources()["label"].tolist() == [f"{k}.txt" for k in range(9)]


def test_ingest__byte_ranges_give_the_same_view(store, tmp_path):
    rows = world.rows_of(2000)
    path = world.write(tmp_path / "a.txt", rows, ["! bad"])
    report = store.ingest(path, range_bytes=9_973)
    assert len(report.files) == -(-path.stat().st_size // 9_973)
    assert report.rows_read == 2001
    assert world.view(store.open()) == world.expected(rows)
    assert store.ingest(path, range_bytes=9_973).commits == []


def test_ingest__duplicates_across_files_show_once(store, tmp_path):
    rows = world.rows_of(600, days=25)
    store.ingest(world.write(tmp_path / "a.txt", rows[:400]))
    store.ingest(world.write(tmp_path / "b.txt", rows[300:]))
    assert len(store._state.parts) == 2
    assert world.view(store.open()) == world.expected(rows)
    together = create_store(tmp_path / "t")
    report = together.ingest([tmp_path / "a.txt", tmp_path / "b.txt"])
    assert report.duplicates == 100
    assert report.rows_kept == 600
    assert together.info()["rows"] == 600
    assert world.view(together.open()) == world.expected(rows)


def test_replaces__rows_of_the_old_file_leave(store, tmp_path):
    rows = world.rows_of(700, days=40)
    old = world.write(tmp_path / "old.txt", rows[:300])
    other = world.write(tmp_path / "other.txt", rows[200:500])
    store.ingest([old, other])
    new = world.write(tmp_path / "new.txt", rows[500:])
    store.ingest(new, replaces=sha256_of(old))
    # Rows 200-299 stand in "other" as well: they stay.
    assert world.view(store.open()) == world.expected(rows[200:])
    assert world.view(open_store(store.path, as_of=1).open()) == world.expected(
        rows[:500]
    )
    carried = _rows_of_pieces(store)
    store.compact()
    assert world.view(store.open()) == world.expected(rows[200:])
    assert _rows_of_pieces(store) == carried
    assert store.ingest(old).present == ["old.txt"]
    with pytest.raises(StoreError, match="no source has this hash"):
        store.ingest(new, replaces="0123456789abcdef")


def _rows_of_pieces(store):
    return [
        [a.tolist() if a.dtype.kind != "f" else a.tobytes() for a in piece.load()]
        for piece in store.select().pieces(rows=100)
    ]


def test_as_of__shows_what_was(store, tmp_path):
    rows = world.rows_of(300, days=9)
    views = [[]]
    for k in range(3):
        part = rows[: 100 * (k + 1)]
        store.ingest(world.write(tmp_path / f"{k}.txt", rows[100 * k : 100 * (k + 1)]))
        views.append(world.expected(part))
    store.compact(force=True)
    for number, told in enumerate(views):
        assert world.view(open_store(store.path, as_of=number).open()) == told
    history = store.history()
    assert history["kind"].tolist() == ["create", *["append"] * 3, "compact"]
    moment = str(history["time"][2])
    assert open_store(store.path, as_of=moment).number == 2
    with pytest.raises(StoreError, match="commit 9 does not exist; the newest is 4"):
        open_store(store.path, as_of=9)
    with pytest.raises(StoreError, match="no commit yet"):
        open_store(store.path, as_of="1999-01-01")


def test_select__notices_a_store_made_anew(tmp_path):
    rows = world.rows_of(50)
    views = []
    for half in (rows[:25], rows[25:]):
        shutil.rmtree(tmp_path / "s", ignore_errors=True)
        store = create_store(tmp_path / "s")
        store.ingest(world.write(tmp_path / "a.txt", half))
        views.append(store.select())
        assert world.view(store.open()) == world.expected(half)
    assert views[0].uuid != views[1].uuid
    with pytest.raises(StoreError, match="the store was made anew"):
        dataclasses.replace(views[0], box=(0, 0, 1, 1)).load()


def test_compact__leaves_the_view_equal(store, tmp_path):
    rows = world.rows_of(1500, vessels=20)
    for k in range(10):
        cut = rows[k * 140 : (k + 1) * 150 + 30]
        store.ingest(world.write(tmp_path / f"{k}.txt", cut))
    before, pieces = store.open(), store.select().pieces(rows=200)
    loaded = [piece.load() for piece in pieces]
    numbers = store.compact()
    assert len(numbers) >= 3
    assert (
        len([p for p in store._state.parts.values() if p["dataset"] == "tracks"]) == 3
    )
    after = store.open()
    assert after.drop_attrs().equals(before.drop_attrs())
    assert after.attrs["sources"] == before.attrs["sources"]
    again = store.select().pieces(rows=200)
    assert [a.load().vessel.tolist() for a in again] == [
        a.vessel.tolist() for a in loaded
    ]
    for piece, told in zip(again, loaded, strict=True):
        for got, want in zip(piece.load(), told, strict=True):
            np.testing.assert_array_equal(got, want)
    assert store.compact() == []


def test_compact__only_where_it_is_due(store, tmp_path):
    rows = world.rows_of(2000, days=10)
    store.ingest(world.write(tmp_path / "big.txt", rows[:1950]))
    store.ingest(world.write(tmp_path / "small.txt", rows[1950:]))
    assert store.compact() == []
    assert len(store.compact(force=True)) == 1
    assert store.compact(period=("2025-01-01", "2026-01-01"), force=True) == []


def test_static__derived_as_of_the_end_of_the_period(store, tmp_path):
    day = world.DAY
    rows = [(211, world.JANUARY + k * day, 30_000_000, 1, 1, 1) for k in range(40)]
    names = [
        f"name 211 {world.JANUARY + 2 * day} FIRST 70",
        f"name 211 {world.JANUARY + 3 * day} FIRST 70",
        f"name 211 {world.JANUARY + 20 * day} SECOND 30",
    ]
    store.ingest(world.write(tmp_path / "a.txt", rows, names))
    table = store.static()
    assert table["name"].tolist() == ["FIRST", "SECOND"]
    assert store.static(vessels=212).empty

    def told(stop):
        selection = store.select(period=("2024-01-01", stop))
        ds, arrays = selection.load(), selection.pieces()[0].load()
        assert arrays.ship_type.tolist() == ds["ship_type"].values.tolist()
        return ds["vessel_name"].values[0], int(ds["ship_type"][0])

    assert told("2024-01-02") == ("FIRST", 70)
    assert told("2024-01-15") == ("FIRST", 70)
    assert told("2024-02-01") == ("SECOND", 30)


def test_history_info_and_entries_are_plain_json(store, tmp_path):
    store.ingest(
        world.write(tmp_path / "a.txt", world.rows_of(10)), message="first light"
    )
    entry = json.loads(Path(store.path, "log", f"{1:012d}.json").read_bytes())
    assert entry["message"] == "first light"
    assert entry["sources"][0]["rows"] == 10
    assert entry["software"]["numpy"] == np.__version__
    assert store.info()["sources"] == 1


def test_progress__ends_at_the_total(store, tmp_path):
    told = []
    path = world.write(tmp_path / "a.txt", world.rows_of(100))
    store.ingest(path, progress=lambda *args: told.append(args))
    assert told[-1][0] == told[-1][1] == path.stat().st_size


ROWS = st.lists(
    st.tuples(
        st.sampled_from([211_000_001, 211_000_002, 999_999_999]),
        st.integers(0, 60 * 86_400 * 2).map(lambda k: world.JANUARY + k * 500_000),
        st.sampled_from([-1_800_000_000, -1_234_567, 0, 1_799_999_999, 50_000_000]),
        st.sampled_from([-899_999_999, 0, 432_100_000]),
        st.sampled_from([0, 1, 255]),
        st.sampled_from([0, 1799, 3599]),
    ),
    max_size=40,
)


@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rows=ROWS, cuts=st.lists(st.integers(0, 40), max_size=3), one=st.booleans())
def test_ingest__any_split_of_files_gives_the_same_view(
    tmp_path_factory, rows, cuts, one
):
    folder = tmp_path_factory.mktemp("split")
    store = create_store(folder / "s")
    edges = sorted({0, len(rows), *(min(c, len(rows)) for c in cuts)})
    paths = [
        world.write(folder / f"{a}.txt", rows[a:b], [f"! {a}"])
        for a, b in itertools.pairwise(edges)
    ]
    for batch in [paths] if one else [[p] for p in paths]:
        if batch:
            store.ingest(batch)
    told = world.expected(rows)
    assert world.view(store.open()) == told
    counted = 0
    for piece in store.select().pieces(rows=7):
        arrays = piece.load()
        counted += arrays.time.size - int(arrays.carried.sum())
    assert counted == len(told)
    store.compact(force=True)
    assert world.view(store.open()) == told
