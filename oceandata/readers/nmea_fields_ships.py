"""Layouts of messages on ships, stations and aids: 1-5, 9, 11, 18, 19, 21, 24, 27.

ITU-R M.1371-5, annex 8. A message may be as long as gpsd accepts; at its end the state
of the radio and spare bits may lack, since some receivers miscount the fill bits.
"""

from __future__ import annotations

from oceandata.readers.nmea_fields_layout import Layout, layout

_PLACE = """
accuracy   1b . . . . better than 10 m
lon       28i /600000 degree 108600000 . longitude east, WGS 84
lat       27i /600000 degree 54600000 . latitude north, WGS 84
"""

CLASS_A = f"""
status     4u . . . nav_status navigational status
turn       8i turn degree/minute -128 . rate of turn, to starboard; see the notes
speed     10u /10 knot 1023 . speed over ground; 102.2: that or more
{_PLACE.strip()}
course    12u /10 degree 3600-4095 . course over ground
heading    9u 1 degree 511 . true heading
second     6u . . . . UTC second; 60 none, 61 manual, 62 dead reckoning, 63 out of order
maneuver   2u . . . maneuver special manoeuvre; on inland waters the blue sign
.          3x
raim       1b . . . . receiver autonomous integrity monitoring in use
radio     19u . . . . state of the radio's time slots
"""

BASE = """
year      14u . . 0 . UTC year
month      4u . . 0 . UTC month
day        5u . . 0 . UTC day
hour       5u . . 24-31 . UTC hour
minute     6u . . 60-63 . UTC minute
second     6u . . 60-63 . UTC second
accuracy   1b . . . . better than 10 m
lon       28i /600000 degree 108600000 . longitude east, WGS 84
lat       27i /600000 degree 54600000 . latitude north, WGS 84
epfd       4u . . . epfd kind of position fixing device
.         10x
raim       1b . . . . receiver autonomous integrity monitoring in use
radio     19u . . . . state of the radio's time slots
"""

_SIZE = """
to_bow        9u . m . . from the antenna to the bow; 511: that or more
to_stern      9u . m . . from the antenna to the stern; 511: that or more
to_port       6u . m . . from the antenna to port; 63: that or more
to_starboard  6u . m . . from the antenna to starboard; 63: that or more
"""

VOYAGE = f"""
ais_version   2u . . . . edition of the standard
imo          30u . . 0 . IMO number
callsign     42t . . . . call sign
shipname    120t . . . . name
shiptype      8u . . . ship_type ship and cargo
{_SIZE.strip()}
epfd          4u . . . epfd kind of position fixing device
month         4u . . 0 . UTC month of arrival
day           5u . . 0 . UTC day of arrival
hour          5u . . 24-31 . UTC hour of arrival
minute        6u . . 60-63 . UTC minute of arrival
draught       8u /10 m 0 . draught; 25.5: that or more
destination 120t . . . . destination
dte           1u . . . . 1: data terminal not ready
.             1x
"""

SEARCH_AND_RESCUE = """
alt       12u 1 m 4095 . altitude; 4094: that or more
speed     10u 1 knot 1023 . speed over ground; 1022: that or more
accuracy   1b . . . . better than 10 m
lon       28i /600000 degree 108600000 . longitude east, WGS 84
lat       27i /600000 degree 54600000 . latitude north, WGS 84
course    12u /10 degree 3600-4095 . course over ground
second     6u . . . . UTC second; 60 none, 61 manual, 62 dead reckoning, 63 out of order
regional   8u . . . . regional use; its first bit says which altitude
dte        1u . . . . 1: data terminal not ready
.          3x
assigned   1b . . . . assigned mode
raim       1b . . . . receiver autonomous integrity monitoring in use
radio     20u . . . . state of the radio's time slots
"""

_CLASS_B = """
reserved   8u . . . . regional use
speed     10u /10 knot 1023 . speed over ground; 102.2: that or more
accuracy   1b . . . . better than 10 m
lon       28i /600000 degree 108600000 . longitude east, WGS 84
lat       27i /600000 degree 54600000 . latitude north, WGS 84
course    12u /10 degree 3600-4095 . course over ground
heading    9u 1 degree 511 . true heading
second     6u . . . . UTC second; 60 none, 61 manual, 62 dead reckoning, 63 out of order
"""

