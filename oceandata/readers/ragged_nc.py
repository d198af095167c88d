"""The variables of a CF trajectory file, whatever the representation, as rows."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np

from oceandata.errors import FormatError
from oceandata.readers.cftimes import cf_times
from oceandata.readers.names import vessel_of

CONTIGUOUS = "contiguous ragged array"
INDEXED = "indexed ragged array"
MATRIX = "incomplete multidimensional array"
SINGLE = "single trajectory"

STANDARD_NAMES = {
    "time": ("time",),
    "lon": ("longitude",),
    "lat": ("latitude",),
    "sog": ("platform_speed_wrt_ground", "speed_wrt_ground"),
    "cog": ("platform_course", "platform_azimuth_angle"),
    "heading": ("platform_orientation", "platform_yaw_angle"),
    "vessel_name": ("platform_name",),
}
NAMES = {
    "time": ("time", "obs_time", "datetime"),
    "lon": ("lon", "longitude", "x_lon"),
    "lat": ("lat", "latitude", "y_lat"),
    "sog": ("sog", "speed_over_ground"),
    "cog": ("cog", "course_over_ground"),
    "heading": ("heading",),
    "nav_status": ("nav_status",),
    "transceiver": ("transceiver",),
    "quality": ("quality",),
    "mmsi": ("mmsi",),
    "vessel_name": ("vessel_name", "ship_name"),
    "ship_type": ("ship_type",),
    "imo": ("imo",),
    "call_sign": ("call_sign", "callsign"),
    "length": ("length",),
    "width": ("width",),
    "trajectory": ("trajectory_id", "trajectory", "traj", "id", "platform_id"),
}
KNOTS = {
    **dict.fromkeys(("knot", "knots", "kn", "kt", "kts"), 1.0),
    **dict.fromkeys(("m s-1", "m/s", "meter second-1", "m.s-1"), 3600 / 1852),
    **dict.fromkeys(("km h-1", "km/h", "km hour-1"), 1 / 1.852),
    **dict.fromkeys(("cm s-1", "cm/s"), 36 / 1852),
}
_OBS = ("lon", "lat", "time", "sog", "cog", "heading", "nav_status", "transceiver")
_CONSTANTS = ("vessel_name", "ship_type", "imo", "call_sign", "length", "width")


@contextlib.contextmanager
def opened(path: Path, columns: Mapping[str, str] | None) -> Iterator[Trajectories]:
    """The trajectories of a file; FormatError if it holds none that are understood."""
    try:
        data = netCDF4.Dataset(path)
    except (OSError, RuntimeError, ValueError, UnicodeDecodeError) as error:
        raise FormatError(f"{path}: no whole NetCDF file ({error})") from None
    try:
        data.set_auto_maskandscale(True)
        data.set_auto_chartostring(False)
        yield _found(path, data, columns)
    except FormatError:
        raise
    except (
        *(OSError, RuntimeError, ValueError, IndexError, TypeError, KeyError),
        *(AttributeError, OverflowError, UnicodeDecodeError),
    ) as error:
        raise FormatError(
            f"{path}: the NetCDF file cannot be read ({type(error).__name__}: "
            f"{str(error)[:200]}). Fetch it again, or write it anew"
        ) from None
    finally:
        with contextlib.suppress(RuntimeError):
            data.close()


@dataclass(frozen=True)
class Trajectories:
    """The trajectories of an open file.

    form: the representation; names: canonical names to the file's; rows: observations
    (of a matrix: its cells); count: trajectories.
    """

    path: Path
    data: netCDF4.Dataset
    form: str
    names: dict[str, str]
    rows: int
    count: int
    index: str = ""

    def read(self, start: int, stop: int) -> tuple[np.ndarray, np.ndarray, dict]:
        """Observations [start, stop): trajectory of each, its number, its values.

        Cells of a matrix that hold neither time nor position are none and left out.
        """
        where = np.arange(start, stop)
        if self.form == MATRIX:
            owner = where // self._width
        elif self.form == CONTIGUOUS:
            owner = np.searchsorted(self._stops, where, side="right")
        elif self.form == INDEXED:
            owner = _filled(self.data[self.index][start:stop], -1).astype(np.int64)
        else:
            owner = np.zeros(where.size, np.int64)
        values = {
            name: self._values(name, start, stop)
            for name in (*_OBS, "quality")
            if name in self.names and self._is_of_rows(name)
        }
        keep = np.ones(where.size, bool)
        if self.form == MATRIX:
            keep = ~(np.isnan(values["lon"]) & np.isnan(values["lat"]))
            if not self._shares_times:
                keep |= ~np.isnat(values["time"])
        outside = (owner < 0) | (owner >= self.count)
        owner = np.where(outside, self.count, owner)
        return owner[keep], where[keep], {n: v[keep] for n, v in values.items()}

    def vessels(self, owner: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """MMSI (0: none) and id (a text) of the vessel of each observation."""
        mmsi, ids = self._identities
        return mmsi[owner], ids[owner]

    @cached_property
    def constants(self) -> dict[str, np.ndarray]:
        """What is said once a trajectory; one entry more, for rows of none."""
        found = {}
        for name in _CONSTANTS:
            if name in self.names and not self._is_of_rows(name):
                values = _texts(self.data[self.names[name]])
                if values.size == self.count:
                    found[name] = np.append(values, "")
        return found

    @cached_property
    def _identities(self) -> tuple[np.ndarray, np.ndarray]:
        mmsi = np.zeros(self.count + 1, np.int64)
        ids = np.full(self.count + 1, "", object)
        if "trajectory" in self.names:
            told = _texts(self.data[self.names["trajectory"]])
            if told.size == self.count:
                ids[:-1] = told
        elif self.count:
            ids[:-1] = [str(k + 1) for k in range(self.count)]
        if "mmsi" in self.names:
            told = np.atleast_1d(_filled(self.data[self.names["mmsi"]][...], 0)).ravel()
            if told.size == self.count:
                mmsi[:-1] = np.where((told > 0) & (told < 2**31), told, 0)
        if self._ours:
            split = hasattr(self.data, "split_gap")
            ids[:-1] = [vessel_of(text, split=split) for text in ids[:-1]]
        return mmsi, ids

    @property
    def _ours(self) -> bool:
        return {"row_size", "trajectory_id"} <= set(self.data.variables)

    @cached_property
    def _stops(self) -> np.ndarray:
        sizes = _filled(self.data[self.index][...], 0).astype(np.int64)
        return np.cumsum(np.maximum(sizes, 0))

    @property
    def _width(self) -> int:
        return int(self.data[self.names["lon"]].shape[1])

    def _is_of_rows(self, name: str) -> bool:
        dims = self.data[self.names[name]].dimensions
        return name == "time" or dims == self.data[self.names["lon"]].dimensions

    @property
    def _shares_times(self) -> bool:
        """Whether all trajectories of a matrix have the times of one axis."""
        return self.data[self.names["time"]].ndim == 1

    def _values(self, name: str, start: int, stop: int) -> np.ndarray:
        variable = self.data[self.names[name]]
        if self.form == MATRIX and variable.ndim == 1:
            values = variable[...][np.arange(start, stop) % self._width]
        elif self.form == MATRIX:
            width = self._width
            first, last = start // width, -(-stop // width)
            cells = variable[first:last].reshape(-1)
            values = cells[start - first * width : stop - first * width]
        else:
            values = variable[start:stop]
        if name == "time":
            return cf_times(self.path, variable, values)
        if name in ("nav_status", "transceiver", "quality"):
            missing = {"nav_status": 15, "transceiver": 0, "quality": 2}[name]
            return _filled(values, missing).astype(np.int64)
        values = np.ma.filled(np.ma.asarray(values).astype(_float(values)), np.nan)
        if name == "sog":
            values = _in_knots(self.path, variable, values)
        return values


def _float(values: np.ndarray) -> str:
    return "f4" if values.dtype == np.float32 else "f8"


def _filled(values: Any, missing: int) -> np.ndarray:
    values = np.ma.asarray(values)
    if values.dtype.kind == "f":
        values = np.ma.masked_invalid(values)
    return np.asarray(np.ma.filled(values, missing))


def _in_knots(path: Path, variable: Any, values: np.ndarray) -> np.ndarray:
    unit = " ".join(str(getattr(variable, "units", "knot")).split())
    if unit not in KNOTS:
        raise FormatError(
            f"{path}: {variable.name!r} is in {unit!r}; speeds are read in "
            f"{', '.join(KNOTS)}"
        )
    return values if KNOTS[unit] == 1.0 else values.astype("f8") * KNOTS[unit]


def _texts(variable: Any) -> np.ndarray:
    """Values of any type as texts, one a trajectory."""
    if variable.dtype is str:
        return np.atleast_1d(np.asarray(variable[...], object)).ravel().astype(object)
    values = np.ma.asarray(variable[...])
    if values.dtype.kind in "SU":
        chars = np.atleast_1d(np.ascontiguousarray(np.ma.filled(values, b"\0")))
        joined = chars.view(f"S{chars.shape[-1]}").ravel() if chars.size else chars
        texts = [text.decode("utf-8", "replace").strip("\0 ") for text in joined]
        return np.array(texts, object)
    flat = np.atleast_1d(values).ravel()
    gone = np.ma.getmaskarray(flat)
    texts = [
        "" if hidden or value != value else _number_text(value)
        for value, hidden in zip(flat.data.tolist(), gone, strict=True)
    ]
    return np.array(texts, object)


def _number_text(value: float) -> str:
    whole = isinstance(value, float) and value.is_integer()
    return str(int(value)) if whole else str(value)


def _found(
    path: Path, data: netCDF4.Dataset, columns: Mapping[str, str] | None
) -> Trajectories:
    """Name the variables and tell the representation."""
    names = _named(path, data, columns)
    missing = [name for name in ("time", "lon", "lat") if name not in names]
    if missing:
        listed = ", ".join(list(data.variables)[:30])
        raise FormatError(
            f"{path}: no variable of {', '.join(missing)} (by standard_name or name); "
            f"variables found: {listed}. Pass columns={{canonical name: variable}}"
        )
    lon, lat, time = (data[names[name]] for name in ("lon", "lat", "time"))
    kind = str(getattr(data, "featureType", "")).lower()
    shared = lon.ndim == 2 and time.dimensions == lon.dimensions[1:]
    same = lon.dimensions == lat.dimensions
    if not (
        same and (shared or lon.dimensions == time.dimensions) and lon.ndim in (1, 2)
    ):
        raise FormatError(
            f"{path}: not CF trajectories (featureType {kind or 'not given'!r}): lon "
            f"{lon.shape}, lat {lat.shape}, time {time.shape} must have one shape"
        )
    if lon.ndim == 2:
        rows, count = lon.shape[0] * lon.shape[1], lon.shape[0]
        return Trajectories(path, data, MATRIX, names, rows, count)
    n = lon.shape[0]
    for variable in data.variables.values():
        if getattr(variable, "sample_dimension", None) == lon.dimensions[0]:
            sizes = int(_filled(variable[...], 0).astype(np.int64).sum())
            if sizes != n:
                raise FormatError(
                    f"{path}: {variable.name!r} counts {sizes:,} observations, the "
                    f"file has {n:,}"
                )
            count = variable.shape[0]
            return Trajectories(path, data, CONTIGUOUS, names, n, count, variable.name)
    for variable in data.variables.values():
        instance = getattr(variable, "instance_dimension", None)
        if instance in data.dimensions and variable.dimensions == lon.dimensions:
            count = len(data.dimensions[instance])
            return Trajectories(path, data, INDEXED, names, n, count, variable.name)
    return Trajectories(path, data, SINGLE, names, n, 1)


def _named(path: Path, data, columns: Mapping[str, str] | None) -> dict[str, str]:
    said = dict(columns or {})
    wrong = [
        n for n, own in said.items() if n not in NAMES or own not in data.variables
    ]
    if wrong:
        raise FormatError(
            f"{path}: columns= names {', '.join(map(repr, wrong))}; known are "
            f"{', '.join(NAMES)}, and the variables {', '.join(data.variables)}"
        )
    by_standard: dict[str, str] = {}
    for name, variable in data.variables.items():
        standard = str(getattr(variable, "standard_name", ""))
        by_standard.setdefault(standard, name)
        if str(getattr(variable, "cf_role", "")) == "trajectory_id":
            said.setdefault("trajectory", name)
    folded = {name.casefold(): name for name in reversed(list(data.variables))}
    for name, words in NAMES.items():
        standards = [by_standard[s] for s in STANDARD_NAMES.get(name, ())
                     if s in by_standard]  # fmt: skip
        usual = [folded[word] for word in words if word in folded]
        found = [*standards, *usual]
        if name not in said and found:
            said[name] = found[0]
    return said
