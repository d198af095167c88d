"""Plain Zarr v3 after CF-1.11 and ACDD-1.3, sharded where large."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
import zarr
from zarr.codecs import BloscCodec

from oceandata.products import cf
from oceandata.products.atomic import replacing_folder
from oceandata.products.guard import exporter
from oceandata.products.prepare import plain_attrs, prepared

TILE = 512
ROWS = 2**18
SHARD_BYTES, SHARD_ABOVE = 128 << 20, 16 << 20
_MARK = "zarr.json"


@exporter("zarr")
def to_zarr(
    ds: xr.Dataset,
    path: str | os.PathLike,
    *,
    title: str | None = None,
    summary: str | None = None,
    license: str | None = None,
    provenance: Mapping[str, Any] | None = None,
    attrs: Mapping[str, Any] | None = None,
    compression: int = 5,
    identities: str = "refuse",
    pseudonym_key: bytes | str | os.PathLike | None = None,
    confidential: str = "withhold",
    sources: Iterable[Mapping[str, Any]] = (),
    override_license: str | Sequence[str] | None = None,
) -> Path:
    """Write a dataset as plain Zarr v3 and return the path of its folder.

    Names, attributes and values are those of :func:`oceandata.to_netcdf`, so that one
    reads like the other. The folder appears under its name only when it is complete.

    Parameters
    ----------
    ds : Dataset
        A grid (lat, lon), tracks (trajectory, obs), stations or events, in memory or
        chunked by dask.
    path : path
        Of a folder, by custom ending in ``.zarr``. A Zarr that stands there is
        replaced; any other folder is refused.
    compression : int
        Level of zstd within Blosc, 0 (none) to 9; bytes are shuffled first.

    The others are those of :func:`oceandata.to_netcdf`.

    Returns
    -------
    Path

    Notes
    -----
    Chunks are map tiles of 512 × 512 cells, or 262,144 rows: 2 MiB of float64. An
    array larger than 16 MiB is written in shards of at most 128 MiB, so that a month
    of a global 0.01° grid is some tens of files and not thousands.

    Examples
    --------
    >>> import oceandata as od, xarray as xr
    >>> path = od.to_zarr(hours, "hours.zarr")  # doctest: +SKIP
    >>> xr.open_zarr(path).vessel_hours.sel(month="2024-03")  # doctest: +SKIP
    """
    made = prepared(
        ds,
        name=Path(path).name,
        writer="to_zarr",
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
    encoding = {}
    for name, variable in ds.variables.items():
        variable.attrs = plain_attrs(variable.attrs)
        if cf.is_text(ds[name]):
            text = np.asarray(variable.values).astype(str).astype(object)
            ds[name] = (variable.dims, text, variable.attrs)
            continue
        encoding[str(name)] = _encoding(variable, level)
        if variable.chunks is not None:
            whole = encoding[str(name)].get("shards") or encoding[str(name)]["chunks"]
            ds[name] = ds[name].chunk(dict(zip(variable.dims, whole, strict=True)))
    ds.attrs = plain_attrs(ds.attrs)
    with replacing_folder(path, mark=_MARK) as part, warnings.catch_warnings():
        warnings.simplefilter("error", xr.SerializationWarning)
        ds.to_zarr(part, mode="w", zarr_format=3, consolidated=False, encoding=encoding)
        # xarray warns whoever opens a Zarr without it; others pass over the key.
        warnings.filterwarnings("ignore", message="Consolidated metadata")
        zarr.consolidate_metadata(part, zarr_format=3)
    return Path(path)


def _encoding(variable: xr.Variable, level: int) -> dict[str, Any]:
    encoding: dict[str, Any] = {}
    if variable.ndim and variable.size:
        chunks = _chunks(variable.dims, variable.shape)
        encoding["chunks"] = chunks
        if variable.nbytes > SHARD_ABOVE:
            encoding["shards"] = shards_of(
                variable.shape, chunks, variable.dtype.itemsize
            )
        if level:
            codec = BloscCodec(
                cname="zstd",
                clevel=level,
                shuffle="shuffle",
                typesize=variable.dtype.itemsize,
            )
            encoding["compressors"] = (codec,)
    return encoding


def _chunks(dims: tuple, shape: tuple[int, ...]) -> tuple[int, ...]:
    if {"lat", "lon"} <= set(dims):
        pairs = zip(dims, shape, strict=True)
        return tuple(min(n, TILE) if d in ("lat", "lon") else 1 for d, n in pairs)
    return (min(shape[0], ROWS), *shape[1:])


def shards_of(
    shape: tuple[int, ...], chunks: tuple[int, ...], itemsize: int
) -> tuple[int, ...]:
    """Shape of a shard: whole chunks, the last dimensions filled first.

    >>> shards_of((12, 18000, 36000), (1, 512, 512), 8)
    (1, 4096, 4096)
    """
    shards = list(chunks)
    held = itemsize * int(np.prod(chunks, dtype=np.int64))
    last = len(shape) - 1
    for axes in ((last, last - 1), tuple(range(last - 2, -1, -1))):
        axes = [axis for axis in axes if axis >= 0]
        grown = True
        while grown:
            grown = False
            for axis in axes:
                if shards[axis] < shape[axis] and 2 * held <= SHARD_BYTES:
                    shards[axis], held, grown = 2 * shards[axis], 2 * held, True
    return tuple(shards)
