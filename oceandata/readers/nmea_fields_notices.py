"""What an area notice says: IMO SN.1/Circ.289, the list of notice descriptions."""

from __future__ import annotations

_AREAS = """
0 caution area: marine mammals habitat|marine mammals, reduce speed|
    marine mammals, stay clear|marine mammals, report sightings|
    protected habitat, reduce speed|protected habitat, stay clear|
    protected habitat, no fishing or anchoring|derelicts (drifting objects)|
    traffic congestion|marine event|divers down|swim area|dredge operations|
    survey operations|underwater operation|seaplane operations|
    fishery, nets in water|cluster of fishing vessels|fairway closed|
    harbour closed|risk (see text)|underwater vehicle operation
23 environmental caution area: storm front (line squall)|hazardous sea ice|
    storm warning|high wind|high waves|restricted visibility|strong currents|
    heavy icing
32 restricted area: fishing prohibited|no anchoring|entry approval required|
    entry prohibited|active military area|firing, danger area|drifting mines
40 anchorage area: anchorage open|anchorage closed|anchorage prohibited|
    deep draught anchorage|shallow draught anchorage|vessel transfer operations
56 security alert: level 1|level 2|level 3
64 distress area: vessel disabled and adrift|vessel sinking|
    vessel abandoning ship|vessel requests medical assistance|vessel flooding|
    vessel fire or explosion|vessel grounding|vessel collision|
    vessel listing or capsizing|vessel under assault|person overboard|
    search and rescue area|pollution response area
80 instruction: contact VTS here|contact port administration here|
    do not proceed beyond|await instructions before proceeding|
    proceed here and await instructions|clearance granted, proceed to berth
88 information: pilot boarding position|icebreaker waiting area|places of refuge|
    position of icebreakers|location of response units|VTS active target|
    rogue or suspicious vessel|vessel requesting non-distress assistance
96 chart feature: sunken vessel|submerged object|semi-submerged object|
    shoal area|shoal area due north|shoal area due east|shoal area due south|
    shoal area due west|channel obstruction|reduced vertical clearance|
    bridge closed|bridge partially open|bridge fully open
112 report from ship: icing info
114 report from ship: other (see text)
120 route: recommended|alternative|recommended through ice
125 other: see text
126 cancellation: area of the linkage number
127 undefined: default
"""


def _read() -> dict[int, str]:
    out = {}
    for line in _AREAS.replace("|\n    ", "|").strip().splitlines():
        first, _, rest = line.partition(" ")
        head, _, words = rest.partition(": ")
        for k, word in enumerate(words.split("|")):
            out[int(first) + k] = f"{head}: {word}"
    return out


NOTICES = _read()
"""Area notices by code; codes between them are reserved."""
