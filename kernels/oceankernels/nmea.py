"""Payloads of AIS sentences: characters of six bits to packed bits.

Layout of packed messages, shared with the decoder of fields: ``packed`` uint8, the bits
of each message most significant first, beginning at a byte of its own; ``start`` (m,)
int64, that byte; ``n_bits`` (m,) int64, how many bits are the message's. The bits up to
the next whole byte are zero, and at least 8 zero bytes follow the last message.

References
----------
IEC 61162-1 (2016), 8.3.88 (VDM); ITU-R M.1371-5 (2014), annex 8, tables 44 and 47.
"""

from __future__ import annotations

import numpy as np

from oceankernels.jit import jit
from oceankernels.textscan import pointer

SLACK = 64
"""Bytes that must follow the last character of a buffer handed to a kernel here."""


def _six_bits():
    """Value of each character, 255 where it is none of the sixty-four."""
    table = np.full(256, 255, np.uint8)
    table[48:88] = np.arange(40)
    table[96:120] = np.arange(40, 64)
    return table


SIX = _six_bits()


def pack(text, start, size, fill):
    """Bits of payloads, packed; see the layout in the module's docstring.

    text : (n,) uint8 with the characters. start, size : (m,) int64, where each payload
    begins and its characters. fill : (m,) int64, bits to leave off at the end, 0 to 5.
    A character outside the alphabet counts as zero; a fill beyond the payload leaves
    no bits. Returns (packed, start, n_bits).

    >>> packed, start, n_bits = pack(np.frombuffer(b"15w", "u1"), [0], [3], [2])
    >>> packed[:2].tobytes().hex(), start.tolist(), n_bits.tolist()
    ('045f', [0], [16])
    """
    start = np.asarray(start, np.int64)
    size = np.asarray(size, np.int64)
    n_bits = np.maximum(6 * size - np.asarray(fill, np.int64), 0)
    n_bytes = (n_bits + 7) >> 3
    stops = np.cumsum(n_bytes)
    packed = np.zeros((int(stops[-1]) if stops.size else 0) + 8, np.uint8)
    place = stops - n_bytes
    _pack(np.ascontiguousarray(text), start, size, n_bits, place, packed)
    return packed, place, n_bits


@jit(borrow=True)
def _pack(text, start, size, n_bits, place, packed):
    for k in range(start.size):
        pack_one(pointer(text), start[k], n_bits[k], pointer(packed), place[k])


@jit(borrow=True)
def pack_one(text, a, n_bits, packed, place):
    """Write ``n_bits`` bits of the payload at ``text[a]`` to ``packed[place:]``."""
    held = 0
    n_held = 0
    left = n_bits
    stop = place + ((n_bits + 7) >> 3)
    while left > 0:
        value = np.int64(SIX[text[a]])
        if value > 63:
            value = 0
        if left < 6:
            value = (value >> (6 - left)) << (6 - left)
        a += 1
        left -= 6
        held = ((held << 6) | value) & 0xFFFF
        n_held += 6
        if n_held >= 8:
            n_held -= 8
            packed[place] = (held >> n_held) & 0xFF
            place += 1
    if place < stop:
        packed[place] = (held << (8 - n_held)) & 0xFF
