"""What the codes in AIS messages mean, in the words that gpsd prints.

Sources: ITU-R M.1371-5 (status, fixing devices, ship types, aids to navigation),
IMO SN.1/Circ.289 and SN/Circ.236 (application messages), the inland AIS standard of the
CCNR. Where gpsd's word is against the standard, the standard's stands here and gpsd's
in :mod:`oceandata.readers.nmea_fields_gpsd`.
"""

from __future__ import annotations

from oceandata.readers.nmea_fields_notices import NOTICES


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.strip().splitlines())


NAV_STATUS = _lines("""
    Under way using engine
    At anchor
    Not under command
    Restricted manoeuverability
    Constrained by her draught
    Moored
    Aground
    Engaged in fishing
    Under way sailing
    Reserved for HSC
    Reserved for WIG
    Power-driven vessel towing astern
    Power-driven vessel pushing ahead or towing alongside
    Reserved
    AIS-SART is active
    Not defined
""")

EPFD = _lines("""
    Undefined
    GPS
    GLONASS
    Combined GPS/GLONASS
    Loran-C
    Chayka
    Integrated navigation system
    Surveyed
    Galileo
""")

_CATEGORIES = (
    *(f"Hazardous category {letter}" for letter in "ABCD"),
    *["Reserved for future use"] * 4,
)


def _decade(word: str, last: str = "No additional information") -> tuple[str, ...]:
    names = ("all ships of this type", *_CATEGORIES, last)
    return tuple(f"{word} - {name}" for name in names)


SHIP_TYPE = (
    "Not available",
    *["Reserved for future use"] * 19,
    *_decade("Wing in ground (WIG)", "Reserved for future use"),
    "Fishing",
    "Towing",
    "Towing: length exceeds 200m or breadth exceeds 25m",
    "Dredging or underwater ops",
    "Diving ops",
    "Military ops",
    "Sailing",
    "Pleasure Craft",
    "Reserved",
    "Reserved",
    *_decade("High speed craft (HSC)"),
    "Pilot Vessel",
    "Search and Rescue vessel",
    "Tug",
    "Port Tender",
    "Anti-pollution equipment",
    "Law Enforcement",
    "Spare - Local Vessel",
    "Spare - Local Vessel",
    "Medical Transport",
    "Ship according to RR Resolution No. 18",
    *_decade("Passenger"),
    *_decade("Cargo"),
    *_decade("Tanker"),
    *_decade("Other Type", "no additional information"),
)

STATION_TYPE = (
    "All types of mobiles",
    "Reserved for future use",
    "All types of Class B mobile stations",
    "SAR airborne mobile station",
    "Aid to Navigation station",
    "Class B shipborne mobile station",
    *["Regional use and inland waterways"] * 4,
    *["Reserved for future use"] * 6,
)

AID_TYPE = _lines("""
    Unspecified
    Reference point
    RACON
    Fixed offshore structure
    Spare, Reserved for future use.
    Light, without sectors
    Light, with sectors
    Leading Light Front
    Leading Light Rear
    Beacon, Cardinal N
    Beacon, Cardinal E
    Beacon, Cardinal S
    Beacon, Cardinal W
    Beacon, Port hand
    Beacon, Starboard hand
    Beacon, Preferred Channel port hand
    Beacon, Preferred Channel starboard hand
    Beacon, Isolated danger
    Beacon, Safe water
    Beacon, Special mark
    Cardinal Mark N
    Cardinal Mark E
    Cardinal Mark S
    Cardinal Mark W
    Port hand Mark
    Starboard hand Mark
    Preferred Channel Port hand
    Preferred Channel Starboard hand
    Isolated danger
    Safe Water
    Special Mark
    Light Vessel / LANBY / Rigs
""")

_JAPAN = (
    'I = "in-bound" only acceptable.',
    'O = "out-bound" only acceptable.',
    'F = both "in- and out-bound" acceptable.',
    "XI = Code will shift to I in due time.",
    "XO = Code will shift to O in due time.",
    "X = Vessels shall proceed only on direction.",
)

_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight")

_ERI = {
    8000: "Vessel, type unknown",
    8010: "Motor freighter",
    8020: "Motor tanker",
    8021: "Motor tanker, liquid cargo, type N",
    8022: "Motor tanker, liquid cargo, type C",
    8023: "Motor tanker, dry cargo as if liquid (e.g. cement)",
    8030: "Container vessel",
    8040: "Gas tanker",
    8050: "Motor freighter, tug",
    8060: "Motor tanker, tug",
    8070: "Motor freighter with one or more ships alongside",
    8080: "Motor freighter with tanker",
    8090: "Motor freighter pushing one or more freighters",
    8100: "Motor freighter pushing at least one tank-ship",
    8110: "Tug, freighter",
    8120: "Tug, tanker",
    8130: "Tug freighter, coupled",
    8140: "Tug, freighter/tanker, coupled",
    8150: "Freightbarge",
    8160: "Tankbarge",
    8161: "Tankbarge, liquid cargo, type N",
    8162: "Tankbarge, liquid cargo, type C",
    8163: "Tankbarge, dry cargo as if liquid (e.g. cement)",
    8170: "Freightbarge with containers",
    8180: "Tankbarge, gas",
    **{
        8210 + 10 * k: f"Pushtow, {number} cargo {'barges' if k else 'barge'}"
        for k, number in enumerate(_NUMBERS)
    },
    8290: "Pushtow, nine or more barges",
    8310: "Pushtow, one tank/gas barge",
    **{
        8320 + 10 * k: f"Pushtow, {number} barges at least one tanker or gas barge"
        for k, number in enumerate(_NUMBERS[1:7])
    },
}

