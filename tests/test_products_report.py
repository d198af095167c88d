"""Reports and provenance: self-contained, well-formed, exact, discreet."""

from __future__ import annotations

import hashlib
import json
import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from lxml import etree

from oceandata.errors import ConfidentialError, SchemaError
from oceandata.products import accounting, masking, origin, provenance, write_report
from oceandata.products.tables import table_of
from tests.product_samples import density

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


class Loads(HTMLParser):
    """Everything that a browser would fetch."""

    def __init__(self):
        super().__init__()
        self.found = []
        self.tags = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        for name, value in attrs:
            if name in ("src", "href", "srcset", "data", "poster", "action"):
                self.found.append(value)


def written(tmp_path, **options):
    options = {"title": "Vessel density <of> the Yellow Sea"} | options
    return write_report(tmp_path / "report.html", **options).read_text("utf-8")


@pytest.fixture
def full(tmp_path):
    source = tmp_path / "ais.csv"
    source.write_bytes(b"a,b\n1,2\n")
    return written(
        tmp_path,
        inputs=[source, {"name": "tacsat.csv", "rows": 97015, "sha256": "cd" * 32}],
        dropped={"position not available": 12, "time cannot be read": 469},
        accounting=density(),
        maps=[(PNG, "Hours of cargo vessels & others.")],
        tables={"By class.": pd.DataFrame({"class": ["cargo"], "hours": [1234.5]})},
        notes=["First paragraph.", "Second one."],
        provenance=provenance(store="/data/yellow.store", commit=12),
    )


def test_report__loads_nothing(full):
    parser = Loads()
    parser.feed(full)
    assert parser.found
    assert all(value.startswith("data:image/png;base64,") for value in parser.found)
    assert not {"script", "link", "iframe", "object"} & set(parser.tags)
    assert "http" not in full
    assert "@import" not in full
    assert not re.search(r"url\((?!['\"]?data:)", full)


def test_report__is_well_formed(full):
    root = etree.fromstring(full.removeprefix("<!DOCTYPE html>").strip())
    assert root.find(".//h1").text == "Vessel density <of> the Yellow Sea"
    assert root.find(".//img").get("alt") == "Hours of cargo vessels & others."


def test_report__says_what_happened(full):
    digest = hashlib.sha256(b"a,b\n1,2\n").hexdigest()
    assert digest[:16] in full
    for words in ("97,015", "position not available", "469", "481", "yellow.store"):
        assert words in full
    for heading in ("went in", "dropped", "hours went", "Confidential", "Provenance"):
        assert heading in full
    total = int(density().attrs["total_us"])
    assert f"{total:,}" in full
    assert "/data/" not in full


def test_report__hours_that_do_not_add_up_are_refused(tmp_path):
    ds = density()
    wrong = ds.assign_attrs(off_grid_us="12")
    with pytest.raises(SchemaError, match="account does not add up"):
        written(tmp_path, accounting=wrong)
    assert not (tmp_path / "report.html").exists()


def test_report__identities_are_refused(tmp_path):
    table = pd.DataFrame({"MMSI": [367752440], "hours": [2.0]})
    with pytest.raises(ConfidentialError, match="column 'mmsi'"):
        written(tmp_path, tables={"Ships": table})
    asked = {"confidential": "allow", "reason": "for the authority that asked"}
    page = written(tmp_path, tables={"Ships": table}, **asked)
    assert "Do not pass it on" in page


def test_report__few_vessels_are_refused(tmp_path):
    with pytest.raises(ConfidentialError, match="min_vessels is 1"):
        written(tmp_path, accounting=density().assign_attrs(min_vessels=1))


def test_report__empty_one_is_valid(tmp_path):
    etree.fromstring(written(tmp_path).removeprefix("<!DOCTYPE html>").strip())


def test_accounting__one_withheld_cell_cannot_be_computed(tmp_path):
    attrs = density().attrs | {"withheld_cells": 1, "withheld_us": "36123456789"}
    attrs["total_us"] = str(sum(int(attrs[f"{n}_us"]) for n in accounting.PARTS))
    page = written(tmp_path, accounting=attrs)
    assert "36,123,456,789" not in page
    assert f"{int(attrs['total_us']):,}" not in page
    public = masking.public_attrs(attrs)
    assert public["total_us"] == public["withheld_us"] == "withheld"


def test_accounting__counts_have_no_hours():
    attrs = {"total_transits": "9", "withheld_cells": 4, "min_vessels": 3}
    attrs |= {f"{n}_transits": "0" for n in accounting.PARTS}
    attrs |= {"exported_transits": "5", "withheld_transits": "4"}
    head, rows = accounting.rows_of(attrs)
    assert head == ["Count", "share", "transits"]
    assert [row[-1] for row in rows] == ["5", "4", "0", "0", "9"]


def test_hours__rounds_exactly():
    assert accounting.hours(3_600_000_000 * 10**9 + 1) == "1,000,000,000.000"
    assert accounting.hours(1_800_000) == "0.001"


def test_table__decimals_are_shared_in_a_column():
    table = table_of([{"x": 12345.25, "n": 3}, {"x": 7.5, "n": None}])
    assert table.rows == [["12,345.25", "3"], ["7.50", ""]]
    assert table.right == [True, True]


def test_provenance__has_no_paths_and_no_secrets(tmp_path):
    source = tmp_path / "deep" / "ais.csv"
    source.parent.mkdir()
    source.write_bytes(b"x")
    record = provenance(
        inputs=[source],
        parameters={
            "pseudonym_key": "hush",
            "path": source,
            "text": f"read {source}, then m/s",
            "raw": b"hush",
            "box": np.array([117.0, 31.5]),
        },
        store=f"{tmp_path}/yellow.store/",
        commit=np.int64(3),
        job={"steps": [{"read": str(source)}]},
    )
    text = origin.as_json(record)
    assert str(tmp_path) not in text
    assert "hush" not in text
    assert record["inputs"][0]["sha256"] == hashlib.sha256(b"x").hexdigest()
    assert record["parameters"]["text"] == "read ais.csv, then m/s"
    assert record["parameters"]["box"] == [117.0, 31.5]
    assert (record["store"], record["commit"]) == ("yellow.store", 3)
    assert record["machine"]["cpu"]
    assert record["software"]["xarray"]
    json.loads(text)


def test_provenance__time_is_fixed_by_source_date_epoch(monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    assert provenance()["created"] == "1970-01-01T00:00:00Z"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "soon")
    with pytest.raises(ValueError, match="SOURCE_DATE_EPOCH must be whole seconds"):
        provenance()


def test_pseudonym__depends_on_the_key():
    one = masking.pseudonym(367752440, key=b"k" * 16)
    assert one == masking.pseudonym(np.int64(367752440), key=b"k" * 16)
    assert one != masking.pseudonym(367752440, key=b"l" * 16)


def test_require_releasable__sums_over_months_are_released():
    ds = density().sum("month")
    masking.require_releasable(ds)


def test_require_releasable__other_grids_pass():
    import xarray as xr

    masking.require_releasable(xr.Dataset({"sst": (("lat", "lon"), np.ones((2, 3)))}))


def test_require_releasable__attributes_of_withheld_cells_are_refused():
    ds = density().assign_attrs(withheld_vessels=[1, 2])
    with pytest.raises(ConfidentialError, match="attribute withheld_vessels"):
        masking.require_releasable(ds)


def test_require_releasable__option_is_checked():
    with pytest.raises(ValueError, match="confidential must be"):
        masking.require_releasable(density(), confidential="yes")
