"""Fishing gear by its three letters, and numbers of the IMO.

References
----------
FAO (2016), International Standard Statistical Classification of Fishing Gear, revision
1, CWP handbook, annex M II. Codes that only the EU uses: Regulation (EU) 2017/218,
annex I, table 3.
IMO resolution A.1117(30), IMO ship identification number scheme.
"""

from __future__ import annotations

import unicodedata

GEARS: dict[str, str] = {
    "PS": "Purse seines",
    "LA": "Surrounding nets without purse lines",
    "SUX": "Surrounding nets (nei)",
    "SB": "Beach seines",
    "SV": "Boat seines",
    "SX": "Seine nets (nei)",
    "SDN": "Danish anchor seines",
    "SSC": "Scottish seines",
    "SPR": "Pair seines",
    "TBB": "Beam trawls",
    "OTB": "Single boat bottom otter trawls",
    "OTT": "Twin bottom otter trawls",
    "OTP": "Multiple bottom otter trawls",
    "PTB": "Bottom pair trawls",
    "TB": "Bottom trawls (nei)",
    "OTM": "Single boat midwater otter trawls",
    "PTM": "Midwater pair trawls",
    "TM": "Midwater trawls (nei)",
    "TSP": "Semipelagic trawls",
    "TX": "Trawls (nei)",
    "DRB": "Towed dredges",
    "DRH": "Hand dredges",
    "DRM": "Mechanized dredges",
    "HMD": "Mechanized dredges, with suction dredges",
    "DRX": "Dredges (nei)",
    "LNP": "Portable lift nets",
    "LNB": "Boat-operated lift nets",
    "LNS": "Shore-operated stationary lift nets",
    "LN": "Lift nets (nei)",
    "FCN": "Cast nets",
    "FCO": "Cover pots and lantern nets",
    "FG": "Falling gear (nei)",
    "GNS": "Set gillnets (anchored)",
    "GND": "Drift gillnets",
    "GNC": "Encircling gillnets",
    "GNF": "Fixed gillnets (on stakes)",
    "GN": "Gillnets (nei)",
    "GTR": "Trammel nets",
    "GTN": "Combined gillnets and trammel nets",
    "GEN": "Gillnets and entangling nets (nei)",
    "FPN": "Stationary uncovered pound nets",
    "FPO": "Pots",
    "FYK": "Fyke nets",
    "FSN": "Stow nets",
    "FWR": "Barriers, fences, weirs",
    "FAR": "Aerial traps",
    "FIX": "Traps (nei)",
    "LHP": "Handlines and hand-operated pole-and-lines",
    "LHM": "Mechanized lines and pole-and-lines",
    "LLS": "Set longlines",
    "LLD": "Drifting longlines",
    "LL": "Longlines (nei)",
    "LVT": "Vertical lines",
    "LTL": "Trolling lines",
    "LX": "Hooks and lines (nei)",
    "HAR": "Harpoons",
    "MHI": "Hand implements",
    "MPM": "Pumps",
    "MEL": "Electric fishing",
    "MPN": "Pushnets",
    "MSP": "Scoopnets",
    "MDR": "Drive-in nets",
    "MDV": "Diving",
    "MIS": "Gear (nei)",
    "NK": "Gear not known",
}
"""Names of gears by their ISSCFG code, and those of the EU; nei: not elsewhere
included."""

_CHINESE = {
    "围网": "PS",
    "桁杆拖网": "TBB",
    "单船底层拖网": "OTB",
    "单拖": "OTB",
    "双拖": "PTB",
    "双船底层拖网": "PTB",
    "中层拖网": "TM",
    "拖网": "TX",
    "耙刺": "DRX",
    "敷网": "LN",
    "罩网": "FG",
    "流刺网": "GND",
    "流网": "GND",
    "定置刺网": "GNS",
    "刺网": "GN",
    "笼壶": "FPO",
    "定置网": "FPN",
    "张网": "FSN",
    "陷阱": "FIX",
    "鱿鱼钓": "LHM",
    "延绳钓": "LL",
    "钓具": "LX",
    "杂渔具": "MIS",
}
_BY_NAME = {name.casefold(): code for code, name in GEARS.items()}


def gear_code(text: str) -> str | None:
    """The code of a gear given by code, by name, or in Chinese; None if unknown.

    Examples
    --------
    >>> gear_code("otb"), gear_code("Pots"), gear_code("流刺网"), gear_code("XXX")
    ('OTB', 'FPO', 'GND', None)
    """
    plain = " ".join(unicodedata.normalize("NFKC", text).split())
    code = plain.upper()
    if code in GEARS:
        return code
    return _BY_NAME.get(plain.casefold()) or _CHINESE.get(plain)


def imo_fault(number: int) -> str:
    """Why a number is no IMO ship number; empty if it is one.

    The seventh digit is the last digit of the sum of the first six, weighted 7 to 2.

    Examples
    --------
    >>> imo_fault(9074729), imo_fault(9074728)
    ('', 'its check digit should be 9')
    """
    digits = [int(digit) for digit in str(number)]
    if number < 0 or len(digits) != 7:
        return "an IMO number has seven digits"
    sum_ = sum(
        digit * weight
        for digit, weight in zip(digits[:6], range(7, 1, -1), strict=True)
    )
    return "" if sum_ % 10 == digits[6] else f"its check digit should be {sum_ % 10}"
