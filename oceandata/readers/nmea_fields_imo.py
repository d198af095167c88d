"""Layouts of the other international binary messages (area code 1).

ITU-R M.1371-5 annex 5 (functions 0 to 5, 40), IMO SN/Circ.236 (12 to 16), IMO
SN.1/Circ.289 (16 to 32). Several exist addressed (6) and as broadcast (8): the same
fields from bit 88 or from bit 56.
"""

from __future__ import annotations

from oceandata.readers.nmea_fields_layout import Group, Layout, layout, read_fields
from oceandata.readers.nmea_fields_network import BINARY_ADDRESSED, BINARY_BROADCAST

_HEADS = {6: BINARY_ADDRESSED, 8: BINARY_BROADCAST}
_BASE = {6: 88, 8: 56}

_PLACE3 = """
lon       25i /60000 degree 10860000 . longitude east
lat       24i /60000 degree 5460000 . latitude north
"""

_TIME = """
month      4u . . 0 . UTC month
day        5u . . 0 . UTC day
hour       5u . . 24-31 . UTC hour
minute     6u . . 60-63 . UTC minute
"""

_LINK = "linkage 10u . . . . number that links a text to it"

TELEGRAM = """
ack_required 1b . . . . an acknowledgement is asked for
msg_seq   11u . . . . sequence number of the text
text       0t . . . . text
"""

OLD_ACKNOWLEDGE = """
ack_dac   10u . . . . area code of the message that came
msg_seq   11u . . . . sequence number of the text
.          3x
"""

INTERROGATE = """
asked_dac 10u . . . . area code asked for
asked_fid  6u . . . . function asked for
"""

CAPABILITY = "asked_dac 10u . . . . area code asked for\n. 6x"

CAPABILITY_REPLY = """
asked_dac 10u . . . . area code asked for
capability 128d . . . . two bits a function, the first says that it is known
.          6x
"""

APPLICATION_ACKNOWLEDGE = """
ack_dac   10u . . . . area code of the message that came
ack_fid    6u . . . . function of the message that came
msg_seq   11u . . . . sequence number of the text
available  1b . . . . the application is there
response   3u . . . response what became of the message
.         49x
"""

DANGEROUS_236 = """
lastport  30t . . . . last port, UN/LOCODE
lmonth     4u . . 0 . UTC month of departure
lday       5u . . 0 . UTC day of departure
lhour      5u . . 24-31 . UTC hour of departure
lminute    6u . . 60-63 . UTC minute of departure
nextport  30t . . . . next port, UN/LOCODE
nmonth     4u . . 0 . UTC month of arrival
nday       5u . . 0 . UTC day of arrival
nhour      5u . . 24-31 . UTC hour of arrival
nminute    6u . . 60-63 . UTC minute of arrival
dangerous 120t . . . . main dangerous good
imdcat    24t . . . . IMD category
unid      13u . . 0 . UN number
amount    10u . . . . amount of cargo
unit       2u . . . unit unit of the amount
.          3x
"""

CLOSED = """
reason   120t . . . . why the fairway is closed
closefrom 120t . . . . where the closed part begins
closeto  120t . . . . where the closed part ends
radius    10u . . 1001-1023 . extension
extunit    2u . . . extension unit of the extension
fday       5u . . 0 . first UTC day
fmonth     4u . . 0 . first UTC month
fhour      5u . . 24-31 . first UTC hour
fminute    6u . . 60-63 . first UTC minute
tday       5u . . 0 . last UTC day
tmonth     4u . . 0 . last UTC month
thour      5u . . 24-31 . last UTC hour
tminute    6u . . 60-63 . last UTC minute
.          4x
"""

TIDAL = """
month      4u . . 0 . UTC month
day        5u . . 0 . UTC day
"""

_TIDAL_TIMES = """
from_hour  5u . . 24-31 . first UTC hour
from_min   6u . . 60-63 . first UTC minute
to_hour    5u . . 24-31 . last UTC hour
to_min     6u . . 60-63 . last UTC minute
cdir       9u 1 degree 360-511 . direction of the current
"""

WINDOW_236 = f"""
lat       27i /600000 degree 54600000 . latitude north
lon       28i /600000 degree 108600000 . longitude east
{_TIDAL_TIMES.strip()}
cspeed     7u /10 knot 127 . speed of the current
"""

WINDOW_289 = f"""
{_PLACE3.strip()}
{_TIDAL_TIMES.strip()}
cspeed     8u /10 knot 255 . speed of the current
"""

CLEARANCE = f"""
{_LINK}
{_TIME.strip()}
portname 120t . . . . port and berth
destination 30t . . . . UN/LOCODE
{_PLACE3.strip()}
.         43x
"""

