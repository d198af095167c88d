"""``oceandata catalog``: what stores and products hold, searched and written."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from oceandata.cli import checks, codes, show


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path())
@click.option("--search", "text", default="", metavar="TEXT", help="Words to find.")
@click.option("--box", nargs=4, type=float, metavar="W S E N", help="Degrees.")
@click.option("--period", nargs=2, metavar="START STOP", help="UTC, half-open.")
@click.option("--variable", help="Name or CF standard name.")
@click.option("--sensitivity", type=click.Choice(["public", "restricted", "secret"]))
@click.option("--html", type=click.Path(dir_okay=False), help="Write a page.")
@click.option("--stac", type=click.Path(file_okay=False), help="Write STAC 1.1.")
@click.option("--title", default="", help="Heading of the page and of the catalogue.")
@click.option("--language", type=click.Choice(["en", "zh"]), default="en")
@click.option("--no-flags", is_flag=True, help="Do not count flags of quality.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def catalog(paths, html, stac, title, language, no_flags, as_json, **asked) -> int:
    """List the datasets in stores, products, or folders of them.

    Place and numbers are told as far as the class of each dataset allows. Leaves with
    3 if something could not be read.
    """
    from oceandata.catalogue import catalog as make

    checks.check_place_and_period(asked["box"], asked["period"])
    with show.progress("catalog") as progress:
        found = make(list(paths), flags=not no_flags, progress=progress)
    found = found.search(
        asked["text"],
        box=asked["box"] or None,
        period=asked["period"] or None,
        variable=asked["variable"],
        sensitivity=asked["sensitivity"],
    )
    if as_json:
        show.say_json([_plain(entry) for entry in found])
    elif len(found):
        show.say(show.table([_row(entry) for entry in found], _HEADS))
    else:
        show.say("no dataset fits")
    if stac:
        show.log(f"wrote {found.to_stac(stac, title=title)}")
    if html:
        show.log(f"wrote {found.to_html(html, title=title, language=language)}")
    for fault in found.faults:
        show.log(f"could not be read: {fault}")
    return codes.PARTLY_REFUSED if found.faults else codes.OK


_HEADS = ("dataset", "class", "owner", "start", "stop", "rows", "rejected", "commit")


def _row(entry: Any) -> tuple:
    days = [None if t is None else str(t)[:10] for t in (entry.start, entry.stop)]
    rejected = sum(entry.quarantined.values()) if entry.rows is not None else None
    return (
        entry.id,
        entry.sensitivity,
        entry.owner,
        *days,
        entry.rows,
        rejected,
        entry.commit,
    )


def _plain(entry: Any) -> dict[str, Any]:
    facts = asdict(entry)
    del facts["place"]
    for end in ("start", "stop"):
        facts[end] = None if facts[end] is None else f"{facts[end]}Z"
    return facts
