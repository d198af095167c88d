"""NetCDF-4 files after CF-1.11 and ACDD-1.3, whole or not at all."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from oceandata.products import cf
from oceandata.products.atomic import replacing
from oceandata.products.guard import exporter
from oceandata.products.prepare import plain_attrs, prepared

_TILE = 512
_ROWS = 2**18


@exporter("netcdf")
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
    sources: Iterable[Mapping[str, Any]] = (),
    override_license: str | Sequence[str] | None = None,
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
        Discovery attributes; derived from the data where left out. The license is
        that of the product; without it those of the inputs are named.
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
    sources : mappings
        Terms of inputs that do not say them themselves: ``name``, ``license``,
        ``attribution``, ``doi``, ``redistribution``.
    override_license : str or sequence of str
        Names of licences that forbid redistribution and are to be passed over.

    Raises
    ------
    ConfidentialError
        The file would reveal single vessels and that was not asked for by name.
    LicenseError
        An input forbids redistribution and was not overridden by name.
    SchemaError
        The dataset is of no known kind, or tracks break the schema.
    """
    made = prepared(
        ds,
        name=Path(path).name,
        writer="to_netcdf",
        words={"title": title, "summary": summary, "license": license},
        provenance=provenance,
        attrs=attrs,
        identities=identities,
        pseudonym_key=pseudonym_key,
        confidential=confidential,
        sources=sources,
        override_license=override_license,
    )
    return _write(made, path, compression)


def _write(ds: xr.Dataset, path: str | os.PathLike, level: int) -> Path:
    encoding: dict[str, dict[str, Any]] = {}
    bounds = {variable.attrs.get("bounds") for variable in ds.variables.values()}
    for name, variable in ds.variables.items():
        may_miss = name in ds.data_vars and name not in bounds
        encoding[str(name)] = _encoding(variable, may_miss, level)
        variable.attrs = plain_attrs(variable.attrs)
        if cf.is_text(ds[name]):
            text = np.asarray(variable.values).astype(str).astype(object)
            ds[name] = (variable.dims, text, variable.attrs)
    ds.attrs = plain_attrs(ds.attrs)
    with replacing(path) as part, warnings.catch_warnings():
        warnings.simplefilter("error", xr.SerializationWarning)
        ds.to_netcdf(part, engine="netcdf4", format="NETCDF4", encoding=encoding)
    return Path(path)


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
