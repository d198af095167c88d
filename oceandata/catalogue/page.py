"""The catalogue as one HTML page: it holds its maps and loads nothing."""

from __future__ import annotations

import os
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oceandata.catalogue.entries import Entry, fold
from oceandata.catalogue.locator import locator
from oceandata.catalogue.words import meaning, say
from oceandata.products.atomic import replacing
from oceandata.products.origin import created, software
from oceandata.store.sensitivity import PUBLIC, RESTRICTED, SECRET

if TYPE_CHECKING:
    from oceandata.catalogue.catalog import Catalog

_HTML = {"en": "en", "zh": "zh-CN"}
_SHOWN_UNITS = {
    "degrees_east": "°E",
    "degrees_north": "°N",
    "degree": "°",
    "knot": "kn",
}


def write_page(
    found: Catalog,
    path: str | os.PathLike[str],
    *,
    title: str = "",
    language: str = "en",
) -> Path:
    """Write the catalogue as a page to read and to search in a browser.

    Parameters
    ----------
    found : Catalog
        What :func:`oceandata.catalog` gave.
    path : path
        Of the page; a file that is there is replaced.
    title : str
        Heading.
    language : {"en", "zh"}
        Of the page; names, titles and descriptions stay as they are.

    Returns
    -------
    Path
    """

    def words(key: str, **values: Any) -> str:
        return say(language, key, **values)

    groups = len({entry.id.partition("/")[0] for entry in found})
    many = words("count", n=f"{len(found):,}", m=f"{groups:,}")
    page = _template().render(
        language=_HTML[language],
        title=title or words("title"),
        subtitle=words("count_one") if len(found) == 1 else many,
        say=words,
        classes=(PUBLIC, RESTRICTED, SECRET),
        cards=[_card(entry, language) for entry in found],
        faults=found.faults,
        version=software().get("oceandata", ""),
        created=created().strftime("%Y-%m-%d"),
    )
    with replacing(path) as part:
        part.write_text(page, encoding="utf-8")
    return Path(path)


def _card(entry: Entry, language: str) -> dict[str, Any]:
    """What the page shows of one entry."""
    kind = say(language, entry.kind)
    title = _title(entry, language)
    note = {SECRET: "kept_back"}.get(entry.sensitivity)
    if entry.sensitivity == RESTRICTED:
        note = "widened" if entry.box else "closed"
    return {
        "id": entry.id,
        "text": fold(f"{entry.text} {kind} {title}"),
        "title": title,
        "kind": kind,
        "class": entry.sensitivity,
        "class_word": say(language, entry.sensitivity),
        "description": entry.said.get("description", ""),
        "facts": list(_facts(entry, language)),
        "map": locator(entry.box, title) if entry.box else "",
        "no_map": say(
            language, "place_withheld" if entry.sensitivity == SECRET else "no_place"
        ),
        "note": say(language, note) if note else "",
        "flags": _flags(entry, language),
        "rejected": [
            (meaning(language, reason), f"{count:,}")
            for reason, count in entry.quarantined.items()
        ],
        "fields": [
            (one.name, _SHOWN_UNITS.get(one.units, one.units),
             meaning(language, one.meaning) or one.standard_name)
            for one in entry.fields
        ],
    }  # fmt: skip


def _title(entry: Entry, language: str) -> str:
    if entry.said.get("title"):
        return entry.title
    named = entry.dataset.removeprefix("maps/")
    if entry.kind in ("tracks", "static"):
        named = say(language, f"named_{entry.kind}")
    return f"{entry.store.removesuffix('.store')} · {named}"


def _facts(entry: Entry, language: str):
    """Name and value of what is known, in the order of the page."""
    unsaid = say(language, "unsaid")
    yield say(language, "owner"), entry.owner or unsaid
    yield say(language, "license"), entry.license or unsaid
    said = entry.said
    for name in ("attribution", "doi", "contact"):
        if said.get(name) and said[name] != entry.owner:
            yield say(language, name), said[name]
    if said.get("redistribution"):
        yield say(language, "redistribution"), say(language, said["redistribution"])
    if entry.start is not None and entry.stop is not None:
        yield say(language, "period"), _period(entry, language)
    if entry.box is not None:
        yield say(language, "extent"), box_text(entry.box, language)
    if entry.rows is not None:
        yield say(language, "rows"), f"{entry.rows:,}"
    if entry.vessels is not None:
        yield say(language, "vessels"), f"{entry.vessels:,}"
    if entry.bytes is not None:
        yield say(language, "size"), _size(entry.bytes)
    if entry.commit is not None:
        day = f" ({entry.updated[:10]})" if entry.updated else ""
        yield say(language, "commit"), f"{entry.commit}{day}"


def _period(entry: Entry, language: str) -> str:
    start, stop = (str(t.astype("M8[m]")).replace("T", " ") for t in
                   (entry.start, entry.stop))  # fmt: skip
    return say(language, "to", start=start, stop=stop)


def box_text(box: tuple[float, float, float, float], language: str = "en") -> str:
    """A box as people write it.

    >>> box_text((178.0, -19.5, -177.0, -16.0))
    '178°E to 177°W, 19.5°S to 16°S'
    """
    west, south, east, north = box
    lon, lat = (
        say(language, "to", start=_degrees(a, letters), stop=_degrees(b, letters))
        for a, b, letters in ((west, east, "WE"), (south, north, "SN"))
    )
    return f"{lon}, {lat}"


def _degrees(value: float, letters: str) -> str:
    text = f"{abs(value):.4f}".rstrip("0").rstrip(".")
    return f"{text}°{letters[value >= 0]}"


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def _flags(entry: Entry, language: str) -> list[dict[str, str]]:
    total = sum(entry.flags.values())
    return [
        {
            "name": say(language, name),
            "class": name,
            "count": f"{count:,}",
            "share": f"{100 * count / total:.3f}",
        }
        for name, count in entry.flags.items()
    ]


@cache
def _template():
    from jinja2 import Environment

    text = (
        resources.files("oceandata.catalogue").joinpath("page.html").read_text("utf-8")
    )
    return Environment(autoescape=True, trim_blocks=True).from_string(text)
