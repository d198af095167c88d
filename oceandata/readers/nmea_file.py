"""A log of AIS sentences as all it holds: tracks, reports, stations, messages."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from oceandata.readers import nmea, nmea_fields, tracks
from oceandata.readers.nmea_decode import Piece
from oceandata.readers.nmea_statics import reports_of
from oceandata.readers.protocol import Rejected, Reports, TrackBatch
from oceankernels.nmeaspec import LINE, NO_TIME, OF_TYPE, TIME

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

_STATIONS = (4, 21)
_NAT = np.iinfo(np.int64).min


@dataclass(frozen=True)
class NmeaFile:
    """What a log of AIS sentences holds.

    tracks: Dataset of vessels' positions. reports: static reports, where they change.
    stations: DataFrame of base stations (type 4) and aids to navigation (type 21);
    ``time`` is when they were received, ``station_time`` what a base station tells.
    messages: DataFrame (line, time, type, mmsi, n_bits, payload as hex digits) of all
    messages that are neither positions of vessels nor static reports nor stations.
    rejected: DataFrame (line, reason, raw) of what is no message or has a fault.
    summary: counts; its ``str()`` is a short table.
    """

    tracks: xr.Dataset
    reports: Reports
    stations: pd.DataFrame
    messages: pd.DataFrame
    rejected: pd.DataFrame
    summary: tracks.ReadSummary
    _bits: tuple[np.ndarray, np.ndarray, np.ndarray]

    def fields(self) -> list[dict[str, Any]]:
        """Every field of ``messages``: a dict for each, in the same order.

        The names and units are those of
        :func:`oceandata.readers.nmea_fields.decode`.
        """
        return nmea_fields.decode(*self._bits)


def read_nmea(
    path: str | Path, *, received: Any = None, workers: int | None = None
) -> NmeaFile:
    """A log of AIS sentences (NMEA 0183) with everything that is in it.

    :func:`oceandata.open_tracks` reads the same files for their tracks alone, and with
    bounded memory into a store; this keeps the other messages too.

    Parameters
    ----------
    path : path
        A file: plain, gz, zst or zip.
    received : time, optional
        Time of the sentences that have none; UTC unless it says otherwise. Without it
        their positions and reports are set aside as "no time", and their other
        messages have NaT.
    workers : int, optional
        Threads that look for sentences; default: the cores this process may use.

    Returns
    -------
    NmeaFile
        ``tracks``, ``reports``, ``stations``, ``messages``, ``rejected``, ``summary``;
        ``fields()`` decodes the messages.

    Raises
    ------
    FormatError
        The file cannot be read or holds no sentence.
    """
    label = str(path)
    gathered = _Gathered()
    gathered.summary.files[label] = {"format": "nmea"}
    given = nmea.moment(received, None)
    for item in nmea.pieces(path, received=given, untimed=True, workers=workers):
        if isinstance(item, TrackBatch):
            gathered.add(label, item)
        else:
            gathered.take(label, *item[:2])
    if not gathered.summary.rows_read and not gathered.summary.others:
        raise nmea.FormatError(f"{path}: no NMEA sentence in it")
    return gathered.whole(label)


@dataclass
class _Gathered:
    """What was read so far."""

    summary: tracks.ReadSummary = field(default_factory=tracks.ReadSummary)
    batches: list[TrackBatch] = field(default_factory=list)
    bits: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = field(default_factory=list)
    lines: dict[str, list[np.ndarray]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def add(self, label: str, batch: TrackBatch) -> None:
        self.summary.add(label, batch)
        self.batches.append(batch)

    def take(self, label: str, piece: Piece, statics) -> None:
        columns = piece.columns()
        is_message = piece.others.reason >= OF_TYPE
        rejected = piece.rejected(~is_message)
        rows = piece.others.aside[is_message]
        others = dict(piece.counts)
        if rows.size:
            others["other message"] = rows.size
        batch = TrackBatch(
            columns,
            {},
            reports_of(piece, statics),
            rejected,
            len(columns) + len(rejected),
            piece.repairs,
            others=others,
        )
        self.add(label, batch)
        self.bits.append(piece.packed(rows))
        time = piece.table[rows, TIME]
        self.lines["line"].append(piece.table[rows, LINE] + piece.base + 1)
        self.lines["time"].append(np.where(time == NO_TIME, _NAT, time))
        self.lines["type"].append(piece.others.reason[is_message] - OF_TYPE)

    def whole(self, label: str) -> NmeaFile:
        import pandas as pd

        parts = [b.rejected for b in self.batches]
        rejected = Rejected.concat(parts)
        bits = _joined(self.bits)
        lines = {name: np.concatenate(v) for name, v in self.lines.items()}
        lines["time"] = lines["time"].view("M8[us]")
        is_station = np.isin(lines["type"], _STATIONS)
        rest = np.flatnonzero(~is_station)
        batches = [b for b in self.batches if len(b.columns) or len(b.reports)]
        if not batches:
            batches = [TrackBatch.of_rejected(Rejected.empty())]
        dataset, reports = tracks.dataset_of_batches(batches, self.summary, [label])
        return NmeaFile(
            dataset,
            reports,
            _stations(lines, bits),
            _messages(lines, bits, rest),
            pd.DataFrame(
                {
                    "line": rejected.line,
                    "reason": np.array(rejected.reason, object),
                    "raw": np.array(rejected.raw, object),
                }
            ),
            self.summary,
            (bits[0], bits[1][rest], bits[2][rest]),
        )


def _joined(parts) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Packed messages of all pieces as one."""
    sizes = [p[0].size for p in parts]
    shift = np.cumsum([0, *sizes[:-1]])
    return (
        np.concatenate([p[0] for p in parts]),
        np.concatenate([p[1] + s for p, s in zip(parts, shift, strict=True)]),
        np.concatenate([p[2] for p in parts]),
    )


