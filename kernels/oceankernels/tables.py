"""Tables of vessel positions: bytes in, integer columns out, in one pass.

:func:`parse_block` walks over the records of a byte block. What each column holds is
told by a ``Spec`` (:mod:`oceankernels.tablespec`: a kind and a slot a column), so that
one compiled kernel reads every layout. A good record becomes one row of ``Rows``; any
other is listed in ``Bad`` with the code of its reason (``REASONS``). Records =
rows + bad rows; blank lines are neither. Buffers as in :mod:`oceankernels.textscan`.
"""

from __future__ import annotations

import numpy as np

from oceankernels import textscan, textvalues
from oceankernels.jit import jit
from oceankernels.tablerows import judge, keep
from oceankernels.tablespec import (
    CLOCK,
    DATE_ANY,
    DATE_DMY,
    MOBILE,
    N_SLOTS,
    NUMBER,
    SKIP,
    STATIC,
    TEXT_ID,
    TIME,
    TIME_ANY,
    TIME_COMPACT,
    TIME_DMY,
    TIME_ISO,
    TIME_UNIX,
    UNKNOWN_WORD,
    WORD,
    Bad,
    Record,
    Rows,
    Spec,
    Tally,
)
from oceankernels.textscan import (
    BROKEN_QUOTE,
    NEWLINE,
    QUOTE,
    RETURN,
    TOO_LONG,
    closing_quote,
    ends_field,
    hash_field,
    hash_span,
    pointer,
    record_extent,
    skip_field,
    trim,
    word_hash,
)
from oceankernels.texttimes import (
    any_date,
    any_time,
    compact_time,
    quick_compact,
    unix_time,
)
from oceankernels.textvalues import (
    BAD,
    DAY_FIRST,
    MISSING,
    OK,
    PLAIN,
    YEAR_FIRST,
    quick_number,
    quick_time,
    slow_clock,
    slow_date,
    slow_number,
    slow_time,
)


@jit
def parse_block(buf, start, stop, spec, rows, bad, tally, record, scan_nul):
    """Read the records in ``buf[start:stop]``.

    The block holds whole records; ``buf[stop]`` is a line end. ``rows`` and ``bad``
    have room for one entry a line; ``tally.later`` for five a row if any slot is wide.
    ``record`` is scratch. Returns (rows, bad records, lines, entries in ``later``).
    """
    bare_spec = Spec(
        pointer(spec.kind),
        pointer(spec.slot),
        pointer(spec.words),
        spec.n_fields,
        spec.n_words,
        np.uint8(spec.delim),
        spec.course_360,
        spec.zulu,
        spec.text_id,
        spec.reports,
        spec.order,
        spec.unix_us,
        spec.speed,
    )
    bare_rows = Rows(
        pointer(rows.vessel),
        pointer(rows.time),
        pointer(rows.lon),
        pointer(rows.lat),
        pointer(rows.sog),
        pointer(rows.cog),
        pointer(rows.heading),
        pointer(rows.nav_status),
        pointer(rows.transceiver),
        pointer(rows.static),
        pointer(rows.start),
        pointer(rows.line),
        pointer(rows.report),
        pointer(rows.fine),
        pointer(rows.wide),
    )
    bare_tally = Tally(
        pointer(tally.repairs), pointer(tally.needs_wide), pointer(tally.later)
    )
    bare_record = Record(
        pointer(record.value),
        pointer(record.decimals),
        pointer(record.state),
        pointer(record.a),
        pointer(record.b),
        pointer(record.repair),
    )
    bare_bad = Bad(
        pointer(bad.start), pointer(bad.stop), pointer(bad.line), pointer(bad.reason)
    )
    return _parse(
        pointer(buf),
        start,
        stop,
        bare_spec,
        bare_rows,
        bare_bad,
        bare_tally,
        bare_record,
        scan_nul,
    )


