"""Layouts of inland waterways (area code 200) and lighthouses (235, 250).

Inland AIS standard of the CCNR; IALA A-126 for aids monitored in the United Kingdom and
Ireland. The sign of water levels and of the values of weather warnings is their
"bit 0"; the registrant of the messages says that this is the lowest bit (gpsd reads
two's complement, libais takes the highest bit).
"""

from __future__ import annotations

from oceandata.readers.nmea_fields_layout import Group, Layout, layout, read_fields
from oceandata.readers.nmea_fields_network import BINARY_ADDRESSED, BINARY_BROADCAST

_OBJECT = """
country   12t . . . . UN country code
locode    18t . . . . UN/LOCODE
section   30t . . . . section of the fairway
terminal  30t . . . . terminal
hectometre 30t . . . . hectometre of the fairway
month      4u . . 0 . month
day        5u . . 0 . day
hour       5u . . 24-31 . hour
minute     6u . . 60-63 . minute
"""

ARRIVAL = f"""
{BINARY_ADDRESSED.strip()}
{_OBJECT.strip()}
tugs       3u . . 7 . tugs that assist
airdraught 12u /100 m 0 . height over water
.          5x
"""

REQUESTED = f"""
{BINARY_ADDRESSED.strip()}
{_OBJECT.strip()}
status     2u . . 3 rta status of the lock, bridge or terminal
.          2x
"""

PERSONS = f"""
{BINARY_ADDRESSED.strip()}
crew       8u . . 255 . crew on board
passengers 13u . . 8191 . passengers on board
personnel  8u . . 255 . personnel on board
.         51x
"""

SHIP = f"""
{BINARY_BROADCAST.strip()}
vin       48t . . . . European vessel number
length    13u /10 m 0 . length of the ship or convoy
beam      10u /10 m 0 . beam of the ship or convoy
shiptype  14u . . 0 eri kind of ship or convoy (ERI)
hazard     3u . . 5-7 hazard blue cones
draught   11u /100 m 0 . draught
loaded     2u . . 0 loaded loaded or not
speed_q    1b . . . . speed of high quality
course_q   1b . . . . course of high quality
heading_q  1b . . . . heading of high quality
.          8x
"""

WARNING = f"""
{BINARY_BROADCAST.strip()}
start_year  8u . . 0 . first year, less 2000
start_month 4u . . 0 . first month
start_day   5u . . 0 . first day
end_year    8u . . 0 . last year, less 2000
end_month   4u . . 0 . last month
end_day     5u . . 0 . last day
start_hour  5u . . 24-31 . first hour
start_minute 6u . . 60-63 . first minute
end_hour    5u . . 24-31 . last hour
end_minute  6u . . 60-63 . last minute
start_lon  28i /600000 degree 108600000 . longitude east of one end
start_lat  27i /600000 degree 54600000 . latitude north of one end
end_lon    28i /600000 degree 108600000 . longitude east of the other end
end_lat    27i /600000 degree 54600000 . latitude north of the other end
warning     4u . . . emma kind of warning
min         9u low- . 510-511 . least value; 254: more than 253
max         9u low- . 510-511 . greatest value; 254: more than 253
intensity   2u . . 0 intensity class of the warning
wind        4u . . 0 compass wind direction
.           6x
"""

LEVELS = f"""
{BINARY_BROADCAST.strip()}
country   12t . . . . UN country code
"""

GAUGE = """
id        11u . . 0 . number of the gauge
level     14u low+/100 m 0-1 . water level above the local reference
"""

SIGNAL = f"""
{BINARY_BROADCAST.strip()}
lon       28i /600000 degree 108600000 . longitude east
lat       27i /600000 degree 54600000 . latitude north
form       4u . . 0,15 . form of the signal
facing     9u 1 degree 511 . orientation of the signal
direction  3u . . 0 direction direction of the traffic meant
status    30u . . . . nine decimal digits, one for each light
.         11x
"""

_AID = """
ana_int   10u /20 V 0 . supply of the unit
ana_ext1  10u /20 V 0 . first outer voltage
ana_ext2  10u /20 V 0 . second outer voltage
racon      2u . . . racon state of the racon
light      2u . . . light state of the light
alarm      1b . . . . something is wrong
stat_ext   8u . . . . eight outer switches
off_pos    1b . . . . off its position
.          4x
"""


def layouts() -> dict[tuple[int, int, int], Layout]:
    """Layouts by (type, area code, function)."""
    gauges = Group("gauges", 68, 25, 4, read_fields(GAUGE))
    title = "monitoring of an aid"
    aid_6 = layout(title, "132-136", f"{BINARY_ADDRESSED.strip()}\n{_AID.strip()}")
    aid_8 = layout(title, "100-104", f"{BINARY_BROADCAST.strip()}\n{_AID.strip()}")
    return {
        (6, 200, 21): layout("arrival at a lock", "248-256", ARRIVAL),
        (6, 200, 22): layout("requested arrival at a lock", "232-240", REQUESTED),
        (6, 200, 55): layout("persons on board, inland", "168-176", PERSONS),
        (8, 200, 10): layout("ship and voyage, inland", "168", SHIP),
        (8, 200, 23): layout("weather warning, inland", "256", WARNING),
        (8, 200, 24): layout("water levels, inland", "168", LEVELS, gauges),
        (8, 200, 40): layout("signal, inland", "168", SIGNAL),
        **{(6, dac, 10): aid_6 for dac in (235, 250)},
        **{(8, dac, 10): aid_8 for dac in (235, 250)},
    }
