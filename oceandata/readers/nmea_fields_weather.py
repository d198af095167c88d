"""Layouts of weather, water and sensors in binary messages.

IMO SN/Circ.236 (function 11) and SN.1/Circ.289 (21, 26, 31), area code 1. Where the
circular contradicts itself the bits and ranges are those that gpsd's description of
AIVDM settles on (steps of 0.01 m for water levels and air gaps).
"""

from __future__ import annotations

from oceandata.readers.nmea_fields_layout import Group, Layout, layout, read_fields
from oceandata.readers.nmea_fields_network import BINARY_BROADCAST

_WAVES = """
cspeed     8u /10 knot 255 . speed of the current at the surface
cdir       9u 1 degree 360-511 . direction of the current at the surface
cspeed2    8u /10 knot 255 . speed of the current at the second level
cdir2      9u 1 degree 360-511 . direction of the current at the second level
cdepth2    5u 1 m 31 . depth of the second level
cspeed3    8u /10 knot 255 . speed of the current at the third level
cdir3      9u 1 degree 360-511 . direction of the current at the third level
cdepth3    5u 1 m 31 . depth of the third level
waveheight 8u /10 m 255 . significant wave height
waveperiod 6u 1 s 63 . wave period
wavedir    9u 1 degree 360-511 . direction of the waves
swellheight 8u /10 m 255 . swell height
swellperiod 6u 1 s 63 . swell period
swelldir   9u 1 degree 360-511 . direction of the swell
seastate   4u . . 13-15 . Beaufort number
"""

METEO_236 = f"""
{BINARY_BROADCAST.strip()}
lat       24i /60000 degree 8388607,5460000 . latitude north
lon       25i /60000 degree 16777215,10860000 . longitude east
day        5u . . 0,31 . UTC day; 31 with hour 31 is none
hour       5u . . 24-31 . UTC hour
minute     6u . . 60-63 . UTC minute
wspeed     7u 1 knot 127 . wind speed, mean of 10 minutes
wgust      7u 1 knot 127 . gusts, highest of 10 minutes
wdir       9u 1 degree 360-511 . wind direction
wgustdir   9u 1 degree 360-511 . direction of the gusts
airtemp   11u -600/10 degree_C 2047 . air temperature
humidity   7u 1 percent 101-127 . relative humidity
dewpoint  10u -200/10 degree_C 1023 . dew point
pressure   9u +800 hPa 511 . air pressure
pressuretend 2u . . 3 trend tendency of the pressure
visibility 8u /10 nmi 255 . horizontal visibility
waterlevel 9u -100/10 m 511 . water level above chart datum
leveltrend 2u . . 3 trend trend of the water level
{_WAVES.strip()}
watertemp 10u -100/10 degree_C 1023 . water temperature
preciptype 3u . . 7 precipitation precipitation (WMO 306 table 4.201)
salinity   9u /10 permille 511 . salinity
ice        2u . . 3 ice ice
.          6x
"""

METEO_289 = f"""
{BINARY_BROADCAST.strip()}
lon       25i /60000 degree 10860000 . longitude east
lat       24i /60000 degree 5460000 . latitude north
accuracy   1b . . . . better than 10 m
day        5u . . 0 . UTC day
hour       5u . . 24-31 . UTC hour
minute     6u . . 60-63 . UTC minute
wspeed     7u 1 knot 127 . wind speed, mean of 10 minutes; 126: that or more
wgust      7u 1 knot 127 . gusts, highest of 10 minutes; 126: that or more
wdir       9u 1 degree 360-511 . wind direction
wgustdir   9u 1 degree 360-511 . direction of the gusts
airtemp   11i /10 degree_C -1024 . air temperature
humidity   7u 1 percent 101-127 . relative humidity
dewpoint  10i /10 degree_C 501 . dew point
pressure   9u +799 hPa 403-511 . air pressure; 799: that or less, 1201: that or more
pressuretend 2u . . 3 trend tendency of the pressure
visgreater 1b . . . . the visibility is greater than given
visibility 7u /10 nmi 127 . horizontal visibility
waterlevel 12u -1000/100 m 4001-4095 . water level above chart datum
leveltrend 2u . . 3 trend trend of the water level
{_WAVES.strip()}
watertemp 10i /10 degree_C 501 . water temperature
preciptype 3u . . 7 precipitation precipitation (WMO 306 table 4.201)
salinity   9u /10 permille 510-511 . salinity; 50.1: that or more
ice        2u . . 3 ice ice
.         10x
"""

