"""Entries of a store: its tracks, its static reports, its maps, as a commit shows them.

Read are the log, the indices of the parts, the flags of quality (one byte a row), and
the reasons of rejected rows. No position is read but those of vessels that cross the
dateline.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from oceandata import quality, schema
from oceandata.catalogue.entries import Entry, Field, moment
from oceandata.catalogue.extent import box_of_parts
from oceandata.catalogue.grids import fields_of, grid_box, grid_times
from oceandata.machine import default_workers
from oceandata.store import Store
from oceandata.store.about import datasets
from oceandata.store.log import Log, State, format_time
from oceandata.store.maps import open_map
from oceandata.store.parts import STORED
from oceandata.store.reading import open_part
from oceandata.store.static import NUMBERS, TEXTS

_OF_A_VESSEL = ("trajectory_id", "mmsi", "ship_type", "vessel_name")
_MEANINGS = dict(zip(quality.FLAG_VALUES, quality.FLAG_MEANINGS.split(), strict=True))


def entries_of_store(store: Store, *, flags: bool = True) -> Iterator[Entry]:
    """One entry for each dataset of a store, before anything is kept back."""
    state = Log(store.path).state(store.number)
    makers = {"tracks": _tracks, "static": _static}
    for dataset in datasets(state):
        make = makers.get(dataset, _map)
        yield make(store, state, dataset, flags)


def _common(store: Store, state: State, dataset: str, kind: str) -> dict[str, Any]:
    name = store.path.name.removesuffix(".store")
    return {
        "id": f"{name}/{dataset}",
        "store": store.path.name,
        "dataset": dataset,
        "kind": kind,
        "place": store.path,
        "said": store.about(dataset),
        "commit": store.number,
        "updated": format_time(state.time),
    }


def _records(state: State, dataset: str) -> list[dict[str, Any]]:
    return [r for r in state.parts.values() if r["dataset"] == dataset]


def _times(records: list[dict[str, Any]]) -> dict[str, Any]:
    times = [t for record in records for t in record["time"]]
    return {"start": moment(min(times)), "stop": moment(max(times))}


def _tracks(store: Store, state: State, dataset: str, flags: bool) -> Entry:
    records = _records(state, "tracks")
    box, vessels = box_of_parts(store.path, records)
    return Entry(
        **_common(store, state, dataset, "tracks"),
        **_times(records),
        box=box,
        fields=tuple(_declared(n) for n in (*_OF_A_VESSEL, *STORED)),
        rows=sum(r["rows"] - r["repeats"] for r in records),
        vessels=vessels,
        flags=_flags(store.path, records) if flags else {},
        quarantined=_reasons(store.path, state),
        bytes=sum(r["bytes"] for r in records),
    )


def _static(store: Store, state: State, dataset: str, _: bool) -> Entry:
    records = _records(state, "static")
    said = [Field(n, units or "", text) for n, (_, text, units) in NUMBERS.items()]
    texts = [Field(n, "", text) for n, text in TEXTS.items()]
    hidden = ("vessel", "source")
    return Entry(
        **_common(store, state, dataset, "static"),
        **_times(records),
        fields=tuple(f for f in (*said, *texts) if f.name not in hidden),
        rows=sum(record["rows"] for record in records),
        bytes=sum(record["bytes"] for record in records),
    )


def _map(store: Store, state: State, dataset: str, _: bool) -> Entry:
    name = dataset.removeprefix("maps/")
    (record,) = [r for r in _records(state, "maps") if r["name"] == name]
    ds = open_map(store, name)
    start, stop = grid_times(ds)
    return Entry(
        **_common(store, state, dataset, "map"),
        start=start,
        stop=stop,
        box=grid_box(ds),
        fields=fields_of(ds),
        bytes=record["bytes"],
    )


def _declared(name: str) -> Field:
    variable = schema.VARIABLES[name]
    return Field(
        name, variable.units or "", variable.sentence, variable.standard_name or ""
    )


def _flags(root: Path, records: list[dict[str, Any]]) -> dict[str, int]:
    """Stored rows by flag of quality."""

    def count(job: tuple[Any, int, int]) -> np.ndarray:
        array, chunk, rows = job
        return np.bincount(array.read_chunk(chunk)[:rows], minlength=10)

    jobs = []
    for record in records:
        array = open_part(root, record).array("quality")
        for number, start in enumerate(range(0, record["rows"], array.chunk)):
            jobs.append((array, number, record["rows"] - start))
    with ThreadPoolExecutor(default_workers()) as pool:
        counts = sum(pool.map(count, jobs), np.zeros(10, np.int64))
    return {_MEANINGS[k]: int(counts[k]) for k in _MEANINGS if counts[k]}


def _reasons(root: Path, state: State) -> dict[str, int]:
    """Rejected rows by reason; of the text only what comes before a value."""
    import pyarrow.parquet as pq

    found: Counter[str] = Counter()
    for record in state.quarantine.values():
        path = root / "quarantine" / record["file"]
        reasons = pq.read_table(path, columns=["reason"])["reason"]
        for pair in reasons.value_counts().to_pylist():
            found[pair["values"].partition(":")[0]] += pair["counts"]
    return dict(found.most_common())
