"""Columns of fields: cut out by the kernels, then scaled.

Raw columns are int64 (``MISSING`` where the message does not hold the field), str for
text, and for data two columns: hex digits, and ``<name>_bits``.
"""

from __future__ import annotations

import numpy as np

from oceandata.readers.nmea_fields_layout import Field, Group, Layout
from oceankernels.nmeafields import (
    get_bits,
    get_numbers,
    get_text,
    to_code,
    to_quantity,
)

TURN = 4.733  # rate of turn in degrees a minute is (raw / 4.733)²
NO_INDICATOR = 10.0  # ±127: more than 5 degrees in 30 s, and no indicator


def raw_columns(
    fields: tuple[Field, ...], packed, first, n_bits, *, pad=False, trailer=0
) -> dict[str, np.ndarray]:
    """Raw columns of m messages (or elements) that start at bit ``first`` (m,)."""
    numbers = [f for f in fields if f.is_number and f.offset >= 0]
    values = _numbers(numbers, packed, first, n_bits, pad)
    columns = {f.name: values[k] for k, f in enumerate(numbers)}
    for f in fields:
        if f.is_number and f.offset < 0:
            columns[f.name] = _from_end(f, packed, first, n_bits)
        elif f.kind == "t":
            columns[f.name] = text_column(f, packed, first, n_bits, pad=pad)
        elif f.kind == "d":
            count, _ = data_extent(f, n_bits, trailer)
            columns[f.name] = hex_column(packed, first + f.offset, count, count)
            columns[f.name + "_bits"] = count
    return {name: columns[name] for name in _order(fields)}


def _order(fields: tuple[Field, ...]) -> list[str]:
    out = []
    for f in fields:
        out += [f.name, f.name + "_bits"] if f.kind == "d" else [f.name]
    return out


def _numbers(fields, packed, first, n_bits, pad) -> np.ndarray:
    rows = [(f.offset, f.width, f.signed) for f in fields]
    table = np.array(rows, np.int64).reshape(-1, 3)
    out = np.empty((len(fields), first.size), np.int64)
    get_numbers(packed, first, n_bits, table, pad, out)
    return out


def _from_end(f: Field, packed, first, n_bits) -> np.ndarray:
    """A field whose offset counts from the end of the message."""
    table = np.array([(0, f.width, f.signed)], np.int64)
    out = np.empty((1, first.size), np.int64)
    rest = np.full(first.size, -f.offset, np.int64)
    get_numbers(packed, first + n_bits + f.offset, rest, table, False, out)
    return out[0]


