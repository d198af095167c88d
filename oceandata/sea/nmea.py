"""AIS messages to NMEA 0183 sentences with tag blocks, as shore networks record them.

Types 1, 3, 4, 5, 18 and 24 (parts A and B); a type 5 goes out in two parts. Some
sentences can be given a fault: a wrong checksum, a second part that is missing or
comes late.

References
----------
ITU-R M.1371-5 (2014), annex 8; IEC 61162-1 (2016), 8.3.88; IEC 61162-450, 7.2.
"""

from __future__ import annotations

import numpy as np

from oceankernels.jit import jit

FIELDS = (
    "kind", "part", "mmsi", "time", "lon", "lat", "sog", "cog", "heading", "status",
    "imo", "ship_type", "bow", "stern", "port", "starboard", "draught", "who", "dirt",
)  # fmt: skip
MESSAGE = np.dtype([(name, "i8") for name in FIELDS])
"""One message: ``time`` unix seconds; ``lon``, ``lat`` 1/600,000 degree; ``sog``,
``cog``, ``draught`` tenths; ``heading`` degrees; antenna distances in metres; ``who``
the row of its texts; ``dirt`` what is wrong with it (below). ``part`` is 1 for part B
of type 24."""

CLEAN, WRONG_CHECKSUM, MISSING_PART, LATE_PART = range(4)
TEXT_SIZE = 47  # call sign 7, name 20, destination 20
_LINE = 140
_SPLIT = 60  # characters of a payload that one sentence takes
(
    _KIND, _PART, _MMSI, _TIME, _LON, _LAT, _SOG, _COG, _HEADING, _STATUS, _IMO, _SHIP,
    _BOW, _STERN, _PORT, _STARBOARD, _DRAUGHT, _WHO, _DIRT,
) = range(len(FIELDS))  # fmt: skip
_HEX = np.frombuffer(b"0123456789ABCDEF", np.uint8)
_ARMOUR = np.frombuffer(bytes([*range(48, 88), *range(96, 120)]), np.uint8)
_HEADER = np.frombuffer(b"!AIVDM,", np.uint8)


def six_bit_texts(rows) -> np.ndarray:
    """Call sign, name and destination of each identity as six-bit values: (k, 47).

    >>> six_bit_texts([("BABC", "SHIP 1", "")])[0, :9].tolist()
    [2, 1, 2, 3, 0, 0, 0, 19, 8]
    """
    out = np.zeros((len(rows), TEXT_SIZE), np.uint8)
    for k, texts in enumerate(rows):
        at = 0
        for text, size in zip(texts, (7, 20, 20), strict=True):
            letters = text.upper()[:size].encode("ascii", "replace")
            codes = [c - 64 if 64 <= c < 96 else c if 32 <= c < 64 else 63
                     for c in letters]  # fmt: skip
            out[k, at : at + len(codes)] = codes
            at += size
    return out


def sentences(
    messages: np.ndarray,
    texts: np.ndarray,
    *,
    station: str = "rYELLOW1",
    tag_blocks: bool = True,
    group: int = 1,
) -> bytes:
    """The lines of messages, in their order.

    Parameters
    ----------
    messages : (n,) array of :data:`MESSAGE`
    texts : (k, 47) uint8 array
        What ``who`` points to; see :func:`six_bit_texts`.
    station : str
        Receiving station in the tag blocks.
    tag_blocks : bool
        Without them the time stands behind each sentence.
    group : int
        Number of the first group of tag blocks; each two-part message takes one.

    >>> row = np.zeros(1, MESSAGE)
    >>> row[["kind", "mmsi", "time"]] = (18, 412000000, 1709251200)
    >>> sentences(row, np.zeros((1, 47), np.uint8), tag_blocks=False)
    b'!AIVDM,1,1,,A,B68rO00000000000000000040000,0*63,1709251200\\r\\n'
    """
    rest = {"station": station, "tag_blocks": tag_blocks, "group": group}
    return sentences_and_lines(messages, texts, **rest)[0]


