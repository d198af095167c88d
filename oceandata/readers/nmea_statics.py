"""Static reports of AIS (types 5, 19, 24) as reports of vessels, where they change."""

from __future__ import annotations

import numpy as np

from oceandata.readers.nmea_decode import Piece
from oceandata.readers.protocol import Reports
from oceandata.readers.statics import Statics
from oceankernels import nmeafix, tablefields
from oceankernels.nmeaspec import TIME


def reports_of(piece: Piece, statics: Statics) -> Reports:
    """Reports of a piece that say something, and not the same as the vessel's last.

    The two parts of a type 24 are reports of their own, each with what it tells.
    """
    others = piece.others
    if not others.static.size:
        return Reports.empty()
    key = others.static_vessel * 64 + others.static_kind
    changed = tablefields.changed_rows(key, others.static_hash)

    def decode_rows(which: np.ndarray) -> dict[str, np.ndarray]:
        return _decode(piece, others.static[changed[which]])

    known, place = statics.find(others.static_hash[changed], decode_rows)
    says = np.flatnonzero(known.number[place])
    changed, place = changed[says], place[says]
    transceiver = np.where(others.static_kind[changed] == 10, 1, 2).astype(np.int8)
    content = known.number[place] * np.uint64(4) + transceiver.astype(np.uint64)
    new = tablefields.changed_rows(key[changed], content)
    changed, place = changed[new], place[new]
    return Reports(
        vessel=others.static_vessel[changed],
        time=piece.table[others.static[changed], TIME],
        transceiver=transceiver[new],
        content=content[new],
        **{name: values[place] for name, values in known.columns.items()},
    )


def _decode(piece: Piece, rows: np.ndarray) -> dict[str, np.ndarray]:
    """What the static reports at rows (k,) of the table say."""
    numbers = np.empty((rows.size, nmeafix.N_NUMBERS), np.int64)
    letters = np.empty((rows.size, 47), np.uint8)
    nmeafix.statics(piece.array, piece.texts, piece.table, rows, numbers, letters)
    call_sign, name, destination = (
        _texts(letters[:, a:b]) for a, b in nmeafix.STATIC_TEXTS
    )
    ship_type = np.where(numbers[:, 2] > 99, -1, numbers[:, 2])
    return {
        "name": name,
        "call_sign": call_sign,
        "destination": destination,
        "imo": numbers[:, 1],
        "ship_type": ship_type.astype(np.int16),
        "length": _metres(numbers[:, 3] + numbers[:, 4]),
        "width": _metres(numbers[:, 5] + numbers[:, 6]),
        "draught": _metres(numbers[:, 7] / 10),
    }


def _texts(letters: np.ndarray) -> np.ndarray:
    """ASCII texts (k, n), padded with zeros, as str."""
    whole = np.ascontiguousarray(letters)
    return whole.view(f"S{whole.shape[1]}")[:, 0].astype("U").astype(object)


def _metres(values: np.ndarray) -> np.ndarray:
    """Zero means not told."""
    return np.where(values > 0, values, np.nan).astype(np.float32)