_SERVICES = (
    "agent fuel chandler stevedore electrical water customs cartage crane lift medical "
    "navrepair provisions shiprepair surveyor steam tugs solidwaste liquidwaste "
    "hazardouswaste ballast additional regional1 regional2 future1 future2"
)

BERTH = "\n".join(
    (
        _LINK,
        "berth_length 9u 1 m 0 . length of the berth; 511: that or more",
        "berth_depth 8u /10 m 0 . depth at the berth; 25.5: that or more",
        "position 3u . . . position how the ship lies",
        _TIME.strip(),
        "availability 1u . . . . the services are known",
        *(f"{name} 2u . . . service {name}" for name in _SERVICES.split()),
        "berth_name 120t . . . . name of the berth",
        "berth_lon 25i /60000 degree 10860000 . longitude east",
        "berth_lat 24i /60000 degree 5460000 . latitude north",
    )
)

NOTICE = f"""
{_LINK}
notice     7u . . . notice what is noticed
{_TIME.strip()}
duration  18u 1 minute 262143 . how long it holds; 0 cancels it
"""

_AREA = f"""
scale      2u . . . . lengths are to be taken times ten to this power
{_PLACE3.strip()}
precision  3u . . . . decimals of the position that hold
"""

_LEG = """
bearing{k} 10u /2 degree 720-1023 . bearing of point {k} from the one before
distance{k} 10u . . . . distance of point {k}, in steps of ten to the scale metres
"""

_LEGS = "scale 2u . . . . lengths are to be taken times ten to this power" + "".join(
    _LEG.rstrip().format(k=k) for k in (1, 2, 3, 4)
)

SHAPES = {
    0: f"{_AREA.strip()}\nradius 12u . . . . radius, in steps of ten to the scale m",
    1: f"""
{_AREA.strip()}
east       8u . . . . extent to the east, in steps of ten to the scale metres
north      8u . . . . extent to the north, in steps of ten to the scale metres
orientation 9u 1 degree 360-511 . turned clockwise by
""",
    2: f"""
{_AREA.strip()}
radius    12u . . . . radius, in steps of ten to the scale metres
left       9u 1 degree 360-511 . left boundary
right      9u 1 degree 360-511 . right boundary
""",
    3: _LEGS,
    4: _LEGS,
    5: "text 84t . . . . text",
}

CARGO = """
unit       2u . . . unit unit of the amount
amount    10u . . 0 . amount of cargo
"""

CARGOS = """
code       4u . . . cargo code that the cargo goes under
subtype   13u . . 0 . class, division or number under that code
"""

ROUTE = f"""
{_LINK}
sender     3u . . . sender who sends it
rtype      5u . . . route kind of route
{_TIME.strip()}
duration  18u 1 minute 262143 . how long it holds; 0 cancels it
waycount   5u . . . . number of waypoints
"""

WAYPOINT = """
lon       28i /600000 degree 108600000 . longitude east
lat       27i /600000 degree 54600000 . latitude north
"""

DESCRIPTION = f"{_LINK}\ntext 0t . . . . text"

TARGET = """
idtype     2u . . . id_type what the target is named by
.         42x
.          4x
lat       24i /60000 degree 5460000 . latitude north
lon       25i /60000 degree 10860000 . longitude east
course     9u 1 degree 360-511 . course over ground
second     6u . . . . UTC second
speed     10u 1 knot 255,1023 . speed over ground
"""

TARGET_NAMES = {
    0: "mmsi 42u . . . . MMSI",
    1: "imo 42u . . . . IMO number",
    2: "callsign 42t . . . . call sign",
    3: "other 42t . . . . other name",
}

SIGNAL = f"""
{_LINK}
station  120t . . . . name of the station
{_PLACE3.strip()}
status     2u . . . signal_status status of the signal
signal     5u . . . signal signal shown
hour       5u . . 24-31 . UTC hour
minute     6u . . 60-63 . UTC minute
nextsignal 5u . . . signal signal expected next
.        102x
"""

_EQUIPMENT = (
    "ais ata bnwas ecdisb chart sounder epaid steer gnss gyro lrit magcomp navtex arpa "
    "sband xband hfradio inmarsat mfradio vhfradio grndlog waterlog thd tcs vdr"
)

VOYAGE_289 = "\n".join(
    (
        _LINK,
        "airdraught 13u /100 m 0 . height over water; 81.91: that or more",
        "lastport 30t . . . . last port, UN/LOCODE",
        "nextport 30t . . . . next port, UN/LOCODE",
        "secondport 30t . . . . port after that, UN/LOCODE",
        *(f"{name}_state 2u . . . equipment {name}" for name in _EQUIPMENT.split()),
        ". 2x",
        "iceclass 4u . . 15 ice_class ice class",
        "horsepower 18u 1 hp 262143 . shaft power; 262142: that or more",
        "vhfchan 12u . . 0 . VHF working channel (M.1084)",
        "lshiptype 42t . . . . Lloyd's ship type",
        "tonnage 18u 1 . 262143 . gross tonnage; 262142: that or more",
        "lading 2u . . . lading laden or in ballast",
        "heavyoil 2u . . . bunkered heavy fuel oil bunkered",
        "lightoil 2u . . . bunkered light fuel oil bunkered",
        "dieseloil 2u . . . bunkered diesel oil bunkered",
        "totaloil 14u 1 t 16383 . bunker oil; 16382: that or more",
        "persons 13u . . 0 . persons on board; 8191: that or more",
        ". 10x",
    )
)

