"""Every AIS message of a log as records, or those of one type as a table.

Unlike :func:`oceandata.open_tracks` and ``read_nmea`` this looks at all messages alike,
positions too, and leaves nothing out but lines that are no message. All bits are held
in memory: about 21 bytes a position report.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from oceandata.readers import nmea, nmea_fields
from oceandata.readers.protocol import TrackBatch
from oceankernels.nmeaspec import CODE, JOINED, LINE, MESSAGE, NO_TIME, TIME

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class MessageBits:
    """All messages of a log, as :mod:`oceandata.readers.nmea_fields` takes them.

    packed, start, n_bits: see there. line (m,): where the message's first sentence
    stands, from 1. time (m,): datetime64[us], NaT where the log gives none.
    """

    packed: np.ndarray
    start: np.ndarray
    n_bits: np.ndarray
    line: np.ndarray
    time: np.ndarray


def message_bits(path: str | Path, *, workers: int | None = None) -> MessageBits:
    """The bits of all messages of a log (plain, gz, zst or zip), in its order."""
    packed = [np.empty(0, np.uint8)]
    rest = [np.empty((4, 0), np.int64)]  # start, n_bits, line, time
    size = 0
    for item in nmea.pieces(path, untimed=True, workers=workers):
        if isinstance(item, TrackBatch):
            continue
        piece = item[0]
        rows = np.flatnonzero(np.isin(piece.table[:, CODE], (MESSAGE, JOINED)))
        bits, start, n_bits = piece.packed(rows)
        time = piece.table[rows, TIME]
        time = np.where(time == NO_TIME, np.iinfo(np.int64).min, time)
        line = piece.table[rows, LINE] + piece.base + 1
        packed.append(bits)
        rest.append(np.stack([start + size, n_bits, line, time]))
        size += bits.size
    start, n_bits, line, time = np.concatenate(rest, axis=1)
    return MessageBits(np.concatenate(packed), start, n_bits, line, time.view("M8[us]"))


def message_records(
    path: str | Path, *, scaled=True, style="oceandata", workers: int | None = None
) -> list[dict]:
    """Every message of a log as a dict of all its fields.

    Parameters
    ----------
    path : path
        A log of AIS sentences: plain, gz, zst or zip.
    scaled, style
        As for :func:`oceandata.readers.nmea_fields.decode`. With ``style="gpsd"`` the
        records are gpsd's, and nothing is added to them.
    workers : int, optional
        Threads that look for sentences; default: the cores this process may use.

    Returns
    -------
    list of dict
        ``line`` and ``received`` (text, None where the log gives no time), then the
        fields.
    """
    log = message_bits(path, workers=workers)
    bits = (log.packed, log.start, log.n_bits)
    records = nmea_fields.decode(*bits, scaled=scaled, style=style)
    if style == "gpsd":
        return records
    received = [None if t == "NaT" else t + "Z" for t in log.time.astype(str).tolist()]
    return [
        {"line": line, "received": at, **record}
        for line, at, record in zip(log.line.tolist(), received, records, strict=True)
    ]


def message_table(
    path: str | Path,
    message_type: int,
    *,
    application: tuple[int, int] | None = None,
    group: str | None = None,
    workers: int | None = None,
) -> pd.DataFrame:
    """All messages of one type in a log, a row each.

    Parameters
    ----------
    path : path
        A log of AIS sentences: plain, gz, zst or zip.
    message_type : int
        1 to 27.
    application : (int, int), optional
        Area code and function, for types 6 and 8.
    group : str, optional
        What repeats inside a message ("waypoints", "areas" …): a row for each of these.
    workers : int, optional
        Threads that look for sentences; default: the cores this process may use.

    Returns
    -------
    DataFrame
        ``line`` and ``received`` (NaT where the log gives no time), then the columns of
        :func:`oceandata.readers.nmea_fields.decode_columns` or ``decode_group``.
    """
    import pandas as pd

    log = message_bits(path, workers=workers)
    bits = (log.packed, log.start, log.n_bits)
    if group is None:
        columns = nmea_fields.decode_columns(
            *bits, message_type, application=application
        )
    else:
        columns = nmea_fields.decode_group(
            *bits, message_type, application=application, group=group
        )
    place = columns.pop("message")
    texts = {n: c.astype(object) for n, c in columns.items() if c.dtype.kind == "U"}
    return pd.DataFrame(
        {
            "line": log.line[place],
            "received": log.time[place],
            **columns,
            **texts,
        }
    )
