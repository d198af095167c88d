"""Hours, distance and passages: the account, suppression, and the same bits anyhow."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import oceandata as od
from oceandata.engines import ArrayPiece, TrackArrays
from oceandata.errors import BudgetError, EngineError
from oceandata.tracks import cells as passes
from tests.naive_raster import naive_hours
from tests.raster_cases import DAY, HOUR, START, by_cell, track_arrays

GRID = od.regular_grid((118, 33, 123, 37), step=0.5)
MONTHS = [
    int(np.datetime64(month, "us").astype("i8"))
    for month in ("2024-01", "2024-02", "2024-03")
]


def wandering(seed, *, n=14, length=40, bad=True):
    """Tracks of `n` vessels around the grid, with gaps, bad fixes and equal stamps."""
    rng = np.random.default_rng(seed)
    tracks = []
    for k in range(n):
        m = int(rng.integers(0, length))
        step = rng.choice([0, 600, 3600, 5 * 3600, 7 * 3600], m, p=[0.05, 0.4, 0.4, 0.1,
                          0.05]) * 1_000_000 + rng.integers(0, 999_999, m)  # fmt: skip
        step[rng.random(m) < 0.05] = 0
        time = START + 5 * DAY + k * HOUR + np.cumsum(step)
        lon = rng.uniform(117.5, 123.5) + np.cumsum(rng.normal(0, 0.4, m))
        lat = rng.uniform(32.5, 37.5) + np.cumsum(rng.normal(0, 0.3, m))
        quality = rng.choice([1, 2, 3, 4, 9], m, p=[0.4, 0.4, 0.1, 0.05, 0.05])
        if bad:
            lon[rng.random(m) < 0.03] = np.nan
        rows = zip(time.tolist(), lon, lat, quality, strict=True)
        tracks.append((412_000_000 + int(rng.integers(0, 6)), list(rows)))
    return tracks


def state_of(tracks, **options):
    """Integers of one piece, before anything is withheld."""
    return passes.cell_reduction(request(**options), lambda s: s).partial(
        ArrayPiece(tracks if isinstance(tracks, TrackArrays) else track_arrays(tracks))
    )


def request(**options):
    defaults = {
        "quantity": "time", "path": "lonlat", "gap": "6h", "by": ("class", "month"),
        "min_vessels": 3, "skip_quality": (4, 9),
    }  # fmt: skip
    return passes.cell_request(GRID, **{**defaults, **options})


def cut(arrays, rng, n_pieces):
    """Unequal pieces: whole trajectories, long ones cut with the joint fix carried."""
    parts, start = [], 0
    for k, size in enumerate(arrays.row_size):
        inner = rng.integers(0, size + 1, rng.integers(0, 3)) if size > 3 else []
        stops = [*sorted({int(c) for c in inner if 0 < c < size}), int(size)]
        begin = 0
        for stop in stops:
            carried = begin > 0
            rows = slice(start + begin - carried, start + stop)
            parts.append(
                TrackArrays(
                    np.array([rows.stop - rows.start]),
                    arrays.vessel[k : k + 1],
                    arrays.ship_type[k : k + 1],
                    np.array([carried], "i1"),
                    *(column[rows] for column in arrays[4:]),
                )
            )
            begin = stop
        start += int(size)
    order = rng.permutation(len(parts))
    groups = (
        np.array_split(order, n_pieces) if n_pieces < len(parts) else order[:, None]
    )
    return [
        ArrayPiece(
            TrackArrays(*(np.concatenate(c) for c in zip(*(parts[i] for i in group),
                                                         strict=True)))
        )
        for group in groups
        if len(group)
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(6))
def test_hours__equal_naive_twin(seed):
    tracks = wandering(seed, n=7, length=15)
    state = state_of(tracks)
    amount, vessels, sums = naive_hours(GRID, tracks, gap=6 * HOUR, months=MONTHS)
    ours = by_cell(state.cells)
    assert state.total == sums["total"]
    assert state.over_gap == sums["over_gap"]
    assert abs(state.off_grid - sums["off_grid"]) <= 50
    theirs = {(12, 648 + m, *cell): (n, sorted(vessels[m, cell])[:3])
              for (m, cell), n in amount.items()}  # fmt: skip
    for where in theirs.keys() | ours.keys():
        n, held = theirs.get(where, (0, []))
        m, kept = ours.get(where, (0, set()))
        assert abs(n - m) <= 20  # half a microsecond a crossing
        if n > 20:
            assert kept == set(held)


@pytest.mark.parametrize("path", ["lonlat", "great_circle"])
@pytest.mark.parametrize("quantity", ["time", "distance", "entries"])
@pytest.mark.parametrize("seed", range(3))
def test_state__same_bits_for_any_pieces(seed, quantity, path):
    rng = np.random.default_rng(seed)
    # fixes that are skipped cannot be the joint of two pieces: none here
    tracks = [(v, [(t, x, y, 1) for t, x, y, _ in rows])
              for v, rows in wandering(seed, n=90, bad=False)]  # fmt: skip
    arrays = track_arrays(tracks, ship_type=rng.choice([30, 70, 80, -1], 90))
    whole = state_of(arrays, quantity=quantity, path=path)
    reduction = passes.cell_reduction(
        request(quantity=quantity, path=path), lambda s: s
    )
    for n_pieces in (1, 3, 64, 10_000):
        pieces = cut(arrays, rng, n_pieces)
        assert n_pieces < 64 or len(pieces) >= 64
        for workers in (1, 2):
            state = od.engines.run(reduction, pieces, workers=workers)
            assert same(state, whole, counts=False)


def same(a, b, *, counts=True):
    cells = all(
        x.tobytes() == y.tobytes() and x.shape == y.shape
        for x, y in zip(a.cells, b.cells, strict=True)
    )
    sums = [
        (s.total, s.off_grid, s.over_gap, s.first_time, s.last_time) for s in (a, b)
    ]
    return cells and sums[0] == sums[1] and (not counts or a.counts == b.counts)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 80), st.sampled_from([(), ("month",)]))
def test_hours__same_bits_for_any_order(seed, n_pieces, by):
    rng = np.random.default_rng(seed)
    tracks = wandering(seed, n=6, length=12)
    pieces = [ArrayPiece(track_arrays([track])) for track in tracks if track[1]]
    if not pieces:
        return
    rng.shuffle(pieces)
    whole = state_of([track for track in tracks if track[1]], by=by)
    reduction = passes.cell_reduction(request(by=by), lambda s: s)
    assert same(od.engines.run(reduction, pieces, workers=1), whole)


def dataset(tracks, *, ship_type=None) -> xr.Dataset:
    """A tracks Dataset with the least that the schema asks for."""
    arrays = track_arrays(tracks, ship_type=ship_type)
    ds = xr.Dataset(
        {
            "row_size": ("trajectory", arrays.row_size, {"sample_dimension": "obs"}),
            "mmsi": ("trajectory", arrays.vessel),
            "ship_type": ("trajectory", arrays.ship_type),
            "lon": ("obs", arrays.lon),
            "lat": ("obs", arrays.lat),
            "time": ("obs", arrays.time.view("M8[us]")),
            "quality": ("obs", arrays.quality),
        }
    )
    names = [f"AIS-{v}/{k}" for k, v in enumerate(arrays.vessel)]
    ds["trajectory_id"] = ("trajectory", names, {"cf_role": "trajectory_id"})
    return ds.set_coords("trajectory_id")


def lane(vessels, *, lat=34.25, start=START, ship_type=70):
    """Vessels one after the other along a parallel: 10 cells east in 10 hours."""
    tracks = []
    for k, vessel in enumerate(vessels):
        lon = np.linspace(118.125, 123.0, 40)
        time = start + k * DAY + (np.arange(40) * HOUR // 4)
        rows = zip(time.tolist(), lon, [lat] * 40, [1] * 40, strict=True)
        tracks.append((vessel, list(rows)))
    return dataset(tracks, ship_type=[ship_type] * len(tracks))


def account(ds, suffix):
    names = ("exported", "withheld", "off_grid", "over_gap", "total")
    parts = [int(ds.attrs[f"{name}_{suffix}"]) for name in names]
    assert sum(parts[:4]) == parts[4]
    return parts


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("by", [(), ("class",), ("month",), ("class", "month")])
def test_hours__account_is_exact(seed, by):
    tracks = [ArrayPiece(track_arrays(wandering(seed, n=60)))]
    for function, suffix, per in (
        (od.vessel_hours, "us", 3.6e9), (od.vessel_distance, "mm", 1e6),
        (od.transit_counts, "transits", 1),
    ):  # fmt: skip
        ds = function(tracks, grid=GRID, by=by)
        parts = account(ds, suffix)
        name = next(iter(ds.data_vars))
        assert float(ds[name].sum()) * per == pytest.approx(parts[0], rel=1e-12)
        assert int(ds["withheld"].sum()) == ds.attrs["withheld_cells"]
        assert (np.isnan(ds[name].values) == (ds["withheld"].values == 1)).all()
        free = function(tracks, grid=GRID, by=by, min_vessels=1)
        assert account(free, suffix)[1] == 0
        assert account(free, suffix)[4] == parts[4]


def test_hours__fewer_than_three_vessels_are_withheld():
    two = od.vessel_hours(lane([412000001, 412000002]), grid=GRID, by=())
    assert np.isnan(two["vessel_hours"].values[2]).all()
    assert two.attrs["withheld_cells"] == 10
    assert account(two, "us")[0] == 0
    three = od.vessel_hours(lane([412000001, 412000002, 7]), grid=GRID, by=())
    assert not np.isnan(three["vessel_hours"]).any()
    again = od.vessel_hours(lane([5, 6, 5, 6, 5]), grid=GRID, by=())
    assert np.isnan(again["vessel_hours"].values[2]).all()
    five = od.vessel_hours(lane([1, 2, 3, 4]), grid=GRID, by=(), min_vessels=5)
    assert np.isnan(five["vessel_hours"].values[2]).all()


def test_hours__distinct_vessels_are_counted_on_the_union_of_what_is_released():
    # three vessels, one a month: withheld by month, released over all months
    months = [int(np.datetime64(f"2024-0{k}-10", "us").astype("i8")) for k in (1, 2, 3)]
    tracks = _joined([lane([k + 1], start=t) for k, t in enumerate(months)])
    by_month = od.vessel_hours(tracks, grid=GRID, by=("month",))
    assert by_month.sizes["month"] == 3
    assert by_month.attrs["withheld_cells"] == 30
    summed = od.vessel_hours(tracks, grid=GRID, by=())
    assert summed.attrs["withheld_cells"] == 0
    assert account(summed, "us")[0] == account(by_month, "us")[1]


def _joined(parts):
    arrays = [od.engines.pieces_of(p)[0].load() for p in parts]
    joined = TrackArrays(*(np.concatenate(c) for c in zip(*arrays, strict=True)))
    return [ArrayPiece(joined)]


def test_hours__by_class_and_month():
    tracks = _joined([
        lane([1, 2, 3], ship_type=30, start=START),
        lane([4, 5, 6], ship_type=83, start=START + 12 * DAY, lat=35.75),
    ])  # fmt: skip
    ds = od.vessel_hours(tracks, grid=GRID)
    assert ds["vessel_hours"].dims == ("ship_class", "month", "lat", "lon")
    assert ds.sizes == {"ship_class": 13, "month": 2, "lat": 8, "lon": 10, "bounds": 2}
    by_class = ds["vessel_hours"].sum(("month", "lat", "lon"))
    fishing, tanker = (float(by_class.sel(ship_class=c)) for c in ("Fishing", "Tanker"))
    assert fishing == pytest.approx(3 * 9.75, rel=1e-9)
    assert tanker == pytest.approx(3 * 9.75, rel=1e-9)
    assert ds["month"].values.astype("M8[M]").tolist() == [
        np.datetime64(m).astype("M8[M]").item() for m in ("2024-01", "2024-02")
    ]


def test_hours__month_boundary_splits_in_time():
    boundary = MONTHS[1]
    rows = [(boundary - HOUR, 118.6, 34.2, 1), (boundary + 3 * HOUR, 118.9, 34.3, 1)]
    ds = od.vessel_hours(dataset([(9, rows)]), grid=GRID, by=("month",), min_vessels=1)
    assert ds["vessel_hours"].sum(("lat", "lon")).values.tolist() == [1.0, 3.0]
    exact = [(boundary - HOUR, 118.6, 34.2, 1), (boundary, 118.9, 34.3, 1)]
    one = od.vessel_hours(dataset([(9, exact)]), grid=GRID, by="month", min_vessels=1)
    assert one["vessel_hours"].sum(("lat", "lon")).values.tolist() == [1.0, 0.0]


def test_hours__gap_counts_entirely():
    rows = [(START, 118.6, 34.2, 1), (START + 6 * HOUR, 118.9, 34.3, 1),
            (START + 12 * HOUR + 1, 118.7, 34.4, 1)]  # fmt: skip
    ds = od.vessel_hours(dataset([(9, rows)]), grid=GRID, by=(), min_vessels=1)
    assert account(ds, "us") == [6 * HOUR, 0, 0, 6 * HOUR + 1, 12 * HOUR + 1]
    assert ds.attrs["over_gap_segments"] == 1


def test_hours__bad_fix_is_left_out_and_the_next_joins():
    rows = [(START, 118.6, 34.2, 1), (START + HOUR, 10.0, -60.0, 4),
            (START + 2 * HOUR, 118.9, 34.3, 3)]  # fmt: skip
    ds = od.vessel_hours(dataset([(9, rows)]), grid=GRID, by=(), min_vessels=1)
    assert account(ds, "us") == [2 * HOUR, 0, 0, 0, 2 * HOUR]
    assert ds.attrs["fixes_skipped_by_quality"] == 1
    strict = od.vessel_hours(
        dataset([(9, rows)]), grid=GRID, by=(), min_vessels=1, skip_quality=(3, 4, 9)
    )
    assert account(strict, "us")[4] == 0


def test_hours__two_paths_differ_and_say_so():
    rows = [(START, 119.0, 33.2, 1), (START + 5 * HOUR, 122.9, 36.9, 1)]
    straight, arc = (
        od.vessel_hours(dataset([(9, rows)]), grid=GRID, by=(), min_vessels=1, path=p)
        for p in ("lonlat", "great_circle")
    )
    assert straight.attrs["path"] == "lonlat"
    assert arc.attrs["path"] == "great_circle"
    assert not np.array_equal(straight["vessel_hours"], arc["vessel_hours"])
    assert account(straight, "us") == account(arc, "us")


@pytest.mark.parametrize("engine", ["threads", "dask"])
def test_product__same_for_64_pieces(engine):
    tracks = [t for t in wandering(3, n=40, bad=False, length=200) if len(t[1]) > 1]
    arrays = track_arrays(tracks)
    good = arrays._replace(quality=np.ones(arrays.time.size, "i1"))
    one = od.vessel_hours([ArrayPiece(good)], grid=GRID, by="month", workers=1)
    many = od.vessel_hours(
        cut(good, np.random.default_rng(8), 64), grid=GRID, by="month", workers=2,
        engine=engine,
    )  # fmt: skip
    for name in ("vessel_hours", "withheld"):
        assert one[name].values.tobytes() == many[name].values.tobytes()
    assert account(one, "us") == account(many, "us")


def test_transits__coming_back_counts_again():
    lons = [118.2, 118.3, 118.7, 118.8, 118.2, 118.7]
    rows = [(START + k * HOUR, x, 34.2, 1) for k, x in enumerate(lons)]
    rows.append((START + 20 * HOUR, 118.75, 34.2, 1))  # after a gap: counts anew
    ds = od.transit_counts(dataset([(9, rows)]), grid=GRID, by=(), min_vessels=1)
    assert ds["transit_counts"].values[2, :3].tolist() == [2.0, 3.0, 0.0]
    assert account(ds, "transits") == [5, 0, 0, 0, 5]


def test_transits__outside_is_one_cell():
    rows = [
        (START, 118.2, 33.2, 1),
        (START + HOUR, 116.0, 31.0, 1),
        (START + 2 * HOUR, 112.0, 29.0, 1),
        (START + 3 * HOUR, 118.2, 33.2, 1),
    ]
    ds = od.transit_counts(
        dataset([(9, rows)]), grid=GRID, by=(), min_vessels=1
    )  # fmt: skip
    assert ds["transit_counts"].values[0, 0] == 2
    assert account(ds, "transits") == [2, 0, 1, 0, 3]


def test_transits__month_is_that_of_the_entry():
    boundary = MONTHS[1]
    rows = [
        (boundary - 2 * HOUR, 118.1, 34.2, 1),
        (boundary + 2 * HOUR, 118.8, 34.2, 1),
    ]
    ds = od.transit_counts(dataset([(9, rows)]), grid=GRID, by="month", min_vessels=1)
    assert ds["transit_counts"].values[:, 2, :2].tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_errors__all_faults_in_one_message():
    with pytest.raises(ValueError, match=r"grid must .*path must .*by must .*min_vess"):
        od.vessel_hours(None, grid=3, path="rhumb", by=("year",), min_vessels=0)
    with pytest.raises(ValueError, match="gap must be a positive duration"):
        od.vessel_hours(lane([1]), grid=GRID, gap=6)


def test_errors__fixes_out_of_order():
    arrays = track_arrays([(9, [(START, 118.6, 34.2, 1), (START - 1, 118.9, 34.3, 1)])])
    with pytest.raises(EngineError, match="must be ordered in time; 1 are earlier"):
        od.vessel_hours([ArrayPiece(arrays)], grid=GRID)


def test_errors__overflow_is_refused_not_wrapped():
    ends = [(-(2**62), 118.6, 34.2, 1), (2**62, 118.9, 34.3, 1)]
    with pytest.raises(EngineError, match="64 bits hold"):
        od.vessel_hours([ArrayPiece(track_arrays([(9, ends)] * 2))], grid=GRID, by=())


def test_errors__product_beyond_memory():
    fine = od.regular_grid(step="1/200")
    with pytest.raises(BudgetError, match=r"13 classes x 36,000 rows x 72,000 columns"):
        od.vessel_hours(lane([1]), grid=fine, by="class")


def test_product__is_labelled():
    ds = od.vessel_hours(lane([1, 2, 3]), grid=GRID)
    assert ds["vessel_hours"].attrs["units"] == "h"
    assert ds["lon_bounds"].shape == (10, 2)
    assert float(ds["lon"][0]) == 118.25
    assert float(ds["lat_bounds"][0, 1]) == 33.5
    assert ds["withheld"].dtype == np.int8
    assert ds["vessel_hours"].dtype == np.float64
    assert ds.attrs["gap"]
    assert ds["crs"].attrs["grid_mapping_name"] == "latitude_longitude"
