"""Run a job: ingest, steps, products; what is finished is not done again.

All ranks ingest and compute pieces; only rank 0 commits and writes results and
products, while the others wait. Tracks are never held whole: cleaning and splitting
happen inside the pieces of the step that consumes them.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from oceandata.engines.checkpoint import checkpoints_in
from oceandata.errors import FormatError, JobError, OceanDataError
from oceandata.job.links import SELECTION
from oceandata.job.plan import near
from oceandata.job.products import Findings, make_product, terms_of
from oceandata.job.ranks import on_first_rank
from oceandata.job.read import ReadJob, read_job
from oceandata.job.registry import STEPS, function_of, keywords_of
from oceandata.job.results import load_grid, load_table, save_grid, save_table
from oceandata.job.state import State, key_of
from oceandata.machine import mpi_rank

Progress = Callable[[str], AbstractContextManager]


@dataclass
class JobResult:
    """What a job did: its ingests, what its steps gave, the files it made."""

    read: ReadJob
    found: Findings = field(default_factory=Findings)
    ingests: list[Any] = field(default_factory=list)
    products: list[Path] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def refused(self) -> dict[str, str]:
        """Files that were refused, with the reason."""
        found: dict[str, str] = {}
        for report in self.ingests:
            found |= {str(path): why for path, why in report.refused.items()}
        return found


@dataclass(frozen=True)
class _Run:
    """What every part of a run needs to know."""

    read: ReadJob
    engine: str
    workers: int | None
    progress: Progress
    log: Callable[[str], None]
    state: State
    result: JobResult
    checkpoints: Path | None = None


def run_job(
    job: ReadJob | str | os.PathLike,
    *,
    engine: str = "threads",
    workers: int | None = None,
    fresh: bool = False,
    progress: Progress | None = None,
    log: Callable[[str], None] | None = None,
    checkpoints: str | os.PathLike | None = None,
) -> JobResult:
    """Run a job file.

    Parameters
    ----------
    job : path or ReadJob
        A job file, or what :func:`oceandata.job.read_job` gave.
    engine : {"threads", "dask", "mpi"}
        Where the pieces are computed; the results are the same bits.
    workers : int, optional
        Threads, or local dask workers.
    fresh : bool
        Do everything again, also what an earlier run has finished.
    progress : callable, optional
        ``progress(title)`` gives a context manager around a callable
        ``(done, total)``.
    log : callable, optional
        Gets one line a stage.
    checkpoints : path, optional
        Folder for the states of finished pieces, so that a killed job goes on inside a
        step; emptied when a step is finished. Not with dask.

    Returns
    -------
    JobResult

    Raises
    ------
    JobError
        The job file is wrong (all faults at once; nothing was started), or a step
        failed (its name and the cause).

    Examples
    --------
    >>> import oceandata as od
    >>> od.run_job("vessel_density.toml").products  # doctest: +SKIP
    """
    read = job if isinstance(job, ReadJob) else read_job(job)
    run = _Run(
        read,
        engine,
        workers,
        progress or (lambda title: nullcontext()),
        log or (lambda text: None),
        State(read.output),
        JobResult(read),
        Path(checkpoints) if checkpoints else None,
    )
    on_first_rank(partial(_prepare_output, run, fresh), engine=engine)
    run.state.reload()
    commit, ingests = _timed(run, "ingest", partial(_ingest, run))
    run.result.found.commit, run.result.ingests = commit, ingests
    keys = {SELECTION: _selection_key(run)}
    for index in range(len(read.job.step)):
        _run_step(run, index, keys)
    made = on_first_rank(partial(_make_products, run, keys), engine=engine)
    run.result.products, skipped, seconds = made
    run.result.skipped += skipped
    run.result.seconds |= seconds
    return run.result


def _prepare_output(run: _Run, fresh: bool) -> None:
    output = run.read.output
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise JobError(
            f"the output folder {output} cannot be made: {error.strerror}"
        ) from None
    if fresh:
        run.state.forget()
        _drop_checkpoints(run)


def _drop_checkpoints(run: _Run) -> None:
    if run.checkpoints:
        shutil.rmtree(run.checkpoints, ignore_errors=True)


def _timed(run: _Run, name: str, work: Callable[[], Any]) -> Any:
    start = time.perf_counter()
    try:
        return work()
    finally:
        run.result.seconds[name] = time.perf_counter() - start


def _ingest(run: _Run) -> tuple[int, list[Any]]:
    """Read the inputs into the store; the commit to work on and the reports."""
    from oceandata.store import open_store

    read = run.read
    reports = []
    if read.job.input:
        store = on_first_rank(partial(_open_or_create, read.store), engine=run.engine)
        for item, files in zip(read.job.input, read.inputs, strict=True):
            with run.progress("ingest") as progress:
                report = store.ingest(
                    list(files),
                    format=item.format,
                    columns=item.columns,
                    timezone=item.timezone,
                    options=item.options,
                    progress=progress,
                    workers=run.workers,
                    engine="mpi" if run.engine == "mpi" else "threads",
                )
            reports.append(report)
            for path, why in report.refused.items():
                run.log(f"refused: {path}: {why}")
            if len(report.refused) == len(files):
                error = FormatError(
                    f"all {len(files)} files of an [[input]] were refused; the first: "
                    f"{next(iter(report.refused.items()))}"
                )
                error.on_every_rank = run.engine == "mpi"
                raise error
            run.log(
                f"ingest: {report.rows_read:,} rows read, {report.rows_kept:,} kept, "
                f"{report.rows_quarantined:,} set aside, "
                f"{report.duplicates:,} duplicates, "
                f"{len(report.present):,} files in the store already"
            )
    wanted = read.job.store.commit
    number = on_first_rank(
        lambda: open_store(read.store, as_of=wanted).number, engine=run.engine
    )
    return number, reports


def _open_or_create(path: Path) -> Any:
    from oceandata.store import create_store, open_store

    return open_store(path) if path.exists() else create_store(path)


def _store(run: _Run) -> Any:
    """The store as of the commit of this run; waits until it is visible here."""
    from oceandata.store import open_store

    return open_store(run.read.store, as_of=run.result.found.commit, wait=60.0)


def _selection(run: _Run) -> Any:
    period, region = run.read.job.period, run.read.job.region
    return _store(run).select(
        period=(period.start, period.stop) if period else None,
        box=near(region.box) if region else None,
    )


def _selection_key(run: _Run) -> str:
    """Hash of what is read: the sources in the store, the period, the region."""
    from oceandata import __version__

    sources = _store(run).sources()
    period, region = run.read.job.period, run.read.job.region
    return key_of(
        sources=sorted(sources.loc[sources["replaced"].isna(), "id"]),
        period=period and period.model_dump(),
        box=region and region.box,
        version=__version__,
    )


def _tracks(run: _Run, name: str) -> Any:
    """The tracks that go by a name: the selection, or it passed through steps."""
    from oceandata.tracks.prepare import prepare_tracks

    steps = {step.label: step for step in run.read.job.step}
    functions = []
    while name != SELECTION:
        step = steps[name]
        address = STEPS[step.use].function
        alone = {"workers": 1} if "workers" in keywords_of(address) else {}
        functions.append(partial(function_of(address), **alone, **step.arguments))
        name = run.read.upstream[name]
    selection = _selection(run)
    return prepare_tracks(selection, *reversed(functions)) if functions else selection


def _run_step(run: _Run, index: int, keys: dict[str, str]) -> None:
    """One step: skipped if finished, else computed and kept.

    Cleaning leaves a summary, for the report alone; other track steps leave nothing.
    """
    read, step = run.read, run.read.job.step[index]
    label, gives = step.label, STEPS[step.use].gives
    keys[label] = key_of(
        use=step.use,
        arguments=step.arguments,
        of=keys[read.upstream[label]],
        region=read.job.region.model_dump() if gives == "grid" else None,
    )
    if gives == "grid":
        work, save, load = _compute, save_grid, load_grid
        path, kept = read.output / "steps" / f"{label}.nc", run.result.found.grids
    elif step.use == "clean_tracks" and any(
        p.kind == "report" for p in read.job.product
    ):
        work, save, load = _summary, save_table, load_table
        path, kept = read.output / "steps" / f"{label}.csv", run.result.found.flags
    else:
        return
    name, key = f"step {label}", keys[label]
    if on_first_rank(lambda: run.state.has(name, key, path), engine=run.engine):
        if run.engine != "mpi" or mpi_rank() == 0:  # which alone makes products
            kept[label] = load(path)
        run.result.skipped.append(name)
        run.log(f"{name}: finished before, skipped")
        return
    try:
        with checkpoints_in(run.checkpoints):
            kept[label] = _timed(run, name, lambda: work(run, step))
    except Exception as error:
        raise _named(error, f"step {label!r} ({step.use}) failed") from error

    def keep() -> None:
        save(kept[label], path)
        run.state.note(name, key, path)
        _drop_checkpoints(run)

    on_first_rank(keep, engine=run.engine)
    run.log(f"{name}: {run.result.seconds[name]:.1f} s")


def _summary(run: _Run, step: Any) -> Any:
    """How many fixes each rule of a cleaning step flags."""
    from oceandata.tracks.prepare import prepared_summary

    tracks = _tracks(run, step.label)
    with run.progress(step.label) as progress:
        return prepared_summary(
            tracks, engine=run.engine, workers=run.workers, progress=progress
        )


def _compute(run: _Run, step: Any) -> Any:
    """The grid that a step's function gives."""
    from oceandata.grids import regular_grid

    region = run.read.job.region
    function = function_of(STEPS[step.use].function)
    with run.progress(step.label) as progress:
        return function(
            _tracks(run, run.read.upstream[step.label]),
            grid=regular_grid(region.box, step=region.steps),
            engine=run.engine,
            workers=run.workers,
            progress=progress,
            **step.arguments,
        )


