"""UTC months: the partitions of track data."""

from __future__ import annotations

import numpy as np


def month_text(number: int) -> str:
    """Months since January 1970 as text.

    >>> month_text(648)
    '2024-01'
    """
    return str(np.datetime64(int(number), "M"))


def month_number(text: str) -> int:
    return int(np.datetime64(text, "M").astype("i8"))


def month_start(number: int) -> int:
    """First microsecond of a month, since 1970 UTC.

    >>> month_start(1) == 31 * 86_400_000_000
    True
    """
    return int(np.datetime64(int(number), "M").astype("M8[us]").astype("i8"))


def months_of(times: np.ndarray) -> tuple[np.ndarray, int]:
    """Months that hold the times (µs): number of each from the first, and the first.

    The first array is empty when all times lie in one month.
    """
    from oceankernels.partition import interval_numbers

    low, high = (int(t) for t in (times.min(), times.max()))
    first, last = (
        int(np.datetime64(t, "us").astype("M8[M]").astype("i8")) for t in (low, high)
    )
    if first == last:
        return np.empty(0, "i8"), first
    edges = np.array([month_start(m) for m in range(first, last + 2)], "i8")
    return interval_numbers(times, edges), first


def parse_period(period) -> tuple[int, int] | None:
    """A half-open UTC period in microseconds; None stays None.

    Ends are ISO dates or times, ``datetime64`` or ``datetime``; one text such as
    ``"2024-01"`` or ``"2024-01-15"`` or ``"2024"`` means that month, day or year.
    """
    if period is None:
        return None
    if isinstance(period, str):
        start = np.datetime64(period)
        ends = (start, start + 1)
    else:
        ends = tuple(period)
        if len(ends) != 2:
            raise ValueError(
                f"period must be (start, stop), half-open in UTC; got {period!r}"
            )
    start, stop = (_microseconds(end, period) for end in ends)
    if start >= stop:
        raise ValueError(f"period must start before it stops; got {period!r}")
    return start, stop


def _microseconds(value, period) -> int:
    if isinstance(value, str) and value.endswith("Z"):
        value = value[:-1]
    if getattr(value, "tzinfo", None) is not None:
        from datetime import UTC

        value = value.astimezone(UTC).replace(tzinfo=None)
    try:
        moment = np.datetime64(value).astype("M8[us]")
    except ValueError as error:
        raise ValueError(
            f"period {period!r}: {value!r} is not a time ({error}); write it as "
            "2024-01-31 or 2024-01-31T06:00, in UTC"
        ) from error
    if np.isnat(moment):
        raise ValueError(f"period {period!r}: both ends must be known")
    return int(moment.astype("i8"))
