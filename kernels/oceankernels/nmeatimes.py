"""Times around AIS sentences, which have none of their own.

Unix times in tag blocks and behind or before a sentence, in seconds, milliseconds or
microseconds by their size; and lines that tell the time of those after them.
"""

from __future__ import annotations

import numpy as np

from oceankernels.jit import jit
from oceankernels.nmeaspec import BAD_TIME_LINE, NO_TIME, OTHER_SENTENCE, TIME_LINE
from oceankernels.textscan import hash_span
from oceankernels.textvalues import days_from_civil

_LAST = 4_102_444_800_000_000  # the year 2100
_DAY = 86_400_000_000
_SEED = np.uint64(2)
_LENGTHS = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


@jit(inline=True)
def hex_pair(b, p):
    """Value of two hexadecimal digits; -1 if they are none."""
    value = 0
    for k in range(2):
        c = np.int64(b[p + k])
        if 48 <= c <= 57:
            value = value * 16 + c - 48
        elif 65 <= (c & 0xDF) <= 70:
            value = value * 16 + (c & 0xDF) - 55
        else:
            return -1
    return value


@jit(inline=True)
def unix_time(b, p, end):
    """µs since 1970 of a decimal number filling ``b[p:end]``; NO_TIME if it is none.

    Up to 11 digits before the point are seconds, up to 14 milliseconds, up to 17
    microseconds. Times before 1970 and after 2099 are none.
    """
    value = 0
    digits = 0
    places = -1
    while p < end:
        c = np.int64(b[p]) - 48
        if c == -2 and places < 0 and digits > 0:
            places = 0
        elif c < 0 or c > 9:
            return NO_TIME
        elif places < 0:
            value = value * 10 + c
            digits += 1
            if digits > 17:
                return NO_TIME
        elif places < 6 and digits <= 11:
            value = value * 10 + c
            places += 1
        p += 1
    if digits == 0:
        return NO_TIME
    scale = 6 if digits <= 11 else 3 if digits <= 14 else 0
    for _ in range(scale - max(places, 0)):
        value *= 10
    return value if 0 < value < _LAST else NO_TIME


@jit
def time_in(b, p, end):
    """First unix time among the fields of ``b[p:end]``, and the station's hash.

    A time has at least 9 digits; a station is ``r`` or ``b`` and digits, as in the
    fields that coast guards write behind a sentence. Fields are parted by commas,
    semicolons, blanks or tabs.
    """
    time = NO_TIME
    station = 0
    while p < end:
        q = p
        while q < end and not _parts(b[q]):
            q += 1
        if q - p >= 9 and time == NO_TIME and b[p + 8] >= 48 and b[p + 8] <= 57:
            time = unix_time(b, p, q)
        if station == 0 and q - p > 3 and (b[p] == 114 or b[p] == 98):
            station = np.int64(hash_span(b, p, q, _SEED))
        p = q + 1
    return time, station


@jit(inline=True)
def _parts(c):
    return (c == 44) | (c == 59) | (c == 32) | (c == 9)


@jit(inline=True)
def number_at(b, p, end):
    """Digits at ``p``: (number, index after them); the number is -1 without any."""
    value = -1
    n = 0
    while p < end and 48 <= b[p] <= 57 and n < 9:
        value = max(value, 0) * 10 + np.int64(b[p]) - 48
        p += 1
        n += 1
    return value, p


@jit
def time_line(b, a, end):
    """(code, time) of a sentence at ``a``: ``$PGHP`` and ``$..ZDA`` tell the time."""
    if end - a < 8:
        return OTHER_SENTENCE, NO_TIME
    if b[a + 1] == 80 and b[a + 2] == 71 and b[a + 3] == 72 and b[a + 4] == 80:
        return _pghp(b, a + 5, end)
    if b[a + 3] == 90 and b[a + 4] == 68 and b[a + 5] == 65 and b[a + 6] == 44:
        return _zda(b, a + 7, end)
    return OTHER_SENTENCE, NO_TIME


@jit
def _pghp(b, p, end):
    """``,1,year,month,day,hour,minute,second,millisecond,…`` at ``p``."""
    year = month = day = hour = minute = second = milli = -1
    for k in range(8):
        if p >= end or b[p] != 44:
            return BAD_TIME_LINE, NO_TIME
        value, p = number_at(b, p + 1, end)
        if k == 1:
            year = value
        elif k == 2:
            month = value
        elif k == 3:
            day = value
        elif k == 4:
            hour = value
        elif k == 5:
            minute = value
        elif k == 6:
            second = value
        elif k == 7:
            milli = value
    return _moment(year, month, day, (hour * 60 + minute) * 60 + second, milli * 1000)


@jit
def _zda(b, p, end):
    """``hhmmss.ss,day,month,year,…`` at ``p``."""
    clock, q = number_at(b, p, end)
    if q - p != 6:
        return BAD_TIME_LINE, NO_TIME
    micro = 0
    if b[q] == 46:
        p = q + 1
        fraction, q = number_at(b, p, end)
        micro = max(fraction, 0)
        for _ in range(6 - (q - p)):
            micro *= 10
        for _ in range((q - p) - 6):
            micro //= 10
    day, q = number_at(b, q + 1, end)
    month, q = number_at(b, q + 1, end)
    year, q = number_at(b, q + 1, end)
    seconds = (clock // 10_000 * 60 + clock // 100 % 100) * 60 + clock % 100
    return _moment(year, month, day, seconds, micro)


@jit
def _moment(year, month, day, seconds, micro):
    """A time line's code and time, if it is a time of a day that was."""
    if not (1970 <= year < 2100 and 1 <= month <= 12 and 0 <= seconds < 86_401):
        return BAD_TIME_LINE, NO_TIME
    leap = month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if not 1 <= day <= _LENGTHS[month] + leap or not 0 <= micro < 1_000_000:
        return BAD_TIME_LINE, NO_TIME
    days = days_from_civil(year, month, day)
    return TIME_LINE, days * _DAY + seconds * 1_000_000 + micro
