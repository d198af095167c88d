"""Run by mpiexec from test_mpi_ingest: every rank ingests; rank 0 tells what came."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from store_world import PlainReader

import oceandata.store.sources as sources
from oceandata.errors import StoreError
from oceandata.store import open_store
from oceandata.store.rejects import Rejects
from oceandata.store.sources import Source
from oceankernels.mpi import world

MODES = ("plain", "fail", "race", "die", "linked", "full")


def fail_on(label: str, how: str) -> None:
    """The rank that begins this source fails, or is killed by itself."""
    begin = Rejects.__init__

    def init(self, root, text):
        if text == label:
            if how == "die":
                os.kill(os.getpid(), 9)
            raise OSError("the device is on fire")
        begin(self, root, text)

    Rejects.__init__ = init


def fail_commit(when: str) -> None:
    """The folder of the log fails after the commit was made, or the link before it."""
    link = os.link

    def linked(source, target, **options):
        if when == "linked":
            link(source, target, **options)
        raise OSError(errno.ENOSPC, "no space")

    os.link = linked


def race(store: Path, path: str) -> None:
    """Another job ingests a file while the ranks read."""
    read = Source.unchanged

    def unchanged(self):
        if world().Get_rank() == 0 and open_store(store).number == 0:
            Source.unchanged = read
            open_store(store).ingest(path)
        return read(self)

    Source.unchanged = unchanged


def main(mode: str, store: str, range_bytes: str, group_bytes: str, *paths: str):
    sources.find_reader = lambda *_: PlainReader(batch=100)
    comm = world()
    if mode in ("fail", "die"):
        fail_on(Path(paths[-1]).name, mode)
    if mode in ("linked", "full"):
        fail_commit(mode)
    if mode == "race":
        race(Path(store), paths[1])
    opened = open_store(store)
    try:
        report = opened.ingest(
            list(paths),
            engine="mpi",
            range_bytes=int(range_bytes),
            group_bytes=int(group_bytes),
        )
    except StoreError as error:
        print(*(comm.gather(str(error)) or ()), sep="\n", end="")
        sys.exit(3)
    lines = comm.gather(f"{opened.number} {vars(report)}")
    if lines:
        print(*lines, sep="\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
