"""A report in one HTML page: it holds its pictures and loads nothing.

What went in, what was dropped and why, where all the hours went, maps, tables,
confidentiality and provenance. It is set to be read on a screen and on paper.
"""

from __future__ import annotations

import base64
import io
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, partial
from importlib import resources
from pathlib import Path
from typing import Any

from oceandata.errors import ConfidentialError
from oceandata.products import accounting as hours
from oceandata.products import masking, origin, rights, words
from oceandata.products.atomic import replacing
from oceandata.products.guard import exporter
from oceandata.products.tables import table_of, text_of

_MIME = {".png": "image/png", ".jpg": "image/jpeg", ".svg": "image/svg+xml"}


@exporter("report")
def write_report(
    path: str | os.PathLike,
    *,
    title: str,
    subtitle: str = "",
    inputs: Iterable[Mapping | str | os.PathLike] = (),
    dropped: Mapping[str, int] | Any = (),
    accounting: Any = None,
    maps: Iterable = (),
    tables: Mapping[str, Any] | Iterable = (),
    notes: str | Sequence[str] = (),
    language: str = "en",
    provenance: Mapping[str, Any] | None = None,
    confidential: str = "withhold",
    sources: Iterable[Mapping[str, Any]] = (),
    override_license: str | Sequence[str] | None = None,
) -> Path:
    """Write a self-contained HTML report and return its path.

    Parameters
    ----------
    title, subtitle : str
        Heading of the page.
    inputs : paths or mappings
        Files that were read: ``name``, ``rows``, ``kept``, ``sha256`` … A path is
        hashed now.
    dropped : mapping, or table
        Rows that were set aside, by reason.
    accounting : Dataset or mapping, optional
        The density product, or its attributes ``total_us``, ``exported_us``,
        ``withheld_us``, ``off_grid_us`` and ``over_gap_us``. The parts must add up
        to the total to the microsecond.
    maps : pictures, or (picture, caption) pairs
        Paths of PNG or SVG files, Figures, or bytes of a PNG.
    tables : mapping of caption to table
        DataFrames, lists of mappings, or (head, rows) pairs.
    notes : str or sequence of str
        Paragraphs on method and limits.
    language : {"en", "zh"}
        Of all words that are not given. Reasons, rules and classes of ours are
        translated; names, files and your own texts stay.
    provenance : mapping, optional
        What :func:`provenance` returned; a minimal record is made otherwise.
    confidential : {"withhold", "allow"}
        ``"allow"`` prints tables that name vessels and densities of few vessels.
    sources, override_license : optional
        Terms of the inputs, as in :func:`oceandata.to_netcdf`.

    Raises
    ------
    ConfidentialError
        A table has a column that identifies vessels, or fewer than three vessels per
        cell were shown, and that was not asked for by name.
    """
    words.require_language(language)
    attrs = dict(getattr(accounting, "attrs", accounting) or {})
    named = list(tables.items() if isinstance(tables, Mapping) else tables)
    _check(attrs, [data for _, data in named], confidential)
    if confidential != "allow":
        attrs = masking.public_attrs(attrs)
    read = _inputs(inputs)
    record, _ = rights.cleared(
        attrs,
        provenance=provenance,
        sources=[*sources, *(each for each in read if provenance is None)],
        override_license=override_license,
    )
    record = origin.plain(record)
    read = read or list(record.get("inputs", []))
    say = partial(words.say, language)
    shown = [table_of(data, caption=name, language=language) for name, data in named]
    sections = [
        _section_inputs(read, language),
        _section_dropped(dropped, read, language),
        _section_hours(attrs, language),
        {"title": say("maps"), "images": [_image(each) for each in maps]},
        {"title": say("tables"), "tables": shown},
        {
            "title": say("notes"),
            "texts": [notes] if isinstance(notes, str) else list(notes),
        },
        _section_licences(record, language),
        _section_confidential(attrs, confidential, language),
        _section_provenance(record, language),
    ]
    facts = _facts(read, attrs, language)
    page = _render(title, subtitle, facts, sections, record, language)
    with replacing(path) as part:
        part.write_text(page, encoding="utf-8")
    return Path(path)


