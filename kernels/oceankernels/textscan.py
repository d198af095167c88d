"""Bytes of a delimited table: fields, quotes, records. Nothing here knows columns.

Every function takes a :func:`pointer` to bytes, of which at least :data:`SLACK` follow
the ``stop`` it may read to, and a line end at ``buf[stop]``; neither is checked. A
record is one line, or several when a quoted field holds line ends.

When is a quote that never closes noticed? A field that opens with a quote and runs
over a line end is disbelieved as soon as a line inside it is by itself a whole record
(right number of fields, quotes consistent), when the closing quote is followed by
something that ends no field, when the record it makes has the wrong number of fields,
or after :data:`LIMIT` bytes. Then only the first line is given up and the next line
starts a new record: a lost quote costs one line.
"""

from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from oceankernels.jit import jit

LIMIT = 1 << 20
"""Longest record in bytes; a longer one is not read."""
SLACK = 64

WHOLE, BROKEN_QUOTE, MORE, TOO_LONG = 0, 1, 2, 3

QUOTE, NEWLINE, RETURN = 34, 10, 13
_ONES = np.uint64(0x0101010101010101)
_HIGH = np.uint64(0x8080808080808080)
_NEWLINES = np.uint64(0x0A0A0A0A0A0A0A0A)
_QUOTES = np.uint64(0x2222222222222222)
MIX_A = np.uint64(0x9E3779B97F4A7C15)
MIX_B = np.uint64(0xD6E8FEB86659FD93)
_S29, _S32 = np.uint64(29), np.uint64(32)
_ZERO, _ONE = np.uint64(0), np.uint64(1)
_CASE = np.uint64(0x2020202020202020)


@intrinsic
def pointer(typingctx, array):
    """Bare pointer to an array's data; indexable, without bounds or reference counts.

    Counting references costs more than reading a field. The array must outlive the
    pointer: take it from an argument only.
    """

    def codegen(context, builder, signature, args):
        buffer = context.make_array(signature.args[0])(context, builder, args[0])
        return buffer.data

    return types.CPointer(array.dtype)(array), codegen


@intrinsic
def load8(typingctx, buf, index):
    """Eight bytes from ``buf[index:]`` as one little-endian word, unaligned."""

    def codegen(context, builder, signature, args):
        byte = cgutils.gep(builder, args[0], args[1])
        word = builder.bitcast(byte, ir.IntType(64).as_pointer())
        loaded = builder.load(word)
        loaded.align = 1
        return loaded

    return types.uint64(buf, types.int64), codegen


@intrinsic
def trailing_zeros(typingctx, word):
    """Zero bits below the lowest set bit; 64 for zero."""

    def codegen(context, builder, signature, args):
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.uint64), codegen


@jit(inline=True)
def matches(word, pattern):
    """High bits of the bytes of ``word`` equal to ``pattern``; the lowest is exact."""
    x = word ^ pattern
    return (x - _ONES) & ~x & _HIGH


@jit(inline=True)
def mix(state, word):
    """Stir 8 bytes into a 64-bit state."""
    state = (state ^ word) * MIX_A
    state ^= state >> _S32
    state *= MIX_B
    return state ^ (state >> _S29)


@jit(inline=True)
def skip_field(buf, p, delims):
    """Index of the delimiter or line end that closes the plain field at ``p``."""
    while True:
        word = load8(buf, p)
        hit = matches(word, delims) | matches(word, _NEWLINES)
        if hit != _ZERO:
            return p + (trailing_zeros(hit) >> 3)
        p += 8


@jit(inline=True)
def hash_field(buf, p, delims, state):
    """As :func:`skip_field`, with the field stirred into ``state``: (index, state)."""
    start = p
    word = load8(buf, p)
    hit = matches(word, delims) | matches(word, _NEWLINES)
    while hit == _ZERO:
        state = mix(state, word)
        p += 8
        word = load8(buf, p)
        hit = matches(word, delims) | matches(word, _NEWLINES)
    keep = trailing_zeros(hit) >> 3
    word &= (_ONE << np.uint64(keep << 3)) - _ONE
    p += keep
    return p, mix(state, word ^ (np.uint64(p - start) << np.uint64(56)))


@jit
def hash_span(buf, a, b, state):
    """Stir ``buf[a:b]`` into ``state``."""
    while b - a >= 8:
        state = mix(state, load8(buf, a))
        a += 8
    mask = (_ONE << np.uint64((b - a) << 3)) - _ONE
    return mix(state, (load8(buf, a) & mask) ^ (np.uint64(b - a) << np.uint64(56)))


@jit
def word_hash(buf, a, b):
    """Hash of a word without regard to the case of its letters; blanks trimmed."""
    a, b = trim(buf, a, b)
    state = np.uint64(b - a)
    while b - a >= 8:
        state = mix(state, load8(buf, a) | _CASE)
        a += 8
    mask = (_ONE << np.uint64((b - a) << 3)) - _ONE
    return mix(state, (load8(buf, a) | _CASE) & mask)


