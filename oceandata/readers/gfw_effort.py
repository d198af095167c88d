"""Fishing effort as Global Fishing Watch publishes it: daily CSV cells into a grid.

By flag and gear: ``date,cell_ll_lat,cell_ll_lon,flag,geartype,hours,fishing_hours,
mmsi_present``, cells of 0.01°. By vessel: ``date,cell_ll_lat,cell_ll_lon,mmsi,hours,
fishing_hours``, cells of 0.1°. Version 1 says ``lat_bin,lon_bin`` in whole cells and
``vessel_hours``. A position is the south-western corner of its cell.

References
----------
Kroodsma et al. (2018), Tracking the global footprint of fisheries, Science 359,
904-908, doi:10.1126/science.aao5646
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from oceandata.errors import BudgetError, FormatError
from oceandata.readers import streams
from oceandata.readers.tracks import Paths, expand

if TYPE_CHECKING:
    import xarray as xr

MOST_CELLS = 100_000_000
_NAMES = {"lat_bin": "cell_ll_lat", "lon_bin": "cell_ll_lon", "vessel_hours": "hours"}
_NEEDED = ("date", "cell_ll_lat", "cell_ll_lon", "fishing_hours")
_SUMS = {
    "hours": "hours that vessels were present",
    "fishing_hours": "hours of apparent fishing",
}
_ABOUT = {
    "attribution": "Global Fishing Watch, globalfishingwatch.org",
    "license": "terms of Global Fishing Watch for the version used: CC BY-SA 4.0 "
    "(version 1), CC BY-NC 4.0 (later ones)",
    "references": "Kroodsma et al. (2018), doi:10.1126/science.aao5646",
}


def read_gfw_effort(
    paths: Paths,
    *,
    lon: tuple[float, float] | None = None,
    lat: tuple[float, float] | None = None,
    by: str | None = None,
    resolution: float | None = None,
) -> xr.Dataset:
    """Fishing effort of Global Fishing Watch as a grid.

    Rows of one day and cell are added up over flags, gears and vessels.

    Parameters
    ----------
    paths : path, pattern or list of them
        CSV files, plain, gz, zst or zip, all of one layout.
    lon, lat : (float, float), optional
        Degrees: only cells whose south-western corner lies in [start, stop).
    by : str, optional
        ``"flag"`` or ``"geartype"``: a dimension of that name instead of the sum.
    resolution : float, optional
        Size of a cell in degrees; default: 0.01 by flag and gear, 0.1 by vessel.

    Returns
    -------
    Dataset (time, lat, lon), or (time, flag or geartype, lat, lon)
        ``fishing_hours`` and, if in the files, ``hours`` (h; zero where there is no
        row) and ``mmsi_present`` (vessels counted a flag and gear, or distinct ones).
        ``lat`` and ``lon`` are centres of cells and reach over the rows kept; bounds
        stand in ``lat_bnds`` and ``lon_bnds``.

    Raises
    ------
    FormatError
        For another layout, no row left, or a value that is no cell, day or hours.
    BudgetError
        If the grid would have more than 10^8 cells: name ``lon`` and ``lat``, or read
        fewer days.
    """
    rows = pd.concat([_read(path) for path in expand(paths)], ignore_index=True)
    rows = rows[[n for n in rows if n in {*_NEEDED, *_SUMS, *_OTHERS}]]
    size = resolution or (0.1 if "mmsi" in rows else 0.01)
    if by not in (None, "flag", "geartype") or (by and by not in rows):
        raise FormatError(
            f"by must be None, 'flag' or 'geartype' and a column of the files; got "
            f"by={by!r}, columns {', '.join(map(repr, rows))}"
        )
    for name, limits in (("cell_ll_lon", lon), ("cell_ll_lat", lat)):
        if limits is not None:
            rows = rows[(rows[name] >= limits[0]) & (rows[name] < limits[1])]
    if rows.empty:
        raise FormatError(f"no row is left of {paths} in lon={lon}, lat={lat}")
    return _Grid.of(rows, size, by).dataset(rows)


_OTHERS = ("flag", "geartype", "mmsi", "mmsi_present")


class _Raw(io.RawIOBase):
    """A member of a file for readers that want a file."""

    def __init__(self, read):
        self._read = read

    def readable(self) -> bool:
        return True

    def readinto(self, view) -> int:
        return self._read(memoryview(view).cast("B"))


def _read(path: Path) -> pd.DataFrame:
    """All rows of one file, checked, with the column names of version 2."""
    kind = streams.compression(path)
    parts = []
    with streams.open_members(path, kind) as members:
        for member in members:
            where = f"{path}[{member.name}]" if member.name else str(path)
            if not member.name or member.name.lower().endswith(".csv"):
                parts.append(_table(member, where))
    if not parts:
        raise FormatError(f"{path}: the archive holds no CSV file")
    return pd.concat(parts, ignore_index=True)


def _table(member, where: str) -> pd.DataFrame:
    try:
        text = io.BufferedReader(_Raw(member.read), 1 << 20)
        table = pd.read_csv(text, dtype={"flag": str, "geartype": str, "mmsi": str})
    except (ValueError, streams.CutShortError) as error:
        raise FormatError(f"{where}: no table of fishing effort: {error}") from None
    bins = "lat_bin" in table and "lon_bin" in table
    table = table.rename(columns=_NAMES)
    missing = [name for name in _NEEDED if name not in table]
    if missing:
        raise FormatError(
            f"{where}: no table of fishing effort of Global Fishing Watch; missing "
            f"{', '.join(map(repr, missing))}; columns found: "
            f"{', '.join(map(repr, table))}"
        )
    _check(table, where)
    if bins:
        cells = 10 if "mmsi" in table else 100
        table[["cell_ll_lat", "cell_ll_lon"]] /= cells
    table["date"] = pd.to_datetime(table["date"]).to_numpy("datetime64[s]")
    return table


def _check(table: pd.DataFrame, where: str) -> None:
    """FormatError with all values that are no numbers, days or hours."""
    faults = []
    numbers = [n for n in table if n in (*_NEEDED[1:], *_SUMS, "mmsi_present")]
    for name in numbers:
        values = pd.to_numeric(table[name], errors="coerce")
        bad = values.isna()
        if name not in _NEEDED[1:3]:
            bad |= values < 0
        if bad.any():
            first = int(np.flatnonzero(bad)[0])
            faults.append(
                f"{name} of {int(bad.sum()):,} rows is no number of its kind, the "
                f"first is '{table[name].iloc[first]}' in row {first + 1:,}"
            )
        table[name] = values
    days = pd.to_datetime(table["date"], format="%Y-%m-%d", errors="coerce")
    if days.isna().any():
        first = int(np.flatnonzero(days.isna())[0])
        faults.append(
            f"date of {int(days.isna().sum()):,} rows is no day (2020-12-31), the "
            f"first is {table['date'].iloc[first]!r} in row {first + 1:,}"
        )
    if faults:
        raise FormatError(f"{where}: {'; '.join(faults)}")


@dataclass(frozen=True)
class _Grid:
    """Where rows belong: days, classes and cells counted from the first ones."""

    size: float
    by: str | None
    days: np.ndarray
    classes: np.ndarray
    west: int
    south: int
    shape: tuple[int, ...]

    @classmethod
    def of(cls, rows: pd.DataFrame, size: float, by: str | None) -> _Grid:
        x, y = (_cells(rows[f"cell_ll_{n}"], size, n) for n in ("lon", "lat"))
        days = np.unique(rows["date"].to_numpy())
        classes = (
            np.unique(rows[by].fillna("").to_numpy(str)) if by else np.zeros(1, "U1")
        )
        west, south = int(x.min()), int(y.min())
        wide, high = int(x.max()) - west + 1, int(y.max()) - south + 1
        shape = (days.size, classes.size, high, wide)
        cells = int(np.prod(shape, dtype=object))
        if cells > MOST_CELLS:
            raise BudgetError(
                f"the grid would have {cells:,} cells ({days.size:,} days, "
                f"{classes.size:,} classes, {high:,} × {wide:,}), more than "
                f"{MOST_CELLS:,}. Pass lon= and lat=, or read fewer days"
            )
        return cls(size, by, days, classes, west, south, shape)

    def dataset(self, rows: pd.DataFrame) -> xr.Dataset:
        import xarray as xr

        place = self._places(rows)
        names = ("time", self.by, "lat", "lon") if self.by else ("time", "lat", "lon")
        shape = self.shape if self.by else (self.shape[0], *self.shape[2:])
        values: dict[str, tuple] = {}
        for name, text in _SUMS.items():
            if name in rows:
                total = np.bincount(place, rows[name], int(np.prod(shape)))
                about = {"units": "h", "long_name": text, "cell_methods": "time: sum"}
                values[name] = (names, total.reshape(shape), about)
        if "mmsi_present" in rows or "mmsi" in rows:
            total = self._vessels(rows, place, int(np.prod(shape)))
            about = {"units": "1", "long_name": "vessels present"}
            values["mmsi_present"] = (names, total.reshape(shape), about)
        return xr.Dataset(values, coords=self._coords(), attrs=_ABOUT)

    def _places(self, rows: pd.DataFrame) -> np.ndarray:
        day = np.searchsorted(self.days, rows["date"].to_numpy())
        sort = np.zeros(len(rows), np.int64)
        if self.by:
            sort = np.searchsorted(self.classes, rows[self.by].fillna("").to_numpy(str))
        y = _cells(rows["cell_ll_lat"], self.size, "lat") - self.south
        x = _cells(rows["cell_ll_lon"], self.size, "lon") - self.west
        return np.ravel_multi_index((day, sort, y, x), self.shape)

    @staticmethod
    def _vessels(rows: pd.DataFrame, place: np.ndarray, n: int) -> np.ndarray:
        if "mmsi_present" in rows:
            return np.bincount(place, rows["mmsi_present"], n).astype(np.int64)
        pairs = pd.DataFrame({"place": place, "mmsi": rows["mmsi"].to_numpy()})
        return np.bincount(pairs.drop_duplicates()["place"], minlength=n)

    def _coords(self) -> dict[str, tuple]:
        out: dict[str, tuple] = {"time": ("time", self.days)}
        if self.by:
            out[self.by] = (self.by, self.classes.astype(object))
        for name, first, n, units in (
            ("lat", self.south, self.shape[2], "degrees_north"),
            ("lon", self.west, self.shape[3], "degrees_east"),
        ):
            per = round(1 / self.size)
            edges = (first + np.arange(n + 1)) / per
            centres = (2 * (first + np.arange(n)) + 1) / (2 * per)
            full = {"lat": "latitude", "lon": "longitude"}[name]
            about = {"units": units, "standard_name": full, "bounds": f"{name}_bnds"}
            out[name] = (name, centres, about)
            out[f"{name}_bnds"] = ((name, "bnds"), np.stack([edges[:-1], edges[1:]], 1))
        return out


def _cells(values: pd.Series, size: float, name: str) -> np.ndarray:
    """Number of the cell that begins at each value."""
    degrees = values.to_numpy(float)
    number = np.rint(degrees / size)
    most = {"lat": 90, "lon": 180}[name]
    off = (np.abs(degrees / size - number) > 0.01) | (np.abs(degrees) > most)
    if off.any():
        raise FormatError(
            f"cell_ll_{name} must be a multiple of {size:g} degrees in [-{most}, "
            f"{most}]; {int(off.sum()):,} of {off.size:,} rows are not, the first is "
            f"{degrees[off][0]:g}. Pass resolution= if the cells have another size"
        )
    return number.astype(np.int64)
