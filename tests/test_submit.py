"""Handing a job to Slurm, as far as it goes without one."""

from __future__ import annotations

import subprocess
import sys

import pytest

import oceandata as od
from oceandata.errors import JobError, OceanDataError
from oceandata.job.batch import script_text
from oceandata.job.example import VESSEL_DENSITY
from oceandata.job.slurm import make_batch


@pytest.fixture(scope="module")
def job(tmp_path_factory):
    folder = tmp_path_factory.mktemp("submit")
    od.simulate_sea(folder / "sea", positions=5_000, days=2, seed=6)
    path = folder / "vessel_density.toml"
    path.write_text(VESSEL_DENSITY, "utf-8")
    return path


@pytest.mark.parametrize("engine", ["mpi", "dask"])
def test_script__is_sound_and_always_the_same(job, engine, tmp_path):
    batch = make_batch(engine=engine, nodes=3, ntasks_per_node=2, time="2:00:00")
    text = script_text(job, batch)
    assert text == script_text(job, batch)
    for option in ("--nodes=3", "--ntasks-per-node=2", "--time=2:00:00", "--requeue"):
        assert f"#SBATCH {option}\n" in text
    assert f"--engine {engine}" in text
    script = tmp_path / "job.sbatch"
    script.write_text(text)
    subprocess.run(["bash", "-n", str(script)], check=True)


def test_dry_run__shows_the_script_and_submits_nothing(job):
    before = sorted(job.parent.iterdir())
    command = [sys.executable, "-m", "oceandata", "submit", str(job), "--nodes", "2"]
    done = subprocess.run(
        [*command, "--time", "0:30:00", "--dry-run"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "#SBATCH --nodes=2\n" in done.stdout
    for word in ("rows", "memory", "reads", "inodes", "Nothing was written"):
        assert word in done.stdout
    assert sorted(job.parent.iterdir()) == before


def test_script__threads_of_several_nodes_are_refused(job):
    with pytest.raises(JobError, match="one process on one node; got nodes=3"):
        script_text(job, make_batch(engine="threads", nodes=3))


def test_submit__without_slurm_says_what_is_missing(job, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OceanDataError, match="sbatch"):
        od.submit(job, nodes=2)


@pytest.mark.parametrize("name", ["analyse_mpi", "analyse_dask", "ingest_array"])
def test_slurm_scripts__are_sound(name, pytestconfig):
    script = pytestconfig.rootpath / "slurm" / f"{name}.sbatch"
    subprocess.run(["bash", "-n", str(script)], check=True)
