"""Ingest: files become sources, groups of sources become commits.

Every file is taken whole or not at all: its rows, its quarantined rows, its static
reports and its identity are one commit, together with the other files of its group. A
group is bounded by rows, so memory does not grow with the input; a source larger than
a group spills sorted runs, which are merged before its only commit. What is killed is
run again, and finds what was committed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
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
    known_homes,
    merge_months,
    write_group,
)
from oceandata.store.log import Draft, Log, State
from oceandata.store.rejects import Rejects
from oceandata.store.report import IngestReport, Taken, first_of_each, statics_of
from oceandata.store.sources import (
    Hashes,
    Source,
    read_otherwise,
    replaced_sources,
)
from oceandata.store.stack import Stack
from oceandata.store.static import write_statics
from oceankernels import ragged

GROUP_BYTES = 900 << 20
"""Rows held before they are sorted and written: about 24 million."""

_PENDING = "pending"  # the source of spilled runs, whose hash is not known yet
Progress = Callable[[int, int, str], None]


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
        self.stack = Stack()
        self._settled = 0  # rows of the sources that are read to their end
        self._done = self._total = 0
        self._met: set[str] = set()
        self._sizes: tuple[int, set[int]] = (-1, set())

    def run(self, sources: list[Source], refused: dict[str, str]) -> IngestReport:
        self.report.refused = refused
        self._total = sum((s.stop or s.size) - s.start for s in sources)
        current: Taken | None = None
        try:
            with ThreadPoolExecutor(self.workers) as pool:
                for source in sources:
                    self._tell(source.label)
                    if not self._present(source):
                        current = Taken(source, Rejects(self.root, source.label))
                        self._take(current, pool)
                        current = None
                    self._done += (source.stop or source.size) - source.start
                self._commit_pending(pool)
            self._replace_only()
        finally:
            self.hashes.close()
            for taken in [*self.pending, *([current] if current else [])]:
                self._drop(taken)
        self._tell("done")
        return self.report

    def _present(self, source: Source) -> bool:
        """Has the store this source? Hashed first only where the size is known."""
        state = self.log.state()
        if self._sizes[0] != state.number:
            sizes = {record["size"] for record in state.sources.values()}
            self._sizes = (state.number, sizes)
        if source.size not in self._sizes[1]:
            return False
        try:
            identity = source.identity(self.hashes.begin(source.path).result())
        except OSError:
            return False
        if identity in state.sources:
            self._met.add(identity)
            self.report.present.append(source.label)
        return identity in state.sources

    def _replace_only(self) -> None:
        """The new files are in the store already: only the old ones leave."""
        old = [source for source in self.replaces if source not in self._met]
        if not old or not self._met or self.report.commits:
            return

        def prepare(state: State) -> Draft | None:
            left = [source for source in old if source not in state.replaced]
            body = {"kind": "replace", "message": "replace sources", "replaces": left}
            return Draft(body) if left else None

        if entry := self._place(prepare):
            self.report.commits.append(entry["number"])

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
            **source.keywords(),
            start=source.start,
            stop=source.stop,
            workers=self.workers,
        )
        while True:
            try:
                batch = next(batches, None)
            except (OceanDataError, OSError, EOFError, ValueError) as error:
                self._refuse(taken, str(error))
                return
            if batch is None:
                break
            with storage(self.root, "writing rejected rows"):
                self._add(taken, batch)
            if self.stack.nbytes > self.group_bytes and self.pending:
                self._commit_pending(pool)
            if self.stack.nbytes > self.group_bytes:
                self._spill(taken, pool)
        try:
            taken.sha256 = hashing.result()
            changed = not source.unchanged()
        except OSError:
            changed = True
        if changed:
            self._refuse(taken, "changed while it was read")
            return
        taken.identity = source.identity(taken.sha256)
        if source.size in self._sizes[1]:
            known = self.log.state(), self.replaces
            taken.notes += read_otherwise(source, taken.sha256, *known)
        self.pending.append(taken)
        self._settled = len(self.stack)
        if taken.runs:
            self._commit_pending(pool)

    def _refuse(self, taken: Taken, why: str) -> None:
        self._drop(taken)
        self.stack.truncate(self._settled)
        self.report.refused[str(taken.source.path)] = why

    def _add(self, taken: Taken, batch: Any) -> None:
        taken.rows_read += batch.rows_read
        taken.names |= batch.names
        taken.repairs.update(batch.repairs)
        taken.others.update(getattr(batch, "others", {}))
        taken.notes += batch.notes
        if len(batch.reports):
            taken.add_reports(batch.reports)
        if len(batch.rejected):
            taken.rejects.add(batch.rejected)
        if len(batch.columns):
            self.stack.append(batch.columns, len(self.pending))
        self._tell(f"{taken.source.label}: {taken.rows_read:,} rows")

    def _spill(self, taken: Taken, pool: Executor) -> None:
        """Write the rows held as sorted runs, to be merged at the source's end."""
        if not len(self.stack):
            return
        columns = self.stack.columns(len(self.stack))
        with storage(self.root, "writing parts"):
            written = write_group(
                self.root,
                columns,
                [_PENDING],
                taken.names,
                known=known_homes(self.root, self.log.state(), columns.time),
                pool=pool,
                durable=False,
            )
        order = len(taken.runs)
        taken.runs += [
            {**record, "since": order + k} for k, record in enumerate(written.records)
        ]
        taken.duplicates += written.duplicates.size
        del columns
        self.stack.clear()

    def _commit_pending(self, pool: Executor) -> None:
        """Commit the sources that are read; those another job brought stay out."""
        group = self.pending
        if not group:
            return
        active = first_of_each(group, self.report)
        for k in set(range(len(group))) - set(active):
            self._drop(group[k])
        rows = None if group[0].runs else self.stack.columns(self._settled)
        while active:
            order = sorted(active, key=lambda k: group[k].identity)
            met = self._try_commit(group, order, rows, pool)
            if not met:
                break
            for k in [k for k in active if group[k].identity in met]:
                self.report.present.append(group[k].source.label)
                self._met.add(group[k].identity)
                self._drop(group[k])
                active.remove(k)
        if rows is not None:
            del rows
            self.stack.drop(self._settled)
        self.pending, self._settled = [], 0

    def _try_commit(self, group, order, rows: Columns | None, pool) -> set[str]:
        """Write and commit sources; gives those that another job committed meanwhile.

        ``order`` are the numbers of the sources that take part, by identity.
        """
        taken = [group[k] for k in order]
        ids = [t.identity for t in taken]
        records: list[dict[str, Any]] = []
        since = self.log.state().number
        try:
            with storage(self.root, "writing parts"):
                reports = pool.submit(statics_of, taken)
                if rows is None:
                    written = self._merge_runs(taken[0], pool)
                else:
                    written = self._write(rows, order, len(group), taken, pool)
                records += written.records
                statics = reports.result()
                if len(statics):
                    records.append(write_statics(self.root, statics))
                rejected = [t.rejects.finish() for t in taken]
            found = np.bincount(written.duplicates, minlength=len(ids)).tolist()
            # As the files were named, not as their hashes fall.
            told = sorted(
                (k, group[k], group[k].duplicates + n)
                for k, n in zip(order, found, strict=True)
            )
            met = self._commit(told, records, rejected)
        except BaseException:
            self._give_up(taken, records, since)
            raise
        if met:
            discard(self.root, records)
        return met

    def _give_up(self, taken: list[Taken], records, since: int) -> None:
        """Remove what was written, unless the error came after the commit was made."""
        names = {record["id"] for record in records}
        if self.log.names_any(names.union(*(t.rejects.names for t in taken)), since):
            for one in taken:
                one.rejects.keep()
        else:
            discard(self.root, records)

    def _commit(self, told, records, rejected) -> set[str]:
        """Commit a group; the sources of it that are in the log already, if any."""
        met: set[str] = set()

        def prepare(state: State) -> Draft | None:
            met.update({one.identity for _, one, _ in told} & set(state.sources))
            return None if met else self._draft(told, records, rejected, state)

        entry = self._place(prepare)
        if entry is not None:
            self.report.commits.append(entry["number"])
            for _, one, dropped in told:
                self.report.account(one, dropped)
        return met

    def _place(self, prepare: Callable[[State], Draft | None]) -> dict | None:
        with storage(self.root, "committing"):
            return self.log.commit(prepare)

    def _write(self, rows: Columns, order, size, taken, pool) -> Written:
        if order != list(range(size)):
            ranks = np.full(size, -1, "i4")
            ranks[order] = np.arange(len(order))
            rows = rows.replace(source=ragged.gather(ranks, rows.source))
        if len(order) < size:
            rows = rows.take(np.flatnonzero(rows.source >= 0))
        if not len(rows):
            return Written([], np.empty(0, "i4"))
        names = {key: text for t in taken for key, text in t.names.items()}
        known = known_homes(self.root, self.log.state(), rows.time)
        ids = [t.identity for t in taken]
        return write_group(self.root, rows, ids, names, known=known, pool=pool)

    def _merge_runs(self, taken: Taken, pool: Executor) -> Written:
        """Runs of one large source become one part a month."""
        self._spill(taken, pool)
        args = self.root, taken.runs, {_PENDING}
        written = merge_months(*args, pool=pool, rename=taken.identity)
        discard(self.root, taken.runs)
        taken.runs = []
        return written

    def _draft(self, told, records, rejected, state: State) -> Draft:
        group = [taken for _, taken, _ in told]
        rows = sum(r["rows"] for r in records if r["dataset"] == "tracks")
        labels = ", ".join(taken.source.label for taken in group[:3])
        more = f" and {len(group) - 3:,} more" if len(group) > 3 else ""
        body = {
            "kind": "append",
            "message": self.message or f"ingest {labels}{more}: {rows:,} rows",
            "add": records,
            "sources": [taken.record(dropped) for _, taken, dropped in told],
            "quarantine": [record for record in rejected if record],
            "call": self.call,
        }
        if self.replaces:
            body["kind"] = "replace"
            own = {taken.identity for taken in group}
            gone = own | set(state.replaced)
            body["replaces"] = [s for s in self.replaces if s not in gone]
        return Draft(body, oldest=oldest(self.root, records))