def _messages(lines, bits, rows: np.ndarray) -> pd.DataFrame:
    import pandas as pd

    packed, start, n_bits = bits[0], bits[1][rows], bits[2][rows]
    mmsi = np.zeros(rows.size, np.int64)
    for k in range(5):
        mmsi = (mmsi << 8) | packed[start + k]
    payload = [
        packed[a : a + (n + 7) // 8].tobytes().hex()
        for a, n in zip(start.tolist(), n_bits.tolist(), strict=True)
    ]
    return pd.DataFrame(
        {
            "line": lines["line"][rows],
            "time": lines["time"][rows],
            "type": lines["type"][rows],
            "mmsi": mmsi >> 2 & (1 << 30) - 1,
            "n_bits": n_bits,
            "payload": np.array(payload, object),
        }
    )


_KEPT = ("mmsi", "lon", "lat", "accuracy", "epfd")
_OF_KIND = {"station_time": "M8[us]", "aid_type": "i8", "name": "O"}
_OF_KIND |= {"off_position": "?", "virtual_aid": "?"}
_BLANK = {"station_time": _NAT, "aid_type": -1, "name": ""}


def _stations(lines, bits) -> pd.DataFrame:
    """Base stations and aids to navigation, one row a message, by line."""
    import pandas as pd

    parts = []
    for kind in _STATIONS:
        found = nmea_fields.decode_columns(*bits, kind)
        place = found["message"]
        if kind == 4:
            found["station_time"] = found["time"]
        table = {name: lines[name][place] for name in ("line", "time", "type")}
        table |= {name: found[name] for name in _KEPT}
        for name, dtype in _OF_KIND.items():
            blank = np.full(place.size, _BLANK.get(name, 0)).astype(dtype)
            table[name] = np.asarray(found.get(name, blank)).astype(dtype)
        parts.append(pd.DataFrame(table))
    whole = pd.concat(parts, ignore_index=True)
    return whole.sort_values("line", kind="stable", ignore_index=True)
