"""The call that takes files into a store, on threads or on all ranks."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from oceandata.store.ingest import GROUP_BYTES, Ingest, Progress
from oceandata.store.log import Log
from oceandata.store.report import IngestReport
from oceandata.store.sources import RANGE_BYTES, as_plain, plan_sources

ENGINES = ("threads", "mpi")


def ingest(
    log: Log,
    paths: Any,
    *,
    format: str = "auto",
    columns: Mapping[str, str] | None = None,
    timezone: str | None = None,
    options: Mapping[str, Any] | None = None,
    replaces: str | None = None,
    message: str = "",
    progress: Progress | None = None,
    workers: int | None = None,
    range_bytes: int = RANGE_BYTES,
    group_bytes: int = GROUP_BYTES,
    engine: str = "threads",
) -> IngestReport:
    """Take files into the store; see :meth:`oceandata.store.Store.ingest`."""
    if engine not in ENGINES:
        raise ValueError(f"engine must be one of {ENGINES}, got {engine!r}")
    plan = partial(
        plan_sources,
        paths,
        format=format,
        columns=columns,
        timezone=timezone,
        options=options,
        range_bytes=range_bytes,
    )
    call = {"format": format, "columns": columns, "timezone": timezone}
    call["options"] = as_plain(options) or None
    rest = {
        "replaces": replaces,
        "progress": progress,
        "workers": workers,
        "group_bytes": group_bytes,
        "call": {k: v for k, v in call.items() if v is not None},
        "message": message,
    }
    if engine == "mpi":
        from oceandata.store.ingest_mpi import ingest_mpi

        return ingest_mpi(log, plan, **rest)
    sources, refused = plan()
    return Ingest(log, **rest).run(sources, refused)
