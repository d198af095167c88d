"""What a file is, told from its content and never from its name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from oceandata.errors import FormatError
from oceandata.readers import dma, noaa, streams, tacsat
from oceandata.readers.layout import describe, match, read_header
from oceandata.readers.protocol import Head, Identification, TrackReader
from oceandata.readers.table import TableReader, heads

READERS: tuple[TableReader, ...] = tuple(
    TableReader(module.LAYOUT, module.variant) for module in (noaa, dma, tacsat)
)
"""All readers of vessel positions, in the order in which they are asked."""


def reader(name: str) -> TrackReader:
    """The reader of a format.

    >>> reader("dma").name
    'dma'
    """
    for known in READERS:
        if known.name == name:
            return known
    names = ", ".join(repr(r.name) for r in READERS)
    raise FormatError(
        f"format must be 'auto' or one of {names}; got {name!r}. "
        "oceandata.identify(path) tells what a file is"
    )


def identify(
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    max_ratio: float = streams.MAX_RATIO,
) -> Identification:
    """What a file is, why, and how sure.

    Looks at the first 64 KiB of the unpacked content, for an archive at those of each
    member; the name does not count.

    Parameters
    ----------
    path : path
        A file: plain, gz, zst or zip.
    columns : mapping, optional
        Canonical column names to the names in the file, where they are unusual.

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
    kind = streams.compression(path)
    candidates, looked = [], []
    for head in heads(path, kind, max_ratio):
        looked.append(head)
        for known in READERS:
            found = known.identify(head, columns=columns)
            if found is not None:
                candidates.append(found)
    if not candidates:
        raise FormatError(_unknown(path, looked, columns))
    best = max(candidates, key=lambda c: c.sure)
    if kind == "zip":
        readable = {c.details["member"] for c in candidates if c.format == best.format}
        others = [h.member for h in looked if h.member not in readable]
        best.details["members"] = sorted(readable)
        best.details["left_out"] = others
    return best


def _unknown(path: Path, looked: list[Head], columns) -> str:
    """Why no format fits, with what is nearest."""
    if not looked:
        return f"{path}: the archive holds no file"
    head = looked[0]
    header = read_header(head)
    known = "; ".join(_needs(r) for r in READERS)
    if header is None:
        found = describe(head.data)
        return (
            f"{path}: expected a table of vessel positions, found {found}. Known "
            f"formats: {known}"
        )
    nearest = min(READERS, key=lambda r: len(match(r.layout, header, columns)[1]))
    faults = match(nearest.layout, header, columns)[1]
    listed = ", ".join(repr(name) for name in header.names[:12])
    if len(header.names) > 12:
        listed += f" and {len(header.names) - 12} more"
    return (
        f"{path}: not a known table of vessel positions; columns found: {listed}. "
        f"Nearest format: {nearest.name!r} ({'; '.join(faults)}). If it is that, pass "
        f"format={nearest.name!r} and columns={{canonical name: name in the file}}. "
        f"Known formats: {known}"
    )


def _needs(known: TableReader) -> str:
    names = ", ".join(c.aliases[0] for c in known.layout.columns if c.required)
    return f"{known.name} ({known.layout.title}; needs {names})"
