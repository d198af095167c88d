"""Damaged or missing files of a store, put back from a copy of it.

Only what is not whole is touched. Each file comes from the copy with the size and the
checksum that the log promises, and replaces the damaged one at once. Entries of the
log come first, since they say what all other files must be.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from oceandata.errors import ConflictError, DamagedStoreError, StoreError
from oceandata.store.copyfile import Staging, copy_file, place, sync_folders
from oceandata.store.failures import storage
from oceandata.store.log import Log, State, dump_json, write_durably
from oceandata.store.promised import list_of, reachable
from oceandata.store.reading import forget_parts
from oceandata.store.seal import seal
from oceandata.store.verify import (
    Damage,
    checkpoint_damage,
    damaged,
    examine,
    listed_entries,
    log_damage,
)

Progress = Callable[[int, int, str], None]


@dataclass
class Restored:
    """What was put back: paths relative to the store, and their parts.

    commits : numbers of log entries that came from the copy. parts : ids.
    """

    path: str
    files: list[str] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    commits: list[int] = field(default_factory=list)
    bytes: int = 0

    def __str__(self) -> str:
        if not self.files:
            return f"{self.path}: nothing was damaged, nothing was changed"
        lines = [
            f"{self.path}: {len(self.files):,} files ({self.bytes:,} bytes) restored"
        ]
        return "\n".join(lines + [f"  {name}" for name in self.files])


def restore(
    path: str | os.PathLike[str],
    from_copy: Any,
    *,
    progress: Progress | None = None,
) -> Restored:
    """Put damaged or missing files of a store back from a copy.

    Every byte of the store is read. For a store of which nothing is left, copy the
    copy: ``open_store(copy).copy(path)``.

    Parameters
    ----------
    path : path
        The damaged store; its log need not be readable as a whole.
    from_copy : path or Store
        What :meth:`Store.copy` made; it must have the same history.
    progress : callable, optional
        ``progress(done_bytes, total_bytes, label)`` while the store is read.

    Raises
    ------
    DamagedStoreError
        Something is damaged in both, or is not in the copy: it is named. All else has
        been restored by then.
    ConflictError
        The copy has another history.
    """
    root = Path(path).absolute()
    copy = Log(Path(getattr(from_copy, "path", from_copy)).absolute())
    if root.resolve() == copy.root.resolve():
        raise StoreError(f"{root} cannot be restored from itself; name a copy of it")
    copy.head()
    if not (root / "log").is_dir():
        raise StoreError(
            f"{root} has no log; to make a store from a copy of it, copy the copy: "
            f"oceandata backup {copy.root} NEW_STORE"
        )
    with storage(root, "restoring"):
        return _Restore(Log(root), copy, progress).run()


class _Restore:
    def __init__(self, log: Log, copy: Log, progress: Progress | None):
        self.log, self.copy, self.progress = log, copy, progress
        self.done = Restored(str(log.root))
        self.left: list[Damage] = []

    def run(self) -> Restored:
        with Staging(self.log.root) as staging:
            self._entries(staging)
            self.log = Log(self.log.root)
            number = self.log.head()
            self._checkpoints(number, staging)
            self._lists(number, staging)
            found = examine(self.log, number, deep=True, progress=self.progress)
            for one in found.damage:
                self._file(one, staging)
        forget_parts(self.log.root)
        if self.left:
            raise self._error(number)
        return self.done

    def _error(self, number: int) -> DamagedStoreError:
        error = damaged(self.log.root, number, self.left)
        error.add_note(
            f"these could not be restored from {self.copy.root}; "
            f"{len(self.done.files):,} other files were restored from it"
        )
        return error

    def _entries(self, staging: Staging) -> None:
        """Entries that are missing or altered, and those that only the copy has."""
        held = listed_entries(self.log)
        ahead = self.copy.head()
        faults = {
            int(Path(one.path).name[:12]): one
            for one in log_damage(self.log, max([0, *held]))
        }
        faults |= {
            at: Damage("missing", _name(self.log, at), "log", f"entry {at} is missing")
            for at in range(max([-1, *held]) + 1, ahead + 1)
        }
        sound = sorted(set(held) - set(faults))
        self._check_history(sound)
        for at, fault in sorted(faults.items()):
            try:
                self.copy.entry(at)
                data = self.copy.entry_path(at).read_bytes()
            except (OSError, DamagedStoreError):
                self.left.append(fault)
                continue
            self._put(fault.path, data, staging)
            self.done.commits.append(at)
        if self.left:
            raise self._error(max(held, default=0))

    def _check_history(self, sound: list[int]) -> None:
        """Every entry that is whole here must be the copy's, as far as it goes."""
        common = [at for at in sound if at <= self.copy.head()]
        if not common:
            raise StoreError(
                f"{self.log.root}: no entry of the log is whole, so that nothing tells "
                f"whether {self.copy.root} is a copy of it. Copy that to a new folder"
            )
        for at in common:
            here, there = self.log.entry_path(at), self.copy.entry_path(at)
            try:
                self.copy.entry(at)
            except DamagedStoreError:
                continue
            if there.exists() and here.read_bytes() != there.read_bytes():
                raise ConflictError(
                    f"{self.copy.root} has another history than {self.log.root}: its "
                    f"commit {at} is not the same. Nothing was restored"
                )

    def _put(self, name: str, data: bytes, staging: Staging) -> None:
        temporary, target = staging.new(), self.log.root / name
        write_durably(temporary, data)
        place(temporary, target)
        sync_folders(self.log.root, {target.parent})
        self.done.files.append(name)
        self.done.bytes += len(data)

    def _checkpoints(self, number: int, staging: Staging) -> None:
        """Those that are not the replayed log are written anew from it."""
        for fault in checkpoint_damage(self.log, number):
            at = int(Path(fault.path).name[:12])
            state = State().advanced([self.log.entry(n) for n in range(at + 1)])
            self._put(fault.path, seal(dump_json(state.to_json())), staging)

    def _lists(self, number: int, staging: Staging) -> None:
        """Lists of files of the parts: without them a part's files are not known."""
        for some in reachable(self.log, number):
            for record in some:
                listed = list_of(record)
                if why := listed.fault(self.log.root, deep=True):
                    kind = "damaged"
                    if not (self.log.root / listed.path).exists():
                        kind = "missing"
                    one = Damage(kind, listed.path, listed.part, why, listed)
                    self._file(one, staging, last=False)

    def _file(self, one: Damage, staging: Staging, *, last: bool = True) -> None:
        try:
            size = copy_file(self.copy.root, one.expected, staging)
        except DamagedStoreError as error:
            if last:
                why = f"{one.why}; not restored ({error})"
                self.left.append(replace(one, why=why))
            return
        sync_folders(self.log.root, {(self.log.root / one.path).parent})
        self.done.files.append(one.path)
        self.done.bytes += size
        if one.part not in self.done.parts and one.part != "quarantine":
            self.done.parts.append(one.part)


def _name(log: Log, number: int) -> str:
    return str(log.entry_path(number).relative_to(log.root))
