"""Sentences of AIS: what a record holds, and why one is set aside. Declarations.

A *record* is one line, or a piece of a line where two sentences were written without a
line end between them. A *message* is the payload of one sentence, or of all parts of a
multi-part message.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

CODE, START, STOP, LINE, BODY, SIZE, FILL, TIME, PARTS, KEY, FLAGS, FIRST = range(12)
STATION = 12
N_COLUMNS = 13
"""Columns of the table of records, int64 (n, 13).

CODE what it is (below); START, STOP its bytes in the block, without the line end; LINE
its line in the block, from 0; BODY, SIZE the payload's first byte and characters; FILL
bits to leave off; TIME µs UTC, or NO_TIME; PARTS total * 65536 + number; KEY a hash
of sequence number, channel and number of parts; FLAGS (below); FIRST the bytes of the
file before the record, or before its first part; STATION a hash of the receiving
station or of the tag blocks' group, 0 not known.
"""

MESSAGE, PART, COMMENT, TIME_LINE, JOINED = range(5)
"""Codes of records that are in order. PART: not the last to come, or not joined yet.
JOINED: the last part of a message to come; BODY, SIZE, FILL, TIME and FIRST are the
whole message's, and the payload stands in the buffer of joined texts."""
FIRST_REASON = 5

NO_TIME = -(1 << 62)

GROUPED, NO_CHECKSUM, TAG_BAD, TAG_BARE, PREFIXED, FROM_LINE = (
    1 << k for k in range(6)
)
"""Flags: in a group of tag blocks; sentence without a checksum; tag block with a wrong
checksum (its content is not used); tag block without one; text before the sentence;
time taken from a line of its own."""
JOINT = 64
"""FLAGS // JOINT: parts of the message beyond the first."""

(
    NOT_NMEA,
    OTHER_SENTENCE,
    CUT,
    CHECKSUM,
    MALFORMED,
    EMPTY,
    TAG_OPEN,
    BARE_TAG,
    BAD_TIME_LINE,
    TOO_LONG,
    LOST,
    REPEATED,
    BAD_CHARACTER,
    SHORT,
    NO_TYPE,
    BAD_MMSI,
    UNTIMED,
    NO_POSITION,
    BAD_LAT,
    BAD_LON,
    COAST,
    AIRCRAFT,
    AID,
    RESCUE,
    OVERBOARD,
    LOCATING,
    NO_PART,
) = range(FIRST_REASON, FIRST_REASON + 27)

REASONS = (
    "",
    "",
    "comment line",
    "time line",
    "",
    "not an NMEA sentence",
    "NMEA sentence other than AIS",
    "sentence cut short",
    "wrong checksum",
    "malformed sentence",
    "empty payload",
    "tag block that does not close",
    "tag block without a sentence",
    "time line that cannot be believed",
    "sentence too long to be a part",
    "part of a message whose other parts are missing",
    "part received twice",
    "character in the payload that is no six-bit character",
    "message shorter than its type",
    "message type is none of 1 to 27",
    "bad mmsi",
    "no time",
    "no position (lat 91, lon 181)",
    "latitude out of range",
    "longitude out of range",
    "coast station by its MMSI (00MIDxxxx), not a vessel",
    "SAR aircraft by its MMSI (111MIDxxx), not a vessel",
    "aid to navigation by its MMSI (99MIDxxxx), not a vessel",
    "search and rescue transmitter, not a vessel",
    "man overboard device, not a vessel",
    "EPIRB or locating device, not a vessel",
    "static report (type 24) that is neither part A nor part B",
)
"""Why a record or message is set aside; the index is the code."""

TYPES = {
    4: "base station, not a vessel",
    6: "addressed binary message (type 6)",
    7: "acknowledgement of a binary message (type 7)",
    8: "broadcast binary message (type 8)",
    9: "SAR aircraft, not a vessel",
    10: "inquiry for UTC and date (type 10)",
    11: "response with UTC and date (type 11)",
    12: "addressed safety message (type 12)",
    13: "acknowledgement of a safety message (type 13)",
    14: "broadcast safety message (type 14)",
    15: "interrogation (type 15)",
    16: "assignment of a mode (type 16)",
    17: "corrections for satellite positioning (type 17)",
    20: "data link management (type 20)",
    21: "aid to navigation, not a vessel",
    22: "channel management (type 22)",
    23: "group assignment (type 23)",
    25: "single-slot binary message (type 25)",
    26: "multiple-slot binary message (type 26)",
}
"""Messages that are neither a vessel's position nor a static report."""

OF_TYPE = 64
"""Code of a message set aside for its type: OF_TYPE + type."""


def reason(code: int) -> str:
    """The phrase of a code."""
    return TYPES[code - OF_TYPE] if code >= OF_TYPE else REASONS[code]


REPAIRS = (
    "sog 102.3 (not available) -> missing",
    "cog 360 (not available) -> missing",
    "cog out of range -> missing",
    "heading 511 (not available) -> missing",
    "heading out of range -> missing",
    "nav_status 15 (not defined) -> missing",
    "lon 180 -> -180",
    "message longer than its type",
)
"""What was set right in kept messages; the index is the place in the counts."""

LENGTHS = np.zeros(28, np.int64)
LENGTHS[[1, 2, 3, 18]] = 149
LENGTHS[[5, 19, 24, 27]] = (422, 301, 160, 94)
LONGEST = np.full(28, 1 << 30)
LONGEST[[1, 2, 3, 18]] = 168
LONGEST[[5, 19, 24, 27]] = (426, 312, 168, 168)
"""Bits that a message of a type needs for what is read of it, and that it may have
without being counted as too long: type 5 is sent with 422 or 426 bits by some, type 27
in a whole slot, and type 1 with a wrong number of fill bits."""


class Fixes(NamedTuple):
    """Positions of vessels, one entry a message: (n,) each."""

    row: np.ndarray  # int64: the message's row in the table of records
    vessel: np.ndarray  # int64: MMSI
    lon: np.ndarray  # float64 degree: the message's integer divided by its scale
    lat: np.ndarray
    sog: np.ndarray  # int16 0.1 knot
    cog: np.ndarray  # int16 0.1 degree
    heading: np.ndarray
    nav_status: np.ndarray  # int8
    transceiver: np.ndarray  # int8: 1 class A, 2 class B, 0 not told (type 27)

    @classmethod
    def new(cls, n: int) -> Fixes:
        return cls(*(np.empty(n, dtype) for dtype in FIX_DTYPES))


FIX_DTYPES = ("i8", "i8", "f8", "f8", "i2", "i2", "i2", "i1", "i1")


class Others(NamedTuple):
    """Static reports and what is set aside: rows of the table of records.

    static, static_vessel, static_kind, static_hash (s,): twice the type and 1 for part
    B; hash of what a report says. aside, reason (a,): the code why.
    """

    static: np.ndarray
    static_vessel: np.ndarray
    static_kind: np.ndarray
    static_hash: np.ndarray
    aside: np.ndarray
    reason: np.ndarray

    @classmethod
    def new(cls, n: int) -> Others:
        return cls(*(np.empty(n, dtype) for dtype in OTHER_DTYPES))


OTHER_DTYPES = ("i8", "i8", "i8", "u8", "i8", "i8")
