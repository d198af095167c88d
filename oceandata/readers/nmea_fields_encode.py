"""AIS messages made from values: what :mod:`oceandata.readers.nmea_fields` reads back.

The same layouts drive both ways, so that ``decode(encode(record))`` is the record, but
for what a message cannot hold: digits below the field's step, blanks at the end of
text.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from oceandata.errors import SchemaError
from oceandata.readers.nmea_fields_columns import unscale
from oceandata.readers.nmea_fields_layout import Field, Group, Layout
from oceandata.readers.nmea_fields_table import GENERIC, Key, layouts
from oceankernels.nmeafields import put_numbers, put_text

_ALPHABET = {chr(code): code & 63 for code in range(32, 96)}
_SHORTER = (7, 13, 15, 20)  # end after the last station or reservation
_FIXED = {
    22: ("addressed",),
    24: ("partno",),
    25: ("addressed", "structured"),
    26: ("addressed", "structured"),
    6: ("dac", "fid"),
    8: ("dac", "fid"),
}


def encode(record: Mapping, *, scaled=True) -> tuple[np.ndarray, int]:
    """One message from a record as :func:`~oceandata.readers.nmea_fields.decode` gives.

    Parameters
    ----------
    record : mapping
        ``type`` and the fields of that type. What is absent, None or NaN gets the
        field's "not available", or 0 where it has none; at the end of a message that
        may be shorter it is left away. Keys that are no fields are ignored.
    scaled : bool
        Whether quantities are in their units; else all numbers are raw.

    Returns
    -------
    (packed, n_bits)
        Bytes (k,) uint8, most significant bit first, and the number of bits.

    Raises
    ------
    SchemaError
        All values that their field cannot hold.

    Examples
    --------
    >>> packed, n_bits = encode({"type": 10, "mmsi": 2345678, "dest_mmsi": 219000123})
    >>> n_bits, packed[:3].tolist()
    (72, [40, 0, 143])
    """
    key = _key(record)
    layout = layouts()[key]
    writer = _Writer(scaled)
    record = {**record, **_constants(key)}
    if key[0] == 21:
        name = record.get("name") or ""
        record |= {"name": name[:20], "extension": name[20:] or None}
    stop = writer.fields(layout, layout.fields, record)
    for group in layout.groups:
        for k, element in enumerate(record.get(group.name) or ()):
            stop = max(stop, writer.element(group, k, element))
    if writer.faults:
        raise SchemaError(writer.faults, where=f"message of type {key[0]}")
    n_bits = max(stop, layout.least)
    if not (_open(layout) or layout.groups or key[0] in _SHORTER):
        n_bits = max(n_bits, layout.full)
    if not layout.trailer and not _open(layout):
        n_bits = min(n_bits + -n_bits % 8, layout.most)
    return np.packbits(np.array(writer.bits[:n_bits], np.uint8)), n_bits


def encode_columns(
    message_type: int, columns: Mapping, *, form=(0, 0), scaled=True
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Many messages of one form from columns, by a kernel: (packed, start, n_bits).

    ``form`` is the rest of the layout's key: (0, 0), or (1, 0) for part B of 24, or
    area code and function of 6 and 8. Columns are arrays (m,) as
    :func:`~oceandata.readers.nmea_fields.decode_columns` gives; others than fields are
    ignored, those that lack get the field's "not available". Layouts with data, groups
    or text up to the end are for :func:`encode`. Numbers that the field cannot hold are
    a SchemaError.
    """
    key = (message_type, *form)
    layout = layouts().get(key)
    if layout is None or layout.groups or _open(layout) or layout.trailer:
        raise SchemaError(f"no layout of fixed fields is {key}: use encode")
    m = max((np.size(column) for column in columns.values()), default=0)
    size = (layout.full + 7) // 8
    start = np.arange(m, dtype=np.int64) * size
    packed = np.zeros(m * size, np.uint8)
    values = {**columns, **_constants(key)}
    numbers = [f for f in layout.numbers if f.name in values or f.missing]
    raw = np.empty((len(numbers), m), np.int64)
    faults: list[str] = []
    for k, f in enumerate(numbers):
        column = np.asarray(values.get(f.name, np.nan if f.is_quantity else -1))
        raw[k] = unscale(f, column) if scaled else column
        _check(f, raw[k], faults)
    texts = [f for f in layout.fields if f.kind == "t" and f.name in values]
    letters = [_letters(f, values[f.name], m, faults) for f in texts]
    if faults:
        raise SchemaError(faults, where=f"messages of type {message_type}")
    table = np.array([(f.offset, f.width, 0) for f in numbers], np.int64)
    put_numbers(packed, start * 8, table, raw)
    for f, text in zip(texts, letters, strict=True):
        put_text(packed, start * 8, f.offset, text)
    return packed, start, np.full(m, layout.full)


