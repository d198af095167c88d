"""Compaction: the parts of a month become one, and the view stays the same.

Each month is a commit of its own, so that a killed compaction loses one month's work.
It succeeds only if every part that it replaces is still live when it commits.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from oceandata.errors import ConflictError
from oceandata.machine import default_workers
from oceandata.store.group import discard, merge_parts
from oceandata.store.log import Draft, Log, State
from oceandata.store.months import month_number, month_start
from oceandata.store.reading import check_parts
from oceandata.store.static import read_statics, write_statics

MANY = 8
SMALL_SHARE = 0.1
Progress = Callable[[int, int, str], None]


def due(records: list[dict[str, Any]], live: set[str], *, force: bool) -> bool:
    """Should these parts of one month be merged?"""
    if any(set(record["sources"]) - live for record in records):
        return True
    if len(records) < 2:
        return False
    rows = [record["rows"] for record in records]
    small = sum(rows) - max(rows)
    return force or len(records) > MANY or small > SMALL_SHARE * sum(rows)


def compact(
    log: Log,
    *,
    period: tuple[int, int] | None = None,
    force: bool = False,
    progress: Progress | None = None,
) -> list[dict[str, Any]]:
    """Merge the parts of each month that need it; the log entries that did it."""
    state = log.state()
    live = set(state.sources) - set(state.replaced)
    months: dict[str, list[dict[str, Any]]] = {}
    for record in state.parts.values():
        if record["dataset"] == "tracks" and _inside(record["month"], period):
            months.setdefault(record["month"], []).append(record)
    todo = {m: rs for m, rs in sorted(months.items()) if due(rs, live, force=force)}
    total = sum(r["bytes"] for rs in todo.values() for r in rs)
    entries, done = [], 0
    for month, records in todo.items():
        if progress:
            progress(done, total, f"merging {len(records)} parts of {month}")
        entries.append(_compact_month(log, records, live))
        done += sum(record["bytes"] for record in records)
    statics = [r for r in state.parts.values() if r["dataset"] == "static"]
    if period is None and (len(statics) > MANY or (force and len(statics) > 1)):
        entries.append(_compact_statics(log, statics))
    if progress:
        progress(total, total, f"{len(entries)} commits")
    return [entry for entry in entries if entry]


def _inside(month: str, period: tuple[int, int] | None) -> bool:
    number = month_number(month)
    return period is None or (
        month_start(number) < period[1] and month_start(number + 1) > period[0]
    )


def _compact_month(log: Log, records, live: set[str]) -> dict[str, Any] | None:
    check_parts(log.root, records)
    with ThreadPoolExecutor(default_workers()) as pool:
        written = merge_parts(log.root, records, live, pool=pool)
    # The merged part is as old as the oldest of its parts: home cells depend on it.
    since = min(record["since"] for record in records)
    added = [{**record, "since": since} for record in written.records]
    rows = sum(record["rows"] for record in added)
    message = f"merge {len(records)} parts of {records[0]['month']}: {rows:,} rows"
    return _commit(log, records, added, message)


def _compact_statics(log: Log, records) -> dict[str, Any] | None:
    state = log.state()
    check_parts(log.root, records)
    only = {record["id"] for record in records}
    view = State(
        parts={k: r for k, r in state.parts.items() if k in only},
        sources=state.sources,
        replaced=state.replaced,
    )
    statics = read_statics(log.root, view)
    added = [write_statics(log.root, statics)] if len(statics) else []
    return _commit(log, records, added, f"merge {len(records)} parts of static reports")


def _commit(log: Log, removed, added, message: str) -> dict[str, Any] | None:
    def prepare(state: State) -> Draft:
        gone = [r["id"] for r in removed if r["id"] not in state.parts]
        if gone:
            raise ConflictError(
                f"{log.root}: part {gone[0]} was replaced by another job while this "
                "compaction ran; nothing was changed. Run compact again if needed"
            )
        body = {
            "kind": "compact",
            "message": message,
            "add": added,
            "remove": [record["id"] for record in removed],
        }
        return Draft(body, oldest=oldest(log.root, added))

    since = log.state().number
    try:
        return log.commit(prepare)
    except BaseException:
        if not log.names_any({record["id"] for record in added}, since):
            discard(log.root, added)
        raise


def oldest(root: Path, records: list[dict[str, Any]]) -> float | None:
    """When the oldest of these parts was finished, by the file server's clock."""
    from oceandata.store.reading import part_folder

    manifests = [part_folder(root, r).with_suffix(".json") for r in records]
    return min((m.stat().st_mtime for m in manifests), default=None)
