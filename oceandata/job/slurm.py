"""Jobs handed to Slurm: written, submitted, followed, also after a restart.

Beside the job file lie the script (``<job>.sbatch``), the log of each submission
(``<job>-<number>.log``) and ``<job>.submitted.json``, from which :func:`submitted`
makes the handle again.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from oceandata.errors import EngineError, JobError
from oceandata.job.batch import Batch, script_text
from oceandata.job.read import ReadJob, read_job
from oceandata.products.atomic import replacing

ENDED = (
    *("BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL"),
    *("OUT_OF_MEMORY", "PREEMPTED", "TIMEOUT"),
)
_SUFFIX = ".submitted.json"


@dataclass(frozen=True)
class SubmittedJob:
    """A job that Slurm has; made by :func:`submit` and :func:`submitted`.

    ``id`` is Slurm's number, ``job`` the job file, ``script`` and ``log_path`` lie
    beside it.
    """

    id: str
    job: Path
    script: Path
    log_path: Path

    @property
    def folder(self) -> Path:
        """The folder that holds the job file and everything about the submission."""
        return self.job.parent

    def status(self) -> str:
        """Slurm's word for its state: ``PENDING``, ``RUNNING``, ``COMPLETED`` …

        When Slurm has forgotten the job, the end of its log decides between
        ``COMPLETED`` and ``FAILED``; ``UNKNOWN`` if that says nothing.
        """
        lines = _slurm("squeue", "-h", "-t", "all", "-j", self.id, "-o", "%T").split()
        if lines:
            return lines[0]
        if shutil.which("sacct"):
            options = ("-n", "-X", "-P", "-j", self.id, "-o", "State")
            if words := _slurm("sacct", *options).split():
                return words[0]
        last = self.log(lines=1)
        if last.startswith("ended with code "):
            return "COMPLETED" if last.split()[-1] == "0" else "FAILED"
        return "UNKNOWN"

    def wait(self, timeout: float | None = None, *, every: float = 5.0) -> str:
        """Wait until the job has ended; its state. ``TimeoutError`` after `timeout` s.

        A job that goes back into the queue has not ended.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            state = self.status()
            if state in (*ENDED, "UNKNOWN"):
                return state
            if deadline is not None and time.monotonic() + every > deadline:
                raise TimeoutError(f"job {self.id} is still {state} after {timeout} s")
            time.sleep(every)

    def log(self, *, lines: int | None = None) -> str:
        """What the job has printed so far, or the last lines of it."""
        try:
            text = self.log_path.read_text("utf-8", errors="replace")
        except FileNotFoundError:
            return ""
        return text if lines is None else "\n".join(text.splitlines()[-lines:])

    def cancel(self) -> None:
        """Cancel the job; nothing happens to one that has ended."""
        _slurm("scancel", self.id)


def submit(
    job: ReadJob | str | os.PathLike,
    *,
    nodes: int = 1,
    ntasks_per_node: int = 1,
    time: str = "1:00:00",
    engine: str = "mpi",
    **options: Any,
) -> SubmittedJob:
    """Hand a job file to Slurm.

    The script is written beside the job file; the same arguments write the same script.

    Parameters
    ----------
    job : path or ReadJob
        A job file; it is checked in full first.
    nodes, ntasks_per_node : int
        Nodes, and tasks on each.
    time : str
        Limit of each run, as Slurm reads it: ``"2:00:00"``, ``"1-12:00:00"``. Shortly
        before it a job stops, goes back into the queue and goes on later.
    engine : {"mpi", "threads", "dask"}
        MPI ranks, or threads of one task, or a dask cluster of the tasks.
    **options
        ``cpus_per_task``, ``mem_per_cpu``, ``partition``, ``account``, ``mpi`` (the
        plugin of srun), ``setup`` (lines such as ``module load python``),
        ``arguments`` (further ones of ``oceandata run``), ``python``.

    Returns
    -------
    SubmittedJob
        With ``status()``, ``wait()``, ``log()`` and ``cancel()``.

    Raises
    ------
    JobError
        The job file or the options are wrong; nothing was submitted.
    EngineError
        There is no ``sbatch`` here, or it refused the job.

    Examples
    --------
    >>> import oceandata as od
    >>> job = od.submit("hours.toml", nodes=4, time="2:00:00")  # doctest: +SKIP
    >>> job.status()  # doctest: +SKIP
    'PENDING'
    """
    read = job if isinstance(job, ReadJob) else read_job(job)
    batch = make_batch(
        nodes=nodes,
        ntasks_per_node=ntasks_per_node,
        time=time,
        engine=engine,
        **options,
    )
    return hand_over(read, batch)


