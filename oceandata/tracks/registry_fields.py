"""Fields of a vessel: which columns hold them, and how their values are read."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from oceandata.tracks.gears import gear_code, imo_fault

HORSEPOWER = 0.73549875
"""Kilowatts of a metric horsepower (75 kp m/s)."""


class Unfit(ValueError):
    """A value that cannot be what its column says; the text is the reason."""


@dataclass(frozen=True)
class VesselField:
    """A field of the registry.

    heads : names of columns that hold it, as :func:`plain_head` writes them. read :
    gives the value, None if nothing is said, or raises :class:`Unfit`.
    """

    name: str
    read: Callable[[str], Any]
    meaning: str
    heads: tuple[str, ...]
    units: str = ""


def plain_head(head: Any) -> str:
    """A column's name without case, width and signs.

    >>> plain_head("Call Sign"), plain_head("主机功率（kW）")
    ('callsign', '主机功率kw')
    """
    folded = unicodedata.normalize("NFKC", str(head)).casefold()
    return re.sub(r"[\W_]+", "", folded)


_NOTHING = frozenset(
    {"", "nan", "none", "null", "n/a", "na", "-", "--", "unknown", "无", "不详", "未知"}
)


def clean(value: Any) -> str:
    """A cell as text without blanks around it; empty if it says nothing."""
    if value is None or value is pd.NA or value is pd.NaT:
        return ""
    if isinstance(value, float) and math.isnan(value):
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = " ".join(unicodedata.normalize("NFKC", str(value)).split())
    return "" if text.casefold() in _NOTHING else text


_GROUPED = re.compile(r"(?<=\d)[ ,\-](?=\d)")
"""Marks that divide the digits of a number for the eye."""


def _mmsi(text: str) -> int | None:
    digits = _GROUPED.sub("", re.sub(r"\.0$", "", text))
    if digits.strip("0") == "":
        return None
    if not re.fullmatch(r"[1-9]\d{8}", digits):
        raise Unfit("an MMSI of a vessel has nine digits")
    return int(digits)


def _imo(text: str) -> int | None:
    digits = re.sub(r"(?i)^IMO(\s*no\b)?[\s:#.-]*|\.0$", "", text)
    digits = _GROUPED.sub("", digits)
    if digits.strip("0") == "":
        return None
    if not re.fullmatch(r"\d+", digits):
        raise Unfit("an IMO number has seven digits")
    if fault := imo_fault(int(digits)):
        raise Unfit(fault)
    return int(digits)


def _mark(text: str) -> str | None:
    """Call signs and registration numbers: blanks, dashes and case do not matter."""
    return re.sub(r"[\s\-./]+", "", text).upper() or None


def _gear(text: str) -> str:
    code = gear_code(text)
    if code is None:
        raise Unfit("no gear of the ISSCFG")
    return code


def _size(most: float) -> Callable[[str], float | None]:
    def read(text: str) -> float | None:
        number = re.sub(r"(?i)\s*(kw|m|gt|t)$", "", text)
        if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", number):
            number = number.replace(",", "")
        try:
            value = float(number.replace(",", "."))
        except ValueError:
            raise Unfit("is not a number") from None
        if value == 0:
            return None
        if not 0 < value <= most:
            raise Unfit(f"lies outside 0 to {most:,.0f}")
        return value

    return read


def _flag(text: str) -> str:
    return text.upper() if len(text) <= 3 and text.isascii() else text


FIELDS: tuple[VesselField, ...] = (
    VesselField(
        "name",
        str,
        "Name of the vessel",
        (
            "name",
            "vesselname",
            "shipname",
            "nameofvessel",
            "船名",
            "船舶名称",
            "渔船名称",
        ),
    ),
    VesselField(
        "imo",
        _imo,
        "IMO ship number",
        ("imo", "imonumber", "imono", "uvi", "imo号", "imo编号"),
    ),
    VesselField(
        "mmsi",
        _mmsi,
        "Maritime Mobile Service Identity",
        ("mmsi", "mmsinumber", "mmsi号", "九位码", "水上移动通信业务标识码"),
    ),
    VesselField(
        "call_sign",
        _mark,
        "Radio call sign",
        ("callsign", "ircs", "radiocallsign", "internationalradiocallsign", "呼号"),
    ),
    VesselField(
        "registration",
        _mark,
        "Number in the register of the flag state",
        (
            "registration",
            "registrationnumber",
            "registrationno",
            "cfr",
            "externalmarking",
            "渔船编码",
            "渔船编号",
            "船舶登记号",
            "登记号码",
        ),
    ),
    VesselField(
        "gear",
        _gear,
        "Main fishing gear, ISSCFG code",
        (
            "gear",
            "geartype",
            "maingear",
            "mainfishinggear",
            "作业类型",
            "作业方式",
            "渔具",
        ),
    ),
    VesselField(
        "power",
        _size(150_000),
        "Power of the main engine",
        (
            "power",
            "powerkw",
            "enginepower",
            "enginepowerkw",
            "powerofmainengine",
            "主机功率",
            "主机总功率",
            "功率",
            "主机功率kw",
        ),
        "kW",
    ),
    VesselField(
        "length",
        _size(500),
        "Length overall",
        ("length", "lengthm", "loa", "lengthoverall", "船长", "总长", "船长m"),
        "m",
    ),
    VesselField(
        "gross_tonnage",
        _size(600_000),
        "Gross tonnage",
        ("grosstonnage", "gt", "tonnagegt", "tonnage", "总吨", "总吨位"),
    ),
    VesselField(
        "home_port",
        str,
        "Home port",
        ("homeport", "portofregistration", "placeofregistration", "船籍港", "母港"),
    ),
    VesselField(
        "flag",
        _flag,
        "Flag state",
        ("flag", "flagstate", "countryofregistration", "船旗", "船旗国", "国籍"),
    ),
)
NAMES = tuple(one.name for one in FIELDS)
BY_NAME = {one.name: one for one in FIELDS}
DATES = frozenset(
    {
        "date",
        "asof",
        "updated",
        "updatedate",
        "lastupdate",
        "validfrom",
        "日期",
        "更新日期",
        "登记日期",
    }
)
IDENTIFIERS = ("imo", "registration", "mmsi", "call_sign")
"""What makes two rows one vessel, the surest first. A name never does."""

_POWER_HP = re.compile(r"(hp|马力|匹)$")


def find_columns(heads: list[Any], given: dict[str, Any]) -> dict[str, Any]:
    """Column of each field that a table has; ``given`` goes before what is known."""
    faults = [
        f"columns[{name!r}]: {head!r} is not in the table"
        for name, head in given.items()
        if head not in heads
    ]
    faults += [
        f"columns: {name!r} is no field; known are {', '.join(NAMES)} and date"
        for name in given
        if name not in (*NAMES, "date")
    ]
    if faults:
        raise ValueError("; ".join(faults))
    found = dict(given)
    for head in heads:
        plain = plain_head(head)
        bare = _POWER_HP.sub("", plain)
        for field in FIELDS:
            fits = plain in field.heads or (
                field.name == "power" and bare in field.heads
            )
            if fits and field.name not in found:
                found[field.name] = head
        if plain in DATES and "date" not in found:
            found["date"] = head
    if twice := [head for head in found.values() if heads.count(head) > 1]:
        raise ValueError(f"two columns are called {twice[0]!r}; rename one of them")
    return found


def factor_of(field: str, head: Any) -> float:
    """Kilowatts of the unit that a column of power names."""
    return (
        HORSEPOWER if field == "power" and _POWER_HP.search(plain_head(head)) else 1.0
    )
