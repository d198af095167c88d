"""Around the parser of tables: cutting blocks, single fields of single records.

Buffers here are arrays; otherwise as in :mod:`oceankernels.textscan`.
"""

from __future__ import annotations

import numpy as np

from oceankernels.jit import jit
from oceankernels.textscan import (
    MORE,
    QUOTE,
    closing_quote,
    count_newlines,
    last_record,
    pointer,
    record_extent,
    skip_field,
    trim,
    word_hash,
)
from oceankernels.textvalues import BAD, MISSING, P10F, slow_number


@jit
def hash_word(buf, start, stop):
    """Hash of the word ``buf[start:stop]`` (an array), as the parser computes it."""
    return word_hash(pointer(buf), start, stop)


@jit
def whole_records(buf, start, stop, delim, n_fields):
    """Index up to which ``buf[start:stop]`` (an array) holds whole records.

    ``start`` is the start of a record; more bytes may follow ``stop``.
    """
    return last_record(pointer(buf), start, stop, delim, n_fields)


@jit
def record_at(buf, start, stop, position, rest):
    """First record start at or after ``position``, walking from the one at ``start``.

    ``rest`` is (whether nothing follows ``stop``, delimiter, number of fields).
    """
    last, delim, n_fields = rest
    bytes_ = pointer(buf)
    p = start
    while p < position and p < stop:
        after, status = record_extent(bytes_, p, stop, last, delim, n_fields)
        if status == MORE:
            return stop
        p = after
    return p


@jit
def count_lines(buf, start, stop):
    """Line ends in ``buf[start:stop]``."""
    return count_newlines(pointer(buf), start, stop)


@jit
def field_spans(buf, starts, stop, fields, rest):
    """Where some fields of some good records stand.

    starts (k,): first bytes of records; fields (c,): places of the fields wanted,
    increasing; rest: (delimiter, number of fields). Returns (k, c, 3) int64: text
    start, text stop, and 1 if the text stood in quotes.
    """
    delim, n_fields = rest
    bytes_ = pointer(buf)
    delims = np.uint64(delim) * np.uint64(0x0101010101010101)
    out = np.zeros((starts.size, fields.size, 3), np.int64)
    for k in range(starts.size):
        p, c = starts[k], 0
        for f in range(n_fields):
            quoted = bytes_[p] == QUOTE
            if quoted:
                a = p + 1
                b = closing_quote(bytes_, a, stop)
                p = b + 1
            else:
                a = p
                b = skip_field(bytes_, p, delims)
                p = b
            if c < fields.size and fields[c] == f:
                a, b = trim(bytes_, a, b)
                out[k, c, 0], out[k, c, 1], out[k, c, 2] = a, b, quoted
                c += 1
            p = skip_field(bytes_, p, delims) + 1
    return out


@jit
def numbers_in(buf, spans):
    """Decimals in the texts ``buf[spans[k, 0]:spans[k, 1]]``; NaN where there is none.

    To about one unit in the 16th digit.
    """
    bytes_ = pointer(buf)
    out = np.empty(len(spans), np.float64)
    for k in range(len(spans)):
        value, decimals, state = slow_number(bytes_, spans[k, 0], spans[k, 1])
        found = state != MISSING and state != BAD
        out[k] = value / P10F[decimals] if found else np.nan
    return out


@jit
def changed_rows(codes, n_codes, static):
    """Rows whose static hash differs from the last one of their vessel.

    codes (n,): vessel of each row, 0 … n_codes - 1. The first row of a vessel counts.
    """
    last = np.zeros(n_codes, np.uint64)
    seen = np.zeros(n_codes, np.bool_)
    out = np.empty(codes.size, np.int64)
    n = 0
    for row in range(codes.size):
        code = codes[row]
        if not seen[code] or last[code] != static[row]:
            seen[code] = True
            last[code] = static[row]
            out[n] = row
            n += 1
    return out[:n].copy()
