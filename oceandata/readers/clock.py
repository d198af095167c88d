"""Local times to UTC, exactly, with the hours that are twice or never."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from oceandata.errors import FormatError
from oceankernels.tablespec import REASONS

GAP_REASON = len(REASONS)
GAP_TEXT = "local time that never was (clocks went forward)"
_SLOT = 900_000_000  # µs; offsets change at quarter hours, but for the oldest ones
_EPOCH = datetime(1970, 1, 1)


def zone(name: str | None, default: str) -> str:
    """The name of a time zone that exists; ``None`` is the default."""
    name = default if name is None else name
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise FormatError(
            f"timezone={name!r} is no time zone that this machine knows; pass a name "
            "such as 'UTC' or 'Asia/Shanghai'"
        ) from None
    return "UTC" if name in ("UTC", "Etc/UTC", "Etc/GMT", "GMT", "Z") else name


def to_utc(naive: np.ndarray, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """UTC of naive local times.

    naive (n,) int64 µs as if UTC. Returns (utc, ambiguous, gap): a time that came
    twice is taken as the first and marked ambiguous; a time that never was is marked
    gap. Cost: one look-up in the zone's rules a quarter of an hour that occurs.
    """
    tz = ZoneInfo(name)
    slots, codes = np.unique(naive // _SLOT, return_inverse=True)
    found = [_slot(tz, int(slot)) for slot in slots]
    simple = np.array([f is not None for f in found], bool)
    offsets = np.array([f or 0 for f in found], np.int64)
    utc = naive - offsets[codes] if slots.size else naive.copy()
    ambiguous = np.zeros(naive.size, bool)
    gap = np.zeros(naive.size, bool)
    for row in np.flatnonzero(~simple[codes]) if slots.size else ():
        first, second = _offsets(tz, int(naive[row]))
        utc[row] = naive[row] - first
        ambiguous[row] = first > second
        gap[row] = first < second
    return utc, ambiguous, gap


def _slot(tz: ZoneInfo, slot: int) -> int | None:
    """The one offset of a quarter of an hour in µs, or None if it has several."""
    start = _offsets(tz, slot * _SLOT)
    stop = _offsets(tz, (slot + 1) * _SLOT - 1)
    return start[0] if len({*start, *stop}) == 1 else None


def _offsets(tz: ZoneInfo, naive_us: int) -> tuple[int, int]:
    """Offsets (µs) of a local time read as the first and as the second of its kind."""
    local = _EPOCH + timedelta(microseconds=naive_us)
    both = []
    for fold in (0, 1):
        offset = local.replace(tzinfo=tz, fold=fold).utcoffset()
        both.append(int(offset / timedelta(microseconds=1)))
    return both[0], both[1]
