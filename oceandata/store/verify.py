"""Is a store whole? Every fault with its path and the part that it belongs to.

What the log promises must be there with its size and, if every byte is read, with its
checksum. Files that nothing names are told too, but they are no damage: a writer may
be at work, and vacuum removes what killed writers left.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from oceandata.errors import DamagedStoreError
from oceandata.machine import default_workers
from oceandata.store.log import CHECKPOINT_EVERY, Log, State, read_sealed
from oceandata.store.promised import (
    Expected,
    files_of_part,
    list_of,
    quarantine_files,
    reachable,
)
from oceandata.store.seal import is_sealed

_ENTRY = re.compile(r"(\d{12})\.json\Z")
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Damage:
    """One file that is not what the log promises.

    kind : ``"missing"`` or ``"damaged"``. path : relative to the store. part : id of
    the part, ``"log"`` or ``"quarantine"``. why : what was expected, what was found.
    expected : size and checksum, None for files of the log.
    """

    kind: str
    path: str
    part: str
    why: str
    expected: Expected | None = None

    def __str__(self) -> str:
        return f"{self.path}: {self.why}"


@dataclass
class Examined:
    """What was looked at, and what was found."""

    commits: int = 0
    parts: int = 0
    older_parts: int = 0
    files: int = 0
    bytes: int = 0
    damage: list[Damage] = field(default_factory=list)
    surplus: list[str] = field(default_factory=list)

    def counts(self) -> dict[str, Any]:
        names = ("commits", "parts", "files", "bytes", "older_parts")
        return {n: getattr(self, n) for n in names} | {"surplus": self.surplus}


def verify(
    log: Log, number: int, *, deep: bool, progress: Progress | None = None
) -> dict[str, Any]:
    """See :meth:`oceandata.store.Store.verify`."""
    found = examine(log, number, deep=deep, progress=progress)
    if found.damage:
        raise damaged(log.root, number, found.damage)
    return found.counts()


def damaged(root: Path, number: int, damage: list[Damage]) -> DamagedStoreError:
    """An error that names every fault; its ``damage`` holds them."""
    listed = "\n".join(f"  - {root / one.path}: {one.why}" for one in damage)
    parts = sorted({one.part for one in damage})
    blind = " (parts were not looked at: the log comes first)" if "log" in parts else ""
    error = DamagedStoreError(
        f"{root}: {len(damage)} fault(s) at commit {number}, in {', '.join(parts)}"
        f"{blind}:\n{listed}\nRestore these files from a copy (store.restore), or "
        "ingest the sources into a new store"
    )
    error.damage = tuple(damage)
    return error


def examine(
    log: Log, number: int, *, deep: bool, progress: Progress | None = None
) -> Examined:
    """Look at every file of a commit, of the older ones, and of the log."""
    found = Examined(commits=number + 1)
    found.damage += log_damage(log, number)
    if found.damage:
        # What the other entries promise is not known for sure.
        return found
    found.damage += checkpoint_damage(log, number)
    live, older = reachable(log, number)
    found.parts, found.older_parts = len(live), len(older)
    found.files = sum(record["files"] for record in live)
    found.bytes = sum(record["bytes"] for record in live)
    total, done = found.bytes + sum(r["bytes"] for r in older), 0
    with ThreadPoolExecutor(default_workers()) as pool:
        records = [*live, *older]
        looked = pool.map(lambda record: _part(log.root, record, deep), records)
        for record, (faults, extra) in zip(records, looked, strict=True):
            found.damage += faults
            found.surplus += extra
            done += record["bytes"]
            if progress:
                progress(done, total, record["id"])
        rejected = quarantine_files(log.state(number))
        found.damage += _faults(log.root, rejected, deep)
    found.surplus += sorted(_unnamed(log))
    return found


def log_damage(log: Log, number: int) -> list[Damage]:
    """Entries that are missing, unreadable, altered, or out of their order."""
    top = max([number, *listed_entries(log)])
    out, sealed = [], False
    for at in range(top + 1):
        path = log.entry_path(at)
        name = str(path.relative_to(log.root))
        try:
            data = path.read_bytes()
            entry = read_sealed(path)
        except FileNotFoundError:
            out.append(Damage("missing", name, "log", f"entry {at} is missing"))
            continue
        except (OSError, DamagedStoreError) as error:
            why = str(error).removeprefix(f"{path}: ").removeprefix(f"{path} ")
            out.append(Damage("damaged", name, "log", why))
            continue
        if entry.get("number") != at or (sealed and not is_sealed(data)):
            out.append(Damage("damaged", name, "log", "is not what was written"))
        sealed = sealed or is_sealed(data)
    return out


def checkpoint_damage(log: Log, number: int) -> list[Damage]:
    """Checkpoints that are not the replayed log; a missing one is no damage."""
    out, state = [], State()
    for at in range(number + 1):
        state.apply(log.entry(at))
        path = log.checkpoint_path(at)
        if at and at % CHECKPOINT_EVERY == 0 and path.exists():
            try:
                whole = State.from_json(read_sealed(path)) == state
            except (OSError, DamagedStoreError, KeyError, TypeError, ValueError):
                whole = False
            if not whole:
                name = str(path.relative_to(log.root))
                out.append(Damage("damaged", name, "log", "differs from the log"))
    return out


def listed_entries(log: Log) -> list[int]:
    """Numbers of the entries that a listing shows, and that can be opened."""
    found = map(_ENTRY.match, os.listdir(log.folder))
    return [n for n in (int(m[1]) for m in found if m) if log.exists(n)]


def _part(root: Path, record: dict, deep: bool) -> tuple[list[Damage], list[str]]:
    """Faults of a part, and files in it that its list does not name."""
    listed = list_of(record)
    faults = _faults(root, [listed], deep)
    if faults:
        return faults, []
    files = files_of_part(root, record)
    folder = listed.path.removesuffix(".json") + ".zarr"
    known = {one.path for one in files}
    extra = [path for path in _walk(root, folder) if path not in known]
    return _faults(root, files, deep), sorted(extra)


def _faults(root: Path, files: list[Expected], deep: bool) -> list[Damage]:
    out = []
    for one in files:
        if why := one.fault(root, deep=deep):
            kind = "damaged" if (root / one.path).exists() else "missing"
            out.append(Damage(kind, one.path, one.part, why, one))
    return out


def _walk(root: Path, folder: str) -> Iterator[str]:
    for inside, _, files in os.walk(root / folder):
        for name in files:
            yield os.path.relpath(os.path.join(inside, name), root)


def _unnamed(log: Log) -> Iterator[str]:
    """Parts, quarantine files and temporary files that no commit ever named."""
    parts, rejected = set(), set()
    for at in range(log.head() + 1):
        entry = log.entry(at)
        parts |= {record["id"] for record in entry.get("add", ())}
        rejected |= {record["file"] for record in entry.get("quarantine", ())}
    for path in (log.root / "parts").glob("*/*"):
        if path.stem not in parts:
            yield str(path.relative_to(log.root))
    for path in (log.root / "quarantine").glob("*"):
        if path.name not in rejected:
            yield str(path.relative_to(log.root))
    for path in log.folder.glob("tmp-*"):
        yield str(path.relative_to(log.root))
