"""Tracks as a CF contiguous ragged array, and vessels under pseudonyms."""

from __future__ import annotations

import numpy as np
import xarray as xr

from oceandata import schema
from oceandata.errors import ConfidentialError
from oceandata.products import cf, masking

_DROPPED = frozenset({"mmsi", "imo", "vessel", "vessel_name", "call_sign", "callsign"})


def cf_tracks(ds: xr.Dataset) -> xr.Dataset:
    """Tracks with the attributes of the schema and of CF section H.4.3."""
    ds = schema.validate(ds, "tracks").drop_encoding().copy()
    for name, variable in ds.variables.items():
        if name in schema.VARIABLES:
            variable.attrs = schema.attributes(str(name)) | variable.attrs
    ds["row_size"].attrs["sample_dimension"] = "obs"
    ds["trajectory_id"].attrs["cf_role"] = "trajectory_id"
    ds = ds.reset_coords().set_coords(["time", "lon", "lat", "trajectory_id"])
    ds = _with_sources(ds)
    ds.attrs["featureType"] = "trajectory"
    return cf.encode_times(ds)


def _with_sources(ds: xr.Dataset) -> xr.Dataset:
    """Say what the numbers in ``source`` mean."""
    sources = ds.attrs.get("sources")
    if "source" not in ds or isinstance(sources, str) or not sources:
        return ds
    labels = [str(label).rsplit("/", 1)[-1] for label in sources]
    ds.attrs["sources"] = labels
    ds["source"].attrs["flag_values"] = np.arange(len(labels), dtype=ds.source.dtype)
    ds["source"].attrs["flag_meanings"] = " ".join(cf.word(label) for label in labels)
    return ds


def with_pseudonyms(ds: xr.Dataset, *, key: bytes) -> xr.Dataset:
    """Tracks whose vessels are named by a keyed pseudonym.

    Everything else that identifies a vessel is left out, and the trajectories are put
    in the order of the pseudonyms, since their old order follows the vessels. The
    lines themselves remain: a home port may still give a vessel away.
    """
    if "vessel" not in ds:
        raise ConfidentialError(
            "pseudonyms need the variable 'vessel', the key of each vessel; tracks "
            'without it can only be exported with identities="reveal"'
        )
    names = np.array(
        [masking.pseudonym(vessel, key=key) for vessel in ds["vessel"].values],
        dtype=object,
    )
    order = np.argsort(names, kind="stable")
    ids = _numbered(names[order])
    rows = _rows_of(ds["row_size"].values, order)
    public = ds.drop_vars([name for name in ds.variables if name in _DROPPED])
    public = public.isel(trajectory=order, obs=rows)
    attrs = ds["trajectory_id"].attrs | {"comment": "HMAC-SHA-256 pseudonym"}
    public["trajectory_id"] = ("trajectory", ids, attrs)
    return public


def _numbered(names: np.ndarray) -> np.ndarray:
    """Distinct ids: the second trajectory of one vessel becomes ``name/2``."""
    count: dict[str, int] = {}
    ids = []
    for name in names:
        count[name] = count.get(name, 0) + 1
        ids.append(name if count[name] == 1 else f"{name}/{count[name]}")
    return np.array(ids, dtype=object)


def _rows_of(row_size: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Rows of the trajectories taken in `order`."""
    size = row_size.astype(np.int64)
    start = np.cumsum(size) - size
    taken = size[order]
    total = int(taken.sum())
    first = np.cumsum(taken) - taken
    return np.repeat(start[order] - first, taken) + np.arange(total)