def _check(attrs: Mapping, tables: list, confidential: str) -> None:
    if confidential not in ("withhold", "allow"):
        raise ValueError(
            f'confidential must be "withhold" or "allow", got {confidential!r}'
        )
    faults = []
    for data in tables:
        columns = {str(name).lower() for name in table_of(data).head}
        faults += [
            f"a table has the column {name!r}"
            for name in masking.identity_names(columns)
        ]
    if hours.is_accounted(attrs):
        minimum = masking.min_vessels(attrs)
        if minimum is None or minimum < masking.MIN_VESSELS:
            faults.append(f"min_vessels is {minimum}, below {masking.MIN_VESSELS}")
    if faults and confidential != "allow":
        raise ConfidentialError(
            "this report would reveal single vessels: "
            + "; ".join(faults)
            + '. Pass confidential="allow" to write it all the same'
        )


def _inputs(inputs: Iterable) -> list[dict[str, Any]]:
    return origin.provenance(inputs=inputs)["inputs"]


def _section_inputs(read: list[dict[str, Any]], language: str) -> dict[str, Any]:
    say = partial(words.say, language)
    rows = []
    for each in read:
        row = {words.said(language, k): v for k, v in each.items() if k != "sha256"}
        if "sha256" in each:
            digest = str(each["sha256"])
            row["SHA-256"] = digest[:16] + "…" if len(digest) == 64 else digest
        rows.append(row)
    texts = [say("full_hashes")] if rows else []
    tables = [table_of(rows, caption=say("files_read"), language=language)]
    return {"title": say("went_in"), "texts": texts, "tables": tables if rows else []}


def _section_dropped(
    dropped: Any, read: list[dict[str, Any]], language: str
) -> dict[str, Any]:
    say = partial(words.say, language)
    caption = say("dropped_table")
    if isinstance(dropped, Mapping):
        ordered = sorted(dropped.items(), key=lambda item: (-int(item[1]), item[0]))
        rows = [[reason, int(count)] for reason, count in ordered]
        total = [say("total"), sum(count for _, count in rows)]
        data = ([say("reason"), say("rows")], [*rows, total])
        table = table_of(data, caption=caption, total=True, language=language)
        return {
            "title": say("dropped"),
            "tables": [table] if rows else [],
            "texts": [] if rows else [say("dropped_none")],
        }
    held = dropped is not None and len(dropped) > 0
    tables = [table_of(dropped, caption=caption, language=language)] if held else []
    texts = [] if held or not read else [say("dropped_none")]
    return {"title": say("dropped"), "tables": tables, "texts": texts}


def _section_hours(attrs: Mapping[str, Any], language: str) -> dict[str, Any]:
    say = partial(words.say, language)
    if not hours.is_accounted(attrs):
        return {"title": say("it_went")}
    head, rows = hours.rows_of(attrs, language=language)
    timed = masking.unit_of(attrs) == "us"
    caption = say("hours_account" if timed else "account")
    table = table_of((head, rows), caption=caption, total=True)
    table.right = [False] + [True] * (len(head) - 1)
    text = say("exact", unit=words.key_text(head[-1]))
    title = say("hours_went" if timed else "it_went")
    return {"title": title, "texts": [text], "tables": [table]}


def _section_licences(record: Mapping[str, Any], language: str) -> dict[str, Any]:
    """Terms of the inputs, and which of them were overridden."""
    say = partial(words.say, language)
    rows = [
        {words.said(language, key): each[key] for key in each}
        for each in record.get("licenses", [])
    ]
    named = record.get("overridden_licenses", [])
    return {
        "title": say("licences"),
        "texts": [say("override", license=name) for name in named],
        "tables": [table_of(rows, language=language)] if rows else [],
    }