@jit(inline=True)
def trim(buf, a, b):
    """Drop blanks, tabs and carriage returns at both ends of ``buf[a:b]``."""
    while a < b and (buf[a] == 32 or buf[a] == 9 or buf[a] == RETURN):
        a += 1
    while b > a and (buf[b - 1] == 32 or buf[b - 1] == 9 or buf[b - 1] == RETURN):
        b -= 1
    return a, b


@jit(inline=True)
def ends_field(buf, p, delim):
    """Whether a field may end at ``p``: delimiter, line end, or CR before one."""
    c = buf[p]
    if c == delim or c == NEWLINE:  # noqa: SIM109
        return True
    return c == RETURN and buf[p + 1] == NEWLINE


@jit(inline=True)
def closing_quote(buf, p, stop):
    """Index of the quote closing the field whose text starts at ``p``; -1 if none."""
    while p < stop:
        if buf[p] == QUOTE:
            if buf[p + 1] != QUOTE or p + 1 >= stop:
                return p
            p += 1
        p += 1
    return -1


@jit(inline=True)
def next_newline(buf, p, stop):
    """Index of the first line end in ``[p, stop]``; ``stop`` if there is none."""
    while p < stop:
        hit = matches(load8(buf, p), _NEWLINES)
        if hit != _ZERO:
            p += trailing_zeros(hit) >> 3
            return p if p < stop else stop
        p += 8
    return stop


@jit
def whole_line(buf, p, stop, last, delim, n_fields):
    """Whether the line at ``p`` is by itself a record: 1, 0, or -1 if it runs on."""
    fields = 1
    while p < stop:
        if buf[p] == QUOTE:
            p += 1
            while p < stop and buf[p] != NEWLINE:
                if buf[p] == QUOTE:
                    if p + 1 >= stop or buf[p + 1] != QUOTE:
                        break
                    p += 1
                p += 1
            if p >= stop:
                return 0 if last else -1
            if buf[p] == NEWLINE:
                return 0
            if p + 1 < stop and not ends_field(buf, p + 1, delim):
                return 0
            p += 1
        while p < stop and buf[p] != delim and buf[p] != NEWLINE:
            if buf[p] == QUOTE:
                return 0
            p += 1
        if p >= stop or buf[p] == NEWLINE:
            break
        fields += 1
        p += 1
    if p >= stop and not last:
        return -1
    return 1 if fields == n_fields else 0


@jit
def record_extent(buf, p, stop, last, delim, n_fields):
    """Where the record at ``p`` ends, and whether to believe it.

    ``last``: nothing follows ``stop``; otherwise more bytes may. Returns (index after
    its line end, status). MORE: the bytes up to ``stop`` do not suffice. BROKEN_QUOTE
    and TOO_LONG: the index is that of the next physical line.
    """
    start = p
    line_stop = next_newline(buf, p, stop)
    if line_stop - start > LIMIT:
        return min(line_stop + 1, stop), TOO_LONG if line_stop < stop or last else MORE
    if line_stop >= stop and not last:
        return p, MORE
    after = min(line_stop + 1, stop)
    fields = 1
    while True:
        if buf[p] == QUOTE and p < stop:
            p += 1
            while True:
                if p - start > LIMIT:
                    return after, BROKEN_QUOTE
                if p >= stop or (buf[p] == QUOTE and p + 1 >= stop and not last):
                    return (after, BROKEN_QUOTE) if last else (start, MORE)
                if buf[p] == QUOTE:
                    if buf[p + 1] != QUOTE or p + 1 >= stop:
                        break
                    p += 1
                elif buf[p] == NEWLINE:
                    whole = whole_line(buf, p + 1, stop, last, delim, n_fields)
                    if whole == 1:
                        return after, BROKEN_QUOTE
                    if whole < 0 and stop - start <= 2 * LIMIT:
                        return start, MORE
                p += 1
            p += 1
            if buf[p] == RETURN and p + 1 >= stop and not last:
                return start, MORE
            if p < stop and not ends_field(buf, p, delim):
                return after, BROKEN_QUOTE
        while p < stop and buf[p] != delim and buf[p] != NEWLINE:
            p += 1
        if p >= stop and not last:
            return start, MORE
        if p >= stop or buf[p] == NEWLINE:
            break
        fields += 1
        p += 1
    if p > line_stop and fields != n_fields:
        return after, BROKEN_QUOTE
    return min(p + 1, stop), WHOLE


@jit
def last_record(buf, start, stop, delim, n_fields):
    """Index up to which ``buf[start:stop]`` holds complete records (more may follow).

    ``start`` is the start of a record. Lines without a quote are stepped over eight
    bytes at a time.
    """
    p = start
    done = start
    while p < stop:
        word = load8(buf, p)
        newlines = matches(word, _NEWLINES)
        if matches(word, _QUOTES) == _ZERO and newlines == _ZERO:
            p += 8
            continue
        limit = min(p + 8, stop)
        while p < limit and buf[p] != QUOTE:
            if buf[p] == NEWLINE:
                done = p + 1
            p += 1
        if p < limit:
            after, status = record_extent(buf, done, stop, False, delim, n_fields)
            if status == MORE:
                return done
            done = after
            p = after
    return done


@jit
def count_newlines(buf, start, stop):
    """Line ends in ``buf[start:stop]``."""
    n = 0
    for i in range(start, stop):
        n += buf[i] == NEWLINE
    return n
