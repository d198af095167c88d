"""Faults of a job file, collected with their places and told at once."""

from __future__ import annotations

from pathlib import Path

from oceandata.errors import JobError
from oceandata.job.lines import line_of


class Faults:
    """Collects faults with their places."""

    def __init__(self, path: Path, places: dict):
        self.path, self.places, self.found = path, places, []

    def add(self, place: tuple, text: str) -> None:
        line = line_of(self.places, place)
        at = f"line {line}: " if line else ""
        entry = (line or 10**9, f"{at}{_label(place)}: {text}")
        if entry not in self.found:
            self.found.append(entry)

    def raise_any(self) -> None:
        if not self.found:
            return
        faults = [text for _, text in sorted(self.found, key=lambda item: item[0])]
        if len(faults) == 1:
            error = JobError(f"{self.path}: {faults[0]}")
        else:
            rows = "\n".join(f"  - {fault}" for fault in faults)
            error = JobError(f"{self.path}: {len(faults)} faults:\n{rows}")
        error.faults = faults
        raise error


def _label(place: tuple) -> str:
    """``[[step]] 2 gap`` for ("step", 1, "gap")."""
    if len(place) > 1 and isinstance(place[1], int):
        head, rest = f"[[{place[0]}]] {place[1] + 1}", place[2:]
    elif place:
        head, rest = f"[{place[0]}]", place[1:]
    else:
        head, rest = "job file", ()
    return " ".join([head, *(str(part) for part in rest if isinstance(part, str))])
