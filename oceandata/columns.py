"""The compact table of positions that travels between readers, store and memory.

A contract: readers fill :class:`Columns`, the store sorts and writes them, users get
a labelled Dataset from :func:`to_dataset`. Integers stand for decimals, so that what a
file said is what is kept, and a row takes 37 bytes. Nothing here knows files or
science.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, replace

import numpy as np

from oceankernels import ragged

POSITION_SCALE = 10_000_000
"""Integer positions are in 1e-7 degree; a decimal with up to 7 places is exact."""

TENTHS_MISSING = np.int16(-32768)
"""Missing value of the integer speed, course and heading columns (in 0.1 unit)."""

POSITIONS = ("lon", "lat")
TENTHS = ("sog", "cog", "heading")
_TEXT_KEY = 1 << 62


@dataclass(frozen=True)
class Columns:
    """Positions of many vessels, one entry a row; dtypes tell the encoding.

    vessel int64; time int64 (µs since 1970, UTC); lon, lat int32 (1e-7 degree) or
    float64 (degree); sog (knot), cog, heading (degree) int16 (0.1 unit) or float32;
    nav_status, transceiver, quality int8; source int32 (index into a list of sources).
    """

    vessel: np.ndarray
    time: np.ndarray
    lon: np.ndarray
    lat: np.ndarray
    sog: np.ndarray
    cog: np.ndarray
    heading: np.ndarray
    nav_status: np.ndarray
    transceiver: np.ndarray
    quality: np.ndarray
    source: np.ndarray

    def __len__(self) -> int:
        return int(self.time.size)

    @property
    def nbytes(self) -> int:
        return sum(getattr(self, name).nbytes for name in FIELDS)

    @classmethod
    def empty(cls) -> Columns:
        """No rows, in the integer encodings."""
        return cls(**{name: np.empty(0, dtype) for name, dtype in DTYPES.items()})

    @classmethod
    def concat(cls, parts: Iterable[Columns]) -> Columns:
        """Rows of all parts in order; mixed encodings become floats."""
        parts = list(parts)
        if not parts:
            return cls.empty()
        if len(parts) == 1:
            return parts[0]
        return cls(
            **{n: concat_encoded([getattr(p, n) for p in parts], n) for n in FIELDS}
        )

    def take(self, index: np.ndarray) -> Columns:
        """Rows by position."""
        return Columns(**{n: ragged.gather(getattr(self, n), index) for n in FIELDS})

    def slice(self, start: int, stop: int) -> Columns:
        """Rows [start, stop), as views."""
        return Columns(**{n: getattr(self, n)[start:stop] for n in FIELDS})

    def replace(self, **arrays: np.ndarray) -> Columns:
        """The same table with some columns exchanged."""
        return replace(self, **arrays)


FIELDS = tuple(field.name for field in fields(Columns))
DTYPES = {
    "vessel": np.dtype("i8"),
    "time": np.dtype("i8"),
    "lon": np.dtype("i4"),
    "lat": np.dtype("i4"),
    "sog": np.dtype("i2"),
    "cog": np.dtype("i2"),
    "heading": np.dtype("i2"),
    "nav_status": np.dtype("i1"),
    "transceiver": np.dtype("i1"),
    "quality": np.dtype("i1"),
    "source": np.dtype("i4"),
}


@dataclass(frozen=True)
class SortedColumns:
    """Rows in runs of one vessel each, by time: a contiguous ragged array.

    vessels (t,) int64, row_size (t,) int64; ``rows`` holds every column of
    :class:`Columns` but ``vessel``, (n,) each.
    """

    vessels: np.ndarray
    row_size: np.ndarray
    rows: dict[str, np.ndarray]

    def __len__(self) -> int:
        return int(self.rows["time"].size)


def vessel_key(text: str) -> int:
    """Stable key of a vessel known by text only; never equal to an MMSI.

    >>> vessel_key("1767") == vessel_key("1767") and vessel_key("1767") > 999_999_999
    True
    """
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 2) | _TEXT_KEY


def decode_position(values: np.ndarray) -> np.ndarray:
    """Degrees as float64; by division, which is correctly rounded (a product is not).

    >>> decode_position(np.array([1203456700], "i4"))
    array([120.34567])
    """
    if values.dtype.kind == "f":
        return values.astype("f8", copy=False)
    return values / np.float64(POSITION_SCALE)


def decode_tenths(values: np.ndarray) -> np.ndarray:
    """Knots or degrees as float32, NaN where missing.

    >>> decode_tenths(np.array([123, -32768], "i2"))
    array([12.3,  nan], dtype=float32)
    """
    if values.dtype.kind == "f":
        return values.astype("f4", copy=False)
    out = (values / np.float64(10)).astype("f4")
    out[values == TENTHS_MISSING] = np.nan
    return out


def concat_encoded(arrays: Sequence[np.ndarray], name: str) -> np.ndarray:
    """Join one column of several tables; floats win over integers."""
    if len({a.dtype for a in arrays}) > 1:
        if name in POSITIONS:
            arrays = [decode_position(a) for a in arrays]
        elif name in TENTHS:
            arrays = [decode_tenths(a) for a in arrays]
    return np.concatenate(arrays)


def sort_columns(
    columns: Columns,
    *,
    order: Callable[[np.ndarray], np.ndarray] | None = None,
    tie: np.ndarray | None = None,
    workers: int = 1,
) -> SortedColumns:
    """Sort rows by (vessel, time, tie, row).

    ``order`` takes the distinct vessels (v,) and gives the positions in the sequence
    wanted (default: by key). ``tie`` (n,) decides between equal stamps (default: the
    source number).
    """
    codes, vessels = ragged.index_keys(columns.vessel)
    sequence = np.argsort(vessels) if order is None else np.asarray(order(vessels))
    rank = np.empty(vessels.size, np.int32)
    rank[sequence] = np.arange(vessels.size, dtype=np.int32)
    tie = columns.source if tie is None else tie
    ranks = ragged.gather(rank, codes)
    del codes
    index, row_size = ragged.order_by_vessel_time(
        ranks, columns.time, tie, vessels.size
    )
    del ranks
    rows = _gather_rows(columns, index, workers)
    return SortedColumns(vessels[sequence], row_size, rows)


def _gather_rows(columns: Columns, index: np.ndarray, workers: int) -> dict:
    names = [name for name in FIELDS if name != "vessel"]

    def one(name: str) -> np.ndarray:
        return ragged.gather(getattr(columns, name), index)

    if workers <= 1:
        return {name: one(name) for name in names}
    with ThreadPoolExecutor(workers) as pool:
        return dict(zip(names, pool.map(one, names), strict=True))


def drop_duplicates(table: SortedColumns) -> tuple[SortedColumns, int]:
    """Drop rows equal to an earlier one in every column but the source.

    Returns the table and how many rows left it.
    """
    repeated = duplicate_mask(table)
    dropped = int(repeated.sum())
    if not dropped:
        return table, 0
    keep = np.flatnonzero(~repeated)
    vessel_of_row = np.repeat(np.arange(table.row_size.size), table.row_size)
    row_size = np.bincount(vessel_of_row[keep], minlength=table.row_size.size)
    rows = {name: values[keep] for name, values in table.rows.items()}
    return SortedColumns(table.vessels, row_size.astype("i8"), rows), dropped


def duplicate_mask(table: SortedColumns, *, block: int = 1 << 20) -> np.ndarray:
    """Mark rows equal to an earlier row in all columns but the source: (n,) bool."""
    time = table.rows["time"]
    suspects = np.flatnonzero(ragged.equal_stamp_rows(table.row_size, time))
    mask = np.zeros(time.size, bool)
    if not suspects.size:
        return mask
    stops = ragged.offsets(table.row_size)[1:]
    vessel_of = np.searchsorted(stops, suspects, side="right")
    new = np.ones(suspects.size, bool)
    new[1:] = (np.diff(vessel_of) != 0) | (np.diff(time[suspects]) != 0)
    group = np.cumsum(new)
    compared = [n for n in table.rows if n not in ("time", "source")]
    start = 0
    while start < suspects.size:
        stop = min(start + block, suspects.size)
        while stop < suspects.size and group[stop] == group[stop - 1]:
            stop += 1
        rows = suspects[start:stop]
        values = np.empty((rows.size, len(compared)), "i8")
        for c, name in enumerate(compared):
            values[:, c] = _comparable(table.rows[name][rows])
        mask[rows] = ragged.repeated_rows(group[start:stop], values)
        start = stop
    return mask


def _comparable(values: np.ndarray) -> np.ndarray:
    """Integers that are equal exactly where the values are (NaN equals NaN)."""
    if values.dtype.kind != "f":
        return values.astype("i8")
    values = values.astype("f8") + 0.0
    values[np.isnan(values)] = np.nan
    return values.view("i8")


def trajectory_ids(vessels: np.ndarray, names: dict[int, str]) -> list[str]:
    """Identity text of each vessel: AIS by MMSI, others by the text of their source."""
    return [
        f"VMS-{names.get(int(v), f'{int(v):x}')}" if v >= _TEXT_KEY else f"AIS-{int(v)}"
        for v in vessels
    ]


def to_dataset(
    table: SortedColumns,
    *,
    names: dict[int, str],
    ship_type: np.ndarray | None = None,
    vessel_name: Sequence[str] | None = None,
    sources: Sequence[str] = (),
    attrs: dict | None = None,
):
    """Label a sorted table: the Dataset of tracks that users hold.

    ``names`` gives the identity text of vessels that have no MMSI; ``ship_type`` and
    ``vessel_name`` (t,) default to unknown.
    """
    import xarray as xr

    from oceandata import schema

    n_vessels = table.vessels.size
    rows = table.rows
    is_mmsi = table.vessels < _TEXT_KEY
    text = np.dtype("O")
    data = {
        "trajectory_id": np.array(trajectory_ids(table.vessels, names), text),
        "mmsi": np.where(is_mmsi, table.vessels, 0),
        "vessel": table.vessels,
        "row_size": table.row_size.astype("i8"),
        "ship_type": np.full(n_vessels, -1, "i2") if ship_type is None else ship_type,
        "vessel_name": np.array(
            [""] * n_vessels if vessel_name is None else list(vessel_name), text
        ),
        "time": rows["time"].view("M8[us]"),
        **{name: decode_position(rows[name]) for name in POSITIONS},
        **{name: decode_tenths(rows[name]) for name in TENTHS},
        **{n: rows[n] for n in ("nav_status", "transceiver", "source", "quality")},
    }
    variables = {
        name: (schema.VARIABLES[name].dims, values, schema.attributes(name))
        for name, values in data.items()
    }
    coords = {n: variables.pop(n) for n in ("trajectory_id", "time", "lon", "lat")}
    return xr.Dataset(
        variables,
        coords,
        attrs={
            "Conventions": schema.CONVENTIONS,
            "featureType": "trajectory",
            "sources": list(sources),
            **(attrs or {}),
        },
    )
