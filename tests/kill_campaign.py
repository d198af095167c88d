"""Kill writers at random moments; the store must show a committed state each time.

    python tests/kill_campaign.py --kills 300

A job ingests files one by one, some twice over in two jobs at once, and compacts. It
is killed (SIGKILL) at a random moment of its work. After each kill the store is opened
and verified byte by byte, its rows are compared with those of the files that the log
names, and a new job goes on. When a job ends by itself, its rows are compared with the
rows of all files, and the next store begins.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from numcodecs import blosc

import oceandata.store.sources as sources
from oceandata.errors import ConflictError
from oceandata.store import create_store, open_store

sys.path.insert(0, str(Path(__file__).parent))
import store_world as world

FILES = 12


def work(store: Path, paths: list[Path]) -> None:
    """What is killed: ingest every file, compact in between."""
    for k, path in enumerate(paths):
        open_store(store).ingest(path, group_bytes=20_000)
        if k % 4 == 3:
            try:
                open_store(store).compact(force=True)
            except ConflictError:
                continue


def in_child(store: Path, paths: list[Path]) -> int:
    """Fork a job; its process id. No thread runs here, so forking is safe."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        work(store, paths)
        code = 0
    finally:
        os._exit(code)


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
    return len(labels)


def one_store(folder: Path, kills: int, dice: random.Random, span: float) -> int:
    """Kill jobs on one store until it is complete; how many kills landed."""
    rows = world.rows_of(FILES * 400, vessels=12, days=45, seed=dice.randrange(10**6))
    files, paths = {}, []
    for k in range(FILES):
        part = rows[k * 400 : (k + 1) * 400 + 20]
        paths.append(world.write(folder / f"{k}.txt", part, ["! bad"]))
        files[f"{k}.txt"] = part
    store, landed, left = folder / "store", 0, 1.0
    create_store(store)
    while True:
        jobs = [in_child(store, paths) for _ in range(dice.choice([1, 1, 2]))]
        if landed < kills:
            time.sleep(dice.uniform(0, span * left))
            for job in jobs:
                os.kill(job, signal.SIGKILL)
        codes = [os.waitpid(job, 0)[1] for job in jobs]
        landed += sum(code == signal.SIGKILL for code in codes)
        if any(code not in (0, signal.SIGKILL) for code in codes):
            raise SystemExit(f"a job failed by itself: {codes}")
        found = check(store, files)
        left = max(0.1, 1 - found / FILES)
        if 0 in codes:
            break
    if found != FILES or world.view(open_store(store).open()) != world.expected(rows):
        raise SystemExit(f"the run ended with {found} of {FILES} files")
    open_store(store).vacuum(grace="0s")
    check(store, files)
    return landed


def time_of_work(folder: Path) -> float:
    """Seconds that an undisturbed job takes."""
    rows = world.rows_of(FILES * 400, vessels=12, days=45)
    paths = [
        world.write(folder / f"{k}.txt", rows[k * 400 : (k + 1) * 400])
        for k in range(FILES)
    ]
    create_store(folder / "store")
    begin = time.monotonic()
    os.waitpid(in_child(folder / "store", paths), 0)
    return time.monotonic() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    blosc.use_threads = False  # its own threads would not survive a fork
    sources.find_reader = lambda path, format, columns: world.PlainReader()
    dice, landed, stores = random.Random(options.seed), 0, 0
    folder = Path(tempfile.mkdtemp())
    try:
        one_store(_new(folder, "warm"), 0, dice, 0)
        span = time_of_work(_new(folder, "timed"))
        while landed < options.kills:
            left = min(options.kills - landed, 20)
            landed += one_store(_new(folder, str(stores)), left, dice, span)
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
