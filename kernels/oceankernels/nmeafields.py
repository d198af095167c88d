"""Fields of AIS messages: numbers, text and data cut out of packed payload bits.

``packed`` (n,) uint8 holds payloads, most significant bit first. A message is known by
``first`` (the index of its first bit in ``packed``) and by its number of bits. A table
(k, 3) int64 says of each field: offset in the message, width in bits (1 to 57), whether
it is signed (two's complement).

No field is read past the end of its message: what does not lie wholly inside is
:data:`MISSING`, or, with ``pad``, the bits that are not there count as zeros.
``first`` >= 0 and ``first + n_bits <= 8 * packed.size`` are not checked.
"""

from __future__ import annotations

import numpy as np

from oceankernels.jit import jit

MISSING = np.iinfo(np.int64).min
"""What a number that the message does not hold is in an int64 column."""

WIDEST = 57  # a field of 57 bits at any bit lies within eight bytes


@jit(inline=True, borrow=True)
def _word(packed, byte):
    """Eight bytes from ``byte`` as one big-endian number; zeros after the array."""
    word = np.uint64(0)
    if byte + 8 <= packed.size:
        for k in range(8):
            word = (word << np.uint64(8)) | np.uint64(packed[byte + k])
    else:
        for k in range(8):
            word <<= np.uint64(8)
            if byte + k < packed.size:
                word |= np.uint64(packed[byte + k])
    return word


@jit(inline=True, borrow=True)
def get_uint(packed, bit, width):
    """The ``width`` bits (1 to 57) from index ``bit`` as an unsigned number, int64."""
    word = _word(packed, bit >> 3) << np.uint64(bit & 7)
    return np.int64(word >> np.uint64(64 - width))


@jit(inline=True, borrow=True)
def get_int(packed, bit, width):
    """The ``width`` bits (1 to 57) from index ``bit`` as two's complement, int64."""
    value = get_uint(packed, bit, width)
    if value >> (width - 1):
        value -= np.int64(1) << width
    return value


@jit(inline=True, borrow=True)
def _padded(packed, bit, width, there):
    """A number of which only the first ``there`` bits exist; the others are zeros."""
    if there <= 0:
        return np.int64(0)
    if there >= width:
        return get_uint(packed, bit, width)
    return get_uint(packed, bit, there) << (width - there)


@jit(borrow=True)
def get_numbers(packed, first, n_bits, table, pad, out):
    """Fill ``out`` (k, m) int64 with the k fields of a table for m messages."""
    for i in range(first.size):
        start = first[i]
        length = n_bits[i]
        for j in range(table.shape[0]):
            offset, width = table[j, 0], table[j, 1]
            there = length - offset
            if there >= width:
                value = get_uint(packed, start + offset, width)
            elif pad:
                value = _padded(packed, start + offset, width, there)
            else:
                out[j, i] = MISSING
                continue
            if table[j, 2] and value >> (width - 1):
                value -= np.int64(1) << width
            out[j, i] = value


@jit(borrow=True)
def get_text(packed, first, n_bits, offset, pad, trim, out):
    """Fill ``out`` (m, c) with up to c six-bit characters as ASCII, then zeros.

    Text ends before the first ``@``, or before the first character that does not lie
    wholly inside the message (with ``pad``, one that lies partly inside is read).
    Blanks at its end are dropped if ``trim``. ``out`` may be uint8, or uint32 to be
    seen as NumPy's str.
    """
    most = out.shape[1]
    for i in range(first.size):
        there = n_bits[i] - offset
        stop = max(0, min(most, (there + 5 if pad else there) // 6))
        word = np.int64(0)
        n = 0
        while n < stop:
            k = n % 9  # 54 bits are read at a time
            if k == 0:
                word = _padded(packed, first[i] + offset + 6 * n, 54, there - 6 * n)
            code = (word >> (48 - 6 * k)) & 63
            if code == 0:
                break
            out[i, n] = code + 64 if code < 32 else code
            n += 1
        if trim:
            while n > 0 and out[i, n - 1] == 32:
                n -= 1
        for c in range(n, most):
            out[i, c] = 0


@jit(borrow=True)
def to_quantity(raw, missing, add, divisor, factor, out):
    """Fill ``out`` (m,) float64 with ``(raw + add) / divisor * factor``.

    NaN where raw is :data:`MISSING` or in a closed range of ``missing`` (r, 2) int64.
    """
    for i in range(raw.size):
        value = raw[i]
        gone = value == MISSING
        for k in range(missing.shape[0]):
            gone |= (value >= missing[k, 0]) & (value <= missing[k, 1])
        out[i] = np.nan if gone else (value + add) / divisor * factor


@jit(borrow=True)
def to_code(raw, missing, out):
    """Fill ``out`` (m,) integers with raw, -1 where :func:`to_quantity` has NaN."""
    for i in range(raw.size):
        value = raw[i]
        gone = value == MISSING
        for k in range(missing.shape[0]):
            gone |= (value >= missing[k, 0]) & (value <= missing[k, 1])
        out[i] = -1 if gone else value


@jit(borrow=True)
def get_bits(packed, first, count, limit, place, out):
    """Copy ``count`` (m,) bits from ``first`` (m,) to byte ``place`` (m,) of ``out``.

    The last byte of a copy is filled with the bits that follow as far as ``limit``
    (m,), the bits at most readable from ``first``, and with zeros after that.
    """
    for i in range(first.size):
        for k in range((count[i] + 7) >> 3):
            there = limit[i] - 8 * k
            out[place[i] + k] = _padded(packed, first[i] + 8 * k, 8, there)


@jit(inline=True, borrow=True)
def _put(packed, bit, width, value):
    """Write the low ``width`` bits of a number at index ``bit``, which holds zeros."""
    left = width
    while left > 0:
        room = 8 - (bit & 7)
        take = min(room, left)
        part = (value >> (left - take)) & ((1 << take) - 1)
        packed[bit >> 3] |= np.uint8(part << (room - take))
        bit += take
        left -= take


@jit(borrow=True)
def put_numbers(packed, first, table, values):
    """Write k fields (k, m) of m messages into ``packed``, which holds zeros.

    Only the low bits of a number are written; the fields are inside their messages.
    """
    for i in range(first.size):
        for j in range(table.shape[0]):
            _put(packed, first[i] + table[j, 0], table[j, 1], values[j, i])


@jit(borrow=True)
def put_text(packed, first, offset, text):
    """Write text (m, c) uint8 as six-bit characters; zeros are the padding ``@``.

    Characters are ASCII 32 to 95; others are not checked.
    """
    for i in range(first.size):
        for c in range(text.shape[1]):
            _put(packed, first[i] + offset + 6 * c, 6, np.int64(text[i, c]) & 63)
