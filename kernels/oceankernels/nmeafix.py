"""Messages to columns: positions of vessels, static reports, and what is neither.

Fields are cut out of the characters themselves, eight at a time: eight characters are
48 bits, so a field of up to 42 bits at any bit is one load.

References
----------
ITU-R M.1371-5 (2014), annex 8: tables 47 to 50 (types 1, 2, 3, 5), 67, 68 (18, 19),
70, 71 (24), 78 (27); ITU-R M.585-9 (kinds of MMSI).
"""

from __future__ import annotations

import numpy as np

from oceankernels.jit import jit
from oceankernels.nmeaspec import (
    AID,
    AIRCRAFT,
    BAD_CHARACTER,
    BAD_LAT,
    BAD_LON,
    BAD_MMSI,
    BODY,
    COAST,
    CODE,
    FILL,
    FIRST_REASON,
    JOINED,
    LENGTHS,
    LOCATING,
    LONGEST,
    MESSAGE,
    N_COLUMNS,
    NO_PART,
    NO_POSITION,
    NO_TIME,
    NO_TYPE,
    OF_TYPE,
    OVERBOARD,
    RESCUE,
    SHORT,
    SIZE,
    TIME,
    UNTIMED,
)
from oceankernels.textscan import hash_span, load8, pointer

MISSING = -32768
_HIGH = np.uint64(0x8080808080808080)
_BELOW_48 = np.uint64(0x5050505050505050)  # 128 - 48 in each byte
_BELOW_88 = np.uint64(0x2828282828282828)
_BELOW_96 = np.uint64(0x2020202020202020)
_BELOW_120 = np.uint64(0x0808080808080808)
_LOW_7 = np.uint64(0x7F7F7F7F7F7F7F7F)
_ZEROS = np.uint64(0x3030303030303030)
_ODD = np.uint64(0x0101010101010101)
_SIX = np.uint64(0x003F003F003F003F)
_TWELVE = np.uint64(0x00000FFF00000FFF)
_TWENTY_FOUR = np.uint64(0xFFFFFF)
_N1, _N3, _N4, _N6, _N8 = (np.uint64(n) for n in (1, 3, 4, 6, 8))
_N12, _N16, _N24, _N32 = (np.uint64(n) for n in (12, 16, 24, 32))


@jit(inline=True)
def _foul(word):
    """High bits of the bytes that are no six-bit characters."""
    x = word & _LOW_7
    is_in = (x + _BELOW_48) & (~(x + _BELOW_88) | (x + _BELOW_96)) & ~(x + _BELOW_120)
    return (~is_in | word) & _HIGH


@jit(inline=True)
def is_clean(b, a, size):
    """Whether all characters of the payload are of the alphabet."""
    foul = np.uint64(0)
    end = a + size
    while end - a >= 8:
        foul |= _foul(load8(b, a))
        a += 8
    mask = (_N1 << np.uint64((end - a) << 3)) - _N1
    foul |= _foul((load8(b, a) & mask) | (_ZEROS & ~mask))
    return foul == np.uint64(0)


@jit(inline=True)
def get(b, a, bit, width):
    """The ``width`` (at most 42) bits from ``bit`` of the payload at ``a``.

    Characters are not checked; up to 7 bytes behind the field are read.
    """
    skip = bit // 6
    x = load8(b, a + skip) - _ZEROS
    above = ((x + (_BELOW_48 + _N8 * _ODD)) & _HIGH) >> _N4  # from 40 on: less 8
    x -= above
    x = ((x & _SIX) << _N6) | ((x >> _N8) & _SIX)
    x = ((x & _TWELVE) << _N12) | ((x >> _N16) & _TWELVE)
    x = ((x & _TWENTY_FOUR) << _N24) | (x >> _N32)
    shift = 48 - (bit - 6 * skip) - width
    return np.int64(x >> np.uint64(shift)) & ((1 << width) - 1)


@jit(inline=True)
def get_signed(b, a, bit, width):
    """As :func:`get`, in two's complement."""
    value = get(b, a, bit, width)
    return value - ((value >> (width - 1)) << width)


