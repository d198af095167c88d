"""Declarations and validation."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

from oceandata import schema
from oceandata.errors import SchemaError


def tracks(**exchange):
    data = {
        "trajectory_id": ("trajectory", np.array(["AIS-412000001"], "O")),
        "row_size": ("trajectory", np.array([3])),
        "time": ("obs", np.array([0, 60, 120], "M8[s]").astype("M8[us]")),
        "lon": ("obs", np.array([120.1, 120.2, 120.3])),
        "lat": ("obs", np.array([36.1, 36.2, 36.3])),
    }
    return xr.Dataset({**data, **exchange})


def test_validate__accepts_and_returns_the_same_object():
    ds = tracks()
    assert schema.validate(ds) is ds


def test_validate__lists_all_faults_at_once():
    ds = tracks(
        lat=("obs", np.array([36.1, 91.4, np.nan])),
        lon=("trajectory", np.array([120.0])),
        row_size=("trajectory", np.array([5])),
        sog=("obs", np.array([1, 2, 3])),
    )
    with pytest.raises(SchemaError) as caught:
        schema.validate(ds)
    faults = caught.value.faults
    assert len(faults) == 4
    text = str(caught.value)
    assert "lat must lie in [-90, 90] degrees_north; 2 of 3 values do not" in text
    assert "the first is 91.4 at obs=1" in text
    assert "lon must have dims ('obs',), got ('trajectory',)" in text
    assert "row_size sums to 5, but obs has 3" in text
    assert "sog must be of kind 'f', got dtype int64" in text


def test_validate__missing_time_is_a_fault():
    ds = tracks(time=("obs", np.array(["2024-03-01", "NaT", "NaT"], "M8[us]")))
    with pytest.raises(SchemaError, match="time must be known; the first missing .* 1"):
        schema.validate(ds)


@pytest.mark.parametrize(
    ("ds", "kind"),
    [
        (xr.Dataset(coords={"lat": [35.5], "lon": [120.5, 121.5]}), "grid"),
        (xr.Dataset({"start": ("event", [0])}), "events"),
        (xr.Dataset({"lon": ("station", [120.5])}), "stations"),
        (tracks(), "tracks"),
    ],
)
def test_kind_of__the_four_kinds(ds, kind):
    assert schema.kind_of(ds) == kind


def test_kind_of__refuses_others_by_dimensions():
    with pytest.raises(SchemaError, match=r"its dimensions are \('banana',\)"):
        schema.kind_of(xr.Dataset({"a": ("banana", [1])}))


def test_validate__events_need_start_and_stop():
    with pytest.raises(SchemaError, match="variable 'stop' is missing"):
        schema.validate(xr.Dataset({"start": ("event", [0])}))


def test_validate__depth_says_its_direction():
    ds = xr.Dataset(coords={"lat": [35.5], "lon": [120.5], "depth": [0.0, 10.0]})
    with pytest.raises(SchemaError, match="depth must say its direction"):
        schema.validate(ds, "grid")


def test_validate__unknown_kind():
    with pytest.raises(ValueError, match="kind must be one of"):
        schema.validate(tracks(), "track")


def test_attributes__carry_unit_and_flags():
    assert schema.attributes("lon")["units"] == "degrees_east"
    flags = schema.attributes("quality")
    meanings = flags["flag_meanings"].split()
    assert len(meanings) == len(flags["flag_values"]) == 5
    status = schema.attributes("nav_status")
    assert len(status["flag_meanings"].split()) == len(status["flag_values"]) == 16
