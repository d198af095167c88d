"""Vessel files into one Dataset of tracks in memory, every row accounted for."""

from __future__ import annotations

import glob
import json
import logging
import os
import sys
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from oceandata.columns import Columns, sort_columns, to_dataset
from oceandata.errors import FormatError
from oceandata.readers.formats import identify, reader
from oceandata.readers.protocol import Rejected, Reports, TrackBatch

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

log = logging.getLogger("oceandata.readers")

Paths = str | Path | Iterable[str | Path]


class RefusedFileWarning(UserWarning):
    """Some files could not be read; the others were."""


@dataclass
class ReadSummary:
    """What became of the rows: counts by file and by reason."""

    rows_read: int = 0
    rows_kept: int = 0
    quarantined: Counter = field(default_factory=Counter)
    repairs: Counter = field(default_factory=Counter)
    others: Counter = field(default_factory=Counter)
    files: dict[str, dict] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def rows_quarantined(self) -> int:
        return self.quarantined.total()

    def add(self, label: str, batch: TrackBatch) -> None:
        entry = self.files[label]
        for name, n in (
            ("rows_read", batch.rows_read),
            ("rows_kept", len(batch.columns)),
            ("rows_quarantined", len(batch.rejected)),
        ):
            entry[name] = entry.get(name, 0) + n
        self.rows_read += batch.rows_read
        self.rows_kept += len(batch.columns)
        self.quarantined.update(batch.rejected.reason)
        self.repairs.update(batch.repairs)
        self.others.update(batch.others)
        self.notes += batch.notes

    def __str__(self) -> str:
        lines = [
            f"{self.rows_read:,} rows read from {len(self.files):,} files: "
            f"{self.rows_kept:,} kept, {self.rows_quarantined:,} quarantined"
        ]
        lines += [f"  {n:>12,}  {what}" for what, n in self.quarantined.most_common()]
        if self.repairs:
            lines.append("set right in kept rows:")
            lines += [f"  {n:>12,}  {what}" for what, n in self.repairs.most_common()]
        if self.others:
            lines.append("records that are no positions:")
            lines += [f"  {n:>12,}  {what}" for what, n in self.others.most_common()]
        lines += [f"refused: {why}" for why in self.refused.values()]
        return "\n".join(lines + self.notes)


@dataclass(frozen=True)
class ReadResult:
    """Tracks, the rows that are none, and what became of all.

    dataset: Dataset of tracks; rejected: DataFrame (file, member, line, reason, raw);
    summary: counts, whose ``str()`` is a short table; reports: what vessels said of
    themselves.
    """

    dataset: xr.Dataset
    rejected: pd.DataFrame
    summary: ReadSummary
    reports: Reports


def open_tracks(
    paths: Paths,
    *,
    format: str = "auto",
    columns: Mapping[str, str] | None = None,
    timezone: str | None = None,
    workers: int | None = None,
    options: Mapping[str, Any] | None = None,
) -> xr.Dataset:
    """Vessel tracks from files, sorted by vessel and time.

    A row that is no fix of a vessel is set aside and counted; a table by reason is
    printed to stderr if there are any. :func:`read_tracks` gives these rows too.

    Parameters
    ----------
    paths : path, pattern or list of them
        Files: plain, gz, zst or zip. A pattern such as ``"ais/*.csv.zst"`` is expanded.
    format : str
        ``"auto"`` (by content, each file for itself), ``"noaa"``, ``"dma"``,
        ``"tacsat"``.
    columns : mapping, optional
        Canonical column names to the names in the file: ``{"mmsi": "MMSI "}``.
    timezone : str, optional
        Time zone of times that name none; default: that of the format (UTC). An hour
        that came twice is taken as the first; a time that never was is set aside.
    workers : int, optional
        Threads that parse; default: the cores this process may use.
    options : mapping, optional
        What else a format has to be told, such as ``{"encoding": "gb18030"}`` or
        ``{"year": 2019, "crs": "EPSG:32651"}``. ``oceandata.readers.reader(name)
        .options`` lists what a format takes; others are refused.

    Returns
    -------
    Dataset (trajectory, obs)
        Contiguous ragged array, longitudes in [-180, 180), times in UTC. Repeated rows
        are kept. Attributes ``rows_read``, ``rows_kept``, ``rows_quarantined``,
        ``quarantine`` and ``repairs`` (JSON: counts by reason).

    Raises
    ------
    FormatError
        If no file could be read. If only some could, a ``RefusedFileWarning`` names
        the others.
    """
    result = read_tracks(
        paths,
        format=format,
        columns=columns,
        timezone=timezone,
        workers=workers,
        options=options,
    )
    if result.summary.rows_quarantined:
        print(result.summary, file=sys.stderr)
    return result.dataset