class _Writer:
    """Bits of one message, and what was wrong with its values."""

    def __init__(self, scaled: bool):
        self.scaled = scaled
        self.bits = bytearray(1100)
        self.faults: list[str] = []

    def fields(self, layout: Layout, fields: tuple[Field, ...], record: Mapping) -> int:
        """Write the fields of a message; the index after the last bit."""
        stop = 0
        for f in fields:
            value = record.get(f.name)
            if f.offset < 0:
                self.number(f, stop, value)
                stop -= f.offset
            elif f.is_number:
                if not _absent(value) or f.offset + f.width <= layout.least:
                    self.number(f, f.offset, value)
                    stop = max(stop, f.offset + f.width)
            elif not _absent(value):
                stop = max(stop, self.other(f, f.offset, record))
        return stop

    def element(self, group: Group, k: int, element: Mapping) -> int:
        """Write one element of a group; the index after it."""
        at = group.at + k * group.size
        choice = element.get(group.by) if group.by else None
        more = () if choice is None else group.choices.get(choice, ())
        for f in group.fields + more:
            if f.is_number:
                self.number(f, at + f.offset, element.get(f.name))
            elif not _absent(element.get(f.name)):
                self.other(f, at + f.offset, element)
        return at + group.size

    def number(self, f: Field, at: int, value) -> None:
        """Write one number; a value that is absent only where it has a sentinel."""
        if _absent(value):
            if not f.missing:
                return
            raw = f.missing[0][0]
        elif self.scaled:
            raw = int(unscale(f, np.array([value]))[0])
        else:
            raw = int(value)
        _check(f, np.array([raw]), self.faults)
        self.put(at, format(raw & ((1 << f.width) - 1), f"0{f.width}b"))

    def other(self, f: Field, at: int, record: Mapping) -> int:
        """Write text or data; the index after it."""
        value = record[f.name]
        if f.kind == "d":
            bits = "".join(format(byte, "08b") for byte in bytes.fromhex(value))
            bits = bits[: record.get(f.name + "_bits", len(bits))]
        else:
            strange = sorted(set(value) - set(_ALPHABET))
            if strange or (f.width and len(value) > f.width // 6):
                self.faults.append(_text_fault(f, value))
                return at
            bits = "".join(format(_ALPHABET[c], "06b") for c in value)
        self.put(at, bits)
        return at + max(f.width, len(bits))

    def put(self, at: int, bits: str) -> None:
        self.bits[at : at + len(bits)] = bytes(map(int, bits))


def _absent(value) -> bool:
    return value is None or (isinstance(value, float) and value != value)


def _open(layout: Layout) -> bool:
    """Whether text or data reach to the end of the message."""
    return any(
        f.kind in "td" and not f.width and f.name != "extension" for f in layout.fields
    )


def _key(record: Mapping) -> Key:
    """The key of the layout that a record is of."""
    number: int = record.get("type", 0)
    if number in (6, 8):
        key = (number, record.get("dac"), record.get("fid"))
        if key == (8, 1, 21) and record.get("wmo"):
            key = (8, 1, 85)
        return key if key in layouts() and "data" not in record else (number, -1, -1)
    forms = {
        16: (int(record.get("mmsi2") is not None), 0),
        22: (int(bool(record.get("addressed"))), 0),
        24: (2 if "mothership_mmsi" in record else record.get("partno", 0), 0),
        25: (int("dest_mmsi" in record), int("app_id" in record)),
    }
    forms[26] = forms[25]
    key = (number, *forms.get(number, (0, 0)))
    if key not in layouts():
        raise SchemaError(f"type must be 1 to 27; the record has {number!r}")
    return key


def _constants(key: Key) -> dict[str, int]:
    """Fields that a key fixes."""
    out = {"type": key[0]}
    if GENERIC in key:
        return out
    names = _FIXED.get(key[0], ())
    out |= dict(zip(names, key[1:], strict=False))
    if key[0] == 24:
        out["partno"] = min(key[1], 1)
    if key in ((8, 1, 21), (8, 1, 85)):
        out |= {"fid": 21, "wmo": int(key[2] == 85)}
    return out


def _check(f: Field, raw: np.ndarray, faults: list[str]) -> None:
    """Note the first number that a field cannot hold."""
    low, high = (-(1 << (f.width - 1)), (1 << (f.width - 1)) - 1)
    if not f.signed:
        low, high = 0, (1 << f.width) - 1
    wrong = (raw < low) | (raw > high)
    if wrong.any():
        k = int(np.argmax(wrong))
        faults.append(
            f"{f.name} must be {low} to {high} as sent; {wrong.sum()} of {raw.size} "
            f"are not, the first is {raw[k]} at {k}"
        )


def _letters(f: Field, column, m: int, faults: list[str]) -> np.ndarray:
    """Text (m,) as six-bit letters (m, c) uint8."""
    text = np.broadcast_to(np.asarray(column, str), (m,))
    most = f.width // 6
    size = np.char.str_len(text)
    codes = np.zeros((m, most), np.uint8)
    points = np.ascontiguousarray(text.astype(f"U{most}")).view(np.uint32)
    points = points.reshape(m, most)
    wrong = (size > most) | ((points != 0) & ((points < 32) | (points > 95))).any(1)
    if wrong.any():
        faults.append(_text_fault(f, str(text[int(np.argmax(wrong))])))
        return codes
    codes[:] = points
    return codes


def _text_fault(f: Field, value: str) -> str:
    room = f"at most {f.width // 6} letters" if f.width else "letters"
    return (
        f"{f.name} must be {room} of the six-bit alphabet (capitals, digits, signs); "
        f"it is {value!r}"
    )
