"""Judge every fix: a quality flag and the reasons for it. Nothing is deleted.

The rules are declared in :mod:`oceandata.tracks.rules`; this module hands the columns
to the kernels and puts the labels back.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from oceandata import quality, schema
from oceandata.errors import SchemaError
from oceandata.land import land_bits
from oceandata.tracks import rules as declared
from oceandata.tracks.ranges import fixes_of, map_ranges
from oceandata.units import distance_m
from oceankernels import raster_mask, trace
from oceankernels.ragged import equal_stamp_rows
from oceankernels.tracks import Fixes

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

REASON = "quality_reason"
SPEED_GAP_US = 10 * 60 * 1_000_000
"""Reported speeds are compared over steps of at most ten minutes."""


def clean_tracks(
    tracks: xr.Dataset,
    *,
    max_speed: float = 60.0,
    rules: Sequence[str] | None = None,
    period: tuple[str, str] | None = None,
    slack: str = "500m",
    speed_tolerance: float = 10.0,
    min_track: int = 10,
    engine: str = "threads",
    workers: int | None = None,
) -> xr.Dataset:
    """Flag the fixes that are wrong or doubtful, with the reasons; delete none.

    Each trajectory is judged by itself, by the rules declared in
    ``oceandata.tracks.rules.RULES``.

    Parameters
    ----------
    tracks : Dataset (trajectory, obs)
        Needs ``time``, ``lon``, ``lat`` (degrees), ``row_size``; ``sog`` (knots) and
        ``quality`` are used if there. Time must not decrease within a trajectory.
    max_speed : float
        Highest speed over ground that a vessel of this fleet can have, knots.
    rules : sequence of str, optional
        Names of the rules to apply; by default all. ``time_out_of_period`` needs
        ``period``.
    period : (start, stop), optional
        UTC, half-open: fixes outside fail.
    slack : str
        Distance that needs no time: noise of positions and rounding of stamps.
    speed_tolerance : float
        By how much the speed along the track may differ from the speeds reported at the
        two ends of a step of at most ten minutes, knots.
    min_track : int
        From this many fixes on, a second consistent track under one identity is
        suspected (``second_track``), not failed (``impossible_speed``).
    engine : "threads"
        Where it runs; the result does not depend on it.
    workers : int, optional
        Threads; by default all that this process may use.

    Returns
    -------
    Dataset (trajectory, obs)
        The same fixes with ``quality`` (QARTOD: the worst flag of all reasons, 1 if
        none) and ``quality_reason`` (bits; ``flag_masks``, ``flag_meanings``). The
        attribute ``clean`` holds the parameters and the count of each reason as JSON.
        Cleaning twice changes nothing; the order of rows with equal stamps does not
        matter.

    Raises
    ------
    SchemaError
        All faults of the input in one message.
    ValueError
        All faults of the parameters in one message.

    Notes
    -----
    Spikes: a chain is a succession of fixes in which each can be reached from the one
    before at ``max_speed`` (plus ``slack``). The longest chain is the track; the
    longest of what is left is a second track if it has ``min_track`` fixes, and so on;
    the rest is impossible. A bad fix so costs itself and not its good neighbours, also
    where it comes first. As predecessors of a fix the 64 latest are tried and 64 ends
    of chains. Cost: O(n), one distance a fix as long as there are no spikes, at worst
    128.
    """
    limits = _limits(max_speed, rules, period, slack, speed_tolerance, min_track)
    starts, fixes = fixes_of(tracks, where="clean_tracks")
    sog = _sog(tracks, fixes.time.size)
    reason = _reasons_before(tracks, fixes.time.size)
    run = {"engine": engine, "workers": workers}
    _judge(tracks, starts, fixes, sog, limits, reason, run)
    parameters = {
        "max_speed": float(max_speed),
        "rules": list(declared.NAMES if rules is None else rules),
        "period": None if period is None else [str(moment) for moment in period],
        "slack": slack,
        "speed_tolerance": float(speed_tolerance),
        "min_track": int(min_track),
    }
    return _label(tracks, reason, parameters)


def clean_summary(tracks: xr.Dataset) -> pd.DataFrame:
    """How many fixes each rule flagged.

    Parameters
    ----------
    tracks : Dataset (trajectory, obs)
        A result of :func:`clean_tracks`, or a selection of it.

    Returns
    -------
    DataFrame
        One row a rule: ``rule``, ``flag`` (its meaning), ``fixes``, ``share`` of all
        fixes (NaN if there are none), ``meaning``. A fix may count in several rules.

    Raises
    ------
    SchemaError
        The dataset was not cleaned.
    """
    import pandas as pd

    if REASON not in tracks.variables:
        raise SchemaError(
            f"variable {REASON!r} (obs) is missing; call clean_tracks first",
            where="clean_summary",
        )
    reason = tracks[REASON].values
    meaning = dict(zip(quality.FLAG_VALUES, quality.FLAG_MEANINGS.split(), strict=True))
    rows = [
        {
            "rule": rule.name,
            "flag": meaning[rule.flag],
            "fixes": int(np.count_nonzero(reason & rule.bit)),
            "meaning": rule.sentence,
        }
        for rule in declared.DECLARED
    ]
    table = pd.DataFrame(rows)
    share = table["fixes"] / reason.size if reason.size else np.nan
    table.insert(3, "share", share)
    return table


def _limits(
    max_speed: float,
    rules: Sequence[str] | None,
    period: tuple[str, str] | None,
    slack: str,
    speed_tolerance: float,
    min_track: int,
) -> trace.Limits:
    """Parameters as the kernels take them; one error lists all that is wrong."""
    faults = []
    if isinstance(rules, str):
        raise ValueError(f"rules must be a sequence of names, got the text {rules!r}")
    chosen = declared.NAMES if rules is None else tuple(rules)
    unknown = [name for name in chosen if name not in declared.NAMES]
    if unknown:
        faults.append(f"rules {unknown} do not exist; there are {declared.NAMES}")
    if rules is not None and "time_out_of_period" in chosen and period is None:
        faults.append("the rule 'time_out_of_period' needs period=(start, stop)")
    if not 0.0 < max_speed < np.inf:
        faults.append(f"max_speed must be positive, in knots; got {max_speed}")
    if not 0.0 <= speed_tolerance < np.inf:
        faults.append(f"speed_tolerance must be >= 0 knots; got {speed_tolerance}")
    if min_track < 1:
        faults.append(f"min_track must be at least 1, got {min_track}")
    span = (np.iinfo("i8").min, np.iinfo("i8").max)
    if period is not None:
        moments = np.array(period, "M8[us]")
        if moments.shape != (2,) or not moments[0] < moments[1]:
            faults.append(f"period must be (start, stop), start first; got {period}")
        else:
            span = (int(moments[0].astype("i8")), int(moments[1].astype("i8")))
    if faults:
        raise ValueError("; ".join(faults))
    enabled = sum(rule.bit for rule in declared.RULES if rule.name in chosen)
    return trace.Limits(
        enabled=enabled,
        start=span[0],
        stop=span[1],
        max_speed=float(max_speed),
        slack=distance_m(slack, name="slack"),
        min_track=int(min_track),
        speed_tolerance=float(speed_tolerance),
        max_gap=SPEED_GAP_US,
    )


def _sog(tracks: xr.Dataset, n: int) -> np.ndarray:
    if "sog" not in tracks.variables:
        return np.full(n, np.nan, np.float32)
    return np.ascontiguousarray(tracks["sog"].values, np.float32)


def _reasons_before(tracks: xr.Dataset, n: int) -> np.ndarray:
    """What was flagged before the first cleaning, (n,) int32.

    An earlier cleaning is undone and redone: only its "before" bits are carried over.
    """
    before = {rule.flag: rule.bit for rule in declared.BEFORE}
    if REASON in tracks.variables:
        kept = np.int32(sum(before.values()))
        return tracks[REASON].values.astype(np.int32) & kept
    reason = np.zeros(n, np.int32)
    if "quality" in tracks.variables:
        for flag, bit in before.items():
            reason[tracks["quality"].values == flag] = bit
    return reason


def _judge(
    tracks: xr.Dataset,
    starts: np.ndarray,
    fixes: Fixes,
    sog: np.ndarray,
    limits: trace.Limits,
    reason: np.ndarray,
    run: dict[str, Any],
) -> None:
    """Run the rules; bits go into ``reason``."""
    time, lon, lat = fixes.time, fixes.lon, fixes.lat
    map_ranges(
        lambda a, b: trace.mark_fixes(
            starts, a, b, time, lon, lat, sog, limits, reason
        ),
        starts,
        **run,
    )
    failed = declared.mask_of(quality.FAIL) | declared.mask_of(quality.MISSING)
    eligible = (reason & failed) == 0
    # Rules that are switched off must still not let the kernels compare nonsense.
    eligible &= np.isfinite(lon) & (np.abs(lat) <= 90.0)
    eligible &= time != np.iinfo(np.int64).min
    order, same = _order(tracks, starts, time, reason)
    before = np.empty(time.size, np.int64)
    where = (time, lon, lat)
    bits = land_bits() if limits.enabled & trace.ON_LAND else None
    land = np.zeros(time.size, np.bool_)

    def judge_range(first: int, last: int) -> None:
        trace.trace(
            starts, first, last, order, same, eligible, where, limits, reason, before
        )
        trace.compare_speeds(starts, first, last, before, where, sog, limits, reason)
        if bits is not None:
            rows = slice(int(starts[first]), int(starts[last]))
            raster_mask.lookup(bits, lon, lat, True, rows.start, rows.stop, land)
            reason[rows][land[rows]] |= trace.ON_LAND

    map_ranges(judge_range, starts, **run)


def _order(
    tracks: xr.Dataset, starts: np.ndarray, time: np.ndarray, reason: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Rows by time, and equal stamps by their values; which equal the row before.

    Returns order (n,) int64 and same (n,) bool. Only rows that share their stamp with a
    neighbour are sorted.
    """
    order = np.arange(time.size)
    same = np.zeros(time.size, np.bool_)
    places = np.flatnonzero(equal_stamp_rows(np.diff(starts), time))
    if not places.size:
        return order, same
    new = np.ones(places.size, np.bool_)
    new[1:] = np.diff(time[places]) != 0
    owner = np.searchsorted(starts, places, side="right")
    new[1:] |= np.diff(owner) != 0
    group = np.cumsum(new)
    columns = [*_value_columns(tracks, places), reason[places]]
    by_value = np.lexsort([*columns[::-1], group])
    order[places] = places[by_value]
    equal = ~new
    for column in columns:
        values = column[by_value]
        alike = values[1:] == values[:-1]
        if values.dtype.kind == "f":
            alike |= np.isnan(values[1:]) & np.isnan(values[:-1])
        equal[1:] &= alike
    same[places] = equal
    return order, same


