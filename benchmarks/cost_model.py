"""What runs cost on 16 to 1,024 ranks: a model of measured parts, nothing simulated.

A run is a list of :class:`Step`. A step has CPU work that is spread over the ranks,
bytes and files that pass the file system, bytes that pass the network, and seconds
that one rank spends alone. Each becomes seconds by the :class:`System`; within a step
they are added, never overlapped, so the model is on the slow side. The rates are those
that ``scaling.py`` and the other benchmarks measured on one core; every assumption is a
field with a value that may be changed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from virtual_ranks import (
    AREA,
    CHUNK,
    Fleet,
    compacted_files,
    inodes_of_part,
    month_rows,
    piece_costs,
    plan_ingest,
    tile_owners,
    unevenness,
)

RANKS = (16, 64, 256, 1024)


@dataclass(frozen=True)
class Rates:
    """Measured on one core of a two-core virtual machine, per CPU second."""

    parse: float = 3.1e6  # rows of a table: read, hash, parse
    sort: float = 6.7e6  # rows: sort, encode, checksum
    compact: float = 6.6e6  # rows: two parts of a month into one
    load: float = 32e6  # rows: read, decode, merge; in pieces of many chunks
    hours: float = 17e6  # rows: share a segment of half a cell among its cells
    merge: float = 79e6  # cells: both states of a combination counted
    split: float = 37e6  # cells: by owner
    spread: float = 50e6  # cells: into the dense product
    netcdf: float = 55e6  # bytes of the dense product, compressed
    index: float = 1.5e6  # vessels of a month: the index that every rank reads
    decode: float = 0.15e9  # values of a grid: read and decode
    quantile: float = 60e6  # values of a grid
    stored_row: float = 11.3  # bytes of a row in the store


@dataclass(frozen=True)
class System:
    """An ordinary cluster; assumed, not measured."""

    ranks_per_node: int = 64
    stream: float = 0.5e9  # bytes/s of the file system to one rank
    node: float = 5e9  # to one node
    whole: float = 50e9  # to all nodes
    metadata: float = 10_000.0  # files made or opened a second, all nodes together
    link: float = 10e9  # bytes/s of the network to one node
    message: float = 1e-3  # seconds a message: ranks that wait sleep a millisecond
    start: float = 5.0  # seconds: Python and the packages, from a node-local disk
    speed: float = 1.0  # of a core, in units of the measured one

    def nodes(self, ranks: int) -> int:
        return math.ceil(ranks / self.ranks_per_node)

    def bandwidth(self, ranks: int) -> float:
        """Bytes a second of the file system to so many ranks."""
        return min(ranks * self.stream, self.nodes(ranks) * self.node, self.whole)

    def network(self, ranks: int) -> float:
        """Bytes a second between so many ranks; one node alone copies in memory."""
        return self.nodes(ranks) * self.link


@dataclass(frozen=True)
class Step:
    """One part of a run."""

    name: str
    cpu: float = 0.0  # CPU s, spread over the ranks
    uneven: float = 1.0  # most loaded rank over mean
    most: int = 10**9  # ranks that find work at all
    bytes: float = 0.0  # that pass the file system
    files: float = 0.0  # that are made or opened
    sent: float = 0.0  # bytes that pass the network, spread over the nodes
    messages: float = 0.0  # one after another
    alone: float = 0.0  # CPU s of one rank while the others wait
    fixed: float = 0.0  # s, whatever the ranks

    def seconds(self, ranks: int, system: System) -> float:
        able = min(ranks, self.most)
        return (
            self.cpu / able * self.uneven / system.speed
            + self.bytes / system.bandwidth(able)
            + self.files / system.metadata
            + self.sent / system.network(ranks)
            + self.messages * system.message
            + self.alone / system.speed
            + self.fixed
        )


@dataclass(frozen=True)
class Map:
    """The product of ``vessel_hours`` of the year; assumed."""

    step: float = 0.1  # degrees
    classes: int = 13
    filled: float = 0.1  # share of the cells of all classes and months in use
    shared: float = 3.0  # ranks that touch a cell, on average
    cell_bytes: int = 40
    product_bytes: int = 9  # of a cell in the dense product

    @property
    def dense(self) -> float:
        return 360 * 180 / self.step**2 * self.classes * 12

    @property
    def cells(self) -> float:
        return self.dense * self.filled


@dataclass(frozen=True)
class Field:
    """Forty years of daily fields on a quarter degree; assumed."""

    days: int = 14_610
    ny: int = 720
    nx: int = 1440
    tile: int = 16
    value_bytes: float = 2.0  # on disk, of 4 in memory

    @property
    def values(self) -> int:
        return self.days * self.ny * self.nx

    @property
    def tiles(self) -> int:
        return math.ceil(self.ny / self.tile) * math.ceil(self.nx / self.tile)


@dataclass(frozen=True)
class Model:
    rates: Rates = field(default_factory=Rates)
    system: System = field(default_factory=System)
    fleet: Fleet = field(default_factory=Fleet)
    map: Map = field(default_factory=Map)
    field: Field = field(default_factory=Field)
    range_bytes: int = 256 << 20
    piece_rows: int = 500_000

    def ingest(self, ranks: int) -> list[Step]:
        """Tables into parts, one commit."""
        r, rows = self.rates, self.fleet.rows
        plan = plan_ingest(self.fleet, ranks, range_bytes=self.range_bytes)
        shared = {"uneven": plan.busiest}
        return [
            self._start(),
            Step("read", rows / r.parse, bytes=rows * self.fleet.line_bytes, **shared),
            Step("compute", rows / r.sort, **shared),
            Step("combine", alone=plan.entry_bytes / 20e6, messages=2 * ranks),
            Step("write", bytes=rows * r.stored_row, files=plan.inodes),
        ]

    def compact(self, ranks: int) -> list[Step]:
        """The parts of a month become one; a job a month, one core each counted."""
        r, rows = self.rates, self.fleet.rows
        months = month_rows(self.fleet)
        files = compacted_files(self.fleet)[0] + sum(map(inodes_of_part, months))
        moved = {"bytes": rows * r.stored_row, "most": self.fleet.months}
        uneven = max(months) * self.fleet.months / rows
        return [
            self._start(),
            Step("read", **moved),
            Step("compute", rows / r.compact, uneven, self.fleet.months),
            Step("combine", alone=0.1),
            Step("write", files=files, **moved),
        ]

    def hours(self, ranks: int) -> list[Step]:
        """A density map of the store, combined by owners, written by one rank."""
        r, rows, grid = self.rates, self.fleet.rows, self.map
        costs = piece_costs(self.fleet, self.piece_rows)
        uneven = unevenness(self.fleet, self.piece_rows, ranks)
        again = 1 + CHUNK / self.piece_rows  # the chunks at a piece's ends: twice
        touched = grid.cells * min(grid.shared, ranks)
        opened = costs.size * 8 + ranks * self.fleet.months * 8
        index = ranks * self.fleet.vessels * self.fleet.months
        return [
            self._start(),
            Step("index", index / r.index, bytes=self.system.nodes(ranks) * 160.0
                 * self.fleet.vessels * self.fleet.months),
            Step("read", again * rows / r.load, uneven,
                 bytes=again * rows * r.stored_row, files=opened),
            Step("compute", rows / r.hours, uneven),
            Step("combine", 2 * touched / r.merge + touched / r.split,
                 tile_owners(ranks), sent=touched * grid.cell_bytes,
                 messages=ranks - 1),
            Step("write", bytes=0, messages=ranks,
                 alone=grid.cells / r.spread + grid.cells * grid.cell_bytes
                 / self.system.link + grid.dense * grid.product_bytes / r.netcdf),
        ]  # fmt: skip

    def quantile(self, ranks: int) -> list[Step]:
        """A quantile over time in each cell; each tile is a shard of the output."""
        r, data = self.rates, self.field
        uneven = math.ceil(data.tiles / ranks) * ranks / data.tiles
        return [
            self._start(),
            Step("read", data.values / r.decode, uneven,
                 bytes=data.values * data.value_bytes, files=data.tiles),
            Step("compute", data.values / r.quantile, uneven),
            Step("combine", messages=math.log2(max(ranks, 2))),
            Step("write", bytes=8.0 * data.ny * data.nx, files=2 * data.tiles,
                 alone=data.tiles * 1e-4),
        ]  # fmt: skip

    def _start(self) -> Step:
        return Step("start", fixed=self.system.start)

    def memory(self, ranks: int) -> dict[str, float]:
        """Bytes of one rank in ``hours``: at most, by what holds them."""
        grid = self.map
        own = grid.cells * min(grid.shared, ranks) / ranks * grid.cell_bytes
        part = grid.cells / ranks * tile_owners(ranks) * grid.cell_bytes
        slots = max(64, self.piece_rows // 100) * AREA * 8 * 4.0
        return {
            "piece": self.piece_rows * 43.0 * 2,
            "index": 160.0 * self.fleet.vessels * self.fleet.months,
            "tiles": slots,
            "own state, and by owner": 2 * own,
            "owned part, and merged": 2 * part,
            "one part that comes in": own / ranks,
        }


def predict(steps: list[Step], ranks: int, system: System) -> dict[str, float]:
    """Seconds of each step."""
    return {step.name: step.seconds(ranks, system) for step in steps}


def core_seconds(steps: list[Step]) -> float:
    """CPU seconds of all ranks: what more ranks cannot change."""
    return sum(step.cpu + step.alone for step in steps)


def report() -> None:
    """The predictions, printed in Markdown."""
    model = Model()
    for part in (model.rates, model.system, model.map, model.field):
        print(f"{part}\n")
    for name in ("ingest", "compact", "hours", "quantile"):
        print(f"**{name}**\n")
        told = {n: predict(getattr(model, name)(n), n, model.system) for n in RANKS}
        parts = list(told[RANKS[0]])
        print("| ranks | " + " | ".join(parts) + " | all, s | most |")
        print("|---" * (len(parts) + 3) + "|")
        for ranks, seconds in told.items():
            row = " | ".join(f"{seconds[part]:,.1f}" for part in parts)
            most = max(seconds, key=seconds.get)
            print(f"| {ranks} | {row} | {sum(seconds.values()):,.0f} | {most} |")
        print()
    print("**memory of one rank in hours, MB**\n")
    names = list(model.memory(16))
    print("| ranks | " + " | ".join(names) + " | all |")
    print("|---" * (len(names) + 2) + "|")
    for ranks in RANKS:
        held = model.memory(ranks)
        row = " | ".join(f"{held[name] / 1e6:,.1f}" for name in names)
        print(f"| {ranks} | {row} | {sum(held.values()) / 1e6:,.0f} |")


if __name__ == "__main__":
    report()
