"""The catalogue as STAC and as a page; extents across the dateline."""

from __future__ import annotations

import itertools
import json
import re
import shutil
from urllib.parse import unquote

import catalog_world
import numpy as np
import pytest
import validators
from catalog_world import NAME
from hypothesis import given, settings
from hypothesis import strategies as st

from oceandata.catalogue import catalog
from oceandata.catalogue.entries import widened
from oceandata.catalogue.extent import lon_range, overlap
from oceandata.catalogue.locator import locator
from oceandata.store import create_store, open_store

plain = catalog_world.plain
made = catalog_world.made
folder = catalog_world.folder


def test_stac__is_valid_and_complete(made, tmp_path):
    pystac = pytest.importorskip("pystac", reason="pip install 'pystac[validation]'")
    pytest.importorskip("jsonschema", reason="pip install 'pystac[validation]'")
    path = catalog(made).to_stac(tmp_path / "stac", title="海洋")
    root = pystac.Catalog.from_file(str(path))
    assert root.validate_all() == 4
    assert root.title == "海洋"
    east, west = root.get_children()
    assert east.license == "CC-BY-4.0"
    assert west.license == "other"
    assert east.providers[0].name == "渔业局"
    assert east.extent.spatial.bboxes[0] == [176.5, -18.5, -177.5, -14.5]
    items = {i.id: i for i in root.get_items(recursive=True)}
    tracks = items["tracks"] if items["tracks"].collection_id == "east" else None
    tracks = next(i for i in east.get_items() if i.id == "tracks")
    assert tracks.bbox == [178.2, -18.25, -178.86, -17.5]
    assert tracks.geometry["type"] == "MultiPolygon"
    assert tracks.properties["oceandata:rows"] == 200
    assert tracks.properties["start_datetime"] == "2024-01-01T00:00:00.000Z"
    linked = (path.parent / "east" / tracks.assets["data"].href).resolve()
    assert linked == (made / "east.store").resolve()
    assert next(i for i in east.get_items() if i.id == "static").geometry is None
    assert not next(west.get_items()).assets
    versions = {
        json.loads(p.read_text())["stac_version"] for p in path.parent.rglob("*.json")
    }
    assert versions == {"1.1.0"}


def test_stac__every_document_fits_the_schemas_without_a_network(folder, tmp_path):
    pytest.importorskip("pystac", reason="pip install 'pystac[validation]'")
    pytest.importorskip("jsonschema", reason="pip install 'pystac[validation]'")
    open_store(folder / "inner" / "west.store").describe("tracks", sensitivity="secret")
    create_store(folder / "empty.store")
    catalog(folder).to_stac(tmp_path / "stac")
    catalog(folder / "empty.store").to_stac(tmp_path / "nothing")
    found = [*(tmp_path / "stac").rglob("*.json"), tmp_path / "nothing/catalog.json"]
    assert len(found) == 8
    for path in found:
        assert validators.validate_stac(json.loads(path.read_text("utf-8"))) == []


def test_stac__stores_whose_names_differ_by_a_mark_stay_apart(folder, tmp_path):
    pystac = pytest.importorskip("pystac", reason="pip install 'pystac[validation]'")
    for name in ("a b.store", "a-b.store", "A-B.store", "渔 #1%20.store"):
        shutil.copytree(folder / "east.store", folder / "more" / name)
    path = catalog(folder / "more").to_stac(tmp_path / "stac")
    root = pystac.Catalog.from_file(str(path))
    groups = {child.id: child.title for child in root.get_children()}
    assert groups == {
        "A-B": "A-B.store",
        "a-b-2": "a b.store",
        "a-b-3": "a-b.store",
        "渔-1-20": "渔 #1%20.store",
    }
    items = list(root.get_items(recursive=True))
    assert len({item.self_href for item in items}) == len(items) == 12
    assert len({item.properties["title"] for item in items}) == 12
    links = {item.assets["data"].href for item in items}
    there = {(path.parent / "x" / unquote(link)).resolve() for link in links}
    assert there == set((folder / "more").resolve().iterdir())


def test_stac__written_again_removes_what_is_gone_and_nothing_else(folder, tmp_path):
    target = tmp_path / "stac"
    catalog(folder).to_stac(target)
    (target / "east" / "mine.json").write_text("{}")
    shutil.rmtree(folder / "inner")
    catalog(folder).to_stac(target)
    assert not (target / "west").exists()
    assert (target / "east" / "mine.json").exists()
    first = {p: p.read_bytes() for p in target.rglob("*.json")}
    head = json.loads((target / "catalog.json").read_text())
    assert [link["title"] for link in head["links"][1:]] == ["east.store"]
    assert len(first) == 6


