"""Rows of cells, as workbooks and databases have them, as lines of CSV in UTF-8.

One row is one line, so that a line's number tells the row. The readers of delimited
tables then take them like any other file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

_BREAKS = re.compile(r"[\r\n\t\v\f\x1c-\x1e\x85\u2028\u2029]+")
_NEEDS_QUOTES = re.compile(r'[",]')
_MILLISECOND = timedelta(milliseconds=1)


class CutShortError(Exception):
    """The stream ends too early or is damaged; the bytes before are good."""


class Lines:
    """An iterator of bytes as a stream: ``read(view)`` fills it, 0 at the end.

    A ``CutShortError`` of the iterator is raised after the lines before it.
    """

    def __init__(self, lines: Iterable[bytes]):
        self._lines = iter(lines)
        self._out = memoryview(b"")
        self._cut: CutShortError | None = None

    def read(self, view: memoryview) -> int:
        while not self._out:
            parts, size = [], 0
            try:
                for line in self._lines:
                    parts.append(line)
                    size += len(line)
                    if size >= len(view):
                        break
            except CutShortError as error:
                self._cut = error
            if not parts:
                if self._cut is not None:
                    raise self._cut
                return 0
            self._out = memoryview(b"".join(parts))
        n = min(len(view), len(self._out))
        view[:n] = self._out[:n]
        self._out = self._out[n:]
        return n


def csv_lines(rows: Iterable[Sequence[Any]], *, width: int) -> Iterator[bytes]:
    """One line a row, each of ``width`` cells."""
    for row in rows:
        texts = [quoted(text_of(cell)) for cell in row[:width]]
        texts += [""] * (width - len(texts))
        line = ",".join(texts)
        yield (line + "\n").encode() if line.strip(",") else b"\n"


def quoted(text: str) -> str:
    """A field of CSV; a line break inside it becomes a blank.

    >>> quoted('a "b", c')
    '"a ""b"", c"'
    """
    text = _BREAKS.sub(" ", text)
    if _NEEDS_QUOTES.search(text):
        return '"' + text.replace('"', '""') + '"'
    return text


def text_of(cell: Any) -> str:
    """A cell as text: numbers by their shortest decimals, times as ISO 8601.

    Times of a workbook are fractions of a day; they are rounded to the millisecond.

    >>> text_of(412345678.0), text_of(datetime(2024, 3, 1, 8, 30))
    ('412345678', '2024-03-01 08:30:00')
    """
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime):
        return _moment(cell)
    if isinstance(cell, date):
        return f"{cell.isoformat()} 00:00:00"
    if isinstance(cell, timedelta):
        return _clock(cell)
    if isinstance(cell, time):
        return cell.isoformat()
    return str(cell)


def _moment(value: datetime) -> str:
    value = value.replace(tzinfo=None)
    micros = value.microsecond
    rounded = int((micros + 500) // 1000) * 1000
    try:
        value += timedelta(microseconds=rounded - micros)
    except OverflowError:
        value = value.replace(microsecond=0)
    return value.isoformat(sep=" ")


def _clock(value: timedelta) -> str:
    millis = round(value / _MILLISECOND)
    seconds, millis = divmod(millis, 1000)
    text = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return f"{text}.{millis:03d}" if millis else text


def header_row(rows: Iterable[Sequence[Any]], *, look: int = 50) -> int:
    """Place of the header among the first rows: 0 where none looks like one.

    Titles stand above it, alone in their row or in few cells. The header is the first
    row whose cells are all words and that has at least 0.6 of the most cells a row has.
    """
    sizes, words = [], []
    for row, _ in zip(rows, range(look), strict=False):
        filled = [text_of(cell).strip() for cell in row]
        filled = [text for text in filled if text]
        sizes.append(len(filled))
        words.append(all(not is_number(text) for text in filled))
    most = max(sizes, default=0)
    for k, (size, wordy) in enumerate(zip(sizes, words, strict=True)):
        if wordy and size >= max(2, 0.6 * most):
            return k
    return 0


def is_number(text: str) -> bool:
    """Whether a text begins as a number or a time does."""
    return bool(re.match(r"[-+]?\.?\d", text))
