"""Rows of numbers to the bytes of NOAA's CSV lines, in one pass.

Numbers are written as in the real files: shortest decimals with at least one digit
after the point ("32.4042", "-80.0", "8.8").
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from oceankernels.jit import jit

LEGACY = (
    "MMSI,BaseDateTime,LAT,LON,SOG,COG,Heading,VesselName,IMO,CallSign,VesselType,"
    "Status,Length,Width,Draft,Cargo,TransceiverClass\n"
)
MODERN = (
    "mmsi,base_date_time,longitude,latitude,sog,cog,heading,vessel_name,imo,call_sign,"
    "vessel_type,status,length,width,draft,cargo,transceiver\n"
)


class Identities(NamedTuple):
    """Parts of the lines that depend on the identity only, as bytes end to end."""

    text: np.ndarray
    start: np.ndarray  # (identities, 4): MMSI, name..type, length..class, end


def identity_bytes(vessels) -> Identities:
    """The constant parts of every identity's lines."""
    text, start, at = [], [], 0
    for v in vessels:
        imo = f"IMO{v.imo}" if v.imo else ""
        size = f"{v.length},{v.width},{v.draught}" if v.length else ",,"
        ship_type = v.ship_type if v.ship_type else ""
        cargo = v.cargo if v.cargo else ""
        parts = (
            f"{v.mmsi},",
            f",{v.name},{imo},{v.call_sign},{ship_type},",
            f",{size},{cargo},{v.transceiver}\n",
        )
        row = [at]
        for part in parts:
            text.append(part.encode("ascii"))
            at += len(part)
            row.append(at)
        start.append(row)
    return Identities(
        np.frombuffer(b"".join(text), np.uint8),
        np.array(start, np.int64).reshape(-1, 4),
    )


def csv_lines(rows, identities: Identities, date: str, day_start: int, *, modern: bool):
    """Lines of rows of one day: their bytes, and where each begins."""
    numbers = np.empty((len(rows), 8), np.int64)
    for column, name in enumerate(
        ("identity", "time", "lon", "lat", "sog", "cog", "heading", "status")
    ):
        numbers[:, column] = rows[name]
    numbers[:, 1] -= day_start
    if modern:
        numbers[:, [2, 3]] = numbers[:, [3, 2]]  # the kernel writes 3 before 2
    widest = int(np.diff(identities.start[:, [0, 3]]).max(initial=0))
    out = np.empty(len(rows) * (widest + 80) + 1, np.uint8)
    begin = np.empty(len(rows) + 1, np.int64)
    stamp = np.frombuffer((date + (" " if modern else "T")).encode(), np.uint8)
    fill_lines(out, begin, numbers, identities, stamp, modern)
    return out[: begin[-1]], begin


@jit
def fill_lines(out, begin, numbers, identities, stamp, modern):
    """Write lines; nothing is checked, ``out`` must be long enough."""
    at = 0
    for i in range(numbers.shape[0]):
        begin[i] = at
        who = numbers[i, 0]
        a, b, c, d = identities.start[who]
        at = put_bytes(out, at, identities.text, a, b)
        at = put_bytes(out, at, stamp, 0, len(stamp))
        at = put_clock(out, at, numbers[i, 1])
        at = put_decimal(out, at, numbers[i, 3], 100_000)
        at = put_decimal(out, at, numbers[i, 2], 100_000)
        at = put_decimal(out, at, numbers[i, 4], 10)
        at = put_decimal(out, at, numbers[i, 5], 10)
        if modern:
            at = put_integer(out, at, numbers[i, 6])
        else:
            at = put_decimal(out, at, numbers[i, 6] * 10, 10) - 1
        at = put_bytes(out, at, identities.text, b, c)
        if numbers[i, 7] >= 0:
            at = put_integer(out, at, numbers[i, 7])
        at = put_bytes(out, at, identities.text, c, d)
    begin[numbers.shape[0]] = at


@jit
def put_bytes(out, at, text, start, stop):
    """Copy bytes; returns the place after them."""
    for k in range(start, stop):
        out[at] = text[k]
        at += 1
    return at


@jit
def put_integer(out, at, value):
    """Decimal digits of a number that is not negative."""
    size = 1
    bound = 10
    while value >= bound:
        size += 1
        bound *= 10
    for k in range(size):
        out[at + size - 1 - k] = 48 + value % 10
        value //= 10
    return at + size


@jit
def put_decimal(out, at, value, scale):
    """A fixed-point number, trailing zeros cut but one, and a comma."""
    if value < 0:
        out[at] = 45
        at += 1
        value = -value
    at = put_integer(out, at, value // scale)
    out[at] = 46
    at += 1
    rest = value % scale
    scale //= 10
    while True:
        out[at] = 48 + rest // scale
        at += 1
        rest %= scale
        if rest == 0:
            break
        scale //= 10
    out[at] = 44
    return at + 1


@jit
def put_clock(out, at, seconds):
    """hh:mm:ss and a comma."""
    parts = (seconds // 3600, seconds // 60 % 60, seconds % 60)
    for k in range(3):
        out[at] = 48 + parts[k] // 10
        out[at + 1] = 48 + parts[k] % 10
        out[at + 2] = 58 if k < 2 else 44
        at += 3
    return at