PERSONS = "persons 13u . . 0 . persons on board; 8191: that or more"
AIR_DRAUGHT = "airdraught 11u /10 m 0 . height over water; 204.7: that or more"


def _make(number: int, title: str, bits: str, text: str, *groups: Group) -> Layout:
    return layout(title, bits, f"{_HEADS[number].strip()}\n{text.strip()}", *groups)


def _areas(number: int) -> Group:
    choices = {k: read_fields(text, 3) for k, text in SHAPES.items()}
    shape = read_fields("shape 3u . . . shape shape of the area")
    at = _BASE[number] + 55
    return Group("areas", at, 87, 10, shape, by="shape", choices=choices)


def _waypoints(number: int) -> Group:
    fields = read_fields(WAYPOINT)
    return Group("waypoints", _BASE[number] + 61, 55, 16, fields, counted="waycount")


def _targets() -> Group:
    choices = {k: read_fields(text, 2) for k, text in TARGET_NAMES.items()}
    return Group(
        "targets", 56, 122, 4, read_fields(TARGET), by="idtype", choices=choices
    )


def layouts() -> dict[tuple[int, int, int], Layout]:
    """Layouts by (type, area code, function)."""
    addressed = {
        0: ("text telegram", "100-1008", TELEGRAM),
        1: ("acknowledgement, old", "109-168", OLD_ACKNOWLEDGE),
        2: ("interrogation", "104-168", INTERROGATE),
        3: ("question of capability", "98-168", CAPABILITY),
        4: ("reply on capability", "226-236", CAPABILITY_REPLY),
        5: ("application acknowledgement", "119-168", APPLICATION_ACKNOWLEDGE),
        12: ("dangerous cargo, circular 236", "360-368", DANGEROUS_236),
        15: ("extended ship data, circular 236", "99-104", AIR_DRAUGHT + "\n. 5x"),
        16: ("persons on board", "136-144", PERSONS + "\n. 35x"),
        18: ("clearance to enter port", "317-368", CLEARANCE),
        20: ("berth", "360-368", BERTH),
        30: ("text", "98-1032", DESCRIPTION),
        40: ("persons on board, old", "101-112", PERSONS + "\n. 3x"),
    }
    broadcast = {
        0: ("text telegram", "68-1008", TELEGRAM),
        13: ("fairway closed", "468-480", CLOSED),
        15: ("extended ship data, circular 236", "67-72", AIR_DRAUGHT + "\n. 5x"),
        16: ("persons on board, circular 236", "69-72", PERSONS + "\n. 3x"),
        19: ("marine traffic signal", "258-368", SIGNAL),
        24: ("extended ship data", "350-368", VOYAGE_289),
        29: ("text", "66-1032", DESCRIPTION),
        40: ("persons on board, old", "69-72", PERSONS + "\n. 3x"),
    }
    return {
        **{(6, 1, k): _make(6, *parts) for k, parts in addressed.items()},
        **{(8, 1, k): _make(8, *parts) for k, parts in broadcast.items()},
        **_with_groups(),
    }


def _with_groups() -> dict[tuple[int, int, int], Layout]:
    window_236 = Group("tidals", 97, 93, 3, read_fields(WINDOW_236))
    window_289 = Group("tidals", 97, 88, 3, read_fields(WINDOW_289))
    cargos = Group("cargos", 100, 17, 28, read_fields(CARGOS))
    areas, route = ("area notice", NOTICE), ("route", ROUTE)
    tidal = "tidal window"
    return {
        (6, 1, 14): _make(6, f"{tidal}, circular 236", "190-384", TIDAL, window_236),
        (6, 1, 23): _make(6, areas[0], "230-1013", areas[1], _areas(6)),
        (6, 1, 25): _make(6, "dangerous cargo", "100-584", CARGO, cargos),
        (6, 1, 28): _make(6, route[0], "149-1032", route[1], _waypoints(6)),
        (6, 1, 32): _make(6, tidal, "185-368", TIDAL, window_289),
        (8, 1, 17): _make(8, "targets of a VTS", "178-544", "", _targets()),
        (8, 1, 22): _make(8, areas[0], "198-984", areas[1], _areas(8)),
        (8, 1, 27): _make(8, route[0], "117-1000", route[1], _waypoints(8)),
    }
