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
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from oceandata.errors import ConfidentialError
from oceandata.products import accounting as hours
from oceandata.products import masking, origin
from oceandata.products.atomic import replacing
from oceandata.products.tables import table_of, text_of

_MIME = {".png": "image/png", ".jpg": "image/jpeg", ".svg": "image/svg+xml"}


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
    provenance: Mapping[str, Any] | None = None,
    confidential: str = "withhold",
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
    provenance : mapping, optional
        What :func:`provenance` returned; a minimal record is made otherwise.
    confidential : {"withhold", "allow"}
        ``"allow"`` prints tables that name vessels and densities of few vessels.

    Raises
    ------
    ConfidentialError
        A table has a column that identifies vessels, or fewer than three vessels per
        cell were shown, and that was not asked for by name.
    """
    attrs = dict(getattr(accounting, "attrs", accounting) or {})
    named = list(tables.items() if isinstance(tables, Mapping) else tables)
    _check(attrs, [data for _, data in named], confidential)
    if confidential != "allow":
        attrs = masking.public_attrs(attrs)
    record = origin.plain(provenance or origin.provenance())
    read = _inputs(inputs) or list(record.get("inputs", []))
    sections = [
        _section_inputs(read),
        _section_dropped(dropped, read),
        _section_hours(attrs),
        {"title": "Maps", "images": [_image(each) for each in maps]},
        {
            "title": "Tables",
            "tables": [table_of(data, caption=name) for name, data in named],
        },
        {"title": "Notes", "texts": [notes] if isinstance(notes, str) else list(notes)},
        _section_confidential(attrs, confidential),
        _section_provenance(record),
    ]
    page = _render(title, subtitle, _facts(read, attrs), sections, record)
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
            for name in sorted(columns & masking.IDENTITIES)
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


def _section_inputs(read: list[dict[str, Any]]) -> dict[str, Any]:
    names = {"name": "File", "sha256": "SHA-256"}
    rows = [
        {names.get(key, key.replace("_", " ")): value for key, value in each.items()}
        for each in read
    ]
    rows = [
        {k: v for k, v in row.items() if k != "SHA-256"}
        | ({"SHA-256": row["SHA-256"]} if "SHA-256" in row else {})
        for row in rows
    ]
    for row in rows:
        if len(str(row.get("SHA-256", ""))) == 64:
            row["SHA-256"] = row["SHA-256"][:16] + "…"
    table = table_of(rows, caption="Files that were read.") if rows else None
    texts = ["Full hashes stand in the provenance record at the end."] if rows else []
    return {"title": "What went in", "texts": texts, "tables": [table] if table else []}


def _section_dropped(dropped: Any, read: list[dict[str, Any]]) -> dict[str, Any]:
    if isinstance(dropped, Mapping):
        ordered = sorted(dropped.items(), key=lambda item: (-int(item[1]), item[0]))
        rows = [[reason, int(count)] for reason, count in ordered]
        total = sum(count for _, count in rows)
        data = (["Reason", "rows"], [*rows, ["total", total]])
        table = table_of(data, caption="Rows set aside, by reason.", total=True)
        return {
            "title": "What was dropped, and why",
            "tables": [table] if rows else [],
            "texts": [] if rows else ["No row was dropped."],
        }
    held = dropped is not None and len(dropped) > 0
    tables = [table_of(dropped, caption="Rows set aside, by reason.")] if held else []
    texts = [] if held or not read else ["No row was dropped."]
    return {"title": "What was dropped, and why", "tables": tables, "texts": texts}


def _section_hours(attrs: Mapping[str, Any]) -> dict[str, Any]:
    if not hours.is_accounted(attrs):
        return {"title": "Where it went"}
    head, rows = hours.rows_of(attrs)
    timed = "hours" in head
    caption = "Account of the time of all vessels." if timed else "Account."
    table = table_of((head, rows), caption=caption, total=True)
    table.right = [False] + [True] * (len(head) - 1)
    text = (
        f"Sums are kept in whole {head[-1].replace('_', ' ')}, so that the parts add "
        "up to the total exactly, whatever their order and the number of processors."
    )
    title = "Where the hours went" if timed else "Where it went"
    return {"title": title, "texts": [text], "tables": [table]}


def _section_confidential(attrs: Mapping, confidential: str) -> dict[str, Any]:
    minimum = masking.min_vessels(attrs) or masking.MIN_VESSELS
    texts = [
        f"Cells with fewer than {minimum} distinct vessels are withheld: their values "
        "are in no product of this report.",
        "Identities and track lines of single vessels are not part of it.",
    ]
    cells = attrs.get("withheld_cells")
    if cells is not None:
        texts[0] += f" {text_of(int(cells))} cells were withheld."
    if confidential == "allow":
        texts = [
            "Confidential: this report was asked for by name without the usual "
            "protection. It may identify single vessels. Do not pass it on."
        ]
    statement = {"texts": texts, "open": confidential == "allow"}
    return {"title": "Confidentiality", "statements": [statement]}


def _section_provenance(record: Mapping[str, Any]) -> dict[str, Any]:
    lines = [
        (key.replace("_", " "), _line(value))
        for key, value in record.items()
        if key != "inputs" and value not in ("", None, {}, [])
    ]
    text = json.dumps(record, indent=1, ensure_ascii=False, sort_keys=True)
    return {"title": "Provenance", "record": lines, "json": text}


def _line(value: Any) -> str:
    """A value of the record in one line."""
    if isinstance(value, Mapping):
        return ",  ".join(f"{name} {_line(item)}" for name, item in value.items())
    if isinstance(value, list):
        return ", ".join(_line(item) for item in value)
    return str(value)


def _facts(read: list[dict], attrs: Mapping[str, Any]) -> list[tuple[str, str]]:
    facts = []
    if read:
        facts.append(("files", text_of(len(read))))
    rows = [each.get("rows") for each in read if each.get("rows") is not None]
    if rows:
        facts.append(("rows", text_of(sum(int(row) for row in rows))))
    if str(attrs.get("total_us", "")).isdigit():
        total = hours.hours(int(attrs["total_us"]))
        facts.append(("vessel hours", total.partition(".")[0]))
    if attrs.get("withheld_cells") is not None:
        facts.append(("cells withheld", text_of(int(attrs["withheld_cells"]))))
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


def _render(title, subtitle, facts, sections, record) -> str:
    empty = {"texts": [], "statements": [], "tables": [], "images": [], "record": []}
    filled = [empty | section for section in sections]
    filled = [each for each in filled if any(each.get(key) for key in empty)]
    tables = [table for each in filled for table in each["tables"]]
    for number, table in enumerate(tables, start=1):
        table.number = number
    images = [image for each in filled for image in each["images"]]
    for number, image in enumerate(images, start=1):
        image["number"] = str(number)
    return _template().render(
        title=title,
        subtitle=subtitle,
        facts=facts,
        sections=filled,
        version=origin.software().get("oceandata", ""),
        created=str(record.get("created", ""))[:10],
    )


@cache
def _template():
    from jinja2 import Environment

    text = resources.files("oceandata.products").joinpath("report.html").read_text()
    return Environment(autoescape=True, trim_blocks=True).from_string(text)
