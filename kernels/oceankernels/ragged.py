"""Contiguous ragged arrays: order, offsets, duplicates, merging.

Rows belong to vessels; a sorted table holds the rows of one vessel next to each other,
in time. Arrays in, arrays out; nothing is checked.
"""

from __future__ import annotations

import numpy as np

from oceankernels.jit import jit

_EMPTY = np.int64(-1)


@jit
def offsets(row_size):
    """Start of each row run, and the end: (t,) counts -> (t + 1,) int64."""
    out = np.empty(row_size.size + 1, np.int64)
    out[0] = 0
    for i in range(row_size.size):
        out[i + 1] = out[i] + row_size[i]
    return out


@jit(inline=True)
def mix64(key):
    """A bijective scrambling of 64 bits (the finaliser of splitmix64)."""
    h = np.uint64(key)
    h = (h ^ (h >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    h = (h ^ (h >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return h ^ (h >> np.uint64(31))


@jit(inline=True, borrow=True)
def _slot_of(table, key):
    """Where a key stands in a table (c, 2) of keys and codes, or the free slot."""
    last = len(table) - 1
    slot = np.int64(mix64(key) & np.uint64(last))
    while table[slot, 1] >= 0 and table[slot, 0] != key:
        slot = (slot + 1) & last
    return slot


@jit(borrow=True)
def _enter(distinct, table):
    """Put keys and their numbers into an empty table."""
    for code in range(distinct.size):
        slot = _slot_of(table, distinct[code])
        table[slot, 0], table[slot, 1] = distinct[code], code


@jit(borrow=True)
def _number(keys, codes, distinct, table, state):
    """Go on in :func:`index_keys` from ``state`` (row, keys) till distinct is full."""
    row, count = state
    while row < keys.size:
        slot = _slot_of(table, keys[row])
        if table[slot, 1] < 0:
            if count == distinct.size:
                break
            distinct[count] = keys[row]
            table[slot, 0], table[slot, 1] = keys[row], count
            count += 1
        codes[row] = table[slot, 1]
        row += 1
    return row, count


@jit
def index_keys(keys):
    """Number the distinct keys in order of first appearance.

    Parameters: keys (n,) int64. Returns codes (n,) int32 and the distinct keys (v,)
    int64, with ``distinct[codes] == keys``.
    """
    codes = np.empty(keys.size, np.int32)
    distinct = np.empty(512, np.int64)
    state = (0, 0)
    while True:
        table = np.full((2 * distinct.size, 2), _EMPTY, np.int64)
        _enter(distinct[: state[1]], table)
        state = _number(keys, codes, distinct, table, state)
        if state[0] == keys.size:
            return codes, distinct[: state[1]].copy()
        grown = np.empty(2 * distinct.size, np.int64)
        grown[: distinct.size] = distinct
        distinct = grown


@jit
def count_codes(codes, n_codes):
    """Rows of each code: (n,) int32 -> (n_codes,) int64."""
    out = np.zeros(n_codes, np.int64)
    for i in range(codes.size):
        out[codes[i]] += 1
    return out


@jit(inline=True)
def _before(time, tie, i, j):
    """Does row i come strictly before row j in (time, tie)?"""
    if time[i] != time[j]:
        return time[i] < time[j]
    return tie[i] < tie[j]


@jit
def _merge_sort(index, scratch, time, tie):
    """Sort ``index`` stably by (time, tie): runs of 16 inserted, then merged."""
    n = index.size
    width = 16
    for lo in range(0, n, width):
        for k in range(lo + 1, min(lo + width, n)):
            row = index[k]
            j = k - 1
            while j >= lo and _before(time, tie, row, index[j]):
                index[j + 1] = index[j]
                j -= 1
            index[j + 1] = row
    while width < n:
        for lo in range(0, n, 2 * width):
            mid, hi = min(lo + width, n), min(lo + 2 * width, n)
            if mid >= hi or not _before(time, tie, index[mid], index[mid - 1]):
                continue
            scratch[lo:mid] = index[lo:mid]
            a, b, k = lo, mid, lo
            while a < mid and b < hi:
                if _before(time, tie, index[b], scratch[a]):
                    index[k] = index[b]
                    b += 1
                else:
                    index[k] = scratch[a]
                    a += 1
                k += 1
            while a < mid:
                index[k] = scratch[a]
                a += 1
                k += 1
        width *= 2


@jit
def order_by_vessel_time(rank, time, tie, n_ranks):
    """The permutation that sorts rows by (rank, time, tie, row).

    Parameters: rank (n,) int32 in [0, n_ranks); time (n,) int64; tie (n,) integers.
    Returns index (n,) uint32 and row_size (n_ranks,) int64. A counting sort by rank
    keeps the order of the input, so rows that come in time order cost O(n); only
    vessels out of order are merge-sorted.
    """
    n = rank.size
    row_size = np.zeros(n_ranks, np.int64)
    for i in range(n):
        row_size[rank[i]] += 1
    fill = np.empty(n_ranks, np.int64)
    total = 0
    for r in range(n_ranks):
        fill[r] = total
        total += row_size[r]
    index = np.empty(n, np.uint32)
    for i in range(n):
        r = rank[i]
        index[fill[r]] = i
        fill[r] += 1
    scratch = np.empty(0, np.uint32)
    for r in range(n_ranks):
        stop = fill[r]
        start = stop - row_size[r]
        ordered = True
        for k in range(start + 1, stop):
            if _before(time, tie, index[k], index[k - 1]):
                ordered = False
                break
        if not ordered:
            if scratch.size < row_size[r]:
                scratch = np.empty(row_size[r], np.uint32)
            _merge_sort(index[start:stop], scratch, time, tie)
    return index, row_size


@jit
def gather(values, index):
    """``values[index]`` without the GIL: (n,), (m,) -> (m,)."""
    out = np.empty(index.size, values.dtype)
    for i in range(index.size):
        out[i] = values[index[i]]
    return out


@jit
def equal_stamp_rows(row_size, time):
    """Mark rows that share vessel and time with a neighbour: (n,) bool, sorted rows."""
    out = np.zeros(time.size, np.bool_)
    start = 0
    for t in range(row_size.size):
        stop = start + row_size[t]
        for i in range(start + 1, stop):
            if time[i] == time[i - 1]:
                out[i - 1] = True
                out[i] = True
        start = stop
    return out


@jit
def repeated_rows(group, values):
    """Mark rows equal to an earlier row of the same group.

    Parameters: group (n,) int64, non-decreasing (equal = may be duplicates); values
    (n, k) int64, the columns to compare. Returns (n,) bool; the first of equal rows
    stays unmarked. Linear in n: long groups go through a hash table.
    """
    n, k = values.shape
    out = np.zeros(n, np.bool_)
    start = 0
    while start < n:
        stop = start + 1
        while stop < n and group[stop] == group[start]:
            stop += 1
        if stop - start > 1:
            capacity = 4
            while capacity < 2 * (stop - start):
                capacity *= 2
            table = np.full(capacity, _EMPTY, np.int64)
            for i in range(start, stop):
                h = np.uint64(0)
                for c in range(k):
                    h = mix64(np.int64(h) ^ values[i, c])
                slot = np.int64(h & np.uint64(capacity - 1))
                while table[slot] >= 0:
                    j = table[slot]
                    same = True
                    for c in range(k):
                        if values[i, c] != values[j, c]:
                            same = False
                            break
                    if same:
                        out[i] = True
                        break
                    slot = (slot + 1) & (capacity - 1)
                if not out[i]:
                    table[slot] = i
        start = stop
    return out


@jit
def merge_runs(starts, stops, rank, time, tie):
    """Merge sorted runs of rows into one order: the k-way merge.

    Parameters: starts, stops (k,) int64 bounds of the runs in the row arrays; rank (n,)
    int32, time (n,) int64, tie (n,) integers, each run sorted by (rank, time, tie).
    Returns index (m,) uint32. Ties keep the order of the runs. A binary heap of run
    numbers: O(m log k).
    """
    k = starts.size
    pos = starts.copy()
    m = 0
    heap = np.empty(k, np.int64)
    size = 0
    for r in range(k):
        m += stops[r] - starts[r]
        if pos[r] < stops[r]:
            heap[size] = r
            size += 1
    for root in range(size // 2 - 1, -1, -1):
        _sift(heap, size, root, pos, rank, time, tie)
    out = np.empty(m, np.uint32)
    for i in range(m):
        r = heap[0]
        out[i] = pos[r]
        pos[r] += 1
        if pos[r] == stops[r]:
            size -= 1
            heap[0] = heap[size]
        if size > 1:
            _sift(heap, size, 0, pos, rank, time, tie)
    return out


@jit(inline=True)
def _run_before(a, b, pos, rank, time, tie):
    i, j = pos[a], pos[b]
    if rank[i] != rank[j]:
        return rank[i] < rank[j]
    if time[i] != time[j]:
        return time[i] < time[j]
    if tie[i] != tie[j]:
        return tie[i] < tie[j]
    return a < b


@jit
def _sift(heap, size, root, pos, rank, time, tie):
    """Restore the heap below ``root``."""
    moving = heap[root]
    child = 2 * root + 1
    while child < size:
        if child + 1 < size and _run_before(
            heap[child + 1], heap[child], pos, rank, time, tie
        ):
            child += 1
        if not _run_before(heap[child], moving, pos, rank, time, tie):
            break
        heap[root] = heap[child]
        root, child = child, 2 * child + 1
    heap[root] = moving