CLASS_B = f"""
{_CLASS_B.strip()}
regional   2u . . . . regional use
cs         1b . . . . carrier sense unit
display    1b . . . . has a display
dsc        1b . . . . has digital selective calling
band       1b . . . . can use the whole marine band
msg22      1b . . . . obeys message 22
assigned   1b . . . . assigned mode
raim       1b . . . . receiver autonomous integrity monitoring in use
radio     20u . . . . state of the radio's time slots
"""

CLASS_B_LONG = f"""
{_CLASS_B.strip()}
regional   4u . . . . regional use
shipname 120t . . . . name
shiptype   8u . . . ship_type ship and cargo
{_SIZE.strip()}
epfd       4u . . . epfd kind of position fixing device
raim       1b . . . . receiver autonomous integrity monitoring in use
dte        1u . . . . 1: data terminal not ready
assigned   1b . . . . assigned mode
.          4x
"""

AID = f"""
aid_type   5u . . . aid_type kind of aid to navigation
name     120t . . . . name, with its extension from bit 272
{_PLACE.strip()}
{_SIZE.strip()}
epfd       4u . . . epfd kind of position fixing device
second     6u . . . . UTC second
off_position 1b . . . . floating aid off its position; holds if second < 60
regional   8u . . . . status of the aid
raim       1b . . . . receiver autonomous integrity monitoring in use
virtual_aid 1b . . . . no aid stands there, its report comes from a station
assigned   1b . . . . assigned mode
.          1x
extension  0t . . . . more of the name
"""

PART_A = """
partno     2u . . . . 0 for part A
shipname 120t . . . . name
.          8x
"""

_PART_B = """
partno     2u . . . . 1 for part B
shiptype   8u . . . ship_type ship and cargo
vendorid  42t . . . . maker of the unit; before M.1371-4 seven characters
model@66   4u . . . . maker's model
serial@70 20u . . . . serial number
callsign  42t . . . . call sign
"""

PART_B = f"""
{_PART_B.strip()}
{_SIZE.strip()}
epfd       4u . . . epfd kind of position fixing device
.          2x
"""

PART_B_AUXILIARY = f"""
{_PART_B.strip()}
mothership_mmsi 30u . . . . the ship that the craft belongs to
.          6x
"""

LONG_RANGE = """
accuracy   1b . . . . better than 10 m
raim       1b . . . . receiver autonomous integrity monitoring in use
status     4u . . . nav_status navigational status
lon       18i /600 degree 108600 . longitude east, WGS 84
lat       17i /600 degree 54600 . latitude north, WGS 84
speed      6u 1 knot 63 . speed over ground; 62: that or more
course     9u 1 degree 511 . course over ground
gnss       1b . . . . the position is not the current one
.          1x
"""


def layouts() -> dict[tuple[int, int, int], Layout]:
    """Layouts by (type, form, 0): forms of 24 are A 0, B 1, B of auxiliary craft 2."""
    class_a = layout("position of class A", "149-204", CLASS_A)
    base = layout("base station", "149-256", BASE)
    return {
        (1, 0, 0): class_a,
        (2, 0, 0): class_a,
        (3, 0, 0): class_a,
        (4, 0, 0): base,
        (5, 0, 0): layout("ship and voyage", "420-512", VOYAGE),
        (9, 0, 0): layout("search and rescue aircraft", "148-256", SEARCH_AND_RESCUE),
        (11, 0, 0): base,
        (18, 0, 0): layout("position of class B", "148-256", CLASS_B),
        (19, 0, 0): layout("position and ship of class B", "308-400", CLASS_B_LONG),
        (21, 0, 0): layout("aid to navigation", "272-368", AID),
        (24, 0, 0): layout("name of class B", "160-168", PART_A),
        (24, 1, 0): layout("ship of class B", "162-256", PART_B),
        (24, 2, 0): layout("auxiliary craft of class B", "162-256", PART_B_AUXILIARY),
        (27, 0, 0): layout("position at long range", "95-168", LONG_RANGE),
    }
