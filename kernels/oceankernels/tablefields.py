"""Around the parser of tables: cutting blocks, single fields of single records.

Buffers here are arrays; otherwise as in :mod:`oceankernels.textscan`.
"""

from __future__ import annotations

import numpy as np

from oceankernels.jit import jit
from oceankernels.ragged import mix64
from oceankernels.textscan import (
    MIX_A,
    MIX_B,
    MORE,
    QUOTE,
    closing_quote,
    count_newlines,
    last_record,
    pointer,
    record_extent,
    skip_field,
    trim,
)
from oceankernels.textvalues import BAD, MISSING, P10F, slow_number

_MIX_A, _MIX_B, _BITS = int(MIX_A), int(MIX_B), (1 << 64) - 1


def hash_word(word):
    """Hash of a word (bytes) as the parser computes it (``textscan.word_hash``).

    In plain Python: a few dozen words a file are no reason to wait for the compiler.
    """
    word = word.strip(b" \t\r")
    state = len(word)
    for a in range(0, len(word) // 8 * 8 + 1, 8):
        part = word[a : a + 8]
        letters = int.from_bytes(bytes(byte | 0x20 for byte in part), "little")
        state = ((state ^ letters) * _MIX_A) & _BITS
        state ^= state >> 32
        state = (state * _MIX_B) & _BITS
        state ^= state >> 29
    return state


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


@jit(inline=True, borrow=True)
def _slot_of(table, key):
    """Where a key, not 0, stands in a table whose first column has the keys."""
    last = len(table) - 1
    slot = np.int64(mix64(key) & np.uint64(last))
    while table[slot, 0] != 0 and table[slot, 0] != key:
        slot = (slot + 1) & last
    return slot


@jit(borrow=True)
def _copy_entries(table, out):
    """Entries of one table into a larger one."""
    for k in range(len(table)):
        if table[k, 0] != 0:
            slot = _slot_of(out, table[k, 0])
            for c in range(table.shape[1]):
                out[slot, c] = table[k, c]


@jit(borrow=True)
def _note_new(keys, time, content, known, out, state):
    """Go on in :func:`new_rows` at ``state`` (row, found, keys); stop if full."""
    row, n, count = state
    while row < keys.size:
        slot = _slot_of(known, keys[row])
        same = np.int64(content[row])
        free = known[slot, 0] == 0
        if free and 2 * count >= len(known):
            break
        if free or time[row] >= known[slot, 1]:
            if free or known[slot, 2] != same:
                count += free
                known[slot, 0], known[slot, 1] = keys[row], time[row]
                known[slot, 2] = same
                out[n] = row
                n += 1
        else:
            out[n] = row
            n += 1
        row += 1
    return row, n, count


@jit
def new_rows(keys, time, content, known):
    """Rows that differ from the latest one of their key, over many calls.

    keys (n,) int64, not 0; time (n,) int64; content (n,) uint64; known (c, 3) int64:
    what earlier calls left, at first zeros, c a power of 2. It is changed. A row
    earlier than the latest one that counted, counts. Returns the rows that count and
    the next ``known``.
    """
    out = np.empty(keys.size, np.int64)
    state = (0, 0, np.count_nonzero(known[:, 0]))
    while True:
        state = _note_new(keys, time, content, known, out, state)
        if state[0] == keys.size:
            return out[: state[1]].copy(), known
        grown = np.zeros((2 * len(known), 3), np.int64)
        _copy_entries(known, grown)
        known = grown


@jit
def changed_rows(keys, content):
    """Rows whose content differs from the last one of their key.

    keys (n,) int64, not 0: the vessel of each row; content (n,) uint64. The first row
    of a key counts.
    """
    return new_rows(keys, keys, content, np.zeros((1024, 3), np.int64))[0]
