"""A block of delimited text as columns of text, every record accounted for.

For tables whose values have to be converted before they can be judged. Lines without
quotes are split by Arrow; the others one by one.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.csv

from oceandata.readers.blocks import Block
from oceandata.readers.protocol import RAW_LIMIT, Rejected, clip
from oceankernels.tablespec import REASONS

WRONG_FIELDS, OPEN_QUOTE, NUL = REASONS[1], REASONS[2], REASONS[4]
NO_UTF8 = "bytes that are no utf-8 text"
_MOST_LINES = 64


@dataclass(frozen=True)
class TextRows:
    """Columns (n,) of text; ``lines`` (n,) count from the block's first line.

    ``spans`` (n, 2): bytes of each record in ``data``; ``count``: lines of the block.
    """

    columns: list[pa.Array]
    lines: np.ndarray
    spans: np.ndarray
    data: bytes
    rejected: Rejected
    count: int

    def __len__(self) -> int:
        return int(self.lines.size)

    def raw(self, row: int) -> bytes:
        """The record as it stands in the file."""
        start, stop = self.spans[row].tolist()
        return clip(self.data[start : min(stop, start + RAW_LIMIT + 4)])


def text_rows(block: Block, *, delimiter: str, n_fields: int) -> TextRows:
    """Split the records of a block; those that are none are rejected."""
    data = bytes(memoryview(block.buffer)[block.start : block.stop])
    spans = _lines(data)
    count = len(spans)
    filled = np.flatnonzero(spans[:, 1] > spans[:, 0])
    bad: dict[int, str] = {}
    if b'"' in data:
        records = _quoted(data, spans, filled, delimiter, n_fields, bad)
    else:
        records = _plain(data, spans, filled, delimiter, n_fields, bad)
    columns, kept, ends = records
    places = sorted(bad)
    raw = [clip(data[spans[k, 0] : spans[k, 1]]) for k in places]
    rejected = Rejected(np.array(places, "i8"), [bad[k] for k in places], raw)
    spans = np.stack([spans[kept, 0], spans[ends, 1]], axis=1)
    return TextRows(columns, kept, spans, data, rejected, count)


def _lines(data: bytes) -> np.ndarray:
    """Spans (k, 2) of the lines, without their ends."""
    array = np.frombuffer(data, np.uint8)
    stops = np.flatnonzero(array == 10)
    if array.size and (not stops.size or stops[-1] != array.size - 1):
        stops = np.append(stops, array.size)
    starts = np.concatenate([[0], stops[:-1] + 1]) if stops.size else stops
    returns = (stops > starts) & (array[np.maximum(stops - 1, 0)] == 13)
    return np.stack([starts, stops - returns], axis=1).astype(np.int64)


def _plain(data, spans, filled, delimiter, n_fields, bad):
    """Records of a block without quotes: one a line."""
    array = np.frombuffer(data, np.uint8)
    seps = np.flatnonzero(array == ord(delimiter))
    counts = np.searchsorted(seps, spans[filled, 1]) - np.searchsorted(
        seps, spans[filled, 0]
    )
    good = counts == n_fields - 1
    bad |= dict.fromkeys(filled[~good].tolist(), WRONG_FIELDS)
    kept = filled[good]
    clean = b"\0" not in data and data.count(b"\r") == data.count(b"\r\n")
    clean = clean and (data.isascii() or _is_utf8(data))
    if not clean:
        kept = _good_lines(data, spans, kept, bad)
    if not kept.size:
        return [_strings([])] * n_fields, kept, kept
    if clean and kept.size == len(spans):
        text = data
    else:
        pieces = [data[a:b].replace(b"\r", b" ") for a, b in spans[kept].tolist()]
        text = b"\n".join(pieces)
    return _split(text, delimiter, n_fields), kept, kept


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _good_lines(data, spans, kept, bad) -> np.ndarray:
    """Lines of ``kept`` that are text."""
    left = []
    for k, (a, b) in zip(kept.tolist(), spans[kept].tolist(), strict=True):
        reason = _fault(data[a:b])
        if reason:
            bad[k] = reason
        else:
            left.append(k)
    return np.array(left, np.int64)


def _fault(line: bytes) -> str:
    if b"\0" in line:
        return NUL
    return "" if _is_utf8(line) else NO_UTF8


def _split(text: bytes, delimiter: str, n_fields: int) -> list[pa.Array]:
    names = [str(k) for k in range(n_fields)]
    table = pyarrow.csv.read_csv(
        io.BytesIO(text),
        read_options=pyarrow.csv.ReadOptions(
            column_names=names, use_threads=False, block_size=len(text) + 1
        ),
        parse_options=pyarrow.csv.ParseOptions(
            delimiter=delimiter, quote_char=False, ignore_empty_lines=n_fields > 1
        ),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.large_string()),
            strings_can_be_null=False,
        ),
    )
    return [column.combine_chunks() for column in table.columns]


def _quoted(data, spans, filled, delimiter, n_fields, bad):
    """Records of a block with quotes, which may span lines."""
    rows: list[list[str]] = []
    kept, ends = [], []
    texts = [data[a:b] for a, b in spans[filled].tolist()]
    k = 0
    while k < len(texts):
        reason, row, used = _record(texts, k, delimiter, n_fields)
        if reason:
            bad[int(filled[k])] = reason
        else:
            rows.append(row)
            kept.append(filled[k])
            ends.append(filled[k + used - 1])
        k += used
    columns = [_strings(list(column)) for column in zip(*rows, strict=True)]
    columns = columns or [_strings([])] * n_fields
    return columns, np.array(kept, np.int64), np.array(ends, np.int64)


def _record(
    texts: list[bytes], k: int, delimiter: str, n_fields: int
) -> tuple[str, list[str], int]:
    """The record that begins with line ``k``: (reason, cells, lines that it takes).

    A quote opens a field only at its start. One that is never closed, or swallows a
    line that is a record by itself, was none: its line alone is bad.
    """
    if reason := _fault(texts[k]):
        return reason, [], 1
    cells, used = _cells(texts[k : k + _MOST_LINES], delimiter)
    if cells is None or (used > 1 and len(cells) != n_fields):
        long = max(map(len, texts[k : k + 1])) > csv.field_size_limit()
        return "field longer than 128 KiB" if long else OPEN_QUOTE, [], 1
    for text in texts[k + 1 : k + used]:
        alone, lines = _cells([text], delimiter)
        if _fault(text) or (
            alone is not None and lines == 1 and len(alone) == n_fields
        ):
            return OPEN_QUOTE, [], 1
    return ("" if len(cells) == n_fields else WRONG_FIELDS), cells, used


def _cells(lines: list[bytes], delimiter: str) -> tuple[list[str] | None, int]:
    """Cells of the record at the first line and the lines it takes; None: none."""
    texts = (
        line.decode("utf-8", "replace").replace("\r", " ") + "\n" for line in lines
    )
    reader = csv.reader(texts, delimiter=delimiter, strict=True)
    try:
        return next(reader, None), reader.line_num
    except csv.Error:
        return None, 1


def _strings(values: list[str]) -> pa.Array:
    return pa.array(values, pa.large_string())
