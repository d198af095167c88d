"""Ingest: files become sources, groups of sources become commits.

Every file is taken whole or not at all: its rows, its quarantined rows, its static
reports and its identity are one commit, together with the other files of its group. A
group is bounded by rows, so memory does not grow with the input; a source larger than
a group spills sorted runs, which are merged before its only commit. What is killed is
run again, and finds what was committed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from oceandata.columns import Columns
from oceandata.errors import OceanDataError
from oceandata.machine import default_workers
from oceandata.store.compact import oldest
from oceandata.store.failures import storage
from oceandata.store.group import (
    Written,
    discard,
    join_columns,
    merge_parts,
    write_group,
)
from oceandata.store.log import Draft, Log, State
from oceandata.store.merge import MonthView
from oceandata.store.months import month_text, months_of
from oceandata.store.rejects import Rejects
from oceandata.store.sources import (
    RANGE_BYTES,
    Hashes,
    Source,
    plan_sources,
    present,
    replaced_sources,
)
from oceandata.store.static import Statics, from_reports, tidy, write_statics

GROUP_BYTES = 900 << 20
"""Rows held before they are sorted and written: about 24 million."""

Progress = Callable[[int, int, str], None]


@dataclass
class IngestReport:
    """What an ingest did: ``rows_read = rows_kept + quarantined + duplicates``.

    quarantined : rows by reason. duplicates : rows equal to another row of the same
    commit. repairs : values set right in kept rows. refused : files that were not
    taken, and why. present : files that the store had already. commits : numbers.
    """

    files: list[str] = field(default_factory=list)
    rows_read: int = 0
    rows_kept: int = 0
    duplicates: int = 0
    quarantined: dict[str, int] = field(default_factory=dict)
    repairs: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    present: list[str] = field(default_factory=list)
    commits: list[int] = field(default_factory=list)

    @property
    def commit(self) -> int | None:
        """Number of the last commit; None if nothing was new."""
        return self.commits[-1] if self.commits else None

    @property
    def rows_quarantined(self) -> int:
        return sum(self.quarantined.values())

    def __str__(self) -> str:
        lines = [
            f"{self.rows_read:,} rows read from {len(self.files):,} files: "
            f"{self.rows_kept:,} kept, {self.rows_quarantined:,} quarantined, "
            f"{self.duplicates:,} exact duplicates"
        ]
        lines += [f"  quarantined: {n:,} {r}" for r, n in self.quarantined.items()]
        lines += [f"  repaired: {n:,} {r}" for r, n in self.repairs.items()]
        lines += [f"  {note}" for note in self.notes]
        lines += [f"  already present: {path}" for path in self.present]
        lines += [f"  refused: {path}: {why}" for path, why in self.refused.items()]
        return "\n".join(lines)


@dataclass
class Taken:
    """What was read of one source, until its commit."""

    source: Source
    rejects: Rejects
    tables: list[Columns] = field(default_factory=list)
    names: dict[int, str] = field(default_factory=dict)
    reports: list[Any] = field(default_factory=list)
    repairs: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    runs: list[dict[str, Any]] = field(default_factory=list)
    duplicates: int = 0
    rows_read: int = 0
    nbytes: int = 0
    identity: str = ""
    sha256: str = ""

    def record(self) -> dict[str, Any]:
        """The source as the log keeps it."""
        return {
            "id": self.identity,
            "sha256": self.sha256,
            "label": self.source.label,
            **self.source.key(),
            "rows": self.rows_read,
            "quarantined": self.rejects.rows,
            "duplicates": self.duplicates,
        }


class Ingest:
    """One call of :meth:`Store.ingest`."""

    def __init__(
        self,
        log: Log,
        *,
        replaces: str | None,
        progress: Progress | None,
        workers: int | None,
        group_bytes: int,
        call: Mapping[str, Any],
        message: str,
    ):
        self.log, self.root, self.progress = log, log.root, progress
        self.workers = workers or default_workers()
        self.group_bytes, self.call, self.message = group_bytes, dict(call), message
        state = log.state()
        self.replaces = replaced_sources(replaces, state) if replaces else []
        self.report = IngestReport()
        self.hashes = Hashes()
        self.pending: list[Taken] = []
        self._done = self._total = 0

    def run(self, sources: list[Source], refused: dict[str, str]) -> IngestReport:
        self.report.refused = refused
        self._total = sum((s.stop or s.size) - s.start for s in sources)
        current: Taken | None = None
        try:
            with ThreadPoolExecutor(self.workers) as pool:
                for source in sources:
                    self._tell(source.label)
                    known = present(source, self.log.state(), self.hashes)
                    if known:
                        self.report.present.append(source.label)
                    else:
                        rejects = Rejects(self.root, source.label)
                        current = Taken(source, rejects)
                        self._take(current, pool)
                        current = None
                    self._done += (source.stop or source.size) - source.start
                self._commit_pending(pool)
        finally:
            self.hashes.close()
            for taken in [*self.pending, *([current] if current else [])]:
                self._drop(taken)
        self._tell("done")
        return self.report

    def _tell(self, label: str) -> None:
        if self.progress:
            self.progress(self._done, self._total, label)

    def _drop(self, taken: Taken) -> None:
        taken.rejects.discard()
        discard(self.root, taken.runs)

    def _take(self, taken: Taken, pool: Executor) -> None:
        """Read one source to its end; commit groups as they fill."""
        source = taken.source
        hashing = self.hashes.begin(source.path)
        batches = source.reader.batches(
            source.path,
            **dict(_keywords(source.parameters)),
            start=source.start,
            stop=source.stop,
            workers=self.workers,
        )
        while True:
            try:
                batch = next(batches, None)
            except (OceanDataError, OSError, EOFError, ValueError) as error:
                self._drop(taken)
                self.report.refused[str(source.path)] = str(error)
                return
            if batch is None:
                break
            with storage(self.root, "writing rejected rows"):
                self._add(taken, batch)
            if taken.nbytes + sum(t.nbytes for t in self.pending) > self.group_bytes:
                if self.pending:
                    self._commit_pending(pool)
                if taken.nbytes > self.group_bytes:
                    self._spill(taken, pool)
        taken.sha256 = hashing.result()
        taken.identity = source.identity(taken.sha256)
        if not source.unchanged():
            self._drop(taken)
            self.report.refused[str(source.path)] = "changed while it was read"
            return
        self.pending.append(taken)
        if taken.runs:
            self._commit_pending(pool)

    def _add(self, taken: Taken, batch: Any) -> None:
        taken.rows_read += batch.rows_read
        taken.names |= batch.names
        taken.repairs.update(batch.repairs)
        taken.notes += batch.notes
        if len(batch.reports):
            taken.reports.append(batch.reports)
        if len(batch.rejected):
            taken.rejects.add(batch.rejected)
        if len(batch.columns):
            taken.tables.append(batch.columns)
            taken.nbytes += batch.columns.nbytes
        self._tell(f"{taken.source.label}: {taken.rows_read:,} rows")

    def _spill(self, taken: Taken, pool: Executor) -> None:
        """Write the rows held as sorted runs, to be merged at the source's end."""
        if not taken.tables:
            return
        columns = join_columns(taken.tables)
        source = np.zeros(len(columns), "i4")
        with storage(self.root, "writing parts"):
            written = write_group(
                self.root,
                columns.replace(source=source),
                ["pending"],
                taken.names,
                known=self._known(columns.time),
                pool=pool,
                durable=False,
            )
        order = len(taken.runs)
        taken.runs += [
            {**record, "since": order + k} for k, record in enumerate(written.records)
        ]
        taken.duplicates += written.duplicates.size
        taken.nbytes = 0

    def _known(self, times: np.ndarray) -> dict[tuple[int, int], int]:
        """Home cells that live parts fix for the months of these times."""
        numbers, first = months_of(times)
        months = first + np.unique(numbers) if numbers.size else np.array([first])
        state = self.log.state()
        known: dict[tuple[int, int], int] = {}
        for month in months.tolist():
            records = [
                record
                for record in state.parts.values()
                if record.get("month") == month_text(month)
            ]
            if records:
                with ThreadPoolExecutor(2) as pool:
                    view = MonthView(self.root, records, list(state.sources), pool)
                cells = zip(view.vessels.tolist(), view.homes.tolist(), strict=True)
                known |= {(month, vessel): cell for vessel, cell in cells}
        return known

    def _commit_pending(self, pool: Executor) -> None:
        """Commit the sources that are read; those another job brought stay out."""
        group = _first_of_each(self.pending, self.report)
        for taken in self.pending:
            if taken not in group:
                self._drop(taken)
        self.pending = group
        while group:
            taken_by_other = self._try_commit(group, pool)
            if not taken_by_other:
                break
            for taken in [t for t in group if t.identity in taken_by_other]:
                self.report.present.append(taken.source.label)
                self._drop(taken)
                group.remove(taken)
        self.pending = []

    def _try_commit(self, group: list[Taken], pool: Executor) -> set[str]:
        """Write and commit a group; sources that another job committed meanwhile."""
        numbers = sorted(range(len(group)), key=lambda k: group[k].identity)
        ids = [group[k].identity for k in numbers]
        records: list[dict[str, Any]] = []
        met: set[str] = set()
        try:
            with storage(self.root, "writing parts"):
                written = self._write([group[k] for k in numbers], ids, pool)
                records += written.records
                statics = self._statics([group[k] for k in numbers], ids)
                if len(statics):
                    records.append(write_statics(self.root, statics))
                rejected = [taken.rejects.finish() for taken in group]
            duplicates = np.bincount(written.duplicates, minlength=len(ids))
            for number, k in enumerate(numbers):
                group[k].duplicates += int(duplicates[number])

            def prepare(state: State) -> Draft | None:
                met.update(set(ids) & set(state.sources))
                return None if met else self._draft(group, records, rejected, state)

            with storage(self.root, "committing"):
                entry = self.log.commit(prepare)
        except BaseException:
            discard(self.root, records)
            raise
        if entry is None:
            discard(self.root, records)
            for number, k in enumerate(numbers):
                group[k].duplicates -= int(duplicates[number])
            return met
        self._account(group, entry)
        return set()

    def _write(self, group: list[Taken], ids: list[str], pool: Executor) -> Written:
        if group[0].runs:
            return self._merge_runs(group[0], ids[0], pool)
        tables = []
        for number, taken in enumerate(group):
            if taken.tables:
                taken.tables = [join_columns(taken.tables)]
                table = taken.tables[0]
                source = np.full(len(table), number, "i4")
                taken.tables = [table.replace(source=source)]
                tables += taken.tables
        names = {key: text for taken in group for key, text in taken.names.items()}
        if not tables:
            return Written([], np.empty(0, "i4"))
        columns = join_columns(list(tables))
        known = self._known(columns.time)
        return write_group(self.root, columns, ids, names, known=known, pool=pool)

    def _merge_runs(self, taken: Taken, identity: str, pool: Executor) -> Written:
        """Runs of one large source become one part a month."""
        self._spill(taken, pool)
        months: dict[str, list[dict[str, Any]]] = {}
        for record in taken.runs:
            months.setdefault(record["month"], []).append(record)
        records: list[dict[str, Any]] = []
        duplicates = [np.empty(0, "i4")]
        try:
            for _, runs in sorted(months.items()):
                merged = merge_parts(
                    self.root, runs, {"pending"}, pool=pool, rename=[identity]
                )
                records += merged.records
                duplicates.append(merged.duplicates)
        except BaseException:
            discard(self.root, records)
            raise
        discard(self.root, taken.runs)
        taken.runs = []
        return Written(records, np.concatenate(duplicates))

    def _statics(self, group: list[Taken], ids: list[str]) -> Statics:
        reports = [r for taken in group for r in taken.reports]
        numbers = [k for k, taken in enumerate(group) for _ in taken.reports]
        return tidy(from_reports(reports, numbers), ids)

    def _draft(self, group, records, rejected, state: State) -> Draft:
        rows = sum(r["rows"] for r in records if r["dataset"] == "tracks")
        labels = ", ".join(taken.source.label for taken in group[:3])
        more = f" and {len(group) - 3:,} more" if len(group) > 3 else ""
        body = {
            "kind": "append",
            "message": self.message or f"ingest {labels}{more}: {rows:,} rows",
            "add": records,
            "sources": [taken.record() for taken in group],
            "quarantine": [record for record in rejected if record],
            "call": self.call,
        }
        if self.replaces:
            body["kind"] = "replace"
            body["replaces"] = [s for s in self.replaces if s not in state.replaced]
        return Draft(body, oldest=oldest(self.root, records))

    def _account(self, group: list[Taken], entry: dict[str, Any]) -> None:
        report = self.report
        report.commits.append(entry["number"])
        quarantined, repairs = Counter(report.quarantined), Counter(report.repairs)
        for taken in group:
            report.files.append(taken.source.label)
            report.rows_read += taken.rows_read
            report.duplicates += taken.duplicates
            kept = taken.rows_read - taken.rejects.rows - taken.duplicates
            report.rows_kept += kept
            quarantined.update(taken.rejects.reasons)
            repairs.update(taken.repairs)
            report.notes += [n for n in taken.notes if n not in report.notes]
        report.quarantined = dict(quarantined.most_common())
        report.repairs = dict(repairs.most_common())


