"""Loading one piece of a selection: arrays of whole vessels, with the carried fix."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from oceandata.columns import SortedColumns, decode_position, decode_tenths
from oceandata.store.merge import may_repeat, read_merged
from oceandata.store.parts import STORED, VESSEL_FIELDS

_USED = ("time", "lon", "lat", "sog", "cog", "nav_status", "quality")
_CARRIED = dict(
    zip(
        _USED,
        (
            VESSEL_FIELDS.index(name)
            for name in (
                "last_time",
                "last_lon",
                "last_lat",
                "last_sog",
                "last_cog",
                "last_nav_status",
                "last_quality",
            )
        ),
        strict=True,
    )
)


def load_piece(piece: Any) -> Any:
    """TrackArrays of a :class:`~oceandata.store.select.StorePiece`."""
    from oceandata.pieces import TrackArrays

    index = piece.selection.index
    view = index.view(piece.month)
    slots = index.slots(piece.month)[piece.first : piece.last]
    vessels = view.vessels[slots]
    wanted = view.want(slots)
    parts = [want.part for want in wanted]
    dead = any(set(part.sources) - set(index.sources) for part in parts)
    fields = STORED if dead or may_repeat(parts) else _USED
    # One thread: engines run pieces side by side.
    with ThreadPoolExecutor(1) as pool:
        table = read_merged(
            wanted,
            vessels,
            sources=index.sources,
            fields=fields,
            period=piece.selection.period,
            pool=pool,
        )
    rows = _decoded(table)
    before = index.carried(piece.month, table.vessels)
    carried = ~np.isnan(before[:, 0])
    starts = np.cumsum(table.row_size) - table.row_size
    for name, column in _CARRIED.items():
        fixes = before[carried, column].astype(rows[name].dtype)
        rows[name] = np.insert(rows[name], starts[carried], fixes)
    return TrackArrays(
        row_size=table.row_size + carried,
        vessel=table.vessels,
        ship_type=index.statics.latest("ship_type", table.vessels, index.as_of, -1),
        carried=carried.astype("i1"),
        **rows,
    )


def _decoded(table: SortedColumns) -> dict[str, np.ndarray]:
    rows = {n: table.rows[n] for n in _USED}
    for name in ("lon", "lat"):
        rows[name] = decode_position(rows[name])
    for name in ("sog", "cog"):
        rows[name] = decode_tenths(rows[name])
    return rows