_SHORT = """
    precipitation: reserved|rain|thunderstorm|freezing rain|mixed/ice|snow|reserved|N/A
    ice: no|yes|reserved|N/A
    trend: steady|decreasing|increasing|N/A
    level_trend: increasing|decreasing|steady|N/A
    gap_trend: steady|rising|falling|N/A
    racon: No RACON installed|RACON not monitored|RACON operational|RACON ERROR
    light: No light or no monitoring|Light ON|Light OFF|Light ERROR
    rta: Operational|Limited operation|Out of order|N/A
    unit: not available|kg|metric tons|metric kilotons
    extension: m|km|nautical miles|cables
    id_type: mmsi|imo|callsign|other
    sender: ship|authority
    maneuver: not available|no special maneuver|special maneuver
    txrx: TxA/TxB, RxA/RxB|TxA, RxA/RxB|TxB, RxA/RxB|reserved
    signal_status: not available|in regular service|irregular service|reserved
    service: not available or requested|available|no data|not to be used
    equipment: not available or requested|operational|not operational|no data
    lading: not available|laden|ballast|not in use
    bunkered: not available|no|yes|not in use
    shape: circle or point|rectangle|sector|polyline|polygon|associated text
    salinity: measured|calculated by PSS-78|calculated otherwise|reserved
    rain_type: reserved|rain|thunderstorm|freezing rain
    hazard: 0 blue cones/lights|1 blue cone/light|2 blue cones/lights|+
            3 blue cones/lights|4 B-Flag|Unknown
    loaded: N/A (default)|Unloaded|Loaded
    emma: Not Available|Wind|Rain|Snow and ice|Thunderstorm|Fog|Low temperature|+
          High temperature|Flood|Forest Fire
    intensity: not available|slight|medium|strong
    compass: N/A|North|North East|East|South East|South|South West|West|North West
    direction: Unknown|Upstream|Downstream|To left bank|To right bank
    position: Not available|Port-side to|Starboard-side to|+
              Mediterranean (end-on) mooring|Mooring buoy|Anchorage|+
              Reserved for future use|Reserved for future use
    cargo: not available|IMDG code|IGC code|BC code|MARPOL Annex I|+
           MARPOL Annex II IBC code|regional use
    weather: clear|cloudy|rain|fog|snow|typhoon or hurricane|monsoon|thunderstorm|+
             not available
    sensor: site location|station id|wind|water level|current flow 2D|current flow 3D|+
            horizontal current|sea state|salinity|weather|air gap
    owner: unknown|hydrographic office|inland waterway authority|coastal directorate|+
           meteorological service|port authority|coast guard
    timeout: no time period|10 minutes|1 hour|6 hours|12 hours|24 hours
    sensor_type: no data|raw real time|real time with quality control|predicted|+
                 forecast|nowcast|reserved|sensor not available
    datum: MLLW|IGLD-85|local river datum|station datum|MHHW|MHW|MSL|MLW|NGVD-29|+
           NAVD-88|WGS-84|LAT|pool|gauge|not available
    interval: autonomous|10 minutes|6 minutes|3 minutes|1 minute|30 seconds|+
              15 seconds|10 seconds|5 seconds|next shorter|next longer
    ice_class: not classified|PC 1|PC 2|PC 3|PC 4|PC 5|PC 6, IA Super, Arc5|+
               PC 7, IA, Arc4|IB, Ice3|IC, Ice2|Ice1
    response: unable to respond|reception acknowledged|response to follow|+
              able to respond but currently inhibited
"""


def _read_short() -> dict[str, tuple[str, ...]]:
    text = _SHORT.strip().replace("|+\n", "|")
    out = {}
    for line in text.splitlines():
        name, _, words = line.strip().partition(": ")
        out[name] = tuple(word.strip() for word in words.split("|"))
    return out


LEGENDS: dict[str, dict[int, str]] = {
    name: dict(enumerate(words))
    for name, words in {
        **_read_short(),
        "nav_status": NAV_STATUS,
        "epfd": EPFD,
        "ship_type": SHIP_TYPE,
        "station_type": STATION_TYPE,
        "aid_type": AID_TYPE,
        "signal": (
            "N/A",
            "Serious emergency – stop or divert according to instructions.",
            "Vessels shall not proceed.",
            "Vessels may proceed. One way traffic.",
            "Vessels may proceed. Two way traffic.",
            "Vessels shall proceed on specific orders only.",
            "Vessels in main channel shall not proceed.",
            "Vessels in main channel shall proceed on specific orders only.",
            *_JAPAN,
        ),
        "route": (
            "Undefined (default)",
            "Mandatory",
            "Recommended",
            "Alternative",
            "Recommended route through ice",
            "Ship route plan",
            *["Reserved for future use."] * 25,
            "Cancel route identified by message linkage",
        ),
    }.items()
}
LEGENDS["eri"] = _ERI
LEGENDS["notice"] = NOTICES
"""Meaning of each code by the name of its list; other codes are reserved."""