def make_batch(**options: Any) -> Batch:
    """Options of :func:`submit`, checked; this Python unless another is named."""
    unknown = set(options) - set(Batch.__dataclass_fields__)
    if unknown:
        known = ", ".join(Batch.__dataclass_fields__)
        raise JobError(f"submit takes no {sorted(unknown)}; it takes {known}")
    options = {name: value for name, value in options.items() if value is not None}
    for name in ("setup", "arguments"):
        value = options.get(name, ())
        options[name] = (value,) if isinstance(value, str) else tuple(value)
    return replace(Batch(python=sys.executable), **options)


def paths_of(job: Path) -> tuple[Path, Path]:
    """The script and the record of a job file."""
    job = Path(job).absolute()
    return job.with_suffix(".sbatch"), job.with_suffix(_SUFFIX)


def hand_over(read: ReadJob, batch: Batch) -> SubmittedJob:
    """Write the script of a job, submit it, and note its number."""
    if not shutil.which("sbatch"):
        raise EngineError(
            "there is no sbatch on this machine, so nothing was submitted; do this on "
            "a login node of the cluster, or load its Slurm module"
        )
    job = read.path.absolute()
    script, record = paths_of(job)
    text = script_text(job, batch)
    with replacing(script) as part:
        part.write_text(text, "utf-8")
    number = _slurm("sbatch", "--parsable", script.name, cwd=job.parent)
    number = number.strip().partition(";")[0]
    pattern = next(x for x in text.splitlines() if x.startswith("#SBATCH --output="))
    log = pattern.partition("=")[2].replace("%j", number)
    handle = SubmittedJob(number, job, script, job.parent / log)
    facts = {name: str(value) for name, value in asdict(handle).items()}
    facts["asked"] = {name: value for name, value in asdict(batch).items() if value}
    with replacing(record) as part:
        part.write_text(json.dumps(facts, indent=1), "utf-8")
    return handle


def submitted(what: str | int | os.PathLike = ".") -> SubmittedJob:
    """The handle of a job submitted before, also by another process.

    Parameters
    ----------
    what : path or number
        The job file, its folder (then the last job submitted there), or Slurm's
        number of a job submitted from the working directory or that Slurm still knows.

    Returns
    -------
    SubmittedJob

    Examples
    --------
    >>> import oceandata as od
    >>> od.submitted("hours.toml").log(lines=1)  # doctest: +SKIP
    '12:04:31 hours: 41,000,000 of 96,000,000 (43 %)'
    """
    text = os.fspath(what) if isinstance(what, os.PathLike) else str(what)
    path = Path(text).absolute()
    if text.isdigit() and not path.exists():
        return _by_number(text)
    if path.is_dir():
        records = sorted(path.glob(f"*{_SUFFIX}"), key=lambda p: p.stat().st_mtime_ns)
        if not records:
            raise JobError(f"no job was submitted from {path}: no *{_SUFFIX} there")
        return _read_record(records[-1])
    record = paths_of(path)[1]
    if not record.is_file():
        raise JobError(f"{path} was not submitted: there is no {record.name} beside it")
    return _read_record(record)


def _by_number(number: str) -> SubmittedJob:
    for record in Path.cwd().glob(f"*{_SUFFIX}"):
        handle = _read_record(record)
        if handle.id == number:
            return handle
    if shutil.which("scontrol"):
        told = _slurm("scontrol", "show", "job", "-o", number, check=False)
        command = told.partition(" Command=")[2].partition(" ")[0]
        record = Path(command).with_suffix(_SUFFIX)
        if command and record.is_file():
            return replace(_read_record(record), id=number)
    raise JobError(
        f"job {number} is not known: no *{_SUFFIX} in {Path.cwd()} names it, nor does "
        "Slurm. Give the job file or its folder"
    )


def _read_record(path: Path) -> SubmittedJob:
    try:
        facts = json.loads(path.read_text("utf-8"))
        names = ("job", "script", "log_path")
        return SubmittedJob(facts["id"], *(Path(facts[name]) for name in names))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise JobError(f"{path} cannot be read: {error!r}; submit again") from error


def _slurm(*command: str, cwd: Path | None = None, check: bool = True) -> str:
    """Standard output of a command of Slurm."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, cwd=cwd)
    except FileNotFoundError:
        raise EngineError(
            f"there is no {command[0]} on this machine; do this on a login node"
        ) from None
    if done.returncode and check and "Invalid job id" not in done.stderr:
        raise EngineError(f"{command[0]} failed: {done.stderr.strip()}")
    return done.stdout
