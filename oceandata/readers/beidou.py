"""Positions of fishing boats by BeiDou terminal, as Chinese operators export them.

A table with headers such as ``终端号, 船名, 经度, 纬度, 航速, 航向, 定位时间`` in any
order, as CSV or text, sheet of a workbook or DBF file, in UTF-8, UTF-16 or GB18030. The
terminal's number is the vessel's id (a text); the ship's name goes to the static
reports. Times are Beijing time (UTC+8) unless ``timezone`` says otherwise.

Positions are decimal degrees, degrees with marks (``120°15′30″E``), or whole numbers
of a unit that the header, their range or ``units={"position": …}`` tells. Speeds are
in knots (节) unless the header or ``units={"sog": …}`` names another unit. Coordinates
of web maps (GCJ-02, BD-09) are refused where the file says that they are such, and
turned into WGS 84 where ``datum`` does. A course of 360 is north.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from oceandata.errors import FormatError
from oceandata.readers import chinese, coordinates, datum, encodings
from oceandata.readers.converted import ConvertedReader, Plan, Source
from oceandata.readers.frames import Forms
from oceandata.readers.generic import KNOTS
from oceandata.readers.timeforms import TimeForm, find_form, named_form
from oceankernels.tablespec import TIME_ANY

DATUM = (
    "what the coordinates refer to: 'wgs84', or 'gcj02' or 'bd09' (Chinese web maps), "
    "which become WGS 84"
)
_BLANK = pa.scalar(" ", pa.large_string())
_EDGE = "no WGS 84 position belongs to it (edge of the shifted area)"
_ROW_DATUM = "coordinates of a web map (GCJ-02 or BD-09); name the datum"
_EXCEL_DAY_ZERO = datetime(1899, 12, 30)
_DECIMALS = 7  # of converted degrees: 1 cm, beyond what any conversion knows
_AS_SAVED = r"^(?:'|=\x22)?(\d+)(?:\.0)?\x22?$"
"""A terminal's number as spreadsheets and data frames save it: '0391, ="0391", 391.0"""
_ZONED = re.compile(r":\d\d(?:\.\d+)?\s*(?:Z|UTC|GMT|[+-]\d\d:?\d\d)\s*$")
_NUMBER = r"^\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*$"


@dataclass(frozen=True)
class BeidouPlan(Plan):
    """Form of positions, datum, and whether times are days of a workbook."""

    position: str = "degree"
    datum: str | None = None
    serial: bool = False

    def convert(self, texts):
        values = {name: text for name, text in texts.items() if name in _KEPT}
        name, ids = _vessel(texts)
        values[name] = ids
        values["time"] = _time(texts, serial=self.serial)
        for axis in ("lon", "lat"):
            values[axis] = coordinates.degrees_text(
                texts[axis], axis=axis, form=self.position
            )
        for name, unit in _NUMBERS.items():
            if name in values:
                values[name] = chinese.plain_numbers(values[name], unit)
        refused = _refused_datums(texts.get("datum"), self.datum)
        if self.datum in ("gcj02", "bd09"):
            refused |= shift(values, self.datum)
        return values, refused


_NUMBERS = {
    "sog": r"节|節|kn|kts?|knots?",
    "cog": "°|度",
    "heading": "°|度",
    "length": "m|米",
    "width": "m|米",
    "draught": "m|米",
}
_KEPT = frozenset(
    {"vessel_name", "call_sign", "imo", "sog", "cog", "heading"}
    | {"length", "width", "draught"}
)


class BeidouReader(ConvertedReader):
    """Reads tables with Chinese headers; satisfies ``TrackReader``."""

    name = "beidou"
    title = (
        "BeiDou positions of Chinese fishing boats (needs 经度, 纬度, 时间 and "
        "终端号 or 船名)"
    )
    timezone = "Asia/Shanghai"
    options: ClassVar[Mapping[str, str]] = {
        "encoding": encodings.OPTION,
        "datum": DATUM,
        "units": (
            "units that the file does not tell: {'sog': "
            f"{'|'.join(KNOTS)}, 'position': {'|'.join(coordinates.FORMS)}}}"
        ),
        "time_format": "form of the times, such as '%d/%m/%Y %H:%M' or 'unix'",
    }

    def places(self, names, columns):
        places, faults = chinese.places_of(names, columns, chinese.ALIASES)
        for name in ("lon", "lat"):
            if name not in places:
                faults.append(
                    f"column {name!r} ({chinese.ALIASES[name][0]}) is missing"
                )
        if "time" not in places and "date" not in places:
            faults.append("column 'time' (时间) is missing")
        if not {"vessel", "vessel_name", "mmsi"} & set(places):
            faults.append("column 'vessel' (终端号) or 'vessel_name' (船名) is missing")
        told = [names[place] for place in places.values()]
        if not columns and all(name.isascii() for name in told):
            faults.append("no column has a Chinese header")
        return places, faults

    def plan(self, source: Source, zone: str, options: Mapping[str, Any]) -> Plan:
        where = source.head.where
        units = chinese.check_units(options.get("units"), coordinates.FORMS)
        named = datum_of(source, options.get("datum"))
        position = units.get("position") or _position(source)
        speed = units.get("sog") or _speed(source)
        serial = _is_serial(source)
        form = _form(source, options.get("time_format"), where, serial, zone)
        forms = Forms(timezone=zone, times=form, speed=KNOTS[speed])
        notes = ()
        if named in ("gcj02", "bd09"):
            notes = (f"{where}: coordinates turned from {named} into WGS 84",)
        return BeidouPlan(forms, notes, position, named, serial)


def datum_of(source: Source, named: str | None) -> str | None:
    """The datum that is named; FormatError if the file says GCJ or BD and none is."""
    if named is not None and named not in datum.DATUMS:
        raise FormatError(
            f"datum must be one of {', '.join(map(repr, datum.DATUMS))}; got {named!r}"
        )
    if named is not None:
        return named
    said = [*source.preface.splitlines(), *source.header.names, source.head.member]
    if "datum" in source.places:
        said += list(dict.fromkeys(source.sample("datum")))
    hit = next((text for text in said if chinese.OTHER_DATUM.search(text)), None)
    if hit is not None:
        raise FormatError(
            f"{source.head.where}: {hit.strip()[:80]!r} says that the coordinates are "
            "those of a Chinese web map, shifted by up to 700 m. Pass options="
            "{'datum': 'gcj02'} or {'datum': 'bd09'} to have them turned into WGS 84, "
            "or {'datum': 'wgs84'} if they are not shifted"
        )
    return None


def shift(values: dict[str, pa.Array], name: str) -> dict[int, str]:
    """Turn lon and lat (texts) into WGS 84; reasons of rows without an original."""
    lon, lat = (numbers_of(values[axis]) for axis in ("lon", "lat"))
    new = datum.to_wgs84(lon, lat, datum=name)
    known = ~(np.isnan(lon) | np.isnan(lat))
    lost = known & (np.isnan(new[0]) | np.isnan(new[1]))
    for axis, found in zip(("lon", "lat"), new, strict=True):
        values[axis] = with_degrees(values[axis], found, known & ~lost)
    return dict.fromkeys(np.flatnonzero(lost).tolist(), _EDGE)


def numbers_of(text: pa.Array) -> np.ndarray:
    """Texts as doubles; NaN where they are no decimals."""
    good = pc.fill_null(pc.match_substring_regex(text, _NUMBER), False)
    digits = pc.utf8_trim_whitespace(pc.if_else(good, text, "nan"))
    return np.asarray(digits.cast(pa.float64()))


def with_degrees(text: pa.Array, degrees: np.ndarray, where: np.ndarray) -> pa.Array:
    """Degrees rounded to 1e-7, as texts, where a mask is true; else the text."""
    rounded = np.round(np.where(where, degrees, 0.0), _DECIMALS)
    return pc.if_else(pa.array(where), pa.array(rounded).cast(pa.large_string()), text)


def _vessel(texts: Mapping[str, pa.Array]) -> tuple[str, pa.Array]:
    """What names the vessels: the terminal, or else the MMSI, or else the name."""
    name = next(n for n in ("vessel", "mmsi", "vessel_name") if n in texts)
    text = pc.utf8_trim_whitespace(texts[name])
    if name == "vessel":
        text = pc.replace_substring_regex(text, _AS_SAVED, r"\1")
    return ("mmsi" if name == "mmsi" else "vessel"), text


def _time(texts: Mapping[str, pa.Array], *, serial: bool) -> pa.Array:
    """Times as texts in signs; a date and a time of day are joined."""
    if "date" in texts and "time" in texts:
        dates = chinese.plain_times(texts["date"])
        dates = pc.replace_substring_regex(dates, r"[ T]0?0:00(:00)?$", "")
        clocks = chinese.plain_times(texts["time"])
        text = pc.binary_join_element_wise(dates, clocks, _BLANK)
        whole = pc.match_substring_regex(clocks, r"\d{4}")  # a date stands in it too
        return pc.if_else(whole, clocks, text)
    text = chinese.plain_times(texts["time" if "time" in texts else "date"])
    return _of_days(text) if serial else text


def _of_days(text: pa.Array) -> pa.Array:
    """Days since 1899-12-30, as workbooks count them, as times to the millisecond."""
    days = numbers_of(text)
    good = (days >= 1) & (days < 110_000)
    millis = np.rint(np.where(good, days, 0) * 86_400_000).astype(np.int64)
    moments = np.datetime64(_EXCEL_DAY_ZERO, "ms") + millis.astype("m8[ms]")
    return pc.if_else(pa.array(good), pa.array(moments).cast(pa.large_string()), text)


def _is_serial(source: Source) -> bool:
    """Whether the times of a workbook are bare numbers of days."""
    if source.head.compression not in ("xlsx", "xls") or "time" not in source.places:
        return False
    found = [text for text in source.sample("time") if text.strip()]
    days = [text for text in found if _looks_like_days(text)]
    return 2 * len(days) > len(found)


def _looks_like_days(text: str) -> bool:
    try:
        return 20_000 < float(text) < 80_000
    except ValueError:
        return False


def _refuse_zoned(times: list[str], zone: str, where: str) -> None:
    """FormatError if all times name a zone and the table is said to be local."""
    told = [text for text in times if text.strip()]
    if zone == "UTC" or not told or not all(map(_ZONED.search, told)):
        return
    raise FormatError(
        f"{where}: the times name their zone themselves, such as {told[0]!r}, while "
        f"the table is taken to be in {zone}. Pass timezone='UTC'"
    )


def _form(
    source: Source, named: str | None, where: str, serial: bool, zone: str
) -> TimeForm:
    if named is not None:
        return named_form(named)
    if serial:
        return TimeForm(TIME_ANY)
    texts = {n: source.rows.columns[k] for n, k in source.places.items()}
    times = _time(texts, serial=False).to_pylist()
    _refuse_zoned(times, zone, where)
    if not any(text.strip() for text in times):
        return TimeForm(TIME_ANY)
    name = source.name_of("time" if "time" in source.places else "date")
    return find_form(times, where=f"{where}: column {name!r}")


def _position(source: Source) -> str:
    """The form of positions that the header or the first values tell."""
    for axis in ("lon", "lat"):
        form = chinese.named_unit(source.name_of(axis), chinese.POSITIONS)
        if form is not None:
            return form
    lon, lat = source.sample("lon"), source.sample("lat")
    return coordinates.find_position_form(lon, lat, where=source.head.where)


def _speed(source: Source) -> str:
    if "sog" not in source.places:
        return "knot"
    header = source.name_of("sog")
    unit = chinese.named_unit(header, chinese.SPEEDS)
    if unit is None and chinese.bare(header)[1]:
        raise FormatError(
            f"{source.head.where}: column {header!r} names a unit of speed that is not "
            f"known. Pass options={{'units': {{'sog': …}}}}, one of {', '.join(KNOTS)}"
        )
    return unit or "knot"


def _refused_datums(text: pa.Array | None, named: str | None) -> dict[int, str]:
    """Rows that say that their coordinates are a web map's, where no datum is named."""
    if text is None or named is not None:
        return {}
    pattern = f"(?i){chinese.OTHER_DATUM.pattern}"
    hit = pc.fill_null(pc.match_substring_regex(text, pattern), False)
    return dict.fromkeys(np.flatnonzero(np.asarray(hit)).tolist(), _ROW_DATUM)


READER = BeidouReader()
