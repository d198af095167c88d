"""Texts of longitudes and latitudes, in the forms that tables have, as degrees.

Plain decimal degrees stay the text they are, so that the parser of tables reads them
exactly. Degrees, minutes and seconds and scaled integers become the nearest double.
What is not understood stays as it is, and the parser refuses it.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from oceandata.errors import FormatError

SCALES = {
    "1e-5 degree": 100_000,
    "1e-6 degree": 1_000_000,
    "1e-7 degree": 10_000_000,
    "1/1000 min": 60_000,
    "1/10000 min": 600_000,
}
"""Parts of a degree in each integer unit."""

FORMS = ("degree", "dms", "dd.mmss", "ddmm.mmmm", *SCALES)
"""Forms of positions that ``units={"position": …}`` may name."""

_MARKS = (
    (r"[º˚∘度]", "°"),
    ("''|′′|’’", '"'),
    ("[″“”〃＂秒]", '"'),
    ("[′’‘`´＇分]", "'"),
    (r"东经|東經|東経", "E"),
    (r"西经|西經", "W"),
    (r"北纬|北緯", "N"),
    (r"南纬|南緯", "S"),
    (
        r"^(\d{1,3})[ :\-](\d{1,2})[ :\-](\d{1,2}(?:\.\d*)?)([EWNSewns]?)$",
        "\\1°\\2'\\3\"\\4",
    ),
)
_NUMBER = r"\d{1,4}(?:\.\d*)?"
_DMS = (
    r"^(?P<before>[EWNSewns])?\s*(?P<sign>[-+])?\s*(?P<degree>\d{1,3}(?:\.\d*)?)"
    rf"""\s*°?\s*(?:(?P<minute>{_NUMBER})\s*'?\s*(?:(?P<second>{_NUMBER})\s*"?)?)?"""
    r"\s*(?P<after>[EWNSewns])?$"
)
_MARKED = "[°'\"EWNSewns]"
_PLAIN = r"^\s*[-+]?\d*\.?\d*(?:[eE][-+]?\d+)?\s*$"


def degrees_text(values: pa.Array, *, axis: str, form: str) -> pa.Array:
    """Texts of decimal degrees of texts in a form: (n,) large strings.

    ``axis`` is "lon" or "lat": a hemisphere of the other one makes a text no position.
    ``form`` "degree" and "dms" are told by the text itself: a decimal, or one with
    marks, blanks or hemispheres (``120°15′30″E``, ``东经120度15.5分``).
    """
    text = _normal(values)
    if form in SCALES:
        return _scaled(text, SCALES[form])
    if form == "dd.mmss":
        padded = pc.binary_join_element_wise(text, _text("0000"), _text(""))
        text = pc.if_else(_has(text, r"^[-+]?\d{1,3}\.\d*$"), padded, text)
        pattern = r"^([-+]?\d{1,3})\.(\d\d)(\d\d)(\d*)$"
        text = pc.replace_substring_regex(text, pattern, "\\1°\\2'\\3.\\4\"")
    elif form == "ddmm.mmmm":
        pattern = r"^([-+]?\d{1,3})(\d\d(?:\.\d*)?)([EWNSewns]?)$"
        text = pc.replace_substring_regex(text, pattern, r"\1°\2'\3")
    marked = _has(text, _MARKED)
    marked = pc.and_(marked, pc.invert(_has(text, _PLAIN)))
    if not pc.any(marked).as_py():
        return text
    return pc.if_else(marked, _from_marks(text, axis), text)


def _normal(values: pa.Array) -> pa.Array:
    """Marks and full-width digits in one form, nothing around."""
    text = pc.utf8_trim_whitespace(values)
    if pc.all(pc.string_is_ascii(text)).as_py() is False:
        for pattern, mark in _MARKS[:-1]:
            text = pc.replace_substring_regex(text, pattern, mark)
        text = pc.utf8_normalize(text, form="NFKC")
    elif pc.any(_has(text, "''")).as_py():
        text = pc.replace_substring_regex(text, "''", '"')
    if pc.any(_has(text, r"\d[ :\-]\d")).as_py():
        text = pc.replace_substring_regex(text, *_MARKS[-1])
    return text


def _has(text: pa.Array, pattern: str) -> pa.Array:
    return pc.fill_null(pc.match_substring_regex(text, pattern), False)


def _text(value: str) -> pa.Scalar:
    return pa.scalar(value, pa.large_string())


def _from_marks(text: pa.Array, axis: str) -> pa.Array:
    """Degrees of texts with marks, as texts; the text itself where it is none."""
    parts = pc.extract_regex(text, _DMS)
    part = {name: pc.struct_field(parts, name) for name in _PARTS}
    decimals = {name: _decimal(part[name]) for name in ("degree", "minute", "second")}
    value, minute, second = _joined(decimals)
    side = pc.utf8_upper(pc.coalesce(_filled(part["before"]), _filled(part["after"])))
    negative = pc.is_in(side, pa.array(["S", "W"], pa.large_string()))
    minus = pc.equal(pc.fill_null(part["sign"], ""), "-")
    flip = np.asarray(pc.or_(negative, minus)).astype(bool)
    bad = (minute >= 60) | (second >= 60)
    bad |= np.asarray(pc.is_null(part["degree"])).astype(bool)
    bad |= np.asarray(pc.and_(minus, pc.is_valid(side))).astype(bool)
    foreign = pc.is_in(side, pa.array([*_FOREIGN[axis]], pa.large_string()))
    bad |= np.asarray(foreign).astype(bool)
    found = pa.array(np.where(flip, -value, value)).cast(pa.large_string())
    return pc.if_else(pa.array(bad), text, found)


