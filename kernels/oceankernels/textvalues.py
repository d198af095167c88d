"""Values in the bytes of a table: decimals as integers, dates and times of day.

A decimal is (mantissa, decimals, state): ``-70.75733`` is (-7075733, 5, OK). With at
most 15 digits that is exact, and ``mantissa / 10**decimals`` is the double nearest to
the text (both operands are exact, IEEE division rounds once). A longer one is
:data:`INEXACT`: its first digits place it, its value must come from ``float(text)``.

Buffers as in :mod:`oceankernels.textscan`. ``buf[a:b]`` is a field without quotes.
"""

from __future__ import annotations

import numpy as np

from oceankernels.jit import jit
from oceankernels.textscan import trim

MISSING, OK, BAD, INEXACT, BAD_DATE, BAD_CLOCK = 0, 1, 2, 3, 4, 5

P10 = 10 ** np.arange(19, dtype=np.int64)
P10F = 10.0 ** np.arange(23)
DAY_US = 86_400_000_000
DAYS_IN_MONTH = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], np.int64)

YEAR_FIRST, DAY_FIRST = 0, 1
PLAIN, HOUR_BLANK, INNER_BLANK = 0, 1, 2


@jit(inline=True)
def quick_number(buf, p):
    """The plain decimal at ``p``: (index after it, mantissa, decimals, digits).

    No blanks, no exponent; digits > 15 or 0 mean "use :func:`slow_number`".
    """
    negative = buf[p] == 45
    if negative:
        p += 1
    start = p
    value = np.int64(0)
    c = np.uint8(buf[p] - 48)
    while c < 10:
        value = value * 10 + np.int64(c)
        p += 1
        c = np.uint8(buf[p] - 48)
    digits = p - start
    decimals = 0
    if buf[p] == 46:
        p += 1
        start = p
        c = np.uint8(buf[p] - 48)
        while c < 10:
            value = value * 10 + np.int64(c)
            p += 1
            c = np.uint8(buf[p] - 48)
        decimals = p - start
        digits += decimals
    return p, -value if negative else value, decimals, digits


@jit
def is_missing_word(buf, a, b):
    """Whether ``buf[a:b]`` (trimmed) says that there is no value: empty, NA, null …"""
    n = b - a
    if n == 0:
        return True
    if n > 4:
        return False
    code = 0
    for i in range(a, b):
        code = code * 256 + (np.int64(buf[i]) | 32)
    # "na", "nan", "n/a", "null", "none"
    return code in (0x6E61, 0x6E616E, 0x6E2F61, 0x6E756C6C, 0x6E6F6E65)


@jit
def slow_number(buf, a, b):
    """Any decimal in ``buf[a:b]``: (mantissa, decimals, state).

    Blanks around it, a sign, an exponent and the usual words for "no value" are
    understood. At most 16 decimals come back.
    """
    a, b = trim(buf, a, b)
    if is_missing_word(buf, a, b):
        return np.int64(0), 0, MISSING
    p = a
    negative = buf[p] == 45
    if negative or buf[p] == 43:
        p += 1
    value, seen, decimals, dropped, point = np.int64(0), 0, 0, False, False
    while p < b:
        c = np.int64(buf[p]) - 48
        if 0 <= c <= 9:
            seen += 1
            if value < P10[17]:
                value = value * 10 + c
                decimals += point
            else:
                dropped = dropped or c != 0
                decimals -= not point
        elif buf[p] == 46 and not point:
            point = True
        else:
            break
        p += 1
    if seen == 0:
        return np.int64(0), 0, BAD
    if p < b:
        shift, p = _exponent(buf, p, b)
        if p < b:
            return np.int64(0), 0, BAD
        decimals -= shift
    value, decimals, exact = _settle(value, decimals)
    state = OK if exact and not dropped else INEXACT
    return -value if negative else value, decimals, state


@jit
def _exponent(buf, p, b):
    """``e-05`` at ``p``: (exponent, index after it); ``p`` again if there is none."""
    start = p
    if buf[p] | 32 != 101 or p + 1 >= b:
        return 0, start
    p += 1
    negative = buf[p] == 45
    if negative or buf[p] == 43:
        p += 1
    if p >= b:
        return 0, start
    value = 0
    while p < b:
        c = np.int64(buf[p]) - 48
        if c < 0 or c > 9:
            return 0, start
        value = min(value * 10 + c, 10_000)
        p += 1
    return -value if negative else value, p


@jit
def _settle(value, decimals):
    """Bring decimals into 0 … 16: (value, decimals, whether nothing was lost)."""
    exact = True
    if value == 0:
        return value, 0, True
    while decimals < 0 and value < P10[17]:
        value *= 10
        decimals += 1
    if decimals < 0:
        return P10[17], 0, False
    while decimals > 0 and value % 10 == 0:
        value //= 10
        decimals -= 1
    while decimals > 16:
        exact = exact and value % 10 == 0
        value //= 10
        decimals -= 1
    return value, decimals, exact and value < 1 << 53


@jit(inline=True)
def is_leap(year):
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


@jit(inline=True)
def days_from_civil(year, month, day):
    """Days since 1970-01-01 in the proleptic Gregorian calendar (Hinnant 2013)."""
    year -= month <= 2
    era = year // 400
    of_era = year - era * 400
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    days = of_era * 365 + of_era // 4 - of_era // 100 + of_year
    return era * 146_097 + days - 719_468


@jit(inline=True)
def date_state(year, month, day):
    """OK or BAD_DATE."""
    if month < 1 or month > 12 or day < 1 or year < 1:
        return BAD_DATE
    if day > DAYS_IN_MONTH[month - 1] and not (
        month == 2 and day == 29 and is_leap(year)
    ):
        return BAD_DATE
    return OK


