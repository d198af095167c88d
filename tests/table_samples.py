"""Seeded rows of the three table formats, their mutations, and ways to compare."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from oceandata.columns import Columns, decode_position, decode_tenths
from oceandata.readers import Reports, TrackBatch, reader
from oceandata.readers.dma import MOBILES, STATUSES

NOAA = (
    "MMSI,BaseDateTime,LAT,LON,SOG,COG,Heading,VesselName,IMO,CallSign,VesselType,"
    "Status,Length,Width,Draft,Cargo,TransceiverClass"
)
DMA = (
    "# Timestamp,Type of mobile,MMSI,Latitude,Longitude,Navigational status,ROT,SOG,"
    "COG,Heading,IMO,Callsign,Name,Ship type,Cargo type,Width,Length,"
    "Type of position fixing device,Draught,Destination,ETA,Data source type"
)
TACSAT = "VE_COU,VE_REF,SI_LATI,SI_LONG,SI_DATE,SI_TIME,SI_SP,SI_HE"
HEADERS = {"noaa": NOAA, "dma": DMA, "tacsat": TACSAT}
WORDS = {"mobile": MOBILES, "status": STATUSES}
NAMES = {
    kind: [
        {
            "MMSI": "mmsi",
            "BaseDateTime": "time",
            "# Timestamp": "time",
            "LAT": "lat",
            "Latitude": "lat",
            "SI_LATI": "lat",
            "LON": "lon",
            "Longitude": "lon",
            "SI_LONG": "lon",
            "SOG": "sog",
            "SI_SP": "sog",
            "COG": "cog",
            "SI_HE": "cog",
            "Heading": "heading",
            "Status": "nav_status",
            "Navigational status": "nav_status",
            "TransceiverClass": "transceiver",
            "Type of mobile": "mobile",
            "VE_REF": "vessel",
            "SI_DATE": "date",
            "SI_TIME": "time_of_day",
        }.get(name)
        for name in header.split(",")
    ]
    for kind, header in HEADERS.items()
}
_START = datetime(2023, 5, 6)


def lines(kind: str, n: int, *, seed: int = 7) -> list[bytes]:
    """Good rows, each with a time stamp of its own, without line ends."""
    rng = np.random.default_rng(seed)
    lon, lat = rng.uniform(-179, 179, n), rng.uniform(-80, 60, n)
    sog, cog = rng.uniform(0, 25, n), rng.uniform(0, 359.9, n)
    vessel = rng.integers(1, 400, n)
    make = {"noaa": _noaa, "dma": _dma, "tacsat": _tacsat}[kind]
    return [
        make(k, int(v), x, y, s, c).encode()
        for k, v, x, y, s, c in zip(range(n), vessel, lon, lat, sog, cog, strict=True)
    ]


def _noaa(k, v, x, y, s, c) -> str:
    t = (_START + timedelta(seconds=k)).isoformat()
    name = f'"STAR, {v}"' if v % 9 == 0 else f"VESSEL {v}"
    heading = 511 if v % 5 == 0 else k % 360
    return (
        f"{200000000 + v},{t},{y:.5f},{x:.5f},{s:.1f},{c:.1f},{heading}.0,{name},"
        f"IMO{9000000 + v},WDI{v},{v % 90},{k % 17}.0,{v}.0,30.0,8.0,70.0,{'AB'[v % 2]}"
    )


def _dma(k, v, x, y, s, c) -> str:
    t = (_START + timedelta(seconds=k)).strftime("%d/%m/%Y %H:%M:%S")
    mobile = [*MOBILES][0 if v % 11 else k % len(MOBILES)]
    status = [*STATUSES][k % len(STATUSES)]
    return (
        f"{t},{mobile},{219000000 + v},{y:.6f},{x:.6f},{status},,{s:.1f},{c:.1f},"
        f"{k % 360},Unknown,OX{v},SHIP {v},Cargo,,12,{v},GPS,4.5,AARHUS,,AIS"
    )


def _tacsat(k, v, x, y, s, c) -> str:
    t = _START + timedelta(seconds=k)
    clock = f"{t.hour:2d}:{t.minute:02d}:{t.second:02d}"
    speed = "" if v % 7 == 0 else f"{s:.1f}"
    return f"Atlantis,{v},{y:.13f},{float(x)!r},{t:%d/%m/%Y},{clock},{speed},{c:.0f}"


_SPECIAL = [b'"', b",", b"\n", b"\r", b"\0", b"\r\n", b" ", b"-", b".", b"\xff", b"e5"]


def mutate(line: bytes, rng: np.random.Generator) -> bytes:
    """One or two random faults in a row."""
    for _ in range(rng.integers(1, 3)):
        if not line:
            return line
        at = int(rng.integers(0, len(line)))
        kind = int(rng.integers(0, 8))
        if kind == 0:
            line = line[:at] + bytes([rng.integers(0, 256)]) + line[at + 1 :]
        elif kind == 1:
            line = line[:at] + line[at + int(rng.integers(1, 6)) :]
        elif kind == 2:
            line = line[:at] + _SPECIAL[rng.integers(0, len(_SPECIAL))] + line[at:]
        elif kind == 3:
            line = line[:at]
        elif kind == 4:
            cells = line.split(b",")
            i, j = rng.integers(0, len(cells), 2)
            cells[i], cells[j] = cells[j], cells[i]
            line = b",".join(cells)
        elif kind == 5:
            digit = str(rng.integers(0, 10)).encode()
            line = line[:at] + digit + line[at + 1 :]
        elif kind == 6:
            cells = line.split(b",")
            i = rng.integers(0, len(cells))
            cells[i] = _SPECIAL[rng.integers(0, len(_SPECIAL))] + cells[i]
            line = b",".join(cells)
        else:
            line = line + line[at:]
    return line


def write(path: Path, kind: str, body: list[bytes], *, end: bytes = b"\n") -> Path:
    """A file with the format's header and these rows."""
    path.write_bytes(end.join([HEADERS[kind].encode(), *body, b""]))
    return path


def read(path: Path, kind: str, **options) -> TrackBatch:
    """All batches of a file joined into one (repairs left empty)."""
    batches = list(reader(kind).batches(path, **options))
    for batch in batches:
        assert batch.rows_read == len(batch.columns) + len(batch.rejected)
    rejected = [b.rejected for b in batches]
    return TrackBatch(
        Columns.concat([b.columns for b in batches]),
        {key: text for b in batches for key, text in b.names.items()},
        Reports.concat([b.reports for b in batches]),
        type(rejected[0]).concat(rejected) if rejected else None,
        sum(b.rows_read for b in batches),
        {},
    )


def values(columns: Columns) -> np.ndarray:
    """Rows as float64 (n, 9), the same for both encodings; NaN becomes -1e9."""
    table = np.column_stack(
        [
            columns.vessel.astype("f8"),
            columns.time.astype("f8"),
            decode_position(columns.lon),
            decode_position(columns.lat),
            *(decode_tenths(getattr(columns, n)) for n in ("sog", "cog", "heading")),
            columns.nav_status,
            columns.transceiver,
        ]
    )
    return np.nan_to_num(table, nan=-1e9)


def lacking(wanted: np.ndarray, found: np.ndarray) -> int:
    """Rows of ``wanted`` (n, c) that do not occur, as often, in ``found`` (m, c)."""
    from collections import Counter

    have = Counter(row.tobytes() for row in np.ascontiguousarray(found))
    need = Counter(row.tobytes() for row in np.ascontiguousarray(wanted))
    return sum((need - have).values())
