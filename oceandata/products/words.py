"""What a map says around its frame: title, subtitle, label with the unit, source."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from oceandata import coast
from oceandata.products import masking, origin, select

_SHOWN = {"degree_C": "°C", "degC": "°C", "degree_Celsius": "°C", "degree": "°"}
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


@dataclass(frozen=True)
class Words:
    """Texts of one figure."""

    title: str
    subtitle: str
    label: str
    foot: str
    withheld: int
    minimum: int


def words_of(ds: xr.Dataset, array: xr.DataArray, hidden, block: int, **given) -> Words:
    """Texts from the attributes, but for those that are `given`."""
    attrs = ds.attrs | array.attrs
    name = _name(array)
    title = given.get("title") or ds.attrs.get("title") or name
    subtitle = given.get("subtitle")
    label = given.get("label") or _label(array, name)
    return Words(
        title=str(title),
        subtitle=_subtitle(ds, array) if subtitle is None else subtitle,
        label=label,
        foot=_foot(given.get("credit") or attrs.get("credit"), block),
        withheld=0 if hidden is None else int(hidden.sum()),
        minimum=masking.min_vessels(attrs) or masking.MIN_VESSELS,
    )


def _name(array: xr.DataArray) -> str:
    text = array.attrs.get("long_name") or str(array.name).replace("_", " ")
    text = str(text).rstrip(".")
    return text[:1].upper() + text[1:] if len(text) <= 60 else str(array.name)


def _label(array: xr.DataArray, name: str) -> str:
    units = str(array.attrs.get("units", "")).strip()
    if units in ("", "1"):
        return f"{name} (count)" if "count" in str(array.name) else f"{name} (1)"
    return f"{name} ({_SHOWN.get(units, units)})"


def moment(value: np.datetime64) -> str:
    """A coordinate of time in words: the month where it is the start of one."""
    text = select.label_of(value)
    if len(text) == 7 and text[4] == "-":
        return f"{_MONTHS[int(text[5:]) - 1]} {text[:4]}"
    return text


def value_of(value) -> str:
    """One coordinate value as a panel or subtitle names it."""
    value = np.asarray(value)[()]
    return moment(value) if isinstance(value, np.datetime64) else str(value)


def _subtitle(ds: xr.Dataset, array: xr.DataArray) -> str:
    parts = [
        value_of(array.coords[name].values)
        for name in ("ship_class", "month", "time", "depth")
        if name in array.coords and array.coords[name].ndim == 0
    ]
    period = _period(ds)
    if period and not any(n in array.coords for n in ("month", "time")):
        parts.append(period)
    parts = [part[:1].upper() + part[1:] for part in parts] + _cell(array)
    text = "  ·  ".join(parts)
    return text[:1].upper() + text[1:]


def _period(ds: xr.Dataset) -> str:
    start, stop = (ds.attrs.get(f"time_coverage_{end}") for end in ("start", "end"))
    return f"{str(start)[:10]} to {str(stop)[:10]}" if start and stop else ""


def _cell(array: xr.DataArray) -> list[str]:
    sizes = []
    for name in ("lon", "lat"):
        if array.sizes[name] < 2:
            return []
        steps = np.abs(np.diff(array[name].values[:2]))
        sizes.append(f"{float(steps[0]):.4g}°")
    size = sizes[0] if sizes[0] == sizes[1] else " × ".join(sizes)
    return [f"cells of {size}"]


def _foot(credit: str | None, block: int) -> str:
    version = origin.software().get("oceandata", "")
    parts = [f"Data: {credit}"] if credit else []
    if block > 1:
        parts.append(f"Drawn as means of {block} × {block} cells")
    day = origin.created().strftime("%Y-%m-%d")
    parts += [coast.CREDIT, f"oceandata {version}, {day}"]
    return "  |  ".join(parts)
