"""What vessels say of themselves, taken from the rows where it changes."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np

from oceandata.readers.layout import STATIC_NAMES, decode
from oceandata.readers.protocol import REPORT_DTYPES, Reports
from oceankernels import tablefields

TEXTS = {"vessel_name": "name", "call_sign": "call_sign", "destination": "destination"}
SIZES = ("length", "width", "draught")
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


class Statics:
    """Decoded contents of static columns by their hash; shared by parsing threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._forget()

    def _forget(self) -> None:
        self._hashes = np.empty(0, np.uint64)
        self._contents = {name: np.empty(0, REPORT_DTYPES[name]) for name in CONTENT}

    def take(self, hashes: np.ndarray, decode_rows: Callable) -> dict[str, np.ndarray]:
        """Contents of hashes (n,); ``decode_rows`` decodes the k-th ones of them."""
        with self._lock:
            if self._hashes.size > _MOST_KNOWN:
                self._forget()
            place = np.searchsorted(self._hashes, hashes)
            known = place < self._hashes.size
            known[known] = self._hashes[place[known]] == hashes[known]
            if not known.all():
                new, first = np.unique(hashes[~known], return_index=True)
                fresh = decode_rows(np.flatnonzero(~known)[first])
                where = np.searchsorted(self._hashes, new)
                self._hashes = np.insert(self._hashes, where, new)
                self._contents = {
                    name: np.insert(values, where, fresh[name])
                    for name, values in self._contents.items()
                }
                place = np.searchsorted(self._hashes, hashes)
            return {name: values[place] for name, values in self._contents.items()}


def reports_of(block, table, rows, codes, n_vessels: int, statics: Statics) -> Reports:
    """Reports of a block: where a vessel's static columns differ from its last ones."""
    places = {n: table.places[n] for n in STATIC_NAMES if n in table.places}
    if not places or not rows.time.size:
        return Reports.empty()
    changed = tablefields.changed_rows(codes, n_vessels, rows.static)

    def decode_rows(which: np.ndarray) -> dict[str, np.ndarray]:
        return _decode(block, table, places, rows.start[changed[which]])

    reports = Reports(
        vessel=rows.vessel[changed],
        time=rows.time[changed],
        transceiver=rows.transceiver[changed],
        **statics.take(rows.static[changed], decode_rows),
    )
    return _informative(reports)


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


def _informative(reports: Reports) -> Reports:
    """Reports that say something, and not the same as the vessel's last one."""
    says = (reports.imo > 0) | (reports.ship_type > 0)
    for name in SIZES:
        says |= ~np.isnan(getattr(reports, name))
    for name in TEXTS.values():
        says |= getattr(reports, name) != ""
    reports = reports.take(np.flatnonzero(says))
    order = np.argsort(reports.vessel, kind="stable")
    by_vessel = reports.take(order)
    same = np.zeros(len(reports), bool)
    same[1:] = by_vessel.vessel[1:] == by_vessel.vessel[:-1]
    for name in (*CONTENT, "transceiver"):
        values = getattr(by_vessel, name)
        alike = values[1:] == values[:-1]
        if name in SIZES:
            alike |= np.isnan(values[1:]) & np.isnan(values[:-1])
        same[1:] &= alike
    return reports.take(np.sort(order[~same]))