FROM_SHIP = f"""
{BINARY_BROADCAST.strip()}
wmo        1b . . . . the WMO form
location 120t . . . . place
lon       25i /60000 degree 10860000 . longitude east
lat       24i /60000 degree 5460000 . latitude north
day        5u . . 0 . UTC day
hour       5u . . 24-31 . UTC hour
minute     6u . . 60-63 . UTC minute
weather    4u . . 8 weather present weather
vislimit   1b . . . . the visibility is greater than given
visibility 7u /10 nmi 127 . horizontal visibility
humidity   7u 1 percent 127 . relative humidity
wspeed     7u 1 knot 127 . wind speed, mean of 10 minutes
wdir       9u 1 degree 360-511 . wind direction
pressure   9u +799 hPa 403-511 . air pressure; 799: that or less, 1201: that or more
pressuretend 4u . . 15 . tendency of the pressure (WMO FM13)
airtemp   11i /10 degree_C -1024 . air temperature
watertemp 10u -100/10 degree_C 601-1023 . water temperature
waveperiod 6u 1 s 63 . wave period
waveheight 8u /10 m 255 . wave height
wavedir    9u 1 degree 360-511 . direction of the waves
swellheight 8u /10 m 255 . swell height
swelldir   9u 1 degree 360-511 . direction of the swell
swellperiod 6u 1 s 63 . swell period
.          3x
"""

FROM_SHIP_WMO = f"""
{BINARY_BROADCAST.strip()}
wmo        1b . . . . the WMO form
lon       16u -18000/100 degree 65535 . longitude east
lat       15u -9000/100 degree 32767 . latitude north
month      4u . . 0,15 . UTC month
day        6u . . 0,63 . UTC day
hour       5u . . 24-31 . UTC hour
minute     3u *10 minute 7 . end of a span of ten minutes
course     7u *5 degree 127 . course over ground, mean of 10 minutes
speed      5u *0.5 m/s 31 . speed over ground, mean of 10 minutes; 15: that or more
heading    7u *5 degree 127 . heading, mean of 10 minutes
pressure  11u +9000/10 hPa 2001-2047 . air pressure at sea level
pdelta    10u -500/10 hPa 1023 . change of the pressure in 3 hours
ptend      4u . . 15 . tendency of the pressure (BUFR 010063)
twinddir   7u *5 degree 127 . true wind direction, mean of 10 minutes; 0 calm
twindspeed 8u *0.5 m/s 255 . true wind speed, mean of 10 minutes
rwinddir   7u *5 degree 127 . relative wind direction, mean of 10 minutes; 0 calm
rwindspeed 8u *0.5 m/s 255 . relative wind speed, mean of 10 minutes
mgustspeed 8u *0.5 m/s 255 . highest gust
mgustdir   7u *5 degree 127 . direction of the highest gust
airtemp   10u +2230/10 K 1023 . air temperature
humidity   7u 1 percent 127 . relative humidity
surftemp   9u +2680/10 K 511 . temperature of the sea surface
visibility 6u square*13.073 m 63 . horizontal visibility
weather    9u . . 511 . present weather (BUFR 020003)
pweather1  5u . . 31 . past weather (BUFR 020004)
pweather2  5u . . 31 . past weather (BUFR 020005)
totalcloud 4u *10 percent 15 . cloud cover
lowclouda  4u . . 15 . amount of low cloud (BUFR 020011)
lowcloudt  6u . . 63 . low cloud (BUFR 020012)
midcloudt  6u . . 63 . middle cloud (BUFR 020012)
highcloudt 6u . . 63 . high cloud (BUFR 020012)
cloudbase  7u square*0.16 m 127 . height of the cloud base; 126 in the field: more
wwperiod   5u 1 s 31 . period of the wind waves
wwheight   6u *0.5 m 63 . height of the wind waves
swelldir1  6u *10 degree 63 . direction of the first swell
swperiod1  5u 1 s 31 . period of the first swell
swheight1  6u *0.5 m 63 . height of the first swell
swelldir2  6u *10 degree 63 . direction of the second swell
swperiod2  5u 1 s 31 . period of the second swell
swheight2  6u *0.5 m 63 . height of the second swell
icedeposit 7u 1 cm 127 . thickness of ice on the ship
icerate    3u . . 7 . rate of ice accretion (BUFR 020032)
icecause   3u . . 7 . cause of ice accretion (BUFR 020033)
seaice     5u . . 31 . concentration of sea ice (BUFR 020034)
icetype    4u . . 15 . amount and type of ice (BUFR 020035)
icestate   5u . . 31 . ice situation (BUFR 020036)
icedevel   5u . . 31 . development of the ice (BUFR 020037)
icebearing 4u *45 degree 15 . bearing of the ice edge
"""