_PARTS = ("before", "sign", "degree", "minute", "second", "after")
_MOST_DECIMALS = 9
_FOREIGN = {"lon": "NS", "lat": "EW"}


def _filled(text: pa.Array) -> pa.Array:
    return pc.if_else(pc.equal(text, ""), None, text)


def _joined(decimals: dict) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Degrees of (mantissa, decimals, value) of each part; minutes; seconds.

    By one division of whole numbers, so that the result is the nearest double, unless
    there are more than nine decimals.
    """
    (degree, a, x), (minute, b, y), (second, c, z) = decimals.values()
    most = np.maximum(np.maximum(a, b), c)
    exact = most <= _MOST_DECIMALS
    most = np.where(exact, most, 0)
    whole = np.zeros(most.size, np.int64)
    for mantissa, size, parts in ((degree, a, 3600), (minute, b, 60), (second, c, 1)):
        whole += mantissa * 10 ** np.maximum(most - size, 0) * parts
    value = np.where(exact, whole / (3600.0 * 10.0**most), x + y / 60 + z / 3600)
    return value, y, z


def _decimal(text: pa.Array) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Decimals as (mantissa, decimals, value); mantissa 0 if there are too many."""
    text = pc.fill_null(text, "")
    text = pc.replace_substring_regex(text, r"\.0*$", "")
    split = pc.extract_regex(text, r"^(?P<whole>\d*)(?:\.(?P<rest>\d*))?$")
    whole = pc.fill_null(pc.struct_field(split, "whole"), "")
    rest = pc.fill_null(pc.struct_field(split, "rest"), "")
    size = np.asarray(pc.utf8_length(rest)).astype(np.int64)
    digits = pc.binary_join_element_wise(_text("0"), whole, rest, _text(""))
    digits = pc.if_else(pa.array(size > _MOST_DECIMALS), _text("0"), digits)
    mantissa = np.asarray(digits.cast(pa.int64()))
    value = pc.binary_join_element_wise(_text("0"), text, _text(""))
    return mantissa, size, np.asarray(value.cast(pa.float64()))


def _scaled(text: pa.Array, parts: int) -> pa.Array:
    whole = _has(text, r"^[-+]?\d{1,12}(?:\.0*)?$")
    digits = pc.replace_substring_regex(text, r"^\+|\.0*$", "")
    numbers = pc.if_else(whole, digits, _text("0")).cast(pa.int64())
    degrees = pa.array(np.asarray(numbers) / float(parts)).cast(pa.large_string())
    empty = _has(text, r"^(?i:na|nan|n/a|null|none)?$")
    other = pc.if_else(empty, _text(""), _text("not a scaled integer"))
    return pc.if_else(whole, degrees, other)


def find_position_form(lon: list[str], lat: list[str], *, where: str) -> str:
    """The form of positions by the first values of a file.

    Decimal degrees and texts with marks are told by themselves. Large integers are
    millionths of a degree where ten-thousandths of a minute would lie outside the
    Earth; where both fit, FormatError says what to name.
    """
    pairs = [_whole_pair(x, y) for x, y in zip(lon, lat, strict=True)]
    found = [pair for pair in pairs if pair is not None]
    large = [(x, y) for x, y in found if abs(x) > 360 or abs(y) > 360]
    if not large or 2 * len(large) < len([x for x in lon if x.strip()]):
        return "degree"
    fits = {
        form: sum(abs(x) <= 180 * unit and abs(y) <= 90 * unit for x, y in large)
        for form, unit in SCALES.items()
        if form in ("1e-6 degree", "1/10000 min")
    }
    sure = fits["1e-6 degree"] > fits["1/10000 min"]
    if sure and fits["1e-6 degree"] >= 0.9 * len(large):
        return "1e-6 degree"
    x, y = large[0]
    told = ", ".join(
        f"{form!r} ({x / SCALES[form]:.4f}, {y / SCALES[form]:.4f})" for form in SCALES
    )
    raise FormatError(
        f"{where}: positions are whole numbers ({x}, {y}) of a unit that their range "
        "does not tell. Name it: options={'units': {'position': …}}, one of (lon, lat "
        f"of that position in brackets) {told}"
    )


def _whole_pair(x: str, y: str) -> tuple[int, int] | None:
    try:
        pair = float(x), float(y)
    except ValueError:
        return None
    whole = all(value == int(value) for value in pair if abs(value) < 1e12)
    if not whole or not all(abs(value) < 1e12 for value in pair):
        return None
    return (int(pair[0]), int(pair[1])) if pair != (0.0, 0.0) else None
