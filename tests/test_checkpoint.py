"""A checkpointed run: stopped anywhere, gone on with anything, the same bits."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from test_engines import run_mpi
from toy_reduction import PIECES, TOY, ToyPiece, Watched

from oceandata import engines
from oceandata.engines import checkpoint, stopping
from oceandata.errors import EngineError
from oceankernels.reduction import Reduction

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def reference():
    return engines.run(TOY, PIECES, workers=1)


def toy(last=None):
    """The toy's work, asked to stop while it is at its piece number ``last``."""

    def before(calls, piece):
        if calls == last:
            stopping.ask()

    work = Watched(before)
    return work, Reduction(work, TOY.combine, TOY.finalize)


def stop_after(last, folder, *, workers=1):
    work, reduction = toy(last)
    with stopping.on_signals(leave=False), pytest.raises(stopping.Stopped):
        engines.run(reduction, PIECES, workers=workers, checkpoint=folder)
    return work.calls


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("last", [1, 20, 66])
def test_checkpoint__goes_on_with_the_same_bits(reference, tmp_path, last, workers):
    done = stop_after(last, tmp_path, workers=workers)
    assert last <= done < last + workers
    work, reduction = toy()
    again = engines.run(reduction, PIECES, workers=4 - workers, checkpoint=tmp_path)
    assert again == reference
    assert work.calls == len(PIECES) - done, "finished pieces are not computed again"
    assert engines.run(reduction, PIECES, checkpoint=tmp_path) == reference
    assert work.calls == len(PIECES) - done


def test_checkpoint__stopped_again_and_again(reference, tmp_path):
    for last in (3, 5, 7, 11):
        stop_after(last, tmp_path)
    work, reduction = toy()
    assert engines.run(reduction, PIECES, checkpoint=tmp_path) == reference
    assert work.calls == len(PIECES) - 26
    assert len(list(tmp_path.glob("*.journal"))) == 5


@pytest.mark.parametrize("cut", [1, 40, 150])
def test_checkpoint__a_torn_end_costs_that_piece_alone(reference, tmp_path, cut):
    stop_after(10, tmp_path)
    (journal,) = tmp_path.glob("*.journal")
    journal.write_bytes(journal.read_bytes()[:-cut])
    work, reduction = toy()
    assert engines.run(reduction, PIECES, checkpoint=tmp_path) == reference
    assert len(PIECES) - 10 < work.calls <= len(PIECES) - 8


def test_checkpoint__a_flipped_byte_is_computed_again(reference, tmp_path):
    stop_after(10, tmp_path)
    (journal,) = tmp_path.glob("*.journal")
    content = bytearray(journal.read_bytes())
    content[checkpoint._HEAD.size + 5] ^= 1
    journal.write_bytes(content)
    work, reduction = toy()
    assert engines.run(reduction, PIECES, checkpoint=tmp_path) == reference
    assert work.calls == len(PIECES) - 9


def test_checkpoint__refuses_other_work(tmp_path, monkeypatch):
    stop_after(3, tmp_path)
    same = toy()[1]
    with pytest.raises(EngineError, match="belongs to other work .*67 pieces.* has 66"):
        engines.run(same, PIECES[1:], checkpoint=tmp_path)
    swapped = [PIECES[1], PIECES[0], *PIECES[2:]]
    with pytest.raises(EngineError, match="other pieces or parameters"):
        engines.run(same, swapped, checkpoint=tmp_path)
    other = Reduction(same.partial, max, TOY.finalize)
    with pytest.raises(EngineError, match="other pieces or parameters"):
        engines.run(other, PIECES, checkpoint=tmp_path)
    monkeypatch.setattr("oceandata.__version__", "9.9")
    with pytest.raises(EngineError, match=r"made by .*0\.1\.0"):
        engines.run(same, PIECES, checkpoint=tmp_path)