def sentences_and_lines(
    messages: np.ndarray,
    texts: np.ndarray,
    *,
    station: str = "rYELLOW1",
    tag_blocks: bool = True,
    group: int = 1,
) -> tuple[bytes, np.ndarray]:
    """As :func:`sentences`, and the line on which each message begins, from 1."""
    numbers = np.ascontiguousarray(messages).view(np.int64).reshape(-1, len(FIELDS))
    out = np.empty(2 * _LINE * (len(numbers) + 1), np.uint8)
    line = np.empty(len(numbers), np.int64)
    name = np.frombuffer(station.encode("ascii"), np.uint8)
    stop = _write(numbers, texts, name, (tag_blocks, group), out, line)
    return out[:stop].tobytes(), line


@jit
def _write(numbers, texts, station, tags, out, line):
    """Write all lines; nothing is checked, ``out`` must be long enough."""
    six = np.zeros(80, np.uint8)
    late = np.empty(_LINE, np.uint8)
    tag_blocks, group = tags
    at = 0
    n_late = 0
    n_lines = 0
    for i in range(numbers.shape[0]):
        row = numbers[i]
        n_lines += 1
        line[i] = n_lines
        n_bits = _payload(row, texts[row[_WHO]], six)
        size = (n_bits + 5) // 6
        tag = (tag_blocks, row[_TIME], station, 0, group)
        body = (size, 6 * size - n_bits, 1, 1, i)
        if size <= _SPLIT:
            at = _line(out, at, six, 0, body, tag, row[_DIRT] == WRONG_CHECKSUM)
        else:
            body = (_SPLIT, 0, 2, 1, i)
            tag = (tag_blocks, row[_TIME], station, 1, group)
            at = _line(out, at, six, 0, body, tag, row[_DIRT] == WRONG_CHECKSUM)
            body = (size - _SPLIT, 6 * size - n_bits, 2, 2, i)
            tag = (tag_blocks, row[_TIME], station, 2, group)
            group += 1
            if row[_DIRT] == LATE_PART and n_late == 0:
                n_late = _line(late, 0, six, _SPLIT, body, tag, False)
                continue
            if row[_DIRT] != MISSING_PART:
                at = _line(out, at, six, _SPLIT, body, tag, False)
                n_lines += 1
        if n_late > 0:
            n_lines += 1
            out[at : at + n_late] = late[:n_late]
            at += n_late
            n_late = 0
    out[at : at + n_late] = late[:n_late]
    return at + n_late


@jit
def _line(out, at, six, first, body, tag, spoiled):
    """One line with its tag block; the place after it."""
    size, fill, total, number, serial = body
    tag_blocks, time, station, part, group = tag
    if tag_blocks:
        at = _tag(out, at, time, station, part, group)
    start = at + 1
    for k in range(7):
        out[at + k] = _HEADER[k]
    at += 7
    out[at], out[at + 1], out[at + 2], out[at + 3] = 48 + total, 44, 48 + number, 44
    at += 4
    if total > 1:
        out[at] = 48 + serial % 10
        at += 1
    out[at], out[at + 1], out[at + 2] = 44, 65 + serial % 2, 44
    at += 3
    for k in range(size):
        out[at + k] = _ARMOUR[six[first + k]]
    at += size
    out[at], out[at + 1] = 44, 48 + fill
    at = _checksum(out, start, at + 2, 1 if spoiled else 0)
    if not tag_blocks:
        out[at] = 44
        at = _integer(out, at + 1, time)
    out[at], out[at + 1] = 13, 10
    return at + 2


@jit
def _tag(out, at, time, station, part, group):
    """A tag block; in the second part of a group only the group is told."""
    start = at + 1
    out[at] = 92
    at += 1
    if part > 0:
        out[at], out[at + 1], out[at + 2], out[at + 3] = 103, 58, 48 + part, 45
        out[at + 4], out[at + 5] = 50, 45
        at = _integer(out, at + 6, group)
    if part < 2:
        if part > 0:
            out[at] = 44
            at += 1
        out[at], out[at + 1] = 115, 58
        at += 2
        for k in range(station.size):
            out[at + k] = station[k]
        at += station.size
        out[at], out[at + 1], out[at + 2] = 44, 99, 58
        at = _integer(out, at + 3, time)
    at = _checksum(out, start, at, 0)
    out[at] = 92
    return at + 1


