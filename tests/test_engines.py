"""One reduction, three engines: equal to the last bit."""

from __future__ import annotations

import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy_reduction import PIECES, TOY, ToyPiece

from oceandata import engines
from oceandata.errors import EngineError
from oceankernels import mpi, reduction

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


@pytest.mark.slow
@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_run__mpi_same_bits(reference, ranks):
    lines = run_mpi(ranks, "mpi_toy.py").splitlines()
    assert len(lines) == ranks, "every rank reports"
    assert set(lines) == {repr(reference)}


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


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=90), st.integers(1, 40))
def test_shares__cover_all_pieces_and_balance(cost, size):
    bounds = mpi.shares(np.array(cost), size)
    assert bounds[0] == 0
    assert bounds[-1] == len(cost)
    assert (np.diff(bounds) >= 0).all()
    loads = [sum(max(c, 1) for c in cost[a:b]) for a, b in pairwise(bounds)]
    fair = sum(max(c, 1) for c in cost) / size
    assert max(loads) <= fair + max(max(c, 1) for c in cost)


@given(st.integers(1, 60), st.integers(1, 9))
def test_tree_plan__sends_only_towards_lower_ranks(n, size):
    bounds = mpi.shares(np.ones(n, "i8"), size)
    plan = mpi.tree_plan(bounds)
    assert len(plan) == n - 1
    assert all(left <= right for _, _, left, right in plan)


def test_check_launcher__refuses_silent_singletons():
    with pytest.raises(RuntimeError, match=r"started 4 tasks .* MPI sees 1 .*pmi2"):
        mpi.check_launcher(1, {"SLURM_STEP_NUM_TASKS": "4"})
    mpi.check_launcher(4, {"SLURM_STEP_NUM_TASKS": "4", "PMI_SIZE": "4"})
    mpi.check_launcher(1, {})


def test_machine__limits_are_sensible(monkeypatch):
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "1")
    monkeypatch.setenv("SLURM_MEM_PER_NODE", "512")
    assert engines.default_workers() == 1
    assert engines.memory_budget() == 512 << 20
    assert engines.mpi_rank() == 0
    assert engines.mpi_size() == 1
