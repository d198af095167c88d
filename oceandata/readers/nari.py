"""The public AIS data set of Brest (NARI): one CSV of positions, one of statics.

Positions: ``sourcemmsi,navigationalstatus,rateofturn,speedoverground,courseoverground,
trueheading,lon,lat,t``. What vessels say of themselves: ``sourcemmsi,imonumber,
callsign,shipname,shiptype,tobow,tostern,tostarboard,toport,eta,draught,destination,
mothershipmmsi,t``, of which every row is a static report. ``t`` is in seconds since
1970, UTC. A speed of 102.3, a course of 360 and a heading of 511 are "not available".
Draught is in tenths of a metre.

References
----------
Ray et al. (2019), Heterogeneous integrated dataset for maritime intelligence,
surveillance, and reconnaissance, Data in Brief 25, doi:10.1016/j.dib.2019.104141
"""

from __future__ import annotations

from oceandata.readers.layout import Column, Layout, static_columns
from oceandata.readers.table import TableReader
from oceankernels.tablespec import (
    COG,
    HEADING,
    LAT,
    LON,
    NUMBER,
    SKIP,
    SOG,
    STATUS,
    TIME,
    TIME_UNIX,
    VESSEL,
)

DYNAMIC_LAYOUT = Layout(
    name="nari",
    title="AIS positions of Brest (NARI)",
    columns=(
        Column("mmsi", ("sourcemmsi",), NUMBER, VESSEL, required=True),
        Column("time", ("t", "ts"), TIME_UNIX, TIME, required=True),
        Column("lon", ("lon",), NUMBER, LON, required=True),
        Column("lat", ("lat",), NUMBER, LAT, required=True),
        Column("sog", ("speedoverground",), NUMBER, SOG),
        Column("cog", ("courseoverground",), NUMBER, COG),
        Column("heading", ("trueheading",), NUMBER, HEADING),
        Column("nav_status", ("navigationalstatus",), NUMBER, STATUS),
    ),
)

STATIC_LAYOUT = Layout(
    name="nari-static",
    title="AIS static reports of Brest (NARI)",
    columns=(
        Column("mmsi", ("sourcemmsi",), NUMBER, VESSEL, required=True),
        Column("time", ("t", "ts"), TIME_UNIX, TIME, required=True),
        Column("mothership", ("mothershipmmsi",), SKIP, required=True),
        *static_columns(
            vessel_name=("shipname",),
            imo=("imonumber", "imo"),
            call_sign=("callsign",),
            ship_type=("shiptype",),
            draught=("draught",),
            destination=("destination",),
            to_bow=("tobow",),
            to_stern=("tostern",),
            to_port=("toport",),
            to_starboard=("tostarboard",),
        ),
    ),
    reports=True,
    draught=0.1,
)


def variant(names: list[str]) -> str:
    """Which layout of the format a header shows."""
    return f"{len(names)} columns"


DYNAMIC = TableReader(DYNAMIC_LAYOUT, variant)
STATIC = TableReader(STATIC_LAYOUT, variant)
