"""The examples: jobs that pass their checks, a script and a notebook that run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import oceandata as od
from oceandata.job import plan_job, read_job
from oceandata.job.example import FISHING_FLEET, VESSEL_DENSITY

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"
FOREIGN = ("us_waters", "danish_waters", "north_sea_vms")


@pytest.mark.parametrize(
    ("name", "text"),
    [("vessel_density", VESSEL_DENSITY), ("fishing_fleet", FISHING_FLEET)],
)
def test_examples__are_the_jobs_of_the_demo(name, text):
    assert (EXAMPLES / f"{name}.toml").read_text("utf-8") == text


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.toml")), ids=lambda p: p.stem)
def test_examples__every_job_passes_its_checks(path, tmp_path, monkeypatch):
    monkeypatch.setenv("OCEANDATA_TRUTH", str(tmp_path))
    (tmp_path / "a.csv").write_text("x\n")
    raw = tomllib.loads(path.read_text("utf-8"))
    overrides = [
        f"input.{k}.paths='{tmp_path}/a.csv'" for k in range(len(raw["input"]))
    ]
    plan = plan_job(read_job(path, overrides=overrides, output=tmp_path / "out"))
    assert plan.bytes == 2 * len(raw["input"])
    assert len(plan.steps) == len(raw["step"])


def test_examples__readme_names_every_file():
    text = (EXAMPLES / "README.md").read_text("utf-8")
    for path in EXAMPLES.iterdir():
        if path.is_file() and path.name != "README.md":
            assert f"`{path.name}`" in text


@pytest.mark.slow
def test_script__runs(tmp_path):
    script = (EXAMPLES / "vessel_density.py").read_text("utf-8")
    small = script.replace("positions=200_000", "positions=20_000")
    assert small != script
    path = tmp_path / "vessel_density.py"
    path.write_text(small, "utf-8")
    done = subprocess.run(
        [sys.executable, str(path)], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    made = {p.name for p in (tmp_path / "vessel-density").iterdir() if p.is_file()}
    assert made == {
        "vessel_hours.nc",
        "vessel_hours.tif",
        "vessel_hours.png",
        "transits.png",
        "report.html",
    }


@pytest.mark.slow
def test_script__shares_a_release(tmp_path):
    script = (EXAMPLES / "share_a_release.py").read_text("utf-8")
    small = script.replace("positions=200_000", "positions=20_000")
    assert small != script
    path = tmp_path / "share_a_release.py"
    path.write_text(small, "utf-8")
    done = subprocess.run(
        [sys.executable, str(path)], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    made = {p.name for p in (tmp_path / "release" / "out").iterdir()}
    assert made == {
        "audit.jsonl",
        "hours.png",
        "hours.tif",
        "hours_by_class.zarr",
        "tracks.parquet",
    }
    copy = od.open_store(tmp_path / "release" / "copy.store")
    copy.verify(deep=True)
    assert copy.info()["rows"] > 15_000


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_notebook__runs(tmp_path):
    nbformat = pytest.importorskip("nbformat", reason="pip install nbformat")
    nbclient = pytest.importorskip("nbclient", reason="pip install nbclient ipykernel")
    path = EXAMPLES / "vessel_density.ipynb"
    notebook = nbformat.read(path, as_version=4)
    assert all(not cell.get("outputs") for cell in notebook.cells)
    for cell in notebook.cells:
        cell.source = cell.source.replace("positions=60_000", "positions=10_000")
    environment = {**os.environ, "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime")}
    client = nbclient.NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        resources={"metadata": {"path": str(tmp_path)}},
    )
    client.execute(env=environment)
    assert (tmp_path / "vessel-density-notebook" / "vessel_hours.nc").stat().st_size
    kinds = [out for cell in notebook.cells for out in cell.get("outputs", [])]
    assert any("image/png" in out.get("data", {}) for out in kinds)


@pytest.mark.truth
@pytest.mark.parametrize(
    ("name", "rows", "kept"),
    [("us_waters", 1000, 999), ("danish_waters", 10, 10)],
)
def test_real_files__every_row_accounted_for(
    truth, tmp_path, monkeypatch, name, rows, kept
):
    found = run_real(truth, tmp_path, monkeypatch, name)
    report = found.ingests[0]
    assert (report.rows_read, report.rows_kept) == (rows, kept)
    attrs = found.found.grids["vessels"].attrs
    assert int(attrs["total_transits"]) == kept
    parts = ("exported", "withheld", "off_grid", "over_gap")
    assert sum(int(attrs[f"{part}_transits"]) for part in parts) == kept


@pytest.mark.truth
def test_real_vms__cleaning_moves_no_hour_unseen(truth, tmp_path, monkeypatch):
    found = run_real(truth, tmp_path, monkeypatch, "north_sea_vms")
    report = found.ingests[0]
    assert report.rows_read == 97_015
    assert (
        report.rows_read
        == report.rows_kept + report.rows_quarantined + report.duplicates
    )
    for name in ("hours", "uncleaned"):
        attrs = found.found.grids[name].attrs
        parts = ("exported", "withheld", "off_grid", "over_gap")
        total = sum(int(attrs[f"{part}_us"]) for part in parts)
        assert total == int(attrs["total_us"]) > 0
    flags = found.found.flags["clean"].set_index("rule")["fixes"]
    assert flags["null_island"] >= 9_005


def run_real(truth, tmp_path, monkeypatch, name):
    """Run a job on the reference data, its pictures left out."""
    from oceandata.job import run_job

    monkeypatch.setenv("OCEANDATA_TRUTH", str(truth))
    text = (EXAMPLES / f"{name}.toml").read_text("utf-8")
    head, *products = text.split("[[product]]")
    kept = [part for part in products if 'kind = "map"' not in part]
    path = tmp_path / f"{name}.toml"
    path.write_text("[[product]]".join([head, *kept]), "utf-8")
    return run_job(path)


def test_readme__its_ten_lines_run(tmp_path, monkeypatch):
    text = (ROOT / "README.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    od.simulate_sea(tmp_path / "sea", positions=20_000, days=3, seed=8)
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "README.md", "exec"), {})
    for product in ("hours.png", "hours.nc", "hours.tif"):
        assert (tmp_path / product).stat().st_size > 2000


def test_module__runs_as_the_command_does():
    command = [sys.executable, "-m", "oceandata", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split()[-1] == od.__version__
