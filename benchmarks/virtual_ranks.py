"""A year of global AIS on 1,024 virtual ranks: who does what, integers only.

No data is read or written. Pieces are cut by the store's own rule, handed out by the
engine's own queue, tiles find their owners by the engine's own hash, parts and files
are counted from the store's own constants. What is simulated is the fleet: rows a
vessel and month, which are far from equal.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from types import SimpleNamespace

import numpy as np

from oceandata.columns import DTYPES
from oceandata.store.arrays import CHUNK, SHARD_CHUNKS
from oceandata.store.ingest import GROUP_BYTES
from oceandata.store.parts import STORED
from oceandata.store.select import SelectionIndex
from oceandata.store.sources import RANGE_BYTES
from oceankernels.mpi import shares
from oceankernels.mpi_work import WorkQueue
from oceankernels.tiles import AREA, MONTH_ZERO, Cells, by_owner

INDEX_ARRAYS = 7
"""Small arrays of a part: two of them have two dimensions, so a folder more each."""
RECORD_BYTES = 420
"""What the log says of a part, and of a source (both measured, rounded up)."""
ROW_BYTES = sum(np.dtype(dtype).itemsize for dtype in DTYPES.values())


@dataclass(frozen=True)
class Fleet:
    """What is assumed of a year of global AIS."""

    rows: int = 10**10
    months: int = 12
    vessels: int = 250_000  # that send in a month
    spread: float = 1.3  # standard deviation of ln(rows of a vessel in a month)
    most: int = 250_000  # rows of the busiest vessel: a fix every ten seconds
    line_bytes: int = 100  # of a row in the source
    files: int = 365  # one a day


@dataclass(frozen=True)
class Balance:
    """How evenly ranks are loaded: most over mean, in cost."""

    pieces: int
    shares: float
    queue: float


@dataclass(frozen=True)
class IngestPlan:
    """Parts and files that an ingest by ranks makes before it is compacted."""

    sources: int
    busiest: float
    parts: int
    files: int
    inodes: int
    entry_bytes: int
    rows_held: int


def month_rows(fleet: Fleet) -> list[int]:
    """Rows of each month: a tenth more in summer; they sum to the year's."""
    season = 1 + 0.1 * np.sin(2 * np.pi * (np.arange(fleet.months) - 3) / 12)
    edges = np.rint(fleet.rows * np.cumsum(season) / season.sum()).astype("i8")
    return np.diff(np.concatenate([[0], edges])).tolist()


def vessel_rows(fleet: Fleet, rows: int, rng) -> np.ndarray:
    """Rows of each vessel of a month, in the order of the store; they sum to rows."""
    share = np.minimum(rng.lognormal(0, fleet.spread, fleet.vessels), 1e6)
    share = np.minimum(share * (rows / share.sum()), fleet.most)
    edges = np.rint(rows * np.cumsum(share) / share.sum()).astype("i8")
    return np.diff(np.concatenate([[0], edges]))


@cache
def piece_costs(fleet: Fleet, piece_rows: int, seed: int = 1) -> np.ndarray:
    """Rows of all pieces of the year, as ``Selection.pieces`` cuts them."""
    rng, costs = np.random.default_rng(seed), []
    for rows in month_rows(fleet):
        view = SimpleNamespace(rows=vessel_rows(fleet, rows, rng))
        index = SimpleNamespace(view=lambda _, v=view: v, slots=lambda _: slice(None))
        costs += [cost for *_, cost in SelectionIndex.cuts(index, 0, piece_rows)]
    out = np.array(costs, "i8")
    out.flags.writeable = False
    return out


@cache
def unevenness(fleet: Fleet, piece_rows: int, ranks: int) -> float:
    """Most loaded rank over the ideal, as the queue runs."""
    return balance(piece_costs(fleet, piece_rows), ranks).queue


def balance(costs: np.ndarray, ranks: int, *, noise=0.2, slow=0.1, seed=2) -> Balance:
    """Contiguous shares as planned, and the queue as it runs.

    In the second, the time of a piece differs from its cost by a factor with the
    standard deviation ``noise``, and every eighth rank is slower by ``slow``.
    """
    bounds = shares(costs, ranks)
    sums = np.concatenate([[0], np.cumsum(costs)])
    loads = np.diff(sums[bounds])
    rng = np.random.default_rng(seed)
    work = costs * rng.lognormal(0, noise, costs.size)
    speed = 1 - slow * (np.arange(ranks) % 8 == 0)
    queue, done = WorkQueue(costs, ranks), np.zeros(ranks)
    waiting = [(0.0, rank) for rank in range(ranks)]
    while waiting:
        now, rank = heapq.heappop(waiting)
        piece = queue.take(rank)
        done[rank] = now
        if piece is not None:
            heapq.heappush(waiting, (now + work[piece] / speed[rank], rank))
    ideal = work.sum() / speed.sum()
    return Balance(
        costs.size, float(loads.max() * ranks / sums[-1]), float(done.max() / ideal)
    )


