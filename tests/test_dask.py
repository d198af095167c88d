"""dask clusters: nothing large through the scheduler, lost workers, clear errors."""

from __future__ import annotations

import functools
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import store_world as world
import toy_dask
from toy_reduction import PIECES, TOY, ToyPiece, partial

from oceandata import engines
from oceandata.engines import dask as engine
from oceandata.errors import EngineError
from oceandata.store import create_store
from oceankernels.reduction import Reduction

distributed = pytest.importorskip("distributed", reason="pip install distributed")
HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def reference():
    return engines.run(TOY, PIECES, workers=1)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    import dask

    paths = f"{HERE}:{HERE.parent}:{HERE.parent / 'kernels'}"
    with (
        pytest.MonkeyPatch.context() as patch,
        dask.config.set({"temporary-directory": str(tmp_path_factory.mktemp("dask"))}),
    ):
        patch.setenv("PYTHONPATH", paths)
        with distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            dashboard_address=":0",
            silence_logs=50,
        ) as cluster:
            yield cluster


@pytest.fixture
def client(cluster):
    with distributed.Client(cluster) as client:
        client.wait_for_workers(2, timeout=240)
        yield client


def held(flags=()):
    """In-memory pieces of the numbers that the toy pieces load."""
    flags = dict(flags)
    return [
        toy_dask.Held(p.number, np.tile(p.load(), 2000), flags.get(k, ""))
        for k, p in enumerate(PIECES[:9])
    ]


@pytest.mark.slow
def test_lost_worker__its_pieces_are_computed_again(client, reference, tmp_path):
    pieces = list(PIECES)
    for k in (3, 40):
        pieces[k] = toy_dask.Deadly(PIECES[k], str(tmp_path / f"died-{k}"))
    before = set(client.scheduler_info()["workers"])
    assert engines.run(TOY, pieces, engine="dask") == reference
    assert len(list(tmp_path.glob("died-*"))) == 2
    client.wait_for_workers(2, timeout=240)
    assert set(client.scheduler_info()["workers"]) != before


@pytest.mark.slow
def test_lost_worker__killed_from_outside(client):
    pieces = [toy_dask.Slow(k, 0.1) for k in range(20)]
    expected = engines.run(TOY, pieces, workers=20)
    (victim, *_) = client.run(__import__("os").getpid).values()
    seen = []

    def kill_once(done, total):
        if not seen:
            subprocess.run(["kill", "-9", str(victim)], check=True)
        seen.append(done)

    assert engines.run(TOY, pieces, engine="dask", progress=kill_once) == expected
    assert seen == [10 * (k + 1) for k in range(20)]


@pytest.mark.slow
def test_lost_worker__arrays_in_memory_are_sent_again(client, tmp_path):
    expected = engines.run(TOY, held(), workers=1)
    assert engines.run(TOY, held(), engine="dask") == expected
    pieces = held({5: str(tmp_path / "died")})
    assert engines.run(TOY, pieces, engine="dask") == expected
    assert (tmp_path / "died").exists()


@pytest.mark.slow
def test_piece__that_kills_every_worker_is_named(client):
    client.cluster.scheduler.allowed_failures = 1
    pieces = [toy_dask.Deadly(ToyPiece(3, 10))]
    with pytest.raises(EngineError, match="piece 1 of 1: 2 dask workers died"):
        engines.run(TOY, pieces, engine="dask")


@pytest.mark.slow
def test_failures__name_piece_and_worker(client):
    pieces = [*PIECES[:5], ToyPiece(99, 10, fail=True)]
    message = r"dask worker .* at tcp://.*: piece 6 of 6 failed: .*no such shard"
    with pytest.raises(EngineError, match=message):
        engines.run(TOY, pieces, engine="dask")
    broken = Reduction(partial, toy_dask.fails, tuple)
    with pytest.raises(EngineError, match=r"dask worker .*combining two .* do not fit"):
        engines.run(broken, PIECES[:2], engine="dask")


@pytest.mark.slow
def test_combine__may_overwrite_its_first_argument(client):
    adding = Reduction(toy_dask.array_of, toy_dask.first_in_place, toy_dask.as_bytes)
    expected = engines.run(adding, PIECES, workers=1)
    for _ in range(2):
        assert engines.run(adding, PIECES, engine="dask") == expected