@pytest.mark.parametrize("language", ["en", "zh"])
def test_html__holds_everything_and_loads_nothing(language, made, tmp_path):
    import html.parser

    path = catalog(made).to_html(tmp_path / "c.html", language=language, title="<A&B>")
    text = path.read_text("utf-8")
    assert "&lt;A&amp;B&gt;" in text
    assert "<A&B>" not in text
    assert len(re.findall("<article ", text)) == 4
    assert len(re.findall("<svg ", text)) == 3
    assert not re.search(r"(src|href)\s*=|url\(|@import|https?://(?!doi)", text)
    opened: list[str] = []

    class Parser(html.parser.HTMLParser):
        def handle_starttag(self, tag, attrs):
            if tag not in ("meta", "input", "rect", "path"):
                opened.append(tag)

        def handle_endtag(self, tag):
            if tag not in ("meta", "input", "rect", "path"):
                assert opened.pop() == tag

    Parser().feed(text)
    assert opened == []
    assert ("受限" in text) == (language == "zh")
    with pytest.raises(ValueError, match="language must be one of"):
        catalog(made).to_html(tmp_path / "d.html", language="fr")


def test_outputs__name_no_vessel_and_no_input_file(made, tmp_path):
    found = catalog(made)
    (tmp_path / "o").mkdir()
    found.to_html(tmp_path / "o" / "c.html")
    found.to_stac(tmp_path / "o" / "stac")
    told = b"".join(p.read_bytes() for p in (tmp_path / "o").rglob("*") if p.is_file())
    told += found.to_dataframe().to_csv().encode()
    for secret in (NAME, "512000001", "200000001", "bad one", str(made.parent)):
        assert secret.encode() not in told, secret


def test_locator__is_a_picture_of_the_place():
    across = locator((178.2, -18.5, -178.9, -17.5), "a & b")
    assert 'aria-label="a &amp; b"' in across
    assert "180°" in across
    assert "nan" not in across
    tiny = locator((120.0, 36.0, 120.0, 36.0), "")
    width = float(re.search(r'class="box".*?width="([\d.]+)"', tiny)[1])
    assert width >= 6
    whole = locator((-180, -90, 180, 90), "")
    box = re.search(r'class="box" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)"', whole)
    assert float(box[3]) == pytest.approx(299, abs=1)


def naive_range(lons):
    """The widest gap between sorted longitudes, by looking at every one."""
    lons = sorted(set(lons))
    if lons[-1] - lons[0] <= 180:
        return lons[0], lons[-1]
    gaps = [b - a for a, b in itertools.pairwise(lons)]
    gaps.append(lons[0] + 360 - lons[-1])
    at = gaps.index(max(gaps))
    return (lons[0], lons[-1]) if at == len(lons) - 1 else (lons[at + 1], lons[at])


@given(st.lists(st.integers(-1800, 1799), min_size=1, max_size=12))
@settings(max_examples=300, deadline=None)
def test_lon_range__is_the_shortest_that_holds_all(tenths):
    lons = [t / 10 + 0.05 for t in tenths]
    spans = np.column_stack([lons, lons])
    west, east = lon_range(spans)
    w, e = naive_range(lons)
    assert (east - west) % 360 == pytest.approx((e - w) % 360, abs=0.2)
    inside = [(x - west) % 360 <= (east - west) % 360 + 1e-9 for x in lons]
    assert all(inside)


@given(
    st.tuples(st.integers(-18, 17), st.integers(0, 10), st.integers(0, 10)),
    st.tuples(st.integers(-18, 17), st.integers(0, 10), st.integers(0, 10)),
)
@settings(deadline=None)
def test_overlap__equals_looking_at_every_cell(first, second):
    def cells(west, wide, south):
        box = (west * 10, south, (west * 10 + wide * 10 + 180) % 360 - 180, south + 3)
        lons = {(west * 10 + k + 180) % 360 for k in range(wide * 10 + 1)}
        return box, {(x, y) for x in lons for y in range(south, south + 4)}

    (a, in_a), (b, in_b) = cells(*first), cells(*second)
    assert overlap(a, b) == overlap(b, a) == bool(in_a & in_b)


def test_widened__stays_in_the_world():
    assert widened((-179.9, -89.99, 179.5, 89.2)) == (-180, -90, 180, 90)
