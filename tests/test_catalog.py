"""The catalogue: what it tells of stores and products, and what it keeps back."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys

import catalog_world
import numpy as np
import pytest
import store_world as world
from test_cli_store import call

from oceandata.catalogue import catalog
from oceandata.errors import ConfidentialError, StoreError
from oceandata.store import create_store, open_store
from oceandata.store.log import Draft, Log
from oceandata.store.maps import open_map
from oceandata.store.sensitivity import (
    require_authorised,
    sensitivity_of,
    strictest,
)

plain = catalog_world.plain
made = catalog_world.made
folder = catalog_world.folder


def test_catalog__one_entry_for_each_dataset(folder):
    found = catalog(folder)
    assert [e.id for e in found] == [
        "east/tracks",
        "east/maps/hours",
        "east/static",
        "west/tracks",
    ]
    assert found.faults == ()
    tracks, hours, static, west = found
    assert tracks.box == (178.2, -18.25, -178.86, -17.5)
    assert (str(tracks.start)[:16], str(tracks.stop)[:16]) == (
        "2024-01-01T00:00",
        "2024-01-03T01:00",
    )
    assert (tracks.rows, tracks.vessels, tracks.commit) == (200, 4, 2)
    assert tracks.flags == {"not_evaluated": 200}
    assert tracks.quarantined == {"starts with an exclamation mark": 2}
    assert (tracks.owner, tracks.license) == ("渔业局", "CC-BY-4.0")
    units = {f.name: f.units for f in tracks.fields}
    assert units["sog"] == "knot"
    assert units["lon"] == "degrees_east"
    assert hours.box == (176.5, -18.5, -177.5, -14.5)
    assert str(hours.start) == "2024-01-05T00:00:00.000000"
    assert [(f.name, f.units) for f in hours.fields] == [("hours", "h")]
    assert (static.rows, static.box) == (1, None)
    assert west.title == "Atlantic fleet"


def test_catalog__fixes_at_null_island_are_no_place(tmp_path):
    """Neither of a vessel with others, nor of one that has no other."""

    def at(vessel, hour, lon, lat):
        place = (round(lon * 1e5) * 100, round(lat * 1e5) * 100)
        return (vessel, world.JANUARY + hour * catalog_world.HOUR, *place, 0, 0)

    near = [at(412000001 + v, k, 121 + k / 10, 30) for v in range(3) for k in range(5)]
    null = [at(412000001, 9, 0, 0), at(412000002, 9, 0.00999, -0.00999)]
    alone = [at(412000009, 9, -0.002, 0.004)]
    store = create_store(tmp_path / "s", sensitivity="public")
    store.ingest(world.write(tmp_path / "a.txt", near + null + alone))
    (entry,) = catalog(store)
    assert entry.box == (121.0, 30.0, 121.4, 30.0)
    assert (entry.rows, entry.vessels) == (18, 4)
    gulf = [at(412000001, 10, 0.01, 0), at(412000001, 11, 0, -0.01)]
    store.ingest(world.write(tmp_path / "b.txt", gulf))
    (entry,) = catalog(store)
    assert entry.box == (0.0, -0.01, 121.4, 30.0)
    only = create_store(tmp_path / "only")
    only.ingest(world.write(tmp_path / "c.txt", null))
    (entry,) = catalog(only)
    assert (entry.box, entry.rows) == (None, 2)


def test_catalog__null_island_on_a_way_across_the_dateline(tmp_path):
    rows = catalog_world.across()
    null = [(row[0], row[1] + 1_000_000, 0, 0, 0, 0) for row in rows[::7]]
    store = create_store(tmp_path / "s", sensitivity="public")
    store.ingest(world.write(tmp_path / "a.txt", rows + null))
    (entry,) = catalog(store)
    assert entry.box == (178.2, -18.25, -178.86, -17.5)


def test_catalog__of_nothing_has_the_columns(tmp_path):
    found = catalog(create_store(tmp_path / "s"))
    table = found.to_dataframe()
    assert len(table) == 0
    assert list(table.columns[:3]) == ["id", "title", "kind"]
    assert found.to_html(tmp_path / "page.html").stat().st_size > 0


def test_catalog__restricted_is_widened_and_few_vessels_are_not_counted(folder):
    (found,) = catalog(folder / "inner" / "west.store")
    assert found.sensitivity == "restricted"
    assert found.vessels is None
    assert all(float(v).is_integer() for v in found.box)
    tracks = open_store(folder / "inner" / "west.store").open()
    west, south, east, north = found.box
    assert west <= tracks.lon.min() < west + 1
    assert north - 1 < tracks.lat.max() <= north
    assert south <= tracks.lat.min() < south + 1
    assert east - 1 < tracks.lon.max() <= east


def test_catalog__secret_tells_neither_place_nor_numbers(folder):
    store = open_store(folder / "inner" / "west.store")
    store.describe("tracks", sensitivity="secret")
    (found,) = catalog(store)
    assert found.box is found.rows is found.vessels is found.bytes is None
    assert found.flags == found.quarantined == {}
    assert str(found.start)[:10] == "2024-01-01"
    assert str(found.stop)[:10] == "2024-12-31"
    assert found.title == "Atlantic fleet"


def test_catalog__as_of_shows_what_was_said_then(folder):
    path = folder / "inner" / "west.store"
    store = open_store(path)
    number = store.describe("tracks", sensitivity="public", owner="A")
    store.describe("tracks", owner=None)
    assert open_store(path, as_of=number).about("tracks")["owner"] == "A"
    assert "owner" not in open_store(path).about("tracks")
    assert open_store(path, as_of=1).about("tracks") == {"sensitivity": "restricted"}
    assert list(store.history()["kind"])[-2:] == ["describe", "describe"]


def test_catalog__what_cannot_be_read_is_named_and_the_rest_told(folder):
    shutil.rmtree(next((folder / "east.store" / "parts" / "tracks").glob("*.zarr")))
    found = catalog(folder)
    assert [e.id for e in found] == ["west/tracks"]
    assert len(found.faults) == 1
    assert found.faults[0].startswith("east.store: ")
    assert "zarr.json is missing" in found.faults[0]
    assert str(folder) not in found.faults[0]
    with pytest.raises(StoreError, match="no such store, product or folder"):
        catalog(folder / "nothing")
    with pytest.raises(StoreError, match="is no product"):
        catalog(folder / "notes.nc.txt")


def test_catalog__backup_is_told_only_when_named(folder):
    assert "backup/tracks" not in [e.id for e in catalog(folder)]
    assert [e.id for e in catalog(folder / "backup.store")] == ["backup/tracks"]
    two = catalog([folder / "inner" / "west.store", folder / "inner" / "west.store"])
    assert [e.id for e in two] == ["west/tracks", "west-2/tracks"]


def test_catalog__products_with_their_provenance(folder, tmp_path):
    import xarray as xr

    from oceandata.products import provenance, to_geotiff, to_netcdf

    grid = xr.Dataset(
        {"depth": (("lat", "lon"), np.ones((3, 4)), {"units": "m"})},
        {
            "lat": ("lat", [-1.5, -0.5, 0.5], {"units": "degrees_north"}),
            "lon": ("lon", [100.5, 101.5, 102.5, 103.5], {"units": "degrees_east"}),
        },
        {"title": "Depth"},
    )
    record = provenance(store="/x/east.store", commit=2)
    to_netcdf(grid, folder / "depth.nc", provenance=record, license="CC0-1.0")
    to_geotiff(grid["depth"], folder / "depth.tif", provenance=record)
    grid.to_netcdf(folder / "other.nc", engine="netcdf4")
    found = {e.id: e for e in catalog(folder) if e.kind == "product"}
    assert set(found) == {"products/depth.nc", "products/depth.tif"}
    for one in found.values():
        assert one.commit == 2
        assert one.store == "east.store"
        assert one.box == pytest.approx((100, -2, 104, 1))
        assert one.sensitivity == "public"
    assert found["products/depth.nc"].license == "CC0-1.0"
    assert found["products/depth.nc"].fields[0].units == "m"


@pytest.mark.parametrize(
    ("asked", "ids"),
    [
        ({"text": "渔业局"}, ["east/tracks", "east/maps/hours", "east/static"]),
        ({"text": "ＡＴＬＡＮＴＩＣ fleet"}, ["west/tracks"]),
        ({"text": "fleet pacific"}, []),
        ({"box": (179, -20, -179, -10)}, ["east/tracks", "east/maps/hours"]),
        ({"box": (-179.5, -18, -179, -17)}, ["east/tracks", "east/maps/hours"]),
        ({"box": (5, -18, 170, -17)}, []),
        ({"period": ("2024-01-03", "2024-01-04")}, ["east/tracks", "west/tracks"]),
        ({"period": ("2024-01-07", "2024-01-08")}, ["east/maps/hours", "west/tracks"]),
        ({"variable": "platform_speed_wrt_ground"}, ["east/tracks", "west/tracks"]),
        ({"variable": "hour"}, []),
        ({"sensitivity": "restricted"}, ["west/tracks"]),
        ({"variable": "lon", "sensitivity": "public"}, ["east/tracks"]),
    ],
)
def test_search(asked, ids, made):
    assert [e.id for e in catalog(made).search(**asked)] == ids


def test_search__refuses_a_class_that_does_not_exist(made):
    with pytest.raises(ValueError, match="sensitivity must be one of public"):
        catalog(made).search(sensitivity="open")


def test_sensitivity__travels_with_what_is_opened(folder):
    path = folder / "inner" / "west.store"
    store = open_store(path)
    assert store.open().attrs["sensitivity"] == "restricted"
    assert store.static().attrs["sensitivity"] == "restricted"
    assert store.quarantine().attrs["sensitivity"] == "restricted"
    store.describe("*", license="CC-BY-4.0", owner="A", redistribution="allowed")
    attrs = store.open().attrs
    assert (attrs["license"], attrs["creator_institution"]) == ("CC-BY-4.0", "A")
    assert attrs["redistribution"] == "allowed"
    east = open_store(folder / "east.store")
    assert open_map(east, "hours").attrs["sensitivity"] == "public"
    east.describe("maps/hours", sensitivity="secret")
    assert open_map(east, "hours").attrs["sensitivity"] == "secret"
    assert east.open().attrs["sensitivity"] == "public"


def test_require_authorised():
    assert require_authorised({}) is None
    assert sensitivity_of({"sensitivity": "public"}) == "public"
    with pytest.raises(ConfidentialError, match=r'restricted.*needs reason="…"'):
        require_authorised({"sensitivity": "restricted"}, reason="  ")
    told = require_authorised(
        {"sensitivity": "restricted", "store_commit": 4}, reason=" call 7 "
    )
    assert (told.reason, told.commit, told.sensitivity) == ("call 7", 4, "restricted")
    with pytest.raises(ConfidentialError, match="needs authorised_by"):
        require_authorised({"sensitivity": "secret"}, reason="x")
    secret = {"sensitivity": "secret"}
    told = require_authorised(secret, reason="x", authorised_by="N. N.")
    assert told.authorised_by == "N. N."
    with pytest.raises(ConfidentialError, match="the data say 'opne'"):
        require_authorised({"sensitivity": "opne"}, reason="x")
    assert strictest("public", "secret", "restricted") == "secret"
    assert strictest() == "public"


def test_describe__says_everything_that_is_wrong(folder):
    store = open_store(folder / "east.store")
    before = store.number
    with pytest.raises(
        ValueError, match=r"'colour' cannot be said.*sensitivity must be"
    ):
        store.describe("tracks", colour="red", sensitivity="open")
    with pytest.raises(ValueError, match="dataset must be one of .*maps/hours"):
        store.describe("maps/depth", owner="A")
    with pytest.raises(ValueError, match="nothing was said"):
        store.describe("tracks")
    with pytest.raises(ValueError, match="redistribution must be one of"):
        store.describe("tracks", redistribution="perhaps")
    with pytest.raises(ValueError, match="owner must be text"):
        create_store(folder / "new", owner=" ")
    assert not (folder / "new").exists()
    assert open_store(store.path).number == before


def test_describe__stands_in_checkpoints_too(folder):
    store = open_store(folder / "east.store")
    while store.refresh().number < 100:
        Log(store.path).commit(lambda _: Draft({"kind": "note", "message": "x"}))
    assert store._log.checkpoint_path(100).exists()
    assert open_store(store.path).about("tracks")["owner"] == "渔业局"
    store.verify()


def test_cli__describe_catalog_backup_restore(capsys, folder, tmp_path):
    west = folder / "inner" / "west.store"
    assert call(capsys, "describe", west, "--owner", "B", "--doi", "10.1/x")[0] == 0
    code, out, _ = call(capsys, "describe", west, "--dataset", "tracks")
    assert code == 0
    assert re.search(r"owner +B", out)
    code, _, err = call(capsys, "describe", west, "--dataset", "x", "--owner", "B")
    assert code == 2
    assert "dataset must be one of" in err
    page, stac = tmp_path / "c.html", tmp_path / "stac"
    code, out, _ = call(
        capsys, "catalog", folder, "--html", page, "--stac", stac, "--language", "zh"
    )
    assert code == 0
    assert "east/maps/hours" in out
    assert page.exists()
    assert (stac / "catalog.json").exists()
    code, out, _ = call(capsys, "catalog", folder, "--search", "atlantic", "--json")
    (entry,) = json.loads(out)
    assert (entry["id"], entry["said"]["owner"]) == ("west/tracks", "B")
    assert str(tmp_path) not in out
    code, out, _ = call(capsys, "backup", west, folder / "backup.store")
    assert code == 0
    assert "commit 3" in out
    part = next(west.glob("parts/tracks/*.zarr/lat/c/0"))
    part.unlink()
    code, _, err = call(capsys, "verify", west)
    assert code == 4
    assert "lat/c/0: No such file" in err
    (damage,) = json.loads(call(capsys, "verify", west, "--json")[1])["damage"]
    assert (damage["kind"], damage["part"]) == ("missing", part.parents[2].stem)
    code, out, _ = call(capsys, "catalog", west)
    code, out, _ = call(capsys, "restore", west, "--from", folder / "backup.store")
    assert code == 0
    assert "1 files" in out
    assert call(capsys, "verify", west, "--deep")[0] == 0
    code, _, err = call(capsys, "backup", west, folder / "east.store")
    assert code == 5
    assert "another history" in err


def test_catalog__function_is_not_hidden_by_its_package():
    code = (
        "import oceandata.catalogue.stac, oceandata.store.restoring, oceandata as od;"
        "import oceandata.store as s; print(callable(s.restore))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "True", done.stderr
