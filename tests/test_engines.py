"""One reduction, three engines: equal to the last bit."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy_reduction import PIECES, TOY, ToyPiece

from oceandata import engines
from oceandata.errors import EngineError
from oceankernels import reduction

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def reference():
    return engines.run(TOY, PIECES, workers=1)


@pytest.mark.parametrize("workers", [2, 5, 100])
def test_run__threads_same_bits(reference, workers):
    assert engines.run(TOY, PIECES, workers=workers) == reference


def test_run__dask_threads_same_bits(reference):
    assert engines.run(TOY, PIECES, engine="dask", workers=2) == reference


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_run__dask_cluster_same_bits(reference, workers, tmp_path):
    distributed = pytest.importorskip("distributed", reason="pip install distributed")
    import dask

    with (
        dask.config.set({"temporary-directory": str(tmp_path)}),
        distributed.LocalCluster(
            n_workers=workers, threads_per_worker=1, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        client.run(sys.path.insert, 0, str(HERE))
        assert engines.run(TOY, PIECES, engine="dask") == reference


def run_mpi(ranks, script, *arguments):
    """Run a script of this folder under MPI; its output."""
    pytest.importorskip("mpi4py", reason="pip install 'oceandata-hpc[mpi]'")
    launcher = Path(sys.executable).with_name("mpiexec")
    launcher = str(launcher) if launcher.exists() else shutil.which("mpiexec")
    if launcher is None:
        pytest.skip("no mpiexec: pip install mpich")
    command = [launcher, "-n", str(ranks), sys.executable, "-m", "mpi4py"]
    done = subprocess.run(
        [*command, str(HERE / script), *arguments],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_run__a_failing_piece_is_named():
    pieces = [*PIECES[:5], ToyPiece(99, 10, fail=True)]
    for engine in ("threads", "dask"):
        with pytest.raises(EngineError, match="piece 6 of 6 failed: .*no such shard"):
            engines.run(TOY, pieces, engine=engine, workers=2)


def test_run__nothing_and_unknown_engines_are_refused():
    with pytest.raises(EngineError, match="no pieces"):
        engines.run(TOY, [])
    with pytest.raises(ValueError, match="engine must be one of"):
        engines.run(TOY, PIECES, engine="spark")


def test_run__progress_counts_every_row():
    seen = []
    engines.run(TOY, PIECES, workers=3, progress=lambda d, t: seen.append((d, t)))
    total = sum(piece.rows for piece in PIECES)
    assert seen[-1] == (total, total)
    assert len(seen) == len(PIECES)


@given(st.integers(1, 70), st.randoms())
def test_accumulator__is_fold_in_any_order(n, random):
    def combine(a, b):
        return f"({a} {b})"

    states = [str(k) for k in range(n)]
    expected = reduction.fold(states, combine)
    tree = reduction.Accumulator(n, combine)
    for k in random.sample(range(n), n):
        tree.add(k, states[k])
    assert tree.result() == expected


def test_accumulator__knows_that_a_piece_is_missing():
    tree = reduction.Accumulator(3, lambda a, b: a + b)
    tree.add(0, "a")
    tree.add(2, "c")
    with pytest.raises(RuntimeError, match="still wait"):
        tree.result()


def test_fold__of_nothing():
    with pytest.raises(ValueError, match="at least one state"):
        reduction.fold([], max)


def test_machine__limits_are_sensible(monkeypatch):
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "1")
    monkeypatch.setenv("SLURM_MEM_PER_NODE", "512")
    assert engines.default_workers() == 1
    assert engines.memory_budget() == 512 << 20
    assert engines.mpi_rank() == 0
    assert engines.mpi_size() == 1
