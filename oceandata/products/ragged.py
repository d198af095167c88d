"""Tracks as a CF contiguous ragged array, and vessels under pseudonyms."""

from __future__ import annotations

import numpy as np
import xarray as xr

from oceandata import schema
from oceandata.products import cf, pseudonyms


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
    """Tracks as :func:`pseudonymise` leaves them, without a number of the vessel."""
    return pseudonyms.pseudonymise(ds, key=key).drop_vars("vessel")
