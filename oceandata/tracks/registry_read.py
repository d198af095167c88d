"""Tables of vessels as they come: files, DataFrames, the static reports of a store."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from oceandata.tracks.registry_dates import dates_of
from oceandata.tracks.registry_fields import (
    BY_NAME,
    IDENTIFIERS,
    NAMES,
    Unfit,
    clean,
    factor_of,
)


def columns_of(source: str, columns: Mapping, named: Mapping) -> dict[str, Any]:
    """Columns said for all tables, and those said for one."""
    common = {k: v for k, v in columns.items() if not isinstance(v, Mapping)}
    unknown = [
        k for k, v in columns.items() if isinstance(v, Mapping) and k not in named
    ]
    if unknown:
        raise ValueError(f"columns: no table is called {unknown[0]!r}")
    return common | dict(columns.get(source) or {})


def read_table(table: Any) -> pd.DataFrame:
    """A table as a DataFrame, without changing what was given."""
    if isinstance(table, pd.DataFrame):
        return table.reset_index(drop=True)
    if hasattr(table, "static"):
        return _static(table)
    path = Path(table)
    if path.suffix.lower() in (".parquet", ".pq"):
        return pd.read_parquet(path)
    raw = path.read_bytes()
    try:
        text, encoding = raw.decode("utf-8-sig"), "utf-8-sig"
    except UnicodeDecodeError:
        text, encoding = raw.decode("gb18030"), "gb18030"
    first = text.partition("\n")[0]
    mark = max(",;\t", key=first.count)
    return pd.read_csv(
        path, dtype=str, keep_default_na=False, encoding=encoding, sep=mark
    )


def _static(store: Any) -> pd.DataFrame:
    """Static reports of vessels with an MMSI; a store's words have their own time."""
    said = store.static()
    said = said[said["vessel"] < 1_000_000_000]
    return pd.DataFrame(
        {
            "mmsi": said["vessel"].to_numpy(),
            "imo": said["imo"].to_numpy(),
            "name": said["name"].to_numpy(),
            "call_sign": said["call_sign"].to_numpy(),
            "length": said["length"].to_numpy(float),
            "date": said["time"].to_numpy(),
        }
    )


def records_of(
    source: str, table: pd.DataFrame, places: dict[str, Any], day: Any, first: int
) -> tuple[pd.DataFrame, list[tuple], list[dict[str, Any]]]:
    """Values of a table, those that do not fit, and the identifiers of each row."""
    when = _dates(source, table, places, day)
    identities: list[dict[str, Any]] = [{} for _ in range(len(table))]
    out, rejected = [], []
    for name in NAMES:
        if name not in places:
            continue
        factor, read = factor_of(name, places[name]), BY_NAME[name].read
        known: dict[str, Any] = {}
        for row, cell in enumerate(table[places[name]].tolist()):
            text = clean(cell)
            if not text:
                continue
            if text not in known:
                try:
                    value = read(text)
                    known[text] = value * factor if factor != 1.0 and value else value
                except Unfit as error:
                    known[text] = error
            value = known[text]
            if isinstance(value, Unfit):
                rejected.append((source, row, name, text, str(value)))
            elif value is not None:
                out.append((first + row, name, value, source, when[row]))
                if name in IDENTIFIERS:
                    identities[row][name] = value
    columns = ["row", "field", "value", "source", "date"]
    said = pd.DataFrame(out, columns=columns).astype({"value": object, "row": "i8"})
    said["date"] = pd.to_datetime(said["date"]).astype("M8[us]")
    return said, rejected, identities


def _dates(source: str, table: pd.DataFrame, places: dict, day: Any) -> np.ndarray:
    """Day of each row, UTC; NaT where none is said."""
    if "date" not in places:
        day = "NaT" if day is None else str(pd.Timestamp(day))
        return np.full(len(table), np.datetime64(day, "us"))
    where = f"{source}: column {places['date']!r}"
    return dates_of(table[places["date"]], where=where)
