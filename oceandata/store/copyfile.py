"""One file from a store to another: its bytes checked on the way and where they lie.

A file is written under ``copying/<run>`` of the target, flushed to the device, read
back, and only then given its name. So a name in a store never stands for half a file.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path

from oceandata.errors import DamagedStoreError
from oceandata.store.log import sync_folder
from oceandata.store.promised import SCARCE, Expected, blake_of, crc_of, crc_of_blocks

STAGING = "copying"
_BLOCK = 1 << 22
_STALE_SECONDS = 86_400.0
_IN_THE_WAY = (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR, errno.EISDIR)


class Staging:
    """A folder of one run for files on their way; gone when the run ends."""

    def __init__(self, root: Path):
        self.root = root
        name = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:12]}"
        self.folder = root / STAGING / name
        os.makedirs(self.folder)
        _remove_stale(root / STAGING, self.folder)

    def new(self) -> Path:
        return self.folder / uuid.uuid4().hex

    def __enter__(self) -> Staging:
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        with contextlib.suppress(OSError):
            (self.root / STAGING).rmdir()


def copy_file(source: Path, expected: Expected, staging: Staging) -> int:
    """Bring a file from the store at ``source`` to the one of the staging folder.

    Returns its bytes.

    Raises
    ------
    DamagedStoreError
        The file at the source is not what the log promises, or what lies on the
        target's disk is not what was written to it.
    """
    unknown = expected.blake is None and expected.crc is None
    if unknown and (fault := expected.fault(source, deep=True)):
        raise DamagedStoreError(f"{source / expected.path}: {fault}")
    temporary = staging.new()
    size, crc = _write(source / expected.path, temporary)
    _check_source(source, expected, temporary, size, crc)
    back = crc_of(temporary)
    if back != crc:
        raise DamagedStoreError(
            f"{staging.root / expected.path}: read back with other bytes than were "
            f"written (CRC-32C {back}, not {crc}). Check the disk of the copy"
        )
    place(temporary, staging.root / expected.path)
    return size


def _write(source: Path, target: Path) -> tuple[int, str]:
    """Write a file durably and drop it from memory; its bytes and CRC-32C."""
    size = 0

    def blocks(file, out) -> Iterator[bytes]:
        nonlocal size
        while block := _block(file):
            view = memoryview(block)
            while view:
                view = view[out.write(view) :]
            size += len(block)
            yield block

    try:
        with (
            open(source, "rb", buffering=0) as file,
            open(target, "xb", buffering=0) as out,
        ):
            crc = crc_of_blocks(blocks(file, out))
            os.fsync(out.fileno())
            # Reading back shall come from the device, not from memory.
            with contextlib.suppress(OSError, AttributeError):
                os.posix_fadvise(out.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    except OSError as error:
        if error.filename == str(source) and error.errno not in SCARCE:
            raise DamagedStoreError(f"{source}: {error.strerror}") from error
        raise
    return size, crc


def _block(file) -> bytes:
    """The next bytes of a source; a device that cannot give them damages the file."""
    try:
        return file.read(_BLOCK)
    except OSError as error:
        raise DamagedStoreError(f"{file.name}: {error.strerror}") from error


def _check_source(source: Path, expected: Expected, copy: Path, size: int, crc: str):
    """What was read is what the log promises."""
    if size != expected.size:
        why = f"{size:,} bytes, the log says {expected.size:,}"
    elif expected.crc is not None and crc != expected.crc:
        why = "differs from its checksum"
    elif expected.blake is not None and blake_of(copy.read_bytes()) != expected.blake:
        why = "differs from the hash in the log"
    else:
        return
    raise DamagedStoreError(f"{source / expected.path}: {why}")


def place(temporary: Path, target: Path) -> None:
    """Give a written file its name; what has the name is replaced at once.

    Raises
    ------
    DamagedStoreError
        A folder that is not empty, or a file, stands where none belongs.
    """
    try:
        os.makedirs(target.parent, exist_ok=True)
        if target.is_dir() and not target.is_symlink():
            os.rmdir(target)
        os.replace(temporary, target)
    except OSError as error:
        if error.errno not in _IN_THE_WAY:
            raise
        raise DamagedStoreError(
            f"{error.filename}: something else has the place of {target} "
            f"({error.strerror}); move it away"
        ) from error


def link_new(temporary: Path, target: Path) -> bool:
    """Give a written file a new name; False if the name exists.

    Where the file system has no hard links no store can be written by jobs, so that
    looking first and renaming then is safe.
    """
    try:
        os.link(temporary, target)
    except FileExistsError:
        return False
    except OSError:
        if target.exists():
            return False
        os.replace(temporary, target)
    return True


def sync_folders(root: Path, folders: set[Path]) -> None:
    """Flush folders, and all that is above them within the store."""
    above = {root}
    for folder in folders:
        while folder != root:
            above.add(folder)
            folder = folder.parent
    for folder in sorted(above, key=lambda path: -len(path.parts)):
        sync_folder(folder)


def _remove_stale(folder: Path, ours: Path) -> None:
    """Remove what killed runs left a day ago, by the clock of the file server."""
    now = ours.stat().st_mtime
    for path in folder.iterdir():
        with contextlib.suppress(OSError):
            dead = _is_dead(path.name)
            if path != ours and (dead or now - path.stat().st_mtime > _STALE_SECONDS):
                shutil.rmtree(path, ignore_errors=True)


def _is_dead(name: str) -> bool:
    """Whether a run of this machine is known to have ended."""
    host, _, rest = name.rpartition("-")[0].rpartition("-")
    if host != socket.gethostname() or not rest.isdigit():
        return False
    try:
        os.kill(int(rest), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
