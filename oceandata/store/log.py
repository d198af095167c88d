"""The log of a store: numbered, immutable JSON entries, and nothing else decides.

An entry is a delta (parts added and removed, sources, quarantine files). It is written
to a temporary file, made durable, and then linked to the next free number with
``link(2)``, which fails if the number exists: so two writers never share a number and
no lock is needed. Every hundredth entry is followed by a checkpoint, the whole state at
that number, created in the same way.

This layer knows no arrays. It promises: numbers are dense; an entry never changes;
order is the number; time is ``max(now, parent + 1 µs)`` and only informs.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import platform
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from oceandata.errors import DamagedStoreError, StoreError
from oceandata.store.seal import check_seal, seal
from oceandata.store.state import FORMAT, State, format_time
from oceandata.store.state import parse_time as parse_time

CHECKPOINT_EVERY = 100
GRACE_SECONDS = 7 * 86400.0


@dataclass(frozen=True)
class Draft:
    """An entry before it has a number.

    body : the JSON fields of the delta (``kind``, ``add``, ``remove``, …).
    oldest : when the oldest part it adds was finished, by the file server's clock.
    """

    body: dict[str, Any]
    oldest: float | None = None


class Log:
    """The numbered entries under ``<store>/log``."""

    def __init__(self, root: str | os.PathLike[str], *, grace: float = GRACE_SECONDS):
        self.root = Path(root)
        self.folder = self.root / "log"
        self.grace = grace
        self._state: State | None = None

    def entry_path(self, number: int) -> Path:
        return self.folder / f"{number:012d}.json"

    def checkpoint_path(self, number: int) -> Path:
        return self.folder / f"{number:012d}.checkpoint.json"

    def exists(self, number: int) -> bool:
        """Whether an entry can be opened: directory listings may lag, opens do not."""
        try:
            os.close(os.open(self.entry_path(number), os.O_RDONLY))
        except FileNotFoundError:
            return False
        except PermissionError:
            os.lstat(self.entry_path(number))  # it is there; reading it says why not
        return True

    def head(self, *, hint: int = 0) -> int:
        """The highest number. Opens O(log n) files, lists none."""
        low = hint if hint > 0 and self.exists(hint) else 0
        if low == 0 and not self.exists(0):
            raise StoreError(
                f"{self.root} is not a store: {self.entry_path(0)} is missing"
            )
        step = 1
        while self.exists(low + step):
            low, step = low + step, step * 2
        high = low + step
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.exists(middle) else (low, middle)
        return low

    def entry(self, number: int) -> dict[str, Any]:
        path = self.entry_path(number)
        try:
            entry = read_sealed(path)
        except PermissionError as error:
            raise DamagedStoreError(
                f"{path}: {error.strerror}; let this user read it, or restore it from "
                "a copy of the store"
            ) from error
        if not {"number", "time"} <= entry.keys():
            raise DamagedStoreError(
                f"{path} is no entry of a log; restore it from a copy of the store"
            )
        return entry

    def state(self, number: int | None = None) -> State:
        """The state at a number (default: the head)."""
        known = self._state
        if number is None:
            number = self.head(hint=known.number if known else 0)
        if known is None or known.number > number:
            known = self._checkpoint(number)
        if known.number < number:
            entries = [self.entry(n) for n in range(known.number + 1, number + 1)]
            known = known.advanced(entries)
        if self._state is None or known.number > self._state.number:
            self._state = known
        return known

    def _checkpoint(self, number: int) -> State:
        """The newest checkpoint at or below a number; the void before entry 0 else."""
        for at in range(number - number % CHECKPOINT_EVERY, 0, -CHECKPOINT_EVERY):
            try:
                return State.from_json(read_sealed(self.checkpoint_path(at)))
            except (OSError, DamagedStoreError):
                continue  # never needed: the entries say the same
        return State()

    def commit(self, prepare: Callable[[State], Draft | None]) -> dict[str, Any] | None:
        """Append one entry; ``prepare`` is asked again whenever another came first.

        ``prepare`` gets the state of the current head and returns the draft that is
        valid on top of it, None if nothing is left to say, or raises
        :class:`~oceandata.errors.ConflictError`.
        """
        identity = uuid.uuid4().hex
        while True:
            state = self.state()
            draft = prepare(state)
            if draft is None:
                return None
            stamp = max(time.time_ns() // 1000, state.time + 1)
            entry = {
                "format": FORMAT,
                "number": state.number + 1,
                "uuid": identity,
                "time": format_time(stamp),
                "software": software(),
                **draft.body,
            }
            if self.place(entry, draft.oldest):
                self._write_checkpoint(entry["number"])
                return entry

    def place(self, entry: dict[str, Any], oldest: float | None) -> bool:
        """Give the entry its number; False if another entry has it."""
        target = self.entry_path(entry["number"])
        temporary = self.folder / f"tmp-{uuid.uuid4().hex}"
        try:
            now = write_durably(temporary, seal(dump_json(entry)))
            if oldest is not None and now - oldest > self.grace / 2:
                raise StoreError(
                    f"a part was finished {(now - oldest) / 86400:.1f} days ago; "
                    f"parts older than {self.grace / 2 / 86400:.1f} days are not "
                    "committed, since vacuum may remove them. Ingest again"
                )
            if not link_once(temporary, target, entry["uuid"]):
                return False
            self._flush_names(entry["number"])
            return True
        finally:
            with contextlib.suppress(OSError):
                os.unlink(temporary)

    def _flush_names(self, number: int) -> None:
        """Make a link durable. Too late to take it back: others may have seen it."""
        try:
            sync_folder(self.folder)
        except OSError as error:
            raise StoreError(
                f"{self.root}: commit {number} was made and is visible, but its name "
                f"could not be flushed to the device ({error.strerror}), so a power "
                "failure may lose it. Check the disk, then run this again: what is "
                "committed is not repeated"
            ) from error

    def names_any(self, names: set[str], since: int) -> bool:
        """Does an entry after ``since`` add one of these parts or quarantine files?

        Asked before files of a failed commit are removed: the error may have come
        after the link. Where the log cannot be read the answer is yes, since files
        that stay do no harm.
        """
        try:
            for number in range(since + 1, self.head(hint=max(since, 0)) + 1):
                entry = self.entry(number)
                added = {part["id"] for part in entry.get("add", ())}
                added |= {record["file"] for record in entry.get("quarantine", ())}
                if added & names:
                    return True
        except (OSError, StoreError):
            return True
        return False

    def _write_checkpoint(self, number: int) -> None:
        """Write the checkpoint that is due; its absence costs time, never truth."""
        due = number - number % CHECKPOINT_EVERY
        if due == 0 or self.checkpoint_path(due).exists():
            return
        temporary = self.folder / f"tmp-{uuid.uuid4().hex}"
        with contextlib.suppress(OSError):
            document = seal(dump_json(self.state(due).to_json()))
            write_durably(temporary, document)
            with contextlib.suppress(FileExistsError):
                os.link(temporary, self.checkpoint_path(due))
            sync_folder(self.folder)
        with contextlib.suppress(OSError):
            os.unlink(temporary)


def link_once(temporary: Path, target: Path, identity: str) -> bool:
    """Link a file to a name that must be new; True if the name is now ours.

    A file server may carry a link out, lose its reply, and answer the repetition with
    "exists" or "not found". So an error is not believed before the target was looked
    at: the same inode, or our UUID inside, is success.
    """
    try:
        os.link(temporary, target)
        return True
    except OSError as error:
        try:
            there, ours = os.stat(target), os.stat(temporary)
        except FileNotFoundError:
            raise error from None
        same_file = (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)
        if same_file and ours.st_nlink >= 2:
            return True
        if read_json(target).get("uuid") == identity:
            return True
        if error.errno in (errno.EEXIST, errno.ENOENT, errno.ESTALE):
            return False
        raise


def probe_hard_links(folder: Path) -> None:
    """Refuse a file system on which the commit protocol cannot work."""
    first = folder / f"tmp-{uuid.uuid4().hex}"
    second = folder / f"tmp-{uuid.uuid4().hex}"
    try:
        write_durably(first, b"probe")
        try:
            os.link(first, second)
        except OSError as error:
            raise StoreError(
                f"{folder}: this file system has no hard links ({error.strerror}), "
                "which a store needs to commit without locks. Put the store on a "
                "POSIX file system (ext4, xfs, Lustre, GPFS, NFS)"
            ) from error
        try:
            os.link(first, second)
        except FileExistsError:
            return
        raise StoreError(
            f"{folder}: linking to an existing name did not fail here, so two jobs "
            "could overwrite each other's commits. Put the store elsewhere"
        )
    finally:
        for path in (first, second):
            with contextlib.suppress(OSError):
                os.unlink(path)


def write_durably(path: Path, data: bytes) -> float:
    """Write a new file and flush it to the device; its time on the file server."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
        return os.fstat(descriptor).st_mtime
    finally:
        os.close(descriptor)


