"""CF times of a NetCDF variable as datetimes, exactly where they are whole numbers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import cftime
import numpy as np

from oceandata.errors import FormatError

_GREGORIAN = ("standard", "gregorian", "proleptic_gregorian")


def cf_times(path: Path, variable: Any, values: Any) -> np.ndarray:
    """CF times as datetime64[us]; NaT where there is none."""
    calendar = str(getattr(variable, "calendar", "standard")).lower()
    units = str(getattr(variable, "units", ""))
    if calendar not in _GREGORIAN:
        raise FormatError(
            f"{path}: times are of the calendar {calendar!r}; expected one of "
            f"{', '.join(_GREGORIAN)}"
        )
    values = np.ma.asarray(values)
    if values.dtype.kind == "f":
        values = np.ma.masked_invalid(values)
    origin, step = _epoch(path, variable.name, units, calendar)
    missing = np.ma.getmaskarray(values)
    plain = np.ma.filled(values, 0)
    if plain.dtype.kind == "f":
        whole = np.rint(plain.astype("f8") * step)
        bad = missing | ~(np.abs(whole) < 2.0**62)
        micros = np.where(bad, 0, whole).astype(np.int64)
    else:
        ticks = plain.astype(np.int64)
        bad = missing | (np.abs(ticks) > 2**62 // step)
        micros = np.where(bad, 0, ticks) * step
    out = (micros + origin).view("M8[us]")
    out[bad] = np.datetime64("NaT")
    return out


_STEPS = {
    **dict.fromkeys(("microsecond", "microseconds"), 1),
    **dict.fromkeys(("millisecond", "milliseconds", "msec", "ms"), 1000),
    **dict.fromkeys(("second", "seconds", "sec", "secs", "s"), 1_000_000),
    **dict.fromkeys(("minute", "minutes", "min", "mins"), 60_000_000),
    **dict.fromkeys(("hour", "hours", "hr", "hrs", "h"), 3_600_000_000),
    **dict.fromkeys(("day", "days", "d"), 86_400_000_000),
}


def _epoch(path: Path, name: str, units: str, calendar: str) -> tuple[int, int]:
    """µs of the origin since 1970 and of one step, of ``days since 1950-01-01``."""
    step, _, origin = units.partition(" since ")
    if step.strip().lower() not in _STEPS or not origin:
        raise FormatError(
            f"{path}: the units of {name!r} are {units!r}; expected CF times such as "
            "'seconds since 1970-01-01' in µs, ms, s, min, h or days"
        )
    found = _ORIGIN.match(origin.strip())
    try:
        parts = [int(part or 0) for part in found.groups()[:5]]
        whole = cftime.datetime(*parts, calendar=calendar)
        since = whole - cftime.datetime(1970, 1, 1, calendar=calendar)
        offset = _offset_us(found["zone"] or "Z")
    except (AttributeError, ValueError, OverflowError, TypeError) as error:
        raise FormatError(
            f"{path}: the units of {name!r}, {units!r}, name no moment to count from "
            f"({error})"
        ) from None
    seconds = round(float(found["second"] or 0) * 1e6)
    days = since.days * 86_400_000_000 + since.seconds * 1_000_000
    return days + seconds - offset, _STEPS[step.strip().lower()]


_ORIGIN = re.compile(
    r"(\d{1,4})-(\d{1,2})-(\d{1,2})(?:[T ]+(\d{1,2}):(\d{1,2})"
    r"(?::(?P<second>\d{1,2}(?:\.\d*)?))?)?\s*(?P<zone>Z|UTC|GMT|[-+]\d.*)?$"
)
_ZONE = re.compile(r"([-+])(\d{1,2}):?(\d{2})?$")


def _offset_us(zone: str) -> int:
    """µs that a zone's clocks are ahead of UTC: of ``Z`` or ``+8:00``."""
    if zone in ("Z", "UTC", "GMT"):
        return 0
    sign, hours, minutes = _ZONE.match(zone.strip()).groups()
    size = (int(hours) * 60 + int(minutes or 0)) * 60_000_000
    return -size if sign == "-" else size
