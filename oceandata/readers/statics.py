"""What vessels say of themselves, taken from the rows where it changes."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from oceandata.readers.layout import STATIC_NAMES, decode
from oceandata.readers.protocol import REPORT_DTYPES, Reports
from oceankernels import tablefields

TEXTS = {"vessel_name": "name", "call_sign": "call_sign", "destination": "destination"}
SIZES = ("length", "width", "draught")
ANTENNA = {"length": ("to_bow", "to_stern"), "width": ("to_port", "to_starboard")}
"""Sizes as the sum of the antenna's distances from the ends and sides."""
_UNKNOWN = {"unknown", "undefined", "none", "null", "na", "n/a", "nan", "unknown value"}
_AVIS = {
    **dict.fromkeys((1001, 1002), 30),
    **dict.fromkeys((1003, 1004, 1016), 70),
    **dict.fromkeys((1012, 1013, 1014, 1015), 60),
    **dict.fromkeys((1017, 1024), 80),
    **dict.fromkeys((1023, 1025), 52),
    **dict.fromkeys((1018, 1019), 37),
    1021: 35,
}
"""US vessel documentation codes in NOAA's older files, as AIS codes; others 90."""


CONTENT = tuple(
    name for name in REPORT_DTYPES if name not in ("vessel", "time", "transceiver")
)
_MOST_KNOWN = 1_000_000


_numbers = itertools.count(1)  # of contents; none is used twice in a process


