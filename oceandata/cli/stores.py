"""``oceandata info | history | verify | compact | vacuum``: what is done to a store."""

from __future__ import annotations

from typing import Any

import click

from oceandata.cli import codes, show

STORE = click.argument("store", type=click.Path())
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command()
@STORE
@click.option("--as-of", type=int, help="The store as it was at this commit.")
@JSON
def info(store: str, as_of: int | None, as_json: bool) -> None:
    """What a store holds: rows, period, box, parts, bytes, sources."""
    from oceandata.store import open_store

    facts = open_store(store, as_of=as_of).info()
    if as_json:
        show.say_json(facts)
        return
    show.say(facts_text(facts))


@click.command()
@STORE
@JSON
def history(store: str, as_json: bool) -> None:
    """The commits of a store, the oldest first."""
    from oceandata.store import open_store

    commits = open_store(store).history()
    if as_json:
        show.say_json(commits.reset_index().to_dict("records"))
        return
    show.say(history_text(commits))


@click.command()
@STORE
@click.option("--deep", is_flag=True, help="Read every file and compare its checksum.")
@JSON
def verify(store: str, deep: bool, as_json: bool) -> int:
    """Check that every file that the log promises is there and whole.

    Leaves with 4 if the store is damaged.
    """
    from oceandata.errors import DamagedStoreError
    from oceandata.store import open_store

    try:
        checked = open_store(store).verify(deep=deep)
    except DamagedStoreError as error:
        if not as_json:
            raise
        names = ("kind", "path", "part", "why")
        damage = [
            {name: getattr(one, name) for name in names}
            for one in getattr(error, "damage", ())
        ]
        told = {"store": store, "sound": False, "faults": str(error)}
        show.say_json(told | {"damage": damage})
        return codes.DAMAGED
    if as_json:
        show.say_json({"store": store, "sound": True, "deep": deep, **checked})
    else:
        how = "every byte read" if deep else "names and sizes; --deep reads every byte"
        show.say(f"{store}: sound ({how})\n")
        show.say(facts_text(checked))
    return codes.OK


@click.command()
@STORE
@click.option("--month", help="Only this month, such as 2024-01.")
def compact(store: str, month: str | None) -> None:
    """Merge the small parts of each month into one."""
    period = _month(month) if month else None
    from oceandata.store import open_store

    with show.progress("compact") as progress:
        commits = open_store(store).compact(period=period, progress=progress)
    told = f"commit {', '.join(map(str, commits))}" if commits else "nothing to do"
    show.say(f"{store}: {told}")


@click.command(short_help="Remove files that no kept commit needs.")
@STORE
@click.option("--keep", type=int, help="Commits to keep readable, the newest.")
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
def vacuum(store: str, keep: int | None, dry_run: bool) -> None:
    """Remove files that no kept commit needs and that nobody is writing."""
    from oceandata.store import open_store

    done = open_store(store).vacuum(keep=keep, dry_run=dry_run)
    verb = "would remove" if dry_run else "removed"
    show.say(
        f"{store}: {verb} {len(done.removed):,} files and folders "
        f"({show.size(done.bytes)}), spared {done.spared:,} young ones; "
        f"the oldest readable commit is {done.oldest_readable}"
    )


def facts_text(facts: dict) -> str:
    """What a store holds, as a table."""
    return show.table(list(_flat(facts)), ("what", "value"))


def history_text(commits: Any) -> str:
    """The commits of a store, as a table."""
    commits = commits.reset_index()
    rows = [[_short(value) for value in row] for row in commits.values.tolist()]
    return show.table(rows, list(commits.columns))


def _month(text: str) -> tuple[str, str]:
    """Half-open period of a month ``YYYY-MM``."""
    from datetime import datetime

    try:
        first = datetime.strptime(text, "%Y-%m")
    except ValueError:
        raise click.BadParameter(f"expected YYYY-MM, got {text!r}") from None
    after = first.replace(
        year=first.year + first.month // 12, month=first.month % 12 + 1
    )
    return first.date().isoformat(), after.date().isoformat()


def _flat(facts: dict, prefix: str = ""):
    """Nested facts as rows of name and value."""
    for key, value in facts.items():
        name = f"{prefix}{key}".replace("_", " ")
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{name}: ")
        elif key in ("bytes", "size") and isinstance(value, int):
            yield name, show.size(value)
        else:
            yield name, _short(value)


def _short(value: Any, most: int = 60) -> Any:
    """A value that fits a table."""
    value = show.plain(value)
    if isinstance(value, list):
        value = ", ".join(str(_short(item)) for item in value)
    if isinstance(value, dict):
        value = ", ".join(f"{key} {_short(item)}" for key, item in value.items())
    if isinstance(value, str) and len(value) > most:
        return value[: most - 1] + "…"
    return value
