"""Stopping on a signal: pieces in work are finished and kept, no other is begun.

Batch systems say by a signal that the time is nearly over. A rank of MPI that waits for
another is inside C code, where Python's signal handlers do not run; therefore a thread
reads the signal from a pipe and, under MPI, ends its process as soon as no piece is in
work. Without MPI, :class:`Stopped` is raised in the main thread.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator

CODE = 75
"""Exit code of a stopped run (``EX_TEMPFAIL``): the same command goes on from there."""

SIGNALS = (signal.SIGUSR1, signal.SIGTERM)


class Stopped(BaseException):
    """The run was told to stop, and did so between two pieces.

    No ``Exception``, so that nobody takes it for a fault of a piece.
    """


class _Desk:
    """What this process is at: one lock over the number of pieces in work."""

    def __init__(self):
        self.changed = threading.Condition()
        self.busy = 0
        self.asked = False
        self.leave = False
        self.flushes: list[Callable[[], None]] = []


_desk = _Desk()


@contextlib.contextmanager
def at_work() -> Iterator[None]:
    """Around the work on a piece; raises :class:`Stopped` where none may begin."""
    with _desk.changed:
        while _desk.asked and _desk.leave:  # raising would abort the other ranks
            _desk.changed.wait()
        if _desk.asked:
            raise Stopped("stopped between two pieces")
        _desk.busy += 1
    try:
        yield
    finally:
        with _desk.changed:
            _desk.busy -= 1
            _desk.changed.notify_all()


@contextlib.contextmanager
def flushing(flush: Callable[[], None]) -> Iterator[None]:
    """Inside, `flush` is called before a signal ends this process, after its pieces."""
    desk = _desk
    desk.flushes.append(flush)
    try:
        yield
    finally:
        desk.flushes.remove(flush)


def ask() -> None:
    """Ask this process to stop: what a signal does."""
    with _desk.changed:
        _desk.asked = True


@contextlib.contextmanager
def on_signals(*, leave: bool) -> Iterator[None]:
    """Inside, SIGUSR1 and SIGTERM stop the work between two pieces.

    `leave` ends the process itself with :data:`CODE` from a thread, which ranks of MPI
    need; else :class:`Stopped` comes up in the main thread: between two pieces, or at
    once where no piece is in work.
    """
    global _desk
    _desk = _Desk()
    _desk.leave = leave
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    before = {number: signal.signal(number, _handler(leave)) for number in SIGNALS}
    wakeup = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    if leave:
        threading.Thread(target=_leave_when_idle, args=(reader,), daemon=True).start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(wakeup)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(writer)
        if not leave:
            os.close(reader)
        _desk = _Desk()


def _handler(leave: bool) -> Callable:
    def handle(number: int, frame: object) -> None:
        # no lock here: the main thread may hold it
        _desk.asked = True
        if not leave and not _desk.busy:
            raise Stopped(f"stopped by {signal.Signals(number).name}")

    return handle


def _leave_when_idle(reader: int) -> None:
    """Wait for a signal, then for the pieces in work; then end this process."""
    while True:
        numbers = os.read(reader, 1)
        if not numbers:
            os.close(reader)
            return
        if numbers[0] in SIGNALS:
            break
    with _desk.changed:
        _desk.asked = True
        while _desk.busy:
            _desk.changed.wait(0.1)
        for flush in _desk.flushes:
            flush()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(CODE)
