"""The catalogue as static STAC 1.1: a Catalog, a Collection a store, an Item a dataset.

Plain JSON with relative links, so that the folder may be moved or served as it is. What
STAC has no word for (rows, flags of quality, sensitivity) stands under ``oceandata:``.
No link leads to restricted data: an Item of public data has its file as an asset.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oceandata.catalogue.entries import Entry, time_text
from oceandata.catalogue.extent import lon_pieces
from oceandata.products.atomic import replacing
from oceandata.products.origin import created, software
from oceandata.store.sensitivity import PUBLIC, strictest

if TYPE_CHECKING:
    from oceandata.catalogue.catalog import Catalog

VERSION = "1.1.0"
_WORLD = [-180.0, -90.0, 180.0, 90.0]
# Of the words of a licence only an SPDX identifier may stand in "license".
_SPDX = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]*")
_MEDIA = {".nc": "application/x-netcdf", ".tif": "image/tiff; application=geotiff"}


def write_stac(
    found: Catalog,
    folder: str | os.PathLike[str],
    *,
    title: str = "",
    description: str = "",
) -> Path:
    """Write a static STAC catalogue.

    Parameters
    ----------
    found : Catalog
        What :func:`oceandata.catalog` gave.
    folder : path
        Made if it is not there. Files of an earlier catalogue in it are replaced; those
        of datasets that are gone are removed, and nothing else.
    title, description : str
        Of the whole.

    Returns
    -------
    Path
        ``catalog.json`` in the folder.
    """
    root = Path(folder)
    root.mkdir(parents=True, exist_ok=True)
    old = _written(root / "catalog.json")
    documents: dict[str, dict[str, Any]] = {}
    children = []
    for name, entries in _grouped(found).items():
        idents = _named_apart(e.id.partition("/")[2].replace("/", "-") for e in entries)
        items = [
            _item(entry, ident, name, root)
            for entry, ident in zip(entries, idents, strict=True)
        ]
        for item in items:
            documents[f"{name}/{item['id']}.json"] = item
        documents[f"{name}/collection.json"] = _collection(name, entries, items)
        children.append(name)
    head = {
        "type": "Catalog",
        "stac_version": VERSION,
        "id": "oceandata",
        "title": title or "Catalogue of ocean data",
        "description": description or _described(found),
        "oceandata:created": created().strftime("%Y-%m-%dT%H:%M:%SZ"),
        "oceandata:version": software().get("oceandata", ""),
        "oceandata:files": sorted(documents),
        "links": [
            _link("root", "./catalog.json"),
            *(
                _link("child", f"./{name}/collection.json", documents[
                    f"{name}/collection.json"]["title"])
                for name in children
            ),
        ],
    }  # fmt: skip
    for name, document in documents.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        _write(root / name, document)
    _write(root / "catalog.json", head)
    _remove(root, set(old) - set(documents))
    return root / "catalog.json"


def _described(found: Catalog) -> str:
    count = len(found)
    return f"{count:,} dataset{'' if count == 1 else 's'} in stores and products."


def _grouped(found: Catalog) -> dict[str, list[Entry]]:
    """Entries by the first part of their id, as names of folders."""
    groups: dict[str, list[Entry]] = {}
    for entry in found:
        groups.setdefault(entry.id.partition("/")[0], []).append(entry)
    return dict(zip(_named_apart(groups), groups.values(), strict=True))


def _named_apart(texts: Iterable[str]) -> list[str]:
    """A safe name for each text that no other has, whatever the case of letters."""
    taken, names = {"collection"}, []
    for text in texts:
        name, number = _slug(text), 1
        while name.casefold() in taken:
            number += 1
            name = f"{_slug(text)}-{number}"
        taken.add(name.casefold())
        names.append(name)
    return names


def _slug(text: str) -> str:
    """A name that is safe in files and links; letters of any language stay."""
    return re.sub(r"[^\w.-]+", "-", text).strip("-.") or "unnamed"


def _link(rel: str, href: str, title: str = "") -> dict[str, str]:
    link = {"rel": rel, "href": href, "type": "application/json"}
    return link | ({"title": title} if title else {})


def _item(entry: Entry, ident: str, group: str, root: Path) -> dict[str, Any]:
    item: dict[str, Any] = {
        "type": "Feature",
        "stac_version": VERSION,
        "stac_extensions": [],
        "id": ident,
        "geometry": _geometry(entry),
    }
    if entry.box is not None:
        item["bbox"] = list(entry.box)
    return item | {
        "properties": _properties(entry),
        "collection": group,
        "links": [
            _link("root", "../catalog.json"),
            _link("parent", "./collection.json"),
            _link("collection", "./collection.json"),
            *_rights_links(entry),
        ],
        "assets": _assets(entry, root / group),
    }


def _geometry(entry: Entry) -> dict[str, Any] | None:
    """The box as a polygon; two of them where it crosses the dateline (RFC 7946)."""
    if entry.box is None:
        return None
    west, south, east, north = entry.box
    rings = [
        [[w, south], [e, south], [e, north], [w, north], [w, south]]
        for w, e in lon_pieces(west, east)
    ]
    if len(rings) == 1:
        return {"type": "Polygon", "coordinates": rings}
    return {"type": "MultiPolygon", "coordinates": [[ring] for ring in rings]}


def _properties(entry: Entry) -> dict[str, Any]:
    if entry.start is None or entry.stop is None:
        times: dict[str, Any] = {"datetime": entry.updated}
    else:
        times = {
            "datetime": None,
            "start_datetime": time_text(entry.start),
            "end_datetime": time_text(entry.stop),
        }
    own = {
        "kind": entry.kind,
        "sensitivity": entry.sensitivity,
        "license": entry.license,
        "attribution": entry.said.get("attribution", ""),
        "doi": entry.said.get("doi", ""),
        "redistribution": entry.said.get("redistribution", ""),
        "contact": entry.said.get("contact", ""),
        "commit": entry.commit,
        "rows": entry.rows,
        "vessels": entry.vessels,
        "bytes": entry.bytes,
        "quality": dict(entry.flags),
        "quarantined": dict(entry.quarantined),
        "variables": [
            {
                key: value
                for key, value in (
                    ("name", one.name),
                    ("unit", one.units),
                    ("description", one.meaning),
                    ("standard_name", one.standard_name),
                )
                if value
            }
            for one in entry.fields
        ],
    }
    kept = {f"oceandata:{k}": v for k, v in own.items() if v not in ("", None, {}, [])}
    common = {
        "title": entry.title,
        "description": entry.said.get("description", ""),
        "updated": entry.updated,
        "license": _spdx([entry]),
        "keywords": sorted({one.standard_name for one in entry.fields} - {""}),
    }
    common = {k: v for k, v in common.items() if v not in ("", [])}
    return times | common | _providers([entry]) | kept


def _spdx(entries: Iterable[Entry]) -> str:
    """One SPDX identifier if all have the same, else ``other`` (the words stay)."""
    said = {entry.license for entry in entries}
    only = said.pop() if len(said) == 1 else ""
    return only if _SPDX.fullmatch(only) and "-" in only else "other"


def _providers(entries: Iterable[Entry]) -> dict[str, Any]:
    owners = dict.fromkeys(entry.owner for entry in entries if entry.owner)
    if not owners:
        return {}
    return {"providers": [{"name": name, "roles": ["producer"]} for name in owners]}


def _rights_links(entry: Entry) -> list[dict[str, str]]:
    links = []
    if entry.said.get("license_url"):
        links.append({"rel": "license", "href": entry.said["license_url"]})
    if entry.said.get("doi"):
        doi = entry.said["doi"].removeprefix("https://doi.org/").removeprefix("doi:")
        links.append({"rel": "cite-as", "href": f"https://doi.org/{doi}"})
    return links


def _assets(entry: Entry, folder: Path) -> dict[str, Any]:
    """The file of a public product, or the folder of a public store."""
    if entry.sensitivity != PUBLIC:
        return {}
    href = os.path.relpath(entry.place.absolute(), folder.absolute())
    # In an address these would not be part of the name.
    href = "".join(f"%{ord(c):02X}" if c in "%#?" else c for c in href)
    media = _MEDIA.get(entry.place.suffix.lower().replace(".tiff", ".tif"))
    asset = {"href": Path(href).as_posix(), "title": entry.title, "roles": ["data"]}
    return {"data": asset | ({"type": media} if media else {})}


def _collection(name: str, entries: list[Entry], items: list[dict]) -> dict[str, Any]:
    boxes = [list(e.box) for e in entries if e.box is not None]
    starts = [e.start for e in entries if e.start is not None]
    stops = [e.stop for e in entries if e.stop is not None]
    period = [time_text(min(starts)), time_text(max(stops))] if starts else [None] * 2
    named = [
        f["name"] for i in items for f in i["properties"].get("oceandata:variables", [])
    ]
    title = entries[0].store if entries[0].kind != "product" else "Products"
    return {
        "type": "Collection",
        "stac_version": VERSION,
        "stac_extensions": [],
        "id": name,
        "title": title,
        "description": f"{title}: {', '.join(e.dataset for e in entries)}",
        "license": _spdx(entries),
        **_providers(entries),
        "keywords": list(dict.fromkeys(named)) or [name],
        "extent": {
            "spatial": {"bbox": _with_union(boxes)},
            "temporal": {"interval": [period]},
        },
        "oceandata:sensitivity": strictest(*(e.sensitivity for e in entries)),
        "links": [
            _link("root", "../catalog.json"),
            _link("parent", "../catalog.json"),
            *(
                _link("item", f"./{i['id']}.json", i["properties"]["title"])
                for i in items
            ),
            *(link for entry in entries[:1] for link in _rights_links(entry)),
        ],
    }


def _with_union(boxes: list[list[float]]) -> list[list[float]]:
    """Boxes of a collection: the one around all first, then each of several."""
    if not boxes:
        return [_WORLD]
    if len(boxes) == 1:
        return boxes
    import numpy as np

    from oceandata.catalogue.extent import lon_range

    spans = [piece for b in boxes for piece in lon_pieces(b[0], b[2])]
    if any(east - west > 180 for west, east in spans):
        west, east = -180.0, 180.0
    else:
        west, east = lon_range(np.array(spans))
    union = [west, min(b[1] for b in boxes), east, max(b[3] for b in boxes)]
    return [union, *boxes]


def _write(path: Path, document: dict[str, Any]) -> None:
    text = json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)
    with replacing(path) as part:
        part.write_text(text + "\n", encoding="utf-8")


def _written(path: Path) -> list[str]:
    """Files that an earlier catalogue here says it wrote."""
    try:
        return list(json.loads(path.read_text("utf-8"))["oceandata:files"])
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _remove(root: Path, names: Iterable[str]) -> None:
    """Remove files of an earlier catalogue, and folders that are empty then."""
    for name in names:
        path = root / name
        if root.resolve() not in path.resolve().parents:
            continue
        path.unlink(missing_ok=True)
        if (
            path.parent != root
            and path.parent.exists()
            and not any(path.parent.iterdir())
        ):
            path.parent.rmdir()
