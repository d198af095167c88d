"""Bytes of a table in blocks of whole records, from plain, gz, zst and zip files.

Nothing is unpacked to disk and nothing grows with the file: a block has a fixed
capacity, a record that does not end within 1 MiB is passed over and reported, and a
file that expands beyond reason is refused. A compressed stream that ends too early
gives all complete records before the cut, then a :class:`Cut`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue

import numpy as np

from oceandata.readers.streams import CutShortError
from oceankernels import tablefields, textscan

LIMIT = textscan.LIMIT
RAW_HEAD = 4100
_CHUNK = 1 << 20

Read = Callable[[memoryview], int]


@dataclass(frozen=True)
class Block:
    """Whole records in ``buffer[start:stop]``, whose array view is ``array``."""

    buffer: bytearray
    array: np.ndarray
    start: int
    stop: int


@dataclass(frozen=True)
class Oversize:
    """A record of more than 1 MiB, passed over; ``raw`` is its beginning."""

    raw: bytes


@dataclass(frozen=True)
class Cut:
    """The stream ended too early; ``raw`` is the incomplete record before the cut."""

    raw: bytes
    reason: str


class Buffers:
    """Buffers of one capacity, used again once a block has been parsed."""

    def __init__(self, block_bytes: int):
        self.block_bytes = block_bytes
        self.most = block_bytes + 2 * LIMIT
        self.capacity = self.most + textscan.SLACK
        self._free: SimpleQueue[tuple[bytearray, np.ndarray]] = SimpleQueue()

    def take(self) -> tuple[bytearray, np.ndarray]:
        try:
            return self._free.get_nowait()
        except Empty:
            buffer = bytearray(self.capacity)
            return buffer, np.frombuffer(buffer, np.uint8)

    def give_back(self, block: Block) -> None:
        self._free.put((block.buffer, block.array))


class Blocks:
    """Cut a stream of bytes into blocks of whole records.

    ``skip`` bytes (the header) are dropped from the first block. ``returns``: the line
    ends are lone carriage returns, which are exchanged.
    """

    def __init__(
        self,
        read: Read,
        buffers: Buffers,
        *,
        delimiter: int,
        n_fields: int,
        skip: int = 0,
        returns: bool = False,
    ):
        self._read, self._buffers = read, buffers
        self._delimiter, self._n_fields = delimiter, n_fields
        self._skip, self._returns = skip, returns
        self._cut: str | None = None
        self._end = False

    def __iter__(self) -> Iterator[Block | Oversize | Cut]:
        carry = b""
        begin = self._skip
        while True:
            buffer, array = self._buffers.take()
            buffer[: len(carry)] = carry
            target = len(carry) + self._buffers.block_bytes
            n = self._fill(buffer, len(carry), min(target, self._buffers.most))
            array[n] = textscan.NEWLINE
            stop = self._last_record(buffer, array, min(begin, n), n)
            if stop > begin:
                carry = bytes(memoryview(buffer)[stop:n])
                array[stop : stop + 1] = textscan.NEWLINE
                yield Block(buffer, array, begin, stop)
                begin = 0
            elif self._is_endless(buffer, begin, n):
                yield Oversize(bytes(memoryview(buffer)[begin : begin + RAW_HEAD]))
                carry = self._after_newline(buffer)
                begin = 0
                self._buffers.give_back(Block(buffer, array, 0, 0))
                continue
            else:
                carry = bytes(memoryview(buffer)[:n])
                self._buffers.give_back(Block(buffer, array, 0, 0))
            if self._end and (not carry or stop <= begin):
                break
        if self._cut is not None:
            yield Cut(carry[begin:][:RAW_HEAD], self._cut)

    def _fill(self, buffer: bytearray, n: int, target: int) -> int:
        view = memoryview(buffer)
        start = n
        while n < target and not self._end:
            try:
                got = self._read(view[n : min(target, n + _CHUNK)])
            except CutShortError as error:
                self._cut, self._end = str(error), True
                break
            self._end = got == 0
            n += got
        if self._returns:
            fresh = np.frombuffer(view[start:n], np.uint8)
            fresh[fresh == textscan.RETURN] = textscan.NEWLINE
        return n

    def _last_record(self, buffer, array, begin: int, n: int) -> int:
        """Index up to which the bytes are whole records."""
        if self._end and self._cut is None:
            return n
        if buffer.find(b'"', begin, n) < 0:
            return buffer.rfind(b"\n", begin, n) + 1
        return tablefields.whole_records(
            array, begin, n, self._delimiter, self._n_fields
        )

    @staticmethod
    def _is_endless(buffer: bytearray, begin: int, n: int) -> bool:
        return n - begin > LIMIT and buffer.find(b"\n", begin, n) < 0

    def _after_newline(self, buffer: bytearray) -> bytes:
        """Drop bytes up to the next line end; the bytes read behind it."""
        while not self._end:
            n = self._fill(buffer, 0, _CHUNK)
            at = buffer.find(b"\n", 0, n)
            if at >= 0:
                return bytes(memoryview(buffer)[at + 1 : n])
        return b""


def record_start(
    path: Path, position: int, *, first: int, delimiter: int, n_fields: int
) -> int:
    """Offset of the first record of a plain file that begins at or after ``position``.

    ``first`` is where the header ends. A record is at most 1 MiB long, so reading
    starts that much earlier: by then the kernel that splits records has found its feet,
    and neighbouring byte ranges of a file share no record and miss none.
    """
    if position <= first:
        return first
    begin = max(first, position - 2 * LIMIT)
    with path.open("rb") as file:
        file.seek(begin)
        data = bytearray(file.read(position - begin + 2 * LIMIT))
        complete = not file.read(1)
    size = len(data)
    data.extend(b"\n" + bytes(textscan.SLACK))
    array = np.frombuffer(data, np.uint8)
    p = 0
    if begin > first:
        p = data.find(b"\n", 0, size) + 1
        if p == 0:
            return begin + size
    return begin + tablefields.record_at(
        array, p, size, position - begin, (complete, delimiter, n_fields)
    )
