"""Selections: equal to a filter over all rows, and few chunks opened."""

import pickle

import numpy as np
import pytest
import store_world as world

from oceandata.columns import TENTHS_MISSING, Columns
from oceandata.errors import BudgetError, StoreError
from oceandata.readers.protocol import Rejected, Reports, TrackBatch
from oceandata.store import arrays as store_arrays
from oceandata.store import create_store, reading

BOXES = [(-50, -10, 60, 40), (100, -60, -120, 70), (0, 0, 0.5, 0.5)]
PERIODS = [
    None,
    ("2024-01-10", "2024-01-20T06:00"),
    ("2024-01-25", "2024-02-05"),
    "2024-02",
]


@pytest.fixture(autouse=True)
def plain(monkeypatch):
    monkeypatch.setattr(
        "oceandata.store.sources.find_reader", lambda *_: world.PlainReader()
    )


@pytest.fixture(scope="module")
def rows():
    return world.rows_of(4000, vessels=30)


@pytest.fixture(scope="module")
def store(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("select")
    store = create_store(folder / "s")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "oceandata.store.sources.find_reader", lambda *_: world.PlainReader()
        )
        store.ingest(world.write(folder / "a.txt", rows[:3000]))
        store.ingest(world.write(folder / "b.txt", rows[2900:]))
    return store


def naive(rows, vessels=None, period=None, box=None):
    """The selected rows, one after another."""
    out = []
    for row in rows:
        vessel, time, lon, lat = row[0], row[1], row[2] / 1e7, row[3] / 1e7
        if vessels is not None and vessel not in vessels:
            continue
        if period is not None and not period[0] <= time < period[1]:
            continue
        if box is not None:
            west, south, east, north = box
            inside = west <= lon <= east
            if west > east:
                inside = lon >= west or lon <= east
            if not (inside and south <= lat <= north):
                continue
        out.append(row)
    return out


@pytest.mark.parametrize("box", [None, *BOXES])
@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize("vessels", [None, [200_000_003, 200_000_017, 5]])
def test_open__equals_a_filter_of_all_rows(store, rows, vessels, period, box):
    chosen = store.select(vessels=vessels, period=period, box=box)
    want = world.expected(naive(rows, vessels, chosen.period, box))
    assert world.view(chosen.load()) == want


def test_pieces__carry_one_fix_and_hold_each_fix_once(store, rows):
    period = ("2024-01-20", "2024-03-02")
    pieces = store.select(period=period).pieces(rows=150)
    assert len(pieces) > 20
    limits = store.select(period=period).period
    tracks: dict[int, list] = {}
    for row in world.expected(naive(rows, period=limits)):
        tracks.setdefault(row[0], []).append(row)
    seen: dict[int, list] = {vessel: [] for vessel in tracks}
    for piece in pieces:
        assert len(pickle.dumps(piece)) < 600
        arrays = pickle.loads(pickle.dumps(piece)).load()
        stops = np.cumsum(arrays.row_size)
        for k, vessel in enumerate(arrays.vessel.tolist()):
            first, last = stops[k] - arrays.row_size[k], stops[k]
            columns = (arrays.time, arrays.lon, arrays.lat, arrays.sog, arrays.cog)
            fixes = list(zip(*(c[first:last].tolist() for c in columns), strict=True))
            fixes = [(vessel, *fix) for fix in fixes]
            if arrays.carried[k]:
                assert fixes[0] == seen[vessel][-1]
                fixes = fixes[1:]
            else:
                assert not seen[vessel]
            seen[vessel] += fixes
    assert {v: sorted(f) for v, f in seen.items()} == tracks
    assert all([f[1] for f in x] == sorted(f[1] for f in x) for x in seen.values())


def test_pieces__box_keeps_whole_vessels(store, rows):
    box = (-50, -10, -20, 10)
    pieces = store.select(box=box).pieces()
    keys = {int(v) for piece in pieces for v in piece.load().vessel}
    assert {row[0] for row in naive(rows, box=box)} <= keys


def test_pieces__near_the_dateline_are_not_lost(tmp_path):
    store = create_store(tmp_path / "s")
    # One fix a month, each outside the box, on either side of the dateline.
    rows = [
        (211, world.JANUARY, 1_799_000_000, 100_000_000, 1, 1),
        (211, world.JANUARY + 40 * world.DAY, -1_799_000_000, 100_000_000, 1, 1),
        (212, world.JANUARY, 0, 100_000_000, 1, 1),
    ]
    store.ingest(world.write(tmp_path / "a.txt", rows))
    pieces = store.select(box=(179.95, 9, -179.95, 11)).pieces()
    assert [piece.load().vessel.tolist() for piece in pieces] == [[211], [211]]
    assert pieces[1].load().carried.tolist() == [1]


def test_pieces__same_on_any_machine(store, monkeypatch):
    first = store.select().pieces(rows=300)
    monkeypatch.setattr("oceandata.store.select.default_workers", lambda: 7)
    assert store.select().pieces(rows=300) == first


