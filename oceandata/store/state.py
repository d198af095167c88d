"""What a store holds at one commit: the sum of the log's entries up to it.

An entry is a delta; :meth:`State.apply` is the only place that says what each of its
fields means. Times are microseconds since 1970, UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from oceandata.errors import DamagedStoreError

FORMAT = 1


@dataclass
class State:
    """What a store holds at one commit. Treat as read-only outside this module."""

    number: int = -1
    time: int = 0
    parts: dict[str, dict[str, Any]] = field(default_factory=dict)
    sources: dict[str, dict[str, Any]] = field(default_factory=dict)
    replaced: dict[str, int] = field(default_factory=dict)
    quarantine: dict[str, dict[str, Any]] = field(default_factory=dict)
    floor: int = 0
    about: dict[str, dict[str, Any]] = field(default_factory=dict)

    def advanced(self, entries: list[dict[str, Any]]) -> State:
        """The state after these entries, which must follow this one."""
        new = State(
            self.number,
            self.time,
            dict(self.parts),
            dict(self.sources),
            dict(self.replaced),
            dict(self.quarantine),
            self.floor,
            dict(self.about),
        )
        for entry in entries:
            new.apply(entry)
        return new

    def apply(self, entry: dict[str, Any]) -> None:
        """Move this state on by one entry, in place."""
        number = entry["number"]
        if number != self.number + 1:
            raise DamagedStoreError(
                f"log entry {number} does not follow entry {self.number}"
            )
        for part in entry.get("remove", ()):
            self.parts.pop(part, None)
        for part in entry.get("add", ()):
            self.parts[part["id"]] = {"since": number, **part}
        for source in entry.get("sources", ()):
            self.sources[source["id"]] = {**source, "commit": number}
        for source in entry.get("replaces", ()):
            self.replaced[source] = number
        for rejected in entry.get("quarantine", ()):
            self.quarantine[rejected["file"]] = {**rejected, "commit": number}
        for dataset, said in entry.get("describe", {}).items():
            self.about[dataset] = {**self.about.get(dataset, {}), **said}
        self.floor = max(self.floor, entry.get("floor", 0))
        self.number = number
        self.time = parse_time(entry["time"])

    def to_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "number": self.number,
            "time": format_time(self.time),
            "parts": list(self.parts.values()),
            "sources": list(self.sources.values()),
            "replaced": self.replaced,
            "quarantine": list(self.quarantine.values()),
            "floor": self.floor,
            "about": self.about,
        }

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> State:
        return cls(
            document["number"],
            parse_time(document["time"]),
            {part["id"]: part for part in document["parts"]},
            {source["id"]: source for source in document["sources"]},
            dict(document["replaced"]),
            {rejected["file"]: rejected for rejected in document["quarantine"]},
            document["floor"],
            dict(document.get("about", {})),
        )


def format_time(microseconds: int) -> str:
    seconds, rest = divmod(microseconds, 1_000_000)
    moment = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    return f"{moment.isoformat(timespec='seconds')}.{rest:06d}Z"


def parse_time(text: str) -> int:
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return int(moment.replace(microsecond=0).timestamp()) * 1_000_000 + (
        moment.microsecond
    )