@cache
def tile_owners(ranks: int, *, side_deg: float = 1.6, seed: int = 3) -> float:
    """Most over mean cells of the owners of all tiles; few tiles hold most cells."""
    rng = np.random.default_rng(seed)
    row, column = np.indices((int(180 / side_deg), int(360 / side_deg)))
    keys, weights = [], []
    for month in range(648, 660):
        for group in range(13):
            full = rng.beta(0.25, 1.0, row.size)  # share of a tile's cells in use
            count = np.rint(full * AREA).astype("i8")
            high = (group << 48) | ((month + MONTH_ZERO) << 32)
            tile = high | (row.ravel() << 16) | column.ravel()
            keys.append(tile[count > 0])
            weights.append(count[count > 0])
    key, amount = np.concatenate(keys) * AREA, np.concatenate(weights)
    order = np.argsort(key)
    cells = Cells(key[order], amount[order], np.empty((key.size, 0), "i8"))
    owned = np.array([part.amount.sum() for part in by_owner(cells, ranks)])
    if owned.sum() != amount.sum():
        raise AssertionError("a cell has no owner, or two")
    return float(owned.max() / owned.mean())


def files_of_part(rows: int) -> int:
    """Files of a part of so many rows, without its list of files."""
    shards = -(-rows // (CHUNK * SHARD_CHUNKS))
    return len(STORED) * (1 + shards) + 2 * INDEX_ARRAYS + 1


def inodes_of_part(rows: int) -> int:
    """Files, folders and the list of files."""
    folders = 1 + 2 * (len(STORED) + INDEX_ARRAYS) + 2
    return files_of_part(rows) + folders + 1


def plan_ingest(
    fleet: Fleet, ranks: int, *, range_bytes: int = RANGE_BYTES
) -> IngestPlan:
    """Daily files, cut into ranges, spread over ranks by size."""
    day = fleet.rows * fleet.line_bytes // fleet.files
    ranges = -(-day // range_bytes)
    size = np.full(fleet.files * ranges, day // ranges)
    bounds = shares(size, ranks)
    rows = size // fleet.line_bytes
    parts = files = inodes = held = 0
    days_of_month = fleet.files / fleet.months
    group_rows = GROUP_BYTES // ROW_BYTES
    for first, last in pairwise(bounds):
        left, at = int(rows[first:last].sum()), int(first)
        while left > 0:
            group, taken = at, 0
            while at < last and taken + rows[at] <= max(group_rows, rows[at]):
                taken += int(rows[at])
                at += 1
            months = (
                _month(group, ranges, days_of_month),
                _month(at - 1, ranges, days_of_month),
            )
            count = months[1] - months[0] + 1
            parts += count
            files += count * files_of_part(taken // count)
            inodes += count * inodes_of_part(taken // count)
            left, held = left - taken, max(held, taken)
    return IngestPlan(
        int(size.size),
        float(np.diff(np.concatenate([[0], np.cumsum(size)])[bounds]).max()
              * ranks / size.sum()),
        parts, files, inodes, RECORD_BYTES * (parts + int(size.size)), held,
    )  # fmt: skip


def _month(source: int, ranges: int, days: float) -> int:
    return int(source // ranges / days)


def compacted_files(fleet: Fleet) -> tuple[int, int]:
    """Files and shards of rows after compaction: one part a month."""
    rows = month_rows(fleet)
    shards = sum(-(-r // (CHUNK * SHARD_CHUNKS)) for r in rows)
    return sum(files_of_part(r) for r in rows), shards


def commit_attempts(writers: int) -> int:
    """Links tried when so many jobs commit at one moment, each round one wins."""
    return writers * (writers + 1) // 2


def report() -> None:
    """The plan, printed in Markdown."""
    fleet = Fleet()
    print(f"{fleet}\n")
    print("| ranks | rows a piece | pieces | shares max/mean | queue max/ideal |")
    print("|---|---|---|---|---|")
    for piece_rows in (2_000_000, 500_000):
        costs = piece_costs(fleet, piece_rows)
        for ranks in (16, 64, 256, 1024):
            b = balance(costs, ranks)
            print(f"| {ranks} | {piece_rows:,} | {b.pieces:,} | {b.shares:.3f} | "
                  f"{b.queue:.3f} |")  # fmt: skip
    print("\n| ranks | tile owners max/mean |\n|---|---|")
    for ranks in (16, 64, 256, 1024):
        print(f"| {ranks} | {tile_owners(ranks):.3f} |")
    print("\n| ranks | range_bytes | sources | busiest max/mean | parts | files | "
          "inodes | log entry MB | rows held a rank |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|")
    for size in (RANGE_BYTES, 256 << 20):
        for ranks in (16, 64, 256, 1024):
            p = plan_ingest(fleet, ranks, range_bytes=size)
            print(f"| {ranks} | {size >> 20:,} MiB | {p.sources:,} | {p.busiest:.2f} | "
                  f"{p.parts:,} | {p.files:,} | {p.inodes:,} | "
                  f"{p.entry_bytes / 1e6:.1f} | {p.rows_held / 1e6:.1f} M |"
                 )  # fmt: skip
    files, shards = compacted_files(fleet)
    print(f"\nAfter compaction: {files:,} files, {shards} shards of at most "
          f"{SHARD_CHUNKS} chunks a column.")  # fmt: skip
    print(f"1,024 tasks of a job array that commit at one moment try "
          f"{commit_attempts(1024):,} links; ranks of one job try 1.\n")  # fmt: skip


if __name__ == "__main__":
    report()