class Fleet:
    """A reader of invented fleets: vessels that stay near a place of their own."""

    name = "fleet"

    def batches(self, path, **_):
        n, vessels = 1_200_000, 2_000
        rng = np.random.default_rng(3)
        who = rng.integers(0, vessels, n)
        home = rng.integers(-1_700_000_000, 1_700_000_000, vessels)
        lat = rng.integers(-600_000_000, 600_000_000, vessels)
        zeros = np.zeros(n, "i1")
        columns = Columns(
            vessel=211_000_001 + who,
            time=world.JANUARY + np.sort(rng.integers(0, 30 * 86_400, n)) * 1_000_000,
            lon=(home[who] + rng.integers(0, 50_000, n) * 100).astype("i4"),
            lat=(lat[who] + rng.integers(0, 50_000, n) * 100).astype("i4"),
            sog=(who % 200).astype("i2"),
            cog=(who % 3600).astype("i2"),
            heading=np.full(n, TENTHS_MISSING),
            nav_status=zeros,
            transceiver=zeros,
            quality=zeros + 1,
            source=zeros.astype("i4"),
        )
        yield TrackBatch(columns, {}, Reports.empty(), Rejected.empty(), n, {})


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    folder = tmp_path_factory.mktemp("fleet")
    store = create_store(folder / "s")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("oceandata.store.sources.find_reader", lambda *_: Fleet())
        store.ingest(world.write(folder / "a.txt", []))
    return store


def test_open__one_vessel_and_one_box_touch_few_chunks(fleet, monkeypatch):
    read = []
    whole = store_arrays.ArrayReader.read_chunk

    def counted(self, number):
        read.append((self.name, number))
        return whole(self, number)

    everything = fleet.open()
    monkeypatch.setattr(store_arrays.ArrayReader, "read_chunk", counted)
    plan = fleet.select(vessels=211_000_777).plan()
    assert plan.chunks_total == 5
    assert plan.chunks <= 2
    assert plan.bytes < plan.bytes_total / 2
    one = fleet.open(vessels=211_000_777)
    assert len(read) == plan.chunks * len(reading.STORED)
    keys = everything["vessel"].values
    starts = np.cumsum(everything["row_size"].values)
    k = int(np.flatnonzero(keys == 211_000_777)[0])
    cut = slice(starts[k] - int(everything["row_size"][k]), starts[k])
    for name in ("lon", "lat", "time", "sog"):
        np.testing.assert_array_equal(one[name], everything[name][cut])
    box = (20, 30, 25, 35)
    plan = fleet.select(box=box).plan()
    assert plan.chunks <= 2
    assert plan.rows < 0.05 * plan.rows_total
    lon, lat = everything["lon"].values, everything["lat"].values
    inside = (lon >= 20) & (lon <= 25) & (lat >= 30) & (lat <= 35)
    assert fleet.open(box=box).sizes["obs"] == inside.sum()


def test_part__of_many_chunks_is_plain_zarr(fleet):
    import xarray as xr
    import zarr

    (path,) = (fleet.path / "parts/tracks").glob("*.zarr")
    group = zarr.open_group(path, mode="r")
    assert group["lon"].shards == (5 * 2**18,)
    assert group["lon"].chunks == (2**18,)
    part = xr.open_zarr(path, consolidated=False).load()
    ours = fleet.open()
    order = np.argsort(part["vessel"].values)
    starts = np.cumsum(part["row_size"].values) - part["row_size"].values
    rows = np.concatenate(
        [np.arange(starts[k], starts[k] + part["row_size"].values[k]) for k in order]
    )
    for name in ("lon", "lat", "sog", "cog"):
        np.testing.assert_allclose(part[name].values[rows], ours[name], rtol=1e-6)
    np.testing.assert_allclose(part["lon"].values[rows], ours["lon"], rtol=1e-15)
    np.testing.assert_array_equal(part["time"].values[rows], ours["time"])


def test_part__of_one_chunk_is_plain_zarr(store, rows):
    import xarray as xr

    for path in (store.path / "parts/tracks").glob("*.zarr"):
        part = xr.open_dataset(path, engine="zarr", consolidated=False).load()
        ids = [f"AIS-{v}" for v in part["mmsi"].values]
        assert part["trajectory_id"].values.tolist() == ids
        assert part["heading"].isnull().all()
        assert part["lon"].attrs["standard_name"] == "longitude"
        assert (
            set(world.view(part.drop_vars("sog").assign(sog=part["sog"]))) is not None
        )
        told = {(v, t) for v, t, *_ in world.view(part)}
        assert told <= {row[:2] for row in rows}


def test_select__says_what_is_wrong(store):
    cases = {
        "box": [(1, 2, 3), (0, 50, 10, 40), (-190, 0, 10, 10)],
        "period": [("2024-02-01", "2024-01-01"), ("yesterday", "2024"), (1, 2, 3)],
        "vessels": [[0], [1.5]],
    }
    words = {"box": "box", "period": "period", "vessels": "vessels must be"}
    for name, values in cases.items():
        for value in values:
            with pytest.raises(ValueError, match=words[name]):
                store.select(**{name: value})
    with pytest.raises(StoreError, match="dataset 'grids' is not in this store"):
        store.select(dataset="grids")
    with pytest.raises(ValueError, match="rows must be at least 1"):
        store.select().pieces(rows=0)


def test_open__refuses_what_would_not_fit(store, monkeypatch):
    monkeypatch.setattr("oceandata.store.store.memory_budget", lambda: 100_000)
    with pytest.raises(BudgetError, match=r"up to 0\.0 GB.*pieces\(\)"):
        store.open()
    assert store.open(vessels=200_000_003).sizes["trajectory"] == 1
