"""NetCDF-4 files after CF-1.11 and ACDD-1.3, whole or not at all."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from oceandata import schema
from oceandata.errors import ConfidentialError
from oceandata.products import acdd, cf, masking, ragged
from oceandata.products.atomic import replacing

_TILE = 512
_ROWS = 2**18


def to_netcdf(
    ds: xr.Dataset,
    path: str | os.PathLike,
    *,
    title: str | None = None,
    summary: str | None = None,
    license: str | None = None,
    provenance: Mapping[str, Any] | None = None,
    attrs: Mapping[str, Any] | None = None,
    compression: int = 4,
    identities: str = "refuse",
    pseudonym_key: bytes | str | os.PathLike | None = None,
    confidential: str = "withhold",
) -> Path:
    """Write a dataset as CF-1.11 NetCDF-4 and return its path.

    The values are written unchanged; the file appears under its name only when it is
    complete. An existing file is replaced.

    Parameters
    ----------
    ds : Dataset
        A grid (lat, lon), tracks (trajectory, obs), stations or events. A grid that
        crosses the dateline gets longitudes continued past 180.
    title, summary, license : str, optional
        Discovery attributes; derived from the data where left out, but for the
        license, which is left out.
    provenance : mapping, optional
        What :func:`provenance` returned; a minimal record is made otherwise.
    attrs : mapping, optional
        Further global attributes (``creator_name``, ``institution`` …).
    compression : int
        Level of zlib, 0 (none) to 9; bytes are shuffled first.
    identities : {"refuse", "pseudonyms", "reveal"}
        What becomes of the vessels' identities in tracks.
    pseudonym_key : bytes or path, optional
        Secret of at least 16 bytes. It is written nowhere.
    confidential : {"withhold", "allow"}
        ``"allow"`` exports a density with ``min_vessels`` below 3.

    Raises
    ------
    ConfidentialError
        The file would reveal single vessels and that was not asked for by name.
    SchemaError
        The dataset is of no known kind, or tracks break the schema.
    """
    kind = schema.kind_of(ds)
    if kind == "tracks":
        ds = ragged.cf_tracks(_identified(ds, path, identities, pseudonym_key))
    elif kind == "grid" and {"lon", "lat"} <= set(ds.coords):
        masking.require_releasable(ds, confidential=confidential)
        ds = cf.cf_grid(ds)
    else:
        masking.require_releasable(ds, confidential=confidential)
        ds = cf.encode_times(ds.drop_encoding().copy())
    if confidential != "allow":
        ds.attrs = masking.public_attrs(ds.attrs)
    ds.attrs |= dict(attrs or {})
    ds.attrs = acdd.discovery(
        ds, kind=kind, title=title, summary=summary, license=license, record=provenance
    )
    return _write(ds, path, compression)


def _identified(ds, path, identities, key):
    if identities == "reveal":
        return ds
    if identities == "pseudonyms":
        if key is None:
            raise ConfidentialError(
                'identities="pseudonyms" needs pseudonym_key: 16 secret bytes or more, '
                "or the path of a file that holds them"
            )
        return ragged.with_pseudonyms(ds, key=masking.read_key(key))
    if identities != "refuse":
        raise ValueError(
            f'identities must be "refuse", "pseudonyms" or "reveal", got {identities!r}'
        )
    raise ConfidentialError(
        f"{Path(path).name}: tracks name their vessels. Pass identities="
        '"pseudonyms" with a pseudonym_key, or identities="reveal" to export them'
    )


def _write(ds: xr.Dataset, path: str | os.PathLike, level: int) -> Path:
    encoding: dict[str, dict[str, Any]] = {}
    bounds = {variable.attrs.get("bounds") for variable in ds.variables.values()}
    for name, variable in ds.variables.items():
        may_miss = name in ds.data_vars and name not in bounds
        encoding[str(name)] = _encoding(variable, may_miss, level)
        variable.attrs = _attrs(variable.attrs)
        if cf.is_text(ds[name]):
            text = np.asarray(variable.values).astype(str).astype(object)
            ds[name] = (variable.dims, text, variable.attrs)
    ds.attrs = _attrs(ds.attrs)
    with replacing(path) as part, warnings.catch_warnings():
        warnings.simplefilter("error", xr.SerializationWarning)
        ds.to_netcdf(part, engine="netcdf4", format="NETCDF4", encoding=encoding)
    return Path(path)


def _attrs(attrs: Mapping[str, Any]) -> dict[str, Any]:
    plain = {name: cf.plain_attr(value) for name, value in attrs.items()}
    return {name: value for name, value in plain.items() if value is not None}


def _encoding(variable: xr.Variable, may_miss: bool, level: int) -> dict[str, Any]:
    if variable.dtype.kind in "OUST":
        return {"dtype": "S1"}
    encoding: dict[str, Any] = {}
    if "_FillValue" not in variable.attrs:
        has_gaps = may_miss and variable.dtype.kind == "f" and variable.ndim > 0
        fill = variable.dtype.type(np.nan) if has_gaps else None
        encoding["_FillValue"] = fill
    if variable.ndim and variable.size:
        encoding["chunksizes"] = _chunks(variable.dims, variable.shape)
        if level:
            encoding |= {"zlib": True, "shuffle": True, "complevel": int(level)}
    return encoding


def _chunks(dims: tuple, shape: tuple[int, ...]) -> tuple[int, ...]:
    """About 2 MiB a chunk: one map tile, or a run of rows."""
    if {"lat", "lon"} <= set(dims):
        sides = {"lat": _TILE, "lon": _TILE}
        return tuple(
            min(n, sides.get(dim, 1)) for dim, n in zip(dims, shape, strict=True)
        )
    return (min(shape[0], _ROWS), *shape[1:])
