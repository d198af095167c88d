"""Ranks: the same bits, balanced, bounded in memory, and none left waiting."""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_reduction import PIECES, TOY

import oceandata as od
from oceandata import engines
from oceandata.errors import EngineError
from oceandata.tracks import cells, density
from oceankernels import mpi, mpi_rows, mpi_states, mpi_work, reduction, tiles

HERE = Path(__file__).parent


def launch(ranks, script, *arguments, seconds=60):
    """Run a script of this folder under MPI, not by ``-m mpi4py``; what came of it."""
    pytest.importorskip("mpi4py", reason="pip install 'oceandata-hpc[mpi]'")
    launcher = Path(sys.executable).with_name("mpiexec")
    launcher = str(launcher) if launcher.exists() else shutil.which("mpiexec")
    if launcher is None:
        pytest.skip("no mpiexec: pip install mpich")
    command = [launcher, "-n", str(ranks), sys.executable, str(HERE / script)]
    return subprocess.run(
        [*command, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=seconds,
    )


@pytest.mark.parametrize("ranks", [1, 2, 3, 4])
def test_run__mpi_same_bits(ranks):
    reference = engines.run(TOY, PIECES, workers=1)
    done = launch(ranks, "mpi_toy.py")
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.splitlines() == [repr(reference)] * ranks


def test_run__one_failing_piece_stops_all_ranks():
    begin = time.monotonic()
    done = launch(3, "mpi_toy.py", "partial")
    assert done.returncode != 0
    assert time.monotonic() - begin < 30
    said = re.findall(r"EngineError: (rank . of 3: .*)", done.stderr)
    assert len(said) == 3, done.stderr
    assert set(said) == {said[0]}
    assert said[0].endswith("piece 5 of 60 failed: ValueError: no such shard")
    assert done.stderr.count("computed") < 40, "the others stop at their next piece"


@pytest.mark.parametrize("mode", ["combine", "finalize"])
def test_run__failures_after_the_pieces_stop_all_ranks(mode):
    done = launch(3, "mpi_toy.py", mode)
    assert done.returncode != 0
    assert len(re.findall(r"EngineError: rank 0 of 3: .*not fit", done.stderr)) == 3


def test_run__logs_the_progress_of_all_ranks():
    done = launch(2, "mpi_toy.py", "log")
    assert done.returncode == 0, done.stderr
    lines = [x for x in done.stderr.splitlines() if x.startswith("oceandata.engines")]
    assert lines
    assert all(
        re.fullmatch(
            r"oceandata\.engines\.mpi mpi: [\d,]+ of 600 rows \(\d+ %\), \d+ of 60 "
            r"pieces on 2 ranks in \d+ s; slowest is rank [01] with [\d,]+ rows/s"
            r"(, about \d+ s left)?",
            line,
        )
        for line in lines
    ), lines


@pytest.fixture(scope="module")
def told():
    """What mpi_states.py found, by number of ranks: a list over ranks."""
    out = {}
    for ranks in (1, 2, 4):
        done = launch(ranks, "mpi_states.py")
        assert done.returncode == 0, done.stderr[-3000:]
        out[ranks] = json.loads(done.stdout)
    return out


def test_share_work__balances_what_the_costs_did_not_tell(told):
    for ranks in (2, 4):
        slow = told[ranks][0]["balance"]["slow"]
        assert told[ranks][0]["balance"]["once"]
        assert max(slow) < 20, "all would be on rank 0 (or 0 and 1) without help"
        assert min(slow) > 0


def test_share_work__without_threads_ranks_keep_their_shares(told):
    assert all(one["one_thread"]["kept"] for ranks in told.values() for one in ranks)


def test_run__memory_of_split_states_does_not_grow_with_ranks(told):
    peaks = {ranks: found[0]["memory"]["peak"] for ranks, found in told.items()}
    assert all(one["memory"]["same"] for ranks in told.values() for one in ranks)
    assert peaks[4] < 1.25 * peaks[2], peaks
    assert peaks[4] < 1.6 * peaks[1], "two times the state of one rank, at most"


def test_run__large_results_stay_on_rank_0(told):
    for ranks in (2, 4):
        assert all(one["large_result"]["stays"] for one in told[ranks])


def test_reduce_to_owners__failing_combination_leaves_none_waiting(told):
    assert all(one["broken"]["told"] for ranks in told.values() for one in ranks)


def test_gather_rows__unequal_lengths_in_rank_order(told):
    for ranks in told.values():
        assert all(one["rows"]["whole"] and one["rows"]["sent"] for one in ranks)


def test_gather_rows__faults_are_told_on_every_rank(told):
    said = {one["rows"]["said"] for one in told[2]}
    assert len(said) == 1
    assert re.search(r"equally long; rank 0 has .*'a': \(1,\)", said.pop())


def test_gather_rows__refuses_what_has_no_fixed_size():
    tables = [{"a": ((2,), np.dtype("i4"))}, {"a": ((2,), np.dtype("f8"))}]
    with pytest.raises(ValueError, match="rank 1 has float64, rank 0 int32"):
        mpi_rows._check_tables(tables)
    with pytest.raises(ValueError, match="one fixed dtype on all ranks; rank 0"):
        mpi_rows._check_tables([{"a": ((2,), np.dtype(object))}])
    with pytest.raises(ValueError, match=r"rank 1 has the columns \['b'\]"):
        mpi_rows._check_tables([tables[0], {"b": ((2,), np.dtype("i4"))}])


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=90), st.integers(1, 40))
def test_shares__cover_all_pieces_and_balance(cost, size):
    bounds = mpi.shares(np.array(cost), size)
    assert bounds[0] == 0
    assert bounds[-1] == len(cost)
    assert (np.diff(bounds) >= 0).all()
    loads = [sum(max(c, 1) for c in cost[a:b]) for a, b in pairwise(bounds)]
    fair = sum(max(c, 1) for c in cost) / size
    assert max(loads) <= fair + max(max(c, 1) for c in cost)


