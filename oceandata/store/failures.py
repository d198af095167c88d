"""What the file system refused, as errors that say what to do."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from oceandata.errors import StoreError

_REASONS = {
    errno.ENOSPC: "no space is left on the device; free some and run it again",
    errno.EDQUOT: "the disk quota is used up; free some space and run it again",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "permission was denied; the store is read-only for this user",
    errno.EPERM: "permission was denied; the store is read-only for this user",
    errno.EIO: "the device reported an input/output error",
    errno.EMFILE: "too many files are open; raise the limit (ulimit -n)",
}


@contextmanager
def storage(root: Path, doing: str) -> Iterator[None]:
    """Turn an error of the file system into a StoreError; the log stays as it was."""
    try:
        yield
    except OSError as error:
        known = _REASONS.get(error.errno or 0)
        if known is None:
            raise
        where = f" ({error.filename})" if error.filename else ""
        raise StoreError(
            f"{root}: {doing} failed: {known}{where}. The log is unchanged: what was "
            "committed before is complete, nothing of this commit is visible"
        ) from error
