"""Running a job: what it makes, what it skips, how it fails."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr

from oceandata.errors import EngineError, FormatError, JobError, StoreError
from oceandata.job import plan_job, read_job, run_job
from oceandata.job.results import load_grid, save_grid
from oceandata.job.state import NAME, State
from oceandata.sea import simulate_sea

JOB = """\
[job]
title = "A small sea"
summary = "For tests"
creator = "A. Tester"

[store]
path = "a.store"

[region]
box = [117, 31, 127, 41]
step = 0.5

[[input]]
paths = ["sea/AIS_*", "sea/ais-*"]

[[step]]
name = "clean"
use = "clean_tracks"
rules = ["impossible_speed", "second_track"]

[[step]]
name = "hours"
use = "vessel_hours"
gap = "1h"
by = []

[[step]]
name = "classes"
use = "transit_counts"
by = ["class"]

[[product]]
kind = "netcdf"
of = "hours"
path = "hours.nc"

[[product]]
kind = "geotiff"
of = "hours"
variable = "vessel_hours"
path = "rasters/hours.tif"

[[product]]
kind = "report"
path = "report.html"
"""


@pytest.fixture(scope="module")
def sea(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sea") / "sea"
    simulate_sea(folder, positions=6000, seed=4, days=3)
    return folder


@pytest.fixture
def job(sea, tmp_path):
    (tmp_path / "sea").symlink_to(sea)
    path = tmp_path / "job.toml"
    path.write_text(JOB)
    return path


def account(grid, unit):
    parts = ("exported", "withheld", "off_grid", "over_gap")
    return sum(int(grid.attrs[f"{part}_{unit}"]) for part in parts)


def test_run_job__makes_its_products_and_accounts_for_all(job):
    result = run_job(job)
    names = [path.relative_to(job.parent).as_posix() for path in result.products]
    assert names == [
        "output/hours.nc",
        "output/rasters/hours.tif",
        "output/report.html",
    ]
    assert all(path.stat().st_size for path in result.products)
    report = result.ingests[0]
    kept, aside = report.rows_kept, report.rows_quarantined
    assert report.rows_read == 6000 == kept + aside + report.duplicates
    grids = result.found.grids
    assert account(grids["hours"], "us") == int(grids["hours"].attrs["total_us"]) > 0
    total = int(grids["classes"].attrs["total_transits"])
    assert account(grids["classes"], "transits") == total > 0
    assert not result.refused
    assert result.skipped == []


def test_run_job__is_the_same_as_the_functions(job):
    import oceandata as od

    result = run_job(job)
    store = od.open_store(job.parent / "a.store")
    rules = ["impossible_speed", "second_track"]
    tracks = od.clean_tracks(store.open(), rules=rules)
    grid = od.regular_grid((117, 31, 127, 41), step=0.5)
    direct = od.vessel_hours(tracks, grid=grid, gap="1h", by=())
    xr.testing.assert_identical(direct, result.found.grids["hours"])
    summary = od.clean_summary(tracks)
    flags = result.found.flags["clean"]
    assert flags["fixes"].tolist() == summary["fixes"].tolist()
    assert flags["fixes"].sum() > 0


def test_run_job__stores_the_resolved_job_with_the_products(job):
    result = run_job(job)
    with xr.open_dataset(result.products[0], engine="netcdf4") as ds:
        attrs = ds.attrs
        assert attrs["title"] == "A small sea"
        assert attrs["creator_name"] == "A. Tester"
        text = " ".join(str(value) for value in attrs.values())
    assert '"use": "vessel_hours"' in text
    assert '"commit": 1' in text
    assert str(job.parent) not in text
    page = result.products[2].read_text("utf-8")
    assert "A small sea" in page
    assert "AIS_2024_03_01.csv" in page
    assert "impossible speed" in page
    assert str(job.parent) not in page


def test_run_job__skips_what_is_finished(job):
    first = run_job(job)
    times = {path: path.stat().st_mtime_ns for path in first.products}
    again = run_job(job)
    assert len(again.skipped) == 6
    assert times == {path: path.stat().st_mtime_ns for path in again.products}
    assert again.ingests[0].rows_read == 0
    for name, grid in first.found.grids.items():
        xr.testing.assert_identical(grid, again.found.grids[name])
    fresh = run_job(job, fresh=True)
    assert fresh.skipped == []


def test_run_job__does_again_what_a_change_touches(job):
    run_job(job)
    job.write_text(JOB.replace('gap = "1h"', 'gap = "2h"'))
    skipped = run_job(job).skipped
    assert skipped == ["step clean", "step classes"]
    (job.parent / "output" / "hours.nc").write_bytes(b"spoilt")
    result = run_job(job)
    assert "product hours.nc" not in result.skipped
    assert "product rasters/hours.tif" in result.skipped
    assert (job.parent / "output" / "hours.nc").stat().st_size > 1000


def test_run_job__new_rows_in_the_store_are_a_change(job, tmp_path_factory):
    run_job(job)
    more = tmp_path_factory.mktemp("more") / "sea"
    simulate_sea(more, positions=2000, seed=5, days=1, formats=("noaa",))
    result = run_job(read_job(job, overrides=[f"input.paths='{more}/AIS_*'"]))
    assert result.skipped == []
    assert result.found.commit == 2


def test_run_job__a_broken_state_file_means_nothing_is_finished(job):
    run_job(job)
    (job.parent / "output" / NAME).write_text("{")
    assert run_job(job).skipped == []


def test_run_job__reads_an_earlier_commit(job):
    run_job(job)
    head, tail = JOB.split("[[input]]")
    later = tail[tail.index("[[step]]") :]
    earlier = head.replace('path = "a.store"', 'path = "a.store"\ncommit = 1') + later
    job.write_text(earlier)
    assert run_job(job).found.commit == 1
    job.write_text(earlier.replace("commit = 1", "commit = 9"))
    with pytest.raises(StoreError, match="commit 9 does not exist; the newest is 1"):
        run_job(job)


def test_run_job__a_failing_step_names_itself(job, monkeypatch):
    from oceandata.job import registry

    def broken(tracks, *, rules=None):
        if tracks.sizes["obs"]:
            raise ZeroDivisionError("no luck")
        return tracks

    known = registry.function_of

    def function_of(address):
        return broken if address.endswith(":clean_tracks") else known(address)

    monkeypatch.setattr("oceandata.job.run.function_of", function_of)
    monkeypatch.setattr("oceandata.job.run.keywords_of", lambda address: {})
    named = r"step 'clean' \(clean_tracks\) failed: piece 1 of 1 failed: .* no luck"
    with pytest.raises(EngineError, match=named):
        run_job(job)
    assert State(job.parent / "output").finished == {}


def test_run_job__what_was_finished_before_a_failure_is_kept(job):
    broken = JOB.replace('path = "report.html"', 'path = "hours.nc/report.html"')
    job.write_text(broken)
    with pytest.raises(OSError, match=r"hours\.nc") as info:
        run_job(job)
    assert any("report.html" in note for note in info.value.__notes__)
    job.write_text(JOB)
    assert len(run_job(job).skipped) == 5


def test_run_job__empty_selection_is_told(job):
    period = "[period]\nstart = 2030-01-01\nstop = 2030-02-01\n\n[[input]]"
    job.write_text(JOB.replace("[[input]]", period))
    with pytest.raises(EngineError, match=r"step 'clean' .* no pieces"):
        run_job(job)


def test_run_job__all_files_refused(job, tmp_path):
    (tmp_path / "odd.csv").write_bytes(bytes(range(256)) * 40)
    read = read_job(job, overrides=["input.paths=odd.csv"])
    with pytest.raises(FormatError, match="all 1 files of an .*odd.csv"):
        run_job(read)


def test_run_job__some_files_refused_is_not_the_end(job, tmp_path):
    (tmp_path / "odd.csv").write_bytes(bytes(range(256)) * 40)
    lines: list[str] = []
    read = read_job(job, overrides=["input.paths=['odd.csv', 'sea/AIS_*']"])
    result = run_job(read, log=lines.append)
    assert [path.rsplit("/", 1)[-1] for path in result.refused] == ["odd.csv"]
    assert any(line.startswith("refused: ") for line in lines)
    assert result.products


def test_run_job__a_bad_job_starts_nothing(job):
    text = JOB.replace('gap = "1h"', 'gap = "1"').replace("0.5", "0.3")
    text = text.replace('"second_track"]', '"second_trick"]')
    job.write_text(text.replace('by = ["class"]', 'by = ["flag"]'))
    with pytest.raises(JobError, match="4 faults") as info:
        run_job(job)
    words = ("not a whole number of cells", "second_trick", "has no unit", "'flag'")
    for word, fault in zip(words, info.value.faults, strict=True):
        assert word in fault
    assert not (job.parent / "a.store").exists()
    assert not (job.parent / "output").exists()


def test_plan_job__tells_what_would_be_done(job):
    plan = plan_job(read_job(job))
    assert [path.name for path, _, _ in plan.inputs] == [
        "AIS_2024_03_01.csv",
        "AIS_2024_03_03.csv.gz",
        "ais-2024-03-02.csv.zst",
    ]
    assert plan.bytes == sum(path.stat().st_size for path, _, _ in plan.inputs)
    assert plan.region["cells"] == (20, 20)
    assert [step["of"] for step in plan.steps] == ["tracks", "clean", "clean"]
    assert plan.products[2]["of"] == ["hours", "classes"]
    assert not plan.store_exists
    assert not (job.parent / "output").exists()


def test_run_job__dask_gives_the_same_bits(job):
    threads = run_job(job)
    dask = run_job(job, engine="dask", workers=2, fresh=True)
    for name, grid in threads.found.grids.items():
        xr.testing.assert_identical(grid, dask.found.grids[name])


def run_under_mpi(ranks, *arguments):
    pytest.importorskip("mpi4py", reason="pip install mpi4py mpich")
    from pathlib import Path
    from shutil import which

    beside = Path(sys.executable).with_name("mpiexec")
    launcher = str(beside) if beside.exists() else which("mpiexec")
    if launcher is None:
        pytest.skip("no mpiexec: pip install mpich")
    command = [launcher, "-n", str(ranks), sys.executable, "-m", "mpi4py"]
    command += ["-m", "oceandata.cli", "run", *map(str, arguments), "--engine", "mpi"]
    return subprocess.run(command, capture_output=True, text=True, timeout=240)


def test_run_job__mpi_gives_the_same_bits(job):
    threads = run_job(job)
    done = run_under_mpi(
        2, job, "--output", job.parent / "mpi", "--store", job.parent / "b.store"
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("report.html") == 1
    for name, grid in threads.found.grids.items():
        other = load_grid(job.parent / "mpi" / "steps" / f"{name}.nc")
        xr.testing.assert_identical(grid, other)


def test_run_job__mpi_stops_all_ranks_when_one_fails(job):
    (job.parent / "b").write_text("a file where the store should be")
    done = run_under_mpi(2, job, "--store", job.parent / "b")
    assert done.returncode != 0
    assert done.stderr.count("oceandata: ") == 1
    assert "not a directory" in done.stderr.lower()


def test_save_grid__round_trip_is_identical(tmp_path):
    values = np.array([[[1.5, np.nan, 0.1 + 0.2]]])
    ds = xr.Dataset(
        {
            "hours": (("ship_class", "lat", "lon"), values, {"units": "h"}),
            "withheld": (
                ("ship_class", "lat", "lon"),
                np.array([[[0, 1, 0]]], "i1"),
                {"flag_values": [0, 1]},
            ),
        },
        {
            "ship_class": np.array(["Cargo"], object),
            "lat": ("lat", [35.25], {"bounds": "lat_bounds"}),
            "lon": [120.5, 121.5, 122.5],
            "lat_bounds": (("lat", "bounds"), [[35.0, 35.5]]),
            "month": np.array("2024-03-01", "M8[us]"),
            "crs": ((), np.int32(0), {"grid_mapping_name": "latitude_longitude"}),
        },
        {"total_us": "12", "withheld_cells": 1, "by": ""},
    )
    save_grid(ds, tmp_path / "steps" / "a.nc")
    back = load_grid(tmp_path / "steps" / "a.nc")
    xr.testing.assert_identical(ds, back)
    assert back["withheld"].dtype == np.int8
    assert back["hours"].values.tobytes() == values.tobytes()


def test_state__notes_are_whole_files(tmp_path):
    (tmp_path / "a").write_text("a")
    state = State(tmp_path)
    state.note("step a", "k", tmp_path / "a")
    assert State(tmp_path).has("step a", "k", tmp_path / "a")
    assert not State(tmp_path).has("step a", "other", tmp_path / "a")
    (tmp_path / "a").write_text("b")
    assert not State(tmp_path).has("step a", "k", tmp_path / "a")
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []
    json.loads((tmp_path / NAME).read_text())
