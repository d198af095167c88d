"""What is said of the datasets of a store: owner, licence, sensitivity.

It stands in the log, in commits of kind ``describe``, so that an older commit shows
what was said then. What is said of ``"*"`` holds for every dataset, unless something
else is said of it by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oceandata.store.log import Draft, Log, State

PUBLIC, RESTRICTED, SECRET = CLASSES = ("public", "restricted", "secret")
"""Classes of sensitivity, from the most open to the most closed."""

EVERY = "*"
FIELDS = (
    "title",
    "description",
    "owner",
    "license",
    "license_url",
    "attribution",
    "doi",
    "redistribution",
    "contact",
    "sensitivity",
)
REDISTRIBUTION = ("allowed", "unknown", "forbidden")
DEFAULT = RESTRICTED
"""What nobody has said anything of: it comes from vessels, so it stays inside."""


def about(state: State, dataset: str) -> dict[str, str]:
    """What was said of a dataset at a commit; ``sensitivity`` is always there."""
    said = {"sensitivity": DEFAULT}
    for name in (EVERY, dataset):
        said |= {k: v for k, v in state.about.get(name, {}).items() if v is not None}
    return said


def describe(log: Log, dataset: str, said: Mapping[str, Any], message: str) -> int:
    """Commit what is said of a dataset; the number of the commit."""
    words = checked(said)
    if not words:
        raise ValueError(f"nothing was said; pass at least one of {', '.join(FIELDS)}")

    def prepare(state: State) -> Draft:
        _check_dataset(state, dataset)
        told = ", ".join(f"{name} {value!r}" for name, value in words.items())
        body = {
            "kind": "describe",
            "message": message or f"describe {dataset}: {told}",
            "describe": {dataset: words},
        }
        return Draft(body)

    return log.commit(prepare)["number"]


def first_words(**said: str | None) -> dict[str, Any]:
    """The part of a store's first entry that describes it, if anything is said."""
    words = checked({name: value for name, value in said.items() if value is not None})
    return {"describe": {EVERY: words}} if words else {}


def checked(said: Mapping[str, Any]) -> dict[str, str | None]:
    """The words, or a ValueError with every fault of them."""
    faults = [
        f"{name!r} cannot be said; known are {', '.join(FIELDS)}"
        for name in said
        if name not in FIELDS
    ]
    faults += [
        f"{name} must be text that is not empty, got {value!r}"
        for name, value in said.items()
        if value is not None and (not isinstance(value, str) or not value.strip())
    ]
    found = said.get("sensitivity")
    if isinstance(found, str) and found.strip() and found not in CLASSES:
        faults.append(f"sensitivity must be one of {', '.join(CLASSES)}; got {found!r}")
    passed_on = said.get("redistribution")
    if passed_on is not None and passed_on not in REDISTRIBUTION:
        faults.append(
            f"redistribution must be one of {', '.join(REDISTRIBUTION)}; got "
            f"{passed_on!r}"
        )
    if faults:
        raise ValueError("; ".join(faults))
    return {name: value.strip() if value else None for name, value in said.items()}


def datasets(state: State) -> list[str]:
    """Names of what a commit holds: ``tracks``, ``static``, ``maps/NAME``."""
    names = {
        f"maps/{record['name']}" if record["dataset"] == "maps" else record["dataset"]
        for record in state.parts.values()
    }
    return sorted(names, key=lambda name: (name != "tracks", name))


def _check_dataset(state: State, dataset: str) -> None:
    known = {EVERY, "tracks", "static", *datasets(state)}
    if dataset not in known:
        raise ValueError(
            f"dataset must be one of {', '.join(sorted(known))}; got {dataset!r}"
        )