def read_tracks(
    paths: Paths,
    *,
    format: str = "auto",
    columns: Mapping[str, str] | None = None,
    timezone: str | None = None,
    workers: int | None = None,
    options: Mapping[str, Any] | None = None,
) -> ReadResult:
    """As :func:`open_tracks`, with the rejected rows, the reports and the counts.

    Parameters
    ----------
    paths, format, columns, timezone, workers, options
        As for :func:`open_tracks`. Nothing is printed.

    Returns
    -------
    ReadResult
        ``dataset``; ``rejected``, a DataFrame (file, member, line, reason, raw);
        ``summary``, the counts; ``reports``, what vessels said of themselves.

    Raises
    ------
    FormatError
        If no file could be read.
    """
    summary = ReadSummary()
    batches: list[TrackBatch] = []
    rejected: list[tuple[str, str, Rejected]] = []
    sources: list[str] = []
    rest = {"columns": columns, "timezone": timezone, "workers": workers}
    rest |= dict(options or {})
    encoding = rest.get("encoding")
    for path in expand(paths):
        label = str(path)
        before = len(batches), len(rejected)
        counted = replace(summary, files={**summary.files, label: {}})
        counted.quarantined = Counter(summary.quarantined)
        counted.repairs = Counter(summary.repairs)
        counted.others = Counter(summary.others)
        counted.notes = list(summary.notes)
        try:
            name = (
                identify(path, columns=columns, encoding=encoding).format
                if format == "auto"
                else format
            )
            counted.files[label]["format"] = name
            for batch in reader(name).batches(path, **rest):
                counted.add(label, batch)
                rejected.append((label, batch.member, batch.rejected))
                batches.append(_of_source(batch, len(sources)))
        except FormatError as error:
            del batches[before[0] :], rejected[before[1] :]
            summary.refused[label] = str(error)
            log.warning("refused: %s", error)
            continue
        summary = counted
        sources.append(label)
        log.info("%s: %s", label, _one_line(summary.files[label]))
    _complain(summary)
    dataset, reports = dataset_of_batches(batches, summary, sources)
    return ReadResult(dataset, rejected_table(rejected), summary, reports)


def expand(paths: Paths) -> list[Path]:
    """Files meant by a path, a pattern or a list of them; FormatError if none is."""
    if isinstance(paths, str | os.PathLike):
        paths = [paths]
    found: list[Path] = []
    for path in paths:
        text = str(path)
        if glob.has_magic(text) and not Path(path).exists():
            matched = sorted(glob.glob(text, recursive=True))
            if not matched:
                raise FormatError(f"{text}: no file matches this pattern")
            found += map(Path, matched)
        else:
            found.append(Path(path))
    if not found:
        raise FormatError("expected at least one file, got an empty list")
    return found


def _of_source(batch: TrackBatch, source: int) -> TrackBatch:
    """The batch with its source number, without what is kept elsewhere."""
    numbers = np.full(len(batch.columns), source, np.int32)
    columns = batch.columns.replace(source=numbers)
    return replace(batch, columns=columns, rejected=Rejected.empty())


def _one_line(entry: dict) -> str:
    return (
        f"{entry['format']}, {entry.get('rows_read', 0):,} rows, "
        f"{entry.get('rows_quarantined', 0):,} quarantined"
    )


def _complain(summary: ReadSummary) -> None:
    if not summary.refused:
        return
    if not summary.files:
        raise FormatError("\n".join(summary.refused.values()))
    text = "\n  ".join(summary.refused.values())
    warnings.warn(
        f"{len(summary.refused)} files could not be read:\n  {text}",
        RefusedFileWarning,
        stacklevel=4,
    )


def dataset_of_batches(
    batches: list[TrackBatch], summary: ReadSummary, sources: list[str]
) -> tuple[xr.Dataset, Reports]:
    """The rows of batches as tracks, and what their vessels said of themselves."""
    names = {key: text for batch in batches for key, text in batch.names.items()}
    reports = Reports.concat([batch.reports for batch in batches])
    table = sort_columns(Columns.concat([batch.columns for batch in batches]))
    ship_type, vessel_name = latest(reports, table.vessels)
    attrs = {
        "rows_read": summary.rows_read,
        "rows_kept": summary.rows_kept,
        "rows_quarantined": summary.rows_quarantined,
        "quarantine": json.dumps(dict(summary.quarantined.most_common())),
        "repairs": json.dumps(dict(summary.repairs.most_common())),
        "others": json.dumps(dict(summary.others.most_common())),
        "refused": json.dumps(summary.refused),
    }
    dataset = to_dataset(
        table,
        names=names,
        ship_type=ship_type,
        vessel_name=vessel_name,
        sources=sources,
        attrs=attrs,
    )
    return dataset, reports


def latest(reports: Reports, vessels: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Ship type and name each vessel (t,) last reported: int16 (-1 unknown), texts."""
    ship_type = np.full(vessels.size, -1, np.int16)
    name = np.full(vessels.size, "", object)
    order = np.lexsort((reports.time, reports.vessel))
    ranks = np.argsort(vessels, kind="stable")
    if not vessels.size:
        return ship_type, []
    heard = np.isin(reports.vessel, vessels)  # others told no position
    for values, out, said in (
        (reports.ship_type, ship_type, reports.ship_type >= 0),
        (reports.name, name, reports.name != ""),
    ):
        rows = order[(said & heard)[order]]
        place = np.searchsorted(vessels[ranks], reports.vessel[rows])
        out[ranks[place]] = values[rows]
    return ship_type, name.tolist()


def rejected_table(rejected: list[tuple[str, str, Rejected]]) -> pd.DataFrame:
    """Rejected rows of (file, member, rows) as a table."""
    import pandas as pd

    parts = Rejected.concat([r for _, _, r in rejected])
    sizes = [len(r) for _, _, r in rejected]
    return pd.DataFrame(
        {
            "file": np.repeat(np.array([f for f, _, _ in rejected], object), sizes),
            "member": np.repeat(np.array([m for _, m, _ in rejected], object), sizes),
            "line": parts.line,
            "reason": np.array(parts.reason, object),
            "raw": np.array(parts.raw, object),
        }
    )
