"""Exit codes: what a script or a batch job can learn without reading the output."""

from __future__ import annotations

OK = 0
FAULTS = 1
USAGE = 2
PARTLY_REFUSED = 3
DAMAGED = 4
CONFLICT = 5
ENGINE = 6
STOPPED = 75
INTERRUPTED = 130

MEANINGS = {
    OK: "done",
    FAULTS: "the data had faults that stopped it, or a file could not be read or made",
    USAGE: "the command line or the job file is wrong",
    PARTLY_REFUSED: "some files were refused; the others were taken",
    DAMAGED: "the store is damaged",
    CONFLICT: "another job committed something that excludes this commit",
    ENGINE: "a piece of the computation failed, or the engine cannot run here",
    STOPPED: "stopped by a signal; the same command goes on from there",
    INTERRUPTED: "interrupted",
}


def code_of(error: BaseException) -> int:
    """The exit code for an error of oceandata or of the system."""
    from oceandata import errors

    for kind, code in (
        (errors.JobError, USAGE),
        (errors.DamagedStoreError, DAMAGED),
        (errors.ConflictError, CONFLICT),
        (errors.EngineError, ENGINE),
    ):
        if isinstance(error, kind):
            return code
    return FAULTS
