"""Faults put in on purpose, each written down.

Faults of a vessel hold for a span of time: two ships under one MMSI, spoofed tracks,
a transponder switched off, a name changed under way. Faults of a row concern one line
of a file: duplicates, teleports, sentinel values, rows out of order, lines that no
longer parse.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FAULTS = (
    "none", "shared_mmsi", "spoof_circle", "spoof_offset", "gap", "name_change",
    "bad_imo", "base_station", "exact_duplicate", "near_duplicate", "teleport",
    "sentinel", "out_of_order", "malformed",
)  # fmt: skip
CODE = {name: code for code, name in enumerate(FAULTS)}
RATES = {  # share of the rows, and the least number in a simulation
    "exact_duplicate": (1e-3, 8),
    "near_duplicate": (5e-4, 8),
    "teleport": (2e-4, 8),
    "sentinel": (5e-4, 12),
    "out_of_order": (3e-4, 8),
    "malformed": (2e-5, 8),
}
ROLES = (  # every how many vessels, counted from which
    ("gap", 20, 3), ("spoof_circle", 130, 11), ("shared_mmsi", 90, 13),
    ("spoof_offset", 140, 18), ("name_change", 80, 23), ("bad_imo", 70, 9),
)  # fmt: skip


@dataclass(frozen=True)
class Fault:
    """One fault: a line of a file, or a span of a vessel's time (line 0)."""

    kind: str
    vessel: int
    mmsi: int
    file: str = ""
    line: int = 0
    other_line: int = 0
    start: float = np.nan
    stop: float = np.nan
    detail: str = ""


def roles(number: int) -> set[str]:
    """Faults that the n-th vessel has."""
    return {name for name, step, first in ROLES if number % step == first}


def window(rng, rows, low: float, high: float, hours) -> tuple[float, float]:
    """A span that begins at a report between two shares of the vessel's reports."""
    at = int(rng.uniform(low, high) * len(rows))
    start = float(rows["time"][min(at, len(rows) - 1)])
    return start, start + rng.uniform(*hours) * 3600


def switch_off(rng, rows):
    """Drop the reports of 7 to 30 hours; returns the rest and the span, or None."""
    if len(rows) < 20:
        return rows, None
    start, stop = window(rng, rows, 0.1, 0.6, (7, 30))
    inner = (rows["time"] > start) & (rows["time"] < stop)
    if not inner.any() or rows["time"][-1] < stop:
        return rows, None
    return rows[~inner], (start, stop)


def spoof_circle(rng, rows):
    """Report a circle of some miles about a place ashore, at a constant speed."""
    rows = rows.copy()
    start, stop = window(rng, rows, 0.2, 0.5, (8, 24))
    inner = np.flatnonzero((rows["time"] >= start) & (rows["time"] < stop))
    centre = rng.choice([(120.4, 36.45), (118.9, 36.9), (126.9, 36.6)])
    knots, radius = rng.uniform(9, 20), rng.uniform(1.5, 4.0)
    time = rows["time"][inner].astype(float)
    angle = (time - start) / 3600 * knots / radius + rng.uniform(0, 6.28)
    lat = centre[1] + radius / 60 * np.cos(angle)
    lon = centre[0] + radius / 60 * np.sin(angle) / np.cos(np.radians(centre[1]))
    rows["lon"][inner], rows["lat"][inner] = np.rint(lon * 1e5), np.rint(lat * 1e5)
    rows["sog"][inner] = round(knots * 10)
    rows["cog"][inner] = np.rint((np.degrees(angle) + 90) * 10).astype(int) % 3600
    rows["heading"][inner] = (np.degrees(angle) + 90).astype(int) % 360
    rows["fault"][inner] = CODE["spoof_circle"]
    return rows, (start, stop), len(inner)


def spoof_offset(rng, rows):
    """Report the true track moved by one to two degrees."""
    rows = rows.copy()
    start, stop = window(rng, rows, 0.2, 0.5, (8, 24))
    inner = (rows["time"] >= start) & (rows["time"] < stop)
    east, north = rng.choice([-1, 1], 2) * rng.uniform(1.0, 2.0, 2) * 1e5
    rows["lon"][inner] += round(east)
    rows["lat"][inner] += round(north)
    rows["fault"][inner] = CODE["spoof_offset"]
    return rows, (start, stop), int(inner.sum())


