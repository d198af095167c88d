"""``oceandata run``: a job file, on this machine or on many."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import click

from oceandata.cli import codes, show


@click.command()
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
def run(job, engine, workers, dry_run, fresh, output, store, overrides) -> int:
    """Run a job file: files to store, store to steps, steps to products.

    The whole file is checked before anything starts. Steps and products that an
    earlier run finished are skipped. Leaves with 3 if some input files were refused.
    """
    from oceandata.job import plan_job, read_job, run_job

    read = read_job(job, overrides=overrides, output=output, store=store)
    if dry_run:
        show.say(plan_text(plan_job(read)))
        return codes.OK
    first = engine != "mpi" or _first_rank()
    result = run_job(
        read,
        engine=engine,
        workers=workers,
        fresh=fresh,
        progress=show.progress if first else lambda title: nullcontext(),
        log=show.log if first else None,
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
