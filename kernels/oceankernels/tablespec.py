"""What a table of positions holds, and what became of its records: declarations.

Shared by the parser (:mod:`oceankernels.tables`), the judge of single records
(:mod:`oceankernels.tablerows`) and the readers that describe their columns.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

SKIP, STATIC, NUMBER, TIME_ISO, TIME_DMY, DATE_DMY, CLOCK, WORD, TEXT_ID = range(9)
TIME_COMPACT, TIME_UNIX, TIME_ANY, DATE_ANY = range(9, 13)
"""Kinds of columns. STATIC: only its hash counts (see ``Rows.static``). TIME_COMPACT:
``20210701_185151``; TIME_UNIX: a number of ``Spec.unix_us``; TIME_ANY and DATE_ANY:
any of the usual marks, in the order of ``Spec.order``."""

LON, LAT, SOG, COG, HEADING, STATUS = range(6)
VESSEL, TIME, DATE, HOURS, MOBILE, CLASS, MILLIS = range(6, 13)
"""Slots that values go to. The first five may be too fine for the integer columns."""
N_SLOTS, N_FINE = 13, 5

REASONS = (
    "",
    "wrong number of fields",
    "quote that does not close",
    "record longer than 1 MiB",
    "NUL byte in the record",
    "base station, not a vessel",
    "aid to navigation, not a vessel",
    "SAR aircraft, not a vessel",
    "search and rescue transmitter, not a vessel",
    "man overboard device, not a vessel",
    "EPIRB or locating device, not a vessel",
    "type of mobile not known",
    "no vessel id",
    "bad mmsi",
    "no time",
    "bad time",
    "impossible date",
    "impossible time of day",
    "position is empty",
    "position is not a number",
    "no position (lat 91, lon 181)",
    "latitude out of range",
    "latitude out of range (latitude and longitude swapped?)",
    "longitude out of range",
    "speed, course or heading is not a number",
    "navigational status is not a number",
    "coast station by its MMSI (00MIDxxxx), not a vessel",
    "SAR aircraft by its MMSI (111MIDxxx), not a vessel",
    "aid to navigation by its MMSI (99MIDxxxx), not a vessel",
    "message without a position",
)
"""Why a record was refused; the index is the code."""
FIRST_MOBILE = 5  # reason of mobile code 10; 11 is the next …
NO_POSITION, REPORT_A, REPORT_B = 16, 17, 18
"""Mobile codes: a message that tells no position; a static report of class A or B."""
UNKNOWN_WORD = -1

REPAIRS = (
    "sog 102.3 (not available) -> missing",
    "sog out of range -> missing",
    "cog 360 (not available) -> missing",
    "cog 360 -> 0",
    "cog out of range -> missing",
    "heading 511 (not available) -> missing",
    "heading out of range -> missing",
    "nav_status 15 (not defined) -> missing",
    "nav_status not known -> missing",
    "lon 180 -> -180",
    "hour padded with a blank",
    "time with blanks",
)
"""What was set right in kept rows; the index is the place in the counts."""


class Spec(NamedTuple):
    """Column specification of one table."""

    kind: np.ndarray  # int8 (n_fields,)
    slot: np.ndarray  # int8 (n_fields,)
    words: np.ndarray  # uint64 (w, 2): slot-mixed hash of a word, its code; w = 2**k
    n_fields: int
    n_words: int
    delim: int
    course_360: bool  # a course of 360 is north (VMS); otherwise "not available" (AIS)
    zulu: bool  # a time may end in Z
    text_id: bool  # vessels are known by a text, not by an MMSI
    reports: bool = False  # every record is a static report without a position
    order: int = 0  # of free dates: YEAR_FIRST, DAY_FIRST or MONTH_FIRST of textvalues
    unix_us: int = 1_000_000  # µs in the unit of a TIME_UNIX column
    speed: float = 1.0  # knots in the unit of the speed column


class Rows(NamedTuple):
    """Columns filled by :func:`parse_block`, one entry a kept record."""

    vessel: np.ndarray  # int64: MMSI, or hash of the text id
    time: np.ndarray  # int64 µs, as written (no time zone applied)
    lon: np.ndarray  # int32 1e-7 degree
    lat: np.ndarray
    sog: np.ndarray  # int16 0.1
    cog: np.ndarray
    heading: np.ndarray
    nav_status: np.ndarray  # int8
    transceiver: np.ndarray  # int8
    static: np.ndarray  # uint64: hash of the STATIC columns
    start: np.ndarray  # int64: record's first byte
    line: np.ndarray  # int64: its line in the block, from 0
    report: np.ndarray  # uint8: 1 for a static report, which has no position
    fine: np.ndarray  # float64 (rows, 5): values of the slots marked in ``wide``
    wide: np.ndarray  # uint8 (5,): slots to be written to ``fine`` too


ROW_DTYPES = ("i8", "i8", *["i4"] * 2, *["i2"] * 3, "i1", "i1", "u8", "i8", "i8", "u1")
"""Data types of the fields of :class:`Rows` before ``fine``."""


class Bad(NamedTuple):
    """Refused records: byte span, line in the block, reason code."""

    start: np.ndarray
    stop: np.ndarray
    line: np.ndarray
    reason: np.ndarray


class Tally(NamedTuple):
    """What else a block tells."""

    repairs: np.ndarray  # int64 (len(REPAIRS),)
    needs_wide: np.ndarray  # uint8 (5,): a value does not fit the integer column
    later: np.ndarray  # int64 (k, 4): row, slot, text start, stop: use float(text)


class Record(NamedTuple):
    """Scratch of the record being read, one entry a slot."""

    value: np.ndarray  # int64 mantissa, µs, days or code
    decimals: np.ndarray  # int64
    state: np.ndarray  # int64
    a: np.ndarray  # int64: text of a number read the slow way
    b: np.ndarray
    repair: np.ndarray  # int64 (2,): blanks in times

    @classmethod
    def new(cls) -> Record:
        return cls(*(np.zeros(N_SLOTS, np.int64) for _ in range(6)))
