"""Files of vessel positions into labelled tracks or compact columns.

:func:`identify` says what a file is, :func:`open_tracks` reads files into a Dataset,
:func:`read_tracks` gives the rejected rows as well, :func:`reader` is the reader of one
format (``batches`` streams a file of any size). Names resolve at first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from oceandata.readers.dataframe import (
        from_dataframe,
        read_dataframe,
        to_dataframe,
    )
    from oceandata.readers.formats import READERS, identify, reader
    from oceandata.readers.gfw_effort import read_gfw_effort
    from oceandata.readers.nmea_file import NmeaFile, read_nmea
    from oceandata.readers.protocol import (
        Head,
        Identification,
        Rejected,
        Reports,
        TrackBatch,
        TrackReader,
    )
    from oceandata.readers.tracks import (
        ReadResult,
        RefusedFileWarning,
        open_tracks,
        read_tracks,
    )

_HOME = {
    "from_dataframe": "dataframe",
    "read_dataframe": "dataframe",
    "to_dataframe": "dataframe",
    "read_gfw_effort": "gfw_effort",
    "NmeaFile": "nmea_file",
    "read_nmea": "nmea_file",
    "READERS": "formats",
    "identify": "formats",
    "reader": "formats",
    "Head": "protocol",
    "Identification": "protocol",
    "Rejected": "protocol",
    "Reports": "protocol",
    "TrackBatch": "protocol",
    "TrackReader": "protocol",
    "ReadResult": "tracks",
    "RefusedFileWarning": "tracks",
    "open_tracks": "tracks",
    "read_tracks": "tracks",
}

__all__ = [
    "READERS",
    "Head",
    "Identification",
    "NmeaFile",
    "ReadResult",
    "RefusedFileWarning",
    "Rejected",
    "Reports",
    "TrackBatch",
    "TrackReader",
    "from_dataframe",
    "identify",
    "open_tracks",
    "read_dataframe",
    "read_gfw_effort",
    "read_nmea",
    "read_tracks",
    "reader",
    "to_dataframe",
]


def __getattr__(name: str):
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
