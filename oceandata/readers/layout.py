"""A table layout as data: which columns a format has, and how a file's header fits it.

A format is a :class:`Layout`; bound to the header of one file it becomes a
:class:`Table`, which is all the parser needs.
"""

from __future__ import annotations

import csv
import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from oceandata.errors import FormatError
from oceandata.readers.protocol import Head
from oceankernels import tablefields, tablespec, textvalues
from oceankernels.tablespec import Spec

HEAD_BYTES = 1 << 16
DELIMITERS = b",;\t|"


@dataclass(frozen=True)
class Column:
    """One column a format may have: canonical name, names in headers, kind, slot."""

    name: str
    aliases: tuple[str, ...]
    kind: int
    slot: int = 0
    required: bool = False


@dataclass(frozen=True)
class Layout:
    """One format of vessel positions.

    words: slot -> {word: code}; ship_types: words for the AIS code of static reports;
    timezone: that of naive times; course_360: a course of 360 means north. text_id:
    vessels are known by a text; number_id: that text is a number, perhaps with ``.0``.
    reports: all rows are static reports. order: of the parts of free dates. unix_us:
    µs in the unit of times that are numbers; speed: knots in the file's unit of speed;
    draught: metres in its unit of draught.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    words: Mapping[int, Mapping[str, int]] = field(default_factory=dict)
    ship_types: Mapping[str, int] = field(default_factory=dict)
    timezone: str = "UTC"
    course_360: bool = False
    text_id: bool = False
    number_id: bool = False
    reports: bool = False
    order: int = textvalues.YEAR_FIRST
    unix_us: int = 1_000_000
    speed: float = 1.0
    draught: float = 1.0

    def column(self, name: str) -> Column:
        return next(c for c in self.columns if c.name == name)


@dataclass(frozen=True)
class Header:
    """Names in a header, and where its line ends."""

    names: list[str]
    delimiter: str
    stop: int
    lines: int
    returns: bool
    row_names: bool


@dataclass(frozen=True)
class Table:
    """A layout bound to one file's header."""

    layout: Layout
    header: Header
    places: dict[str, int]
    spec: Spec

    @property
    def n_fields(self) -> int:
        return len(self.header.names) + self.header.row_names

    @property
    def delimiter(self) -> int:
        return ord(self.header.delimiter)


def decode(raw: bytes) -> str:
    """Text of bytes that are UTF-8, or else Latin-1; never fails."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def read_header(head: Head) -> Header | None:
    """The header line of a table, or None if the first line is none."""
    data = head.data
    first = 3 if data.startswith(b"\xef\xbb\xbf") else 0
    returns = b"\n" not in data and b"\r" in data
    end = data.find(b"\r" if returns else b"\n", first)
    stop = len(data) if end < 0 else end + 1
    line = data[first:stop].strip(b"\r\n")
    if b"\0" in line or not line.strip():
        return None
    delimiter = max(DELIMITERS, key=line.count)
    if not line.count(delimiter):
        return None
    mark = chr(delimiter)
    names = _cells(line, mark)
    if not names:
        return None
    following = data[stop:].replace(b"\r", b"\n").split(b"\n")[:50]
    sizes = [len(_cells(text, mark)) for text in following if text]
    # R's write.table gives rows a name that the header does not mention.
    row_names = sizes.count(len(names) + 1) > sizes.count(len(names))
    return Header(names, mark, stop, 1, returns, row_names)


def _cells(line: bytes, delimiter: str) -> list[str]:
    """Fields of a line; none if it is no table's line at all."""
    try:
        return next(csv.reader([decode(line)], delimiter=delimiter), [])
    except csv.Error:
        return []


def sample(head: Head, header: Header, place: int, *, most: int = 5000) -> list[str]:
    """First values of one column (``place`` counts from the header's first name)."""
    lines = head.data[header.stop :].replace(b"\r", b"\n").split(b"\n")
    whole = lines[:-1] if len(head.data) >= HEAD_BYTES else lines
    found = []
    for line in whole[:most]:
        cells = _cells(line, header.delimiter) if line else []
        if len(cells) == len(header.names) + header.row_names:
            found.append(cells[place + header.row_names])
    return found


