"""What a data frame of tracks remembers, so that the same tracks come back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from oceandata.errors import FormatError

KEY = "oceandata"
"""Where in ``frame.attrs`` it stands."""


def memory_of(tracks: xr.Dataset, own: list[str], rows: list[str]) -> dict:
    """What a frame does not say by its columns: plain values, as Parquet needs."""
    variables = {
        name: {
            "dims": list(tracks[name].dims),
            "attrs": {k: _plain(v) for k, v in tracks[name].attrs.items()},
            "dtype": tracks[name].dtype.str,
            "coordinate": name in tracks.coords,
        }
        for name in [*own, *rows, "row_size"]
    }
    return {
        "attrs": {k: _plain(v) for k, v in tracks.attrs.items()},
        "variables": variables,
        "row_size": tracks["row_size"].values.tolist(),
        "order": [str(name) for name in tracks.variables],
    }


def _plain(value: Any) -> Any:
    """An attribute as JSON keeps it; arrays remember their type."""
    if isinstance(value, np.ndarray):
        return {"array": value.tolist(), "dtype": value.dtype.str}
    return value.item() if isinstance(value, np.generic) else value


def _attr(value: Any) -> Any:
    if isinstance(value, dict) and value.keys() == {"array", "dtype"}:
        return np.array(value["array"], value["dtype"])
    return value


def was_split(frame: Any) -> bool:
    """Whether a frame is of tracks that were split: their ids end in ``/1``, …"""
    memo = getattr(frame, "attrs", {}).get(KEY)
    return memo is not None and "split_gap" in memo["attrs"]


def memo_of(frame: Any) -> dict | None:
    """What :func:`to_dataframe` left, if the rows are still those of the tracks."""
    attrs = getattr(frame, "attrs", None)
    memo = attrs.get(KEY) if isinstance(attrs, Mapping) else None
    if memo is None or len(frame) != sum(memo["row_size"]):
        return None
    wanted = [n for n in memo["variables"] if n != "row_size"]
    if not set(wanted) <= set(map(str, frame.columns)):
        return None
    starts = np.repeat(np.arange(len(memo["row_size"])), memo["row_size"])
    time = frame["time"].to_numpy()
    if np.any((time[1:] < time[:-1]) & (starts[1:] == starts[:-1])):
        return None
    once = [n for n in wanted if memo["variables"][n]["dims"] == ["trajectory"]]
    for name in once:  # sorted otherwise, or joined: read it like any other
        values = frame[name].to_numpy()
        first = np.searchsorted(starts, starts)
        same = (values == values[first]) | (pd.isna(values) & pd.isna(values[first]))
        if not np.all(same):
            return None
    return memo


def restored(frame: Any, memo: dict) -> xr.Dataset:
    sizes = np.array(memo["row_size"], np.int64)
    first = np.cumsum(sizes) - sizes
    if (sizes == 0).any():
        raise FormatError(
            "the frame was made of tracks with empty trajectories; those have no rows "
            "to be made from. Drop them before to_dataframe"
        )
    variables, coords = {}, {}
    for name in memo["order"]:
        said = memo["variables"].get(name)
        if said is None:
            continue
        if name == "row_size":
            values = sizes.astype(said["dtype"])
        else:
            values = frame[name].to_numpy().astype(said["dtype"])
            values = values[first] if said["dims"] == ["trajectory"] else values
        attrs = {key: _attr(value) for key, value in said["attrs"].items()}
        home = coords if said["coordinate"] else variables
        home[name] = (tuple(said["dims"]), values, attrs)
    attrs = {key: _attr(value) for key, value in memo["attrs"].items()}
    return xr.Dataset(variables, coords, attrs)
