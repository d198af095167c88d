"""What is carried from one block of sentences to the next, and what joining gives."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from oceankernels.jit import jit
from oceankernels.nmeaspec import CODE, N_COLUMNS, NO_TIME, PART, START, STOP
from oceankernels.textscan import pointer

PATIENCE = 1000
"""Sentences that a part waits, and that a time line holds for."""
MOST_OPEN = 1024
SLOT = 1024

RAW_SIZE, BORN, NUMBER, ID, N_HELD = 0, 1, 2, 8, 13
"""Columns of a held part that differ from those of a record: it keeps the bytes of its
record, and BODY counts from their beginning; ID is equal for the parts of a message."""

OPEN, SENTENCES, LINE_TIME, LINE_AGE, N_COUNTERS = range(5)
LOST_LINE, LOST_FIRST, LOST_START, LOST_STOP = range(4)
N_GROUPS = 64


class Waiting(NamedTuple):
    """Parts that wait for others, and the last time line: the state between blocks."""

    raw: np.ndarray  # uint8 (MOST_OPEN, SLOT): bytes of the records
    held: np.ndarray  # int64 (MOST_OPEN, N_HELD)
    order: np.ndarray  # int64 (MOST_OPEN,): slots as they came, then the free ones
    counters: np.ndarray  # int64 (N_COUNTERS,)
    groups: np.ndarray  # int64 (N_GROUPS, 3): last groups: hash, time, sentence

    @classmethod
    def new(cls) -> Waiting:
        counters = np.zeros(N_COUNTERS, np.int64)
        counters[LINE_TIME] = NO_TIME
        return cls(
            np.zeros((MOST_OPEN, SLOT), np.uint8),
            np.zeros((MOST_OPEN, N_HELD), np.int64),
            np.arange(MOST_OPEN),
            counters,
            np.zeros((N_GROUPS, 3), np.int64),
        )


class Out(NamedTuple):
    """What joining gives besides the table of records.

    texts (k,) uint8: raw records and payloads; lost (m, 4) int64: line, first byte in
    the file, start and stop in ``texts`` of parts given up; sizes (2,) int64: how much
    of both is filled.
    """

    texts: np.ndarray
    lost: np.ndarray
    sizes: np.ndarray

    @classmethod
    def new(cls, table: np.ndarray, waiting: Waiting) -> Out:
        """Room for all that the records of a table may give."""
        n, room = _room(table, waiting)
        return cls(
            np.empty(2 * (room + n) + 128, np.uint8),
            np.empty((n, 4), np.int64),
            np.zeros(2, np.int64),
        )


@jit(borrow=True)
def _room(table, waiting):
    """Parts that may be joined or given up, and bytes of their records."""
    rows = pointer(table)
    n = waiting.counters[OPEN]
    room = 0
    for j in range(n):
        room += waiting.held[waiting.order[j], RAW_SIZE]
    for i in range(table.shape[0]):
        at = i * N_COLUMNS
        if rows[at + CODE] == PART:
            n += 1
            room += rows[at + STOP] - rows[at + START]
    return n, room