def match(
    layout: Layout, header: Header, columns: Mapping[str, str] | None
) -> tuple[dict[str, int], list[str]]:
    """Places of the layout's columns in a header, and what is wrong (one a fault)."""
    exact = {name: place for place, name in reversed([*enumerate(header.names)])}
    folded = {name.casefold(): exact[name] for name in reversed([*exact])}
    places, faults = {}, []
    columns = dict(columns or {})
    for column in layout.columns:
        wanted = columns.pop(column.name, None)
        if wanted is not None:
            if wanted in exact:
                places[column.name] = exact[wanted]
            else:
                faults.append(
                    f"columns= names {wanted!r} for {column.name!r}, but no "
                    f"column is called so"
                )
            continue
        found = [folded[a] for a in column.aliases if a in folded]
        if found:
            places[column.name] = found[0]
        elif column.required:
            faults.append(f"column {column.name!r} is missing")
    faults += [
        f"columns= has {name!r}, which the format {layout.name!r} does not know"
        for name in columns
    ]
    return places, faults


def missing_message(
    layout: Layout, header: Header, faults: list[str], where: str
) -> str:
    """The error for a header that does not fit: faults, names found, what to pass."""
    listed = ", ".join(repr(name) for name in header.names)
    text = f"{where}: {'; '.join(faults)}; columns found: {listed}"
    hints = {}
    by_fold = {name.strip().casefold(): name for name in header.names}
    for column in layout.columns:
        if any(f"column {column.name!r} is missing" == fault for fault in faults):
            near = difflib.get_close_matches(
                column.aliases[0], [*by_fold], n=1, cutoff=0.6
            )
            near = [by_fold[a] for a in column.aliases if a in by_fold] or [
                by_fold[n] for n in near
            ]
            hints[column.name] = near[0] if near else "…"
    if hints:
        text += f". Pass columns={hints!r}"
    known = ", ".join(c.name for c in layout.columns)
    return f"{text} (format {layout.name!r} knows: {known})"


def bind(
    layout: Layout,
    head: Head,
    columns: Mapping[str, str] | None,
    *,
    zulu: bool,
) -> Table:
    """The table of a file in a known format; FormatError lists all that is missing."""
    header = read_header(head)
    if header is None:
        raise FormatError(
            f"{head.where}: expected a table with a header line ({layout.title}), "
            f"found {describe(head.data)}"
        )
    places, faults = match(layout, header, columns)
    if faults:
        raise FormatError(missing_message(layout, header, faults, head.where))
    n_fields = len(header.names) + header.row_names
    kind, slot = np.zeros(n_fields, np.int8), np.zeros(n_fields, np.int8)
    places = {name: place + header.row_names for name, place in places.items()}
    for name, place in places.items():
        column = layout.column(name)
        kind[place], slot[place] = column.kind, column.slot
    words = word_table(layout.words)
    spec = Spec(
        kind,
        slot,
        words,
        n_fields,
        len(words),
        np.uint8(ord(header.delimiter)),
        layout.course_360,
        zulu,
        layout.text_id,
        layout.reports,
        layout.order,
        layout.unix_us,
        float(layout.speed),
    )
    return Table(layout, header, places, spec)


def describe(data: bytes) -> str:
    """What bytes look like, for a message."""
    if not data:
        return "nothing"
    if data.startswith(b"PK\x03\x04"):
        return "an archive or a workbook packed once more; unpack the outer one"
    odd = sum(byte < 32 and byte not in b"\t\r\n" for byte in data[:4096])
    if odd > len(data[:4096]) / 50:
        return f"binary data, beginning {data[:8].hex(' ')}"
    line = decode(data.splitlines()[0] if data.splitlines() else b"")
    return f"a first line {line[:80]!r}"


def word_table(words: Mapping[int, Mapping[str, int]]) -> np.ndarray:
    """Open-addressing table of word hashes for the parser: uint64 (2**k, 2)."""
    pairs = [
        (s, word, code) for s, codes in words.items() for word, code in codes.items()
    ]
    size = 4
    while size < 3 * len(pairs):
        size *= 2
    table = np.zeros((size, 2), np.uint64)
    for slot, word, code in pairs:
        key = tablefields.hash_word(word.encode()) ^ slot
        place = key & (size - 1)
        while table[place, 0] and table[place, 0] != key:
            place = (place + 1) & (size - 1)
        table[place] = (key, code)
    return table


STATIC_NAMES = (
    "vessel_name",
    "imo",
    "call_sign",
    "ship_type",
    "length",
    "width",
    "draught",
    "destination",
    "to_bow",
    "to_stern",
    "to_port",
    "to_starboard",
)


def static_columns(**aliases: tuple[str, ...]) -> tuple[Column, ...]:
    """Columns of what a vessel says of itself, by canonical name."""
    return tuple(
        Column(name, aliases[name], tablespec.STATIC)
        for name in STATIC_NAMES
        if name in aliases
    )
