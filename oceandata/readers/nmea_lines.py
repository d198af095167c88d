"""Bytes of a log of NMEA sentences in blocks of whole lines, each with its offset."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from oceandata.readers.blocks import LIMIT, RAW_HEAD, Buffers
from oceandata.readers.streams import CutShortError
from oceankernels import textscan

_CHUNK = 1 << 20
Read = Callable[[memoryview], int]


@dataclass(frozen=True)
class Lines:
    """Whole lines in ``buffer[:stop]``; ``offset`` bytes stand before them."""

    buffer: bytearray
    array: np.ndarray
    start: int
    stop: int
    offset: int


@dataclass(frozen=True)
class Broken:
    """A line given up: longer than 1 MiB, or the last before the stream was cut."""

    raw: bytes
    reason: str
    offset: int
    is_cut: bool


class LineBlocks:
    """Cut a stream into blocks of whole lines.

    ``offset``: bytes of the file before the stream. Where lines end in lone carriage
    returns, these are exchanged.
    """

    def __init__(self, read: Read, buffers: Buffers, *, offset: int = 0):
        self._read, self._buffers = read, buffers
        self._offset = offset
        self._returns: bool | None = None
        self._cut: str | None = None
        self._end = False

    def __iter__(self) -> Iterator[Lines | Broken]:
        carry = b""
        while not self._end or carry:
            buffer, array = self._buffers.take()
            buffer[: len(carry)] = carry
            n = self._fill(buffer, len(carry), self._buffers.block_bytes + len(carry))
            stop = buffer.rfind(b"\n", 0, n) + 1
            if self._end and self._cut is None:
                stop = n
            carry = bytes(memoryview(buffer)[stop:n])
            block = Lines(buffer, array, 0, stop, self._offset)
            self._offset += stop
            if stop:
                array[stop] = textscan.NEWLINE
                yield block
            else:
                self._buffers.give_back(block)
            if self._end and self._cut is not None:
                yield Broken(carry[:RAW_HEAD], self._cut, self._offset, True)
                return
            if len(carry) > LIMIT:
                raw, offset = carry[:RAW_HEAD], self._offset
                carry = self._after_newline(len(carry))
                yield Broken(raw, "record longer than 1 MiB", offset, False)

    def _fill(self, buffer: bytearray, n: int, target: int) -> int:
        view = memoryview(buffer)
        start, target = n, min(target, self._buffers.most)
        while n < target and not self._end:
            try:
                got = self._read(view[n : min(target, n + _CHUNK)])
            except CutShortError as error:
                self._cut, self._end = str(error), True
                break
            self._end = got == 0
            n += got
        if self._returns is None:
            self._returns = line_end(buffer[start:n]) == b"\r"
        if self._returns:
            fresh = np.frombuffer(view[start:n], np.uint8)
            fresh[fresh == textscan.RETURN] = textscan.NEWLINE
        return n

    def _after_newline(self, dropped: int) -> bytes:
        """Drop bytes up to the next line end; the bytes read behind it."""
        self._offset += dropped
        scratch = bytearray(_CHUNK)
        while not self._end:
            n = self._fill(scratch, 0, _CHUNK)
            at = scratch.find(b"\n", 0, n)
            if at >= 0:
                self._offset += at + 1
                return bytes(memoryview(scratch)[at + 1 : n])
            self._offset += n
        return b""


def line_end(data: bytes) -> bytes:
    """The byte that ends the lines of a text, by its beginning.

    >>> line_end(b"a\\r\\nb"), line_end(b"a\\rb")
    (b'\\n', b'\\r')
    """
    head = data[: 1 << 16]
    return b"\r" if b"\r" in head and b"\n" not in head else b"\n"


def line_start(path: Path, position: int) -> int:
    """Offset of the first line that begins at or after ``position``."""
    if position <= 0:
        return 0
    with path.open("rb") as file:
        end = line_end(file.read(1 << 16))
        file.seek(position - 1)
        at = position - 1
        while chunk := file.read(1 << 16):
            found = chunk.find(end)
            if found >= 0:
                return at + found + 1
            at += len(chunk)
    return at


def count_lines(path: Path, stop: int) -> int:
    """Line ends in the first ``stop`` bytes of a file."""
    n, left = 0, stop
    with path.open("rb") as file:
        end = line_end(file.read(1 << 16))
        file.seek(0)
        while left > 0 and (chunk := file.read(min(left, 1 << 22))):
            n += chunk.count(end)
            left -= len(chunk)
    return n