@jit
def _parse(buf, start, stop, spec, rows, bad, tally, record, scan_nul):
    n, n_bad, line, n_later = 0, 0, 0, 0
    p = start
    while p < stop:
        if buf[p] == NEWLINE or (buf[p] == RETURN and buf[p + 1] == NEWLINE):
            p += 1 if buf[p] == NEWLINE else 2
            line += 1
            continue
        after, reason, static = _read_record(buf, p, stop, spec, record)
        multi = after < 0  # a record that may span lines
        after = abs(after)
        if scan_nul and reason == 0 and _has_nul(buf, p, after):
            reason = 4
        if reason == 0:
            reason = judge(record, spec)
        if reason == 0:
            n_later = keep(record, spec, rows, tally, n, n_later)
            rows.static[n] = static
            rows.start[n] = p
            rows.line[n] = line
            n += 1
        else:
            bad.start[n_bad] = p
            bad.stop[n_bad] = min(after, stop)
            bad.line[n_bad] = line
            bad.reason[n_bad] = reason
            n_bad += 1
        line += textscan.count_newlines(buf, p, min(after, stop)) if multi else 1
        p = after
    return n, n_bad, line, n_later


@jit
def _has_nul(buf, a, b):
    found = False
    for i in range(a, b):
        found |= buf[i] == 0
    return found


@jit
def _read_record(buf, p, stop, spec, record):
    """Fill ``record`` from the record at ``p``: (index after it, reason, static hash).

    The index is negative if the record has quotes and so may span lines.
    """
    start = p
    sign = 1
    delim, n_fields = spec.delim, spec.n_fields
    delims = np.uint64(delim) * np.uint64(0x0101010101010101)
    static = np.uint64(0)
    for slot in range(N_SLOTS):
        record.state[slot] = MISSING
    record.repair[0] = 0
    record.repair[1] = 0
    for f in range(n_fields):
        if buf[p] == QUOTE:
            if sign == 1:
                after, status = record_extent(buf, start, stop, True, delim, n_fields)
                if status == BROKEN_QUOTE:
                    return after, 2, static
                if status == TOO_LONG:
                    return after, 3, static
                sign = -1
            q = closing_quote(buf, p + 1, stop)
            static = _slow_field(buf, p + 1, q, spec, f, record, static)
            p = q + 1
        else:
            q, static, done = _quick_field(buf, p, spec, f, record, delims, static)
            if not done and not ends_field(buf, q, delim):
                q = skip_field(buf, q, delims)
                static = _slow_field(buf, p, q, spec, f, record, static)
            p = q
        if buf[p] == RETURN and buf[p + 1] == NEWLINE:
            p += 1
        if buf[p] == NEWLINE:
            if p - start > textscan.LIMIT and sign == 1:
                return p + 1, 3, static
            return sign * (p + 1), 0 if f == n_fields - 1 else 1, static
        p += 1
    # More fields than columns: find the end of the record.
    after, status = record_extent(buf, start, stop, True, delim, n_fields)
    if status == TOO_LONG:
        return after, 3, static
    return -after, 2 if status == BROKEN_QUOTE else 1, static


@jit(inline=True)
def _quick_field(buf, p, spec, f, record, delims, static):
    """Read the plain field at ``p`` in its usual form: (index, static hash, done).

    ``done``: the index is that of its end. Otherwise the form was usual only if a
    field ends there.
    """
    kind = spec.kind[f]
    if kind == SKIP:
        return skip_field(buf, p, delims), static, True
    if kind == STATIC:
        p, static = hash_field(buf, p, delims, static)
        return p, static, True
    slot = spec.slot[f]
    if kind == NUMBER:
        q, value, decimals, digits = quick_number(buf, p)
        if digits == 0 or digits > 15:
            if q == p and (buf[p] == spec.delim or buf[p] == NEWLINE):
                return p, static, True
            q = skip_field(buf, p, delims)
            _slow_number(buf, p, q, slot, record)
            return q, static, True
        record.value[slot] = value
        record.decimals[slot] = decimals
        record.state[slot] = OK
        return q, static, False
    if kind in (TIME_ISO, TIME_DMY, TIME_COMPACT):
        if kind == TIME_COMPACT:
            value, state, q = quick_compact(buf, p)
        else:
            order = YEAR_FIRST if kind == TIME_ISO else DAY_FIRST
            value, state, q = quick_time(buf, p, order)
        record.value[slot] = value
        record.state[slot] = state
        if state != BAD:
            return q, static, False
    q = skip_field(buf, p, delims)
    return q, _slow_field(buf, p, q, spec, f, record, static), True


