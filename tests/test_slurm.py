"""The scripts under a real Slurm of two nodes: same bits, nothing lost, clear ends."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import slurm_local
from slurm_jobs import SCRIPTS, World, environment

import oceandata as od
from oceandata.job.batch import Batch, script_text

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def slurm():
    yield from slurm_local.fixture()


@pytest.fixture(scope="module")
def world(slurm, tmp_path_factory):
    pytest.importorskip("mpi4py", reason="pip install 'oceandata-hpc[mpi]'")
    return World(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module", autouse=True)
def limited(slurm, world):
    """A job of a minute whose pieces take longer; told 45 s before, it is requeued.

    Slurm looks at time limits every half a minute, so it runs while other tests do.
    """
    job = world.job_file("limited")
    batch = Batch(engine="threads", time="1", python=str(world.wrapper()))
    script = job.with_suffix(".sbatch")
    script.write_text(script_text(job, batch))
    env = environment(SLOW="0.8")
    options = ("--signal=B:USR1@45",)
    return slurm.submit(script, *options, folder=job.parent, **env)


def start(slurm, world, name, script, *options, **env):
    """Submit one of the scripts for a job file of its own."""
    job = world.job_file(name)
    env = environment(JOB=str(job)) | env
    return slurm.submit(SCRIPTS / script, *options, folder=job.parent, **env)


@pytest.mark.parametrize(("nodes", "each"), [(1, 2), (2, 2)])
def test_mpi__srun_gives_the_same_bits(slurm, world, nodes, each):
    name = f"mpi-{nodes}x{each}"
    options = (f"--nodes={nodes}", f"--ntasks-per-node={each}")
    env = {"PYTHON": str(world.wrapper())}
    job = start(slurm, world, name, "analyse_mpi.sbatch", *options, **env)
    assert slurm.wait(job) == ["COMPLETED"], world.log(name)
    assert world.step(name) == world.reference
    assert world.log(name).count("product hours.nc") == 1, "one rank writes"


def test_mpi__own_mpiexec_inside_a_batch_job(slurm, world):
    launcher = Path(sys.executable).with_name("mpiexec")
    if not launcher.exists():
        pytest.skip("no mpiexec of the wheel: pip install mpich")
    job = world.job_file("mpiexec")
    script = job.with_suffix(".sbatch")
    script.write_text(
        "#!/bin/bash\n#SBATCH --ntasks=2 --nodes=1 --output=mpiexec.log\n"
        f'exec "{launcher}" -n 2 "$PYTHON" -m mpi4py -m oceandata run "{job}" '
        "--engine mpi\n"
    )
    env = environment(PYTHON=str(world.wrapper()))
    number = slurm.submit(script, folder=job.parent, **env)
    assert slurm.wait(number) == ["COMPLETED"], world.log("mpiexec")
    assert world.step("mpiexec") == world.reference


def test_mpi__wrong_plugin_is_refused(slurm, world):
    job = start(
        slurm, world, "none", "analyse_mpi.sbatch", "--nodes=1",
        "--ntasks-per-node=2", MPI="none",
    )  # fmt: skip
    assert slurm.wait(job) == ["FAILED"]
    log = world.log("none")
    assert "started 2 tasks" in log
    assert "--mpi=pmi2" in log
    assert not (world.folder / "none" / "output" / "steps").exists()


def test_mpi__one_failing_rank_ends_the_job_in_seconds(slurm, world):
    env = {"PYTHON": str(world.wrapper()), "FAIL_RANK": "1", "SLOW": "0.05"}
    begin = time.monotonic()
    job = start(slurm, world, "fail", "analyse_mpi.sbatch", **env)
    assert slurm.wait(job, timeout=60) == ["FAILED"]
    assert time.monotonic() - begin < 40
    assert "this rank was told to fail" in world.log("fail")
    assert "back into the queue" not in world.log("fail")


def test_mpi__told_to_stop_it_is_requeued_and_goes_on(slurm, world):
    env = {"PYTHON": str(world.wrapper()), "SLOW": "0.4"}
    job = start(slurm, world, "told", "analyse_mpi.sbatch", **env)
    kept = world.folder / "told" / "output" / "checkpoints"
    wait_for(lambda: sum(p.stat().st_size for p in kept.rglob("*.journal")) > 3000)
    slurm.call("scancel", "--batch", "--signal=USR1", job)
    assert slurm.wait(job) == ["COMPLETED"], world.log("told")
    line = slurm.call("scontrol", "show", "job", "-o", job)
    assert "Restarts=1" in line
    assert "back into the queue" in world.log("told")
    assert world.step("told") == world.reference
    assert not kept.exists(), "finished steps need no checkpoint"


def test_array__eight_tasks_commit_at_once_and_nothing_is_lost(slurm, world):
    folder = world.folder / "array"
    folder.mkdir()
    (folder / "files.txt").write_text("".join(f"{p}\n" for p in vessel_files(world)))
    store = folder / "array.store"
    env = environment(STORE=str(store), FILES=str(folder / "files.txt"))
    script = SCRIPTS / "ingest_array.sbatch"
    options = ("--array=0-7", "--cpus-per-task=1")
    job = slurm.submit(script, *options, folder=folder, **env)
    assert slurm.wait(job) == ["COMPLETED"] * 8, world.log("array")
    made = od.open_store(store)
    made.verify(deep=True)
    assert len(made.sources()) == len(vessel_files(world)) >= 8
    expected = od.open_store(world.store).open()
    found = made.open()
    assert found.sizes == expected.sizes
    assert (found["time"].values == expected["time"].values).all()
    assert (found["lon"].values == expected["lon"].values).all()


def test_pipeline__hands_the_commit_on(slurm, world):
    job = world.job_file("pipeline", world.folder / "pipeline.store")
    (job.parent / "files.txt").write_text("".join(f"{p}\n" for p in world.sea.files))
    command = [SCRIPTS / "pipeline.sh", job, world.folder / "pipeline.store"]
    done = subprocess.run(
        [*map(str, command), str(job.parent / "files.txt")],
        env=slurm.env | environment(TASKS="2", RANKS="1"),
        cwd=job.parent,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    numbers = dict(line.split() for line in done.stdout.splitlines())
    assert list(numbers) == ["ingest", "compact", "analyse", "products"]
    states = slurm.wait(numbers["products"])
    assert states == ["COMPLETED"], world.log("pipeline")
    assert world.step("pipeline") == world.reference
    assert (job.parent / "output" / "hours.nc").stat().st_size > 1000
    commit = int((world.folder / "pipeline.store.commit").read_text())
    assert commit == od.open_store(world.folder / "pipeline.store").number
    assert f"works on commit {commit}" in world.log("pipeline")


def test_dask__cluster_of_the_job_gives_the_same_bits(slurm, world):
    pytest.importorskip("distributed", reason="pip install distributed")
    options = ("--nodes=2", "--cpus-per-task=1")
    job = start(slurm, world, "dask", "analyse_dask.sbatch", *options)
    assert slurm.wait(job) == ["COMPLETED"], world.log("dask")
    assert world.step("dask") == world.reference


def test_dask_jobqueue__gives_the_same_bits(slurm, world, monkeypatch):
    jobqueue = pytest.importorskip("dask_jobqueue", reason="pip install dask-jobqueue")
    from distributed import Client

    from oceandata.job import run_job

    for name, value in (slurm.env | environment()).items():
        monkeypatch.setenv(name, value)
    job = world.job_file("jobqueue")
    with (
        jobqueue.SLURMCluster(
            cores=1,
            processes=1,
            memory="1GB",
            walltime="00:10:00",
            local_directory=str(job.parent),
            log_directory=str(job.parent),
            interface="lo",
            scheduler_options={"interface": "lo", "dashboard_address": ":0"},
        ) as cluster,
        Client(cluster) as client,
    ):
        cluster.scale(2)
        client.wait_for_workers(2, timeout=240)
        run_job(job, engine="dask")
    assert world.step("jobqueue") == world.reference


def test_submit__is_followed_by_another_process(slurm, world, monkeypatch):
    for name, value in (slurm.env | environment()).items():
        monkeypatch.setenv(name, value)
    job = world.job_file("submit")
    handle = od.submit(job, engine="mpi", ntasks_per_node=2, time="5:00")
    assert od.submitted(job.parent) == od.submitted(handle.id) == handle
    assert handle.wait(60, every=0.3) == "COMPLETED", handle.log()
    assert handle.log(lines=1) == "ended with code 0"
    assert world.step("submit") == world.reference
    late = od.submit(job, engine="threads", time="5:00", setup="sleep 100")
    late.cancel()
    assert late.wait(30, every=0.3) == "CANCELLED"
    with pytest.raises(od.errors.EngineError, match="sbatch failed: .*artition"):
        od.submit(job, engine="threads", partition="nowhere")


def test_limit__stopped_by_its_time_and_requeued_the_bits_are_the_same(
    slurm, world, limited
):
    assert slurm.wait(limited) == ["COMPLETED"], world.log("limited")
    line = slurm.call("scontrol", "show", "job", "-o", limited)
    assert "Restarts=1" in line
    log = world.log("limited")
    assert "time is nearly over" in log
    assert "stopped with code 75: back into the queue" in log
    assert world.step("limited") == world.reference


def vessel_files(world):
    return [str(path) for path in world.sea.files]


def wait_for(true, timeout=240):
    deadline = time.monotonic() + timeout
    while not true():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.2)


def test_programs__are_named_when_missing(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    with pytest.raises(slurm_local.NoSlurm, match="apt-get install .* munge"):
        slurm_local.LocalSlurm().start()
