"""Cloud-Optimized GeoTIFF: north up, one band a class and month, nodata NaN."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import rasterio.shutil
import xarray as xr
from affine import Affine
from rasterio.crs import CRS

from oceandata.errors import SchemaError
from oceandata.products import cf, masking, origin, rights, select
from oceandata.products.atomic import replacing
from oceandata.products.guard import exporter

_BLOCK = 512
_OVERVIEWS = ("average", "mode", "nearest", "bilinear", "cubic", "rms")


@exporter("geotiff")
def to_geotiff(
    data: xr.Dataset | xr.DataArray,
    path: str | os.PathLike,
    *,
    variable: str | None = None,
    dtype: str | None = None,
    overviews: str = "auto",
    compress: str = "DEFLATE",
    provenance: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    confidential: str = "withhold",
    sources: Iterable[Mapping[str, Any]] = (),
    override_license: str | Sequence[str] | None = None,
) -> Path:
    """Write a grid as Cloud-Optimized GeoTIFF and return its path.

    Rows run from north to south whatever the order of ``lat``. Dimensions other than
    lat and lon become bands, described by their coordinates (``cargo, 2024-03``).

    Parameters
    ----------
    data : Dataset or DataArray (…, lat, lon)
        A regular grid. Where it crosses the dateline, longitudes are continued past
        180, so that the picture stays in one piece.
    variable : str, optional
        Which variable of a Dataset; needed when there are several.
    dtype : str, optional
        ``"float32"`` or ``"float64"`` to convert; unchanged otherwise.
    overviews : {"auto", "average", "mode", …}
        How reduced images are made: ``average`` for numbers and ``mode`` for flags
        unless named. An averaged overview of hours holds hours per full-size cell.
    compress : str
        Codec known to every GDAL; ``"ZSTD"`` is smaller, not as widely read.
    provenance, tags : mapping, optional
        Written into the file's metadata.
    confidential : {"withhold", "allow"}
        ``"allow"`` exports a density with ``min_vessels`` below 3.
    sources, override_license : optional
        Terms of the inputs, as in :func:`oceandata.to_netcdf`.

    Notes
    -----
    Withheld cells and cells without data are both NaN. The NetCDF product tells them
    apart. Memory: one band at a time.
    """
    masking.require_releasable(data, confidential=confidential)
    record, terms = rights.cleared(
        data,
        provenance=provenance,
        sources=sources,
        override_license=override_license,
    )
    ds = select.picked(data, variable)
    name = ds.attrs["picked"]
    array = ds[name]
    profile = _profile(ds, array, dtype)
    method = _method(overviews, profile["dtype"])
    attrs = ds.attrs | terms
    if confidential != "allow":
        attrs = masking.public_attrs(attrs)
    meta = _tags(attrs, name, method, record) | dict(tags or {})
    with replacing(path) as part:
        plain = part.with_suffix(".tif.part")
        try:
            _write_bands(plain, array, profile, meta)
            _to_cog(plain, part, method, compress)
        finally:
            plain.unlink(missing_ok=True)
    return Path(path)


def _profile(ds: xr.Dataset, array: xr.DataArray, dtype: str | None) -> dict[str, Any]:
    west, east = _ends(ds, "lon")
    south, north = _ends(ds, "lat")
    ny, nx = array.sizes["lat"], array.sizes["lon"]
    kind = np.dtype(dtype or array.dtype)
    kind = np.dtype("uint8") if kind.kind == "b" else kind
    if kind.kind not in "iuf" or kind == np.float16:
        raise SchemaError(f"{array.name}: a raster of {kind} cannot be written")
    if dtype is not None and kind not in (np.dtype("float32"), np.dtype("float64")):
        raise ValueError(f'dtype must be "float32" or "float64", got {dtype!r}')
    profile = {
        "driver": "GTiff",
        "width": nx,
        "height": ny,
        "count": int(np.prod([array.sizes[dim] for dim in select.leading(array)])),
        "dtype": kind.name,
        "crs": _crs(ds),
        "transform": Affine(
            (east - west) / nx, 0.0, west, 0.0, (south - north) / ny, north
        ),
        "tiled": True,
        "blockxsize": _BLOCK,
        "blockysize": _BLOCK,
        "interleave": "band",
        "bigtiff": "if_safer",
    }
    if kind.kind == "f":
        profile["nodata"] = np.nan
    return profile


def _ends(ds: xr.Dataset, name: str) -> tuple[float, float]:
    """Outer edges of an axis that must be regular."""
    edges = cf.edges_of(ds, name)
    steps = np.abs(np.diff(edges))
    step = abs(edges[-1] - edges[0]) / steps.size
    if np.any(np.abs(steps - step) > 1e-6 * step):
        raise SchemaError(
            f"{name} is not regular: its steps run from {steps.min():.6g} to "
            f"{steps.max():.6g} degrees; regrid it to equal steps first"
        )
    low, high = sorted((float(edges[0]), float(edges[-1])))
    return round(low, 10), round(high, 10)


def _crs(ds: xr.Dataset) -> CRS:
    attrs = ds["crs"].attrs if "crs" in ds.variables else {}
    for name in ("epsg_code", "crs_wkt", "spatial_ref"):
        if attrs.get(name):
            return CRS.from_user_input(attrs[name])
    return CRS.from_epsg(4326)


def _method(overviews: str, dtype: str) -> str:
    if overviews == "auto":
        return "average" if np.dtype(dtype).kind == "f" else "mode"
    if overviews not in _OVERVIEWS:
        raise ValueError(
            f"overviews must be 'auto' or one of {', '.join(_OVERVIEWS)}; "
            f"got {overviews!r}"
        )
    return overviews


def _tags(attrs, name, method, record) -> dict[str, str]:
    out = {
        "TIFFTAG_SOFTWARE": f"oceandata {origin.software().get('oceandata', '')}",
        "TIFFTAG_IMAGEDESCRIPTION": str(attrs.get("title", name)),
        **({"TIFFTAG_COPYRIGHT": attrs["license"]} if attrs.get("license") else {}),
        "variable": name,
        "overviews": method,
    }
    for key, value in attrs.items():
        value = cf.plain_attr(value)
        if key not in ("picked", "provenance", "title") and value is not None:
            out[str(key)] = str(value)
    out["provenance"] = origin.as_json(record)
    return out


def _bands(array: xr.DataArray) -> Iterator[tuple[str, np.ndarray]]:
    """Description and values (north first, west first) of every band."""
    dims = select.leading(array)
    array = array.transpose(*dims, "lat", "lon")
    north_first = array.sizes["lat"] > 1 and bool(array.lat[0] < array.lat[-1])
    east_first = array.sizes["lon"] > 1 and bool(
        np.diff(cf.continued(array.lon.values))[0] < 0
    )
    for index in itertools.product(*(range(array.sizes[dim]) for dim in dims)):
        band = array.isel(dict(zip(dims, index, strict=True)))
        words = [
            select.label_of(band[dim].values) if dim in band.coords else str(i)
            for dim, i in zip(dims, index, strict=True)
        ]
        values = band.values[:: -1 if north_first else 1, :: -1 if east_first else 1]
        yield ", ".join(words) or str(array.name), np.ascontiguousarray(values)


def _write_bands(path: Path, array: xr.DataArray, profile, meta) -> None:
    units = str(array.attrs.get("units", ""))
    with rasterio.open(path, "w", **profile) as target:
        target.update_tags(**meta)
        for number, (text, values) in enumerate(_bands(array), start=1):
            target.write(values.astype(profile["dtype"], copy=False), number)
            target.set_band_description(number, text)
            if units:
                target.set_band_unit(number, units)
                target.update_tags(number, units=units)


def _to_cog(plain: Path, part: Path, method: str, compress: str) -> None:
    rasterio.shutil.copy(
        plain,
        part,
        driver="COG",
        COMPRESS=compress,
        PREDICTOR="YES",
        BLOCKSIZE=_BLOCK,
        OVERVIEW_RESAMPLING=method.upper(),
        BIGTIFF="IF_SAFER",
    )