@jit
def _slow_number(buf, a, b, slot, record):
    value, decimals, state = slow_number(buf, a, b)
    record.value[slot] = value
    record.decimals[slot] = decimals
    record.state[slot] = state
    record.a[slot] = a
    record.b[slot] = b


@jit
def _slow_field(buf, a, b, spec, f, record, static):
    """Read the field ``buf[a:b]`` in any form it may have; returns the static hash."""
    kind, slot = spec.kind[f], spec.slot[f]
    padding = 0
    if kind == STATIC:
        return hash_span(buf, a, b, static)
    if kind == NUMBER:
        _slow_number(buf, a, b, slot, record)
    elif kind in (TIME_ISO, TIME_DMY):
        order = YEAR_FIRST if kind == TIME_ISO else DAY_FIRST
        value, state, padding = slow_time(buf, a, b, order, spec.zulu)
        record.value[slot] = value
        record.state[slot] = state
    elif kind in (TIME_COMPACT, TIME_UNIX, TIME_ANY):
        padding = _other_time(buf, a, b, kind, spec, record)
    elif kind in (DATE_DMY, DATE_ANY):
        a, b = trim(buf, a, b)
        if kind == DATE_DMY:
            days, state, p = slow_date(buf, a, b, DAY_FIRST)
        else:
            days, state, p = any_date(buf, a, b, spec.order)
        record.value[slot] = days
        record.state[slot] = _whole(buf, a, b, p, state)
    elif kind == CLOCK:
        clock, state, padding = slow_clock(buf, a, b)
        record.value[slot] = clock
        record.state[slot] = _whole(buf, a, b, b, state)
    elif kind == WORD:
        record.value[slot] = _look_up(buf, a, b, slot, spec)
        record.decimals[slot] = 0
        a, b = trim(buf, a, b)
        record.state[slot] = OK if b > a or slot == MOBILE else MISSING
    elif kind == TEXT_ID:
        a, b = trim(buf, a, b)
        missing = textvalues.is_missing_word(buf, a, b)
        record.value[slot] = np.int64(hash_span(buf, a, b, np.uint64(0)))
        record.state[slot] = MISSING if missing else OK
    if padding != PLAIN:
        record.repair[padding - 1] = 1
    return static


@jit
def _other_time(buf, a, b, kind, spec, record):
    """Time in a less usual form; returns the padding with blanks."""
    padding = PLAIN
    if kind == TIME_UNIX:
        value, state = unix_time(buf, a, b, spec.unix_us)
    elif kind == TIME_COMPACT:
        value, state = compact_time(buf, a, b, spec.zulu)
    else:
        value, state, padding = any_time(buf, a, b, spec.order, spec.zulu)
    record.value[TIME] = value
    record.state[TIME] = state
    return padding


@jit
def _whole(buf, a, b, p, state):
    """State of a field of which all but nothing, or a part only, was understood."""
    if state == BAD or p != b:
        a, b = trim(buf, a, b)
        return MISSING if textvalues.is_missing_word(buf, a, b) else BAD
    return state


@jit
def _look_up(buf, a, b, slot, spec):
    key = word_hash(buf, a, b) ^ np.uint64(slot)
    place = np.int64(key & np.uint64(spec.n_words - 1))
    while spec.words[2 * place] != 0:
        if spec.words[2 * place] == key:
            return np.int64(spec.words[2 * place + 1])
        place = (place + 1) & (spec.n_words - 1)
    return np.int64(UNKNOWN_WORD)
