"""Checkpoints: states of finished pieces on the disk, so that a run can go on later.

A checkpoint is a folder: ``plan.json`` says what work it belongs to, and each process
that computed pieces has one ``.journal``, to which the state of a piece is appended
when it is finished. A record counts only if it is whole (length and SHA-256), so a
process may be killed at any moment and loses the pieces it was at, no others. A later
run takes each piece's state from wherever it stands, so the number of workers or ranks
may change between runs; states meet in the tree of an undisturbed run, so the bits do
not. No engine is involved: a checkpoint stands between the engine and ``partial``.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import pickle
import platform
import secrets
import struct
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from oceandata.engines import stopping
from oceandata.errors import EngineError
from oceankernels.reduction import Reduction

EVERY = 60.0
"""Seconds after which finished states are flushed to the disk at the latest."""

_HEAD = struct.Struct("<8s32s32sQ")  # magic, piece, SHA-256 of the state, its length
_MAGIC = b"odstate1"
_folder: Path | None = None


@contextlib.contextmanager
def checkpoints_in(folder: Path | None) -> Iterator[None]:
    """Inside, every :func:`oceandata.engines.run` keeps a checkpoint in `folder`.

    Each work gets a folder of its own there, named by its key. None changes nothing.
    """
    global _folder
    before, _folder = _folder, folder or _folder
    try:
        yield
    finally:
        _folder = before


@contextlib.contextmanager
def recording(
    reduction: Reduction, pieces: Sequence[Any], engine: str, folder: Any
) -> Iterator[Reduction]:
    """The reduction with states that are kept in a checkpoint and taken from it.

    `folder` is that of :func:`oceandata.engines.run`; None means the one named by
    :func:`checkpoints_in`, and without any the reduction comes back as it is.
    """
    if folder is not None and engine == "dask":
        raise EngineError(
            "checkpoint= works with engine='threads' and 'mpi'; dask computes the "
            "pieces of lost workers again by itself"
        )
    if folder is None and (_folder is None or engine == "dask"):
        yield reduction
        return
    work = Work(reduction, pieces)
    root = Path(folder) if folder is not None else _folder / work.key[:24]
    kept = _Recorded(reduction.partial, work, root, engine)
    with stopping.flushing(kept.flush):
        try:
            yield replace(reduction, partial=kept)
        finally:
            kept.close()


class Work:
    """What is computed: a digest of each piece, and one key over everything."""

    def __init__(self, reduction: Reduction, pieces: Sequence[Any]):
        self.pieces = [digest_of(piece) for piece in pieces]
        self.software = software()
        parts = [digest_of((reduction.partial, reduction.combine)), *self.pieces]
        parts.append(json.dumps(self.software, sort_keys=True).encode())
        self.key = hashlib.sha256(b"".join(parts)).hexdigest()

    def claim(self, folder: Path) -> None:
        """Make the folder this work's own, or refuse if it is that of other work."""
        plan = folder / "plan.json"
        facts = {
            "key": self.key,
            "pieces": len(self.pieces),
            "software": self.software,
        }
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not plan.exists():
                _write_whole(plan, json.dumps(facts, indent=1))
            found = json.loads(plan.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise EngineError(
                f"the checkpoint {folder} cannot be used: {error}; give a folder that "
                "can be written, or remove it"
            ) from error
        if found.get("key") != self.key:
            raise EngineError(
                f"the checkpoint {folder} belongs to other work "
                f"({_differences(found, facts)}); remove it or give another folder"
            )


def _differences(found: dict, expected: dict) -> str:
    """What tells two works apart, as far as it can be told."""
    told = []
    if found.get("pieces") != expected["pieces"]:
        told.append(
            f"it has {found.get('pieces')} pieces, this work has {expected['pieces']}"
        )
    if found.get("software") != expected["software"]:
        told.append(f"it was made by {found.get('software')}")
    return "; ".join(told) or "other pieces or parameters"


def software() -> dict[str, str]:
    """Versions on which the bits of a state may depend."""
    import numba
    import numpy

    from oceandata import __version__

    return {
        "oceandata": __version__,
        "numpy": numpy.__version__,
        "numba": numba.__version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
    }


def digest_of(thing: Any) -> bytes:
    """SHA-256 of an object's pickle; equal objects give equal digests.

    The pickler keeps no memo, else it would matter which parts are the same object.
    """
    buffer = io.BytesIO()
    pickler = pickle.Pickler(buffer, protocol=4)
    pickler.fast = True
    try:
        pickler.dump(thing)
    except Exception as error:
        raise EngineError(
            f"a checkpoint needs pieces and functions that can be pickled; "
            f"{type(thing).__name__} cannot: {error}"
        ) from error
    return hashlib.sha256(buffer.getbuffer()).digest()


class _Recorded:
    """``partial`` that looks into the checkpoint first and writes to it afterwards."""

    def __init__(self, partial: Any, work: Work, folder: Path, engine: str):
        self.partial, self.folder = partial, folder
        self._lock = threading.Lock()
        self._journal: Any = None
        self._flushed = time.monotonic()
        self.found = _shared(engine, lambda: self._open(work))

    def _open(self, work: Work) -> dict[bytes, tuple[str, int, int, bytes]]:
        work.claim(self.folder)
        return _scan(self.folder)

    def __call__(self, piece: Any) -> Any:
        with stopping.at_work():
            digest = digest_of(piece)
            state = self._known(digest)
            if state is None:
                state = self.partial(piece)
                self._append(digest, state)
            return state

    def _known(self, digest: bytes) -> Any:
        """The state of a piece if a journal has it whole, else None."""
        if digest not in self.found:
            return None
        name, offset, length, check = self.found[digest]
        with contextlib.suppress(OSError), open(self.folder / name, "rb") as file:
            file.seek(offset)
            content = file.read(length)
            if hashlib.sha256(content).digest() == check:
                return pickle.loads(content)
        return None

    def _append(self, digest: bytes, state: Any) -> None:
        content = pickle.dumps(state, protocol=pickle.HIGHEST_PROTOCOL)
        check = hashlib.sha256(content).digest()
        head = _HEAD.pack(_MAGIC, digest, check, len(content))
        with self._lock:
            if self._journal is None:
                host = platform.node().partition(".")[0]
                name = f"{host}-{os.getpid()}-{secrets.token_hex(4)}.journal"
                self._journal = open(self.folder / name, "xb", buffering=0)  # noqa: SIM115
                _flush_folder(self.folder)
            _write_all(self._journal, head + content)
        if time.monotonic() - self._flushed >= EVERY:
            self.flush()

    def flush(self) -> None:
        """Wait until every finished state is on the disk."""
        self._flushed = time.monotonic()
        if self._journal is not None:
            os.fsync(self._journal.fileno())

    def close(self) -> None:
        """Flush, and close the journal."""
        self.flush()
        if self._journal is not None:
            self._journal.close()
            self._journal = None


def _shared(engine: str, work: Any) -> Any:
    """``work()``; under MPI done by rank 0 alone, for all."""
    if engine != "mpi":
        return work()
    from oceankernels import mpi

    try:
        mpi.check_launcher()
        comm = mpi.world()
    except RuntimeError as error:
        raise EngineError(str(error)) from error
    outcome = failed = None
    if comm.Get_rank() == 0:
        try:
            outcome = work()
        except EngineError as error:
            failed = error
    outcome, message = comm.bcast((outcome, failed and str(failed)))
    if message:
        failed = failed or EngineError(message)
        failed.on_every_rank = True
        raise failed
    return outcome


def _scan(folder: Path) -> dict[bytes, tuple[str, int, int, bytes]]:
    """Where the state of each piece stands; what is torn at a file's end is not."""
    found = {}
    for path in sorted(folder.glob("*.journal")):
        size = path.stat().st_size
        with open(path, "rb") as file:
            at = 0
            while at + _HEAD.size <= size:
                file.seek(at)
                magic, digest, check, length = _HEAD.unpack(file.read(_HEAD.size))
                stop = at + _HEAD.size + length
                if magic != _MAGIC or stop > size:
                    break
                found[digest] = (path.name, at + _HEAD.size, length, check)
                at = stop
    return found


def _write_all(file: Any, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[file.write(view) :]


def _write_whole(path: Path, text: str) -> None:
    """A small file that appears whole, and is on the disk when this returns."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")
    with open(part, "x", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)
    _flush_folder(path.parent)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
