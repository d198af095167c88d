"""Which column of a frame means what, by the names that tables use for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from oceandata.readers import generic, noaa
from oceandata.readers.frames import NAMES

_PIECE = re.compile(r"/\d+$")


def _aliases() -> dict[str, tuple[str, ...]]:
    words: dict[str, list[str]] = {name: [name] for name in NAMES}
    for layout in (generic.LAYOUT, noaa.LAYOUT):
        for column in layout.columns:
            if column.name in words:
                words[column.name] += column.aliases
    words["lon"] += ["decimallongitude"]
    words["lat"] += ["decimallatitude"]
    return {name: tuple(dict.fromkeys(found)) for name, found in words.items()}


ALIASES = _aliases()
"""Names of each canonical column, in lower case, the better ones first."""


def canonical_places(
    names: Iterable[str], columns: Mapping[str, str] | None
) -> tuple[dict[str, str], list[str]]:
    """Canonical name -> the frame's name, and what is wrong but for lon and lat.

    ``columns`` names what is called otherwise. Where both ``mmsi`` and ``vessel`` are
    found, the one that ``columns`` names counts, or else the MMSI.
    """
    names = [str(name) for name in names]
    folded = {name.strip().casefold(): name for name in reversed(names)}
    said = dict(columns or {})
    faults = [
        f"columns= names {own!r} for {name!r}, but no column is called so"
        for name, own in said.items()
        if own not in names
    ]
    faults += [
        f"columns= has {name!r}, which is none of {', '.join(NAMES)}"
        for name in said
        if name not in NAMES
    ]
    taken = set(said.values())
    found: dict[str, str] = {}
    for name, words in ALIASES.items():
        if name in said:
            if said[name] in names:
                found[name] = said[name]
            continue
        own = next((folded[word] for word in words if word in folded), None)
        if own is not None and own not in taken:
            found[name] = own
    if {"mmsi", "vessel"} <= found.keys():
        del found["mmsi" if "vessel" in said and "mmsi" not in said else "vessel"]
    if not {"mmsi", "vessel"} & found.keys():
        faults.append("no column of vessels: name 'mmsi' or 'vessel' (any id)")
    if "time" not in found:
        faults.append("column 'time' is missing")
    return found, faults


def vessel_of(text: str, *, split: bool) -> str:
    """The id of a vessel in a trajectory id of OceanData.

    Without its prefix and, if the tracks were ``split``, without the piece's number.

    >>> vessel_of("VMS-0391/2", split=True), vessel_of("VMS-A/2", split=False)
    ('0391', 'A/2')
    """
    text = text.removeprefix("VMS-")
    return _PIECE.sub("", text) if split else text
