"""``oceandata audit``: who took out what is confidential, and is the log whole?"""

from __future__ import annotations

from typing import Any

import click

from oceandata.cli import codes, show


@click.command(short_help="Show and check the log of unmasked exports.")
@click.argument("path", type=click.Path(exists=True))
@click.option(
    "--expect", help="Hash of a line noted earlier; finds lines cut off at the end."
)
@click.option("--json", "as_json", is_flag=True, help="All events, for a program.")
def audit(path: str, expect: str | None, as_json: bool) -> int:
    """Show and check the audit log PATH (a file, or the folder of audit.jsonl).

    Each line holds the hash of the line before it. The last hash is printed: note it
    elsewhere, and give it to --expect the next time. Leaves with 1 if a line was
    changed, removed or put in.
    """
    from oceandata.products.audit import verify

    log = verify(path, expect=expect)
    if as_json:
        show.say_json({"path": log.path, "events": log.events, "head": log.head})
        return codes.OK
    rows = [_row(event) for event in log.events]
    heads = ("line", "time, UTC", "who", "event", "product", "file", "reason")
    show.say(show.table(rows, heads))
    show.say(f"\n{len(rows):,} lines, none changed or removed between them")
    show.say(f"last hash {log.head}")
    return codes.OK


def _row(event: dict[str, Any]) -> tuple:
    of = f" of {event['of']}" if "of" in event else ""
    reason = event.get("reason", "")
    if event.get("authorised_by"):
        reason += f" (authorised by {event['authorised_by']})"
    return (
        event["number"],
        str(event.get("time", ""))[:19],
        f"{event.get('user', '')}@{event.get('host', '')}",
        f"{event.get('event', '')}{of}",
        event.get("product", ""),
        event.get("file", ""),
        reason,
    )
