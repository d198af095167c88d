"""``oceandata run``: a job file, on this machine or on many."""

from __future__ import annotations

import os
from contextlib import nullcontext
from typing import Any

import click

from oceandata.cli import codes, show


@click.command(short_help="Run a job file: files to store, steps, products.")
@click.argument("job", type=click.Path())
@click.option(
    "--engine",
    type=click.Choice(["threads", "dask", "mpi"]),
    default="threads",
    show_default=True,
    help="Where the pieces are computed; the results are the same bits.",
)
@click.option("--workers", type=click.IntRange(min=1), help="Threads, or dask workers.")
@click.option("--dry-run", is_flag=True, help="Check the job, print the plan, leave.")
@click.option("--fresh", is_flag=True, help="Do again what an earlier run finished.")
@click.option("--output", type=click.Path(), help="Folder for results.")
@click.option("--store", type=click.Path(), help="Another store than the job names.")
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="SECTION.KEY=VALUE",
    help="Replace a value of the job file.",
)
@click.option(
    "--checkpoint/--no-checkpoint",
    default=None,
    help="Keep finished pieces; stop on SIGUSR1. Default: inside a Slurm job.",
)
@click.option(
    "--scheduler-file",
    type=click.Path(),
    help="Of the dask scheduler to compute on; with --engine dask.",
)
@click.option("--force", is_flag=True, help="Lift the limits of a login node.")
def run(
    job, engine, workers, dry_run, fresh, output, store, overrides, checkpoint,
    scheduler_file, force,
) -> int:  # fmt: skip
    """Run a job file: files to store, store to steps, steps to products.

    The whole file is checked before anything starts. Steps and products that an
    earlier run finished are skipped. Leaves with 3 if some input files were refused.
    """
    from oceandata.job import plan_job, read_job

    if force:
        os.environ["OCEANDATA_LOGIN_LIMITS"] = "0"
    if scheduler_file and engine != "dask":
        raise click.UsageError("--scheduler-file goes with --engine dask")
    read = read_job(job, overrides=overrides, output=output, store=store)
    if dry_run:
        show.say(plan_text(plan_job(read)))
        return codes.OK
    if checkpoint is None:
        checkpoint = bool(os.environ.get("SLURM_JOB_ID"))
    with _client(scheduler_file):
        if not checkpoint:
            return _run(read, engine, workers, fresh, None)
        return _run_until_told(read, engine, workers, fresh)


def _client(scheduler_file: str | None) -> Any:
    """The client of a dask scheduler, as a context; nothing without a file."""
    if scheduler_file is None:
        return nullcontext()
    from distributed import Client

    return Client(scheduler_file=scheduler_file)


def _run_until_told(read: Any, engine: str, workers: int | None, fresh: bool) -> int:
    """Run the job with checkpoints until it is done or a signal stops it."""
    from oceandata.engines import mpi_size, stopping

    several = engine == "mpi" and mpi_size() > 1
    try:
        with stopping.on_signals(leave=several):
            return _run(read, engine, workers, fresh, read.output / "checkpoints")
    except stopping.Stopped as stopped:
        click.echo(f"oceandata: {stopped}; the same command goes on", err=True)
        return codes.STOPPED


def _run(read: Any, engine: str, workers: int | None, fresh: bool, kept: Any) -> int:
    """Run the job and print its products; `kept` is the folder of checkpoints."""
    from oceandata.job import run_job

    first = engine != "mpi" or _first_rank()
    result = run_job(
        read,
        engine=engine,
        workers=workers,
        fresh=fresh,
        progress=show.progress if first else lambda title: nullcontext(),
        log=show.log if first else None,
        checkpoints=kept,
    )
    if first:
        for path in result.products:
            show.say(str(path))
    return codes.PARTLY_REFUSED if result.refused else codes.OK


def _first_rank() -> bool:
    from oceandata.engines import mpi_rank

    return mpi_rank() == 0


def plan_text(plan: Any) -> str:
    """A plan for people."""
    lines = [plan.title, ""]
    state = "there already" if plan.store_exists else "will be made"
    lines += [f"store   {plan.store} ({state})", f"output  {plan.output}"]
    if plan.period:
        lines.append(f"period  {plan.period[0]} to {plan.period[1]} UTC")
    if plan.region:
        box, cells = plan.region["box"], plan.region["cells"]
        lines.append(
            f"region  lon {box[0]:g} to {box[2]:g}, lat {box[1]:g} to {box[3]:g}; "
            f"{cells[0]:,} x {cells[1]:,} cells"
        )
    if plan.inputs:
        rows = [(str(p), show.size(size), kind) for p, size, kind in plan.inputs]
        rows.append(("all", show.size(plan.bytes), ""))
        lines += ["", show.table(rows, ("input", "size", "format"))]
    steps = [(s["name"], s["use"], s["of"], _arguments(s)) for s in plan.steps]
    lines += ["", show.table(steps, ("step", "function", "of", "arguments"))]
    rows = [(p["kind"], ", ".join(p["of"]), str(p["path"])) for p in plan.products]
    if rows:
        lines += ["", show.table(rows, ("product", "of", "file"))]
    return "\n".join(lines)


def _arguments(facts: dict) -> str:
    """The keyword arguments of a step."""
    own = ("name", "use", "of")
    return ", ".join(f"{k} = {v!r}" for k, v in facts.items() if k not in own)
