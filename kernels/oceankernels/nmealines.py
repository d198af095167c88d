"""Lines of NMEA 0183 to a table of records: tag blocks, headers, checksums, times.

No state: a block of whole lines gives the same records whatever came before it. Parts
are joined, and times of time lines handed on, by :mod:`oceankernels.nmeaparts`.

References
----------
IEC 61162-1 (2016), 7.3 and 8.3.88; IEC 61162-450, 7.2 (tag blocks).
"""

from __future__ import annotations

import numpy as np

from oceankernels.jit import jit
from oceankernels.nmeaspec import (
    BAD_TIME_LINE,
    BARE_TAG,
    BODY,
    CHECKSUM,
    CODE,
    COMMENT,
    CUT,
    EMPTY,
    FILL,
    FLAGS,
    GROUPED,
    KEY,
    LINE,
    MALFORMED,
    MESSAGE,
    N_COLUMNS,
    NO_CHECKSUM,
    NO_TIME,
    NOT_NMEA,
    OTHER_SENTENCE,
    PART,
    PARTS,
    PREFIXED,
    SIZE,
    START,
    STATION,
    STOP,
    TAG_BAD,
    TAG_BARE,
    TAG_OPEN,
    TIME,
    TIME_LINE,
)
from oceankernels.nmeatimes import hex_pair, time_in, time_line, unix_time
from oceankernels.textscan import (
    hash_span,
    load8,
    matches,
    next_newline,
    pointer,
    trailing_zeros,
)

COMMA, STAR, BANG, DOLLAR, HASH, BACKSLASH, RETURN = 44, 42, 33, 36, 35, 92, 13
_COMMAS = np.uint64(0x2C2C2C2C2C2C2C2C)
_BACKSLASHES = np.uint64(0x5C5C5C5C5C5C5C5C)
_BANGS = np.uint64(0x2121212121212121)
_SEED = np.uint64(1)
_ONE, _BYTE = np.uint64(1), np.uint64(0xFF)
_HALF, _QUARTER, _EIGHTH = np.uint64(32), np.uint64(16), np.uint64(8)


@jit
def count_records(buf, start, stop):
    """At most so many records stand in ``buf[start:stop]``."""
    n = 2
    b = pointer(buf)
    for i in range(start, stop):
        n += (b[i] == 10) | (b[i] == BANG) | (b[i] == BACKSLASH)
    return n


@jit(borrow=True)
def scan(buf, start, stop, table):
    """Records of the lines in ``buf[start:stop]``; (records, lines, blank lines).

    buf (n,) uint8, at least ``textscan.SLACK`` bytes after ``stop``, of which the first
    is a line end; table (m, 13) int64, m at least :func:`count_records`, whose columns
    are those of :mod:`oceankernels.nmeaspec`, FIRST left out.
    """
    b = pointer(buf)
    out = pointer(table)
    n = 0
    lines = 0
    blank = 0
    p = start
    while p < stop:
        end = next_newline(b, p, stop)
        text = end
        while text > p and (b[text - 1] == RETURN or b[text - 1] == 32):
            text -= 1
        while p < text and (b[p] == 32 or b[p] == 9 or b[p] == RETURN):
            p += 1
        blank += p >= text
        while p < text:
            at = n * N_COLUMNS
            for k in range(N_COLUMNS):
                out[at + k] = 0
            after = _record(b, p, text, out, at)
            out[at + START] = p
            out[at + STOP] = after
            out[at + LINE] = lines
            n += 1
            p = after
        lines += 1
        p = end + 1
    return n, lines, blank


@jit(inline=True)
def _find(b, p, end, pattern):
    """Index of the first byte of ``pattern`` in ``[p, end)``; ``end`` if none."""
    while p < end:
        hit = matches(load8(b, p), pattern)
        if hit != np.uint64(0):
            return min(p + (trailing_zeros(hit) >> 3), end)
        p += 8
    return end


@jit(inline=True)
def _xor(b, p, end):
    """All bytes of ``b[p:end]`` xored."""
    x = np.uint64(0)
    while end - p >= 8:
        x ^= load8(b, p)
        p += 8
    mask = (_ONE << np.uint64((end - p) << 3)) - _ONE
    x ^= load8(b, p) & mask
    x ^= x >> _HALF
    x ^= x >> _QUARTER
    x ^= x >> _EIGHTH
    return np.int64(x & _BYTE)


@jit
def _next_record(b, p, end):
    """Where another record may begin in ``[p, end)``; ``end`` if nowhere."""
    bang = _find(b, p, end, _BANGS)
    back = _find(b, p, bang, _BACKSLASHES)
    if back < bang and back + 2 < end and b[back + 2] == 58:
        return back
    return bang


@jit
def _fail(b, a, end, out, at, code):
    """Note why the record at ``a`` is none; the place of the next one."""
    after = _next_record(b, a + 1, end)
    star = after - 3
    if star > a and b[star] == STAR and code != TAG_OPEN:
        told = hex_pair(b, star + 1)
        if told >= 0 and told != _xor(b, a + 1, star):
            code = CHECKSUM
    out[at + CODE] = code
    return after


@jit
def _record(b, p, end, out, at):
    """Read the record at ``p`` into ``out[at:]``; index after it."""
    out[at + TIME] = NO_TIME
    a = p
    c = b[a]
    if c != BANG and c != BACKSLASH and c != DOLLAR:
        if c == HASH:
            out[at + CODE] = COMMENT
            return end
        a = _next_record(b, a, end)
        if a >= end:
            out[at + CODE] = NOT_NMEA
            return end
        out[at + TIME], out[at + STATION] = time_in(b, p, a)
        out[at + FLAGS] |= PREFIXED
    while b[a] == BACKSLASH:
        a = _tag_block(b, a, end, out, at)
        if a < 0:
            return _fail(b, p, end, out, at, TAG_OPEN)
        if a >= end:
            out[at + CODE] = BARE_TAG
            return end
    if b[a] == BANG:
        return _sentence(b, a, end, out, at)
    if b[a] == DOLLAR:
        return _other(b, a, end, out, at)
    return _fail(b, a, end, out, at, BARE_TAG)


