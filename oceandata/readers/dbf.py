"""Records of DBF files (dBASE III and its kin) as lines of CSV.

The code page comes from the caller, from the file's own mark, from a ``.cpg`` file
beside it, or from the bytes where they prove it: UTF-8, or Chinese GBK. Anything else
is refused, for a wrong guess gives wrong names. Deleted records are passed over.
Record n stands on line n + 1. A file with fewer or more records than its header counts
is read as far as both agree, and then said to be cut short.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import BinaryIO

from oceandata.errors import FormatError
from oceandata.readers import encodings
from oceandata.readers.cells import CutShortError, Lines, quoted

_VERSIONS = frozenset({0x02, 0x03, 0x04, 0x30, 0x31, 0x32, 0x43, 0x83, 0x8B, 0xF5})
_TYPES = frozenset(b"CNFDLIBTMGPYO+@0WVQ")
_END_OF_FIELDS = 0x0D
_CODE_PAGES = {
    **{0x01: "cp437", 0x02: "cp850", 0x03: "cp1252", 0x57: "cp1252", 0x58: "cp1252"},
    **{0x64: "cp852", 0x65: "cp866", 0x66: "cp865", 0xC8: "cp1250", 0xC9: "cp1251"},
    **{0x4D: "gb18030", 0x7A: "gb18030", 0x4E: "cp949", 0x79: "cp949"},
    **{0x4F: "cp950", 0x78: "cp950", 0x7B: "cp932", 0x13: "cp932"},
}
"""Encoding of the language driver's number in byte 29 of the header."""

_FEWER = "file ends before the last record that its header counts"
_MORE = "records after the last one that the header counts"
_BLOCK = 1 << 20
_JULIAN_1970 = 2_440_588
_PROOF_BYTES = 1 << 24


@dataclass(frozen=True)
class Field:
    """One field: its name as bytes, type, first byte in a record, width."""

    name: bytes
    kind: str
    start: int
    width: int


@dataclass(frozen=True)
class Table:
    """The header of a DBF file."""

    fields: tuple[Field, ...]
    header: int
    record: int
    records: int
    driver: int


