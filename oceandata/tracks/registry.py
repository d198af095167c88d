"""A registry of vessels out of several tables, each field with its source and date.

One vessel is one row. Where sources disagree, the most trusted one is shown (or the
newest), and all that they say is listed. Nothing is joined by name: names are shared,
misspelt and changed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from oceandata.tracks.registry_fields import (
    IDENTIFIERS,
    NAMES,
    find_columns,
)
from oceandata.tracks.registry_link import link
from oceandata.tracks.registry_read import columns_of, read_table, records_of

SIZES = ("power", "length", "gross_tonnage")
PREFER = ("trust", "newest")
ALIKE = 0.01
"""Sizes that differ by no more than this share of the larger one do not conflict."""

_RECORD = ["vessel", "field", "value", "source", "date"]
_REJECTED = ["source", "row", "field", "value", "reason"]


@dataclass(frozen=True)
class Registry:
    """What sources say of vessels; made by :func:`vessel_registry`.

    records : table of every value that was said: ``vessel`` (number), ``field``,
    ``value``, ``source``, ``date`` (NaT if the source has none). rejected : values
    that cannot be what their column says: ``source``, ``row``, ``field``, ``value``,
    ``reason``. order : sources, the most trusted first. prefer : ``"trust"`` or
    ``"newest"``.
    """

    records: pd.DataFrame
    rejected: pd.DataFrame
    order: tuple[str, ...]
    prefer: str = "trust"

    def __len__(self) -> int:
        return int(self.records["vessel"].nunique())

    def __repr__(self) -> str:
        return (
            f"<Registry of {len(self):,} vessels from {len(self.order)} sources, "
            f"{len(self.conflicts):,} conflicting values>"
        )

    @cached_property
    def vessels(self) -> pd.DataFrame:
        """One row a vessel: each field, its ``_source`` and its ``_date``."""
        return self.as_of(None)

    def as_of(self, time: Any) -> pd.DataFrame:
        """One row a vessel, as the sources had it at a time (UTC; None: in the end).

        Of each source counts what it said last before the time, else what it said
        first after it; what has no date counts as said long ago.
        """
        moment = pd.Timestamp.max if time is None else pd.Timestamp(time)
        chosen = _chosen(self._ranked(moment), self.prefer)
        out = pd.DataFrame(index=pd.RangeIndex(len(self), name="vessel"))
        for name in NAMES:
            of_field = chosen[chosen["field"] == name].set_index("vessel")
            out[name] = of_field["value"].reindex(out.index)
            out[f"{name}_source"] = of_field["source"].reindex(out.index)
            out[f"{name}_date"] = of_field["date"].reindex(out.index)
            out[name] = _typed(name, out[name])
        return out

    @cached_property
    def conflicts(self) -> pd.DataFrame:
        """What sources say differently of one vessel now, the chosen value marked.

        Columns ``vessel``, ``field``, ``value``, ``source``, ``date``, ``chosen``. Of
        each source only its newest word counts: a vessel that was renamed is no
        conflict. Text is compared without case, width and blanks, sizes to 1 %.
        """
        said = self._ranked(pd.Timestamp.max)
        best = _chosen(said, self.prefer).index
        out = said[_differ(said)].copy()
        out["chosen"] = out.index.isin(best)
        out = out.sort_values(
            ["vessel", "field", "chosen"], ascending=[True, True, False]
        )
        return out[[*_RECORD, "chosen"]].reset_index(drop=True)

    def _ranked(self, moment: pd.Timestamp) -> pd.DataFrame:
        """The word of each source on each field that counts at a time.

        Two different words of the same day both count.
        """
        said = self.records.drop_duplicates(_RECORD)
        early = said["date"].isna() | (said["date"] <= moment)
        said = said.assign(
            early=early,
            age=np.where(
                said["date"].isna(),
                np.int64(-(2**62)),
                said["date"].to_numpy("M8[us]").astype("i8"),
            ),
            rank=said["source"].map({n: k for k, n in enumerate(self.order)}),
        )
        keys = ["vessel", "field", "source"]
        has_early = said.groupby(keys)["early"].transform("any")
        said = said[said["early"] == has_early]
        sign = np.where(said["early"], 1, -1)
        last = (said["age"] * sign).groupby([said[k] for k in keys]).transform("max")
        return said[said["age"] * sign == last]


def _chosen(said: pd.DataFrame, prefer: str) -> pd.DataFrame:
    """One row of each vessel and field."""
    by = ["rank", "age"] if prefer == "trust" else ["age", "rank"]
    up = [column == "rank" for column in by]
    text = said["value"].astype(str)
    ordered = said.assign(text=text).sort_values(
        ["vessel", "field", *by, "text"], ascending=[True, True, *up, True]
    )
    return ordered.drop_duplicates(["vessel", "field"])


def _differ(said: pd.DataFrame) -> np.ndarray:
    """Which words belong to a vessel's field of which others say something else."""
    keys = [said["vessel"], said["field"]]
    size = said["field"].isin(SIZES)
    number = said["value"].where(size).astype("float64").groupby(keys)
    apart = number.transform("min") < number.transform("max") * (1 - ALIKE)
    text = said["value"].astype(str).str.casefold().str.replace(r"\s+", "", regex=True)
    return np.where(size, apart, text.groupby(keys).transform("nunique") > 1)


def _typed(name: str, values: pd.Series) -> pd.Series:
    """Numbers as numbers, missing where nothing is known."""
    if name in ("imo", "mmsi"):
        return values.astype("Int64")
    if name in SIZES:
        return values.astype("float64")
    return values.astype(object).where(values.notna(), "")


