"""NAF, the North Atlantic Format of vessel monitoring: ``//SR//AD/FRA//…//ER//``.

Fields are ``//CODE/VALUE``; one message a line or several behind each other. A message
is a position if its type TM is POS, MAN, ENT or EXI. Speed SP is in tenths of a knot,
course CO in degrees, date DA is ``YYYYMMDD`` or (Panama) ``YYMMDD``, time TI ``HHMM``,
UTC; latitude and longitude are decimals LT and LG (``.940``, ``+53.267``) or LA and LO
(``N5315``, ``W01144``: degrees and minutes). The vessel is known by its internal
number IR, else by call sign RC, external marking XR, IMO number IM or name NA.

References
----------
NEAFC Scheme of Control and Enforcement, annex on the format of communications;
Commission Implementing Regulation (EU) No 404/2011, annex V.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from oceandata.errors import FormatError
from oceankernels.tablespec import REPAIRS

TYPES = ("POS", "MAN", "ENT", "EXI")
"""Types of messages that are positions of vessels."""

IDS = ("IR", "RC", "XR", "IM", "NA")
"""Fields that may name the vessel, the best first."""

_FIELD = re.compile(r"//([A-Z]{2})(?:/(.*?))?(?=//)")
_END = re.compile(r"//ER(?://|(?=\s*$))")
_DECIMAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)$")
_DEGREES = re.compile(r"([NS])(\d\d)(\d\d)$|([EW])(\d\d\d)(\d\d)$")
_EPOCH = datetime(1970, 1, 1)


class NafError(FormatError):
    """What is wrong with a message; the text is one of a few fixed phrases."""


@dataclass(frozen=True)
class NafMessage:
    """One position message.

    time: µs since 1970, UTC; lon, lat: degrees; speed: knots, course: degrees, None
    where absent; vessel: the id it is known by; fields: all codes with their texts.
    repairs: what was set right.
    """

    type: str
    vessel: str
    time: int
    lon: float
    lat: float
    speed: float | None
    course: float | None
    fields: dict[str, str]
    repairs: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.fields.get("NA", "")

    @property
    def call_sign(self) -> str:
        return self.fields.get("RC", "")

    @property
    def imo(self) -> int:
        """IMO number, 0 if there is none."""
        text = self.fields.get("IM", "").upper().removeprefix("IMO").strip()
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0

    @property
    def instant(self) -> datetime:
        """The time as a datetime in UTC."""
        return datetime.fromtimestamp(self.time // 1_000_000, UTC)


def parse_naf(text: str) -> NafMessage:
    """One message.

    Raises
    ------
    NafError
        The first fault: ``no start of record (//SR//)``, ``no end of record (//ER)``,
        ``message type is no position``, or one of the reasons of the tables.

    Examples
    --------
    >>> text = "//SR//TM/POS//IR/X1//DA/20201006//TI/1625//LT/53.2//LG/.94//SP/96//ER//"
    >>> message = parse_naf(text)
    >>> message.lon, message.speed, message.course
    (0.94, 9.6, None)
    """
    text = text.strip()
    if not text.startswith("//SR//"):
        raise NafError("no start of record (//SR//)")
    end = _END.search(text)
    if end is None:
        raise NafError("no end of record (//ER)")
    fields: dict[str, str] = {}
    for code, value in _FIELD.findall(text[4 : end.start()] + "//"):
        fields.setdefault(code, value.strip())
    kind = fields.get("TM", "").upper()
    if kind not in TYPES:
        raise NafError("message type is no position (POS, MAN, ENT, EXI)")
    vessel = next((fields[code] for code in IDS if fields.get(code)), "")
    if not vessel:
        raise NafError("no vessel id")
    time = _time(fields.get("DA", ""), fields.get("TI", ""))
    lon, lat = _position(fields)
    repairs: list[str] = []
    if lon == 180:
        lon = -180.0
        repairs.append(REPAIRS[9])
    speed = _speed(fields.get("SP", ""), repairs)
    course = _course(fields.get("CO", ""), repairs)
    return NafMessage(
        kind, vessel, time, lon, lat, speed, course, fields, tuple(repairs)
    )


def _time(date: str, clock: str) -> int:
    """µs since 1970 of DA and TI."""
    if not date or not clock:
        raise NafError("no time")
    if not (date.isascii() and date.isdigit() and len(date) in (6, 8)):
        raise NafError("bad time")
    clock = clock.replace(":", "")
    if not (clock.isascii() and clock.isdigit() and len(clock) in (4, 6)):
        raise NafError("bad time")
    if len(date) == 6:
        date = ("19" if date >= "80" else "20") + date
    hour, minute, second = int(clock[:2]), int(clock[2:4]), int(clock[4:] or 0)
    if hour > 23 or minute > 59 or second > 59:
        raise NafError("impossible time of day")
    try:
        day = datetime(int(date[:4]), int(date[4:6]), int(date[6:]))
    except ValueError:
        raise NafError("impossible date") from None
    seconds = (day - _EPOCH).days * 86_400 + hour * 3600 + minute * 60 + second
    return seconds * 1_000_000


def _position(fields: dict[str, str]) -> tuple[float, float]:
    """Longitude and latitude in degrees."""
    lon = _degrees(fields.get("LG", ""), fields.get("LO", ""), "EW")
    lat = _degrees(fields.get("LT", ""), fields.get("LA", ""), "NS")
    if abs(lat) > 90:
        swapped = abs(lat) <= 180 and abs(lon) <= 90
        hint = " (latitude and longitude swapped?)" if swapped else ""
        raise NafError(f"latitude out of range{hint}")
    if abs(lon) > 180:
        raise NafError("longitude out of range")
    return lon, lat


def _degrees(decimal: str, minutes: str, letters: str) -> float:
    """Degrees of a decimal, or else of ``N5315`` and the like."""
    if decimal:
        if not _DECIMAL.match(decimal):
            raise NafError("position is not a number")
        return float(decimal) + 0.0
    if not minutes:
        raise NafError("position is empty")
    found = _DEGREES.match(minutes.upper())
    parts = [part for part in found.groups() if part] if found else []
    if not parts or parts[0] not in letters or int(parts[2]) > 59:
        raise NafError("position is not a number")
    value = round(int(parts[1]) + int(parts[2]) / 60, 7)
    return -value if parts[0] in "SW" else value


def _number(text: str) -> float | None:
    if not text:
        return None
    if not _DECIMAL.match(text):
        raise NafError("speed, course or heading is not a number")
    return float(text)


def _speed(text: str, repairs: list[str]) -> float | None:
    """Knots of SP, which is in tenths of a knot."""
    value = _number(text)
    if value is None or 0 <= value <= 1022:
        return None if value is None else value / 10 + 0.0
    repairs.append(REPAIRS[0] if value == 1023 else REPAIRS[1])
    return None


def _course(text: str, repairs: list[str]) -> float | None:
    value = _number(text)
    if value is None or 0 <= value < 360:
        return None if value is None else value + 0.0
    if value == 360:
        repairs.append(REPAIRS[3])
        return 0.0
    repairs.append(REPAIRS[4])
    return None
