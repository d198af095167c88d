"""Durations and distances written as people write them: "6h", "30min", "50km", "2nmi".

A bare number is refused: whoever reads ``gap=6`` a year later cannot know of what.
"""

from __future__ import annotations

import datetime
import re

import numpy as np

METRES = {"m": 1.0, "km": 1000.0, "nmi": 1852.0}
"""Accepted units of distance; "nm" is not one: it is the nanometre of SI."""

_DISTANCE = re.compile(r"\s*([0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?)\s*([A-Za-z]+)\s*")

Duration = str | datetime.timedelta | np.timedelta64


def duration_us(value: Duration, *, name: str = "duration") -> int:
    """A duration as whole microseconds.

    Parameters
    ----------
    value : str or timedelta
        Such as ``"6h"``, ``"30min"``, ``"1 day"``, or a timedelta of the standard
        library, NumPy or pandas. Must be positive.
    name : str
        What the error calls it.

    Raises
    ------
    ValueError
        Not a duration, without a unit, or not positive.

    Examples
    --------
    >>> duration_us("1h30min")
    5400000000
    """
    import pandas as pd

    expected = f'{name} must be a positive duration such as "6h" or "30min"'
    plain = isinstance(value, str) and re.fullmatch(r"\s*[-+0-9.eE]+\s*", value)
    if plain or not isinstance(value, str | datetime.timedelta | np.timedelta64):
        raise ValueError(f"{expected}; got {value!r}, which has no unit")
    try:
        span = pd.Timedelta(value)
    except ValueError as error:
        raise ValueError(f"{expected}; got {value!r}") from error
    if pd.isna(span) or span <= pd.Timedelta(0):
        raise ValueError(f"{expected}; got {value!r}")
    return int(span.as_unit("ns").value) // 1000


def distance_m(value: str, *, name: str = "distance") -> float:
    """A distance in metres.

    Parameters
    ----------
    value : str
        Such as ``"800m"``, ``"50km"``, ``"2nmi"`` (nautical miles). Not negative.
    name : str
        What the error calls it.

    Raises
    ------
    ValueError
        Not a distance, or in a unit that is not declared in ``METRES``.

    Examples
    --------
    >>> distance_m("2nmi")
    3704.0
    """
    expected = f'{name} must be a distance such as "800m", "50km" or "2nmi"'
    if not isinstance(value, str):
        raise ValueError(f"{expected}; got {value!r}, which has no unit")
    match = _DISTANCE.fullmatch(value)
    if match is None:
        raise ValueError(f"{expected}; got {value!r}")
    number, unit = match.groups()
    if unit not in METRES:
        hint = "; for nautical miles write nmi" if unit.lower() in ("nm", "mi") else ""
        raise ValueError(f"{expected}; got the unit {unit!r}{hint}")
    return float(number) * METRES[unit]
