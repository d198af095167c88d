"""``oceandata identify | simulate``: files, before any store."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from oceandata.cli import codes, show

_KNOWN = "Known formats: "


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path())
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def identify(paths: tuple[str, ...], as_json: bool) -> int:
    """Say what each file is, why, and how sure that is.

    A folder stands for the files in it. Leaves with 1 if no file is known, with 3 if
    some are not.
    """
    from oceandata.errors import FormatError
    from oceandata.readers import identify as identify_file

    found, unknown, footer = [], 0, ""
    for path in files_of(paths):
        try:
            told = asdict(identify_file(path))
        except (FormatError, OSError) as error:
            unknown += 1
            told = {"format": None, "sure": 0.0, "why": _reason(error), "details": {}}
        found.append({"path": str(path), **told})
    if as_json:
        show.say_json(found)
    else:
        rows = []
        for f in found:
            why, _, known = f["why"].removeprefix(f"{f['path']}: ").partition(_KNOWN)
            footer = known or footer
            sure = f"{100 * f['sure']:.0f} %"
            rows.append((f["path"], f["format"] or "unknown", sure, why.strip()))
        show.say(show.table(rows, ("file", "format", "sure", "why")))
        if footer:
            show.say(f"\nKnown formats: {footer}")
    if not unknown:
        return codes.OK
    return codes.FAULTS if unknown == len(found) else codes.PARTLY_REFUSED


@click.command()
@click.argument("folder", type=click.Path(file_okay=False))
@click.option("--positions", default=1_000_000, show_default=True, help="How many.")
@click.option("--seed", default=1, show_default=True, help="Another seed, another sea.")
@click.option("--days", default=7, show_default=True, help="Days of traffic.")
@click.option(
    "--start", default="2024-03-01", show_default=True, help="First day, UTC."
)
def simulate(folder: str, positions: int, seed: int, days: int, start: str) -> None:
    """Write the simulated Yellow Sea as vessel files, with its truth."""
    from oceandata.sea import simulate_sea

    simulate_sea(folder, positions=positions, seed=seed, days=days, start=start)
    for path in files_of((folder,)):
        show.say(f"{path}  {show.size(path.stat().st_size)}")


def files_of(paths: tuple[str, ...]) -> list[Path]:
    """The paths; each folder replaced by the files in it that are not hidden."""
    files = []
    for path in map(Path, paths):
        if path.is_dir():
            inside = sorted(p for p in path.iterdir() if p.is_file())
            inside = [p for p in inside if not p.name.startswith(".")]
            if not inside:
                raise click.UsageError(f"the folder {path} has no files")
            files += inside
        else:
            files.append(path)
    return files


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