@given(
    st.lists(st.integers(0, 99), min_size=1, max_size=90),
    st.integers(1, 20),
    st.randoms(),
)
def test_work_queue__each_piece_once_whoever_asks(cost, size, random):
    queue = mpi_work.WorkQueue(np.array(cost), size)
    found = []
    while (piece := queue.take(random.randrange(size))) is not None:
        found.append(piece)
    assert sorted(found) == list(range(len(cost)))


def finish_times(duration, cost, size):
    """When each virtual rank is done, if it asks the queue whenever it is free."""
    queue, free = mpi_work.WorkQueue(cost, size), np.zeros(size)
    while True:
        rank = int(np.argmin(free))
        piece = queue.take(rank)
        if piece is None:
            return free
        free[rank] += duration[piece]


@pytest.mark.parametrize("size", [2, 16, 1024])
def test_work_queue__uneven_work_ends_together(size):
    rng = np.random.default_rng(size)
    cost = rng.integers(50, 150, 20 * size)
    duration = cost * rng.pareto(3, cost.size)  # costs say little
    free = finish_times(duration, cost, size)
    assert free.max() <= duration.sum() / size + duration.max()


@given(st.integers(1, 70), st.integers(1, 9), st.randoms())
def test_tree_plan__any_owners_give_the_tree_of_fold(n, size, dice):
    def combine(a, b):
        return f"({a} {b})"

    trees = [reduction.Accumulator(n, combine) for _ in range(size)]
    for k in random.Random(dice.random()).sample(range(n), n):
        trees[dice.randrange(size)].add(k, str(k))
    held = {node: s for tree in trees for node, s in tree.waiting.items()}
    owner = {node: r for r, tree in enumerate(trees) for node in tree.waiting}
    for level, node, _, _ in mpi_states.tree_plan(owner, n):
        pair = [mpi_states._take(held, level, 2 * node + k) for k in (0, 1)]
        held[level + 1, node] = combine(*pair)
    assert list(held.values()) == [reduction.fold(list(map(str, range(n))), combine)]


@settings(deadline=None)  # the first merge is compiled
@given(st.sets(st.integers(0, 2**60), max_size=300), st.integers(1, 9))
def test_by_owner__parts_are_whole_tiles_and_make_up_the_cells(keys, n):
    key = np.array(sorted(keys), np.int64)
    cells = tiles.Cells(key, key % 7 + 1, np.zeros((key.size, 2), np.int64))
    parts = tiles.by_owner(cells, n)
    assert len(parts) == n
    owners = [set((part.key >> 8).tolist()) for part in parts]
    assert sum(map(len, owners)) == len(set((key >> 8).tolist()))
    again = reduction.fold(parts, tiles.merge)
    assert all(np.array_equal(a, b) for a, b in zip(again, cells, strict=True))


