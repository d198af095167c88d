"""Which layout a message has: the table of all layouts, and the choice among them."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

from oceandata.readers import (
    nmea_fields_imo,
    nmea_fields_inland,
    nmea_fields_network,
    nmea_fields_ships,
    nmea_fields_weather,
)
from oceandata.readers.nmea_fields_layout import Layout
from oceankernels.nmeafields import get_numbers

Key = tuple[int, int, int]
GENERIC = -1  # area code and function of a binary message that is handed over as data
TYPES = range(1, 28)

# offset, width of what decides on the form of a message
_PROBES = {
    "type": (0, 6),
    "mmsi": (8, 30),
    "part": (38, 2),
    "addressed_22": (139, 1),
    "dac_6": (72, 10),
    "fid_6": (82, 6),
    "dac_8": (40, 10),
    "fid_8": (50, 6),
    "wmo": (56, 1),
}


@functools.cache
def layouts() -> dict[Key, Layout]:
    """Every layout by (type, form, form); of 6 and 8 by (type, area code, function)."""
    return {
        **nmea_fields_ships.layouts(),
        **nmea_fields_network.layouts(),
        **nmea_fields_weather.layouts(),
        **nmea_fields_imo.layouts(),
        **nmea_fields_inland.layouts(),
    }


@dataclass(frozen=True)
class Form:
    """The messages of one form: ``rows`` (m,) are their places in the input."""

    key: Key
    layout: Layout
    rows: np.ndarray


def forms(packed, first, n_bits, *, loose=frozenset()) -> tuple[list[Form], dict]:
    """Messages by their form, and the faults {place: why} of those that have none.

    A binary message whose application is unknown, or whose length is not the
    application's, goes to the form that hands its data over. The length counts not for
    applications of the area codes in ``loose``.
    """
    number, a, b = _keys(packed, first, n_bits)
    found: dict[Key, list[np.ndarray]] = {}
    faults: dict[int, str] = {}
    code = (number << 24) | (a << 8) | b
    order = np.argsort(code, kind="stable")
    cuts = np.flatnonzero(np.diff(code[order])) + 1
    for rows in np.split(order, cuts) if order.size else ():
        key = (int(number[rows[0]]), int(a[rows[0]]), int(b[rows[0]]))
        chosen = layouts().get(key)
        if key[0] in (6, 8):
            if chosen and key[1] not in loose:
                fits = _fits(chosen, n_bits[rows])
                _add(found, key, rows[fits])
                rows, chosen = rows[~fits], None
            if chosen is None:
                key = (key[0], GENERIC, GENERIC)
                chosen = layouts()[key]
        if chosen is None:
            faults.update(dict.fromkeys(rows.tolist(), _no_form(key)))
            continue
        fits = _fits(chosen, n_bits[rows])
        if key[0] in (6, 8) and key[1] in loose:
            fits = n_bits[rows] >= (88 if key[0] == 6 else 56)
        _add(found, key, rows[fits])
        for row in rows[~fits].tolist():
            faults[row] = _wrong_length(key[0], chosen, int(n_bits[row]))
    out = [Form(k, layouts()[k], np.sort(np.concatenate(r))) for k, r in found.items()]
    return sorted(out, key=lambda form: form.key), faults


def _add(found: dict, key: Key, rows: np.ndarray) -> None:
    if rows.size:
        found.setdefault(key, []).append(rows)


def _fits(layout: Layout, n_bits: np.ndarray) -> np.ndarray:
    return (n_bits >= layout.least) & (n_bits <= layout.most)


def _no_form(key: Key) -> str:
    if key[0] == 24:
        return (
            f"part number of a type 24 must be 0 or 1; it is {3 if key[1] > 3 else 2}"
        )
    return f"type of a message must be 1 to 27; it is {key[0]}"


def _wrong_length(number: int, layout: Layout, n_bits: int) -> str:
    wanted = f"{layout.least} to {layout.most}"
    if layout.least == layout.most:
        wanted = str(layout.least)
    return f"a message of type {number} has {wanted} bits; this one has {n_bits}"


def _keys(packed, first, n_bits) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The key of each message: three arrays (m,) int64."""
    table = np.array([(*place, 0) for place in _PROBES.values()], np.int64)
    out = np.empty((len(_PROBES), first.size), np.int64)
    get_numbers(packed, first, n_bits, table, True, out)
    probe = dict(zip(_PROBES, out, strict=True))
    number = probe["type"]
    a, b = np.zeros_like(number), np.zeros_like(number)
    part = probe["part"]
    auxiliary = probe["mmsi"] // 10_000_000 == 98
    for kind, form in (
        (16, n_bits >= 144),
        (22, probe["addressed_22"]),
        (
            24,
            np.array([0, 1, 3, 4])[probe["part"]] + (auxiliary & (probe["part"] == 1)),
        ),
        (25, part >> 1),
        (26, part >> 1),
        (6, probe["dac_6"]),
        (8, probe["dac_8"]),
    ):
        a = np.where(number == kind, form, a)
    for kind, form in (
        (25, part & 1),
        (26, part & 1),
        (6, probe["fid_6"]),
        (8, probe["fid_8"]),
    ):
        b = np.where(number == kind, form, b)
    wmo = (number == 8) & (a == 1) & (b == 21) & (probe["wmo"] == 1)
    return number, a.astype(np.int64), np.where(wmo, 85, b).astype(np.int64)
