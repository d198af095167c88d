"""Entries of a catalogue as they may be written: without identities in their texts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from oceandata.products import identities, origin


def public_catalogue(found: Any, **words: str) -> tuple[Any, dict[str, str]]:
    """A catalogue and the words around it, masked against all stores in it.

    Parameters
    ----------
    found : Catalog
        With ``entries`` and ``faults``.
    **words
        Title, description … of the page.

    Returns
    -------
    Catalog, dict
        Ids stay distinct: the second ``fleet of [vessel]`` becomes ``… 2``.
    """
    stores = {
        Path(entry.place): entry.commit
        for entry in found.entries
        if (Path(entry.place) / "log").is_dir()
    }
    known = identities.NOBODY
    for place, commit in stores.items():
        known = known | origin.identities_of(place, commit)
    mask = identities.mask_text
    heads: dict[str, str] = {}
    with identities.known(known):
        for entry in found.entries:
            head = entry.id.partition("/")[0]
            if head not in heads:
                count = [mask(each) for each in heads].count(mask(head))
                heads[head] = f"{mask(head)} {count + 1}" if count else mask(head)
        entries = [_masked(entry, heads) for entry in found.entries]
        faults = [mask(fault) for fault in found.faults]
        told = {name: mask(text) for name, text in words.items()}
    return replace(found, entries=tuple(entries), faults=tuple(faults)), told


def _masked(entry: Any, heads: dict[str, str]) -> Any:
    mask = identities.mask_text
    head, slash, tail = entry.id.partition("/")
    return replace(
        entry,
        id=heads[head] + slash + mask(tail),
        store=mask(entry.store),
        said={name: mask(text) for name, text in entry.said.items()},
        quarantined={mask(reason): n for reason, n in entry.quarantined.items()},
    )
