"""Every product by default: no byte of it tells of a vessel that went in.

Each kind of product that passes the door (:data:`oceandata.products.guard.EXPORTERS`)
has a recipe here; a new kind without one fails. Planted identities show that the
search finds them in each kind of file.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import shutil
import warnings
from functools import partial

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from leak_search import found_in, leaks
from leak_world import ABSENT, BOX, IDENTITIES, IMO, MMSI, NAMES, SIGNS, STEP, world

import oceandata as od
from oceandata import products
from oceandata.errors import ConfidentialError
from oceandata.products import guard

JOB = """
[job]
title = "Hours, for the owner of {name}"
summary = "MMSI {mmsi} and her sisters"
output = "output"
[store]
path = '{store}'
[region]
box = {box}
step = {step}
[[input]]
paths = ["*.csv"]
[[step]]
use = "clean_tracks"
[[step]]
name = "hours"
use = "vessel_hours"
by = []
[[step]]
name = "classes"
use = "vessel_hours"
by = ["class"]
[[product]]
kind = "map"
of = "hours"
path = "hours.png"
caption = "{name}"
[[product]]
kind = "map"
of = "hours"
path = "hours.svg"
[[product]]
kind = "netcdf"
of = "classes"
path = "classes.nc"
[[product]]
kind = "geotiff"
of = "hours"
variable = "vessel_hours"
path = "hours.tif"
[[product]]
kind = "report"
of = ["hours", "classes"]
path = "report.html"
"""


def _load_all_exporters():
    for module in pkgutil.iter_modules(products.__path__):
        importlib.import_module(f"oceandata.products.{module.name}")


@pytest.fixture(scope="module")
def sea(tmp_path_factory):
    return world(tmp_path_factory.mktemp("world"))


def words(sea):
    """Text that a careless hand gives to every product."""
    record = od.provenance(
        inputs=sea.files,
        parameters={
            "vessels": [*MMSI[:3], f"AIS-{MMSI[3]}"],
            "note": f"{NAMES[0]} / {SIGNS[1]} / IMO {IMO[2]} / {MMSI[4]} / {ABSENT}",
            "nested": {"name": list(NAMES), "imo": int(IMO[0]), "n": [int(MMSI[0])]},
        },
        store=sea.store,
        job={"title": f"for {NAMES[1]}", "steps": [{"vessels": list(MMSI)}]},
        remark=f"asked by the owner of {NAMES[2].lower()}",
    )
    return record, f"Track of {NAMES[3]} ({MMSI[5]}), ex {NAMES[4]}"


def careless(ds, text):
    """A product in whose attributes identities stand."""
    ds = ds.assign_attrs(comment=text, vessels=list(MMSI), sources=[NAMES[0]])
    ds["vessel_hours"].attrs["comment"] = f"not {SIGNS[0]}"
    return ds


def netcdf(sea, folder, **given):
    record, text = words(sea)
    path, ds = folder / "hours.nc", careless(sea.by_class, text)
    attrs = {"creator_name": text}
    od.to_netcdf(ds, path, title=text, provenance=record, attrs=attrs, **given)


def zarr(sea, folder, **given):
    record, text = words(sea)
    path, ds = folder / "hours.zarr", careless(sea.by_class, text)
    products.to_zarr(ds, path, title=text, provenance=record, **given)


def geotiff(sea, folder, **given):
    record, text = words(sea)
    ds = careless(sea.hours, text)
    given |= {"variable": "vessel_hours", "tags": {"OWNER": NAMES[2]}}
    od.to_geotiff(ds, folder / "hours.tif", provenance=record, **given)


def map_(sea, folder, **given):
    record, text = words(sea)
    ds = careless(sea.hours, text)
    given |= {"title": text, "credit": NAMES[0], "provenance": record, "dpi": 60}
    for suffix in ("png", "svg", "pdf"):
        od.plot_map(ds, folder / f"hours.{suffix}", **given)


def panels(sea, folder, **given):
    record, text = words(sea)
    ds = careless(sea.by_class, text).isel(month=0)
    given |= {"by": "ship_class", "title": text, "provenance": record, "dpi": 60}
    od.plot_panels(ds, folder / "classes.png", **given)


def report(sea, folder, **given):
    record, text = words(sea)
    quarantine = sea.store.quarantine()
    od.write_report(
        folder / "report.html",
        title=text,
        subtitle=NAMES[5],
        inputs=sea.files,
        dropped={f"row of {MMSI[6]}": 3},
        accounting=sea.hours,
        maps=[(_figure(), f"seen: {NAMES[6]}")],
        tables={
            f"rows of {NAMES[7]}": quarantine,
            "files": sea.store.sources(),
            "plain": [{"what": f"{SIGNS[3]} at sea", "rows": 3}],
        },
        notes=[text, str(MMSI[7])],
        provenance=record,
        **given,
    )


def _figure():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2, 1))
    figure.add_subplot().plot([1, 3, 2])
    return figure


def csv(sea, folder, **given):
    record, text = words(sea)
    ds = careless(sea.hours, text)
    products.to_csv(ds, folder / "hours.csv", title=text, provenance=record, **given)
    if "confidential" not in given:
        given |= {"identities": "pseudonyms", "pseudonym_key": sea.key}
    products.to_csv(sea.events, folder / "calls.csv", provenance=record, **given)


def geoparquet(sea, folder, **given):
    record, text = words(sea)
    ports = pd.DataFrame(
        {
            "lon": [120.3, 121.4],
            "lat": [36.1, 35.4],
            "remarks": [f"{NAMES[1]} lay here", f"{SIGNS[2]}, {MMSI[8]}"],
        }
    )
    if "confidential" in given:
        ports["mmsi"] = MMSI[:2]
    path = folder / "ports.parquet"
    products.to_geoparquet(ports, path, title=text, provenance=record, **given)


RECIPES = {
    "netcdf": netcdf,
    "zarr": zarr,
    "geotiff": geotiff,
    "map": map_,
    "panels": panels,
    "report": report,
    "csv": csv,
    "geoparquet": geoparquet,
}


def test_recipes__cover_every_product():
    _load_all_exporters()
    kinds = {k for k, f in guard.EXPORTERS.items() if f.__module__.startswith("ocean")}
    assert kinds - {"note"} == set(RECIPES), "a new product needs a recipe here"


@pytest.mark.parametrize("kind", sorted(RECIPES))
def test_product__by_default_names_no_vessel(sea, tmp_path, kind):
    RECIPES[kind](sea, tmp_path)
    assert leaks(tmp_path, IDENTITIES) == []
    assert leaks(tmp_path, ["[vessel]"]), "the text went out, masked"
    assert not list(tmp_path.rglob("audit.jsonl")), "nothing was unmasked"


@pytest.mark.parametrize("kind", sorted(RECIPES))
def test_search__finds_what_was_asked_for_by_name(sea, tmp_path, kind):
    asked = {"confidential": "allow", "reason": "to see that the search can find"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # glyphs of Chinese names in a small figure
        RECIPES[kind](sea, tmp_path, **asked)
    found = leaks(tmp_path, IDENTITIES)
    suffixes = {p.suffix for p in tmp_path.iterdir() if p.name != "audit.jsonl"}
    for suffix in suffixes:
        assert any(suffix in hit.split(":")[0] for hit in found), suffix
    assert (tmp_path / "audit.jsonl").is_file()


@pytest.mark.parametrize("write", [od.to_netcdf, products.to_zarr])
def test_labelled__names_texts_and_arrays_name_no_vessel(sea, tmp_path, write):
    record, _ = words(sea)
    note = [NAMES[0]] * sea.by_class.sizes["ship_class"]
    ds = sea.by_class.assign_coords(note=("ship_class", note))
    ds[f"depth_{MMSI[1]}"] = ("lat", np.ones(ds.sizes["lat"]))
    ds = ds.assign_attrs(many=np.array(MMSI), one=np.int64(MMSI[2]))
    ds.attrs |= {f"of_{MMSI[3]}": "yes", "names": np.array(NAMES), "n": np.arange(3)}
    write(ds, tmp_path / "out.any", provenance=record)
    assert leaks(tmp_path, IDENTITIES) == []
    opened = xr.open_zarr if (tmp_path / "out.any").is_dir() else xr.open_dataset
    assert list(opened(tmp_path / "out.any").attrs["n"]) == [0, 1, 2]


@pytest.mark.parametrize("kind", [int, float])
def test_numbers__are_refused_whatever_their_column_is_called(sea, tmp_path, kind):
    record, _ = words(sea)
    table = pd.DataFrame({"id": np.array(MMSI, kind), "calls": range(len(MMSI))})
    events = xr.Dataset({"id": ("event", table["id"].to_numpy())})
    report = partial(od.write_report, title="calls", tables=[("calls", table)])
    for write in (partial(od.to_csv, table), partial(od.to_netcdf, events), report):
        with pytest.raises(ConfidentialError, match="id holds numbers of 9 vessels"):
            write(tmp_path / "a.any", provenance=record)
    assert list(tmp_path.iterdir()) == []


def test_numbers__a_count_may_meet_one(sea, tmp_path):
    table = pd.DataFrame({"bytes": [int(MMSI[0]), 412_000_001, 10**8, 7]})
    od.to_csv(table, tmp_path / "a.csv", provenance=words(sea)[0])


def test_report__rows_of_plain_numbers_name_no_vessel(sea, tmp_path):
    record, _ = words(sea)
    path, rows = tmp_path / "a.html", [[int(MMSI[0]), 3], [NAMES[0], 2]]
    tables = [("calls", (["id", "calls"], rows))]
    od.write_report(path, title="calls", tables=tables, provenance=record)
    assert f"{int(MMSI[0]):,}" not in path.read_text("utf-8")
    assert leaks(path, IDENTITIES) == []


def test_job__its_folder_names_no_vessel(sea, tmp_path):
    for path in sea.files:
        shutil.copy(path, tmp_path)
    text = JOB.format(
        name=NAMES[0], mmsi=MMSI[1], store=f"{NAMES[2]}.store", box=[*BOX], step=STEP
    )
    (tmp_path / "job.toml").write_text(text, "utf-8")
    od.run_job(tmp_path / "job.toml", workers=1)
    output = tmp_path / "output"
    assert {p.name for p in output.iterdir()} >= {"report.html", "hours.png"}
    assert leaks(output, IDENTITIES) == []
    assert leaks(tmp_path / "job.toml", IDENTITIES), "the job file itself is not masked"


def test_catalogue__names_no_vessel(sea, tmp_path):
    from oceandata.catalogue import catalog

    found = catalog(sea.store)
    assert leaks_in_text(str(found[0])), "the store's own name tells of a vessel"
    out = tmp_path / "out"
    out.mkdir()
    found.to_stac(out / "stac", title=f"data of {NAMES[0]}", description=SIGNS[2])
    found.to_html(out / "page.html", title=f"{NAMES[1]}, {IMO[3]}")
    assert leaks(out, IDENTITIES) == []
    assert leaks(out, ["[vessel]"])


def leaks_in_text(text):
    return found_in(text.encode(), IDENTITIES)


def test_provenance__holds_what_it_may_and_no_vessel(sea, tmp_path):
    record, _ = words(sea)
    text = json.dumps(record, ensure_ascii=False)
    assert found_in(text.encode(), IDENTITIES) == set()
    assert record["parameters"]["vessels"] == "4 withheld"
    assert [len(each["sha256"]) for each in record["inputs"]] == [64] * 3
    assert record["inputs"][0]["name"] == "track_[vessel]_2024.csv"
    assert record["commit"] == sea.store.number


@pytest.mark.parametrize("kind", ["netcdf", "zarr", "csv", "geoparquet"])
def test_tracks__are_withheld_under_any_name(sea, tmp_path, kind):
    _load_all_exporters()
    tracks = sea.store.open()
    path = tmp_path / "tracks.nc"
    for given in ({}, {"identities": "reveal"}, {"identities": "pseudonyms"}):
        with pytest.raises(ConfidentialError, match="tracks are withheld"):
            guard.EXPORTERS[kind](tracks, path, pseudonym_key=sea.key, **given)
    bare = products.pseudonymise(tracks, key=sea.key)
    with pytest.raises(ConfidentialError, match="tracks are withheld"):
        guard.EXPORTERS[kind](bare, path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["netcdf", "zarr", "csv", "geoparquet"])
def test_tracks__under_pseudonyms_name_no_vessel(sea, tmp_path, kind):
    _load_all_exporters()
    record, text = words(sea)
    suffix = {"netcdf": "nc", "geoparquet": "parquet"}.get(kind, kind)
    folder = tmp_path / "out"
    folder.mkdir()
    guard.EXPORTERS[kind](
        sea.store.open().assign_attrs(comment=text),
        folder / f"tracks.{suffix}",
        identities="pseudonyms",
        pseudonym_key=sea.key,
        confidential="allow",
        reason="for the partner who signed the agreement",
        title=text,
        provenance=record,
    )
    assert leaks(folder, IDENTITIES) == []
    assert found_in((folder / "audit.jsonl").read_bytes(), IDENTITIES) == set()


@pytest.mark.parametrize("dtype", ["<i4", ">i4", "<i8", ">i8", "<f8", ">f8"])
def test_search__finds_numbers_in_every_width(dtype):
    blob = b"\0" * 7 + np.array(MMSI[:3]).astype(dtype).tobytes() + b"\xff"
    assert found_in(blob, IDENTITIES) == set(MMSI[:3])
    assert found_in(b"\0" * 64, IDENTITIES) == set()


@pytest.mark.parametrize(
    "blob",
    [
        NAMES[1].encode("gb18030"),
        NAMES[1].encode("utf-16-le"),
        json.dumps(NAMES[1]).encode(),
        b"KESTREL &amp; WREN",
        b"qiong_hai_88213.csv",
        f"{MMSI[0]:,}".encode(),
        b"MINGYUE%2D7391",
    ],
)
def test_search__finds_text_in_every_form(blob):
    assert len(found_in(b"x " + blob + b" y", IDENTITIES)) == 1


def test_search__looks_into_archives(tmp_path):
    import gzip
    import zipfile

    import zstandard

    text = (f"row of {MMSI[3]}, " * 9).encode()
    packed = zstandard.compress(gzip.compress(text))
    with zipfile.ZipFile(tmp_path / "a.bin", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{SIGNS[4]}.csv", packed)
    found = leaks(tmp_path, IDENTITIES)
    assert any(str(MMSI[3]) in hit for hit in found)
    assert any(SIGNS[4] in hit for hit in found)


def test_search__looks_through_filters_and_pages(tmp_path):
    ds = xr.Dataset({"id": ("obs", np.array(MMSI * 40, "i4"))})
    packed = {"id": {"zlib": True, "shuffle": True}}
    ds.to_netcdf(tmp_path / "a.nc", engine="netcdf4", encoding=packed)
    assert found_in((tmp_path / "a.nc").read_bytes(), MMSI) == set()
    assert len({hit.rsplit(" ", 1)[1] for hit in leaks(tmp_path, MMSI)}) == len(MMSI)
    frame = pd.DataFrame({"id": np.array(MMSI * 40, "i8"), "name": list(NAMES) * 40})
    frame.to_parquet(tmp_path / "b.parquet", compression="zstd")
    found = [hit for hit in leaks(tmp_path, (*MMSI, *NAMES)) if "b.parquet" in hit]
    assert len({hit.rsplit(": ", 1)[1] for hit in found}) == len(MMSI) + len(NAMES)
