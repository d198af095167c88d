"""VMS positions in the tacsat format of the ICES community (VMStools, data calls).

``VE_COU,VE_REF,SI_LATI,SI_LONG,SI_DATE,SI_TIME,SI_SP,SI_HE``; dates ``31/12/1999``,
times ``23:59:59``, sometimes padded with blanks; UTC. ``VE_REF`` is the vessel.
``SI_HE`` is called a heading and holds the course that the satellite terminal reports,
so it becomes ``cog``; 360 is north. Quotes and row names, as R writes them, are read.

References
----------
Hintzen et al. (2012), VMStools, Fisheries Research 115-116, 31-43,
doi:10.1016/j.fishres.2011.11.007
"""

from __future__ import annotations

from oceandata.readers.layout import Column, Layout
from oceandata.readers.table import TableReader
from oceankernels.tablespec import (
    CLOCK,
    COG,
    DATE,
    DATE_DMY,
    HOURS,
    LAT,
    LON,
    NUMBER,
    SOG,
    TEXT_ID,
    VESSEL,
)

LAYOUT = Layout(
    name="tacsat",
    title="VMS positions, tacsat",
    columns=(
        Column("vessel", ("ve_ref",), TEXT_ID, VESSEL, required=True),
        Column("lon", ("si_long",), NUMBER, LON, required=True),
        Column("lat", ("si_lati",), NUMBER, LAT, required=True),
        Column("date", ("si_date",), DATE_DMY, DATE, required=True),
        Column("time_of_day", ("si_time",), CLOCK, HOURS, required=True),
        Column("sog", ("si_sp",), NUMBER, SOG),
        Column("cog", ("si_he",), NUMBER, COG),
    ),
    course_360=True,
    text_id=True,
)


def variant(names: list[str]) -> str:
    """Which layout of the format a header shows."""
    return "tacsat with row names" if names and not names[0] else "tacsat"


READER = TableReader(LAYOUT, variant)