@pytest.mark.slow
def test_client__closed_while_pieces_run(cluster):
    with distributed.Client(cluster, set_as_default=True) as client:
        client.wait_for_workers(2, timeout=240)
        pieces = [toy_dask.Slow(k, 0.3) for k in range(30)]
        closer = threading.Thread(target=lambda: (time.sleep(1), client.close()))
        closer.start()
        with pytest.raises(EngineError, match="lost its cluster .*Keep the client"):
            engines.run(TOY, pieces, engine="dask")
        closer.join()


def test_threads__progress_and_one_piece(reference):
    seen = []

    def progress(done, total):
        seen.append((done, total))

    found = engines.run(TOY, PIECES, engine="dask", workers=2, progress=progress)
    total = sum(piece.cost for piece in PIECES)
    assert found == reference
    assert len(seen) == len(PIECES)
    assert seen[-1] == (total, total)
    one = engines.run(TOY, PIECES[:1], workers=1)
    assert engines.run(TOY, PIECES[:1], engine="dask", workers=2) == one


def test_pieces_of_a_store__are_small(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "oceandata.store.sources.find_reader", lambda *_: world.PlainReader()
    )
    store = create_store(tmp_path / "s")
    store.ingest(world.write(tmp_path / "a.txt", world.rows_of(3000)))
    pieces = store.select(box=(-170, -60, 170, 70)).pieces(rows=50)
    sizes = [len(engine.pack_piece(k, 9, p)) for k, p in enumerate(pieces)]
    assert len(sizes) > 10
    assert max(sizes) < 2000


@pytest.mark.slow
def test_graph__is_small(client):
    """What the scheduler is sent: less than 10 kB a piece, the functions once."""
    ballast = Reduction(
        functools.partial(_with, np.zeros(100_000)), TOY.combine, TOY.finalize
    )
    functions = engine.pack_functions(ballast)
    assert len(functions) > 800_000
    packed = [engine.pack_piece(k, 67, piece) for k, piece in enumerate(PIECES)]
    leaves, root = engine.build(functions, packed)
    size = len(distributed.protocol.pickle.dumps(dict(root.dask)))
    assert size < len(functions) + 10_000 * len(PIECES)
    assert len(leaves) == len(PIECES)


def _with(ballast, piece):
    return partial(piece)


def test_pack__large_pieces_are_scattered_and_large_functions_refused():
    assert engine.pack_piece(0, 1, held()[0]) is None
    ballast = functools.partial(_with, np.zeros(200_000))
    large = Reduction(ballast, TOY.combine, TOY.finalize)
    with pytest.raises(EngineError, match=r"pickle to 1\.6 MB.*from a file or a store"):
        engine.pack_functions(large)
    with pytest.raises(EngineError, match="cannot be pickled for dask"):
        engine.pack_functions(Reduction(threading.Lock(), max, max))
    with pytest.raises(EngineError, match=r"piece 3 of 7 cannot be pickled"):
        engine.pack_piece(2, 7, threading.Lock())


def test_fresh__aligns_so_that_sums_keep_their_bits():
    """Why copies are made: NumPy sums an unaligned array in another order."""
    values = np.random.default_rng(1).normal(size=200_000)
    raw = memoryview(b"x" + values.tobytes())[1:]
    received = np.frombuffer(raw, "f8")
    assert not received.flags.aligned
    copied = engine.fresh(toy_dask.Held(1, received)).load()
    assert copied.flags.aligned
    assert copied.flags.writeable
    assert copied.sum() == values.sum() != received.sum()


@pytest.mark.slow
def test_dask_mpi__same_bits(reference):
    pytest.importorskip("dask_mpi", reason="pip install dask-mpi")
    pytest.importorskip("mpi4py", reason="pip install 'oceandata-hpc[mpi]'")
    launcher = Path(sys.executable).with_name("mpiexec")
    if not launcher.exists():
        pytest.skip("no mpiexec: pip install mpich")
    done = subprocess.run(
        [str(launcher), "-n", "4", sys.executable, str(HERE / "dask_mpi_job.py")],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.strip() == repr(reference)
