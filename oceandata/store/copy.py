"""A copy of a store elsewhere: verified, incremental, and itself a store.

Files of parts and rejected rows come first, the log last. So a copy that is killed at
any moment is the store as it was at the copy before, or no store yet, and the next
copy goes on. Only one history is ever continued: the entries that the copy has must
be those of the store.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oceandata.errors import ConflictError, DamagedStoreError, StoreError
from oceandata.machine import default_workers
from oceandata.store.copyfile import (
    STAGING,
    Staging,
    copy_file,
    link_new,
    place,
    sync_folders,
)
from oceandata.store.failures import storage
from oceandata.store.log import CHECKPOINT_EVERY, Log, sync_folder, write_durably
from oceandata.store.promised import (
    Expected,
    files_of_part,
    list_of,
    quarantine_files,
    reachable,
)

MARK = "copy-of.json"
_TAKEN = (errno.EEXIST, errno.ENOTEMPTY)
FOLDERS = ("parts/tracks", "parts/static", "quarantine")
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Copied:
    """What a copy did.

    path : the copy. number : the commit that it shows now. commits, files, bytes :
    what was written. present, present_bytes : files that were there already.
    """

    path: str
    number: int
    commits: int
    files: int
    bytes: int
    present: int
    present_bytes: int

    def __str__(self) -> str:
        return (
            f"{self.path} at commit {self.number}: {self.commits:,} commits, "
            f"{self.files:,} files and {self.bytes:,} bytes written and verified; "
            f"{self.present:,} files ({self.present_bytes:,} bytes) were there"
        )


def copy_store(
    log: Log, number: int, to: Any, *, progress: Progress | None = None
) -> Copied:
    """See :meth:`oceandata.store.Store.copy`."""
    target = Path(to).absolute()
    _check_places(log.root, target)
    held = _held(log, number, target)
    if log.state().floor > log.state(number).floor:
        raise ConflictError(
            f"{log.root}: a vacuum after commit {number} gave up commits before "
            f"{log.state().floor}; copy the newest commit (open the store again)"
        )
    with storage(target, "copying to it"):
        return Copy(log, number, target, held, progress).run()


def _check_places(root: Path, target: Path) -> None:
    here, there = root.resolve(), target.resolve()
    if here == there or here in there.parents or there in here.parents:
        raise StoreError(
            f"{target} lies in the store {root}, or the store in it; choose a place "
            "on another disk"
        )


def _held(log: Log, number: int, target: Path) -> int | None:
    """The commit that the target shows, None if it is no store yet.

    Raises
    ------
    StoreError, ConflictError
        The folder holds something else, or a store with another history.
    """
    if not target.exists():
        return None
    if not target.is_dir():
        raise StoreError(f"{target} is not a folder; choose a new name for the copy")
    copy = Log(target)
    if not copy.exists(0):
        _check_begun(log, target)
        return None
    held = copy.head()
    common = min(held, log.head())
    for at in sorted({0, common}):
        if _bytes(log, at) != _bytes(copy, at):
            raise ConflictError(
                f"{target} has another history than {log.root}: its commit {at} is "
                "not the same. Copy to another folder"
            )
    if held > common:
        raise ConflictError(
            f"{target} is at commit {held}, {log.root} only at {common}: the copy was "
            "written to, or the store lost commits (restore it from the copy). "
            "Nothing was copied"
        )
    return held


def _check_begun(log: Log, target: Path) -> None:
    """A folder without a store must be empty, or a copy of this store, begun."""
    inside = {path.name for path in target.iterdir()} - {STAGING}
    if not inside:
        return
    try:
        begun = json.loads((target / MARK).read_text())["uuid"]
    except (OSError, ValueError, KeyError, TypeError):
        begun = None
    if begun != log.entry(0)["uuid"]:
        raise StoreError(
            f"{target} holds files and is no copy of {log.root}; choose a new folder"
        )


def _bytes(log: Log, number: int) -> bytes:
    log.entry(number)  # says so if it is damaged
    return log.entry_path(number).read_bytes()


class Copy:
    """One run; ``held`` is the commit that the target shows, None if none."""

    def __init__(self, log: Log, number: int, target: Path, held, progress):
        self.log, self.number, self.target, self.held = log, number, target, held
        self.progress: Progress = progress or (lambda *_: None)
        self.files = self.bytes = self.present = self.present_bytes = 0
        self.done = self.total = 0
        self.faults: list[str] = []

    def run(self) -> Copied:
        records = [r for some in reachable(self.log, self.number) for r in some]
        rejected = quarantine_files(self.log.state(self.number))
        self.total = sum(r["bytes"] for r in records) + sum(r.size for r in rejected)
        commits = max(self.number - (-1 if self.held is None else self.held), 0)
        lacking = [r for r in records if not self._is_complete(r)]
        self._check_space(sum(r["bytes"] for r in lacking))
        if lacking or commits or any(self._lacks(one) for one in rejected):
            with Staging(self.target) as staging:
                self._begin(staging)
                self._copy_parts(lacking, staging)
                self._copy_rejected(rejected, staging)
                self._stop_if_damaged()
                if commits:
                    self._copy_log(staging)
        else:
            self.present += len(rejected)
            self.present_bytes += sum(one.size for one in rejected)
        return Copied(
            str(self.target),
            self.number if self.held is None else max(self.held, self.number),
            commits,
            self.files,
            self.bytes,
            self.present,
            self.present_bytes,
        )

    def _lacks(self, one: Expected) -> bool:
        return bool(one.fault(self.target, deep=False))

    def _is_complete(self, record: dict[str, Any]) -> bool:
        """Whether the copy has a part: its list, and every file with its size."""
        listed = list_of(record)
        if self._lacks(listed):
            return False
        files = files_of_part(self.target, record)
        if any(self._lacks(one) for one in files):
            return False
        self.present += len(files) + 1
        self.present_bytes += record["bytes"] + listed.size
        self._tell(record["bytes"], record["id"])
        return True

    def _tell(self, size: int, label: str) -> None:
        self.done += size
        self.progress(self.done, self.total, label)

    def _check_space(self, wanted: int) -> None:
        above = self.target
        while not above.exists():
            above = above.parent
        free = shutil.disk_usage(above).free
        if wanted > free:
            raise StoreError(
                f"{self.target}: the copy needs up to {wanted:,} bytes more, "
                f"{free:,} are free there. Nothing was copied"
            )

    def _begin(self, staging: Staging) -> None:
        """Folders of a store but its log, and whose copy this is."""
        mark = self.target / MARK
        if not mark.exists():
            temporary = staging.new()
            text = {"uuid": self.log.entry(0)["uuid"], "host": socket.gethostname()}
            write_durably(temporary, json.dumps(text).encode())
            place(temporary, mark)
        folders = {self.target / name for name in FOLDERS}
        for folder in folders:
            folder.mkdir(parents=True, exist_ok=True)
        sync_folders(self.target, folders)
        sync_folder(self.target.parent)

    def _copy_parts(self, records: list[dict], staging: Staging) -> None:
        with ThreadPoolExecutor(default_workers()) as pool:
            for record in records:
                self._copy_part(record, staging, pool)

    def _copy_part(self, record: dict, staging: Staging, pool) -> None:
        """Files that the copy lacks, then the list that says that all are there."""
        try:
            files = files_of_part(self.log.root, record)
        except DamagedStoreError as error:
            self.faults.append(str(error))
            return
        lacking = [one for one in files if self._lacks(one)]
        before = len(self.faults)
        for size in pool.map(lambda one: self._copy_one(one, staging), lacking):
            self._tell(size, record["id"])
        there = [one for one in files if one not in set(lacking)]
        self.present += len(there)
        self.present_bytes += sum(one.size for one in there)
        self._tell(sum(one.size for one in there), record["id"])
        if len(self.faults) > before:
            return
        sync_folders(self.target, {(self.target / f.path).parent for f in lacking})
        listed = list_of(record)
        if self._lacks(listed):
            self._copy_one(listed, staging)
            sync_folder((self.target / listed.path).parent)

    def _copy_rejected(self, rejected: list[Expected], staging: Staging) -> None:
        lacking = [one for one in rejected if self._lacks(one)]
        for one in lacking:
            self._tell(self._copy_one(one, staging), one.path)
        self.present += len(rejected) - len(lacking)
        self.present_bytes += sum(r.size for r in rejected if r not in set(lacking))
        sync_folder(self.target / "quarantine")

    def _copy_one(self, one: Expected, staging: Staging) -> int:
        """The file's bytes; 0 if it is damaged at the source, which is remembered."""
        try:
            size = copy_file(self.log.root, one, staging)
        except DamagedStoreError as error:
            self.faults.append(str(error))
            return 0
        self.files += 1
        self.bytes += size
        return size

    def _stop_if_damaged(self) -> None:
        if not self.faults:
            return
        if self.log.state(self.log.head()).floor > self.log.state(self.number).floor:
            raise ConflictError(
                f"{self.log.root}: a vacuum removed files while they were copied. "
                "Copy again: what was written stays"
            )
        listed = "\n".join(f"  - {fault}" for fault in self.faults)
        shows = "no store yet" if self.held is None else f"still commit {self.held}"
        raise DamagedStoreError(
            f"{self.log.root}: {len(self.faults)} file(s) are damaged and were not "
            f"copied:\n{listed}\n{self.target} shows {shows}. Restore these files, "
            "then copy again: what was written stays"
        )

    def _copy_log(self, staging: Staging) -> None:
        """Entries one by one where each shows whole parts, else all at once."""
        floor = self.log.state(self.number).floor
        if self.held is not None and self.held + 1 >= floor:
            for at in range(self.held + 1, self.number + 1):
                self._link_entry(at, staging)
            self._link_checkpoints(Log(self.target), self.held, staging)
            sync_folder(self.target / "log")
        else:
            self._replace_log(staging)

    def _link_entry(self, at: int, staging: Staging) -> None:
        copy, data = Log(self.target), _bytes(self.log, at)
        temporary = staging.new()
        write_durably(temporary, data)
        if link_new(temporary, copy.entry_path(at)):
            self.files += 1
            self.bytes += len(data)
        elif _bytes(copy, at) != data:
            raise ConflictError(
                f"{self.target}: another job wrote commit {at} to the copy meanwhile"
            )
        sync_folder(copy.folder)

    def _link_checkpoints(self, copy: Log, after: int, staging: Staging) -> None:
        """Checkpoints save time and are never needed: one that is absent stays so."""
        for at in range(CHECKPOINT_EVERY, self.number + 1, CHECKPOINT_EVERY):
            path = self.log.checkpoint_path(at)
            if at <= after or not path.exists() or copy.checkpoint_path(at).exists():
                continue
            data, temporary = path.read_bytes(), staging.new()
            write_durably(temporary, data)
            link_new(temporary, copy.checkpoint_path(at))
            self.files += 1
            self.bytes += len(data)

    def _replace_log(self, staging: Staging) -> None:
        """Write the whole log aside, then let it take the place of the old one.

        At a first copy; and where commits in between show parts that a vacuum of the
        store has removed, since no commit of a copy may show what is not there.
        """
        new = Log(staging.folder)
        new.folder.mkdir()
        for at in range(self.number + 1):
            data = _bytes(self.log, at)
            write_durably(new.entry_path(at), data)
            self.files += 1
            self.bytes += len(data)
        self._link_checkpoints(new, 0, staging)
        sync_folder(new.folder)
        shown, old = self.target / "log", staging.folder / "log.old"
        if shown.exists():
            os.rename(shown, old)
        try:
            os.rename(new.folder, shown)
        except BaseException as error:
            if old.exists() and not shown.exists():
                os.rename(old, shown)
            if isinstance(error, OSError) and error.errno in _TAKEN:
                raise ConflictError(
                    f"{self.target}: another job has copied to this folder meanwhile. "
                    "Copy again: what was written stays"
                ) from error
            raise
        sync_folder(self.target)
