"""Functions applied to pieces as they load."""

from __future__ import annotations

import pickle
from functools import partial

import numpy as np
import pytest

from oceandata.errors import EngineError
from oceandata.pieces import ArrayPiece, TrackArrays, pieces_of, track_arrays
from oceandata.tracks.clean import clean_summary, clean_tracks
from oceandata.tracks.prepare import (
    PreparedPiece,
    prepare_tracks,
    prepared_summary,
    tracks_dataset,
)
from oceandata.tracks.split import split_tracks

MINUTE = 60_000_000


def arrays(sizes=(40, 5, 30), *, carried=(0, 0, 1), seed=3) -> TrackArrays:
    """Slow eastward tracks in the Yellow Sea; the third has a hole of a day."""
    rng = np.random.default_rng(seed)
    n, t = sum(sizes), len(sizes)
    time = np.concatenate([np.arange(size) * 5 * MINUTE for size in sizes])
    hole = sizes[0] + sizes[1] + 12
    time[hole:] += 24 * 60 * MINUTE
    lon = np.concatenate([122.5 + k + 0.01 * np.arange(s) for k, s in enumerate(sizes)])
    lon[7] += 3.0
    return TrackArrays(
        row_size=np.array(sizes, "i8"),
        vessel=np.array([412000001 + k for k in range(t)], "i8"),
        ship_type=np.array([70, 30, -1], "i2")[:t],
        carried=np.array(carried, "i1"),
        time=time + 1_700_000_000_000_000,
        lon=lon,
        lat=np.full(n, 35.25) + 1e-4 * rng.standard_normal(n),
        sog=np.full(n, np.nan, "f4"),
        cog=np.full(n, np.nan, "f4"),
        nav_status=np.full(n, 15, "i1"),
        quality=np.full(n, 2, "i1"),
    )


clean = partial(clean_tracks, rules=["impossible_speed"], max_speed=40.0, workers=1)
split = partial(split_tracks, gap="6h", distance=None, workers=1)


def test_prepared_piece__flags_as_the_whole_dataset():
    source = arrays()
    piece = pickle.loads(pickle.dumps(PreparedPiece(ArrayPiece(source), (clean,))))
    loaded = piece.load()
    whole = clean(tracks_dataset(source))
    np.testing.assert_array_equal(loaded.quality, whole["quality"].values)
    assert loaded.quality[7] == 4
    assert (np.delete(loaded.quality, 7) == 1).all()
    assert piece.cost == 75
    np.testing.assert_array_equal(loaded.carried, source.carried)
    assert source.quality.max() == 2


def test_prepared_piece__carried_stays_with_its_row_after_a_split():
    loaded = PreparedPiece(ArrayPiece(arrays()), (clean, split)).load()
    assert loaded.row_size.tolist() == [40, 5, 12, 18]
    assert loaded.carried.tolist() == [0, 0, 1, 0]
    assert loaded.vessel.tolist() == [412000001, 412000002, 412000003, 412000003]


def test_prepare_tracks__pieces_of_any_size_are_the_same():
    ds = tracks_dataset(arrays(carried=(0, 0, 0)))
    prepared = prepare_tracks(ds, clean)
    whole = track_arrays(clean(ds))
    for rows in (1, 41, 1000):
        parts = [piece.load() for piece in pieces_of(prepared, rows=rows)]
        joined = np.concatenate([part.quality for part in parts])
        np.testing.assert_array_equal(joined, whole.quality)


def test_prepared_piece__refuses_functions_that_delete():
    def shorter(ds):
        return ds.isel(obs=slice(0, 70), trajectory=slice(0, 2))

    with pytest.raises(
        EngineError, match=r"must keep every row .* 75 rows went in, 70"
    ):
        PreparedPiece(ArrayPiece(arrays()), (shorter,)).load()


def test_prepared_summary__counts_own_fixes_once():
    source = arrays(carried=(0, 0, 0))
    whole = clean_summary(clean(tracks_dataset(source)))
    table = prepared_summary(prepare_tracks(tracks_dataset(source), clean))
    assert table["fixes"].tolist() == whole["fixes"].tolist()
    assert table["share"].tolist() == whole["share"].tolist()
    bad = arrays(carried=(0, 0, 1))
    bad.lon[45] = 10.0
    tables = prepared_summary(prepare_tracks([ArrayPiece(bad)], clean))
    # the carried fix is the bad one: it is counted where it belongs, not here
    assert tables["fixes"].sum() == 1
