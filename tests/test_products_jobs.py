"""Products from jobs and the command line: formats, language, licences."""

from __future__ import annotations

import json

import pandas as pd
import pyarrow.parquet as pq
import pytest
import xarray as xr

from oceandata.cli import codes
from oceandata.cli.__main__ import main
from oceandata.errors import JobError, LicenseError
from oceandata.job import run_job
from oceandata.job.state import file_hash
from oceandata.sea import simulate_sea
from oceandata.store import create_store, open_store

JOB = """\
[job]
title = "一片小海"
license = "CC-BY-4.0"

[store]
path = "a.store"

[region]
box = [117, 31, 127, 41]
step = 0.5

[[input]]
paths = ["sea/AIS_*", "sea/ais-*"]
attribution = "The sea office"
license = "Sea data 2"
redistribution = "allowed"

[[step]]
name = "hours"
use = "vessel_hours"
by = []

[[product]]
kind = "zarr"
path = "hours.zarr"

[[product]]
kind = "csv"
cells = "filled"
path = "hours.csv"

[[product]]
kind = "map"
language = "zh"
dpi = 60
path = "hours.png"

[[product]]
kind = "report"
language = "zh"
path = "report.html"
"""


@pytest.fixture(scope="module")
def sea(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sea") / "sea"
    simulate_sea(folder, positions=8000, seed=4, days=2)
    return folder


@pytest.fixture(scope="module")
def store(sea, tmp_path_factory):
    made = create_store(tmp_path_factory.mktemp("store") / "a.store")
    made.ingest([str(path) for path in sea.glob("[Aa][Ii][Ss]*")])
    return made.path


@pytest.fixture
def job(sea, tmp_path):
    (tmp_path / "sea").symlink_to(sea)
    path = tmp_path / "job.toml"
    path.write_text(JOB, "utf-8")
    return path


def call(capsys, *arguments) -> tuple[int, str, str]:
    capsys.readouterr()
    with pytest.raises(SystemExit) as left:
        main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    return left.value.code, out, err


def test_job__writes_zarr_csv_and_chinese_pages(job):
    result = run_job(job)
    zarr = xr.open_zarr(job.parent / "output" / "hours.zarr")
    assert zarr.attrs["title"] == "一片小海"
    assert zarr.attrs["license"] == "CC-BY-4.0"
    assert zarr.attrs["attribution"] == "The sea office"
    record = json.loads(zarr.attrs["provenance"])
    assert [each["license"] for each in record["licenses"]] == ["Sea data 2"]
    assert all(len(each["sha256"]) == 64 for each in record["inputs"])
    frame = pd.read_csv(job.parent / "output" / "hours.csv")
    total = float(zarr["vessel_hours"].sum())
    assert frame["vessel_hours"].sum() == pytest.approx(total, rel=1e-12)
    page = (job.parent / "output" / "report.html").read_text("utf-8")
    assert "输入数据的许可" in page
    assert "The sea office" in page
    assert len(result.products) == 4
    again = run_job(job)
    assert {name for name in again.skipped if name.startswith("product")} == {
        f"product {name}"
        for name in ("hours.zarr", "hours.csv", "hours.png", "report.html")
    }


def test_job__damaged_zarr_is_made_again(job):
    run_job(job)
    target = job.parent / "output" / "hours.zarr"
    before = file_hash(target)
    (target / "zarr.json").unlink()
    assert file_hash(target) != before
    (target / "zarr.json").write_text("{}")
    again = run_job(job)
    assert "product hours.zarr" not in again.skipped
    assert float(xr.open_zarr(target)["vessel_hours"].sum()) > 0


def test_job__new_terms_of_the_store_make_its_products_anew(job):
    run_job(job)
    assert any(name.startswith("product") for name in run_job(job).skipped)
    open_store(job.parent / "a.store").describe("tracks", attribution="The new office")
    again = run_job(job)
    assert not [name for name in again.skipped if name.startswith("product")]
    with xr.open_zarr(job.parent / "output" / "hours.zarr", consolidated=False) as ds:
        assert "The new office" in ds.attrs["attribution"]


def test_job__forbidding_input_stops_its_products(job):
    text = JOB.replace('redistribution = "allowed"', 'redistribution = "forbidden"')
    job.write_text(text, "utf-8")
    with pytest.raises(LicenseError, match="Sea data 2"):
        run_job(job)
    assert not (job.parent / "output" / "hours.zarr").exists()
    override = 'override_license = "Sea data 2"\npath = '
    job.write_text(
        text.replace('path = "hours', override + '"hours').replace(
            'path = "report', override + '"report'
        )
    )
    assert len(run_job(job).products) == 4


def test_job__terms_are_checked_before_anything_starts(job):
    job.write_text(JOB.replace('"allowed"', '"perhaps"'), "utf-8")
    with pytest.raises(JobError, match="redistribution"):
        run_job(job)


@pytest.mark.parametrize("name", ["d.zarr", "d.csv", "d.png"])
def test_export__density_in_every_format(capsys, store, tmp_path, name):
    region = ("--box", 117, 31, 127, 41, "--step", 1, "--language", "zh")
    code, out, _ = call(capsys, "export", store, tmp_path / name, *region)
    assert (code, out.strip()) == (0, str(tmp_path / name))
    if name == "d.zarr":
        attrs = xr.open_zarr(tmp_path / name).attrs
        inputs = json.loads(attrs["provenance"])["inputs"]
        assert {each["format"] for each in inputs} == {"noaa"}


def test_export__tracks_as_lines(capsys, store, tmp_path):
    file, key = tmp_path / "lines.parquet", tmp_path / "key"
    key.write_bytes(b"0123456789abcdef")
    key.chmod(0o600)
    given = ("--what", "tracks", "--lines", "--identities", "pseudonyms")
    given += ("--key-file", key)
    code, _, err = call(capsys, "export", store, file, *given)
    assert code == codes.USAGE
    assert "--reason" in err
    given += ("--reason", "a test", "--authorised-by", "the captain")
    assert call(capsys, "export", store, file, *given)[0] == 0
    table = pq.read_table(file)
    assert table.num_rows > 10
    assert all(str(v).startswith("V-") for v in table["trajectory_id"].to_pylist())
    record = json.loads(table.schema.metadata[b"provenance"])
    assert record["authorised_by"] == "the captain"
    assert "a test" in (tmp_path / "audit.jsonl").read_text("utf-8")
    wrong = ("--what", "tracks", "--lines", "--identities", "reveal", "--reason", "x")
    code, _, err = call(capsys, "export", store, tmp_path / "a.nc", *wrong)
    assert code == codes.USAGE
    assert "--lines goes with tracks as .parquet" in err


def test_export__terms_of_the_store_are_carried(capsys, store, tmp_path):
    from oceandata.store import open_store

    opened = open_store(store)
    opened.describe("tracks", license="Closed 1", redistribution="forbidden")
    region = ("--box", 117, 31, 127, 41, "--step", 1)
    code, _, err = call(capsys, "export", store, tmp_path / "a.nc", *region)
    assert code == codes.FAULTS
    assert "Closed 1" in err
    given = (*region, "--override-license", "Closed 1")
    assert call(capsys, "export", store, tmp_path / "a.nc", *given)[0] == 0
    opened.describe("tracks", license="CC-BY-4.0", redistribution="allowed")
    assert call(capsys, "export", store, tmp_path / "b.nc", *region)[0] == 0
    with xr.open_dataset(tmp_path / "b.nc", engine="netcdf4") as ds:
        assert ds.attrs["license"] == "CC-BY-4.0"
