"""Removing files that no commit in reach names.

Never by the clock of this machine: ages are taken against a file touched in the store.
A part that no commit names is spared while it is younger than the grace, since its
writer may be about to commit it; a writer in turn refuses to commit a part older than
half the grace. So neither needs to know of the other.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oceandata.errors import StoreError
from oceandata.store.log import Draft, Log, State, write_durably


@dataclass(frozen=True)
class Vacuumed:
    """What was removed (or would be): paths relative to the store, and their bytes.

    spared : files that no commit names but that are younger than the grace.
    """

    removed: tuple[str, ...]
    bytes: int
    spared: int
    oldest_readable: int


def vacuum(
    log: Log, *, keep: int | None = None, grace: float, dry_run: bool = False
) -> Vacuumed:
    """Remove leftovers, and parts that only commits before the last ``keep`` name."""
    state = log.state()
    floor = state.floor
    if keep is not None:
        if keep < 1:
            raise ValueError(f"keep must be at least 1 commit, got {keep}")
        floor = max(floor, state.number - keep + 1, 0)
    if floor > state.floor and not dry_run:
        state = _raise_floor(log, floor)
    named = _named(log, floor, state.number)
    now = _server_time(log.folder)
    removed, spared, size = [], 0, 0
    for path, committed in _candidates(log, named):
        with contextlib.suppress(FileNotFoundError):
            newest, bytes_ = _newest(path)
            if not committed and now - newest < grace:
                spared += 1
                continue
            removed.append(str(path.relative_to(log.root)))
            size += bytes_
            if not dry_run:
                _remove(path)
    return Vacuumed(tuple(removed), size, spared, floor)


def _raise_floor(log: Log, floor: int) -> State:
    """Say in the log which commits can no longer be read, before that is so."""

    def prepare(state: State) -> Draft | None:
        if state.floor >= floor:
            return None
        message = f"vacuum: commits before {floor} can no longer be read"
        return Draft({"kind": "vacuum", "message": message, "floor": floor})

    log.commit(prepare)
    return log.state()


def _named(log: Log, floor: int, head: int) -> tuple[set[str], set[str]]:
    """Names that commits floor…head use, and names that any commit ever used."""
    state = log.state(floor)
    reachable = {_name(r) for r in state.parts.values()} | set(state.quarantine)
    for number in range(floor + 1, head + 1):
        entry = log.entry(number)
        reachable |= {_name(record) for record in entry.get("add", ())}
        reachable |= {record["file"] for record in entry.get("quarantine", ())}
    ever = set()
    for number in range(head + 1):
        ever |= {_name(record) for record in log.entry(number).get("add", ())}
    return reachable, ever


def _name(record: dict[str, Any]) -> str:
    return f"{record['id']}.zarr"


def _candidates(log: Log, named: tuple[set[str], set[str]]):
    """Paths that no reachable commit names; whether a commit once named them."""
    reachable, ever = named
    for dataset in sorted((log.root / "parts").iterdir()):
        for path in sorted(dataset.iterdir()):
            name = path.with_suffix(".zarr").name
            if name not in reachable:
                yield path, name in ever
    for path in sorted((log.root / "quarantine").iterdir()):
        if path.name not in reachable:
            yield path, False
    for path in sorted(log.folder.glob("tmp-*")):
        yield path, False


def _newest(path: Path) -> tuple[float, int]:
    """The newest modification time in a tree, and its bytes."""
    newest, size = path.stat().st_mtime, 0
    if path.is_file():
        return newest, path.stat().st_size
    for folder, folders, files in os.walk(path):
        for name in (*folders, *files):
            found = os.stat(os.path.join(folder, name))
            newest = max(newest, found.st_mtime)
            size += found.st_size if name in files else 0
    return newest, size


def _remove(path: Path) -> None:
    try:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    except OSError as error:
        raise StoreError(
            f"{path} cannot be removed ({error.strerror}); what was removed before is "
            "gone, the store is complete. Run vacuum again as a user who may delete it"
        ) from error


def _server_time(folder: Path) -> float:
    probe = folder / f"tmp-{uuid.uuid4().hex}"
    try:
        return write_durably(probe, b"now")
    finally:
        probe.unlink(missing_ok=True)
