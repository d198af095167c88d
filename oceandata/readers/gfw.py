"""Public CSV files of Global Fishing Watch: tracks here, effort in ``gfw_effort``.

The anonymised training tracks: ``mmsi,timestamp,distance_from_shore,
distance_from_port,speed,course,lat,lon,is_fishing,source``. The vessel is a number that
is no MMSI, written with ``.0``; times are seconds since 1970, UTC; speed in knots.
Distances and the label ``is_fishing`` are no columns of a track: they are left in the
file.

References
----------
Global Fishing Watch, Anonymized AIS training data, CC BY-SA 4.0; Kroodsma et al.
(2018), Tracking the global footprint of fisheries, Science 359, 904-908,
doi:10.1126/science.aao5646
"""

from __future__ import annotations

from oceandata.readers.layout import Column, Layout
from oceandata.readers.table import TableReader
from oceankernels.tablespec import (
    COG,
    LAT,
    LON,
    NUMBER,
    SKIP,
    SOG,
    TEXT_ID,
    TIME,
    TIME_UNIX,
    VESSEL,
)

LAYOUT = Layout(
    name="gfw",
    title="Global Fishing Watch training tracks",
    columns=(
        Column("vessel", ("mmsi",), TEXT_ID, VESSEL, required=True),
        Column("time", ("timestamp",), TIME_UNIX, TIME, required=True),
        Column("shore", ("distance_from_shore",), SKIP, required=True),
        Column("port", ("distance_from_port",), SKIP, required=True),
        Column("lon", ("lon",), NUMBER, LON, required=True),
        Column("lat", ("lat",), NUMBER, LAT, required=True),
        Column("sog", ("speed",), NUMBER, SOG),
        Column("cog", ("course",), NUMBER, COG),
    ),
    text_id=True,
    number_id=True,
)


def variant(names: list[str]) -> str:
    """Which layout of the format a header shows."""
    return "training tracks" if "is_fishing" in names else "tracks"


READER = TableReader(LAYOUT, variant)
