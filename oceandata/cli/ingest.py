"""``oceandata ingest``: vessel files into a store, with an account of every row."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import click

from oceandata.cli import checks, codes, show
from oceandata.cli.files import files_of

FIRST = "000000000000.json"
# errors of readers speak Python, where they say what to pass
PYTHON = r"\b(columns|options|timezone|format)="
IN_WORDS = (
    "on the command line: --column NAME=HEADER, --option NAME=VALUE, "
    "--timezone ZONE, --format NAME"
)


@click.command(short_help="Read vessel files into a store; make it if need be.")
@click.argument("store", type=click.Path())
@click.argument("paths", nargs=-1, required=True, type=click.Path())
@click.option("--format", "kind", default="auto", show_default=True)
@click.option("--timezone", help="Zone of times that name none, such as Asia/Shanghai.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="NAME=HEADER",
    help="The column in the file that holds NAME.",
)
@click.option(
    "--option",
    "options",
    multiple=True,
    metavar="NAME=VALUE",
    help="What the format has to be told, such as encoding=gb18030 or year=2019.",
)
@click.option("--replaces", help="Hash of the source that these files replace.")
@click.option("--workers", type=click.IntRange(min=1), help="Threads.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def ingest(
    store, paths, kind, timezone, columns, options, replaces, workers, as_json
) -> int:
    """Read vessel files into a store; make the store if it is not there.

    A folder stands for the files in it. Files already in the store are left out, rows
    that cannot be read are set aside with their reason. Leaves with 3 if some files
    were refused, with 1 if all were.
    """
    checks.check_format(kind)
    renamed = dict(_pair(text) for text in columns) or None
    files = files_of(paths)
    target = _open_or_create(Path(store))
    with show.progress("ingest") as progress:
        report = target.ingest(
            files,
            format=kind,
            columns=renamed,
            timezone=timezone,
            options=_options(options),
            replaces=replaces,
            progress=progress,
            workers=workers,
        )
    facts = report_facts(report)
    if as_json:
        show.say_json(facts)
    else:
        show.say(report_text(facts))
    return code_of_report(facts, len(files))


def _open_or_create(path: Path) -> Any:
    """The store at a path; many jobs may come here at once, and one makes it."""
    from oceandata.errors import StoreError
    from oceandata.store import create_store, open_store

    deadline = time.monotonic() + 30.0
    while True:
        try:
            return open_store(path) if path.exists() else create_store(path)
        except StoreError:
            # another job may have made the folders and not yet the first commit
            if (path / "log" / FIRST).exists():
                return open_store(path)
            if not (path / "log").is_dir() or time.monotonic() > deadline:
                raise
        time.sleep(0.1)


def report_facts(report: Any) -> dict:
    """An ingest report as plain values."""
    return {**show.plain(vars(report)), "commit": report.commit}


def report_text(facts: dict) -> str:
    """What became of every row, as a table, and of every file that was refused."""
    rows = [("read", facts["rows_read"]), ("kept", facts["rows_kept"])]
    rows.append(("exact duplicates left out", facts["duplicates"]))
    rows += [
        (f"set aside: {reason}", count)
        for reason, count in sorted(facts["quarantined"].items(), key=lambda p: -p[1])
    ]
    lines = [show.table(rows, ("rows", "count"))]
    if facts["others"]:
        others = sorted(facts["others"].items(), key=lambda p: -p[1])
        lines += ["", show.table(others, ("records that are no positions", "count"))]
    if facts["repairs"]:
        repairs = sorted(facts["repairs"].items(), key=lambda p: -p[1])
        lines += ["", show.table(repairs, ("values set right in kept rows", "count"))]
    lines.append("")
    lines += [str(note) for note in facts["notes"]]
    lines += [
        f"refused: {path}: {why.removeprefix(f'{path}: ')}"
        for path, why in facts["refused"].items()
    ]
    if facts["present"]:
        lines.append(f"already in the store: {len(facts['present']):,} files")
    if any(re.search(PYTHON, why) for why in facts["refused"].values()):
        lines.append(IN_WORDS)
    commits = ", ".join(map(str, facts["commits"]))
    lines.append(f"commit {commits}" if commits else "nothing new")
    return "\n".join(lines)


def code_of_report(facts: dict, files: int) -> int:
    """The exit code for an ingest report on so many files."""
    refused = len(facts["refused"])
    if not refused:
        return codes.OK
    return codes.FAULTS if refused == files else codes.PARTLY_REFUSED


def _options(texts: tuple[str, ...]) -> dict[str, Any] | None:
    """Values of ``--option``: numbers and JSON as such, all else as text."""
    found: dict[str, Any] = {}
    for text in texts:
        name, value = _pair(text, "NAME=VALUE")
        try:
            found[name] = json.loads(value)
        except ValueError:
            found[name] = value
    return found or None


def _pair(text: str, form: str = "NAME=HEADER") -> tuple[str, str]:
    name, sign, header = text.partition("=")
    if not sign:
        raise click.BadParameter(f"expected {form}, got {text!r}")
    return name.strip(), header
