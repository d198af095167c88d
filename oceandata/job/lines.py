"""Where a section or a key stands in the text of a TOML file.

``tomllib`` keeps no line numbers. This scan knows sections (``[a]``, ``[[a]]``) and
keys at the start of a line; a key inside an inline table has the line of its section.
"""

from __future__ import annotations

import re

Place = tuple[str | int, ...]

_SECTION = re.compile(r"^\s*(\[\[?)\s*([A-Za-z0-9_.\-\"' ]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"^\s*([A-Za-z0-9_\-\"']+)\s*=(.*)$")


def lines_of(text: str) -> dict[Place, int]:
    """Line (from 1) of each place, such as ``("step", 1, "gap")``."""
    found: dict[Place, int] = {}
    counts: dict[str, int] = {}
    place: Place = ()
    depth = 0
    for number, line in enumerate(text.splitlines(), 1):
        if depth > 0:
            depth += _open_brackets(line)
            continue
        if section := _SECTION.match(line):
            name = section[2].strip("\"'")
            if section[1] == "[[":
                counts[name] = counts.get(name, -1) + 1
                place = (name, counts[name])
                found.setdefault((name,), number)
            else:
                place = tuple(name.split("."))
            found.setdefault(place, number)
        elif key := _KEY.match(line):
            found.setdefault((*place, key[1].strip("\"'")), number)
            depth = max(0, _open_brackets(key[2]))
    return found


def line_of(places: dict[Place, int], place: Place) -> int | None:
    """Line of the place, or of the nearest one around it."""
    place = tuple(place)
    while place:
        if place in places:
            return places[place]
        place = place[:-1]
    return None


def _open_brackets(line: str) -> int:
    """Brackets opened less brackets closed, outside strings and comments."""
    bare = re.sub(r"\"(\\.|[^\"\\])*\"|'[^']*'", "", line).split("#", 1)[0]
    return bare.count("[") + bare.count("{") - bare.count("]") - bare.count("}")