REPORT = """
sensor     4u . . . sensor kind of report
day        5u . . 0 . UTC day
hour       5u . . 24-31 . UTC hour
minute     6u . . 60-63 . UTC minute
site       7u . . . . number of the site
"""

_FORECAST_TIME = """
fday       5u . . 0 . UTC day of the forecast
fhour      5u . . 24-31 . UTC hour of the forecast
fminute    6u . . 60-63 . UTC minute of the forecast
"""

_CURRENT = """
cspeed{k}  8u /10 knot 247-255 . speed of the current {k}
cdir{k}    9u 1 degree 360-511 . direction of the current {k}
cdepth{k}  9u 1 m 362-511 . depth of the current {k}
"""

_FLOW = """
cnorth{k}  8u /10 knot 247-255 . current {k} to the north
ceast{k}   8u /10 knot 247-255 . current {k} to the east
cup{k}     8u /10 knot 247-255 . current {k} upwards
cdepth{k}  9u 1 m 362-511 . depth of the current {k}
"""

_HORIZONTAL = """
bearing{k} 9u 1 degree 360-511 . bearing of the measured place {k}
distance{k} 7u 1 m 122-127 . distance of the measured place {k}
speed{k}   8u /10 knot 247-255 . speed of the current {k}
direction{k} 9u 1 degree 360-511 . direction of the current {k}
depth{k}   9u 1 m 362-511 . depth of the current {k}
"""

_SENSOR = "sensortype 3u . . . sensor_type how it was found\n"


def _each(text: str, numbers: tuple[int, ...]) -> str:
    return "".join(text.strip().format(k=k) + "\n" for k in numbers)


