"""Files in the forms that agencies publish: plain, gzip, zstd and zip, and tacsat."""

from __future__ import annotations

import gzip
import zipfile
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import zstandard

from oceandata.sea.lines import LEGACY, MODERN
from oceandata.sea.motion import AWAY, MOORED
from oceandata.sea.reports import state_at
from oceandata.sea.water import inside

PACKINGS = (  # day after day: layout and packing
    ("legacy", ".csv"), ("modern", ".csv.zst"), ("legacy", ".csv.gz"),
    ("legacy", ".zip"), ("modern", ".csv"),
)  # fmt: skip
TACSAT = "VE_COU,VE_REF,SI_LATI,SI_LONG,SI_DATE,SI_TIME,SI_SP,SI_HE\n"
TACSAT_FAULTS = (
    "padded_time", "missing_speed", "duplicate", "null_island", "impossible_date",
    "high_speed",
)  # fmt: skip
TACSAT_RATES = (0.006, 0.03, 0.004, 0.003, 0.001, 0.0008)


def day_name(day: datetime, turn: int) -> str:
    """Name of a day's file."""
    layout, packing = PACKINGS[turn % len(PACKINGS)]
    form = "ais-%Y-%m-%d" if layout == "modern" else "AIS_%Y_%m_%d"
    return day.strftime(form) + packing


class DayFile:
    """One day of AIS in NOAA's form, written line block by line block."""

    def __init__(self, folder: Path, day: datetime, turn: int):
        layout, packing = PACKINGS[turn % len(PACKINGS)]
        self.modern = layout == "modern"
        self.name = day_name(day, turn)
        self.date = f"{day:%Y-%m-%d}"
        self.rows = 0
        raw = open(folder / self.name, "wb")  # noqa: SIM115 - closed in close()
        self._open = [raw]
        out = raw
        if packing.endswith(".gz"):
            out = gzip.GzipFile("", "wb", compresslevel=1, fileobj=raw, mtime=0)
        elif packing.endswith(".zst"):
            out = zstandard.ZstdCompressor(level=3).stream_writer(raw, closefd=False)
        elif packing == ".zip":
            archive = zipfile.ZipFile(raw, "w")
            self._open.append(archive)
            entry = zipfile.ZipInfo(self.name[:-4] + ".csv", (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry._compresslevel = 1
            out = archive.open(entry, "w", force_zip64=True)
        if out is not raw:
            self._open.append(out)
        self._out = out
        self.write((MODERN if self.modern else LEGACY).encode(), 0)

    def write(self, data, rows: int):
        """Append whole lines."""
        self._out.write(data)
        self.rows += rows

    def close(self):
        """Finish the compression and close the file."""
        while self._open:
            self._open.pop().close()


class TacsatFile:
    """Pings of the fishing fleet, vessel after vessel, with the usual dirt."""

    def __init__(self, path: Path, start: datetime):
        self.name, self.start = path.name, start
        self.rows = 0
        self.vessels = 0
        self._file = open(path, "w", encoding="ascii", newline="\n")  # noqa: SIM115
        self._file.write(TACSAT)

    def add(self, rng, vessel, columns, horizon):
        """Write one vessel's pings; returns (kind, line) of each fault."""
        every = 7200.0 if vessel.flag == "CHN" else 3600.0
        times = np.arange(rng.uniform(0, every), horizon, every)
        times = np.floor((times + rng.normal(0, 40, len(times))) / 60) * 60
        times = times[(times >= max(0.0, columns[0][0])) & (times < horizon)]
        lon, lat, speed, bearing, activity, _ = state_at(columns, times)
        keep = inside(lon, lat) & (activity != AWAY)
        keep &= (activity != MOORED) | (rng.random(len(times)) < 0.5)
        kept = np.flatnonzero(keep)
        if len(kept) == 0:
            return []
        speed = np.abs(speed + rng.normal(0, 0.1, len(times)))
        draw = np.searchsorted(np.cumsum(TACSAT_RATES), rng.random(len(kept)))
        lines, faults = [], []
        for k, fault in zip(kept.tolist(), draw.tolist(), strict=True):
            kind = TACSAT_FAULTS[fault] if fault < len(TACSAT_FAULTS) else ""
            new = self._ping(
                vessel, times[k], lon[k], lat[k], speed[k], bearing[k], kind
            )
            if kind:
                line = self.rows + len(lines) + 1 + len(new)
                faults.append((kind, line))
            lines += new
        self._file.write("".join(lines))
        self.rows += len(lines)
        self.vessels += 1
        return faults

    def _ping(self, vessel, time, lon, lat, speed, bearing, kind):
        stamp = self.start + timedelta(seconds=float(time))
        date, clock = f"{stamp:%d/%m/%Y}", f"{stamp:%H:%M:%S}"
        pace = f"{speed:.1f}"
        if kind == "padded_time":
            clock = f"{stamp.hour:2d}:{stamp.minute:2d}:{stamp:%S}"
            clock = clock if " " in clock else f" {clock[1:]}"
        elif kind == "missing_speed":
            pace = ""
        elif kind == "null_island":
            lon = lat = 0.0
        elif kind == "impossible_date":
            date = "31/02/" + date[6:]
        elif kind == "high_speed":
            pace = f"{20 + speed * 3:.1f}"
        line = (
            f"{vessel.flag},{tacsat_id(vessel)},{lat:.5f},{lon:.5f},{date},{clock},"
            f"{pace},{round(bearing) % 360}\n"
        )
        return [line] * (2 if kind == "duplicate" else 1)

    def close(self):
        """Close the file."""
        self._file.close()


def tacsat_id(vessel) -> str:
    """The reference under which a vessel's VMS pings are filed."""
    return f"{vessel.flag}-{100_000 + vessel.number * 31 % 900_000}"
