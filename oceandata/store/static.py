"""Static reports: what vessels say of themselves, as events in time.

One part a commit, plain Zarr, few rows; everything is read at once. A report that says
the same as the one before it of the same vessel is not kept. Values per trajectory are
derived as of a time: the last known one before it, else the first one after.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from oceandata.store.arrays import FolderWriter
from oceandata.store.log import State
from oceandata.store.parts import close_part, new_part_id
from oceandata.store.reading import open_part

NUMBERS = {
    "vessel": ("i8", "Key of the vessel", None),
    "time": ("i8", "Time of the report", "microseconds since 1970-01-01"),
    "imo": ("i8", "IMO ship identification number; 0 if unknown", None),
    "ship_type": ("i2", "AIS ship type as reported; -1 if unknown", None),
    "length": ("f4", "Length overall", "m"),
    "width": ("f4", "Beam", "m"),
    "draught": ("f4", "Draught as reported", "m"),
    "transceiver": ("i1", "0 unknown, 1 class A, 2 class B", None),
    "source": ("i4", "Index in the group's attribute 'sources'", None),
}
TEXTS = {
    "name": "Name of the vessel",
    "call_sign": "Radio call sign",
    "destination": "Destination as reported",
}
CONTENT = tuple(n for n in (*NUMBERS, *TEXTS) if n not in ("vessel", "time", "source"))


@dataclass(frozen=True)
class Statics:
    """Static reports as arrays of equal length, sorted by (vessel, time, source)."""

    columns: dict[str, np.ndarray]
    sources: list[str]

    def __len__(self) -> int:
        return int(self.columns["vessel"].size)

    def latest(self, name: str, vessels: np.ndarray, stop: int, missing: Any) -> Any:
        """Value of each vessel as of a time: last known before it, else first after."""
        values = self.columns[name]
        known = np.flatnonzero(values != missing)
        out = np.full(vessels.size, missing, values.dtype)
        if not known.size:
            return out
        keys = self.columns["vessel"][known]
        early = np.concatenate([[0], np.cumsum(self.columns["time"][known] < stop)])
        left = np.searchsorted(keys, vessels, side="left")
        right = np.searchsorted(keys, vessels, side="right")
        before = early[right] - early[left]
        at = np.where(before > 0, left + before - 1, left)
        there = right > left
        out[there] = values[known][at[there]]
        return out


def empty() -> Statics:
    columns = {n: np.empty(0, spec[0]) for n, spec in NUMBERS.items()}
    return Statics(columns | {n: np.empty(0, object) for n in TEXTS}, [])


def from_reports(reports: Sequence[Any], numbers: Sequence[int]) -> dict[str, Any]:
    """Columns of the readers' reports; ``numbers`` is the source of each batch."""
    out: dict[str, list[np.ndarray]] = {n: [] for n in (*NUMBERS, *TEXTS)}
    for report, number in zip(reports, numbers, strict=True):
        size = len(report.vessel)
        for name, (dtype, _, _) in NUMBERS.items():
            value = number if name == "source" else getattr(report, name)
            out[name].append(np.broadcast_to(np.asarray(value, dtype), size))
        for name in TEXTS:
            texts = np.empty(size, object)
            texts[:] = list(getattr(report, name))
            out[name].append(texts)
    if not reports:
        return empty().columns
    return {n: np.concatenate(arrays) for n, arrays in out.items()}


def tidy(columns: dict[str, np.ndarray], sources: list[str]) -> Statics:
    """Sorted by (vessel, time, source), without reports that repeat the one before."""
    order = np.lexsort((columns["source"], columns["time"], columns["vessel"]))
    columns = {n: v[order] for n, v in columns.items()}
    if order.size > 1:
        new = np.ones(order.size, bool)
        new[1:] = columns["vessel"][1:] != columns["vessel"][:-1]
        for name in CONTENT:
            values = columns[name]
            differs = values[1:] != values[:-1]
            if values.dtype.kind == "f":
                differs &= ~(np.isnan(values[1:]) & np.isnan(values[:-1]))
            new[1:] |= differs.astype(bool)
        columns = {n: v[new] for n, v in columns.items()}
    return Statics(columns, sources)


def write_statics(root: Path, statics: Statics) -> dict[str, Any]:
    """Write a part; the record for the log."""
    ident = new_part_id("static")
    folder = FolderWriter(Path(root) / "parts" / "static" / f"{ident}.zarr")
    for name, (dtype, sentence, units) in NUMBERS.items():
        attributes = {"long_name": sentence} | ({"units": units} if units else {})
        values = np.ascontiguousarray(statics.columns[name], dtype)
        folder.write_array(name, values, ("event",), attributes)
    for name, sentence in TEXTS.items():
        texts = [str(text) for text in statics.columns[name]]
        folder.write_array(name, texts, ("event",), {"long_name": sentence})
    attributes = {"title": "Static reports of vessels", "sources": statics.sources}
    document = {"zarr_format": 3, "node_type": "group", "attributes": attributes}
    folder.write_json("zarr.json", document)
    times = statics.columns["time"]
    return close_part(
        folder,
        {
            "id": ident,
            "dataset": "static",
            "rows": len(statics),
            "sources": statics.sources,
            "time": [int(times.min()), int(times.max())],
        },
    )


def read_statics(root: Path, state: State) -> Statics:
    """All static reports that a commit shows."""
    live = sorted(set(state.sources) - set(state.replaced))
    number = {source: k for k, source in enumerate(live)}
    tables = []
    for record in state.parts.values():
        if record["dataset"] != "static":
            continue
        part = open_part(root, record)
        table = {n: part.array(n).read_all() for n in NUMBERS}
        for name in TEXTS:
            texts = part.array(name).read_all()
            table[name] = np.empty(len(texts), object)
            table[name][:] = texts
        renumber = np.array([number.get(s, -1) for s in record["sources"]], "i4")
        table["source"] = renumber[table["source"]]
        keep = table["source"] >= 0
        tables.append({n: v[keep] for n, v in table.items()})
    if not tables:
        return empty()
    joined = {n: np.concatenate([t[n] for t in tables]) for n in tables[0]}
    return tidy(joined, live)
