"""Ingest by many ranks: each writes parts of the files it was given, one commits.

Sources (files, and byte ranges of huge ones) are handed out by size, and a rank holds
at most a group of rows, as one process does. Nothing is committed on the way: when all
ranks are done, rank 0 gathers the records of all parts (small) and commits once. If a
rank fails, the log is as it was. Where another job has brought a source in the
meantime, or two ranks read the same content under two names, the groups with it are
left out of the commit and their other sources are read again.
"""

from __future__ import annotations

import os
import platform
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from oceandata.errors import OceanDataError, StoreError
from oceandata.machine import default_workers, memory_budget
from oceandata.store.group import discard
from oceandata.store.ingest import Ingest
from oceandata.store.log import Draft, State
from oceandata.store.rejects import Rejects
from oceandata.store.report import IngestReport, Taken
from oceandata.store.sources import Source, sha256_of
from oceankernels import mpi, mpi_work

VISIBLE_SECONDS = 60.0
Plan = Callable[[], tuple[list[Source], dict[str, str]]]


@dataclass(frozen=True)
class Rejected:
    """Rejected rows by reason."""

    rows: int
    reasons: Counter[str]


@dataclass(frozen=True)
class Told:
    """What the log and the report need to know of a source that was read."""

    source: Source
    identity: str
    rejects: Rejected
    others: Counter[str]
    repairs: Counter[str]
    notes: list[str]
    rows_read: int
    duplicates: int
    entry: dict[str, Any]

    def record(self, duplicates: int) -> dict[str, Any]:
        """The source as the log keeps it."""
        return self.entry


@dataclass(frozen=True)
class Group:
    """Sources whose parts are on the disk and not yet in the log."""

    told: list[Told]
    records: list[dict[str, Any]]
    rejected: list[dict[str, Any]]

    @property
    def ids(self) -> set[str]:
        return {told.identity for told in self.told}

    def discard(self, root: Path) -> None:
        """Remove what was written for it."""
        discard(root, self.records)
        for record in self.rejected:
            (root / "quarantine" / record["file"]).unlink(missing_ok=True)


class RankIngest(Ingest):
    """What one rank does: an ingest whose groups wait for the commit of rank 0."""

    groups: list[Group]

    def take(self, source: Source, pool: Any) -> None:
        """Read one source, unless the store has it; write groups that are full."""
        if self._present(source):
            return
        taken = None
        try:
            taken = Taken(source, Rejects(self.root, source.label))
            self._take(taken, pool)
        except BaseException as error:
            if taken:
                self._drop(taken)
            if isinstance(error, OceanDataError) or not isinstance(error, Exception):
                raise
            kind = type(error).__name__
            raise StoreError(f"{source.label}: {kind}: {error}") from error

    def undo(self) -> None:
        """Remove everything that this rank wrote."""
        for taken in self.pending:
            self._drop(taken)
        for group in self.groups:
            group.discard(self.root)
        self.pending, self.groups = [], []

    def _commit(self, told, records, rejected) -> set[str]:
        """Keep the group for rank 0, unless a source of it was there before."""
        known = set(self.log.state().sources).union(*(g.ids for g in self.groups))
        ids = {taken.identity for _, taken, _ in told}
        if not ids & known:
            entries = [_told(taken, dropped) for _, taken, dropped in told]
            kept = [record for record in rejected if record]
            self.groups.append(Group(entries, records, kept))
        return ids & known


def _told(taken: Taken, duplicates: int) -> Told:
    return Told(
        taken.source,
        taken.identity,
        Rejected(taken.rejects.rows, taken.rejects.reasons),
        taken.others,
        taken.repairs,
        taken.notes,
        taken.rows_read,
        duplicates,
        taken.record(duplicates),
    )


def ingest_mpi(
    log: Any,
    plan: Plan,
    *,
    progress: Any,
    workers: int | None,
    group_bytes: int,
    **more: Any,
) -> IngestReport:
    """Ingest on all ranks of MPI's world; ``plan()`` gives the sources, on rank 0.

    Every rank gets the same report. The failure of one is a StoreError on all.
    """
    try:
        mpi.check_launcher()
        comm = mpi.world()
    except RuntimeError as error:
        raise StoreError(str(error)) from error
    sources, refused = _on_first(comm, plan)
    workers, most = _limits(comm, workers)
    more |= {"workers": workers, "group_bytes": min(group_bytes, most)}
    report, met, left = IngestReport(refused=dict(refused)), set(), sources
    while left:
        _see_head(comm, log)
        job = _attempt(comm, lambda: RankIngest(log, progress=None, **more))
        job.groups = []
        _read_all(comm, job, left, progress)
        left = _commit_all(comm, job, left, report, met)
    _on_first(comm, lambda: _replace_only(log, report, met, more))
    report.commits = comm.bcast(report.commits)
    _see_head(comm, log)
    at = {source.label: k for k, source in reversed(list(enumerate(sources)))}
    report.present.sort(key=lambda label: at.get(label, 0))
    return report


def _see_head(comm: Any, log: Any) -> None:
    """Wait until every rank sees what rank 0 sees: caches of directories may lag."""
    number = _on_first(comm, log.head)

    def wait() -> None:
        deadline = time.monotonic() + VISIBLE_SECONDS
        while not log.exists(number):
            if time.monotonic() > deadline:
                raise StoreError(
                    f"{log.root}: commit {number} is not visible on "
                    f"{platform.node()} after {VISIBLE_SECONDS:g} s; is the store on "
                    "a file system that all nodes share?"
                )
            time.sleep(0.2)

    _attempt(comm, wait)


