"""Less usual forms of times in the bytes of a table.

Compact ones (``20210701_185151``), counts since 1970, and dates with any of the marks
``-``, ``/``, ``.`` in a given order. Buffers as in :mod:`oceankernels.textscan`;
``buf[a:b]`` is a field without quotes. States as in :mod:`oceankernels.textvalues`.
"""

from __future__ import annotations

import numpy as np

from oceankernels.jit import jit
from oceankernels.textscan import trim
from oceankernels.textvalues import (
    BAD,
    BAD_CLOCK,
    BAD_DATE,
    DAY_FIRST,
    DAY_US,
    MISSING,
    OK,
    P10,
    PLAIN,
    YEAR_FIRST,
    date_state,
    days_from_civil,
    digits_at,
    is_missing_word,
    slow_clock,
    slow_number,
    two,
)

MONTH_FIRST = 2
_LAST_US = 253_402_300_800_000_000  # the year 10,000
_MINUTE_US = 60_000_000


@jit(inline=True)
def quick_compact(buf, p):
    """``20210701_185151`` at ``p``: (µs, state, index after it).

    The mark may be ``_``, ``T``, ``-`` or a blank. BAD: use :func:`compact_time`.
    """
    year = two(buf, p) * 100 + two(buf, p + 2)
    month, day = two(buf, p + 4), two(buf, p + 6)
    hour, minute, second = two(buf, p + 9), two(buf, p + 11), two(buf, p + 13)
    if year > 9999 or max(month, day, hour, minute, second) > 99:
        return np.int64(0), BAD, p
    if not _is_mark(buf[p + 8]):
        return np.int64(0), BAD, p
    state = date_state(year, month, day)
    if state == OK and (hour > 23 or minute > 59 or second > 59):
        state = BAD_CLOCK
    if state != OK:
        return np.int64(0), state, p + 15
    seconds = hour * 3600 + minute * 60 + second
    days = days_from_civil(year, month, day)
    return days * DAY_US + seconds * 1_000_000, OK, p + 15


@jit(inline=True)
def _is_mark(c):
    """Whether a byte may part a compact date from the time of day."""
    return c == 95 or c == 84 or c == 45 or c == 32


@jit
def compact_time(buf, a, b, zulu):
    """Eight digits, a mark or none, ``1851``, ``185151`` or ``18:51``: (µs, state).

    A fraction of a second may follow; Z only if ``zulu``.
    """
    a, b = trim(buf, a, b)
    if is_missing_word(buf, a, b):
        return np.int64(0), MISSING
    if zulu and buf[b - 1] == 90:
        b -= 1
    date, p = digits_at(buf, a, b, 8)
    if p - a != 8:
        return np.int64(0), BAD
    if p < b and _is_mark(buf[p]):
        p += 1
    if p + 2 < b and buf[p + 2] == 58:
        clock, state, _padding = slow_clock(buf, p, b)
    else:
        clock, state = _compact_clock(buf, p, b)
    if state == BAD:
        return np.int64(0), BAD
    year, month, day = date // 10_000, date // 100 % 100, date % 100
    if date_state(year, month, day) != OK:
        return np.int64(0), BAD_DATE
    return days_from_civil(year, month, day) * DAY_US + clock, state


@jit
def _compact_clock(buf, p, b):
    """``1851``, ``185151`` or ``185151.25``, which ends at ``b``: (µs, state)."""
    value, q = digits_at(buf, p, b, 6)
    n = q - p
    if n != 4 and n != 6:
        return np.int64(0), BAD
    if n == 4:
        value *= 100
    fraction = 0
    if q < b:
        if n == 4 or buf[q] != 46:
            return np.int64(0), BAD
        part, r = digits_at(buf, q + 1, b, 6)
        if r != b or r == q + 1:
            return np.int64(0), BAD
        fraction = part * P10[6 - (r - q - 1)]
    hour, minute, second = value // 10_000, value // 100 % 100, value % 100
    if hour > 23 or minute > 59 or second > 59:
        return np.int64(0), BAD_CLOCK
    return (hour * 3600 + minute * 60 + second) * 1_000_000 + fraction, OK