def _named(error: Exception, what: str) -> Exception:
    """The error with the part of the job that it came from; its kind is kept."""
    if isinstance(error, OceanDataError):
        named = type(error)(f"{what}: {error}")
        named.on_every_rank = getattr(error, "on_every_rank", False)
        return named
    if isinstance(error, ValueError | TypeError):
        return JobError(f"{what}: {error}")
    error.add_note(what)
    return error


def _related(run: _Run, keys: dict[str, str]) -> tuple[Findings, list[str]]:
    """What the products show: grids that cannot be subtracted from each other.

    Which cells they withhold depends on all of them, and so do their keys.
    """
    from oceandata.products.suppress import withhold_related

    shown = {label for steps in run.read.shown for label in steps}
    grids = run.result.found.grids
    together = {label: grids[label] for label in grids if label in shown}
    found = replace(run.result.found, grids=grids | withhold_related(together))
    return found, sorted(keys[label] for label in together)


def _make_products(run: _Run, keys: dict[str, str]) -> tuple[list, list, dict]:
    """All products; those finished with the same key and file are left alone."""
    paths, skipped, seconds, made = [], [], {}, []
    found, related = _related(run, keys)
    terms = terms_of(run.read, found.commit)
    for index, product in enumerate(run.read.job.product):
        path, steps = run.read.product_path(index), run.read.shown[index]
        name = f"product {product.path}"
        key = key_of(
            product=product.model_dump(),
            steps=keys
            if product.kind == "report"
            else [keys[shown] for shown in steps],
            about=run.read.job.job.model_dump(),
            pictures=made if product.kind == "report" else None,
            related=related,
            terms=terms,
        )
        made.append(key)
        paths.append(path)
        if run.state.has(name, key, path):
            skipped.append(name)
            run.log(f"{name}: finished before, skipped")
            continue
        start = time.perf_counter()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            make_product(run.read, index, found)
        except Exception as error:
            raise _named(error, f"{name} ({product.kind}) failed") from error
        run.state.note(name, key, path)
        seconds[name] = time.perf_counter() - start
        run.log(f"{name}: {seconds[name]:.1f} s")
    return paths, skipped, seconds
