"""``oceandata demo``: from a simulated sea to maps and a report, without a network."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from oceandata.cli import codes, show
from oceandata.cli.files import files_of
from oceandata.cli.ingest import report_facts, report_text
from oceandata.cli.stores import facts_text, history_text


class Stages:
    """Runs named stages and keeps the time each took."""

    def __init__(self):
        self.spans: dict[str, float] = {}

    def __call__(self, name: str, work: Callable[..., Any], *arguments: Any) -> Any:
        """The outcome of the work, with its name printed before it."""
        show.say(f"\n== {name}")
        start = time.perf_counter()
        outcome = work(*arguments)
        self.spans[name] = time.perf_counter() - start
        return outcome


@click.command(short_help="Simulate a sea; make its stores, maps and reports.")
@click.argument("folder", type=click.Path(file_okay=False), default="demo")
@click.option("--positions", default=1_000_000, show_default=True, help="How many.")
@click.option("--seed", default=1, show_default=True, help="Another seed, another sea.")
@click.option("--workers", type=click.IntRange(min=1), help="Threads.")
def demo(folder: str, positions: int, seed: int, workers: int | None) -> int:
    """Simulate a sea, read it into stores, and make maps and a report of it.

    Everything lies in FOLDER afterwards. A second run skips what is finished.
    """
    from oceandata.job.example import FISHING_FLEET, VESSEL_DENSITY

    root = Path(folder)
    sea = root / "sea"
    root.mkdir(parents=True, exist_ok=True)
    jobs = {"vessel_density.toml": VESSEL_DENSITY, "fishing_fleet.toml": FISHING_FLEET}
    for name, text in jobs.items():
        (root / name).write_text(text, "utf-8")
    stage = Stages()
    stage("simulate the sea", _simulate, sea, positions, seed)
    stage("identify its files", _identify, sea)
    ais, vms = root / "yellow-sea.store", root / "fleet.store"
    stage("ingest AIS", _ingest, ais, _vessel_files(sea, "ais"), workers)
    stage("ingest VMS", _ingest, vms, _vessel_files(sea, "tacsat"), workers)
    stage("look at the stores", _look, ais, vms)
    results = [stage(f"run {name}", _run, root / name, workers) for name in jobs]
    _tell(stage, results)
    return codes.OK


def _vessel_files(sea: Path, beginning: str = "") -> list[Path]:
    files = files_of((str(sea),))
    return [path for path in files if path.name.lower().startswith(beginning)]


def _simulate(sea: Path, positions: int, seed: int) -> None:
    """Write the sea, unless the same one lies there already."""
    from oceandata.sea import simulate_sea

    try:
        record = json.loads((sea / "truth" / "sea.json").read_text("utf-8"))
        made = [record["arguments"][name] for name in ("positions", "seed")]
    except (OSError, ValueError, KeyError):
        made = None
    if made == [positions, seed]:
        show.say("there already")
    else:
        simulate_sea(sea, positions=positions, seed=seed)
    for path in _vessel_files(sea):
        show.say(f"{path}  {show.size(path.stat().st_size)}")


def _identify(sea: Path) -> None:
    from oceandata.readers import identify

    rows = []
    for path in _vessel_files(sea):
        found = identify(path)
        rows.append((path.name, found.format, f"{100 * found.sure:.0f} %", found.why))
    show.say(show.table(rows, ("file", "format", "sure", "why")))


def _ingest(store: Path, files: list[Path], workers: int | None) -> None:
    from oceandata.store import create_store, open_store

    target = open_store(store) if store.exists() else create_store(store)
    with show.progress("ingest") as progress:
        report = target.ingest(files, progress=progress, workers=workers)
    show.say(report_text(report_facts(report)))


def _look(*stores: Path) -> None:
    from oceandata.store import open_store

    for path in stores:
        opened = open_store(path)
        show.say(facts_text(opened.info()))
        show.say()
        show.say(history_text(opened.history()))
        show.say()


def _run(job: Path, workers: int | None) -> Any:
    from oceandata.job import run_job

    return run_job(job, workers=workers, progress=show.progress, log=show.say)


def _tell(stage: Stages, results: list[Any]) -> None:
    """The time of each stage, and where everything lies."""
    rows = [(name, f"{span:.1f}") for name, span in stage.spans.items()]
    rows.append(("all", f"{sum(stage.spans.values()):.1f}"))
    show.say("\n" + show.table(rows, ("stage", "seconds")) + "\n")
    for result in results:
        for path in result.products:
            show.say(str(path))