@jit
def _tag_block(b, p, end, out, at):
    """Read the tag block at ``p``; index after its closing backslash, -1 if none."""
    close = _find(b, p + 1, end, _BACKSLASHES)
    if close >= end:
        return -1
    star = close
    if close - p > 3 and b[close - 3] == STAR:
        star = close - 3
        if hex_pair(b, star + 1) != _xor(b, p + 1, star):
            out[at + FLAGS] |= TAG_BAD
            return close + 1
    else:
        out[at + FLAGS] |= TAG_BARE
    p += 1
    while p < star:
        stop = _find(b, p, star, _COMMAS)
        if b[p + 1] == 58:
            _tag_field(b, b[p], p + 2, stop, out, at)
        p = stop + 1
    return close + 1


@jit(inline=True)
def _tag_field(b, letter, p, stop, out, at):
    """Take the time, the station or the group of a tag block."""
    if letter == 99:  # c: time
        time = unix_time(b, p, stop)
        if time != NO_TIME:
            out[at + TIME] = time
    elif letter == 115:  # s: station
        if not out[at + FLAGS] & GROUPED:
            out[at + STATION] = np.int64(hash_span(b, p, stop, _SEED))
    elif letter == 103:  # g: sentence-sentences-group
        q = stop
        while q > p and b[q - 1] != 45:
            q -= 1
        if q > p and q < stop:
            out[at + STATION] = np.int64(hash_span(b, q, stop, _SEED))
            out[at + FLAGS] |= GROUPED


@jit
def _other(b, a, end, out, at):
    """A sentence that begins with a dollar sign: a time line, or something else."""
    after = _next_record(b, a + 1, end)
    code, time = time_line(b, a, after)
    star = after - 3
    if star > a and b[star] == STAR and hex_pair(b, star + 1) != _xor(b, a + 1, star):
        code = CHECKSUM if code == OTHER_SENTENCE else BAD_TIME_LINE
    out[at + CODE] = code
    out[at + TIME] = time if code == TIME_LINE else NO_TIME
    return after


@jit(inline=True)
def _is_digit(c):
    return (c >= 48) & (c <= 57)


@jit
def _sentence(b, a, end, out, at):
    """Read the sentence whose ``!`` stands at ``a``; index after the record."""
    p = _find(b, a, end, _COMMAS)
    if p - a < 4 or p >= end:
        code = OTHER_SENTENCE if p < end else CUT
        return _fail(b, a, end, out, at, code)
    if not (
        b[p - 3] == 86 and b[p - 2] == 68 and (b[p - 1] == 77 or b[p - 1] == 79)
    ):  # VDM, VDO
        return _fail(b, a, end, out, at, OTHER_SENTENCE)
    if end - p < 10:
        return _fail(b, a, end, out, at, CUT)
    total, number = np.int64(b[p + 1]) - 48, np.int64(b[p + 3]) - 48
    whole = b[p + 2] == COMMA and b[p + 4] == COMMA
    if not whole or total < 1 or total > 9 or number < 0 or number > total:
        return _fail(b, a, end, out, at, MALFORMED)
    keyed = p + 5
    p = _find(b, keyed, end, _COMMAS) + 1
    body = _find(b, p, end, _COMMAS) + 1
    if body - keyed > 16:
        return _fail(b, a, end, out, at, MALFORMED)
    stop = _find(b, body, end, _COMMAS)
    if stop >= end:
        return _fail(b, a, end, out, at, CUT)
    p = stop + 1
    if p >= end:
        return _fail(b, a, end, out, at, CUT)
    fill = 0
    if _is_digit(b[p]):
        fill = np.int64(b[p]) - 48
        p += 1
        if fill > 5:
            return _fail(b, a, end, out, at, MALFORMED)
    return _close(b, a, p, end, out, at, (total, number, keyed, body, stop, fill))


@jit(inline=True)
def _close(b, a, p, end, out, at, found):
    """Check what follows the fill bits at ``p`` and note the sentence."""
    total, number, keyed, body, stop, fill = found
    if p < end and b[p] == STAR:
        if end - p < 3:
            return _fail(b, a, end, out, at, CUT)
        if hex_pair(b, p + 1) != _xor(b, a + 1, p):
            return _fail(b, a, end, out, at, CHECKSUM)
        p += 3
    elif p < end and b[p] != COMMA and b[p] != 32 and b[p] != 9:
        return _fail(b, a, end, out, at, MALFORMED)
    else:
        if p == stop + 1 or _next_record(b, a + 1, p) < p:
            return _fail(b, a, end, out, at, CUT)
        out[at + FLAGS] |= NO_CHECKSUM
    after = p
    if p < end:
        after = _next_record(b, p, end)
        time, station = time_in(b, p, after)
        if out[at + TIME] == NO_TIME:
            out[at + TIME] = time
        if out[at + STATION] == 0:
            out[at + STATION] = station
    out[at + CODE] = MESSAGE
    if stop == body:
        out[at + CODE] = EMPTY
    elif total > 1:
        out[at + CODE] = PART
        out[at + KEY] = np.int64(hash_span(b, keyed, body - 1, np.uint64(total)))
    out[at + PARTS] = total * 65536 + number
    out[at + BODY] = body
    out[at + SIZE] = stop - body
    out[at + FILL] = fill
    return after
