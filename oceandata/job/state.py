"""What a job has finished: one small file in its output folder, replaced atomically.

A step or product is skipped when its key (the hash of everything that went into it) and
its file's hash are those noted. Killed between a result and its note, it is done again.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from oceandata.products.atomic import replacing

NAME = "job-state.json"


def key_of(**content: Any) -> str:
    """Hash of what went into a result."""
    text = json.dumps(content, sort_keys=True, default=str, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def file_hash(path: Path) -> str:
    """Hash of a file's content, or of all files of a folder with their names."""
    if path.is_dir():
        files = sorted(each for each in path.rglob("*") if each.is_file())
        return key_of(files={str(f.relative_to(path)): file_hash(f) for f in files})
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class State:
    """Keys of finished results by name, kept in ``<output>/job-state.json``."""

    def __init__(self, output: Path):
        self.path = output / NAME
        self.finished: dict[str, dict] = {}
        self.reload()

    def reload(self) -> None:
        """Read the file again; a missing or broken one means nothing is finished."""
        try:
            found = json.loads(self.path.read_text("utf-8"))
            self.finished = dict(found["finished"])
        except (OSError, ValueError, KeyError, TypeError):
            self.finished = {}

    def has(self, name: str, key: str, path: Path) -> bool:
        """Whether this result was finished with this key and its file is unchanged."""
        noted = self.finished.get(name)
        if not noted or noted.get("key") != key or not path.exists():
            return False
        return noted.get("sha256") == file_hash(path)

    def note(self, name: str, key: str, path: Path) -> None:
        """Note a finished result, at once and for good."""
        self.finished[name] = {
            "key": key,
            "file": path.name,
            "sha256": file_hash(path),
        }
        with replacing(self.path) as part:
            part.write_text(json.dumps({"finished": self.finished}, indent=1), "utf-8")

    def forget(self) -> None:
        """Forget all results, so that they are made again."""
        self.finished = {}
        self.path.unlink(missing_ok=True)