def _value_columns(tracks: xr.Dataset, rows: np.ndarray) -> list[np.ndarray]:
    """All columns of the fixes but time, source and verdicts, longitude first."""
    skipped = {"time", "source", "quality", REASON}
    names = [
        str(name)
        for name, variable in tracks.variables.items()
        if variable.dims == ("obs",) and name not in skipped
    ]
    names.sort(key=lambda name: (name not in ("lon", "lat"), name != "lon", name))
    columns = []
    for name in names:
        values = tracks[name].values[rows]
        if values.dtype.kind in "OTSU":
            # Ranks sort fast and compare exactly, also for mixed or missing text.
            values = np.unique(values.astype(str), return_inverse=True)[1]
        columns.append(values)
    return columns


def _label(
    tracks: xr.Dataset, reason: np.ndarray, parameters: dict[str, Any]
) -> xr.Dataset:
    flags = np.full(reason.size, quality.GOOD, np.int8)
    for flag in (quality.SUSPECT, quality.FAIL, quality.MISSING):
        flags[(reason & declared.mask_of(flag)) != 0] = flag
    counts = {
        rule.name: int(np.count_nonzero(reason & rule.bit))
        for rule in declared.DECLARED
    }
    masks = np.array([rule.bit for rule in declared.DECLARED], np.int32)
    attrs = {
        "long_name": "Reasons of the quality flag, as bits",
        "standard_name": "quality_flag",
        "flag_masks": masks,
        "flag_meanings": " ".join(rule.name for rule in declared.DECLARED),
    }
    out = tracks.assign(
        {
            "quality": ("obs", flags, schema.attributes("quality")),
            REASON: ("obs", reason, attrs),
        }
    )
    return out.assign_attrs(clean=json.dumps({**parameters, "counts": counts}))
