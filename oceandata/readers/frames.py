"""Columns of values (NumPy, Arrow, pandas, lists) into a batch of positions.

The values are written as the text that a table would hold, one record a row, and go
through the parser of tables: sentinels, ranges, reasons and exactness are those of a
file by construction. A float stands for its shortest decimals, as in a CSV of it.
Cost: about one second a million rows and core.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from oceandata.errors import FormatError
from oceandata.readers import generic
from oceandata.readers.blocks import Block
from oceandata.readers.cells import text_of
from oceandata.readers.layout import Layout, Table, bind
from oceandata.readers.parse import Memory, parse
from oceandata.readers.protocol import Head, TrackBatch, clip
from oceandata.readers.timeforms import TimeForm, find_form, named_form
from oceankernels import textscan
from oceankernels.tablespec import CLASS, TIME_ISO, TIME_UNIX

ROWS = 1 << 18
"""Rows that become text at once."""

NAMES = tuple(
    column.name
    for column in generic.LAYOUT.columns
    if column.name not in ("date", "time_of_day", "millisecond")
)
"""Canonical names of columns; ``vessel`` (any id) excludes ``mmsi``."""

TIME_UNITS = {"s": 1_000_000, "ms": 1_000, "us": 1}
_CLASSES = {**generic.LAYOUT.words[CLASS], "0": 0, "1": 1, "2": 2}
_QUOTE, _NOTHING, _BREAK, _TAB = (
    pa.scalar(text, pa.large_string()) for text in ('"', "", "\n", "\t")
)
_SAMPLE = 5000

Raw = Callable[[int], bytes]


@dataclass(frozen=True)
class Forms:
    """How values are to be read, the same for all rows of a source.

    timezone: of naive times, a name that exists; times: form of times that are text
    (None: found from the first values); speed: knots in the unit of ``sog``.
    """

    timezone: str = "UTC"
    times: TimeForm | None = None
    speed: float = 1.0


def batch_of(
    columns: Mapping[str, Any],
    *,
    lines: np.ndarray | None = None,
    raw: Raw | None = None,
    forms: Forms | None = None,
    memory: Memory | None = None,
) -> TrackBatch:
    """Rows of named columns as a batch; those that are no fix are rejected.

    Parameters
    ----------
    columns : mapping
        :data:`NAMES` to values, (n,) each: ``vessel`` or ``mmsi``, ``time``
        (datetimes, or text), ``lon``, ``lat`` (degrees, numbers or text) and what else
        is known. A missing value is None, NaN, NaT or a word such as "NA".
    lines : (n,) int, optional
        Line of each row in its file; default: 1, 2, …
    raw : function, optional
        The text of row i, for the quarantine; default: its values with commas.
    forms : Forms, optional
        Time zone, form of times, unit of speed.
    memory : Memory, optional
        What earlier batches of the same source left; speeds up static reports.

    Returns
    -------
    TrackBatch
        ``rows_read`` is n.

    Raises
    ------
    FormatError
        For columns that are missing, unknown or of unequal length, and for times
        whose form cannot be told.
    """
    return placed_batch(columns, lines=lines, raw=raw, forms=forms, memory=memory)[0]


def placed_batch(
    columns: Mapping[str, Any],
    *,
    lines: np.ndarray | None = None,
    raw: Raw | None = None,
    forms: Forms | None = None,
    memory: Memory | None = None,
) -> tuple[TrackBatch, np.ndarray]:
    """As :func:`batch_of`, and the places (k,) of the rows that were kept."""
    forms = forms or Forms()
    arrays = {name: arrow_of(name, values) for name, values in columns.items()}
    n = _checked(arrays)
    form = None
    if pa.types.is_large_string(arrays["time"].type):
        form = forms.times or time_form(arrays["time"])
    table, zone = _table(arrays, forms, form)
    batch = parse(_block(arrays), table, zone, memory or Memory()).batch
    place = batch.rejected.line
    kept = np.ones(n, bool)
    kept[place] = False
    raw = raw or _default_raw(columns)
    texts = [clip(raw(int(i))) for i in place]
    numbers = np.arange(1, n + 1) if lines is None else np.asarray(lines, np.int64)
    rejected = replace(batch.rejected, line=numbers[place], raw=texts)
    return replace(batch, rejected=rejected), np.flatnonzero(kept)


def batches_of(
    columns: Mapping[str, Any], *, rows: int = ROWS, first_line: int = 1, **rest: Any
) -> Iterator[TrackBatch]:
    """Batches of at most ``rows`` rows each; see :func:`batch_of`."""
    memory = Memory()
    n = len(next(iter(columns.values())))
    for start in range(0, n, rows):
        stop = min(start + rows, n)
        part = {name: values[start:stop] for name, values in columns.items()}
        lines = np.arange(first_line + start, first_line + stop)
        yield batch_of(part, lines=lines, memory=memory, **rest)


def arrow_of(name: str, values: Any) -> pa.Array:
    """Values as numbers, timestamps[us] in UTC or naive, or text without breaks."""
    array = _plain_array(values)
    kind = array.type
    if pa.types.is_dictionary(kind):
        array = array.dictionary_decode()
        kind = array.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        if name != "time":
            raise FormatError(f"column {name!r} holds times; expected numbers or text")
        return _timestamps(array)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return _whole_ids(name, array)
    if pa.types.is_null(kind):
        return pa.nulls(len(array), pa.large_string())
    if pa.types.is_boolean(kind):
        return array.cast(pa.int8())
    try:
        text = array.cast(pa.large_string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise FormatError(
            f"column {name!r} holds values of type {kind}; expected numbers, text or "
            "times"
        ) from None
    return _one_line(text)


def _plain_array(values: Any) -> pa.Array:
    if isinstance(values, pa.ChunkedArray):
        return values.combine_chunks() if values.num_chunks != 1 else values.chunk(0)
    if isinstance(values, pa.Array):
        return values
    try:
        if isinstance(values, np.ndarray):
            values = np.ascontiguousarray(values)
            if values.dtype.kind == "M":
                return pa.array(values.astype("M8[us]"))
        return pa.array(values, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        texts = [None if _is_nothing(value) else text_of(value) for value in values]
        return pa.array(texts, pa.large_string())


def _is_nothing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and value != value)


def _timestamps(array: pa.Array) -> pa.Array:
    zone = getattr(array.type, "tz", None)
    return array.cast(pa.timestamp("us", zone), safe=False)


def _whole_ids(name: str, array: pa.Array) -> pa.Array:
    """Ids that are whole numbers as integers, though a table may hold floats."""
    if name not in ("mmsi", "vessel", "imo") or not pa.types.is_floating(array.type):
        return array
    array = pc.if_else(pc.is_nan(array), None, array)
    try:
        return array.cast(pa.int64())
    except pa.ArrowInvalid:
        return array


def _one_line(text: pa.Array) -> pa.Array:
    if pc.any(pc.match_substring_regex(text, r"[\t\r\n]")).as_py():
        text = pc.replace_substring_regex(text, r"[\t\r\n]+", " ")
    quotes = pc.starts_with(text, '"')
    if pc.any(quotes).as_py():
        doubled = pc.replace_substring(text, '"', '""')
        wrapped = pc.binary_join_element_wise(_QUOTE, doubled, _QUOTE, _NOTHING)
        text = pc.if_else(quotes, wrapped, text)
    return text


def _checked(arrays: Mapping[str, pa.Array]) -> int:
    """The number of rows; FormatError lists what is wrong with the columns."""
    faults = [f"column {n!r} is not known" for n in arrays if n not in NAMES]
    faults += [f"column {n!r} is missing" for n in ("time", "lon", "lat")
               if n not in arrays]  # fmt: skip
    if ("vessel" in arrays) == ("mmsi" in arrays):
        faults.append("expected one of the columns 'vessel' (any id) and 'mmsi'")
    sizes = {len(values) for values in arrays.values()}
    if len(sizes) > 1:
        listed = ", ".join(f"{n!r} {len(v):,}" for n, v in arrays.items())
        faults.append(f"columns must be equally long; they have {listed} values")
    kind = arrays["time"].type if "time" in arrays else pa.large_string()
    if not (pa.types.is_timestamp(kind) or pa.types.is_large_string(kind)):
        faults.append(
            f"times must be datetimes or text, got {kind}; turn counts into datetimes "
            "first (time_unit='s' where a function offers it)"
        )
    if faults:
        raise FormatError(f"{'; '.join(faults)}. Known columns: {', '.join(NAMES)}")
    return sizes.pop()


def time_form(values: pa.Array, *, where: str = "column 'time'") -> TimeForm:
    """The form of times that are text, by the first ones."""
    return find_form(values[:_SAMPLE].drop_null().to_pylist(), where=where)


def named_time_form(name: str | None) -> TimeForm | None:
    """The form that ``time_format`` names, None if it names none."""
    return None if name is None else named_form(name)


def moments(values: Any, unit: str) -> np.ndarray:
    """Counts since 1970 in "s", "ms" or "us" as datetime64[us]; NaT if none."""
    if unit not in TIME_UNITS:
        raise FormatError(
            f"time_unit must be one of {', '.join(TIME_UNITS)}, got {unit!r}"
        )
    values = np.asarray(values)
    scale = TIME_UNITS[unit]
    if values.dtype.kind in "iu":
        return (values.astype(np.int64) * scale).view("M8[us]")
    values = values.astype(np.float64) * scale
    bad = ~(np.abs(values) < 2.0**62)
    out = np.rint(np.where(bad, 0, values)).astype(np.int64).view("M8[us]")
    out[bad] = np.datetime64("NaT")
    return out


def _table(
    arrays: Mapping[str, pa.Array], forms: Forms, form: TimeForm | None
) -> tuple[Table, str]:
    kind = arrays["time"].type
    form = form or TimeForm(TIME_ISO)
    known = getattr(kind, "tz", None) or form.kind == TIME_UNIX  # counts are of UTC
    zone = "UTC" if known else forms.timezone
    header = "\t".join([*arrays, "end"]).encode() + b"\n"
    text_id = "vessel" in arrays
    columns = tuple(
        replace(c, aliases=(c.name,), kind=form.kind if c.name == "time" else c.kind)
        for c in generic.LAYOUT.columns
        if c.name in arrays
    )
    layout: Layout = replace(
        generic.LAYOUT,
        columns=columns,
        words={**generic.LAYOUT.words, CLASS: _CLASSES},
        text_id=text_id,
        number_id=text_id and pa.types.is_floating(arrays["vessel"].type),
        course_360=text_id,
        order=form.order,
        unix_us=form.unix_us,
        speed=forms.speed,
    )
    head = Head(Path("columns"), header)
    return bind(layout, head, None, zulu=zone == "UTC"), zone


def _block(arrays: Mapping[str, pa.Array]) -> Block:
    """The rows as text with tabs, ready for the parser."""
    texts: list[Any] = [_texts(array) for array in arrays.values()]
    rows = pc.binary_join_element_wise(
        *texts, _BREAK, _TAB, null_handling="replace", null_replacement=""
    )
    n = len(rows)
    data = b""
    if n:
        offsets = np.frombuffer(rows.buffers()[1], np.int64)[rows.offset :]
        data = memoryview(rows.buffers()[2])[offsets[0] : offsets[n]]
    size = len(data)
    buffer = bytearray(size + 1 + textscan.SLACK)
    buffer[:size] = data
    buffer[size] = textscan.NEWLINE
    return Block(buffer, np.frombuffer(buffer, np.uint8), 0, size)


def _texts(array: pa.Array) -> pa.Array:
    if pa.types.is_timestamp(array.type):
        array = array.cast(pa.timestamp("us"))  # drops the zone, keeps the UTC instant
        micros = array.cast(pa.int64())
        whole = pc.equal(pc.multiply(pc.divide(micros, 1_000_000), 1_000_000), micros)
        if pc.all(whole).as_py() is not False:
            array = array.cast(pa.timestamp("s"), safe=False)
    if pa.types.is_floating(array.type):
        array = pc.if_else(pc.is_nan(array), None, array)
    return array.cast(pa.large_string())


def _default_raw(columns: Mapping[str, Any]) -> Raw:
    def raw(i: int) -> bytes:
        values = (column[i] for column in _indexable(columns.values()))
        texts = [
            value.as_py() if hasattr(value, "as_py") else value for value in values
        ]
        return ",".join(_value_text(value) for value in texts).encode()

    return raw


def _value_text(value: Any) -> str:
    if isinstance(value, np.datetime64):
        return "" if np.isnat(value) else str(value.astype("M8[us]"))
    return "" if _is_nothing(value) else text_of(value)


def _indexable(columns: Sequence[Any]) -> Iterator[Any]:
    for column in columns:
        yield column.iloc if hasattr(column, "iloc") else column