def _limits(comm: Any, workers: int | None) -> tuple[int, int]:
    """Threads of this rank, and bytes of rows it may hold: ranks share their node."""
    from mpi4py import MPI

    node = comm.Split_type(MPI.COMM_TYPE_SHARED)
    ranks = node.Get_size()
    node.Free()
    cores = default_workers()
    bound = len(os.sched_getaffinity(0)) < (os.cpu_count() or 1)
    if not bound and "SLURM_CPUS_PER_TASK" not in os.environ:
        cores = max(1, cores // ranks)
    return workers or cores, memory_budget() // (4 * ranks)


def _read_all(comm: Any, job: RankIngest, sources: list[Source], progress: Any) -> None:
    """Read all sources and write their parts, each on some rank; commit nothing."""
    size = np.array([(s.stop or s.size) - s.start for s in sources])
    total, n = int(size.sum()), len(sources)

    def tell(tally: mpi_work.Tally) -> None:
        done = f"{int(tally.count.sum()):,} of {n:,} files or ranges"
        progress(min(tally.done, total), total, done)

    try:
        with ThreadPoolExecutor(job.workers) as pool:
            _hash_ranges(comm, job, sources)
            failure = mpi_work.share_work(
                comm,
                size,
                lambda k: job.take(sources[k], pool),
                tell=tell if progress else None,
            )
            _raise_everywhere(comm, failure)
            _attempt(comm, lambda: job._commit_pending(pool))
    except BaseException:
        job.undo()
        raise
    finally:
        job.hashes.close()


def _hash_ranges(comm: Any, job: RankIngest, sources: Sequence[Source]) -> None:
    """Hash each file that is taken in ranges once, on one rank, for all of them."""
    size = {s.path: s.size for s in sources if s.stop is not None}
    paths, found = list(size), {}

    def work(k: int) -> None:
        found[paths[k]] = sha256_of(paths[k])

    if paths:
        failure = mpi_work.share_work(comm, np.array(list(size.values())), work)
        _raise_everywhere(comm, failure)
        for table in comm.allgather(found):
            job.hashes.know(table)


def _commit_all(
    comm: Any, job: RankIngest, sources: list[Source], report: IngestReport, met: set
) -> list[Source]:
    """One commit of what all ranks wrote; the sources that have to be read again.

    Parts stay where the commit fails: it may have been made although a failure was
    reported. If it was not, vacuum takes them.
    """
    mpi_work.meet(comm)
    told = comm.gather((job.groups, job.report.refused, job.report.present, job._met))
    number, kept = _on_first(comm, lambda: _commit_groups(job, told))
    told = comm.bcast(told)
    for _, refused, present, found in told:
        report.refused |= refused
        report.present += present
        met |= found
    everything = [one for groups, *_ in told for group in groups for one in group.told]
    place = {source.place: k for k, source in enumerate(sources)}
    everything.sort(key=lambda one: place[one.source.place])
    for one in everything:
        if one.source.place in kept:
            report.account(one, one.duplicates)
    for group in job.groups:
        if group.told[0].source.place not in kept:
            group.discard(job.root)
    if number is not None:
        report.commits.append(number)
    lost = {one.source.place for one in everything} - kept
    return [source for source in sources if source.place in lost]


def _commit_groups(job: RankIngest, told: list) -> tuple[int | None, set]:
    """Commit all groups but those with a source that came in before.

    The number of the commit, and the places of the sources that are in it.
    """
    groups = [group for groups, *_ in told for group in groups]
    chosen: list[Group] = []

    def prepare(state: State) -> Draft | None:
        chosen.clear()
        known = set(state.sources)
        for group in groups:
            if not group.ids & known:
                chosen.append(group)
                known |= group.ids
        if not chosen:
            return None
        entries = [(0, one, one.duplicates) for g in chosen for one in g.told]
        records = [record for group in chosen for record in group.records]
        rejected = [record for group in chosen for record in group.rejected]
        return job._draft(entries, records, rejected, state)

    entry = job._place(prepare)
    kept = {one.source.place for group in chosen for one in group.told}
    return (entry["number"] if entry else None), kept


def _replace_only(log: Any, report: IngestReport, met: set, options: dict) -> None:
    """Only the old sources leave, where the new ones are in the store already."""
    job = Ingest(log, progress=None, **options)
    job.hashes.close()
    job.report, job._met = report, met
    job._replace_only()


def _attempt(comm: Any, work: Callable[[], Any]) -> Any:
    """``work()`` on every rank; if it fails on one, all raise."""
    outcome = error = None
    try:
        outcome = work()
    except Exception as raised:
        error = raised
    _raise_everywhere(comm, mpi_work.agree(comm, error))
    return outcome


def _on_first(comm: Any, work: Callable[[], Any]) -> Any:
    """``work()`` on rank 0, its outcome on every rank."""
    return comm.bcast(_attempt(comm, work if not comm.Get_rank() else lambda: None))


def _raise_everywhere(comm: Any, failure: mpi_work.Failure | None) -> None:
    if failure is not None:
        error = StoreError(f"rank {failure.rank} of {comm.Get_size()}: {failure.text}")
        error.on_every_rank = True
        raise error from failure.error
