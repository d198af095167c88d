"""What a file is, told from its content and never from its name.

To add a format: write a module with an object ``READER`` that keeps the promises of
``TrackReader``, and add its line to :data:`HOMES`. A module is imported when its
format is asked for, all of them when a file is to be identified; what is heavy is
imported inside the functions that need it.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from oceandata.errors import FormatError
from oceandata.readers import streams
from oceandata.readers.layout import describe, match, read_header
from oceandata.readers.protocol import Head, Identification, TrackReader
from oceandata.readers.table import heads

HOMES: dict[str, str] = {
    "noaa": "noaa",
    "dma": "dma",
    "tacsat": "tacsat",
    "nmea": "nmea",
    "exactearth": "exactearth",
    "nari": "nari:DYNAMIC",
    "nari-static": "nari:STATIC",
    "naf": "naf_files",
    "gfw": "gfw",
    "beidou": "beidou",
    "competition": "competition",
    "geoparquet": "geoparquet",
    "trajectory-netcdf": "trajectory_nc",
    "table": "generic",
}
"""Module of each format, ``module`` or ``module:ATTRIBUTE``, in the order asked."""

_START = 512


@cache
def reader(name: str) -> TrackReader:
    """The reader of a format.

    >>> reader("dma").name
    'dma'
    """
    if name not in HOMES:
        names = ", ".join(map(repr, HOMES))
        raise FormatError(
            f"format must be 'auto' or one of {names}; got {name!r}. "
            "oceandata.identify(path) tells what a file is"
        )
    module, _, attribute = HOMES[name].partition(":")
    home = importlib.import_module(f"oceandata.readers.{module}")
    return getattr(home, attribute or "READER")


def __getattr__(name: str) -> Any:
    """``READERS``: all readers of vessel positions, in the order asked."""
    if name == "READERS":
        return tuple(reader(known) for known in HOMES)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def identify(
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    encoding: str | None = None,
    max_ratio: float = streams.MAX_RATIO,
) -> Identification:
    """What a file is, why, and how sure.

    Looks at the first 64 KiB of the unpacked content, for an archive at those of each
    member; the name does not count.

    Parameters
    ----------
    path : path
        A file: plain, gz, zst or zip, or one of the formats that are no text.
    columns : mapping, optional
        Canonical column names to the names in the file, where they are unusual.
    encoding : str, optional
        Encoding of the text, where it cannot be told from the content.

    Returns
    -------
    Identification
        ``format``, ``sure`` (0 … 1), ``why``, ``details`` (layout, delimiter, columns,
        compression, timezone).

    Raises
    ------
    FormatError
        For what is no readable file or no known table; names what was found.
    """
    path = Path(path)
    whole = _whole_file(path, columns)
    if whole is not None:
        return whole
    kind = streams.compression(path)
    candidates, looked = [], []
    for head in heads(path, kind, max_ratio, encoding):
        looked.append(head)
        for name in HOMES:
            found = reader(name).identify(head, columns=columns)
            if found is not None:
                candidates.append(found)
    if not candidates:
        raise FormatError(_unknown(path, looked, columns))
    best = max(candidates, key=lambda c: c.sure)
    if kind == "zip":
        members = [c.details.get("member", "") for c in candidates]
        readable = {
            member
            for member, c in zip(members, candidates, strict=True)
            if c.format == best.format
        }
        others = [h.member for h in looked if h.member not in readable]
        best.details["members"] = sorted(readable)
        best.details["left_out"] = others
    return best


def _whole_file(path: Path, columns) -> Identification | None:
    """What a file is to the readers that look at it before it is unpacked."""
    if not path.is_file():
        return None
    asked = [r for r in map(reader, HOMES) if hasattr(r, "identify_file")]
    if not asked:
        return None
    try:
        with path.open("rb") as file:
            start = file.read(_START)
    except OSError:
        return None  # the readers of text say why
    found = [known.identify_file(path, start, columns=columns) for known in asked]
    sure = [one for one in found if one is not None]
    return max(sure, key=lambda c: c.sure) if sure else None


def _unknown(path: Path, looked: list[Head], columns) -> str:
    """Why no format fits, with what is nearest."""
    if not looked:
        return f"{path}: the archive holds no file"
    head = looked[0]
    header = read_header(head)
    readers = [reader(name) for name in HOMES]
    known = "; ".join(map(_needs, readers))
    if header is None:
        found = describe(head.data)
        return (
            f"{path}: expected a table of vessel positions, found {found}. Known "
            f"formats: {known}"
        )
    tables = [r for r in readers if hasattr(r, "layout") and r.name != "table"]
    faults = {r.name: match(r.layout, header, columns)[1] for r in tables}
    nearest = min(faults, key=lambda name: len(faults[name]))
    listed = ", ".join(repr(name) for name in header.names[:12])
    if len(header.names) > 12:
        listed += f" and {len(header.names) - 12} more"
    return (
        f"{path}: not a known table of vessel positions; columns found: {listed}. "
        f"Nearest format: {nearest!r} ({'; '.join(faults[nearest])}). If it is that, "
        f"pass format={nearest!r} and columns={{canonical name: name in the file}}. "
        f"Or describe the table: {_description(head, columns)}. Known formats: {known}"
    )


def _description(head: Head, columns) -> str:
    """What ``columns`` has to say for any table, or what is wrong with it."""
    if columns:
        try:
            reader("table").layout_of(head, columns, {})
        except FormatError as error:
            return str(error)
    return "columns={'vessel': …, 'time': …, 'lon': …, 'lat': …}"


def _needs(known: Any) -> str:
    layout = getattr(known, "layout", None)
    if layout is None:
        return f"{known.name} ({getattr(known, 'title', known.name)})"
    names = ", ".join(c.aliases[0] for c in layout.columns if c.required and c.aliases)
    return f"{known.name} ({layout.title}; needs {names})"
