"""Seeded good records of every text format, for fuzzing and for benchmarks.

A format joins by a line in :data:`SAMPLES`: what stands before the records, a function
that writes record ``k`` of vessel ``v`` at lon ``x``, lat ``y`` with speed ``s`` and
course ``c``, and what the reader has to be told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import table_samples

_START = datetime(2023, 5, 6, tzinfo=UTC)


@dataclass(frozen=True)
class Sample:
    """One format: header with its line end, record, options, name of the reader."""

    reader: str
    header: str
    record: Callable[..., str]
    options: dict[str, Any] = field(default_factory=dict)

    def lines(self, n: int, *, seed: int = 7) -> list[bytes]:
        """Good records, each with a time of its own, without line ends."""
        rng = np.random.default_rng(seed)
        lon, lat = rng.uniform(-179, 179, n), rng.uniform(-80, 60, n)
        sog, cog = rng.uniform(0, 25, n), rng.uniform(0, 359.9, n)
        vessel = rng.integers(1, 400, n)
        rows = zip(range(n), vessel.tolist(), lon, lat, sog, cog, strict=True)
        return [self.record(*row).encode() for row in rows]

    def write(self, path: Path, body: list[bytes]) -> Path:
        path.write_bytes(self.header.encode() + b"\n".join([*body, b""]))
        return path


EXACTEARTH = (
    "MMSI,Message_ID,Repeat_indicator,Time,Millisecond,Vessel_Name,Call_sign,IMO,"
    "Ship_Type,Dimension_to_Bow,Dimension_to_stern,Dimension_to_port,"
    "Dimension_to_starboard,Draught,Destination,Navigational_status,ROT,SOG,Accuracy,"
    "Longitude,Latitude,COG,Heading"
)
NARI = (
    "sourcemmsi,navigationalstatus,rateofturn,speedoverground,courseoverground,"
    "trueheading,lon,lat,t"
)
NARI_STATIC = (
    "sourcemmsi,imonumber,callsign,shipname,shiptype,tobow,tostern,tostarboard,toport,"
    "eta,draught,destination,mothershipmmsi,t"
)
GFW = (
    "mmsi,timestamp,distance_from_shore,distance_from_port,speed,course,lat,lon,"
    "is_fishing,source"
)


def _exactearth(k, v, x, y, s, c) -> str:
    kind = (1, 3, 18, 27, 5, 4)[k % 6]
    t = _START + timedelta(seconds=k)
    place = [f"{s:.1f}", "0", f"{x:.11f}", f"{y:.11f}", f"{c:.1f}", "None"]
    static = [f"SHIP {v}", f"CS{v}", str(9_000_000 + v), "70", "10", "20", "3", "4"]
    cells = [
        *(str(200_000_000 + v), str(kind), "0", f"{t:%Y%m%d_%H%M%S}", str(k % 1000)),
        *((*static, "87", "KIEL") if kind == 5 else [""] * 10),
        *(("", "", *[""] * 6) if kind == 5 else (str(k % 15), "None", *place)),
    ]
    return ",".join(f'"{cell}"' for cell in cells)


def _nari(k, v, x, y, s, c) -> str:
    t = int(_START.timestamp()) + k
    return f"{227_000_000 + v},{k % 16},-127,{s:.1f},{c:.1f},511,{x:.7f},{y:.6f},{t}"


def _nari_static(k, v, x, y, s, c) -> str:
    t = int(_START.timestamp()) + k
    return (
        f"{227_000_000 + v},{9_000_000 + v},FX{v},SHIP {v},30,10,{5 + k % 9},3,4,"
        f"06-01 10:00,{v % 90},BREST,0,{t}"
    )


def _naf(k, v, x, y, s, c) -> str:
    t = _START + timedelta(minutes=k)
    day = f"{t:%y%m%d}" if v % 2 else f"{t:%Y%m%d}"
    motion = f"//SP/{s * 10:.0f}//CO/{c:.0f}" if v % 3 else ""
    return (
        f"//SR//TM/POS//IR/XYZ{v:06d}//NA/SHIP {v}//RC/CS{v}//FS/XYZ//DA/{day}"
        f"//TI/{t:%H%M}//LT/{y:+.3f}//LG/{x:+.3f}{motion}//ER{'//' if k % 4 else ''}"
    )


def _gfw(k, v, x, y, s, c) -> str:
    t = _START.timestamp() + k
    return (
        f"{12_639_560_807_000 + v}.0,{t:.1f},232994.28,311748.65,{s!s},{c:.6f},"
        f"{y:.12f},{x:.12f},-1.0,dalhousie_longliner"
    )


def _table(k, v, x, y, s, c) -> str:
    t = _START + timedelta(minutes=k)
    return f"{v},{t:%d/%m/%Y %H:%M},{x:.5f},{y:.5f},{s / 2:.2f}"


def _nmea(k, v, x, y, s, c) -> str:
    """A position report of class A behind a tag block, by ITU-R M.1371-5 table 48."""
    fields = [
        *((1, 6), (0, 2), (200_000_000 + v, 30), (k % 9, 4), (-128, 8)),
        *((round(s * 10), 10), (0, 1), (round(x * 600_000), 28)),
        *((round(y * 600_000), 27), (round(c * 10), 12), (k % 360, 9), (k % 60, 6)),
        *((0, 2), (0, 3), (0, 1), (0, 19)),
    ]
    bits = "".join(f"{value & ((1 << width) - 1):0{width}b}" for value, width in fields)
    sixes = [int(bits[i : i + 6], 2) for i in range(0, 168, 6)]
    payload = "".join(chr(six + (48 if six < 40 else 56)) for six in sixes)
    tag = f"s:rx{v % 3},c:{int(_START.timestamp()) + k}"
    body = f"AIVDM,1,1,,A,{payload},0"
    return f"\\{tag}*{_checksum(tag)}\\!{body}*{_checksum(body)}"


def _checksum(text: str) -> str:
    total = 0
    for byte in text.encode():
        total ^= byte
    return f"{total:02X}"


def _beidou(k, v, x, y, s, c) -> str:
    t = _START + timedelta(seconds=k)
    return f"{v:07d},浙岭渔{v},{x:.6f},{y:.6f},{s:.1f},{c:.1f},{t:%Y-%m-%d %H:%M:%S}"


def _competition(k, v, x, y, s, c) -> str:
    t = _START + timedelta(seconds=k)
    east, north = 300_000 + 1000 * x, 4_000_000 + 1000 * y
    return f"{v:07d},{east:.2f},{north:.2f},{s:.1f},{c:.1f},{t:%m%d %H:%M:%S},拖网"


_TABLE = {"vessel": "ID", "time": "when", "sog": "v"}
SAMPLES: dict[str, Sample] = {
    "exactearth": Sample("exactearth", EXACTEARTH + "\n", _exactearth),
    "nari": Sample("nari", NARI + "\n", _nari),
    "nari-static": Sample("nari-static", NARI_STATIC + "\n", _nari_static),
    "naf": Sample("naf", "", _naf),
    "gfw": Sample("gfw", GFW + "\n", _gfw),
    "table": Sample(
        "table",
        "\ufeffID,when,longitude,latitude,v\n",
        _table,
        {
            "timezone": "UTC",
            "columns": _TABLE,
            "units": {"sog": "m/s"},
            "time_format": "%d/%m/%Y %H:%M",
        },
    ),
    "nmea": Sample("nmea", "", _nmea),
    "beidou": Sample("beidou", "终端号,船名,经度,纬度,航速,航向,定位时间\n", _beidou),
    "competition": Sample(
        "competition",
        "渔船ID,x,y,速度,方向,time,type\n",
        _competition,
        {"year": 2019, "crs": "EPSG:32651"},
    ),
    **{
        name: Sample(name, header + "\n", getattr(table_samples, f"_{name}"))
        for name, header in table_samples.HEADERS.items()
    },
}
"""All text formats by name; the mutations are those of ``table_samples``."""
