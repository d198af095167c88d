"""The compact table between readers, store and Dataset."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oceandata import columns as c
from oceandata import schema


def table(n, *, seed=3, **exchange):
    """Rows with few vessels and few stamps, so that ties and duplicates occur."""
    rng = np.random.default_rng(seed)
    base = {
        "vessel": rng.integers(1, 4, n) + 412_000_000,
        "time": rng.integers(0, 5, n) * 1_000_000,
        "lon": rng.integers(1_200_000_000, 1_200_000_003, n).astype("i4"),
        "lat": rng.integers(360_000_000, 360_000_002, n).astype("i4"),
        "sog": np.full(n, 103, "i2"),
        "cog": np.full(n, -32768, "i2"),
        "heading": np.zeros(n, "i2"),
        "nav_status": np.zeros(n, "i1"),
        "transceiver": np.ones(n, "i1"),
        "quality": np.full(n, 2, "i1"),
        "source": rng.integers(0, 3, n).astype("i4"),
    }
    return c.Columns(**{**base, **exchange})


@given(st.integers(-1_800_000_000, 1_799_999_999))
def test_decode_position__is_the_double_of_the_decimal_text(scaled):
    text = str(Decimal(scaled) / 10_000_000)
    assert c.decode_position(np.array([scaled], "i4"))[0] == float(text)


@given(st.integers(-32767, 32767))
def test_decode_tenths__is_the_float_of_the_decimal_text(tenths):
    expected = np.float32(str(Decimal(tenths) / 10))
    assert c.decode_tenths(np.array([tenths], "i2"))[0] == expected


@given(st.integers(0, 60), st.integers(0, 9))
@settings(deadline=None)
def test_sort_columns__equals_python_sort(n, seed):
    rows = table(n, seed=seed)
    sorted_rows = c.sort_columns(rows, workers=2)
    keys = list(zip(rows.vessel, rows.time, rows.source, range(n), strict=True))
    order = [k[-1] for k in sorted(keys)]
    for name, values in sorted_rows.rows.items():
        assert np.array_equal(values, getattr(rows, name)[order]), name
    vessels = np.repeat(sorted_rows.vessels, sorted_rows.row_size)
    assert np.array_equal(vessels, rows.vessel[order])


@given(st.integers(0, 80), st.integers(0, 9), st.sampled_from([1, 7, 1 << 20]))
@settings(deadline=None)
def test_duplicate_mask__equals_set_of_rows(n, seed, block):
    rows = c.sort_columns(table(n, seed=seed))
    vessel = np.repeat(rows.vessels, rows.row_size)
    names = [name for name in rows.rows if name != "source"]
    seen, expected = set(), []
    for i in range(n):
        key = (vessel[i], *(rows.rows[name][i] for name in names))
        expected.append(key in seen)
        seen.add(key)
    assert c.duplicate_mask(rows, block=block).tolist() == expected


def test_drop_duplicates__nan_equals_nan_and_source_does_not_count():
    nan = np.array([np.nan, np.nan, 1.5], "f4")
    rows = table(
        3,
        vessel=np.full(3, 7),
        time=np.zeros(3, "i8"),
        lon=np.full(3, 1_203_000_000, "i4"),
        lat=np.full(3, 360_000_000, "i4"),
        sog=nan,
        source=np.array([2, 0, 1], "i4"),
    )
    kept, dropped = c.drop_duplicates(c.sort_columns(rows))
    assert dropped == 1
    assert kept.rows["source"].tolist() == [0, 1]
    assert kept.row_size.tolist() == [2]


def test_concat__mixed_encodings_become_floats():
    whole = table(2)
    exact = table(1, lon=np.array([120.123456789]), sog=np.array([1.25], "f4"))
    joined = c.Columns.concat([whole, exact])
    assert joined.lon.dtype == "f8"
    assert joined.lon[2] == 120.123456789
    assert joined.lon[0] == c.decode_position(whole.lon)[0]
    assert joined.sog.tolist() == [np.float32(10.3), np.float32(10.3), 1.25]
    assert joined.lat.dtype == "i4"


def test_to_dataset__is_valid_and_names_every_vessel():
    key = c.vessel_key("沪渔 1767")
    rows = table(4, vessel=np.array([key, 412_000_009, key, key]))
    ds = c.to_dataset(c.sort_columns(rows), names={key: "沪渔 1767"}, sources=["a.csv"])
    assert schema.validate(ds) is ds
    assert ds.trajectory_id.values.tolist() == ["AIS-412000009", "VMS-沪渔 1767"]
    assert ds.mmsi.values.tolist() == [412_000_009, 0]
    assert ds.row_size.values.tolist() == [1, 3]
    assert np.isnan(ds.cog.values).all()
    assert ds.time.dtype == "datetime64[us]"


def test_to_dataset__of_nothing():
    ds = c.to_dataset(c.sort_columns(c.Columns.empty()), names={})
    assert schema.validate(ds).sizes == {"trajectory": 0, "obs": 0}


def test_vessel_key__differs_from_every_mmsi():
    assert c.vessel_key("10") != c.vessel_key("1767")
    assert min(c.vessel_key(str(i)) for i in range(1000)) > 999_999_999
    with pytest.raises(AttributeError):
        c.vessel_key(10)
