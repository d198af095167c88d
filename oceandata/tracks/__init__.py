"""Vessel tracks: cleaning, motion, density."""

from __future__ import annotations

import importlib
from typing import Any

_HOME = {
    "clean_tracks": "oceandata.tracks.clean",
    "clean_summary": "oceandata.tracks.clean",
    "split_tracks": "oceandata.tracks.split",
    "prepare_tracks": "oceandata.tracks.prepare",
    "prepared_summary": "oceandata.tracks.prepare",
    "track_speed": "oceandata.tracks.motion",
    "track_course": "oceandata.tracks.motion",
    "track_length": "oceandata.tracks.motion",
    "ship_class": "oceandata.tracks.classes",
    "SHIP_CLASSES": "oceandata.tracks.classes",
    "vessel_hours": "oceandata.tracks.density",
    "vessel_distance": "oceandata.tracks.density",
    "transit_counts": "oceandata.tracks.transits",
    "vessel_registry": "oceandata.tracks.registry",
    "join_registry": "oceandata.tracks.registry_join",
}

__all__ = list(_HOME)


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module 'oceandata.tracks' has no attribute {name!r}")
    return getattr(importlib.import_module(home), name)