@jit(inline=True)
def two(buf, p):
    """Two digits as a number; above 99 if one of them is no digit."""
    x = np.int64(np.uint8(buf[p] - 48))
    y = np.int64(np.uint8(buf[p + 1] - 48))
    return x * 10 + y if x < 10 and y < 10 else 100_000


@jit(inline=True)
def quick_time(buf, p, order):
    """Date and time of fixed width at ``p``: (µs, state, index after it).

    ``2024-01-31T23:59:59`` (or a blank for the T) or ``31/01/2024 23:59:59``. BAD
    means "use :func:`slow_time`".
    """
    if order == YEAR_FIRST:
        year = two(buf, p) * 100 + two(buf, p + 2)
        month, day = two(buf, p + 5), two(buf, p + 8)
        marks = buf[p + 4] == 45 and buf[p + 7] == 45
        marks = marks and (buf[p + 10] == 84 or buf[p + 10] == 32)
    else:
        day, month = two(buf, p), two(buf, p + 3)
        year = two(buf, p + 6) * 100 + two(buf, p + 8)
        marks = buf[p + 2] == 47 and buf[p + 5] == 47 and buf[p + 10] == 32
    hour, minute, second = two(buf, p + 11), two(buf, p + 14), two(buf, p + 17)
    marks = marks and buf[p + 13] == 58 and buf[p + 16] == 58
    if not marks or year > 9999 or max(month, day) > 99:
        return np.int64(0), BAD, p
    if max(hour, minute, second) > 99:
        return np.int64(0), BAD, p
    state = date_state(year, month, day)
    if state == OK and (hour > 23 or minute > 59 or second > 59):
        state = BAD_CLOCK
    if state != OK:
        return np.int64(0), state, p + 19
    seconds = hour * 3600 + minute * 60 + second
    days = days_from_civil(year, month, day)
    return days * DAY_US + seconds * 1_000_000, OK, p + 19


@jit
def digits_at(buf, p, b, most):
    """Up to ``most`` digits at ``p``: (value, index after them)."""
    value, stop = 0, min(p + most, b)
    while p < stop and 48 <= buf[p] <= 57:
        value = value * 10 + np.int64(buf[p]) - 48
        p += 1
    return value, p


@jit
def slow_date(buf, a, b, order):
    """``2024-1-31`` or ``31/1/2024`` at ``a``: (days, state, index after it)."""
    mark = 45 if order == YEAR_FIRST else 47
    widths = (4, 2, 2) if order == YEAR_FIRST else (2, 2, 4)
    x, p = digits_at(buf, a, b, widths[0])
    if p == a or p >= b or buf[p] != mark:
        return 0, BAD, a
    y, q = digits_at(buf, p + 1, b, widths[1])
    if q == p + 1 or q >= b or buf[q] != mark:
        return 0, BAD, a
    z, r = digits_at(buf, q + 1, b, widths[2])
    years = p - a if order == YEAR_FIRST else r - q - 1
    if r == q + 1 or years != 4:
        return 0, BAD, a
    year, month, day = (x, y, z) if order == YEAR_FIRST else (z, y, x)
    state = date_state(year, month, day)
    if state != OK:
        return 0, state, r
    return days_from_civil(year, month, day), OK, r


@jit
def slow_clock(buf, a, b):
    """``6:05``, ``23:59:59.25``, ``00: 6:00`` in ``buf[a:b]``: (µs, state, padding)."""
    padding = HOUR_BLANK if a < b and buf[a] == 32 else PLAIN
    a, b = trim(buf, a, b)
    parts = (0, 0, 0)
    p, n = a, 0
    while n < 3:
        while n > 0 and p < b and buf[p] == 32:
            padding = INNER_BLANK
            p += 1
        value, q = digits_at(buf, p, b, 2)
        if q == p:
            return 0, BAD, padding
        parts = (parts[1], parts[2], value)
        n, p = n + 1, q
        if n == 3 or p >= b or buf[p] != 58:
            break
        p += 1
    fraction = 0
    if n == 3 and p < b and buf[p] == 46:
        p += 1
        value, q = digits_at(buf, p, b, 6)
        if q == p:
            return 0, BAD, padding
        fraction = value * P10[6 - (q - p)]
        p = q
        while p < b and 48 <= buf[p] <= 57:
            p += 1
    if p != b or n < 2:
        return 0, BAD, padding
    hour, minute, second = parts if n == 3 else (parts[1], parts[2], 0)
    if hour > 23 or minute > 59 or second > 59:
        return 0, BAD_CLOCK, padding
    return (hour * 3600 + minute * 60 + second) * 1_000_000 + fraction, OK, padding


@jit
def slow_time(buf, a, b, order, zulu):
    """Date, then ``T`` or a blank, then the time of day: (µs, state, padding).

    A ``Z`` at the end is understood only if ``zulu``.
    """
    a, b = trim(buf, a, b)
    if is_missing_word(buf, a, b):
        return np.int64(0), MISSING, PLAIN
    if zulu and buf[b - 1] == 90:
        b -= 1
    days, state, p = slow_date(buf, a, b, order)
    if state == BAD:
        return np.int64(0), BAD, PLAIN
    if p >= b or (buf[p] != 32 and (buf[p] != 84 or order == DAY_FIRST)):
        return np.int64(0), BAD, PLAIN
    clock, clock_state, padding = slow_clock(buf, p + 1, b)
    if clock_state == BAD or state != OK:
        return np.int64(0), BAD if clock_state == BAD else state, padding
    return days * DAY_US + clock, clock_state, padding
