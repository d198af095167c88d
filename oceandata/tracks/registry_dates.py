"""Dates of a registry's rows: never guessed where day and month may be confused."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from oceandata.tracks.registry_fields import clean

_CHINESE = re.compile(r"(\d{4})年(?:(\d{1,2})月(?:(\d{1,2})日)?)?")
_YEAR_LAST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{1,4})(?!\d)")


def dates_of(column: pd.Series, *, where: str) -> np.ndarray:
    """Days or times of a column as datetime64[us], UTC; NaT where nothing is said.

    Read are ISO 8601, ``20240331``, ``2024/3/31``, ``2024年3月31日``, and dates with
    the year last if one of them tells which part is the day. Of texts with an offset
    the offset is taken off, those without are UTC.

    Raises
    ------
    ValueError
        A text that is no date, or a column whose day and month may be confused.
    """
    if column.dtype.kind != "M":
        texts = column.map(clean)
        column = pd.to_datetime(
            pd.Series(_year_first(texts.tolist(), where), texts.index, dtype=object),
            errors="coerce",
            format="mixed",
            utc=True,
        )
        bad = column.isna() & (texts != "")
        if bad.any():
            at = int(np.flatnonzero(bad)[0])
            raise ValueError(
                f"{where} must hold dates; the first that is none is "
                f"{texts.iloc[at]!r} in row {at}"
            )
    if getattr(column.dtype, "tz", None) is not None:
        column = column.dt.tz_convert("UTC").dt.tz_localize(None)
    return column.to_numpy("M8[us]")


def _year_first(texts: Sequence[str], where: str) -> list[Any]:
    """Texts with the year before month and day; None where nothing is said."""
    found = {text: m for text in texts if (m := _YEAR_LAST.match(text))}
    month, day = _places(list(found.values()), where)

    def read(text: str) -> str | None:
        if m := found.get(text):
            return f"{m[4]}-{m[month]:0>2}-{m[day]:0>2}{text[m.end() :]}"
        parts = _CHINESE.match(text)
        if parts is None:
            return text or None
        day_of = "-".join(f"{part:0>2}" for part in parts.groups() if part)
        return f"{day_of}{text[parts.end() :]}"

    return [read(text) for text in texts]


def _places(dates: list[re.Match], where: str) -> tuple[int, int]:
    """Which groups of ``_YEAR_LAST`` hold the month and the day."""
    short = [m[0] for m in dates if len(m[4]) != 4]
    if short:
        raise ValueError(
            f"{where}: {short[0]!r} has no year of four digits; write it as 2024-03-31"
        )
    open_ = [m for m in dates if m[1] != m[3]]
    first = any(int(m[1]) > 12 for m in open_)
    second = any(int(m[3]) > 12 for m in open_)
    if open_ and first == second:
        raise ValueError(
            f"{where}: {open_[0][0]!r} may be day/month or month/day, and the other "
            "rows do not tell which. Write dates as 2024-03-31"
        )
    return (3, 1) if first else (1, 3)