def sync_folder(folder: str | os.PathLike[str]) -> None:
    """Flush the names in a folder to the device."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def dump_json(document: Any) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def read_sealed(path: Path) -> dict[str, Any]:
    """An entry or a checkpoint; DamagedStoreError if it is not what was written."""
    data = _whole(path)
    document = _parse(path, data)
    check_seal(path, data)
    document.pop("check", None)
    return document


def read_json(path: Path) -> dict[str, Any]:
    return _parse(path, _whole(path))


def _whole(path: Path) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def _parse(path: Path, data: bytes) -> dict[str, Any]:
    try:
        document = json.loads(data)
        if not isinstance(document, dict):
            raise ValueError("expected an object")
    except ValueError as error:
        raise DamagedStoreError(
            f"{path} holds {len(data)} bytes that are not JSON ({error}); "
            "restore it from a copy of the store"
        ) from error
    return document


_SOFTWARE: dict[str, str] = {}


def software() -> dict[str, str]:
    """Versions that wrote an entry."""
    if not _SOFTWARE:
        _SOFTWARE["python"] = platform.python_version()
        for name in ("oceandata-hpc", "numpy", "numcodecs", "numba"):
            with contextlib.suppress(PackageNotFoundError):
                _SOFTWARE[name] = version(name)
    return dict(_SOFTWARE)
