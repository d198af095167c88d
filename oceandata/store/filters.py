"""What a caller may say to choose tracks: vessels and boxes, checked at the door."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from oceandata.columns import vessel_key
from oceandata.store.merge import Box


def parse_vessels(vessels: Any) -> tuple[int, ...] | None:
    """Keys of vessels given as MMSI, key, or identity text such as ``VMS-1767``."""
    if vessels is None:
        return None
    if isinstance(vessels, str | int | np.integer):
        vessels = [vessels]
    return tuple(sorted({_vessel(v) for v in np.asarray(vessels, object).ravel()}))


def _vessel(value: Any) -> int:
    if isinstance(value, str):
        kind, dash, text = value.partition("-")
        if dash and kind == "AIS" and text.isdigit():
            return int(text)
        if dash and kind == "VMS":
            return vessel_key(text)
        return int(value) if len(value) == 9 and value.isdigit() else vessel_key(value)
    if isinstance(value, int | np.integer) and value > 0:
        return int(value)
    raise ValueError(
        f"vessels must be MMSIs or identity texts ('AIS-367752440', 'VMS-1767'); "
        f"got {value!r}"
    )


def parse_box(box: Iterable[float] | None) -> Box | None:
    """Check a box (west, south, east, north); west > east goes across the dateline."""
    if box is None:
        return None
    values = tuple(float(v) for v in box)
    if len(values) != 4:
        raise ValueError(f"box must be (west, south, east, north), got {box!r}")
    west, south, east, north = values
    faults = []
    if not (-180 <= west <= 180 and -180 <= east <= 180):
        faults.append(f"west and east must lie in [-180, 180], got {west:g}, {east:g}")
    if not -90 <= south <= north <= 90:
        faults.append(
            f"south and north must be increasing in [-90, 90], got {south:g}, {north:g}"
        )
    if faults:
        raise ValueError(
            f"box {values} must be (west, south, east, north): " + "; ".join(faults)
        )
    return values
