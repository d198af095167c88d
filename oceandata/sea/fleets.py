"""Who sails: classes of vessel, their sizes and speeds, and what their AIS says.

Speeds are service speeds in knots. MMSI, IMO, call sign and name are made up; MMSIs
begin with a real country code (MID), IMO numbers have a true check digit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from oceandata.sea.places import FISHING_PORTS, PORTS


@dataclass(frozen=True)
class ShipClass:
    """What the vessels of a class have in common."""

    share: float
    ship_types: tuple[int, ...]
    length: tuple[float, float]
    beam: float
    draught: tuple[float, float]
    knots: tuple[float, float]
    class_b: float
    flags: tuple[str, ...]
    heading: float  # share that sends a true heading
    cargo: bool = True


FOREIGN = ("PAN", "PAN", "LBR", "MHL", "HKG", "SGP", "CHN", "KOR")
CLASSES = {
    "bulk carrier": ShipClass(
        0.17, (70, 70, 71), (150, 330), 6.3, (7, 18), (11.0, 13.0), 0, FOREIGN, 0.99
    ),
    "container ship": ShipClass(
        0.08, (70, 71, 79), (140, 366), 7.0, (7, 14), (16.0, 20.0), 0, FOREIGN, 1.0
    ),
    "tanker": ShipClass(
        0.08, (80, 80, 82, 89), (90, 333), 5.8, (5, 20), (12.0, 14.0), 0, FOREIGN, 0.99
    ),
    "coaster": ShipClass(
        0.12, (70, 70, 79), (70, 130), 6.0, (4, 7), (9.0, 12.0), 0,
        ("CHN", "CHN", "CHN", "KOR"), 0.9,
    ),
    "ferry": ShipClass(
        0.01, (60, 69), (160, 200), 7.2, (5.5, 6.8), (20.0, 24.0), 0,
        ("CHN", "KOR", "PAN"), 1.0,
    ),
    "trawler": ShipClass(
        0.24, (30,), (28, 48), 4.9, (2.8, 4.2), (8.0, 10.0), 0.15, ("CHN",), 0.35, False
    ),
    "gill-netter": ShipClass(
        0.10, (30,), (18, 38), 4.6, (1.8, 3.2), (8.0, 9.5), 0.45, ("CHN",), 0.2, False
    ),
    "longliner": ShipClass(
        0.03, (30,), (24, 45), 5.0, (2.5, 3.8), (8.5, 10.0), 0.2, ("CHN",), 0.4, False
    ),
    "fish carrier": ShipClass(
        0.002, (70, 30), (45, 90), 5.6, (3.5, 5.5), (10.0, 12.0), 0, ("CHN",), 0.9,
        False,
    ),
    "tug": ShipClass(
        0.05, (52, 52, 50), (22, 40), 3.2, (2.5, 4.5), (9.0, 12.0), 0, ("CHN",), 0.8,
        False,
    ),
    "craft": ShipClass(
        0.09, (37, 36, 60, 30), (8, 20), 3.6, (0.8, 1.6), (7.0, 15.0), 1.0, ("CHN",),
        0.1, False,
    ),
}  # fmt: skip
FISHING = ("trawler", "gill-netter", "longliner")
MIDS = {
    "CHN": (412, 413, 414), "KOR": (440, 441), "PAN": (351, 352, 353, 355, 370, 372),
    "LBR": (636,), "MHL": (538,), "HKG": (477,), "SGP": (563, 564, 565, 566),
}  # fmt: skip
CALLS = {
    "CHN": "B", "KOR": "D7", "PAN": "3E", "LBR": "D5", "MHL": "V7", "HKG": "VR",
    "SGP": "9V",
}  # fmt: skip
FIRST = (
    "OCEAN", "XIN HAI", "GLORY", "PACIFIC", "HUA YANG", "JIN DA", "EASTERN", "HAI FENG",
    "STAR", "HONG YUAN", "NORTH SEA", "DONG JIN", "SEA", "TAI PING", "ASIAN",
    "SHENG LI", "GOLDEN", "YU TONG", "BRIGHT", "DA QING",
)  # fmt: skip
SECOND = (
    "STAR", "PIONEER", "SPIRIT", "HARMONY", "DRAGON", "LILY", "VOYAGER", "TRUST",
    "HORIZON", "PEARL", "GLORY", "FORTUNE", "BRIDGE", "ACE", "LEADER", "GRACE", "WAVE",
)  # fmt: skip
FISHING_NAMES = {
    "SHIDAO": "LU RONG YU", "SHAZIKOU": "LU QING YU", "LIANYUNGANG": "SU GAN YU",
    "RIZHAO": "LU RI YU", "DALIAN": "LIAO DA ZHONG YU", "YANTAI": "LU YAN YU",
    "DANDONG": "LIAO DAN YU", "TIANJIN": "JIN TANG YU", "GUNSAN": "DAE YANG",
    "MOKPO": "SUNG JIN", "INCHEON": "HAE SUNG",
}  # fmt: skip
BUSY = {  # ports with more tugs and small craft than the others
    "QINGDAO": 6, "TIANJIN": 5, "DALIAN": 4, "INCHEON": 4, "RIZHAO": 3, "YANTAI": 2,
    "LIANYUNGANG": 2, "PYEONGTAEK": 2, "WEIHAI": 2,
}  # fmt: skip
GOLDEN = 0.6180339887498949  # multiples of it, modulo one, fill the unit evenly
PATTERN, FERRY, MEETING = 45, 4, 14  # in each 45 vessels: a ferry, a trawler that
# meets the fish carrier after her
MAX_VESSELS = 100_000  # as many as there are distinct IMO numbers from 9,000,000


@dataclass(frozen=True)
class Vessel:
    """A ship and the identity that she sends."""

    number: int
    kind: str
    home: str
    mmsi: int
    imo: int
    name: str
    call_sign: str
    ship_type: int
    length: int
    width: int
    draught: float
    cargo: int
    transceiver: str
    flag: str
    knots: float
    has_heading: bool

    def renamed(self, **changes) -> Vessel:
        """The same ship under another identity."""
        return replace(self, **changes)


def kind_of(number: int) -> str:
    """Class of the n-th vessel: any run of vessels has nearly the shares asked for."""
    fixed = {FERRY: "ferry", MEETING: "trawler", MEETING + 1: "fish carrier"}
    if number % PATTERN in fixed:
        return fixed[number % PATTERN]
    shares = np.cumsum([c.share for c in CLASSES.values()])
    at = (0.31 + number * GOLDEN) % 1.0 * shares[-1]
    return list(CLASSES)[int(np.searchsorted(shares, at, side="right"))]


def imo_number(number: int) -> int:
    """The n-th IMO number: six digits and a check digit."""
    digits = 900_000 + number * 37_501 % MAX_VESSELS
    weights = zip(str(digits), range(7, 1, -1), strict=True)
    total = sum(int(digit) * weight for digit, weight in weights)
    return digits * 10 + total % 10


def make_vessel(rng: np.random.Generator, number: int, kind: str) -> Vessel:
    """A vessel of a class, of plausible size, with a made-up identity."""
    spec = CLASSES[kind]
    home = home_port(rng, kind)
    flag = str(rng.choice(spec.flags))
    if kind not in ("bulk carrier", "container ship", "tanker", "coaster", "ferry"):
        flag = PORTS[home][2]
    size = rng.beta(1.4, 2.0)
    length = spec.length[0] + size * (spec.length[1] - spec.length[0])
    draught = spec.draught[0] + size * (spec.draught[1] - spec.draught[0])
    pace = np.clip(rng.normal(0.5, 0.22), 0, 1)
    ship_type = int(rng.choice(spec.ship_types))
    mid = int(rng.choice(MIDS[flag]))
    return Vessel(
        number=number,
        kind=kind,
        home=home,
        mmsi=mid * 1_000_000 + (100_000 + number * 611_953) % 1_000_000,
        imo=imo_number(number) if length >= 65 or rng.random() < 0.08 else 0,
        name=name_of(rng, number, kind, home),
        call_sign=call_sign(rng, flag, kind),
        ship_type=ship_type,
        length=round(length),
        width=max(3, round(length / spec.beam)),
        draught=round(draught, 1),
        cargo=ship_type,
        transceiver="B" if rng.random() < spec.class_b else "A",
        flag=flag,
        knots=spec.knots[0] + pace * (spec.knots[1] - spec.knots[0]),
        has_heading=bool(rng.random() < spec.heading),
    )


def home_port(rng, kind: str) -> str:
    """Where a vessel belongs: by the size of the fishing fleets, or of the ports."""
    if kind in (*FISHING, "fish carrier"):
        names = list(FISHING_PORTS)
        shares = np.array([FISHING_PORTS[name][0] for name in names])
        return str(rng.choice(names, p=shares / shares.sum()))
    weights = np.array([BUSY.get(name, 1.0) for name in PORTS])
    return str(rng.choice(list(PORTS), p=weights / weights.sum()))


def name_of(rng, number, kind, home) -> str:
    """A name in the manner of the class."""
    if kind in FISHING:
        if PORTS[home][2] == "KOR":
            return f"NO.{rng.integers(1, 109)} {FISHING_NAMES[home]} HO"
        return f"{FISHING_NAMES[home]} {10_000 + number * 7_919 % 60_000}"
    if kind == "craft":
        return f"{home[:4]} {rng.integers(100, 9999)}"
    if kind == "tug":
        return f"{home} TUO {rng.integers(1, 40)}"
    middle = "" if kind != "ferry" else "FERRY "
    return f"{rng.choice(FIRST)} {middle}{rng.choice(SECOND)}"


def call_sign(rng, flag, kind) -> str:
    """A call sign of the flag's series; small craft often have none."""
    if kind == "craft" and rng.random() < 0.6:
        return ""
    prefix = CALLS[flag]
    letters = "".join(
        chr(65 + int(k)) for k in rng.integers(0, 26, 4 - len(prefix) + 1)
    )
    return prefix + letters[: 4 - len(prefix)] + str(rng.integers(2, 10))