def vessel_registry(
    tables: Any,
    *,
    columns: Mapping[str, Any] | None = None,
    dates: Mapping[str, Any] | None = None,
    order: Sequence[str] | None = None,
    prefer: str = "trust",
) -> Registry:
    """Make a registry of vessels out of one or several tables.

    Rows are one vessel if they share an IMO number, else a registration number, an
    MMSI, or a call sign, unless a surer one of these says that they are two. A name
    alone joins nothing.

    Parameters
    ----------
    tables : mapping of name to table, sequence of tables, or one
        A table is a DataFrame, a path (CSV in UTF-8 or GB18030, Parquet), or a store,
        whose static AIS reports then take part. Without a name a path is called by
        its file's name, a store ``AIS``, a DataFrame ``table 1``, and so on. Columns
        are found by the names that are usual for them, English or Chinese; others are
        passed over.
    columns : mapping, optional
        Columns that are called otherwise: ``{"mmsi": "ID"}`` for every table, or
        ``{"fleet.csv": {"mmsi": "ID"}}`` for one. Fields are name, imo (check digit
        verified), mmsi, call_sign, registration, gear (ISSCFG code, or its name),
        power (kW; a column named hp or 马力 is converted), length (m), gross_tonnage,
        home_port, flag; ``date`` is the day for which a row holds.
    dates : mapping, optional
        Day of each table that has no column of dates.
    order : sequence of str, optional
        Names of the tables, the most trusted first; default: as they are given.
    prefer : {"trust", "newest"}
        Which value is shown where sources differ: that of the most trusted source, or
        the newest (then trust decides between equal dates).

    Returns
    -------
    Registry
        ``vessels`` (one row each), ``conflicts``, ``rejected``, ``as_of(time)``.

    Raises
    ------
    ValueError
        Columns, dates or an order that do not fit the tables; every fault at once. A
        table in which no field was found: the columns that it has.

    Examples
    --------
    >>> a = pd.DataFrame({"MMSI": [412000001], "船名": ["浙渔 1"], "功率(马力)": [300]})
    >>> b = pd.DataFrame({"mmsi": [412000001], "name": ["ZHE YU 1"], "gear": ["OTB"]})
    >>> found = vessel_registry({"fleet": a, "licences": b})
    >>> found.vessels[["name", "gear", "power"]].values.tolist()
    [['浙渔 1', 'OTB', 220.649625]]
    >>> found.conflicts[["field", "value", "chosen"]].values.tolist()
    [['name', '浙渔 1', True], ['name', 'ZHE YU 1', False]]
    """
    named = _named(tables)
    order = _checked(named, order, prefer, dates or {})
    records, rejected, identities, at = [], [], [], 0
    for source, table in named.items():
        held = read_table(table)
        given = columns_of(source, columns or {}, named)
        places = find_columns(list(held.columns), given)
        if not set(places) & set(NAMES):
            raise ValueError(
                f"{source}: no column of a vessel was found; columns found: "
                f"{', '.join(map(repr, held.columns))}. Pass columns={{'mmsi': …}}"
            )
        said, bad, ids = records_of(source, held, places, (dates or {}).get(source), at)
        records.append(said)
        rejected += bad
        identities += ids
        at += len(held)
    table = pd.concat(records, ignore_index=True)
    table["vessel"] = _numbered(identities, table["row"].to_numpy())
    return Registry(
        table[_RECORD], pd.DataFrame(rejected, columns=_REJECTED), order, prefer
    )


def _numbered(identities: list[dict[str, Any]], rows: np.ndarray) -> np.ndarray:
    """Vessel of each record; rows that say nothing at all are no vessel."""
    said = np.unique(rows)
    place = np.searchsorted(said, rows)
    tuples: dict[tuple, int] = {}
    which = np.empty(said.size, np.int64)
    for k, row in enumerate(said.tolist()):
        key = tuple(identities[row].get(name) for name in IDENTIFIERS)
        # Rows with no identifier stay apart: their names do not join them.
        key = key if any(part is not None for part in key) else (row,)
        which[k] = tuples.setdefault(key, len(tuples))
    distinct = [
        dict(zip(IDENTIFIERS, key, strict=True)) if len(key) > 1 else {}
        for key in tuples
    ]
    return link(distinct)[which][place]


def _named(tables: Any) -> dict[str, Any]:
    if isinstance(tables, Mapping):
        return dict(tables)
    if isinstance(tables, str | os.PathLike | pd.DataFrame) or hasattr(
        tables, "static"
    ):
        tables = [tables]
    out: dict[str, Any] = {}
    for number, table in enumerate(tables, start=1):
        name = f"table {number}"
        if isinstance(table, str | os.PathLike):
            name = Path(table).name
        elif hasattr(table, "static"):
            name = "AIS"
        if name in out:
            raise ValueError(
                f"two tables are called {name!r}; name them: vessel_registry("
                "{'name': table, …})"
            )
        out[name] = table
    if not out:
        raise ValueError("tables is empty; give at least one")
    return out


def _checked(named, order, prefer, dates) -> tuple[str, ...]:
    faults = []
    if prefer not in PREFER:
        faults.append(f"prefer must be one of {', '.join(PREFER)}; got {prefer!r}")
    if order is not None and sorted(order) != sorted(named):
        faults.append(
            f"order must name every table once ({', '.join(named)}); got {list(order)}"
        )
    faults += [
        f"dates: no table is called {name!r}" for name in dates if name not in named
    ]
    if faults:
        raise ValueError("; ".join(faults))
    return tuple(order or named)
