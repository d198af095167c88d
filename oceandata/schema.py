"""What a dataset must look like: every variable is declared once, here.

The declaration (name, dims, kind, unit, CF standard name, valid range, sentinels, one
sentence) feeds validation, the attributes on output and the reference page. Four kinds
of dataset exist: ``tracks``, ``grid``, ``stations`` and ``events``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from oceandata import quality
from oceandata.errors import SchemaError

if TYPE_CHECKING:
    import xarray as xr

CONVENTIONS = "CF-1.11, ACDD-1.3"


@dataclass(frozen=True)
class Variable:
    """Declaration of one variable.

    ``kind`` is one of NumPy's dtype kinds, several allowed ("f", "iu", "M", "O").
    ``sentinels`` are values that mean "missing" in source files, never in a dataset.
    """

    name: str
    dims: tuple[str, ...]
    kind: str
    sentence: str
    units: str | None = None
    standard_name: str | None = None
    valid_min: float | None = None
    valid_max: float | None = None
    sentinels: tuple[float, ...] = ()
    extra: tuple[tuple[str, Any], ...] = ()


_FLAGS = (
    ("flag_values", np.array(quality.FLAG_VALUES, "i1")),
    ("flag_meanings", quality.FLAG_MEANINGS),
)
_NAV_STATUS = (
    "under_way_using_engine at_anchor not_under_command restricted_manoeuvrability "
    "constrained_by_draught moored aground engaged_in_fishing under_way_sailing "
    "reserved_hsc reserved_wig towing_astern pushing_ahead reserved ais_sart undefined"
)

_DECLARED = (
    Variable(
        "trajectory_id",
        ("trajectory",),
        "OUT",
        "Identity of the trajectory; one MMSI may be several vessels.",
        extra=(("cf_role", "trajectory_id"),),
    ),
    Variable(
        "mmsi",
        ("trajectory",),
        "iu",
        "Maritime Mobile Service Identity sent by the vessel; 0 if it has none.",
        valid_min=0,
        valid_max=999_999_999,
    ),
    Variable(
        "vessel",
        ("trajectory",),
        "iu",
        "Key of the vessel: its MMSI, or a stable hash of its identity text.",
    ),
    Variable(
        "row_size",
        ("trajectory",),
        "iu",
        "Number of fixes of the trajectory.",
        valid_min=0,
        extra=(("sample_dimension", "obs"),),
    ),
    Variable(
        "ship_type",
        ("trajectory",),
        "i",
        "Ship type as reported in AIS static messages (0-99); -1 if never reported.",
        valid_min=-1,
        valid_max=1023,
    ),
    Variable(
        "vessel_name",
        ("trajectory",),
        "OUT",
        "Name of the vessel as last reported; empty if never reported.",
        standard_name="platform_name",
    ),
    Variable("time", ("obs",), "M", "Time of the fix, UTC.", standard_name="time"),
    Variable(
        "lon",
        ("obs",),
        "f",
        "Longitude of the fix (WGS 84).",
        units="degrees_east",
        standard_name="longitude",
        valid_min=-180,
        valid_max=180,
        sentinels=(181.0,),
    ),
    Variable(
        "lat",
        ("obs",),
        "f",
        "Latitude of the fix (WGS 84).",
        units="degrees_north",
        standard_name="latitude",
        valid_min=-90,
        valid_max=90,
        sentinels=(91.0,),
    ),
    Variable(
        "sog",
        ("obs",),
        "f",
        "Speed over ground as reported.",
        units="knot",
        standard_name="platform_speed_wrt_ground",
        valid_min=0,
        valid_max=102.2,
        sentinels=(102.3,),
    ),
    Variable(
        "cog",
        ("obs",),
        "f",
        "Course over ground as reported, clockwise from true north.",
        units="degree",
        standard_name="platform_course",
        valid_min=0,
        valid_max=360,
        sentinels=(360.0,),
    ),
    Variable(
        "heading",
        ("obs",),
        "f",
        "True heading as reported, clockwise from true north.",
        units="degree",
        standard_name="platform_orientation",
        valid_min=0,
        valid_max=360,
        sentinels=(511.0,),
    ),
    Variable(
        "nav_status",
        ("obs",),
        "iu",
        "Navigational status as reported (ITU-R M.1371, table 45).",
        valid_min=0,
        valid_max=15,
        sentinels=(15.0,),
        extra=(
            ("flag_values", np.arange(16, dtype="i1")),
            ("flag_meanings", _NAV_STATUS),
        ),
    ),
    Variable(
        "transceiver",
        ("obs",),
        "iu",
        "Class of the AIS transceiver.",
        valid_min=0,
        valid_max=2,
        extra=(
            ("flag_values", np.arange(3, dtype="i1")),
            ("flag_meanings", "unknown class_a class_b"),
        ),
    ),
    Variable(
        "source",
        ("obs",),
        "iu",
        "Index of the input file in the attribute 'sources'.",
        valid_min=0,
    ),
    Variable(
        "quality",
        ("obs",),
        "iu",
        "Quality flag of the fix (QARTOD).",
        standard_name="quality_flag",
        valid_min=1,
        valid_max=9,
        extra=_FLAGS,
    ),
)

VARIABLES: dict[str, Variable] = {v.name: v for v in _DECLARED}
"""Variables of tracks, by name."""

REQUIRED = {
    "tracks": ("trajectory_id", "row_size", "time", "lon", "lat"),
    "grid": (),
    "stations": ("lon", "lat"),
    "events": ("start", "stop"),
}
KINDS = tuple(REQUIRED)


def attributes(name: str) -> dict[str, Any]:
    """CF attributes of a declared variable.

    >>> attributes("sog")["units"]
    'knot'
    """
    variable = VARIABLES[name]
    out: dict[str, Any] = {"long_name": variable.sentence.rstrip(".")}
    if variable.units:
        out["units"] = variable.units
    if variable.standard_name:
        out["standard_name"] = variable.standard_name
    out.update(variable.extra)
    return out


def kind_of(ds: xr.Dataset) -> str:
    """Which of the four kinds a dataset is, judged by its dimensions."""
    dims = set(ds.dims)
    if "event" in dims:
        return "events"
    if {"trajectory", "obs"} <= dims:
        return "tracks"
    if "station" in dims or "profile" in dims:
        return "stations"
    if {"lat", "lon"} <= dims or dims & {"node", "face", "eta_rho", "y"}:
        return "grid"
    raise SchemaError(
        "the dataset is none of tracks (trajectory, obs), grid (lat, lon), stations "
        f"(station) or events (event); its dimensions are {tuple(ds.dims)}"
    )


def validate(ds: xr.Dataset, kind: str | None = None) -> xr.Dataset:
    """Check a dataset against its declaration; one error lists all faults.

    Parameters
    ----------
    ds : Dataset
        Any of the four kinds.
    kind : str, optional
        ``tracks``, ``grid``, ``stations`` or ``events``; judged by dimensions if None.

    Returns
    -------
    Dataset
        The same object, unchanged.

    Raises
    ------
    SchemaError
        All faults in one message: missing variables, wrong dimensions, wrong dtype,
        values out of range (the first with its place), time that is not UTC.

    Examples
    --------
    >>> import xarray as xr
    >>> validate(xr.Dataset({"lon": ("obs", [121.5])}), kind="tracks")
    Traceback (most recent call last):
    ...
    oceandata.errors.SchemaError: tracks: 4 faults:
      - variable 'trajectory_id' (trajectory) is missing
      - variable 'row_size' (trajectory) is missing
      - variable 'time' (obs) is missing
      - variable 'lat' (obs) is missing
    """
    kind = kind or kind_of(ds)
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {KINDS}, got {kind!r}")
    faults = [
        f"variable {name!r}{_dims_text(name)} is missing"
        for name in REQUIRED[kind]
        if name not in ds.variables
    ]
    if kind == "tracks":
        faults += _track_faults(ds)
    else:
        faults += _other_faults(ds, kind)
    if faults:
        raise SchemaError(faults, where=kind)
    return ds


def _dims_text(name: str) -> str:
    declared = VARIABLES.get(name)
    return f" ({', '.join(declared.dims)})" if declared else ""


def _track_faults(ds: xr.Dataset) -> list[str]:
    faults = []
    for name, declared in VARIABLES.items():
        if name not in ds.variables:
            continue
        found = ds.variables[name]
        if found.dims != declared.dims:
            faults.append(f"{name} must have dims {declared.dims}, got {found.dims}")
        elif found.dtype.kind not in declared.kind:
            faults.append(
                f"{name} must be of kind {declared.kind!r}, got dtype {found.dtype}"
            )
        else:
            faults += range_faults(name, found.values, declared, ds)
    if "row_size" in ds.variables and "obs" in ds.sizes:
        total = int(ds["row_size"].sum())
        if total != ds.sizes["obs"]:
            faults.append(
                f"row_size sums to {total:,}, but obs has {ds.sizes['obs']:,}"
            )
    return faults


def _other_faults(ds: xr.Dataset, kind: str) -> list[str]:
    faults = []
    for axis, (low, high) in {"lat": (-90, 90), "lon": (-180, 360)}.items():
        if axis in ds.variables and ds[axis].dtype.kind == "f":
            limits = Variable(axis, (), "f", "", valid_min=low, valid_max=high)
            limits = VARIABLES[axis] if kind == "stations" else limits
            faults += range_faults(axis, ds[axis].values, limits, ds)
    if "time" in ds.variables and ds["time"].dtype.kind not in "MO":
        faults.append(f"time must be datetime64 in UTC, got dtype {ds['time'].dtype}")
    if "depth" in ds.variables and "positive" not in ds["depth"].attrs:
        faults.append(
            "depth must say its direction: attrs['positive'] = 'down' or 'up'"
        )
    return faults


def range_faults(
    name: str, values: np.ndarray, declared: Variable, ds: xr.Dataset
) -> list[str]:
    """Say which values lie outside the declared range, and where the first one is."""
    if declared.valid_min is None or values.size == 0:
        if values.dtype.kind == "M" and np.isnat(values).any():
            place = int(np.flatnonzero(np.isnat(values))[0])
            return [f"{name} must be known; the first missing one is at {place:,}"]
        return []
    low, high = declared.valid_min, declared.valid_max
    wrong = values < low
    if high is not None:
        wrong |= values > high
    must_be_finite = name in ("lon", "lat")
    if must_be_finite:
        wrong |= ~np.isfinite(values)
    count = int(wrong.sum())
    if not count:
        return []
    place = tuple(int(k[0]) for k in np.nonzero(wrong))
    dims = ds.variables[name].dims if name in ds.variables else declared.dims
    where = ", ".join(f"{d}={k}" for d, k in zip(dims, place, strict=False))
    span = f"[{low:g}, {high:g}]" if high is not None else f"[{low:g}, …)"
    unit = f" {declared.units}" if declared.units else ""
    verb = "do" if count > 1 else "does"
    return [
        f"{name} must lie in {span}{unit}; {count:,} of {values.size:,} values {verb} "
        f"not, the first is {values[place]:g} at {where}"
    ]