def text_column(f: Field, packed, first, n_bits, *, pad=False, trim=True) -> np.ndarray:
    """Text (m,); a field of no width reaches to the end of each message."""
    most = f.width // 6
    if not f.width:
        most = max(0, int((n_bits - f.offset).max(initial=0)) // 6)
    out = np.empty((first.size, max(most, 1)), np.uint32)
    if not most:
        out[:] = 0
    get_text(packed, first, n_bits, f.offset, pad and f.width > 0, trim, out[:, :most])
    return out.view(f"U{out.shape[1]}")[:, 0]


def data_extent(f: Field, n_bits: np.ndarray, trailer: int) -> tuple:
    """How many bits (m,) of data each message has, and where they end."""
    stop = n_bits - trailer
    count = np.clip(stop - f.offset, 0, f.width or None)
    return count, f.offset + count


def hex_column(packed, first, count, limit) -> np.ndarray:
    """Bits as hex digits (m,) of str; the last byte goes on as far as ``limit``."""
    size = (count + 7) >> 3
    place = np.cumsum(size) - size
    out = np.zeros(int(size.sum()), np.uint8)
    get_bits(packed, first, count, limit, place, out)
    digits = out.tobytes().hex()
    column = np.empty(first.size, object)
    column[:] = [
        digits[2 * p : 2 * (p + s)]
        for p, s in zip(place.tolist(), size.tolist(), strict=True)
    ]
    return column


def scale(f: Field, raw: np.ndarray, kind=np.int64) -> np.ndarray:
    """A raw column in its unit: NaN for missing quantities, -1 for missing codes."""
    missing = np.array(f.missing, np.int64).reshape(-1, 2)
    if not f.is_quantity:
        code = np.empty(raw.size, kind)
        to_code(raw, missing, code)
        return code
    value = np.empty(raw.size, np.float64)
    if f.special:
        to_quantity(raw, missing, 0, 1.0, 1.0, value)
        if f.special == "turn":
            return _turn(value)
        if f.special == "square":
            return value * value * f.factor
        amount = value // 2 / f.divisor
        return np.where((value % 2 == 1) == (f.special == "low+"), amount, -amount)
    to_quantity(raw, missing, f.add, float(f.divisor), f.factor, value)
    return value


def _turn(raw: np.ndarray) -> np.ndarray:
    rate = np.copysign((raw / TURN) ** 2, raw)
    fast = np.abs(raw) == 127
    return np.where(fast, np.copysign(NO_INDICATOR, raw), rate)


def unscale(f: Field, value: np.ndarray) -> np.ndarray:
    """The raw column of scaled values; what is missing gets the field's first sentinel.

    A field without a sentinel gets 0. Values are rounded to the field's steps.
    """
    value = np.asarray(value)
    sentinel = f.missing[0][0] if f.missing else 0
    if not f.is_quantity:
        return np.where(value < 0, sentinel, value).astype(np.int64)
    gone = np.isnan(value)
    value = np.where(gone, 0.0, value)
    if f.special == "turn":
        size = np.minimum(np.sqrt(np.abs(value)) * TURN, 126)
        size = np.where(np.abs(value) == NO_INDICATOR, 127, size)
        raw = np.copysign(size, value)
    elif f.special == "square":
        raw = np.sqrt(value / f.factor)
    elif f.special:
        is_odd = (value >= 0) == (f.special == "low+")
        raw = 2 * np.rint(np.abs(value) * f.divisor) + is_odd
    else:
        raw = value / f.factor * f.divisor - f.add
    return np.where(gone, sentinel, np.rint(raw)).astype(np.int64)


def element_rows(group: Group, columns: dict, n_bits: np.ndarray, *, begun=False):
    """Which elements the messages have: (message (e,), number in the message (e,)).

    Whole ones only; with ``begun`` the last may be cut off.
    """
    room = np.maximum(n_bits - group.at, 0)
    count = (room + (group.size - 1 if begun else 0)) // group.size
    if group.counted:
        said = columns[group.counted]
        count = np.maximum(said, 0) if begun else np.minimum(count, said)
    count = np.clip(count, 0, group.most)
    message = np.repeat(np.arange(n_bits.size), count)
    starts = np.repeat(np.cumsum(count) - count, count)
    return message, np.arange(message.size) - starts


def element_columns(group: Group, packed, first, n_bits, rows, *, pad=False) -> list:
    """Raw columns of elements, by what they are: a list of (places (k,), fields, raw).

    ``rows`` is what :func:`element_rows` gives; the places are among its elements.
    """
    message, number = rows
    shift = group.at + group.size * number
    start = first[message] + shift
    rest = np.minimum(n_bits[message] - shift, group.size)
    if not group.by:
        raw = raw_columns(group.fields, packed, start, rest, pad=pad)
        return [(np.arange(message.size), group.fields, raw)]
    by = next(f for f in group.fields if f.name == group.by)
    choice = _numbers([by], packed, start, rest, True)[0]
    out = []
    for value in np.unique(choice).tolist():
        places = np.flatnonzero(choice == value)
        fields = group.fields + group.choices.get(value, ())
        raw = raw_columns(fields, packed, start[places], rest[places], pad=pad)
        out.append((places, fields, raw))
    return out


def name_with_extension(layout: Layout, packed, first, n_bits) -> np.ndarray:
    """Names (m,) of aids to navigation: the extension follows a name that is full."""
    name, more = (
        next(f for f in layout.fields if f.name == n) for n in ("name", "extension")
    )
    text = text_column(name, packed, first, n_bits, trim=False)
    rest = text_column(more, packed, first, n_bits, trim=False)
    full = np.char.str_len(text) == name.width // 6
    rest = np.where(full, rest, "")
    return np.char.rstrip(np.char.add(text, rest), " ")
