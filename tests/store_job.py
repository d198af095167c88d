"""A job of its own process for tests of the store: ``store_job.py VERB STORE …``."""

from __future__ import annotations

import sys
from pathlib import Path

import oceandata.store.sources as sources
from oceandata.errors import ConflictError
from oceandata.store import open_store
from oceandata.store.log import Draft, Log

sys.path.insert(0, str(Path(__file__).parent))
from store_world import PlainReader


def commit_many(store: str, name: str, count: str) -> None:
    """Commit ``count`` empty entries that carry a name."""
    log = Log(store)
    for k in range(int(count)):
        log.commit(lambda _, k=k: Draft({"kind": "note", "message": f"{name}-{k}"}))


def ingest(store: str, *paths: str) -> None:
    for path in paths:
        print(open_store(store).ingest(path).rows_kept)


def compact(store: str) -> None:
    for _ in range(5):
        try:
            open_store(store).compact(force=True)
        except ConflictError as error:
            print("conflict", error)


def vacuum(store: str) -> None:
    for _ in range(20):
        open_store(store).vacuum(grace="1h")


if __name__ == "__main__":
    sources.find_reader = lambda *_: PlainReader()
    verb, *arguments = sys.argv[1:]
    sys.stdin.readline()
    {f.__name__: f for f in (commit_many, ingest, compact, vacuum)}[verb](*arguments)
