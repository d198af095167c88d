"""Plain-Python truths for oceankernels.ragged."""

from __future__ import annotations

import heapq


def order_by_vessel_time(rank, time, tie):
    rows = range(len(rank))
    return sorted(rows, key=lambda i: (rank[i], time[i], tie[i], i))


def index_keys(keys):
    seen: dict[int, int] = {}
    codes = [seen.setdefault(int(key), len(seen)) for key in keys]
    return codes, list(seen)


def repeated_rows(group, values):
    seen, out = set(), []
    for g, row in zip(group, values, strict=True):
        key = (int(g), *map(int, row))
        out.append(key in seen)
        seen.add(key)
    return out


def merge_runs(starts, stops, rank, time, tie):
    runs = [
        [(rank[i], time[i], tie[i], r, i) for i in range(a, b)]
        for r, (a, b) in enumerate(zip(starts, stops, strict=True))
    ]
    return [row[-1] for row in heapq.merge(*runs)]