def test_by_owner__neighbouring_tiles_are_spread():
    row, column = np.meshgrid(np.arange(200), np.arange(200))
    key = np.sort(((row << 16 | column) << 8).ravel().astype(np.int64))
    part = tiles.by_owner(tiles.Cells(key, key + 1, np.zeros((key.size, 0))), 64)
    sizes = [one.key.size for one in part]
    assert max(sizes) < 1.2 * key.size / 64


@pytest.mark.parametrize("n", [1, 3])
def test_vessel_hours__parts_assemble_to_the_same_product(n):
    grid = od.regular_grid((120, 30, 124, 33), step=0.05)
    request = cells.cell_request(
        grid, quantity="time", path="lonlat", gap="6h", by=("class", "month"),
        min_vessels=1, skip_quality=(4, 9),
    )  # fmt: skip
    hours = cells.cell_reduction(request, density._Finalize(request, density.HOURS))
    state = hours.partial(wandering())
    whole = hours.finalize(state)
    parts = hours.assemble(iter(hours.split(state, n)))
    assert parts.identical(whole)
    assert float(whole["vessel_hours"].sum()) > 10


def wandering():
    """A piece: three vessels that wander over a month's end."""
    rng = np.random.default_rng(5)
    rows = 120
    time = np.datetime64("2024-01-30", "us").astype("i8") + 1_200_000_000 * np.tile(
        np.arange(rows // 3), 3
    )
    lon = 122 + np.cumsum(rng.normal(0, 0.03, rows))
    lat = 31.5 + np.cumsum(rng.normal(0, 0.02, rows))
    return engines.ArrayPiece(
        engines.TrackArrays(
            np.full(3, rows // 3), np.arange(3) + 412000001,
            np.array([30, 70, 80], "i2"), np.zeros(3, "i1"), time, lon, lat,
            np.zeros(rows, "f4"), np.zeros(rows, "f4"), np.zeros(rows, "i1"),
            np.ones(rows, "i1"),
        )
    )  # fmt: skip


SRUN = "SLURM_STEP_NUM_TASKS"


@pytest.mark.parametrize(
    ("size", "environ"),
    [
        (1, {}),
        (4, {SRUN: "4", "PMI_SIZE": "4"}),
        (4, {SRUN: "1"}),  # mpiexec in a batch step
        (4, {SRUN: "2", "PMI_SIZE": "4"}),  # srun starts one helper a node
        (4, {"SLURM_NTASKS": "8"}),  # mpiexec -n 4 in an allocation of 8
        (2, {SRUN: "4", "PMI_SIZE": "2"}),  # mpiexec within a step
        (1, {SRUN: "1", "SLURM_NTASKS": "4"}),  # one process in a batch script
        (3, {"OMPI_COMM_WORLD_SIZE": "3", SRUN: "8"}),
    ],
)
def test_check_launcher__accepts(size, environ):
    mpi.check_launcher(size, environ)


@pytest.mark.parametrize(
    ("size", "environ", "message"),
    [
        (1, {SRUN: "4"}, r"srun started 4 tasks .* MPI sees 1 rank; .*--mpi=pmi2 .*"),
        (1, {SRUN: "4", "PMI_SIZE": "4"}, r"srun started 4 .*--mpi=pmix \(Open MPI\)"),
        (1, {"PMI_SIZE": "3"}, r"the launcher started 3 tasks \(PMI_SIZE\)"),
        (
            1,
            {"OMPI_COMM_WORLD_SIZE": "2"},
            r"mpiexec started 2 .*library's own mpiexec",
        ),
        (2, {SRUN: "4"}, "MPI sees 2 ranks; every task would do all the work alone"),
    ],
)
def test_check_launcher__refuses_silent_singletons(size, environ, message):
    with pytest.raises(RuntimeError, match=message):
        mpi.check_launcher(size, environ)


def test_run__refusal_is_an_engine_error(monkeypatch):
    pytest.importorskip("mpi4py", reason="pip install 'oceandata-hpc[mpi]'")
    monkeypatch.setenv(SRUN, "4")
    with pytest.raises(EngineError, match="srun started 4 tasks"):
        engines.run(TOY, PIECES, engine="mpi")
