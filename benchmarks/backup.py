"""How fast a store is copied, verified and repaired; and kills at random moments.

    python benchmarks/backup.py --rows 20000000
    python benchmarks/backup.py --kills 200

The first makes a store of random tracks and prints MB/s of a first copy, of a second
one (which has nothing to do), of a check of every byte, and of a repair. The second
kills a copying process (SIGKILL) at random moments while the store grows: after each
kill the copy must be an older commit that verifies byte by byte, or no store yet.
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

import numpy as np

import oceandata.store.sources as sources
from oceandata.columns import TENTHS_MISSING, Columns
from oceandata.readers.protocol import Rejected, Reports, TrackBatch
from oceandata.store import create_store, open_store

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
import store_world as world

BATCH = 1_000_000


class RandomReader:
    """Gives as many rows as a file says, without reading more of it."""

    name = "random"

    def batches(self, path, **_):
        rng, left = np.random.default_rng(1), int(Path(path).read_text())
        while left:
            n = min(left, BATCH)
            left -= n
            vessel = np.sort(rng.integers(200_000_001, 200_002_001, n))
            day = rng.integers(0, 28 * 86_400, n)
            columns = Columns(
                vessel=vessel,
                time=world.JANUARY + day * 1_000_000,
                lon=(rng.integers(-100_000, 100_000, n) * 1000).astype("i4"),
                lat=(rng.integers(-60_000, 60_000, n) * 1000).astype("i4"),
                sog=rng.integers(0, 300, n).astype("i2"),
                cog=rng.integers(0, 3600, n).astype("i2"),
                heading=np.full(n, TENTHS_MISSING),
                nav_status=np.full(n, 15, "i1"),
                transceiver=np.zeros(n, "i1"),
                quality=np.full(n, 2, "i1"),
                source=np.zeros(n, "i4"),
            )
            none = Rejected(np.empty(0, "i8"), [], [])
            yield TrackBatch(columns, {}, Reports.empty(), none, n, {})


def timed(label: str, bytes_: int, work) -> object:
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    speed = f"{bytes_ / wall / 1e6:8.0f} MB/s" if bytes_ else 12 * " "
    print(f"{label:28} {wall:7.2f} s {cpu:7.2f} CPU s {speed}", flush=True)
    return result


def speed(folder: Path, rows: int) -> None:
    sources.find_reader = lambda *_: RandomReader()
    path = folder / "rows.txt"
    path.write_text(str(rows))
    store = create_store(folder / "s")
    store.ingest(path)
    size = store.info()["bytes"]
    print(f"store of {rows:,} rows, {size / 1e6:,.0f} MB")
    done = timed("first copy", size, lambda: store.copy(folder / "b"))
    print(f"  {done}")
    done = timed("second copy", 0, lambda: store.copy(folder / "b"))
    print(f"  {done}")
    timed("verify(deep=True)", size, lambda: store.verify(deep=True))
    timed("verify()", 0, lambda: store.verify())
    hurt = max((p for p in store.path.rglob("c/*")), key=lambda p: p.stat().st_size)
    data = bytearray(hurt.read_bytes())
    data[len(data) // 2] ^= 1
    hurt.write_bytes(data)
    done = timed("restore of one file", size, lambda: store.restore(folder / "b"))
    print(f"  {done.files}")


def kills(folder: Path, count: int) -> None:
    sources.find_reader = lambda *_: world.PlainReader()
    rows, chance = world.rows_of(60 * count, days=20), random.Random(7)
    store, copy = create_store(folder / "s"), folder / "b"
    killed = older = none = 0
    for turn in range(count):
        name = folder / f"{turn}.txt"
        store.ingest(world.write(name, rows[60 * turn : 60 * turn + 60], ["! bad"]))
        if turn % 17 == 9:
            store.compact(force=True)
        if turn % 40 == 30:
            store.vacuum(keep=1, grace="0s")
        if turn % 25 == 24:
            shutil.rmtree(copy, ignore_errors=True)
        child = os.fork()
        if not child:
            open_store(store.path).copy(copy)
            os._exit(0)
        time.sleep(chance.uniform(0, chance.choice((0.1, 0.6, 2.5))))
        os.kill(child, signal.SIGKILL)
        killed += os.WIFSIGNALED(os.waitpid(child, 0)[1])
        if (copy / "log" / "000000000000.json").exists():
            shown = open_store(copy)
            shown.verify(deep=True)
            older += shown.number < store.number
        else:
            none += 1
    store.copy(copy)
    last = open_store(copy)
    last.verify(deep=True)
    assert world.view(last.open()) == world.view(store.open())
    assert not (copy / "copying").exists()
    print(
        f"{count} copies, {killed} killed: {none} left no store, {older} an older "
        "commit; every store verified byte by byte; the last copy equals the store"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=0)
    parser.add_argument("--kills", type=int, default=0)
    asked = parser.parse_args()
    for work, much in ((speed, asked.rows), (kills, asked.kills)):
        if much:
            with tempfile.TemporaryDirectory() as folder:
                work(Path(folder), much)


if __name__ == "__main__":
    main()
