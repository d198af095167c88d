"""``oceandata demo``: from a simulated sea to maps and a report, without a network."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from oceandata.cli import codes, show
from oceandata.cli.files import files_of
from oceandata.cli.ingest import report_facts, report_text


class Stages:
    """Runs named stages and keeps the time each took."""

    def __init__(self):
        self.spans: dict[str, float] = {}

    def __call__(self, name: str, work: Callable[[], Any]) -> Any:
        """The outcome of ``work``, with its headline printed before it."""
        show.say(f"\n== {name}")
        start = time.perf_counter()
        outcome = work()
        self.spans[name] = time.perf_counter() - start
        return outcome


@click.command()
@click.argument("folder", type=click.Path(file_okay=False), default="demo")
@click.option("--positions", default=1_000_000, show_default=True, help="How many.")
@click.option("--seed", default=1, show_default=True, help="Another seed, another sea.")
@click.option("--workers", type=click.IntRange(min=1), help="Threads.")
def demo(folder: str, positions: int, seed: int, workers: int | None) -> int:
    """Simulate a sea, read it into a store, and make maps and a report of it.

    Everything lies in FOLDER afterwards. A second run skips what is finished.
    """
    from oceandata.job.example import VESSEL_DENSITY

    root = Path(folder)
    root.mkdir(parents=True, exist_ok=True)
    job = root / "vessel_density.toml"
    job.write_text(VESSEL_DENSITY, "utf-8")
    stage = Stages()
    stage("simulate", lambda: _simulate(root / "sea", positions, seed))
    stage("identify", lambda: _identify(root / "sea"))
    store = root / "yellow-sea.store"
    stage("ingest", lambda: _ingest(store, root / "sea", workers))
    stage("look at the store", lambda: _look(store))
    result = stage("run vessel_density.toml", lambda: _run(job, workers))
    _tell(stage, result)
    return codes.OK