SENSORS = {
    0: """
lon       28i /600000 degree 108600000 . longitude east
lat       27i /600000 degree 54600000 . latitude north
alt       11u /10 m 2002-2047 . altitude above mean sea level
owner      4u . . . owner owner of the sensor
timeout    3u . . . timeout how long the data hold
""",
    1: "name 84t . . . . name of the station",
    2: f"""
wspeed     7u 1 knot 122-127 . wind speed, mean of 10 minutes
wgust      7u 1 knot 122-127 . gusts, highest of 10 minutes
wdir       9u 1 degree 360-511 . wind direction
wgustdir   9u 1 degree 360-511 . direction of the gusts
{_SENSOR.strip()}
fwspeed    7u 1 knot 122-127 . wind speed of the forecast
fwgust     7u 1 knot 122-127 . gusts of the forecast
fwdir      9u 1 degree 360-511 . wind direction of the forecast
{_FORECAST_TIME.strip()}
duration   8u 1 minute 255 . how long the forecast holds; 0 cancels it
""",
    3: f"""
absolute   1b . . . . above the datum, not above a reference
level     16i /100 m -32768 . water level
leveltrend 2u . . 3 level_trend trend of the water level
datum      5u . . 14 datum vertical datum
{_SENSOR.strip()}
fabsolute  1b . . . . above the datum, in the forecast
flevel    16i /100 m -32768 . water level of the forecast
{_FORECAST_TIME.strip()}
duration   8u 1 minute 255 . how long the forecast holds; 0 cancels it
""",
    4: _each(_CURRENT, (1, 2, 3)) + _SENSOR,
    5: _each(_FLOW, (1, 2)) + _SENSOR,
    6: _each(_HORIZONTAL, (1, 2)),
    7: """
swheight   8u /10 m 247-255 . swell height
swperiod   6u 1 s 61-63 . swell period
swelldir   9u 1 degree 360-511 . direction of the swell
seastate   4u . . 13-15 . Beaufort number
swelltype  3u . . . sensor_type how the swell was found
watertemp 10u -100/10 degree_C 601-1023 . water temperature
tempdepth  7u /10 m 122-127 . depth of the water temperature
depthtype  3u . . . sensor_type how the temperature was found
waveheight 8u /10 m 247-255 . wave height
waveperiod 6u 1 s 61-63 . wave period
wavedir    9u 1 degree 360-511 . direction of the waves
wavetype   3u . . . sensor_type how the waves were found
salinity   9u /10 permille 502-511 . salinity
""",
    8: f"""
watertemp 10u -100/10 degree_C 601-1023 . water temperature
conductivity 10u /100 S/m 702-1023 . conductivity
waterpressure 16u /10 dbar 60002-65535 . water pressure
salinity   9u /10 permille 502-511 . salinity
salinitytype 2u . . . salinity how the salinity was found
{_SENSOR.strip()}
""",
    9: f"""
airtemp   11i /10 degree_C -1024,601-1023 . air temperature
{_SENSOR.strip()}
preciptype 2u . . . rain_type precipitation
visibility 8u /10 nmi 242-255 . horizontal visibility
dewpoint  10i /10 degree_C 501-511,-512--201 . dew point
dewtype    3u . . . sensor_type how the dew point was found
pressure   9u +799 hPa 403-511 . air pressure
pressuretend 2u . . 3 trend tendency of the pressure
pressuretype 3u . . . sensor_type how the pressure was found
salinity   9u /10 permille 502-511 . salinity
""",
    10: f"""
airdraught 13u /100 m 0 . height of the ship over water
airgap    13u /100 m 0 . gap between the water and the sensor
gaptrend   2u . . 3 gap_trend trend of the gap
fairgap   13u /100 m 0 . gap of the forecast
{_FORECAST_TIME.strip()}
""",
}


def layouts() -> dict[tuple[int, int, int], Layout]:
    """Layouts by (8, area code, function); function 85 is the WMO form of 21."""
    sensors = Group(
        "reports",
        56,
        112,
        8,
        read_fields(REPORT),
        by="sensor",
        choices={k: read_fields(text, 27) for k, text in SENSORS.items()},
    )
    meteo = "meteorological and hydrological data"
    return {
        (8, 1, 11): layout(f"{meteo}, circular 236", "346-368", METEO_236),
        (8, 1, 21): layout("weather from a ship", "357-368", FROM_SHIP),
        (8, 1, 85): layout("weather from a ship, WMO", "360-368", FROM_SHIP_WMO),
        (8, 1, 26): layout("sensors", "168-1008", BINARY_BROADCAST, sensors),
        (8, 1, 31): layout(f"{meteo}, circular 289", "350-368", METEO_289),
    }
