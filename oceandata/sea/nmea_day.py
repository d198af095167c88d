"""A day of the simulated sea as a log of AIS sentences, as a shore network keeps it.

Positions go out as types 1 and 3 (class A) and 18 (class B), base stations as type 4;
each identity says what it is once an hour, as type 5 in two parts or as both parts of
type 24. Rows marked as malformed get a wrong checksum; some second parts are late, and
some are missing.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path

import numpy as np

from oceandata.sea import nmea
from oceandata.sea.dirt import CODE

LATE, MISSING = 0.05, 0.005
_PER_DEGREE = 6  # units of 1/600,000 degree in one of 1e-5 degree
_DESTINATIONS = ("QINGDAO", "INCHEON", "DALIAN", "BUSAN", "TIANJIN", "")


def day_name(day: datetime) -> str:
    """Name of a day's log."""
    return day.strftime("ais_%Y%m%d.nmea")


class NmeaDay:
    """One day's sentences, written hour by hour; ``counts`` says what went in."""

    def __init__(self, folder: Path, day: datetime, start: datetime, vessels):
        self.name = day_name(day)
        self.lines = 0
        self.counts: Counter = Counter()
        self._start = round(start.timestamp())
        self._group = 1
        self._vessels, self._statics = vessels, static_messages(vessels)
        self._texts = nmea.six_bit_texts(
            [
                (v.call_sign, v.name, _DESTINATIONS[v.number % len(_DESTINATIONS)])
                for v in vessels
            ]
        )
        self._file = open(folder / self.name, "wb")  # noqa: SIM115 - in close()

    def write(self, rng, rows) -> list[tuple[str, int, int]]:
        """The sentences of some rows; (kind, identity, line) of each fault."""
        messages = self._with_statics(position_messages(rows, self._vessels))
        long = np.flatnonzero(messages["kind"] == 5)
        draw = rng.random(long.size)
        messages["dirt"][long[draw < LATE + MISSING]] = nmea.LATE_PART
        messages["dirt"][long[draw < MISSING]] = nmea.MISSING_PART
        messages["time"] += self._start
        data, line = nmea.sentences_and_lines(messages, self._texts, group=self._group)
        self._file.write(data)
        self._group += long.size
        bad = np.flatnonzero(
            (messages["dirt"] == nmea.WRONG_CHECKSUM)
            | (messages["dirt"] == nmea.MISSING_PART)
        )
        faults = [
            (
                "nmea_wrong_checksum"
                if dirt == nmea.WRONG_CHECKSUM
                else "nmea_lost_part",
                who,
                self.lines + at,
            )
            for dirt, who, at in zip(
                messages["dirt"][bad].tolist(),
                messages["who"][bad].tolist(),
                line[bad].tolist(),
                strict=True,
            )
        ]
        self.lines += data.count(b"\n")
        self._count(messages)
        return faults

    def _with_statics(self, positions: np.ndarray) -> np.ndarray:
        """Static reports before the first position of each identity."""
        who, first = np.unique(positions["who"], return_index=True)
        own = np.flatnonzero(np.isin(self._statics["who"], who))
        statics = self._statics[own]
        place = first[np.searchsorted(who, statics["who"])]
        statics["time"] = positions["time"][place]
        return np.insert(positions, place, statics)

    def _count(self, messages) -> None:
        kinds = np.bincount(messages["kind"], minlength=25)
        for kind in np.flatnonzero(kinds).tolist():
            self.counts[f"nmea type {kind}"] += int(kinds[kind])
        wrong = int((messages["dirt"] == nmea.WRONG_CHECKSUM).sum())
        lost = int((messages["dirt"] == nmea.MISSING_PART).sum())
        self.counts["nmea_wrong_checksum"] += wrong
        self.counts["nmea_lost_part"] += lost
        self.counts["nmea_messages"] += len(messages)

    def close(self) -> None:
        """Close the file."""
        self.counts["nmea_lines"] += self.lines
        self._file.close()


def position_messages(rows, vessels) -> np.ndarray:
    """Messages of rows of the sea; ``time`` counts from its start."""
    mmsi = np.array([v.mmsi for v in vessels], np.int64)
    is_a = np.array([v.transceiver == "A" for v in vessels], bool)
    out = np.zeros(len(rows), nmea.MESSAGE)
    who = rows["identity"]
    rests = (rows["status"] == 1) | (rows["status"] == 5)
    out["kind"] = np.where(is_a[who], np.where(rests, 3, 1), 18)
    out["kind"][rows["fault"] == CODE["base_station"]] = 4
    out["who"], out["mmsi"], out["time"] = who, mmsi[who], rows["time"]
    out["lon"] = rows["lon"].astype(np.int64) * _PER_DEGREE
    out["lat"] = rows["lat"].astype(np.int64) * _PER_DEGREE
    for name in ("sog", "cog", "heading"):
        out[name] = rows[name]
    out["status"] = np.where(rows["status"] < 0, 15, rows["status"])
    out["dirt"][rows["fault"] == CODE["malformed"]] = nmea.WRONG_CHECKSUM
    return out


def static_messages(vessels) -> np.ndarray:
    """What each identity says of itself: one type 5, or both parts of type 24."""
    rows = []
    for who, v in enumerate(vessels):
        if v.kind == "base station":
            continue
        bow, port = v.length * 3 // 4, v.width // 2
        rest = {
            "mmsi": v.mmsi, "imo": v.imo, "ship_type": v.ship_type, "who": who,
            "bow": bow, "stern": v.length - bow, "port": port,
            "starboard": v.width - port, "draught": round(10 * (v.draught or 0)),
        }  # fmt: skip
        kinds = [(5, 0)] if v.transceiver == "A" else [(24, 0), (24, 1)]
        rows += [rest | {"kind": kind, "part": part} for kind, part in kinds]
    out = np.zeros(len(rows), nmea.MESSAGE)
    for name in nmea.FIELDS:
        out[name] = [row.get(name, 0) for row in rows]
    return out
