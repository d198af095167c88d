"""What the log promises: every file of a commit, with its size and its checksum.

Verifying, copying and restoring walk the same list. A path is relative to the store;
``part`` names what the file belongs to: the id of a part, ``log`` or ``quarantine``.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import google_crc32c

from oceandata.errors import DamagedStoreError
from oceandata.store.log import Log, State, read_json

_BLOCK = 1 << 20
SCARCE = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)
"""Errors of this process or machine, which say nothing of a file."""


@dataclass(frozen=True)
class Expected:
    """One file that a commit names.

    size : bytes. crc : CRC-32C (8 hexadecimal digits), None where the log has none.
    blake : BLAKE2b (16 bytes, hexadecimal) of a part's list of files, else None.
    """

    path: str
    part: str
    size: int
    crc: str | None = None
    blake: str | None = None

    def fault(self, root: Path, *, deep: bool) -> str:
        """Why the file under ``root`` is not this one; empty if it is.

        A file that cannot be read (no permission, a bad sector) is not.
        """
        try:
            return self._fault(root / self.path, deep)
        except OSError as error:
            if error.errno in SCARCE:
                raise
            return error.strerror or str(error)

    def _fault(self, path: Path, deep: bool) -> str:
        found = os.stat(path).st_size
        if found != self.size:
            return f"{found:,} bytes, the log says {self.size:,}"
        if self.blake is not None:
            return self._fault_of_list(path)
        if deep and self.crc is not None and crc_of(path) != self.crc:
            return "differs from its checksum"
        if deep and self.crc is None:
            return _fault_of_parquet(path)
        return ""

    def _fault_of_list(self, path: Path) -> str:
        same = blake_of(path.read_bytes()) == self.blake
        return "" if same else "differs from the hash in the log"


def reachable(log: Log, number: int) -> tuple[list[dict], list[dict]]:
    """Records of the parts that a commit shows, and of those only older ones show.

    Older commits are those that can still be read: not those that a vacuum gave up.
    """
    state = log.state(number)
    floor = min(max(log.state().floor, state.floor), number)
    older = dict(log.state(floor).parts)
    for at in range(floor + 1, number + 1):
        older |= {record["id"]: record for record in log.entry(at).get("add", ())}
    live = list(state.parts.values())
    return live, [r for ident, r in older.items() if ident not in state.parts]


def list_of(record: dict[str, Any]) -> Expected:
    """The list of files of a part, itself a file."""
    name = f"parts/{record['dataset']}/{record['id']}.json"
    told = record["manifest"]
    return Expected(name, record["id"], told["size"], blake=told["blake2b"])


def files_of_part(root: Path, record: dict[str, Any]) -> list[Expected]:
    """The files in a part's list; DamagedStoreError if the list is not whole."""
    listed = list_of(record)
    if fault := listed.fault(root, deep=True):
        raise DamagedStoreError(f"{root / listed.path}: {fault}")
    folder = listed.path.removesuffix(".json") + ".zarr"
    files = read_json(root / listed.path)["files"]
    return [
        Expected(f"{folder}/{name}", record["id"], size, crc=crc)
        for name, (size, crc) in files.items()
    ]


def quarantine_files(state: State) -> list[Expected]:
    """Files of rejected rows."""
    return [
        Expected(
            f"quarantine/{record['file']}",
            "quarantine",
            record["bytes"],
            crc=record.get("crc32c"),
        )
        for record in state.quarantine.values()
    ]


def blake_of(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def crc_of(path: Path) -> str:
    """CRC-32C of a file, 8 hexadecimal digits."""
    with open(path, "rb", buffering=0) as file:
        return crc_of_blocks(iter(lambda: file.read(_BLOCK), b""))


def crc_of_blocks(blocks: Iterable[bytes]) -> str:
    crc = 0
    for block in blocks:
        crc = google_crc32c.extend(crc, block)
    return f"{crc:08x}"


def _fault_of_parquet(path: Path) -> str:
    """Rejected rows of stores that recorded no checksum: can they be read?"""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        return f"cannot be read ({error})"
    return ""
