"""Files that appear whole or not at all.

A product is written beside its target under another name, flushed to the disk, and
renamed over it. A reader sees the old file or the new one; a killed job leaves at most
a file whose name ends with ``.part``.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a temporary path in the folder of `path`; rename it over `path` at the end.

    If the block raises, the temporary file is removed and `path` stays as it was.
    """
    target = Path(path)
    if target.is_dir():
        raise IsADirectoryError(f"{target} is a folder; expected the path of a file")
    _check_folder(target)
    part = target.with_name(f".{target.name}.{secrets.token_hex(6)}.part")
    try:
        yield part
        flush(part)
        os.replace(part, target)
        flush(target.parent)
    finally:
        with suppress(FileNotFoundError):
            part.unlink()


def _check_folder(target: Path) -> None:
    """The folder of a target is there, and this user may write in it."""
    if not target.parent.is_dir():
        raise FileNotFoundError(
            f"{target}: the folder {target.parent} does not exist; create it first"
        )
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise PermissionError(
            f"{target}: the folder {target.parent} is read-only for this user; choose "
            "another one"
        )


def flush(path: Path) -> None:
    """Wait until a file or folder is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def replacing_folder(path: str | os.PathLike, *, mark: str) -> Iterator[Path]:
    """Yield a temporary folder beside `path`; rename it to `path` at the end.

    Every file in it is flushed first. A folder that stands there is replaced only if
    it holds the file `mark`: it is moved aside, then removed, so that a reader who
    opens in between finds the old one, the new one, or for an instant none.
    """
    target = Path(path)
    _check_folder(target)
    if target.exists() and not (target / mark).is_file():
        raise FileExistsError(
            f"{target} stands there and holds no {mark}: it is not replaced; choose "
            "another name or remove it yourself"
        )
    token = secrets.token_hex(6)
    part, old = (
        target.with_name(f".{target.name}.{token}.{e}") for e in ("part", "old")
    )
    try:
        yield part
        for folder, _, files in os.walk(part):
            for name in files:
                flush(Path(folder, name))
            flush(Path(folder))
        if target.exists():
            os.rename(target, old)
        os.rename(part, target)
        flush(target.parent)
    except BaseException:
        if old.exists() and not target.exists():
            os.rename(old, target)
        raise
    finally:
        shutil.rmtree(part, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
