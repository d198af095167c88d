"""Entries of exported products: NetCDF files and GeoTIFFs with their provenance.

A file of another kind, or without a record of where it comes from, is no product and
is passed over. Names of files may say what is in them, so they are told as they are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from oceandata.catalogue.entries import Entry, Field
from oceandata.catalogue.grids import fields_of, grid_box, grid_times
from oceandata.schema import kind_of
from oceandata.store.about import CLASSES
from oceandata.store.sensitivity import PUBLIC, RESTRICTED

ENDINGS = (".nc", ".tif", ".tiff")
_SAID = {
    "title": "title",
    "summary": "description",
    "license": "license",
    "attribution": "attribution",
    "acknowledgement": "attribution",
    "doi": "doi",
    "redistribution": "redistribution",
    "creator_institution": "owner",
    "institution": "owner",
    "creator_name": "owner",
    "owner": "owner",
}


def entry_of_product(path: Path, name: str) -> Entry | None:
    """The entry of a file that oceandata exported; None if it is none.

    Parameters
    ----------
    path : path
        The file.
    name : str
        What the catalogue calls it: its path within the folder that was named.
    """
    if path.suffix.lower() == ".nc":
        return _netcdf(path, name)
    return _geotiff(path, name)


def _netcdf(path: Path, name: str) -> Entry | None:
    import xarray as xr

    with xr.open_dataset(path, engine="netcdf4", decode_timedelta=False) as ds:
        record = _record(ds.attrs)
        if record is None:
            return None
        start, stop = grid_times(ds)
        few = str(ds.attrs.get("min_vessels", "0"))
        released = few.isdigit() and int(few) >= 3
        return Entry(
            **_common(path, name, ds.attrs, record),
            said=_said(ds.attrs, released=released or _kind(ds) == "other"),
            box=grid_box(ds),
            start=start,
            stop=stop,
            fields=fields_of(ds),
            rows=ds.sizes.get("obs"),
        )


def _kind(ds: Any) -> str:
    """What a dataset is; a grid that no vessel went into is ``other``."""
    kind = kind_of(ds)
    attrs = ds.attrs
    vessels = "min_vessels" in attrs or "withheld_cells" in attrs
    return "other" if kind == "grid" and not vessels else kind


def _geotiff(path: Path, name: str) -> Entry | None:
    import rasterio

    with rasterio.open(path) as file:
        tags = file.tags()
        record = _record(tags)
        if record is None:
            return None
        box = None
        if file.crs is not None and file.crs.to_epsg() == 4326:
            west, south, east, north = file.bounds
            box = (_wrap(west), south, _wrap(east) if east > 180 else east, north)
        units = [file.tags(k).get("units", "") for k in file.indexes]
        bands = [d or f"band {k}" for k, d in enumerate(file.descriptions, start=1)]
    start, stop = (_time(tags.get(f"time_coverage_{e}")) for e in ("start", "end"))
    few = str(tags.get("min_vessels", ""))
    return Entry(
        **_common(path, name, tags, record),
        said=_said(tags, released=not few or (few.isdigit() and int(few) >= 3)),
        box=box,
        start=start,
        stop=stop,
        fields=tuple(
            Field(band, "" if unit == "1" else unit)
            for band, unit in zip(bands, units, strict=True)
        ),
    )


def _record(attrs: Mapping[str, Any]) -> dict[str, Any] | None:
    try:
        record = json.loads(attrs["provenance"])
    except (KeyError, TypeError, ValueError):
        return None
    return record if isinstance(record, dict) else None


def _common(path: Path, name: str, attrs: Mapping, record: dict) -> dict[str, Any]:
    commit = record.get("commit")
    return {
        "id": f"products/{name}",
        "store": str(record.get("store") or path.parent.name),
        "dataset": name,
        "kind": "product",
        "place": path,
        "commit": commit if isinstance(commit, int) else None,
        "updated": str(record.get("created", "")),
        "bytes": path.stat().st_size,
    }


def _said(attrs: Mapping[str, Any], *, released: bool) -> dict[str, str]:
    """The words of a product; its class is what it says, else what it was made for."""
    said = {
        ours: str(attrs[theirs]) for theirs, ours in _SAID.items() if attrs.get(theirs)
    }
    found = attrs.get("sensitivity")
    default = PUBLIC if released else RESTRICTED
    return said | {"sensitivity": found if found in CLASSES else default}


def _time(text: str | None) -> np.datetime64 | None:
    return None if not text else np.datetime64(text.removesuffix("Z"), "us")


def _wrap(lon: float) -> float:
    return (lon + 180) % 360 - 180
