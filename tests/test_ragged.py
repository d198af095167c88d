"""Sorting, numbering, duplicates and merging of ragged rows."""

from __future__ import annotations

import naive_ragged as naive
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from oceankernels import ragged

ROWS = st.lists(
    st.tuples(st.integers(0, 4), st.integers(-3, 6), st.integers(0, 2)), max_size=120
)


def arrays(rows):
    table = np.array(rows, "i8").reshape(-1, 3)
    return table[:, 0].astype("i4"), table[:, 1].copy(), table[:, 2].astype("i4")


@given(ROWS)
@settings(deadline=None)
def test_order_by_vessel_time__equals_naive(rows):
    rank, time, tie = arrays(rows)
    index, row_size = ragged.order_by_vessel_time(rank, time, tie, 5)
    assert index.tolist() == naive.order_by_vessel_time(rank, time, tie)
    assert row_size.tolist() == np.bincount(rank, minlength=5).tolist()


def test_order_by_vessel_time__reversed_long_vessel():
    time = np.arange(1000, dtype="i8")[::-1].copy()
    rank = np.zeros(1000, "i4")
    index, _ = ragged.order_by_vessel_time(rank, time, rank, 1)
    assert index.tolist() == list(range(999, -1, -1))


@given(st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(-2, 2), max_size=200))
@settings(deadline=None)
def test_index_keys__equals_naive(keys):
    codes, distinct = ragged.index_keys(np.array(keys, "i8"))
    expected_codes, expected = naive.index_keys(keys)
    assert codes.tolist() == expected_codes
    assert distinct.tolist() == expected


def test_index_keys__grows_past_its_first_table():
    keys = np.random.default_rng(4).integers(1, 10**9, 50_000)
    codes, distinct = ragged.index_keys(keys)
    assert distinct.size == np.unique(keys).size
    assert np.array_equal(distinct[codes], keys)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 2))))
@settings(deadline=None)
def test_repeated_rows__equals_naive(rows):
    table = np.array(sorted(rows, key=lambda r: r[0]), "i8").reshape(-1, 3)
    found = ragged.repeated_rows(table[:, 0].copy(), table[:, 1:].copy())
    assert found.tolist() == naive.repeated_rows(table[:, 0], table[:, 1:])


@given(st.lists(ROWS, min_size=1, max_size=5))
@settings(deadline=None)
def test_merge_runs__equals_naive(runs):
    runs = [sorted(run) for run in runs]
    stops = np.cumsum([len(run) for run in runs])
    starts = np.concatenate([[0], stops[:-1]])
    rank, time, tie = arrays([row for run in runs for row in run])
    index = ragged.merge_runs(starts, stops, rank, time, tie)
    assert index.tolist() == naive.merge_runs(starts, stops, rank, time, tie)


def test_offsets__of_nothing_and_of_some():
    assert ragged.offsets(np.empty(0, "i8")).tolist() == [0]
    assert ragged.offsets(np.array([3, 0, 2])).tolist() == [0, 3, 3, 5]
