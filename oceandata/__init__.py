"""oceandata: ocean big data on supercomputers.

The public API, grouped by task; every name is loaded when it is first used, so that
``import oceandata`` stays light.

Read        identify, open_tracks, read_tracks, read_nmea, read_gfw_effort
Messages    message_records, message_table
Tables      from_dataframe, to_dataframe
Store       create_store, open_store
Check       validate
Clean       clean_tracks, clean_summary, split_tracks, prepare_tracks
Motion      track_speed, track_course, track_length
Density     regular_grid, vessel_hours, vessel_distance, transit_counts
Vessels     vessel_registry, join_registry
Products    to_netcdf, to_zarr, to_geotiff, to_csv, to_geoparquet
Pictures    plot_map, plot_panels, write_report
Secrets     pseudonymise, withhold_related, withhold_ends, open_release, mask_text
Catalogue   catalog, provenance
Simulate    simulate_sea
Jobs        run_job, submit, submitted
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_HOME = {
    "identify": "oceandata.readers",
    "open_tracks": "oceandata.readers",
    "read_tracks": "oceandata.readers",
    "read_nmea": "oceandata.readers",
    "read_gfw_effort": "oceandata.readers",
    "message_records": "oceandata.readers.nmea_fields_file",
    "message_table": "oceandata.readers.nmea_fields_file",
    "from_dataframe": "oceandata.readers",
    "to_dataframe": "oceandata.readers",
    "create_store": "oceandata.store",
    "open_store": "oceandata.store",
    "validate": "oceandata.schema",
    "clean_tracks": "oceandata.tracks",
    "clean_summary": "oceandata.tracks",
    "split_tracks": "oceandata.tracks",
    "prepare_tracks": "oceandata.tracks",
    "track_speed": "oceandata.tracks",
    "track_course": "oceandata.tracks",
    "track_length": "oceandata.tracks",
    "regular_grid": "oceandata.grids",
    "vessel_hours": "oceandata.tracks",
    "vessel_distance": "oceandata.tracks",
    "transit_counts": "oceandata.tracks",
    "to_netcdf": "oceandata.products",
    "to_zarr": "oceandata.products",
    "to_geotiff": "oceandata.products",
    "to_csv": "oceandata.products",
    "to_geoparquet": "oceandata.products",
    "plot_map": "oceandata.products",
    "plot_panels": "oceandata.products",
    "write_report": "oceandata.products",
    "pseudonymise": "oceandata.products",
    "withhold_related": "oceandata.products",
    "withhold_ends": "oceandata.products",
    "open_release": "oceandata.products",
    "mask_text": "oceandata.products",
    "provenance": "oceandata.products",
    "catalog": "oceandata.catalogue",
    "vessel_registry": "oceandata.tracks.registry",
    "join_registry": "oceandata.tracks.registry_join",
    "simulate_sea": "oceandata.sea",
    "run_job": "oceandata.job",
    "submit": "oceandata.job.slurm",
    "submitted": "oceandata.job.slurm",
}

__all__ = ["__version__", *_HOME]


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'oceandata' has no attribute {name!r}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
