"""What vessels say of themselves, taken from the rows where it changes."""

from __future__ import annotations

import numpy as np

from oceandata.readers.layout import STATIC_NAMES, decode
from oceandata.readers.protocol import REPORT_DTYPES, Reports
from oceankernels import tables

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


def reports_of(block, table, rows, codes, n_vessels: int, texts: dict) -> Reports:
    """Reports of a block: where a vessel's static columns differ from its last ones."""
    places = {n: table.places[n] for n in STATIC_NAMES if n in table.places}
    if not places or not rows.time.size:
        return Reports.empty()
    changed = tables.changed_rows(codes, n_vessels, rows.static)
    order = sorted(places.values())
    spans = tables.field_spans(
        block.array,
        rows.start[changed],
        block.stop,
        np.array(order, np.int64),
        (table.delimiter, table.n_fields),
    )
    span = {name: spans[:, order.index(place)] for name, place in places.items()}
    n = changed.size
    out = {name: np.zeros(n, dtype) for name, dtype in REPORT_DTYPES.items()}
    out["vessel"], out["time"] = rows.vessel[changed], rows.time[changed]
    out["transceiver"] = rows.transceiver[changed]
    for name, report in TEXTS.items():
        out[report] = _strings(block, span.get(name), n, texts)
    for name in SIZES:
        out[name] = _sizes(block, span.get(name), n)
    out["imo"] = _imo(block, span.get("imo"), n, texts)
    out["ship_type"] = _ship_types(block, table, span.get("ship_type"), n, texts)
    return _informative(Reports(**out))


def _strings(block, span, n: int, texts: dict[bytes, str]) -> np.ndarray:
    """Texts of one column; words for "unknown" become empty."""
    out = np.empty(n, object)
    if span is None:
        out[:] = ""
        return out
    raw = memoryview(block.buffer)
    for k, (a, b, quoted) in enumerate(span.tolist()):
        key = bytes(raw[a:b])
        text = texts.get(key)
        if text is None or quoted:
            text = decode(key).replace("\0", "")
            if quoted:
                text = " ".join(text.replace('""', '"').split())
            if text.casefold() in _UNKNOWN:
                text = ""
            if not quoted and len(texts) < 1_000_000:
                texts[key] = text
        out[k] = text
    return out


def _sizes(block, span, n: int) -> np.ndarray:
    """Metres of one column; zero and less mean unknown."""
    if span is None:
        return np.full(n, np.nan, np.float32)
    values = tables.numbers_in(block.array, np.ascontiguousarray(span[:, :2]))
    return np.where((values > 0) & (values < 1000), values, np.nan).astype(np.float32)


def _imo(block, span, n: int, texts: dict) -> np.ndarray:
    """IMO numbers, with or without the letters; 0 where it is none."""
    out = np.zeros(n, np.int64)
    if span is None:
        return out
    for k, text in enumerate(_strings(block, span, n, texts)):
        digits = text[3:] if text[:3].upper() == "IMO" else text
        digits = digits.strip().removesuffix(".0")
        if digits.isascii() and digits.isdigit() and len(digits) <= 10:
            out[k] = int(digits)
    return out


def _ship_types(block, table, span, n: int, texts: dict) -> np.ndarray:
    """AIS codes of one column of numbers or words; -1 where unknown."""
    if span is None:
        return np.full(n, -1, np.int16)
    if table.layout.ship_types:
        codes = {w.casefold(): c for w, c in table.layout.ship_types.items()}
        words = _strings(block, span, n, texts)
        return np.array([codes.get(w.casefold(), -1) for w in words], np.int16)
    values = tables.numbers_in(block.array, np.ascontiguousarray(span[:, :2]))
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
    return reports.take(np.flatnonzero(says))
