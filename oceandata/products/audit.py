"""The audit log: who took out what is confidential, when, and why.

One JSON line an event, appended under a lock, flushed to the disk before the export
begins, and chained: each line holds the SHA-256 of the line before it. A line that is
changed, removed or put in breaks the chain there; lines cut off at the end are noticed
by who has noted the last hash (products carry the hash of their own line).

The log is the file that ``OCEANDATA_AUDIT`` names, else ``audit.jsonl`` in the folder
of the product. It holds no identities of vessels and no keys.
"""

from __future__ import annotations

import fcntl
import getpass
import hashlib
import json
import os
import platform
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from oceandata.errors import AuditError, ConfidentialError

NAME = "audit.jsonl"
FIRST = "0" * 64
"""What stands as the hash before the first line."""


@dataclass(frozen=True)
class Verified:
    """An audit log that was checked: its events and the hash of its last line."""

    path: Path
    events: list[dict[str, Any]]
    head: str


def log_path(product: str | os.PathLike | None) -> Path:
    """The log that an export of `product` is written to."""
    named = os.environ.get("OCEANDATA_AUDIT")
    if named:
        return Path(named).expanduser()
    folder = Path.cwd() if product is None else Path(product).absolute().parent
    return folder / NAME


def keep(product: str | os.PathLike | None) -> None:
    """Refuse a product that would take the place of the log that tells of it."""
    if product is None:
        return
    log = os.path.realpath(log_path(product))
    path = os.path.realpath(product)
    if log in (path, f"{path}.json") or log.startswith(f"{path}{os.sep}"):
        raise AuditError(
            f"{product} would take the place of the audit log {log}; choose another "
            "name for the product"
        )


def append(event: Mapping[str, Any], *, path: str | os.PathLike) -> dict[str, Any]:
    """Append one event and wait until it is on the disk.

    Parameters
    ----------
    event : mapping
        What JSON can hold: ``event``, ``product``, ``reason`` …
    path : path
        The log; made with mode 0600 where it is missing.

    Returns
    -------
    dict
        The event with ``number``, ``time``, ``user``, ``host``, ``previous``, and the
        ``sha256`` of its line.

    Raises
    ------
    AuditError
        The log cannot be written or locked, is no regular file, or its last line is
        broken: nothing is exported then.
    """
    path = Path(path)
    try:
        with _locked(path) as descriptor:
            last = _last_line(descriptor, path)
            number, previous = _after(last, path)
            line = _line({"number": number, "previous": previous} | _who() | event)
            _write(descriptor, line)
    except OSError as error:
        raise AuditError(
            f"the audit log {path} cannot be written ({error.strerror or error}); what "
            "is confidential is not exported without it. Set OCEANDATA_AUDIT to a file "
            "that can be written and locked"
        ) from None
    return json.loads(line) | {"sha256": _digest(line)}


def verify(path: str | os.PathLike, *, expect: str | None = None) -> Verified:
    """Read a log and check its chain from the first line to the last.

    Parameters
    ----------
    path : path of the log, or of the folder it lies in
    expect : str, optional
        A hash that was noted earlier (8 characters or more): some line must have it,
        else lines were cut off at the end.

    Raises
    ------
    AuditError
        The first line that does not follow from the one before, by its number.
    """
    path = Path(path)
    path = path / NAME if path.is_dir() else path
    events, previous, found = [], FIRST, not expect
    if expect and len(expect) < 8:
        raise AuditError(f"expect at least 8 characters of a hash, got {expect!r}")
    if not path.exists():
        raise AuditError(
            f"{path}: there is no such log; name its file or folder (exports write to "
            f"$OCEANDATA_AUDIT, else to {NAME} beside the product)"
        )
    with open(path, "rb") as file:
        for number, line in enumerate(file, start=1):
            event = _event(line, path, number)
            if event.get("previous") != previous or event.get("number") != number:
                raise AuditError(
                    f"{path}: line {number} does not follow from the line before it: a "
                    "line was changed, removed or put in there or just before"
                )
            previous = _digest(line)
            found = found or previous.startswith(expect or "")
            events.append(event | {"sha256": previous})
    if not found:
        raise AuditError(
            f"{path}: no line has the hash {expect}; lines were cut off, or this is "
            "another log"
        )
    return Verified(path, events, previous)


def require_reason(reason: str | None, *, what: str) -> str:
    """The reason of an export that is asked for by name; ConfidentialError if none."""
    text = (reason or "").strip()
    if len(text) < 3:
        raise ConfidentialError(
            f'{what}: confidential="allow" needs reason="…": who gets it and what for; '
            f"it is written to the audit log. Got {reason!r}"
        )
    return text


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise AuditError(f"the audit log {path} is no regular file")
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def _last_line(descriptor: int, path: Path) -> bytes:
    size = os.fstat(descriptor).st_size
    tail, start = b"", size
    while start > 0 and b"\n" not in tail[:-1]:
        step = min(start, 4096)
        start -= step
        tail = os.pread(descriptor, step, start) + tail
    if size and not tail.endswith(b"\n"):
        raise AuditError(
            f"{path}: the last line is broken; check it with oceandata audit"
        )
    return tail.splitlines(keepends=True)[-1] if tail else b""


def _after(last: bytes, path: Path) -> tuple[int, str]:
    if not last:
        return 1, FIRST
    return int(_event(last, path, -1)["number"]) + 1, _digest(last)


def _event(line: bytes, path: Path, number: int) -> dict[str, Any]:
    where = "the last line" if number < 0 else f"line {number}"
    try:
        event = json.loads(line)
    except ValueError:
        event = None
    if not isinstance(event, dict) or "number" not in event or line[-1:] != b"\n":
        raise AuditError(f"{path}: {where} is no event of an audit log")
    return event


def _who() -> dict[str, str]:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a number without an account, as in containers
        user = f"uid {os.getuid()}"
    time = datetime.now(UTC).isoformat(timespec="milliseconds")
    return {"time": time, "user": user, "host": platform.node()}


def _line(event: Mapping[str, Any]) -> bytes:
    return json.dumps(event, ensure_ascii=False, default=str).encode() + b"\n"


def _digest(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()


def _write(descriptor: int, line: bytes) -> None:
    written = os.write(descriptor, line)
    if written != len(line):
        raise OSError(f"only {written} of {len(line)} bytes fitted")
    os.fsync(descriptor)
