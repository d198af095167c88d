"""NOAA MarineCadastre AIS: one CSV file a day, US waters.

Up to 2024: ``MMSI,BaseDateTime,LAT,LON,SOG,COG,Heading,…``, times
``2023-01-11T00:00:00``. From 2025: ``mmsi,base_date_time,longitude,latitude,…``, times
with a blank, packed as ``.csv.zst``. Columns are found by name, in any order and case.
Times are UTC.
"""

from __future__ import annotations

from oceandata.readers.layout import Column, Layout, static_columns
from oceandata.readers.table import TableReader
from oceankernels.tablespec import (
    CLASS,
    COG,
    HEADING,
    LAT,
    LON,
    NUMBER,
    SOG,
    STATUS,
    TIME,
    TIME_ISO,
    VESSEL,
    WORD,
)

LAYOUT = Layout(
    name="noaa",
    title="NOAA MarineCadastre AIS",
    columns=(
        Column("mmsi", ("mmsi",), NUMBER, VESSEL, required=True),
        Column("time", ("basedatetime", "base_date_time"), TIME_ISO, TIME, True),
        Column("lon", ("lon", "longitude"), NUMBER, LON, required=True),
        Column("lat", ("lat", "latitude"), NUMBER, LAT, required=True),
        Column("sog", ("sog",), NUMBER, SOG),
        Column("cog", ("cog",), NUMBER, COG),
        Column("heading", ("heading",), NUMBER, HEADING),
        Column("nav_status", ("status",), NUMBER, STATUS),
        Column(
            "transceiver",
            ("transceiverclass", "transcieverclass", "transceiver"),
            WORD,
            CLASS,
        ),
        *static_columns(
            vessel_name=("vesselname", "vessel_name"),
            imo=("imo",),
            call_sign=("callsign", "call_sign"),
            ship_type=("vesseltype", "vessel_type"),
            length=("length",),
            width=("width",),
            draught=("draft", "draught"),
        ),
    ),
    words={CLASS: {"A": 1, "B": 2}},
)


def variant(names: list[str]) -> str:
    """Which layout of the format a header shows."""
    return "2025" if "base_date_time" in names else "legacy"


READER = TableReader(LAYOUT, variant)
