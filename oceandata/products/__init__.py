"""Products: what leaves the house, in formats that other people's tools accept.

Every product carries its provenance, is written whole or not at all, and refuses what
would reveal single vessels unless that is asked for by name. No science happens here.
"""

from __future__ import annotations

import importlib

_WHERE = {
    "to_netcdf": "netcdf",
    "to_zarr": "zarr",
    "to_csv": "csv",
    "to_geoparquet": "geoparquet",
    "to_geotiff": "geotiff",
    "plot_map": "maps",
    "plot_panels": "maps",
    "write_report": "report",
    "provenance": "origin",
    "hash_file": "origin",
    "require_releasable": "masking",
    "mask_text": "identities",
    "Identities": "identities",
    "open_release": "release",
    "withhold_related": "suppress",
    "withhold_ends": "ends",
    "pseudonymise": "pseudonyms",
}

__all__ = sorted(_WHERE)


def __getattr__(name: str):
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(f"{__name__}.{_WHERE[name]}")
    value = getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
