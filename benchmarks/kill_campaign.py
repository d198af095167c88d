"""Kill writers at random moments; the store must show a committed state each time.

    python benchmarks/kill_campaign.py --kills 700
    python benchmarks/kill_campaign.py --kills 300 --ranks 2

A job ingests files two by two, some twice over in two jobs at once, compacts, and
writes a map after each pair. With ``--ranks`` a job is an MPI program of so many ranks,
and one rank or the whole program is killed. It is killed (SIGKILL) at a random moment
of its work. After each kill the store is opened and verified byte by byte, its rows are
compared with those of the files that the log names, its map with the only values that
it may have, and a new job goes on. When a job ends by itself, its rows are compared
with the rows of all files, and the next store begins.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numcodecs import blosc

import oceandata.store.sources as sources
from oceandata.engines import barrier, mpi_rank
from oceandata.engines.map import map_pieces
from oceandata.errors import ConflictError
from oceandata.store import create_store, open_store
from oceandata.store.maps import MapArray, StoreMap, open_map

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
import store_world as world

FILES = 10
ROWS = 150
SHAPE, SHARD = (12, 20), (6, 10)


@dataclass(frozen=True)
class Block:
    """One shard of a map of which every version has other values."""

    version: int
    row: int
    column: int
    cost: int = 1

    @property
    def region(self):
        return {
            "lat": (self.row, self.row + SHARD[0]),
            "lon": (self.column, self.column + SHARD[1]),
        }

    def values(self):
        whole = values_of(self.version)
        return whole[tuple(slice(*span) for span in self.region.values())]


def values_of(version: int) -> np.ndarray:
    return version + np.arange(SHAPE[0] * SHAPE[1]).reshape(SHAPE) / 1000


def write_map(store: Path, version: int, engine: str) -> None:
    blocks = [
        Block(version, row, column)
        for row in range(0, SHAPE[0], SHARD[0])
        for column in range(0, SHAPE[1], SHARD[1])
    ]
    array = MapArray(("lat", "lon"), SHAPE, SHARD, (3, 5))
    output = StoreMap(store, {"value": array}, attributes={"version": version})
    map_pieces(Block.values, blocks, output=output, engine=engine, workers=1)


def work(store: Path, paths: list[Path], engine: str) -> None:
    """What is killed: ingest files, write a map, compact in between."""
    for k in range(0, len(paths), 2):
        pair = paths[k : k + 2]
        open_store(store).ingest(pair, group_bytes=20_000, workers=1, engine=engine)
        write_map(store, k, engine)
        if k % 4 == 2 and mpi_rank() == 0:
            with contextlib.suppress(ConflictError):
                open_store(store).compact(force=True)
        barrier()


class Forked:
    """A job in a child of this process. No thread runs here, so forking is safe."""

    def __init__(self, store: Path, paths: list[Path], ranks: int):
        self.process = os.fork()
        if self.process:
            return
        code = 1
        try:
            work(store, paths, "threads")
            code = 0
        finally:
            os._exit(code)

    def kill(self, dice: random.Random) -> None:
        os.kill(self.process, signal.SIGKILL)

    def ended(self) -> str:
        """How it ended: ``done``, ``killed`` or ``failed``."""
        status = os.waitpid(self.process, 0)[1]
        return {0: "done", signal.SIGKILL: "killed"}.get(status, "failed")


class Ranked:
    """A job of several MPI ranks."""

    def __init__(self, store: Path, paths: list[Path], ranks: int):
        launcher = Path(sys.executable).with_name("mpiexec")
        launcher = str(launcher) if launcher.exists() else "mpiexec"
        names = [str(path) for path in (store, *paths)]
        self.hit = False
        self.process = subprocess.Popen(
            [launcher, "-n", str(ranks), sys.executable, "-m", "mpi4py", __file__,
             "--job", *names],
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip

    def kill(self, dice: random.Random) -> None:
        """One rank, as if it ran out of memory, or everything at once."""
        every = _below(self.process.pid)
        parents = {parent for _, parent in every}
        ranks = [child for child, _ in every if child not in parents]
        self.hit = self.process.poll() is None
        one = ranks and dice.random() < 0.5
        for pid in [dice.choice(ranks)] if one else [self.process.pid, *ranks]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.left = [child for child, _ in every]

    def ended(self) -> str:
        code = self.process.wait()
        deadline = time.monotonic() + 30
        for pid in self.left if self.hit else ():
            while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
                time.sleep(0.02)
        if code == 0:
            return "done"
        return "killed" if self.hit else "failed"


def _below(pid: int) -> list[tuple[int, int]]:
    """Processes below one, as (process, its parent)."""
    out = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                out += [(child, pid), *_below(child)]
    return out


def check(store: Path, files: dict[str, list[tuple]]) -> int:
    """The store shows exactly the files that its log names; how many they are."""
    shown = open_store(store)
    shown.verify(deep=True)
    labels = shown.sources()["label"].tolist()
    if len(set(labels)) != len(labels):
        raise SystemExit(f"a file was taken twice: {labels}")
    rows = [row for label in labels for row in files[label]]
    if world.view(shown.open()) != world.expected(rows):
        raise SystemExit(f"commit {shown.number} does not show its files")
    if len(shown.quarantine()) != len(labels):
        raise SystemExit(f"commit {shown.number}: quarantined rows are missing")
    if any(r["dataset"] == "maps" for r in shown._state.parts.values()):
        found = open_map(shown, "map")
        if not np.array_equal(found["value"], values_of(found.attrs["version"])):
            raise SystemExit(f"commit {shown.number}: the map is not whole")
    return len(labels)


def one_store(folder: Path, kills: int, dice: random.Random, span: float, ranks) -> int:
    """Kill jobs on one store until it is complete; how many kills landed."""
    rows = world.rows_of(FILES * ROWS, vessels=12, days=45, seed=dice.randrange(10**6))
    files, paths = {}, []
    for k in range(FILES):
        part = rows[k * ROWS : (k + 1) * ROWS + 20]
        paths.append(world.write(folder / f"{k}.txt", part, ["! bad"]))
        files[f"{k}.txt"] = part
    store, landed, left = folder / "store", 0, 1.0
    make = Ranked if ranks else Forked
    create_store(store)
    while True:
        jobs = [make(store, paths, ranks) for _ in range(dice.choice([1, 1, 2]))]
        if landed < kills:
            time.sleep(dice.uniform(0.3 if ranks else 0, span * left))
            for job in jobs:
                job.kill(dice)
        ends = [job.ended() for job in jobs]
        landed += ends.count("killed")
        if "failed" in ends:
            raise SystemExit(f"a job failed by itself: {ends}")
        found = check(store, files)
        left = max(0.1, 1 - found / FILES)
        if "done" in ends:
            break
    if found != FILES or world.view(open_store(store).open()) != world.expected(rows):
        raise SystemExit(f"the run ended with {found} of {FILES} files")
    open_store(store).vacuum(grace="0s")
    check(store, files)
    return landed


def time_of_work(folder: Path, ranks: int) -> float:
    """Seconds that an undisturbed job takes."""
    rows = world.rows_of(FILES * ROWS, vessels=12, days=45)
    paths = [
        world.write(folder / f"{k}.txt", rows[k * ROWS : (k + 1) * ROWS])
        for k in range(FILES)
    ]
    create_store(folder / "store")
    begin = time.monotonic()
    (Ranked if ranks else Forked)(folder / "store", paths, ranks).ended()
    return time.monotonic() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--ranks", type=int, default=0, help="of an MPI job")
    parser.add_argument("--job", nargs="+", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    blosc.use_threads = False  # its own threads would not survive a fork
    sources.find_reader = lambda *_: world.PlainReader()
    if options.job:
        work(options.job[0], options.job[1:], "mpi")
        return
    dice, landed, stores = random.Random(options.seed), 0, 0
    folder = Path(tempfile.mkdtemp())
    try:
        one_store(_new(folder, "warm"), 0, dice, 0, options.ranks)
        span = time_of_work(_new(folder, "timed"), options.ranks)
        while landed < options.kills:
            left = min(options.kills - landed, 20)
            new = _new(folder, str(stores))
            landed += one_store(new, left, dice, span, options.ranks)
            stores += 1
        print(f"{landed} kills on {stores} stores: each opened, verified, complete")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _new(folder: Path, name: str) -> Path:
    path = folder / name
    path.mkdir()
    return path


if __name__ == "__main__":
    main()