def test_checkpoint__faults_are_clear(tmp_path):
    with pytest.raises(EngineError, match=r"works with engine='threads' and 'mpi'"):
        engines.run(TOY, PIECES, engine="dask", checkpoint=tmp_path)
    closure = Reduction(lambda piece: piece, TOY.combine, TOY.finalize)
    with pytest.raises(EngineError, match="can be pickled"):
        engines.run(closure, PIECES, checkpoint=tmp_path)
    (tmp_path / "a").write_text("a file")
    with pytest.raises(EngineError, match="cannot be used"):
        engines.run(TOY, PIECES, checkpoint=tmp_path / "a")


def test_checkpoint__a_failing_piece_keeps_the_others(tmp_path):
    pieces = [*PIECES[:5], ToyPiece(99, 10, fail=True)]
    with pytest.raises(EngineError, match="piece 6 of 6 failed"):
        engines.run(TOY, pieces, workers=1, checkpoint=tmp_path)
    assert len(checkpoint._scan(tmp_path)) == 5


def test_checkpoints_in__gives_each_work_its_folder(reference, tmp_path):
    with checkpoint.checkpoints_in(tmp_path):
        assert engines.run(TOY, PIECES) == reference
        engines.run(TOY, PIECES[:5])
        assert engines.run(TOY, PIECES, engine="dask") == reference
    assert len(list(tmp_path.iterdir())) == 2
    engines.run(TOY, PIECES[:6])
    assert len(list(tmp_path.iterdir())) == 2


def test_digest__does_not_see_which_parts_are_the_same_object():
    text = "".join(["north", " sea"])
    assert checkpoint.digest_of((text, text)) == checkpoint.digest_of(
        ("".join(["north", " sea"]), text)
    )


@pytest.mark.slow
@pytest.mark.parametrize(("ranks", "later"), [(3, 2), (2, 0)])
def test_checkpoint__mpi_killed_goes_on_with_other_ranks(
    reference, tmp_path, ranks, later
):
    """Ranks are killed at piece 30; another number of ranks, or threads, goes on."""
    pytest.importorskip("mpi4py", reason="pip install 'oceandata-hpc[mpi]'")
    launcher = Path(sys.executable).with_name("mpiexec")
    launcher = str(launcher) if launcher.exists() else shutil.which("mpiexec")
    if launcher is None:
        pytest.skip("no mpiexec: pip install mpich")
    folder = tmp_path / "checkpoint"
    command = [launcher, "-n", str(ranks), sys.executable, "-m", "mpi4py"]
    done = subprocess.run(
        [*command, str(HERE / "mpi_checkpoint.py"), str(folder), "30"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode != 0
    before = len(checkpoint._scan(folder))
    assert 0 < before < len(PIECES)
    if later:
        lines = run_mpi(later, "mpi_checkpoint.py", str(folder), "-1").splitlines()
        assert lines == [repr(reference)]
    else:
        assert engines.run(toy()[1], PIECES, checkpoint=folder) == reference
    assert len(checkpoint._scan(folder)) == len(PIECES)


@pytest.mark.parametrize("number", stopping.SIGNALS)
def test_on_signals__stops_between_pieces(tmp_path, number):
    def before(calls, piece):
        if calls == 2:
            os.kill(os.getpid(), number)

    work, handler = Watched(before), signal.getsignal(number)
    reduction = Reduction(work, TOY.combine, TOY.finalize)
    with stopping.on_signals(leave=False), pytest.raises(stopping.Stopped):
        engines.run(reduction, PIECES, workers=1, checkpoint=tmp_path)
    assert work.calls == 2
    assert signal.getsignal(number) is handler


def test_on_signals__stops_at_once_where_no_piece_is_in_work():
    def told():
        os.kill(os.getpid(), signal.SIGUSR1)
        time.sleep(5)

    with (
        stopping.on_signals(leave=False),
        pytest.raises(stopping.Stopped, match="USR1"),
    ):
        told()