@jit
def unix_time(buf, a, b, unit_us):
    """A count of units since 1970: (µs, state). Beyond the year 9999: BAD_DATE."""
    value, decimals, state = slow_number(buf, a, b)
    if state in (MISSING, BAD):
        return np.int64(0), state
    unit = P10[decimals]
    whole = value // unit
    if abs(whole) >= _LAST_US // unit_us:
        return np.int64(0), BAD_DATE
    rest = value - whole * unit
    while unit > 1_000_000_000:  # rest * unit_us stays below 2**63
        unit //= 10
        rest //= 10
    return whole * unit_us + rest * unit_us // unit, OK


@jit
def any_date(buf, a, b, order):
    """``31.1.2024``, ``2024/1/31`` … at ``a``: (days, state, index after it).

    order: YEAR_FIRST, DAY_FIRST or MONTH_FIRST; both marks are the same.
    """
    widths = (4, 2, 2) if order == YEAR_FIRST else (2, 2, 4)
    x, p = digits_at(buf, a, b, widths[0])
    if p == a or p >= b:
        return 0, BAD, a
    mark = buf[p]
    if mark != 45 and mark != 46 and mark != 47:
        return 0, BAD, a
    y, q = digits_at(buf, p + 1, b, widths[1])
    if q == p + 1 or q >= b or buf[q] != mark:
        return 0, BAD, a
    z, r = digits_at(buf, q + 1, b, widths[2])
    years = p - a if order == YEAR_FIRST else r - q - 1
    if r == q + 1 or years != 4:
        return 0, BAD, a
    year, month, day = x, y, z
    if order == DAY_FIRST:
        year, day = z, x
    elif order == MONTH_FIRST:
        year, month, day = z, x, y
    state = date_state(year, month, day)
    if state != OK:
        return 0, state, r
    return days_from_civil(year, month, day), OK, r


@jit
def any_time(buf, a, b, order, zulu):
    """A date of :func:`any_date` and a time of day: (µs, state, padding).

    Between them ``T`` or a blank. ``AM`` and ``PM`` are understood; ``Z``, ``UTC`` and
    ``+08:00`` only if ``zulu``.
    """
    a, b = trim(buf, a, b)
    if is_missing_word(buf, a, b):
        return np.int64(0), MISSING, PLAIN
    offset = np.int64(0)
    if zulu:
        b, offset = _zone(buf, a, b)
    days, state, p = any_date(buf, a, b, order)
    if state == BAD or p >= b or (buf[p] != 32 and buf[p] != 84):
        return np.int64(0), BAD, PLAIN
    b, half = _half_day(buf, p, b)
    clock, clock_state, padding = slow_clock(buf, p + 1, b)
    if clock_state == BAD or state != OK:
        return np.int64(0), BAD if clock_state == BAD else state, padding
    if half >= 0 and clock_state == OK:
        hour = clock // (60 * _MINUTE_US)
        if hour < 1 or hour > 12:
            return np.int64(0), BAD_CLOCK, padding
        clock += (12 * half - (12 if hour == 12 else 0)) * 60 * _MINUTE_US
    return days * DAY_US + clock - offset, clock_state, padding


@jit
def _zone(buf, a, b):
    """Drop ``Z``, ``UTC`` or ``+08:00`` from the end: (index, offset in µs)."""
    if b - a > 1 and buf[b - 1] == 90:
        return trim(buf, a, b - 1)[1], np.int64(0)
    if b - a > 3 and buf[b - 3] == 85 and buf[b - 2] == 84 and buf[b - 1] == 67:
        return trim(buf, a, b - 3)[1], np.int64(0)
    for back in (6, 5):  # +08:00, +0800
        p = b - back
        if p - a < 13 or (buf[p] != 43 and buf[p] != 45):
            continue
        hour, minute = two(buf, p + 1), two(buf, b - 2)
        if hour <= 14 and minute <= 59 and (back == 5 or buf[p + 3] == 58):
            minutes = np.int64(hour * 60 + minute)
            sign = 1 if buf[p] == 43 else -1
            return trim(buf, a, p)[1], sign * minutes * _MINUTE_US
    return b, np.int64(0)


@jit
def _half_day(buf, a, b):
    """Drop ``AM`` or ``PM`` from the end: (index, 0 or 1; -1 if there is none)."""
    if b - a < 3 or buf[b - 1] | 32 != 109:
        return b, -1
    letter = buf[b - 2] | 32
    if letter != 97 and letter != 112:
        return b, -1
    return trim(buf, a, b - 2)[1], 1 if letter == 112 else 0