def _section_confidential(attrs: Mapping, confidential: str, language: str) -> dict:
    say = partial(words.say, language)
    minimum = masking.min_vessels(attrs) or masking.MIN_VESSELS
    texts = [say("cells_few", minimum=minimum), say("no_identities")]
    cells = attrs.get("withheld_cells")
    if cells is not None:
        texts[0] += say("cells_were", count=text_of(int(cells)))
    if confidential == "allow":
        texts = [say("unprotected")]
    statement = {"texts": texts, "open": confidential == "allow"}
    return {"title": say("confidentiality"), "statements": [statement]}


def _section_provenance(record: Mapping[str, Any], language: str) -> dict[str, Any]:
    told_above = ("inputs", "licenses", "overridden_licenses")
    lines = [
        (words.said(language, key), _line(value))
        for key, value in record.items()
        if key not in told_above and value not in ("", None, {}, [])
    ]
    text = json.dumps(record, indent=1, ensure_ascii=False, sort_keys=True)
    return {"title": words.say(language, "provenance"), "record": lines, "json": text}


def _line(value: Any) -> str:
    """A value of the record in one line."""
    if isinstance(value, Mapping):
        return ",  ".join(f"{name} {_line(item)}" for name, item in value.items())
    if isinstance(value, list):
        return ", ".join(_line(item) for item in value)
    return str(value)


def _facts(read: list[dict], attrs: Mapping, language: str) -> list[tuple[str, str]]:
    say = partial(words.say, language)
    facts = []
    if read:
        facts.append((say("files"), text_of(len(read))))
    rows = [each.get("rows") for each in read if each.get("rows") is not None]
    if rows:
        facts.append((say("rows"), text_of(sum(int(row) for row in rows))))
    if str(attrs.get("total_us", "")).isdigit():
        total = hours.hours(int(attrs["total_us"]))
        facts.append((say("vessel_hours"), total.partition(".")[0]))
    if attrs.get("withheld_cells") is not None:
        facts.append((say("cells_withheld"), text_of(int(attrs["withheld_cells"]))))
    return facts


def _image(each: Any) -> dict[str, str]:
    picture, caption = each if isinstance(each, tuple) else (each, "")
    if isinstance(picture, bytes):
        mime, content = "image/png", picture
    elif hasattr(picture, "savefig"):
        buffer = io.BytesIO()
        picture.savefig(buffer, format="png")
        mime, content = "image/png", buffer.getvalue()
    else:
        mime = _MIME.get(Path(picture).suffix.lower())
        if mime is None:
            raise ValueError(
                f"{Path(picture).name}: a report holds {', '.join(_MIME)} pictures"
            )
        content = Path(picture).read_bytes()
    text = base64.b64encode(content).decode("ascii")
    return {"source": f"data:{mime};base64,{text}", "caption": str(caption)}


def _render(title, subtitle, facts, sections, record, language) -> str:
    empty = {"texts": [], "statements": [], "tables": [], "images": [], "record": []}
    filled = [empty | section for section in sections]
    filled = [each for each in filled if any(each.get(key) for key in empty)]
    tables = [table for each in filled for table in each["tables"]]
    for number, table in enumerate(tables, start=1):
        table.number = number
    images = [image for each in filled for image in each["images"]]
    for number, image in enumerate(images, start=1):
        image["number"] = str(number)
    created = str(record.get("created", ""))[:10]
    version = origin.software().get("oceandata", "")
    return _template().render(
        title=title,
        subtitle=subtitle,
        facts=facts,
        sections=filled,
        version=version,
        language=words.HTML[language],
        say=partial(words.say, language),
        foot=words.say(language, "foot", version=version, created=created),
    )


@cache
def _template():
    from jinja2 import Environment

    text = (
        resources.files("oceandata.products").joinpath("report.html").read_text("utf-8")
    )
    return Environment(autoescape=True, trim_blocks=True).from_string(text)
