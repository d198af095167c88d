"""What a job will take: time, memory, bytes and files, before anything is started.

Estimates, from what the inputs weigh, what the store says of its parts, and rates
measured on one core of a virtual machine with a simulated sea of a million positions.
They are meant to tell minutes from days.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from oceandata.job.batch import Batch
from oceandata.job.plan import plan_job
from oceandata.job.read import ReadJob
from oceandata.job.registry import STEPS

GRID_ROWS = 4_000_000
CLEAN_ROWS = 650_000
READ_ROWS = 300_000
"""Rows a second and core: counted into cells, cleaned first, read from text."""
TEXT_BYTES = 110
"""Bytes of a row of text; a compressed file is taken for five times its size."""
STORED_BYTES = 17
START_SECONDS = 90
"""Start of Python everywhere and compilation of the kernels."""
RANK_BYTES = 400 << 20
PIECE_ROWS, PIECE_ROW_BYTES = 2_000_000, 150
STATE_BYTES_A_CELL = 40
_PACKED = (".gz", ".zst", ".zip")


@dataclass(frozen=True)
class Estimate:
    """What a job will take, roughly; see the constants of this module."""

    rows: int
    seconds: float
    rank_bytes: int
    read_bytes: int
    written_bytes: int
    inodes: int
    cores: int

    @property
    def text(self) -> str:
        """The estimate for people, with the rates it rests on."""
        clock = f"{math.ceil(self.seconds / 60):,} min"
        return "\n".join(
            [
                "An estimate, good to a factor of three or so:",
                f"  rows     {self.rows:,}",
                f"  time     {clock} on {self.cores:,} core{'s' * (self.cores > 1)}",
                f"  memory   {self.rank_bytes / 1e9:.1f} GB for the largest task",
                f"  reads    {self.read_bytes / 1e9:.2f} GB",
                f"  writes   {self.written_bytes / 1e9:.2f} GB",
                f"  inodes   {self.inodes:,} new files and folders",
                f"It supposes {GRID_ROWS / 1e6:g} million rows a second and core into "
                f"cells, {CLEAN_ROWS / 1e6:g} where tracks are cleaned, "
                f"{READ_ROWS / 1e6:g} from text files.",
            ]
        )


def estimate_job(read: ReadJob, batch: Batch) -> Estimate:
    """Estimate of a job as `batch` would run it.

    Ingest runs on one task, with its threads; steps on all cores, and no faster than
    their pieces can be shared out; products on one core.
    """
    plan = plan_job(read)
    new = sum(_rows_of(str(path), size) for path, size, _ in plan.inputs)
    stored, stored_bytes = _in_store(read)
    rows = max(new, stored) if read.job.input else stored
    pieces = max(1, math.ceil(rows / PIECE_ROWS))
    cores = max(1, min(batch.cores, pieces))
    seconds = START_SECONDS + max(0, new - stored) / READ_ROWS / batch.cpus_per_task
    cells = math.prod(plan.region["cells"]) if plan.region else 0
    grids = 0
    for step in read.job.step:
        gives = STEPS[step.use].gives == "grid"
        grids += gives
        slow = step.use == "clean_tracks" or read.upstream[step.label] != "tracks"
        if gives or step.use == "clean_tracks":
            seconds += rows / (CLEAN_ROWS if slow else GRID_ROWS) / cores
    seconds += 10 * len(plan.products)
    new_bytes = max(0, new - stored) * STORED_BYTES
    state = STATE_BYTES_A_CELL * cells
    piece = min(rows, PIECE_ROWS) * PIECE_ROW_BYTES * batch.cpus_per_task
    return Estimate(
        rows=rows,
        seconds=seconds,
        rank_bytes=RANK_BYTES + piece + 2 * state,
        read_bytes=plan.bytes + grids * max(stored_bytes, rows * STORED_BYTES),
        written_bytes=new_bytes + (grids + len(plan.products)) * 9 * cells,
        inodes=_inodes(batch, new > stored, rows, grids, len(plan.products)),
        cores=batch.cores,
    )


def _rows_of(path: str, size: int) -> int:
    return int(size * (5 if path.endswith(_PACKED) else 1) / TEXT_BYTES)


def _in_store(read: ReadJob) -> tuple[int, int]:
    """Rows and bytes that the job's selection has in the store; no position is read."""
    from oceandata.job.plan import near
    from oceandata.store import open_store

    if not read.store.is_dir():
        return 0, 0
    period, region = read.job.period, read.job.region
    store = open_store(read.store, as_of=read.job.store.commit)
    plan: Any = store.select(
        period=(period.start, period.stop) if period else None,
        box=near(region.box) if region else None,
    ).plan()
    return plan.rows, plan.bytes


def _inodes(batch: Batch, ingests: bool, rows: int, grids: int, products: int) -> int:
    """Parts of a month (about 40 files each), results, journals of ranks, logs."""
    parts = 40 * max(1, math.ceil(rows / 24_000_000)) if ingests else 0
    return parts + grids + products + batch.tasks + 6
