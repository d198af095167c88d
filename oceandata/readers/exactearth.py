"""exactEarth and Spire satellite AIS: a wide CSV of decoded messages, all quoted.

``MMSI,Message_ID,Repeat_indicator,Time,Millisecond,…``: 139 columns, of which a message
fills those of its kind. Times are ``20210701_185151`` in UTC, with the milliseconds in
a column of their own; ``None`` stands for a value that the message gives as not
available. The message id says what a row is: a position (1, 2, 3, 18, 19, 27), a
static report (5, 24), a station that is no vessel (4, 9, 11, 17, 21), or a message
without a position of its sender. Draught is in tenths of a metre.

References
----------
ITU-R M.1371-5 (2014), table 46 (message identifiers).
"""

from __future__ import annotations

from oceandata.readers.layout import Column, Layout, static_columns
from oceandata.readers.table import TableReader
from oceankernels.tablespec import (
    COG,
    HEADING,
    LAT,
    LON,
    MILLIS,
    MOBILE,
    NO_POSITION,
    NUMBER,
    REPORT_A,
    REPORT_B,
    SOG,
    STATUS,
    TIME,
    TIME_COMPACT,
    VESSEL,
    WORD,
)

MESSAGES = {
    **dict.fromkeys(("6", "7", "8", "10", "12", "13", "14", "15", "16"), NO_POSITION),
    **dict.fromkeys(("20", "22", "23", "25", "26"), NO_POSITION),
    **dict.fromkeys(("1", "2", "3"), 1),
    **dict.fromkeys(("18", "19"), 2),
    "27": 0,
    **dict.fromkeys(("4", "11", "17"), 10),
    "21": 11,
    "9": 12,
    "5": REPORT_A,
    "24": REPORT_B,
}
"""What a message id makes of a row: transceiver class, or why it is no position."""

LAYOUT = Layout(
    name="exactearth",
    title="exactEarth or Spire AIS messages",
    columns=(
        Column("mmsi", ("mmsi",), NUMBER, VESSEL, required=True),
        Column("message", ("message_id",), WORD, MOBILE, required=True),
        Column("time", ("time",), TIME_COMPACT, TIME, required=True),
        Column("millisecond", ("millisecond",), NUMBER, MILLIS),
        Column("lon", ("longitude",), NUMBER, LON, required=True),
        Column("lat", ("latitude",), NUMBER, LAT, required=True),
        Column("sog", ("sog",), NUMBER, SOG),
        Column("cog", ("cog",), NUMBER, COG),
        Column("heading", ("heading",), NUMBER, HEADING),
        Column("nav_status", ("navigational_status",), NUMBER, STATUS),
        *static_columns(
            vessel_name=("vessel_name",),
            imo=("imo",),
            call_sign=("call_sign",),
            ship_type=("ship_type",),
            draught=("draught",),
            destination=("destination",),
            to_bow=("dimension_to_bow",),
            to_stern=("dimension_to_stern",),
            to_port=("dimension_to_port",),
            to_starboard=("dimension_to_starboard",),
        ),
    ),
    words={MOBILE: MESSAGES},
    draught=0.1,
)


def variant(names: list[str]) -> str:
    """Which layout of the format a header shows."""
    return f"{len(names)} columns"


READER = TableReader(LAYOUT, variant)
