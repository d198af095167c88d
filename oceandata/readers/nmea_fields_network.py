"""Layouts of messages between stations: 6-8, 10, 12-17, 20, 22, 23, 25, 26.

ITU-R M.1371-5, annex 8. The lengths are those that gpsd accepts. What a binary message
(6, 8) carries is in :mod:`nmea_fields_imo`, :mod:`nmea_fields_weather` and
:mod:`nmea_fields_inland`; here stands what is common to them.
"""

from __future__ import annotations

from oceandata.readers.nmea_fields_layout import Layout, layout

ADDRESSED = """
seqno      2u . . . . sequence number
dest_mmsi 30u . . . . the station it is for
retransmit 1b . . . . sent again
.          1x
"""

BINARY_ADDRESSED = f"""
{ADDRESSED.strip()}
dac       10u . . . . designated area code
fid        6u . . . . function identifier
"""

BINARY_BROADCAST = """
.          2x
dac       10u . . . . designated area code
fid        6u . . . . function identifier
"""

DATA = "data 0d . . . . what it carries, as hex digits"

ACKNOWLEDGE = ".  2x\n" + "\n".join(
    f"mmsi{k} 30u . . . . station {k} whose message came\n"
    f"mmsiseq{k} 2u . . . . sequence number of that message"
    for k in (1, 2, 3, 4)
)

INQUIRY = """
.          2x
dest_mmsi 30u . . . . the station it is for
.          2x
"""

INTERROGATION = """
.          2x
mmsi1     30u . . . . first station asked
type1_1    6u . . . . type that it is asked for
offset1_1 12u . . . . slot offset of the answer
.          2x
type1_2    6u . . . . second type that it is asked for
offset1_2 12u . . . . slot offset of the answer
.          2x
mmsi2     30u . . . . second station asked
type2_1    6u . . . . type that it is asked for
offset2_1 12u . . . . slot offset of the answer
.          2x
"""

ASSIGNMENT = """
.          2x
mmsi1     30u . . . . first station
offset1   12u . . . . slot offset, or reports in ten minutes if the increment is 0
increment1 10u . . . . slot increment
"""

ASSIGNMENT_TWO = f"""
{ASSIGNMENT.strip()}
mmsi2     30u . . . . second station
offset2   12u . . . . slot offset, or reports in ten minutes if the increment is 0
increment2 10u . . . . slot increment
"""

CORRECTIONS = """
.          2x
lon       18i /600 degree 108600 . longitude east of the reference station
lat       17i /600 degree 54600 . latitude north of the reference station
.          5x
data       0d . . . . differential corrections, as hex digits
correction_type@80 6u . . . . number of the correction message (M.823)
station   10u . . . . reference station
z_count   13u *0.6 s . . time in the hour
correction_sequence 3u . . . . sequence number
words      5u . . . . 24-bit words that follow
health     3u . . . . health of the reference station
"""

SLOTS = ".  2x\n" + "\n".join(
    f"offset{k} 12u . . . . reserved offset {k}\n"
    f"number{k} 4u . . . . reserved slots {k}\n"
    f"timeout{k} 3u . minute . . time-out {k}\n"
    f"increment{k} 11u . . . . increment {k}"
    for k in (1, 2, 3, 4)
)

_CHANNELS = """
.          2x
channel_a 12u . . . . channel A (M.1084)
channel_b 12u . . . . channel B (M.1084)
txrx       4u . . . txrx which channels to send on
power      1b . . . . high power
"""

_BANDS = """
addressed@139 1b . . . . for two stations, not for an area
band_a     1b . . . . channel A is 12.5 kHz wide
band_b     1b . . . . channel B is 12.5 kHz wide
zonesize   3u . nmi . . width of the transitional zone, less one
.         23x
"""

CHANNEL_AREA = f"""
{_CHANNELS.strip()}
ne_lon    18i /600 degree 108600 . east side of the area
ne_lat    17i /600 degree 54600 . north side of the area
sw_lon    18i /600 degree 108600 . west side of the area
sw_lat    17i /600 degree 54600 . south side of the area
{_BANDS.strip()}
"""

CHANNEL_STATIONS = f"""
{_CHANNELS.strip()}
dest1     30u . . . . first station
dest2@104 30u . . . . second station
{_BANDS.strip()}
"""

GROUP = """
.          2x
ne_lon    18i /600 degree 108600 . east side of the area
ne_lat    17i /600 degree 54600 . north side of the area
sw_lon    18i /600 degree 108600 . west side of the area
sw_lat    17i /600 degree 54600 . south side of the area
stationtype 4u . . . station_type stations meant
shiptype   8u . . . ship_type ships meant
.         22x
txrx       2u . . . txrx which channels to send on
interval   4u . . . interval time between reports
quiet      4u . minute . . time of silence
.          6x
"""

_FLAGS = """
addressed  1b . . . . for one station
structured 1b . . . . has an application identifier
"""
_TO = "dest_mmsi 30u . . . . the station it is for\n"
_APP = "app_id 16u . . . . application identifier: 64 times area code + function\n"
_RADIO = "radio@-20 20u . . . . state of the radio's time slots"


def _slot_forms(number: int, bits: tuple[int, int], trailer: int) -> dict:
    """The four forms of 25 and 26 by (type, addressed, structured)."""
    out = {}
    for addressed in (0, 1):
        for structured in (0, 1):
            text = _FLAGS + _TO * addressed + _APP * structured + DATA + "\n"
            least = max(bits[0], 40 + 30 * addressed + 16 * structured + trailer)
            out[number, addressed, structured] = layout(
                "binary message of one slot" if number == 25 else "binary message",
                f"{least}-{bits[1]}",
                text + _RADIO * bool(trailer),
                trailer=trailer,
            )
    return out


def layouts() -> dict[tuple[int, int, int], Layout]:
    """Layouts by (type, form, form): 16 by two stations, 22 by addressed."""
    text = "text 0t . . . . text"
    acknowledge = layout("acknowledgement", "72-168", ACKNOWLEDGE)
    return {
        (6, -1, -1): layout("binary message", "88-1064", BINARY_ADDRESSED + DATA),
        (7, 0, 0): acknowledge,
        (8, -1, -1): layout("binary broadcast", "56-1064", BINARY_BROADCAST + DATA),
        (10, 0, 0): layout("inquiry of time", "72-168", INQUIRY),
        (12, 0, 0): layout("safety message", "72-1008", ADDRESSED + text),
        (13, 0, 0): acknowledge,
        (14, 0, 0): layout("safety broadcast", "40-1008", ".  2x\n" + text),
        (15, 0, 0): layout("interrogation", "88-168", INTERROGATION),
        (16, 0, 0): layout("assignment of one station", "92-143", ASSIGNMENT + ".  4x"),
        (16, 1, 0): layout("assignment of two stations", "144-168", ASSIGNMENT_TWO),
        (17, 0, 0): layout("satellite corrections", "80-816", CORRECTIONS),
        (20, 0, 0): layout("reserved slots", "72-186", SLOTS),
        (22, 0, 0): layout("channels of an area", "168-256", CHANNEL_AREA),
        (22, 1, 0): layout("channels of stations", "168-256", CHANNEL_STATIONS),
        (23, 0, 0): layout("command to a group", "160-256", GROUP),
        **_slot_forms(25, (40, 168), 0),
        **_slot_forms(26, (60, 1064), 20),
    }