@dataclass(frozen=True)
class Known:
    """Contents by their hash: ``number`` tells equal ones, 0 that all is unknown."""

    hashes: np.ndarray
    number: np.ndarray
    columns: dict[str, np.ndarray]

    def place(self, hashes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where hashes (n,) stand, and whether they do."""
        place = np.searchsorted(self.hashes, hashes)
        there = place < self.hashes.size
        there[there] = self.hashes[place[there]] == hashes[there]
        return place, there


class Statics:
    """Decoded contents of static columns by their hash; shared by parsing threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._forget()

    def _forget(self) -> None:
        columns = {name: np.empty(0, REPORT_DTYPES[name]) for name in CONTENT}
        self._known = Known(np.empty(0, np.uint64), np.empty(0, np.uint64), columns)
        self._met: dict[tuple, int] = {}

    def find(
        self, hashes: np.ndarray, decode_rows: Callable
    ) -> tuple[Known, np.ndarray]:
        """Contents that will not change, and the places of hashes (n,) among them.

        ``decode_rows`` decodes the k-th ones of them.
        """
        known = self._known
        place, there = known.place(hashes)
        if there.all():
            return known, place
        with self._lock:
            if self._known.hashes.size > _MOST_KNOWN:
                self._forget()
            _, there = self._known.place(hashes)
            if not there.all():
                new, first = np.unique(hashes[~there], return_index=True)
                self._learn(new, decode_rows(np.flatnonzero(~there)[first]))
            known = self._known
        return known, known.place(hashes)[0]

    def _learn(self, new: np.ndarray, fresh: dict[str, np.ndarray]) -> None:
        known = self._known
        where = np.searchsorted(known.hashes, new)
        self._known = Known(
            np.insert(known.hashes, where, new),
            np.insert(known.number, where, self._number(fresh)),
            {
                name: np.insert(values, where, fresh[name])
                for name, values in known.columns.items()
            },
        )

    def _number(self, fresh: dict[str, np.ndarray]) -> np.ndarray:
        """A number of each content, 0 where nothing is said."""
        columns = dict(fresh)
        for name in SIZES:  # a size that is known is above zero
            columns[name] = np.where(np.isnan(fresh[name]), 0, fresh[name])
        says = (columns["imo"] > 0) | (columns["ship_type"] > 0)
        for name in (*SIZES, *TEXTS.values()):
            says |= columns[name] != ("" if columns[name].dtype == object else 0)
        out = np.zeros(says.size, np.uint64)
        rows = zip(*(columns[name].tolist() for name in CONTENT), strict=True)
        for k, (row, something) in enumerate(zip(rows, says.tolist(), strict=True)):
            if something:
                if row not in self._met:
                    self._met[row] = next(_numbers)
                out[k] = self._met[row]
        return out


def reports_of(block, table, rows, statics: Statics) -> Reports:
    """Reports of a block that say something, and not the same as the vessel's last."""
    places = {n: table.places[n] for n in STATIC_NAMES if n in table.places}
    if not places or not rows.time.size:
        return Reports.empty()
    changed = tablefields.changed_rows(rows.vessel, rows.static)

    def decode_rows(which: np.ndarray) -> dict[str, np.ndarray]:
        return _decode(block, table, places, rows.start[changed[which]])

    known, place = statics.find(rows.static[changed], decode_rows)
    says = np.flatnonzero(known.number[place])
    changed, place = changed[says], place[says]
    vessel, transceiver = rows.vessel[changed], rows.transceiver[changed]
    content = known.number[place] * np.uint64(4) + transceiver.astype(np.uint64)
    new = tablefields.changed_rows(vessel, content)
    changed, place = changed[new], place[new]
    return Reports(
        vessel=vessel[new],
        time=rows.time[changed],
        transceiver=transceiver[new],
        content=content[new],
        **{name: values[place] for name, values in known.columns.items()},
    )


def _decode(block, table, places: dict[str, int], starts: np.ndarray) -> dict:
    """Contents of the static columns of the records at ``starts`` (n,)."""
    order = sorted(places.values())
    spans = tablefields.field_spans(
        block.array,
        starts,
        block.stop,
        np.array(order, np.int64),
        (table.delimiter, table.n_fields),
    )
    span = {name: spans[:, order.index(place)] for name, place in places.items()}
    n = starts.size
    out = {r: _strings(block, span.get(name), n) for name, r in TEXTS.items()}
    out |= {name: _sizes(block, span.get(name), n) for name in SIZES}
    out["draught"] *= np.float32(table.layout.draught)
    for name, parts in ANTENNA.items():
        if all(part in span for part in parts) and name not in span:
            out[name] = _sum(block, [span[part] for part in parts])
    out["imo"] = _imo(block, span.get("imo"), n)
    out["ship_type"] = _ship_types(block, table, span.get("ship_type"), n)
    return out


def _strings(block, span, n: int) -> np.ndarray:
    """Texts of one column; words for "unknown" become empty."""
    out = np.full(n, "", object)
    for k, (a, b, quoted) in enumerate([] if span is None else span.tolist()):
        text = decode(bytes(block.buffer[a:b]))
        if quoted:
            text = " ".join(text.replace('""', '"').split())
        out[k] = "" if text.casefold() in _UNKNOWN else text
    return out


def _sizes(block, span, n: int) -> np.ndarray:
    """Metres of one column; zero and less mean unknown."""
    if span is None:
        return np.full(n, np.nan, np.float32)
    values = tablefields.numbers_in(block.array, np.ascontiguousarray(span[:, :2]))
    return np.where((values > 0) & (values < 1000), values, np.nan).astype(np.float32)


def _sum(block, spans) -> np.ndarray:
    """Metres as the sum of two columns; a distance of zero is one, two are none."""
    a, b = (
        tablefields.numbers_in(block.array, np.ascontiguousarray(span[:, :2]))
        for span in spans
    )
    whole = a + b
    known = (a >= 0) & (b >= 0) & (whole > 0) & (whole < 1000)
    return np.where(known, whole, np.nan).astype(np.float32)


def _imo(block, span, n: int) -> np.ndarray:
    """IMO numbers, with or without the letters; 0 where it is none."""
    out = np.zeros(n, np.int64)
    if span is None:
        return out
    for k, text in enumerate(_strings(block, span, n)):
        digits = text[3:] if text[:3].upper() == "IMO" else text
        digits = digits.strip().removesuffix(".0")
        if digits.isascii() and digits.isdigit() and len(digits) <= 10:
            out[k] = int(digits)
    return out


def _ship_types(block, table, span, n: int) -> np.ndarray:
    """AIS codes of one column of numbers or words; -1 where unknown."""
    if span is None:
        return np.full(n, -1, np.int16)
    if table.layout.ship_types:
        codes = {w.casefold(): c for w, c in table.layout.ship_types.items()}
        words = _strings(block, span, n)
        return np.array([codes.get(w.casefold(), -1) for w in words], np.int16)
    values = tablefields.numbers_in(block.array, np.ascontiguousarray(span[:, :2]))
    values = np.where(np.isnan(values), -1, values)
    old = (values >= 1001) & (values <= 1025)
    values[old] = [_AVIS.get(int(v), 90) for v in values[old]]
    whole = (values >= 0) & (values <= 99) & (values == np.floor(values))
    return np.where(whole, values, -1).astype(np.int16)
