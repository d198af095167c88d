"""What an ingest did, and what it holds of a source until the commit."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from oceandata.store.rejects import Rejects
from oceandata.store.sources import Source
from oceandata.store.static import Statics, from_reports, tidy
from oceankernels import tablefields


@dataclass
class IngestReport:
    """What an ingest did: ``rows_read = rows_kept + quarantined + duplicates``.

    quarantined : rows by reason. duplicates : rows equal to another row of the same
    commit. others : records that are no positions, such as static reports, by what they
    are. repairs : values set right in kept rows. refused : files that were not
    taken, and why. present : files that the store had already. commits : numbers.
    """

    files: list[str] = field(default_factory=list)
    rows_read: int = 0
    rows_kept: int = 0
    duplicates: int = 0
    quarantined: dict[str, int] = field(default_factory=dict)
    others: dict[str, int] = field(default_factory=dict)
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

    def account(self, taken: Taken, duplicates: int) -> None:
        """Add a source that was committed."""
        self.files.append(taken.source.label)
        self.rows_read += taken.rows_read
        self.duplicates += duplicates
        self.rows_kept += taken.rows_read - taken.rejects.rows - duplicates
        self.quarantined = _sum(self.quarantined, taken.rejects.reasons)
        self.others = _sum(self.others, taken.others)
        self.repairs = _sum(self.repairs, taken.repairs)
        self.notes += [note for note in taken.notes if note not in self.notes]

    def __str__(self) -> str:
        lines = [
            f"{self.rows_read:,} rows read from {len(self.files):,} files: "
            f"{self.rows_kept:,} kept, {self.rows_quarantined:,} quarantined, "
            f"{self.duplicates:,} exact duplicates"
        ]
        lines += [f"  quarantined: {n:,} {r}" for r, n in self.quarantined.items()]
        lines += [f"  no positions: {n:,} {what}" for what, n in self.others.items()]
        lines += [f"  repaired: {n:,} {r}" for r, n in self.repairs.items()]
        lines += [f"  {note}" for note in self.notes]
        lines += [f"  already present: {path}" for path in self.present]
        lines += [
            f"  refused: {path}: {why.removeprefix(f'{path}: ')}"
            for path, why in self.refused.items()
        ]
        return "\n".join(lines)


def _sum(counts: dict[str, int], more: Counter[str]) -> dict[str, int]:
    """Both counts, the largest first."""
    return dict((Counter(counts) + more).most_common())


@dataclass
class Taken:
    """What was read of one source, until its commit."""

    source: Source
    rejects: Rejects
    names: dict[int, str] = field(default_factory=dict)
    reports: list[dict[str, Any]] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)
    repairs: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    runs: list[dict[str, Any]] = field(default_factory=list)
    duplicates: int = 0
    rows_read: int = 0
    most_reports: int = 100_000
    said: np.ndarray = field(default_factory=lambda: np.zeros((1 << 12, 3), np.int64))
    identity: str = ""
    sha256: str = ""

    def add_reports(self, reports: Any) -> None:
        """Keep static reports; what repeats is dropped as they grow."""
        if reports.content is not None:
            # Most batches say again what the batches before them said.
            new, self.said = tablefields.new_rows(
                reports.vessel, reports.time, reports.content, self.said
            )
            reports = reports.take(new)
        self.reports.append(from_reports([reports], [0]))
        if sum(r["vessel"].size for r in self.reports) > self.most_reports:
            self.settle_reports()

    def settle_reports(self) -> dict[str, Any]:
        """The reports without repetitions, as columns."""
        if self.reports:
            joined = {
                n: np.concatenate([r[n] for r in self.reports]) for n in self.reports[0]
            }
            self.reports = [tidy(joined, []).columns]
        else:
            self.reports = [from_reports([], [])]
        # Twice what is left: sorting stays linear in what comes.
        self.most_reports = max(100_000, 2 * self.reports[0]["vessel"].size)
        return self.reports[0]

    def record(self, duplicates: int) -> dict[str, Any]:
        """The source as the log keeps it."""
        return {
            "id": self.identity,
            "sha256": self.sha256,
            "label": self.source.label,
            **self.source.key(),
            "rows": self.rows_read,
            "quarantined": self.rejects.rows,
            "duplicates": duplicates,
        }


def statics_of(taken: list[Taken]) -> Statics:
    """Static reports of a group; ``source`` counts in its sources."""
    tables = []
    for number, one in enumerate(taken):
        table = dict(one.settle_reports())
        table["source"] = np.full(table["vessel"].size, number, "i4")
        tables.append(table)
    joined = {n: np.concatenate([t[n] for t in tables]) for n in tables[0]}
    return tidy(joined, [t.identity for t in taken])


def first_of_each(group: list[Taken], report: IngestReport) -> list[int]:
    """Numbers of the sources, one of each identity: two names may hold one file."""
    seen: dict[str, int] = {}
    for number, taken in enumerate(group):
        if taken.identity in seen:
            report.present.append(taken.source.label)
        else:
            seen[taken.identity] = number
    return list(seen.values())