@jit(borrow=True)
def decode(buf, texts, table, fixes, others, repairs):
    """Sort the messages among the records and decode what vessels say of their place.

    buf, table : a block and its records, joined (:mod:`oceankernels.nmeaparts`).
    texts : of joined messages. fixes, others : room for all records. repairs : int64,
    counts are added. Returns how many (fixes, static reports, records set aside).
    """
    rows = pointer(table)
    block, long_texts = pointer(buf), pointer(texts)
    n_fix = n_static = n_aside = 0
    for i in range(table.shape[0]):
        at = i * N_COLUMNS
        code = rows[at + CODE]
        if code == MESSAGE:
            is_fix, is_static, code = _message(
                block, rows, at, i, fixes, n_fix, others, n_static, repairs
            )
        elif code == JOINED:
            is_fix, is_static, code = _message(
                long_texts, rows, at, i, fixes, n_fix, others, n_static, repairs
            )
        else:
            is_fix = is_static = False
        n_fix += is_fix
        n_static += is_static
        if code >= FIRST_REASON:
            others.aside[n_aside] = i
            others.reason[n_aside] = code
            n_aside += 1
    return n_fix, n_static, n_aside


@jit(inline=True)
def _message(b, rows, at, i, fixes, n_fix, others, n_static, repairs):
    """Decode one message: (is a fix, is a static report, reason or 0)."""
    a, size = rows[at + BODY], rows[at + SIZE]
    n_bits = 6 * size - rows[at + FILL]
    if not is_clean(b, a, size):
        return False, False, BAD_CHARACTER
    if n_bits < 38:
        return False, False, SHORT
    kind = get(b, a, 0, 6)
    if kind < 1 or kind > 27:
        return False, False, NO_TYPE
    if n_bits < LENGTHS[kind]:
        return False, False, SHORT
    mmsi = get(b, a, 8, 30)
    if kind <= 3 or kind == 18 or kind == 19 or kind == 27:
        code = _station(mmsi)
        if code == 0 and rows[at + TIME] == NO_TIME:
            code = UNTIMED
        if code == 0:
            code = _fix(b, a, kind, mmsi, fixes, n_fix, repairs)
        if code != 0:
            return False, False, code
        fixes.row[n_fix] = i
        repairs[7] += n_bits > LONGEST[kind]
        if kind == 19:
            _static(b, a, kind, 0, i, mmsi, others, n_static)
        return True, kind == 19, 0
    if kind == 5 or kind == 24:
        part = get(b, a, 38, 2) if kind == 24 else 0
        code = _station(mmsi)
        if part > 1:
            code = NO_PART
        elif part == 1 and n_bits < 162:
            code = SHORT
        elif code == 0 and rows[at + TIME] == NO_TIME:
            code = UNTIMED
        if code != 0:
            return False, False, code
        repairs[7] += n_bits > LONGEST[kind]
        _static(b, a, kind, part, i, mmsi, others, n_static)
        return False, True, 0
    return False, False, OF_TYPE + kind


@jit(inline=True)
def _station(mmsi):
    """Why an MMSI is no vessel's, by ITU-R M.585; 0 if it may be."""
    if mmsi < 1 or mmsi > 999_999_999:
        return BAD_MMSI
    if 2_010_000 <= mmsi <= 7_759_999:
        return COAST
    if 111_201_000 <= mmsi <= 111_775_999:
        return AIRCRAFT
    if 970_000_000 <= mmsi <= 974_999_999:
        group = mmsi // 1_000_000
        if group == 970:
            return RESCUE
        if group == 972:
            return OVERBOARD
        if group == 974:
            return LOCATING
    return AID if 992_010_000 <= mmsi <= 997_759_999 else 0


@jit(inline=True)
def _fix(b, a, kind, mmsi, fixes, n, repairs):
    """Write a position as entry ``n``; the reason if it is none."""
    if kind == 27:
        x, y = get_signed(b, a, 44, 18), get_signed(b, a, 62, 17)
        degree = 600
        status, transceiver = get(b, a, 40, 4), 0
        sog, cog, heading = get(b, a, 79, 6), 10 * get(b, a, 85, 9), 511
        sog = 1023 if sog == 63 else 10 * sog
    else:
        degree = 600_000
        shift = 0 if kind <= 3 else -4
        x, y = get_signed(b, a, 61 + shift, 28), get_signed(b, a, 89 + shift, 27)
        sog = get(b, a, 50 + shift, 10)
        cog, heading = get(b, a, 116 + shift, 12), get(b, a, 128 + shift, 9)
        status, transceiver = 15, 2
        if kind <= 3:
            status, transceiver = get(b, a, 38, 4), 1
    if y == 91 * degree or x == 181 * degree:
        return NO_POSITION
    if abs(y) > 90 * degree:
        return BAD_LAT
    if abs(x) > 180 * degree:
        return BAD_LON
    if x == 180 * degree:
        x = -x
        repairs[6] += 1
    sog, cog, heading = _clean(sog, cog, heading, kind != 27, repairs)
    repairs[5] += kind <= 3 and status == 15
    fixes.vessel[n] = mmsi
    fixes.lon[n] = x / degree
    fixes.lat[n] = y / degree
    fixes.sog[n] = sog
    fixes.cog[n] = cog
    fixes.heading[n] = heading
    fixes.nav_status[n] = status
    fixes.transceiver[n] = transceiver
    return 0


