"""The table parser in plain Python: split, float(), datetime, one record at a time.

Slow and obvious; the kernels must agree with it on every record, good or bad.
"""

from __future__ import annotations

import math
import re
from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np

LIMIT = 1 << 20
BLANK = b" \t\r"
NUMBER = re.compile(rb"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
CLOCK = re.compile(rb"(\d{1,2}):( *)(\d{1,2})(?::( *)(\d{1,2})(?:\.(\d+))?)?")
MISSING_WORDS = (b"", b"na", b"nan", b"n/a", b"null", b"none")
EPOCH = datetime(1970, 1, 1)
MOBILE_REASONS = {
    10: "base station, not a vessel",
    11: "aid to navigation, not a vessel",
    12: "SAR aircraft, not a vessel",
    13: "search and rescue transmitter, not a vessel",
    14: "man overboard device, not a vessel",
    15: "EPIRB or locating device, not a vessel",
}


class Bad(Exception):
    """Why a record is refused."""


def tokens(data: bytes, p: int, delim: bytes):
    """One record from ``p``: (fields, index after it), or None if quotes are wrong.

    Yields the position of every line end inside quotes to the caller through the list
    returned third.
    """
    fields, inside = [], []
    mark = delim[0]
    while True:
        if data[p : p + 1] == b'"':
            q = p + 1
            while True:
                if q >= len(data):
                    return None, q, inside
                if data[q] == 34:
                    if data[q + 1 : q + 2] != b'"':
                        break
                    q += 1
                elif data[q] == 10:
                    inside.append(q)
                q += 1
            fields.append(data[p + 1 : q])
            p = q + 1
            rest = data[p : p + 2]
            if not (
                rest == b"" or rest[:1] in (delim, b"\n") or rest in (b"\r\n", b"\r")
            ):
                return None, p, inside
        else:
            q = p
            while q < len(data) and data[q] not in (mark, 10):
                q += 1
            fields.append(data[p:q])
            p = q
        if data[p : p + 1] == b"\r" and data[p + 1 : p + 2] in (b"", b"\n"):
            p += 1
        if p >= len(data) or data[p] == 10:
            if fields[-1].endswith(b"\r"):
                fields[-1] = fields[-1][:-1]
            return fields, min(p + 1, len(data)), inside
        p += 1


def whole_line(line: bytes, n_fields: int, delim: bytes) -> bool:
    """Whether a line is by itself a record whose quotes make sense."""
    fields, _, _ = tokens(line, 0, delim)
    if fields is None or len(fields) != n_fields:
        return False
    plain = re.sub(rb'(^|%b)"([^"]|"")*"' % re.escape(delim), rb"\1", line)
    return b'"' not in plain


def records(data: bytes, n_fields: int, delim: bytes = b","):
    """All records: (line, raw, fields or reason)."""
    p, line = 0, 1
    while p < len(data):
        end = data.find(b"\n", p)
        end = len(data) if end < 0 else end
        physical = data[p:end]
        if physical in (b"", b"\r"):
            p, line = end + 1, line + 1
            continue
        after, result = end + 1, None
        if len(physical) > LIMIT:
            result = "record longer than 1 MiB"
        else:
            fields, stop, inside = tokens(data, p, delim)
            broken = fields is None
            for at in inside:
                following = data[at + 1 :].split(b"\n", 1)[0]
                broken = broken or whole_line(following, n_fields, delim)
            broken = broken or (inside and len(fields) != n_fields)
            broken = broken or (inside and inside[-1] - p > LIMIT)
            if broken:
                result = "quote that does not close"
            else:
                after = stop
                result = fields
                if len(fields) != n_fields:
                    result = "wrong number of fields"
        yield line, data[p:after], result
        line += max(1, data.count(b"\n", p, after))
        p = after


STATIONS = {
    "00": "coast station by its MMSI (00MIDxxxx)",
    "111": "SAR aircraft by its MMSI (111MIDxxx)",
    "99": "aid to navigation by its MMSI (99MIDxxxx)",
}


def is_missing(text: bytes) -> bool:
    return bytes(c | 32 for c in text.strip(BLANK)) in MISSING_WORDS


def number(text: bytes, reason: str) -> Decimal | None:
    if is_missing(text):
        return None
    text = text.strip(BLANK)
    if not NUMBER.fullmatch(text):
        raise Bad(reason)
    return Decimal(text.decode())


def as_float(value: Decimal) -> float:
    return float(str(value)) + 0.0


def parse_clock(text: bytes) -> timedelta:
    found = CLOCK.fullmatch(text.strip(BLANK))
    if not found:
        raise Bad("bad time")
    hour, minute = int(found[1]), int(found[3])
    second = int(found[5] or 0)
    if hour > 23 or minute > 59 or second > 59:
        raise Bad("impossible time of day")
    micro = int((found[6] or b"0")[:6].ljust(6, b"0"))
    return timedelta(hours=hour, minutes=minute, seconds=second, microseconds=micro)


def parse_date(text: bytes, order: str) -> tuple[datetime, bytes]:
    """The date at the start of a text, and what follows."""
    pattern = (
        rb"(\d{4})-(\d{1,2})-(\d{1,2})"
        if order == "ymd"
        else (rb"(\d{1,2})/(\d{1,2})/(\d{4})")
    )
    found = re.match(pattern, text)
    if not found:
        raise Bad("bad time")
    parts = [int(x) for x in found.groups()]
    year, month, day = parts if order == "ymd" else parts[::-1]
    try:
        return datetime(year, month, day), text[found.end() :]
    except ValueError:
        raise Bad("impossible date") from None


def parse_time(text: bytes, order: str) -> int:
    text = text.strip(BLANK)
    if is_missing(text):
        raise Bad("no time")
    text = text[:-1] if text.endswith(b"Z") else text
    fault = None
    try:
        date, rest = parse_date(text, order)
    except Bad as error:
        if str(error) == "bad time":
            raise
        fault, date = error, EPOCH
        rest = text[re.match(rb"\d+[-/]\d+[-/]\d+", text).end() :]
        width = re.match(
            rb"\d{4}-\d\d?-\d\d?" if order == "ymd" else rb"\d\d?/\d\d?/\d{4}", text
        )
        rest = text[width.end() :]
    marks = (b" ", b"T") if order == "ymd" else (b" ",)
    if rest[:1] not in marks:
        raise Bad("bad time")
    try:
        clock = parse_clock(rest[1:])
    except Bad as error:
        raise (fault or error) if "impossible" in str(error) else error from None
    if fault:
        raise fault
    return (date + clock - EPOCH) // timedelta(microseconds=1)


def split_time(date_text: bytes, clock_text: bytes) -> int:
    fault, date, clock = None, None, None
    date_text = date_text.strip(BLANK)
    if not is_missing(date_text):
        date, rest = parse_date(date_text, "dmy")
        if rest:
            raise Bad("bad time")
    if not is_missing(clock_text):
        clock = parse_clock(clock_text)
    if date is None or clock is None:
        raise fault or Bad("no time")
    return (date + clock - EPOCH) // timedelta(microseconds=1)


def position(lon_text: bytes, lat_text: bytes) -> tuple[float, float]:
    reason = "position is not a number"
    lat, lon = number(lat_text, reason), number(lon_text, reason)
    if lat is None or lon is None:
        raise Bad("position is empty")
    if lat.copy_abs() <= 90 and lon.copy_abs() <= 180:
        east = as_float(lon)
        return (-180.0 if east >= 180 else east), as_float(lat)
    if lat == 91 or lon == 181:
        raise Bad("no position (lat 91, lon 181)")
    if lat.copy_abs() > 90:
        swapped = lat.copy_abs() <= 180 and lon.copy_abs() <= 90
        raise Bad(
            "latitude out of range"
            + (" (latitude and longitude swapped?)" if swapped else "")
        )
    raise Bad("longitude out of range")


def speed_like(text: bytes, top, course_360: bool = False) -> float:
    value = number(text, "speed, course or heading is not a number")
    if value is None:
        return math.nan
    if course_360 and value == 360:
        return 0.0
    if value < 0 or (value > top if top < 200 else value >= top):
        return math.nan
    return float(np.float32(as_float(value)))


def fold(text: bytes) -> bytes:
    return bytes(c | 32 for c in text.strip(BLANK))


def row(cells: dict[str, bytes], kind: str, words: dict) -> tuple:
    """(vessel, time, lon, lat, sog, cog, heading, status, transceiver), or Bad."""
    transceiver = 0
    if kind == "dma":
        known = {fold(w.encode()): code for w, code in words["mobile"].items()}
        code = known.get(fold(cells["mobile"]))
        if code is None:
            raise Bad("type of mobile not known")
        if code >= 10:
            raise Bad(MOBILE_REASONS[code])
        transceiver = code
    if kind == "noaa":
        transceiver = {b"a": 1, b"b": 2}.get(fold(cells["transceiver"]), 0)
    if kind == "tacsat":
        vessel = cells["vessel"].strip(BLANK)
        if is_missing(vessel):
            raise Bad("no vessel id")
    else:
        value = number(cells["mmsi"], "bad mmsi")
        if value is None:
            raise Bad("no vessel id")
        if value != value.to_integral_value() or not 1 <= value <= 999_999_999:
            raise Bad("bad mmsi")
        vessel = int(value)
        text = f"{vessel:09d}"
        for prefix, who in STATIONS.items():
            if text.startswith(prefix) and 201 <= int(text[len(prefix) :][:3]) <= 775:
                raise Bad(f"{who}, not a vessel")
    if kind == "tacsat":
        time = split_time(cells["date"], cells["time_of_day"])
    else:
        time = parse_time(cells["time"], "ymd" if kind == "noaa" else "dmy")
    lon, lat = position(cells["lon"], cells["lat"])
    north = kind == "tacsat"
    sog = speed_like(cells["sog"], Decimal("102.2"))
    cog = speed_like(cells["cog"], Decimal(360), north)
    heading = math.nan if north else speed_like(cells["heading"], Decimal(360))
    status = 15
    if kind == "noaa":
        value = number(cells["nav_status"], "navigational status is not a number")
        if value is not None and value in range(16):
            status = int(value)
    if kind == "dma":
        known = {fold(w.encode()): code for w, code in words["status"].items()}
        status = known.get(fold(cells["nav_status"]), 15)
    return vessel, time, lon, lat, sog, cog, heading, status, transceiver


def read(data: bytes, names: list[str | None], kind: str, words: dict | None = None):
    """Records of a headerless table: (rows with their line, refused as line/reason)."""
    rows, refused = [], []
    for line, raw, fields in records(data, len(names)):
        if isinstance(fields, str):
            refused.append((line, fields))
        elif b"\0" in raw:
            refused.append((line, "NUL byte in the record"))
        else:
            cells = {n: f for n, f in zip(names, fields, strict=True) if n}
            try:
                rows.append(row(cells, kind, words or {}))
            except Bad as error:
                refused.append((line, str(error)))
    return rows, refused
