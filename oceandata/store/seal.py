"""Seals: an entry of the log ends with a hash of itself, so that no bit of it can flip.

The hash covers every byte before it, as they stand in the file; so it does not matter
how JSON would be written another time. Entries of the first stores have no seal.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from oceandata.errors import DamagedStoreError

_END = re.compile(rb',"check":"([0-9a-f]{32})"}\Z')


def seal(document: bytes) -> bytes:
    """A JSON object with its hash as the last member.

    >>> seal(b'{"a":1}')
    b'{"a":1,"check":"8fef35b69ffd5eee960e5eed655bcc93"}'
    """
    return document[:-1] + b',"check":"' + _digest(document[:-1]) + b'"}'


def is_sealed(data: bytes) -> bool:
    """Whether a document ends with a seal, right or wrong."""
    return _END.search(data) is not None


def check_seal(path: Path, data: bytes) -> None:
    """DamagedStoreError if a sealed document is not what was sealed."""
    found = _END.search(data)
    if found and _digest(data[: found.start()]) != found[1]:
        raise DamagedStoreError(
            f"{path}: differs from its checksum; restore it from a copy of the store"
        )


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=16).hexdigest().encode()
