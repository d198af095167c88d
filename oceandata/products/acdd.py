"""Discovery attributes (ACDD-1.3): what a catalogue reads without opening the data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from oceandata import schema
from oceandata.products import origin

STANDARD_NAMES = "CF Standard Name Table v93"
_CDM = {
    "tracks": "Trajectory",
    "grid": "Grid",
    "stations": "Station",
    "events": "Point",
}
_SECONDS = {
    "days": 86_400,
    "hours": 3_600,
    "seconds": 1,
    "milliseconds": 1e-3,
    "microseconds": 1e-6,
}


def discovery(
    ds: xr.Dataset,
    *,
    kind: str,
    title: str | None,
    summary: str | None,
    license: str | None,
    record: Mapping[str, Any],
    rights: Mapping[str, str],
    writer: str,
) -> dict[str, Any]:
    """Global attributes of `ds`, already encoded by :mod:`oceandata.products.cf`.

    `rights` are what :func:`oceandata.products.rights.cleared` returned; `license` is
    that of the product, where it is not the inputs' own.
    """
    held = dict(ds.attrs) | dict(rights)
    version = origin.software().get("oceandata", "unknown")
    now = origin.created().strftime("%Y-%m-%dT%H:%M:%SZ")
    line = f"{now}: written by oceandata {version} ({writer})"
    title = title or held.get("title") or _title(ds, kind)
    out = {
        "Conventions": schema.CONVENTIONS,
        "title": title,
        "summary": summary or held.get("summary") or f"{title}.",
        "keywords": held.get("keywords", _keywords(kind)),
        "standard_name_vocabulary": STANDARD_NAMES,
        "source": held.get("source", "oceandata"),
        "cdm_data_type": _CDM[kind],
        "date_created": now,
        "history": "\n".join(filter(None, [held.get("history"), line])),
        "provenance": origin.as_json(record),
    }
    if license or held.get("license"):
        out["license"] = license or held["license"]
    return held | out | _space(ds) | _time(ds)


def _title(ds: xr.Dataset, kind: str) -> str:
    if kind == "tracks":
        return "Vessel tracks"
    names = [
        str(variable.attrs.get("long_name", name)).rstrip(".")
        for name, variable in ds.data_vars.items()
        if variable.ndim >= 2 and not str(name).endswith("_bounds")
    ]
    names = [name for name in names if not name.startswith("Cells withheld")]
    return "; ".join(names) or kind.capitalize()


def _keywords(kind: str) -> str:
    words = {"tracks": "vessel tracks, AIS, VMS", "grid": "gridded product"}
    return ", ".join(filter(None, ["oceans", words.get(kind)]))


def _space(ds: xr.Dataset) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, units in (("lon", "degrees_east"), ("lat", "degrees_north")):
        if name not in ds.variables or not ds[name].size:
            continue
        variable = ds[f"{name}_bounds"] if f"{name}_bounds" in ds else ds[name]
        low, high = float(variable.min()), float(variable.max())
        if np.isfinite(low):
            out[f"geospatial_{name}_min"] = low
            out[f"geospatial_{name}_max"] = high
            out[f"geospatial_{name}_units"] = units
    if len(out) == 6:
        w, e = out["geospatial_lon_min"], out["geospatial_lon_max"]
        s, n = out["geospatial_lat_min"], out["geospatial_lat_max"]
        corners = ((s, w), (n, w), (n, e), (s, e), (s, w))
        ring = ", ".join(f"{lat:.10g} {lon:.10g}" for lat, lon in corners)
        out["geospatial_bounds"] = f"POLYGON (({ring}))"
        out["geospatial_bounds_crs"] = "EPSG:4326"
    return out


def _time(ds: xr.Dataset) -> dict[str, str]:
    name = next((n for n in ("time", "month") if n in ds.variables), None)
    if name is None or not ds[name].size or " since " not in _units(ds, name):
        return {}
    unit = _units(ds, name).partition(" since ")[0]
    bounds = ds[name].attrs.get("bounds")
    values = ds[bounds if bounds in ds.variables else name]
    ticks = np.array([values.min(), values.max()], dtype=float) * _SECONDS[unit]
    start, stop = ticks.round().astype("int64").astype("datetime64[s]")
    resolution = {"time_coverage_resolution": "P1M"} if name == "month" else {}
    return resolution | {
        "time_coverage_start": f"{start}Z",
        "time_coverage_end": f"{stop}Z",
        "time_coverage_duration": f"PT{int((stop - start).astype(int))}S",
    }


def _units(ds: xr.Dataset, name: str) -> str:
    return str(ds[name].attrs.get("units", ""))
