"""``oceandata submit``: a job file to Slurm, or what it would take."""

from __future__ import annotations

from typing import Any

import click

from oceandata.cli import codes, show

COUNT = click.IntRange(min=1)


@click.command(short_help="Hand a job file to Slurm.")
@click.argument("job", type=click.Path())
@click.option("--nodes", type=COUNT, default=1, show_default=True)
@click.option("--ntasks-per-node", type=COUNT, default=1, show_default=True)
@click.option("--cpus-per-task", type=COUNT, default=1, show_default=True)
@click.option("--time", default="1:00:00", show_default=True, help="D-HH:MM:SS.")
@click.option("--mem-per-cpu", default="4G", show_default=True)
@click.option("--partition", help="Slurm's partition.")
@click.option("--account", help="Who pays.")
@click.option(
    "--engine",
    type=click.Choice(["mpi", "threads", "dask"]),
    default="mpi",
    show_default=True,
    help="MPI ranks, threads of one task, or a dask cluster of the tasks.",
)
@click.option("--mpi", default="pmi2", show_default=True, help="Plugin of srun.")
@click.option("--setup", multiple=True, metavar="LINE", help="Put before the work.")
@click.option("--output", type=click.Path(), help="Folder for results.")
@click.option("--store", type=click.Path(), help="Another store than the job names.")
@click.option("--set", "overrides", multiple=True, metavar="SECTION.KEY=VALUE")
@click.option("--dry-run", is_flag=True, help="Show the script and an estimate, leave.")
def submit(job, output, store, overrides, dry_run, **asked) -> int:
    """Write a Slurm script for a job file, show it, submit it, say how to follow it.

    Before its time is over the job stops, goes back into the queue, and goes on later.
    """
    from oceandata.job import read_job
    from oceandata.job.batch import script_text
    from oceandata.job.estimate import estimate_job
    from oceandata.job.slurm import hand_over, make_batch

    read = read_job(job, overrides=overrides, output=output, store=store)
    batch = make_batch(**asked, arguments=_arguments(output, store, overrides))
    show.say(script_text(read.path.absolute(), batch))
    if dry_run:
        show.say(estimate_job(read, batch).text)
        show.say("\nNothing was written or submitted.")
        return codes.OK
    handle = hand_over(read, batch)
    show.say(follow_text(handle))
    return codes.OK


def follow_text(handle: Any) -> str:
    """How to follow a job that was submitted."""
    return "\n".join(
        [
            f"submitted as job {handle.id} with {handle.script}",
            f"state   squeue -j {handle.id}",
            f"log     tail -F {handle.log_path}",
            f"cancel  scancel {handle.id}",
            f"Python  od.submitted({str(handle.job)!r}).status()",
        ]
    )


def _arguments(output: str | None, store: str | None, overrides: Any) -> list[str]:
    """What `oceandata run` needs to hear of these again; paths made absolute."""
    from pathlib import Path

    words = []
    for name, path in (("--output", output), ("--store", store)):
        if path:
            words += [name, str(Path(path).absolute())]
    for text in overrides:
        words += ["--set", text]
    return words