@jit(inline=True)
def _clean(sog, cog, heading, counted, repairs):
    """Speed, course and heading in tenths, without what means "not available"."""
    if sog == 1023:
        sog = MISSING
        repairs[0] += counted
    if cog >= 3600:
        repairs[1 if cog == 3600 else 2] += counted
        cog = MISSING
    if heading >= 360:
        repairs[3 if heading == 511 else 4] += counted
        heading = MISSING
    else:
        heading *= 10
    return sog, cog, heading


@jit(inline=True)
def _static(b, a, kind, part, i, mmsi, others, n):
    """Note a static report with a hash of all it says of the vessel."""
    state = np.uint64(kind * 2 + part)
    if kind == 5:  # the time of arrival and the state of the terminal are left out
        state = hash_span(b, a + 6, a + 45, state)
        state = hash_span(b, a + 49, a + 70, state)
        tail = get(b, a, 270, 4) * 4 + get(b, a, 420, 2)
        state ^= np.uint64(tail) << np.uint64(48)
    elif kind == 19:
        state = hash_span(b, a + 23, a + 51, state)
    elif part == 0:
        state = hash_span(b, a + 6, a + 26, state)
        state ^= np.uint64(get(b, a, 156, 4)) << np.uint64(48)
    else:
        state = hash_span(b, a + 6, a + 27, state)
    others.static[n] = i
    others.static_vessel[n] = mmsi
    others.static_kind[n] = kind * 2 + part
    others.static_hash[n] = state


STATIC_TEXTS = ((0, 7), (7, 27), (27, 47))
"""Spans of call sign, name and destination in the texts of :func:`statics`."""
STATIC_NUMBERS = ("kind", "imo", "ship_type", "bow", "stern", "port", "starboard")
N_NUMBERS = 8  # and the draught


@jit(borrow=True)
def statics(buf, texts, table, which, numbers, letters):
    """Decode static reports.

    which (s,) int64 rows of the table; numbers (s, 8) int64: kind (5, 19, 24), IMO
    number, type of ship (-1 not told), metres to bow, stern, port and starboard (0 not
    told), draught in 0.1 m; letters (s, 47) uint8 ASCII: call sign, name, destination,
    each to the first ``@``, without blanks around it, padded with zeros.
    """
    for k in range(which.size):
        at = which[k] * N_COLUMNS
        joined = table[which[k], CODE] == JOINED
        b = pointer(texts) if joined else pointer(buf)
        _static_one(b, pointer(table)[at + BODY], numbers[k], letters[k])


@jit(borrow=True)
def _static_one(b, a, numbers, letters):
    kind = get(b, a, 0, 6)
    numbers[:] = 0
    numbers[0] = kind
    numbers[2] = -1
    letters[:] = 0
    place = -1
    if kind == 5:
        numbers[1] = get(b, a, 40, 30)
        _letters(b, a, 70, letters, 0, 7)
        _letters(b, a, 112, letters, 7, 27)
        numbers[2] = get(b, a, 232, 8)
        numbers[7] = get(b, a, 294, 8)
        _letters(b, a, 302, letters, 27, 47)
        place = 240
    elif kind == 19:
        _letters(b, a, 143, letters, 7, 27)
        numbers[2] = get(b, a, 263, 8)
        place = 271
    elif get(b, a, 38, 2) == 0:
        _letters(b, a, 40, letters, 7, 27)
    else:
        numbers[2] = get(b, a, 40, 8)
        _letters(b, a, 90, letters, 0, 7)
        if get(b, a, 8, 30) // 10_000_000 != 98:  # a craft gives its mother ship there
            place = 132
    if place >= 0:
        numbers[3] = get(b, a, place, 9)
        numbers[4] = get(b, a, place + 9, 9)
        numbers[5] = get(b, a, place + 18, 6)
        numbers[6] = get(b, a, place + 24, 6)


@jit(borrow=True)
def _letters(b, a, bit, letters, start, stop):
    """Six-bit text of the payload as ASCII, up to an ``@``, trimmed."""
    n = start
    for k in range(stop - start):
        value = get(b, a, bit + 6 * k, 6)
        if value == 0:
            break
        if value != 32 or n > start:
            letters[n] = value + 64 if value < 32 else value
            n += 1
    while n > start and letters[n - 1] == 32:
        n -= 1
        letters[n] = 0
