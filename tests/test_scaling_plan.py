"""The plan for 1,024 ranks: work is conserved and even, files and memory bounded."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import store_world as world
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))
import cost_model
import virtual_ranks as virtual

from oceandata.store import create_store
from oceandata.store.arrays import CHUNK, SHARD_CHUNKS
from oceandata.store.ingest import GROUP_BYTES

MODEL = cost_model.Model()
YEAR = virtual.Fleet()
SMALL = replace(YEAR, rows=10**8, vessels=20_000)
CASES = ("ingest", "compact", "hours", "quantile")


@pytest.fixture(scope="module")
def costs():
    return virtual.piece_costs(YEAR, 500_000)


def test_pieces__hold_every_row_once(costs):
    assert costs.sum() == YEAR.rows == sum(virtual.month_rows(YEAR))
    assert costs.min() > 0
    assert costs.max() <= max(500_000, YEAR.most * 1.1)
    small = virtual.piece_costs(SMALL, 2_000_000)
    assert small.sum() == SMALL.rows


def test_work__is_even_on_1024_ranks(costs):
    found = virtual.balance(costs, 1024)
    assert found.pieces > 19_000
    assert found.shares < 1.06
    assert found.queue < 1.08
    coarse = virtual.balance(virtual.piece_costs(YEAR, 2_000_000), 1024)
    assert found.queue < coarse.queue < 1.4


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(1, 10**6), min_size=1, max_size=200),
    st.integers(1, 64),
)
def test_balance__queue_is_never_worse_than_one_piece_more(cost, ranks):
    costs = np.array(cost)
    found = virtual.balance(costs, ranks, noise=0, slow=0)
    mean = costs.sum() / ranks
    assert 1 - 1e-9 <= found.queue <= 1 + costs.max() / mean + 1e-9


def test_tiles__owners_hold_about_as_much():
    assert virtual.tile_owners(1024) < 1.15
    assert virtual.tile_owners(1000) < 1.15
    assert virtual.tile_owners(1) == 1


def test_files_of_a_part__are_those_of_the_store(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "oceandata.store.sources.find_reader", lambda *_: world.PlainReader(50_000)
    )
    store = create_store(tmp_path / "s")
    store.ingest(world.write(tmp_path / "a.txt", world.rows_of(500, days=20)))
    few = store._state.parts.copy()
    many = world.rows_of(CHUNK + 10, days=20, seed=4)
    store.ingest(world.write(tmp_path / "b.txt", many))
    for record in store._state.parts.values():
        part = tmp_path / "s" / "parts" / "tracks" / f"{record['id']}.zarr"
        inodes = 1 + len(list(part.rglob("*"))) + 1
        assert record["files"] == virtual.files_of_part(record["rows"])
        assert inodes == virtual.inodes_of_part(record["rows"])
    (record,) = few.values()
    assert len(json.dumps(record)) <= virtual.RECORD_BYTES
    two = SHARD_CHUNKS * CHUNK + 1
    assert virtual.files_of_part(two) == virtual.files_of_part(1) + 10


@pytest.mark.parametrize("ranks", [16, 64, 256, 1024])
def test_ingest__files_and_memory_are_bounded(ranks):
    plan = virtual.plan_ingest(YEAR, ranks, range_bytes=256 << 20)
    assert plan.busiest < 1.05
    assert plan.parts <= plan.sources
    assert plan.parts <= ranks + 12 + YEAR.rows * virtual.ROW_BYTES // GROUP_BYTES * 2
    assert plan.inodes < 100_000
    assert plan.entry_bytes < 10e6
    assert plan.rows_held * virtual.ROW_BYTES <= GROUP_BYTES
    files, shards = virtual.compacted_files(YEAR)
    assert files < 2_000
    assert shards < 200


def test_ingest__whole_daily_files_leave_ranks_idle():
    """Why the how-to says range_bytes: 365 files feed 365 ranks."""
    assert virtual.plan_ingest(YEAR, 1024).busiest > 2.5
    assert virtual.plan_ingest(YEAR, 256).busiest < 1.5


@pytest.mark.parametrize("case", CASES)
def test_model__conserves_work_and_gets_no_slower_where_it_is_parallel(case):
    steps = {n: getattr(MODEL, case)(n) for n in cost_model.RANKS}
    seconds = {n: cost_model.predict(s, n, MODEL.system) for n, s in steps.items()}
    for few, more in zip(cost_model.RANKS, cost_model.RANKS[1:], strict=False):
        for part in ("read", "compute"):
            assert seconds[more][part] <= seconds[few][part] * 1.2, part
        work = [cost_model.core_seconds(steps[n]) for n in (few, more)]
        index = cost_model.core_seconds([s for s in steps[more] if s.name == "index"])
        assert abs(work[1] - work[0]) <= 0.02 * work[0] + index + 60


@given(st.integers(1, 4096), st.floats(0, 1e6), st.floats(0, 1e13), st.floats(0, 1e6))
def test_step__is_monotone(ranks, cpu, size, alone):
    system = MODEL.system
    step = cost_model.Step("x", cpu=cpu, bytes=size, alone=alone)
    now, later = step.seconds(ranks, system), step.seconds(2 * ranks, system)
    assert later <= now * (1 + 1e-12)
    assert now >= alone / system.speed
    assert now * ranks >= cpu * (1 - 1e-12)
    faster = step.seconds(ranks, replace(system, speed=2.0))
    assert faster <= now


def test_memory__of_a_rank_does_not_grow_with_ranks():
    totals = [sum(MODEL.memory(n).values()) for n in cost_model.RANKS]
    assert totals == sorted(totals, reverse=True)
    assert totals[-1] < 1e9


def test_commit__of_one_job_is_one_link():
    assert virtual.commit_attempts(1) == 1
    assert virtual.commit_attempts(8) == 36


def test_reports__print(capsys):
    virtual.report()
    cost_model.report()
    told = capsys.readouterr().out
    assert "| 1024 |" in told
    assert "After compaction" in told