@jit
def _checksum(out, start, at, spoil):
    """``*hh`` over ``out[start:at]``; the place after it."""
    x = spoil
    for k in range(start, at):
        x ^= out[k]
    out[at], out[at + 1], out[at + 2] = 42, _HEX[x >> 4], _HEX[x & 15]
    return at + 3


@jit
def _integer(out, at, value):
    """Decimal digits of a number that is not negative; the place after them."""
    size, bound = 1, 10
    while value >= bound:
        size += 1
        bound *= 10
    for k in range(size):
        out[at + size - 1 - k] = 48 + value % 10
        value //= 10
    return at + size


@jit
def _set(six, bit, width, value):
    """Write ``width`` bits of a number, also a negative one, from ``bit``."""
    for k in range(width):
        if (value >> (width - 1 - k)) & 1:
            six[(bit + k) // 6] |= np.uint8(1 << (5 - (bit + k) % 6))
    return bit + width


@jit
def _text(six, bit, text, start, stop):
    for k in range(start, stop):
        bit = _set(six, bit, 6, text[k])
    return bit


@jit
def _payload(row, text, six):
    """Fill the six-bit values of a message; how many bits it has."""
    six[:] = 0
    kind = row[_KIND]
    _set(six, 0, 6, kind)
    _set(six, 8, 30, row[_MMSI])
    second = row[_TIME] % 60
    if kind == 1 or kind == 3:
        _set(six, 38, 4, row[_STATUS])
        _set(six, 42, 8, -128)
        _set(six, 50, 10, row[_SOG])
        _place(six, 61, row)
        _set(six, 137, 6, second)
    elif kind == 18:
        _set(six, 46, 10, row[_SOG])
        _place(six, 57, row)
        _set(six, 133, 6, second)
        _set(six, 141, 1, 1)
    elif kind == 4:
        _base(six, row)
    elif kind == 5:
        _voyage(six, row, text)
        return 424
    elif row[_PART] == 0:
        _text(six, 40, text, 7, 27)
        return 160
    else:
        _set(six, 38, 2, 1)
        _set(six, 40, 8, row[_SHIP])
        _text(six, 90, text, 0, 7)
        _size(six, 132, row)
    return 168


@jit
def _place(six, bit, row):
    """Longitude, latitude, course and heading."""
    _set(six, bit, 28, row[_LON])
    _set(six, bit + 28, 27, row[_LAT])
    _set(six, bit + 55, 12, row[_COG])
    _set(six, bit + 67, 9, row[_HEADING])


@jit
def _size(six, bit, row):
    _set(six, bit, 9, row[_BOW])
    _set(six, bit + 9, 9, row[_STERN])
    _set(six, bit + 18, 6, row[_PORT])
    _set(six, bit + 24, 6, row[_STARBOARD])


@jit
def _base(six, row):
    """A base station: its time and position."""
    seconds = row[_TIME] % 86_400
    days = row[_TIME] // 86_400 + 719_468  # from 1 March of the year 0
    era = days // 146_097
    of_era = days - era * 146_097
    gone = of_era // 1460 - of_era // 36_524 + of_era // 146_096
    year = (of_era - gone) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153
    day = of_year - (153 * month + 2) // 5 + 1
    month = month + 3 if month < 10 else month - 9
    _set(six, 38, 14, year + era * 400 + (month <= 2))
    _set(six, 52, 4, month)
    _set(six, 56, 5, day)
    _set(six, 61, 5, seconds // 3600)
    _set(six, 66, 6, seconds // 60 % 60)
    _set(six, 72, 6, seconds % 60)
    _set(six, 79, 28, row[_LON])
    _set(six, 107, 27, row[_LAT])
    _set(six, 134, 4, 7)


@jit
def _voyage(six, row, text):
    """Static and voyage data; the time of arrival is not told."""
    _set(six, 40, 30, row[_IMO])
    _text(six, 70, text, 0, 27)
    _set(six, 232, 8, row[_SHIP])
    _size(six, 240, row)
    _set(six, 270, 4, 1)
    _set(six, 283, 5, 24)
    _set(six, 288, 6, 60)
    _set(six, 294, 8, row[_DRAUGHT])
    _text(six, 302, text, 27, 47)
