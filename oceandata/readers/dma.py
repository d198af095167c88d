"""Danish Maritime Authority AIS: one CSV file a day, Danish waters.

The header begins ``# Timestamp,Type of mobile,MMSI,Latitude,Longitude,…``; 22 columns,
or 26 with the antenna's distances A, B, C, D. Times are ``31/12/2023 23:59:59``, UTC,
day first always. Stations that are no vessels stand among the rows.

References
----------
ITU-R M.1371-5 (2014), table 47 (navigational status) and table 53 (ship type); the
words are those of the files' publisher.
"""

from __future__ import annotations

from oceandata.readers.layout import Column, Layout, static_columns
from oceandata.readers.table import TableReader
from oceankernels.tablespec import (
    COG,
    HEADING,
    LAT,
    LON,
    MOBILE,
    NUMBER,
    SOG,
    STATUS,
    TIME,
    TIME_DMY,
    VESSEL,
    WORD,
)

MOBILES = {
    "Class A": 1,
    "Class B": 2,
    "Base Station": 10,
    "AtoN": 11,
    "Aid to Navigation": 11,
    "SAR Airborne": 12,
    "SAR Aircraft": 12,
    "Search and Rescue Transponder": 13,
    "SART": 13,
    "AIS-SART": 13,
    "Man Overboard Device": 14,
    "MOB": 14,
    "EPIRB": 15,
    "Locating Device": 15,
}
"""Type of mobile; 10 and above are no vessels (see the reasons of the parser)."""

STATUSES = {
    "Under way using engine": 0,
    "At anchor": 1,
    "Not under command": 2,
    "Restricted maneuverability": 3,
    "Restricted manoeuvrability": 3,
    "Constrained by her draught": 4,
    "Moored": 5,
    "Aground": 6,
    "Engaged in fishing": 7,
    "Under way sailing": 8,
    "Under way": 8,
    "Reserved for future amendment [HSC]": 9,
    "Reserved for future amendment of navigational status for HSC": 9,
    "Reserved for future amendment [WIG]": 10,
    "Reserved for future amendment of navigational status for WIG": 10,
    "Power-driven vessel towing astern (regional use)": 11,
    "Power-driven vessel pushing ahead or towing alongside (regional use)": 12,
    "Reserved for future use": 13,
    "AIS-SART (active)": 14,
    "AIS-SART is active": 14,
    "Unknown value": 15,
    "Not defined": 15,
}

SHIP_TYPES = {
    "WIG": 20,
    "Fishing": 30,
    "Towing": 31,
    "Towing long/wide": 32,
    "Dredging": 33,
    "Diving": 34,
    "Military": 35,
    "Sailing": 36,
    "Pleasure": 37,
    "Reserved": 38,
    "HSC": 40,
    "Pilot": 50,
    "SAR": 51,
    "Tug": 52,
    "Port tender": 53,
    "Anti-pollution": 54,
    "Law enforcement": 55,
    "Spare 1": 56,
    "Spare 2": 57,
    "Medical": 58,
    "Not party to conflict": 59,
    "Passenger": 60,
    "Cargo": 70,
    "Tanker": 80,
    "Other": 90,
}
"""AIS code of each word; a group stands for its first code (Cargo: 70 … 79)."""

LAYOUT = Layout(
    name="dma",
    title="Danish Maritime Authority AIS",
    columns=(
        Column("time", ("# timestamp", "timestamp"), TIME_DMY, TIME, required=True),
        Column("mobile", ("type of mobile",), WORD, MOBILE, required=True),
        Column("mmsi", ("mmsi",), NUMBER, VESSEL, required=True),
        Column("lon", ("longitude",), NUMBER, LON, required=True),
        Column("lat", ("latitude",), NUMBER, LAT, required=True),
        Column("sog", ("sog",), NUMBER, SOG),
        Column("cog", ("cog",), NUMBER, COG),
        Column("heading", ("heading",), NUMBER, HEADING),
        Column("nav_status", ("navigational status",), WORD, STATUS),
        *static_columns(
            vessel_name=("name",),
            imo=("imo",),
            call_sign=("callsign", "call sign"),
            ship_type=("ship type",),
            length=("length",),
            width=("width",),
            draught=("draught",),
            destination=("destination",),
        ),
    ),
    words={MOBILE: MOBILES, STATUS: STATUSES},
    ship_types=SHIP_TYPES,
)


def variant(names: list[str]) -> str:
    """Which layout of the format a header shows."""
    last = [name.strip().casefold() for name in names[-4:]]
    antenna = last in (["a", "b", "c", "d"], [f"size {x}" for x in "abcd"])
    return "26 columns" if antenna else f"{len([n for n in names if n])} columns"


READER = TableReader(LAYOUT, variant)