def fault_totals(positions: int) -> dict[str, int]:
    """How many rows of each kind a simulation of so many rows has."""
    totals = {}
    for kind, (rate, least) in RATES.items():
        totals[kind] = min(max(round(rate * positions), least), positions // 100)
    return totals


def apportioned(totals, before: int, after: int, whole: int) -> dict[str, int]:
    """The part of the totals that belongs to rows before..after of the whole."""
    return {
        kind: total * after // whole - total * before // whole
        for kind, total in totals.items()
    }


def soil(rng, rows, counts):
    """Put row faults into a chunk sorted by time.

    Returns
    -------
    rows : array of ROW
        In the order of the file, duplicates added.
    other : int64 array
        For a duplicate the place of its original in ``rows``, else -1.
    """
    wanted = sum(counts.values())
    picks = rng.permutation(len(rows))[:wanted]
    if len(picks) < wanted:
        picks = rng.integers(0, len(rows), wanted)
    rows, groups, at = rows.copy(), {}, 0
    for kind, count in counts.items():
        groups[kind] = picks[at : at + count]
        at += count
    place = np.arange(len(rows), dtype=float)
    teleport(rng, rows, groups["teleport"])
    sentinel(rng, rows, groups["sentinel"])
    rows["fault"][groups["malformed"]] = CODE["malformed"]
    late = groups["out_of_order"]
    rows["fault"][late] = CODE["out_of_order"]
    place[late] += rng.integers(40, 400, len(late)) + 0.5
    exact = rows[groups["exact_duplicate"]]
    exact["fault"] = CODE["exact_duplicate"]
    near = near_copies(rng, rows[groups["near_duplicate"]])
    source = np.concatenate([groups["exact_duplicate"], groups["near_duplicate"]])
    places = place[source] + rng.integers(0, 25, len(source)) + 0.25
    whole = np.concatenate([rows, exact, near])
    order = np.argsort(np.concatenate([place, places]), kind="stable")
    inverse = np.empty(len(order), np.int64)
    inverse[order] = np.arange(len(order))
    other = np.full(len(whole), -1, np.int64)
    other[len(rows) :] = inverse[source]
    return whole[order], other[order]


def near_copies(rng, rows):
    """The same message heard by a second receiver: a second later, a digit off."""
    rows = rows.copy()
    last = rows["time"] // 86_400 * 86_400 + 86_399
    rows["time"] = np.minimum(rows["time"] + rng.integers(0, 3, len(rows)), last)
    rows["lon"] += rng.choice([-1, 1], len(rows))
    rows["fault"] = CODE["near_duplicate"]
    return rows


def teleport(rng, rows, at):
    """Throw single fixes half a degree to five degrees away."""
    for name in ("lon", "lat"):
        rows[name][at] += np.rint(
            rng.choice([-1, 1], len(at)) * rng.uniform(0.5, 5, len(at)) * 1e5
        ).astype(np.int32)
    rows["fault"][at] = CODE["teleport"]


def sentinel(rng, rows, at):
    """Values that mean "not available": 511, 360.0, 102.3, lat 91 with lon 181."""
    which = rng.integers(0, 4, len(at))
    rows["heading"][at[which == 0]] = 511
    rows["cog"][at[which == 1]] = 3600
    rows["sog"][at[which == 2]] = 1023
    rows["lat"][at[which == 3]] = 9_100_000
    rows["lon"][at[which == 3]] = 18_100_000
    rows["fault"][at] = CODE["sentinel"]


def malformed(rng, line: bytes) -> tuple[bytes, str]:
    """A line that no longer parses, and what is wrong with it."""
    fields = line.rstrip(b"\n").split(b",")
    which = int(rng.integers(0, 4))
    if which == 0:
        return b",".join(fields[: int(rng.integers(3, 9))]) + b"\n", "too few columns"
    if which == 1:
        return b",".join([*fields, b"", b"7"]) + b"\n", "too many columns"
    if which == 2:
        fields[2] = fields[2][:2] + b"o" + fields[2][3:]
        return b",".join(fields) + b"\n", "text in a number"
    fields[1] = fields[1][:5] + b"13-45T25:61:00"
    return b",".join(fields) + b"\n", "impossible time"