def is_dbf(start: bytes, size: int) -> bool:
    """Whether the first bytes of a file of ``size`` bytes are a DBF header."""
    table = _table(start)
    if table is None:
        return False
    told = table.header + table.records * table.record
    # a copy that broke off is one; much behind the records is not
    return table.header <= size <= told + max(2, size // 2)


def _table(start: bytes) -> Table | None:
    if len(start) < 65 or start[0] not in _VERSIONS:
        return None
    if start[2] > 12 or start[3] > 31:
        return None
    records, header, record = struct.unpack_from("<IHH", start, 4)
    fields, at, used = [], 32, 1
    while at + 32 <= min(len(start), header) and start[at] != _END_OF_FIELDS:
        name = start[at : at + 11].split(b"\0")[0]
        kind, width = start[at + 11], start[at + 16]
        if kind not in _TYPES or not name:
            return None
        if kind == ord("C"):
            width += start[at + 17] << 8
        fields.append(Field(name, chr(kind), used, width))
        used += width
        at += 32
    if not fields or at >= len(start) or start[at] != _END_OF_FIELDS or used > record:
        return None
    return Table(tuple(fields), header, record, records, start[29])


def stream(
    path: Path, file: BinaryIO, encoding: str | None
) -> Callable[[memoryview], int]:
    """The records of an open file as CSV: ``read(view)``."""
    table = _table(_read_exactly(file, encodings.HEAD_BYTES))
    if table is None:
        raise FormatError(f"{path}: the header is no DBF header")
    return Lines(_lines(file, table, _encoding(path, file, table, encoding))).read


def _read_exactly(file: BinaryIO, size: int) -> bytes:
    parts = []
    while size > 0 and (part := file.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _encoding(path: Path, file: BinaryIO, table: Table, said: str | None) -> str:
    """The encoding of the texts; FormatError where nothing tells it."""
    if said is not None:
        return encodings.named(said)
    if table.driver in _CODE_PAGES:
        return _CODE_PAGES[table.driver]
    beside = next(
        (p for p in map(path.with_suffix, (".cpg", ".CPG")) if p.is_file()), 0
    )
    if beside:
        word = beside.read_text(encoding="ascii", errors="replace").strip()
        return encodings.named(_page_name(word))
    texts = _texts(file, table)
    if texts.isascii():
        return "ascii"
    if encodings.decodes(texts, "utf-8"):
        return "utf-8"
    if encodings.proves_gb18030(texts):
        return "gb18030"
    raise FormatError(
        f"{path}: the DBF file names no code page and its bytes prove none. Pass "
        "options={'encoding': 'gb18030'} (Chinese), 'cp1252' (Western) or what it is"
    )


def _page_name(word: str) -> str:
    word = word.upper().removeprefix("ANSI ").removeprefix("OEM ")
    return f"cp{word}" if word.isdigit() and word != "65001" else word or "utf-8"


def _texts(file: BinaryIO, table: Table) -> bytes:
    """Field names and texts of the first records, one after another."""
    file.seek(table.header)
    data = _read_exactly(file, min(_PROOF_BYTES, table.record * table.records))
    parts = [field.name for field in table.fields]
    texts = [f for f in table.fields if f.kind == "C"]
    for at in range(0, len(data) - table.record + 1, table.record):
        parts += [data[at + f.start : at + f.start + f.width].strip() for f in texts]
    return b"\n".join(parts)


def _lines(file: BinaryIO, table: Table, encoding: str) -> Iterator[bytes]:
    names = [quoted(_decode(f.name, encoding).strip()) for f in table.fields]
    yield (",".join(names) + "\n").encode()
    file.seek(table.header)
    left = table.records
    many = max(1, _BLOCK // table.record)
    while left > 0:
        block = _read_exactly(file, min(left, many) * table.record)
        whole = len(block) // table.record
        for at in range(0, whole * table.record, table.record):
            record = block[at : at + table.record]
            if record[:1] == b"*":
                yield b"\n"
                continue
            cells = [
                _cell(record[f.start : f.start + f.width], f.kind, encoding)
                for f in table.fields
            ]
            yield (",".join(cells) + "\n").encode()
        if whole < min(left, many):
            raise CutShortError(_FEWER)
        left -= many
    if file.read(1) in (b" ", b"*"):
        raise CutShortError(_MORE)


def _decode(raw: bytes, encoding: str) -> str:
    return raw.decode(encoding, "oceandata.mark")


def _cell(raw: bytes, kind: str, encoding: str) -> str:
    if kind == "C":
        return quoted(_decode(raw.rstrip(b" \0"), encoding).strip())
    if kind in "NF":
        return quoted(raw.strip(b" \0*").decode("ascii", "replace"))
    if kind == "D":
        text = raw.strip(b" \0").decode("ascii", "replace")
        whole = len(text) == 8 and text.isdigit()
        return f"{text[:4]}-{text[4:6]}-{text[6:]}" if whole else quoted(text)
    if kind in "I+" and len(raw) == 4:
        return str(struct.unpack("<i", raw)[0])
    if kind in "BO" and len(raw) == 8:
        return repr(struct.unpack("<d", raw)[0])
    if kind in "T@" and len(raw) == 8:
        return _moment(*struct.unpack("<ii", raw))
    return quoted(raw.strip(b" \0").decode("ascii", "replace")) if kind == "L" else ""


def _moment(day: int, millis: int) -> str:
    if day == 0:
        return ""
    try:
        when = date(1970, 1, 1) + timedelta(days=day - _JULIAN_1970)
    except OverflowError:
        return "impossible date"
    seconds = round(millis / 1000)
    clock = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"{when.isoformat()} {clock}"
