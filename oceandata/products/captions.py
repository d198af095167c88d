"""What a map says around its frame: title, subtitle, label with the unit, source."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from oceandata.products import masking, origin, select, words

_SHOWN = {"degree_C": "°C", "degC": "°C", "degree_Celsius": "°C", "degree": "°"}


@dataclass(frozen=True)
class Words:
    """Texts of one figure."""

    title: str
    subtitle: str
    label: str
    foot: str
    withheld: str
    language: str = "en"


def words_of(
    ds: xr.Dataset,
    array: xr.DataArray,
    hidden,
    block: int,
    *,
    language: str = "en",
    ground: tuple[str, ...] = (),
    **given,
) -> Words:
    """Texts from the attributes, but for those that are `given`.

    `ground` says what lies under the values, where that is not our own coastline.
    """
    attrs = ds.attrs | array.attrs
    name = _name(array, language)
    title = given.get("title") or words.term(language, ds.attrs.get("title") or name)
    subtitle = given.get("subtitle")
    label = given.get("label") or _label(array, name, language)
    credit = given.get("credit") or attrs.get("credit") or attrs.get("attribution")
    return Words(
        title=str(title),
        subtitle=_subtitle(ds, array, language) if subtitle is None else subtitle,
        label=label,
        foot=_foot(credit, block, language, ground),
        withheld=_withheld(attrs, hidden, language),
        language=language,
    )


def _withheld(attrs, hidden, language: str) -> str:
    """The legend of the grey cells; empty where there are none."""
    count = 0 if hidden is None else int(hidden.sum())
    if not count:
        return ""
    minimum = masking.min_vessels(attrs) or masking.MIN_VESSELS
    key = "withheld_cell" if count == 1 else "withheld_cells"
    return words.say(language, key, count=count, minimum=minimum)


def _name(array: xr.DataArray, language: str) -> str:
    text = array.attrs.get("long_name") or words.key_text(str(array.name))
    text = words.term(language, str(text).rstrip("."))
    return text[:1].upper() + text[1:] if len(text) <= 60 else str(array.name)


def _label(array: xr.DataArray, name: str, language: str) -> str:
    units = str(array.attrs.get("units", "")).strip()
    if units in ("", "1"):
        counted = "count" in str(array.name)
        return words.say(language, "label_count" if counted else "label_one", name=name)
    return words.say(language, "label", name=name, units=_SHOWN.get(units, units))


def moment(value: np.datetime64, language: str = "en") -> str:
    """A coordinate of time in words: the month where it is the start of one."""
    text = select.label_of(value)
    if len(text) == 7 and text[4] == "-":
        return words.month(language, int(text[:4]), int(text[5:]))
    return text


def value_of(value, language: str = "en") -> str:
    """One coordinate value as a panel or subtitle names it."""
    value = np.asarray(value)[()]
    if isinstance(value, np.datetime64):
        return moment(value, language)
    return words.term(language, str(value))


def _subtitle(ds: xr.Dataset, array: xr.DataArray, language: str) -> str:
    parts = [
        value_of(array.coords[name].values, language)
        for name in ("ship_class", "month", "time", "depth")
        if name in array.coords and array.coords[name].ndim == 0
    ]
    period = _period(ds, language)
    if period and not any(n in array.coords for n in ("month", "time")):
        parts.append(period)
    parts = [part[:1].upper() + part[1:] for part in parts] + _cell(array, language)
    text = "  ·  ".join(parts)
    return text[:1].upper() + text[1:]


def _period(ds: xr.Dataset, language: str) -> str:
    start, stop = (ds.attrs.get(f"time_coverage_{end}") for end in ("start", "end"))
    if not (start and stop):
        return ""
    return words.say(language, "span", start=str(start)[:10], stop=str(stop)[:10])


def _cell(array: xr.DataArray, language: str) -> list[str]:
    sizes = []
    for name in ("lon", "lat"):
        if array.sizes[name] < 2:
            return []
        steps = np.abs(np.diff(array[name].values[:2]))
        sizes.append(f"{float(steps[0]):.4g}°")
    size = sizes[0] if sizes[0] == sizes[1] else " × ".join(sizes)
    return [words.say(language, "cells_of", size=size)]


def _foot(credit: str | None, block: int, language: str, ground) -> str:
    version = origin.software().get("oceandata", "")
    parts = [words.say(language, "data", credit=credit)] if credit else []
    if block > 1:
        parts.append(words.say(language, "means", block=block))
    parts += list(ground) or [words.say(language, "coast")]
    day = origin.created().strftime("%Y-%m-%d")
    return "  |  ".join([*parts, f"oceandata {version}, {day}"])