def _keywords(parameters: tuple[tuple[str, Any], ...]):
    for name, value in parameters:
        yield name, dict(value) if name == "columns" else value


def _first_of_each(group: list[Taken], report: IngestReport) -> list[Taken]:
    """One of each identity: two names may hold the same file."""
    seen: dict[str, Taken] = {}
    for taken in group:
        if taken.identity in seen:
            report.present.append(taken.source.label)
        else:
            seen[taken.identity] = taken
    return list(seen.values())


def ingest(
    log: Log,
    paths: Any,
    *,
    format: str = "auto",
    columns: Mapping[str, str] | None = None,
    timezone: str | None = None,
    replaces: str | None = None,
    message: str = "",
    progress: Progress | None = None,
    workers: int | None = None,
    range_bytes: int = RANGE_BYTES,
    group_bytes: int = GROUP_BYTES,
) -> IngestReport:
    """Take files into the store; see :meth:`oceandata.store.Store.ingest`."""
    sources, refused = plan_sources(
        paths,
        format=format,
        columns=columns,
        timezone=timezone,
        range_bytes=range_bytes,
    )
    call = {"format": format, "columns": columns, "timezone": timezone}
    job = Ingest(
        log,
        replaces=replaces,
        progress=progress,
        workers=workers,
        group_bytes=group_bytes,
        call={k: v for k, v in call.items() if v is not None},
        message=message,
    )
    return job.run(sources, refused)


__all__ = ["IngestReport", "Path", "ingest"]
