"""One record of a table: is it a fix of a vessel, and which integers stand for it?

The order of the questions is fixed (not a vessel, vessel, time, position, the rest),
so that each refused record has one reason.
"""

from __future__ import annotations

import numpy as np

from oceankernels.jit import jit
from oceankernels.tablespec import (
    CLASS,
    COG,
    DATE,
    FIRST_MOBILE,
    HEADING,
    HOURS,
    LAT,
    LON,
    MILLIS,
    MOBILE,
    N_FINE,
    NO_POSITION,
    REPORT_A,
    SOG,
    STATUS,
    TIME,
    UNKNOWN_WORD,
    VESSEL,
)
from oceankernels.textvalues import (
    BAD,
    BAD_CLOCK,
    BAD_DATE,
    DAY_US,
    INEXACT,
    MISSING,
    OK,
    P10,
    P10F,
)


@jit
def judge(r, spec):
    """Reason code why the record is no row; 0 if it is one. Joins date and time."""
    state, value = r.state, r.value
    if state[MOBILE] != MISSING:
        if value[MOBILE] == UNKNOWN_WORD:
            return 11
        if value[MOBILE] == NO_POSITION:
            return 29
        if 10 <= value[MOBILE] < NO_POSITION:
            return FIRST_MOBILE + value[MOBILE] - 10
    if state[VESSEL] == MISSING:
        return 12
    if not spec.text_id:
        if not _is_mmsi(r):
            return 13
        reason = _station_reason(value[VESSEL])
        if reason:
            return reason
    if state[DATE] != MISSING or state[HOURS] != MISSING:
        state[TIME] = _joined(state[DATE], state[HOURS])
        value[TIME] = value[DATE] * DAY_US + value[HOURS]
    if state[TIME] != OK:
        return _time_reason(state[TIME])
    if state[MILLIS] != MISSING and not _add_millis(r):
        return 15
    if is_report(r, spec):
        return 0
    reason = _position_reason(r)
    if reason:
        return reason
    if state[SOG] == BAD or state[COG] == BAD or state[HEADING] == BAD:
        return 24
    return 25 if state[STATUS] == BAD else 0


@jit(inline=True)
def is_report(r, spec):
    """Whether the record is a static report, which needs no position."""
    return spec.reports or (r.state[MOBILE] == OK and r.value[MOBILE] >= REPORT_A)


@jit
def _add_millis(r):
    """Add the column of milliseconds to the time; whether it is such a number.

    Receivers write up to 1,002 of them.
    """
    if r.state[MILLIS] != OK or not 0 <= r.value[MILLIS] < P10[r.decimals[MILLIS] + 4]:
        return False
    r.value[TIME] += r.value[MILLIS] * 1000 // P10[r.decimals[MILLIS]]
    return True


@jit(inline=True)
def _is_mmsi(r):
    """Whether the vessel's number is one; drops decimals that are zero."""
    if r.state[VESSEL] != OK:
        return False
    unit = P10[r.decimals[VESSEL]]
    if unit > 1:
        if r.value[VESSEL] % unit != 0:
            return False
        r.value[VESSEL] //= unit
        r.decimals[VESSEL] = 0
    return 1 <= r.value[VESSEL] <= 999_999_999


@jit(inline=True)
def _station_reason(mmsi):
    """Stations that are no vessels, by ITU-R M.585: MID is 201 to 775."""
    if 2_010_000 <= mmsi <= 7_759_999:
        return 26
    if 111_201_000 <= mmsi <= 111_775_999:
        return 27
    return 28 if 992_010_000 <= mmsi <= 997_759_999 else 0


@jit
def _joined(date, hours):
    """State of a time in two columns: what is wrong with the date comes first."""
    if date > OK:
        return date
    return hours if hours > OK else min(date, hours)


@jit
def _time_reason(state):
    if state == MISSING:
        return 14
    if state == BAD_DATE:
        return 16
    return 17 if state == BAD_CLOCK else 15


@jit(inline=True)
def _compare(r, slot, bound):
    """Sign of |number| - bound."""
    value, limit = abs(r.value[slot]), bound * P10[r.decimals[slot]]
    return (value > limit) - (value < limit)


@jit(inline=True)
def _compare_tenths(r, slot, bound):
    """Sign of |number| - bound / 10."""
    value, decimals = abs(r.value[slot]), r.decimals[slot]
    if decimals == 0:
        value, limit = min(value, 1_000_000) * 10, bound
    else:
        limit = bound * P10[decimals - 1]
    return (value > limit) - (value < limit)


@jit(inline=True)
def _position_reason(r):
    if r.state[LAT] == BAD or r.state[LON] == BAD:
        return 19
    if r.state[LAT] == MISSING or r.state[LON] == MISSING:
        return 18
    if _compare(r, LAT, 90) <= 0 and _compare(r, LON, 180) <= 0:
        return 0
    if _compare(r, LAT, 91) == 0 and r.value[LAT] > 0:
        return 20
    if _compare(r, LON, 181) == 0 and r.value[LON] > 0:
        return 20
    if _compare(r, LAT, 90) > 0:
        swapped = _compare(r, LAT, 180) <= 0 and _compare(r, LON, 90) <= 0
        return 22 if swapped else 21
    return 23


@jit(inline=True)
def _missing(r, slot, tally, repair):
    r.state[slot] = MISSING
    tally.repairs[repair] += 1


@jit(inline=True)
def _clean_numbers(r, spec, tally):
    """Turn sentinels and impossible speeds, courses, headings into missing values."""
    value, decimals, state = r.value, r.decimals, r.state
    fast = state[SOG] != MISSING and _compare_tenths(r, SOG, 1022) > 0
    if fast or (state[SOG] != MISSING and value[SOG] < 0):
        sentinel = value[SOG] > 0 and _compare_tenths(r, SOG, 1023) == 0
        _missing(r, SOG, tally, 0 if sentinel else 1)
    if state[COG] != MISSING:
        ten = P10[decimals[COG]]
        if value[COG] == 360 * ten and spec.course_360:
            value[COG] = 0
            tally.repairs[3] += 1
        elif value[COG] < 0 or value[COG] >= 360 * ten:
            _missing(r, COG, tally, 2 if value[COG] == 360 * ten else 4)
    if state[HEADING] != MISSING:
        ten = P10[decimals[HEADING]]
        if value[HEADING] < 0 or value[HEADING] >= 360 * ten:
            _missing(r, HEADING, tally, 5 if value[HEADING] == 511 * ten else 6)
    if state[LON] != MISSING and _compare(r, LON, 180) == 0 and value[LON] > 0:
        value[LON] = -value[LON]
        r.state[LON] = OK
        tally.repairs[9] += 1


@jit(inline=True)
def _transceiver(r):
    """1 class A, 2 class B, 0 unknown; from its own column or the type of mobile."""
    if r.state[CLASS] == OK:
        return max(r.value[CLASS], 0)
    if r.state[MOBILE] != OK:
        return 0
    mobile = r.value[MOBILE]
    return mobile - NO_POSITION if mobile >= REPORT_A else mobile


@jit
def to_knots(r, speed):
    """The speed in knots, of which its unit has ``speed``; tenths stay exact."""
    if speed == 0.1 and r.decimals[SOG] < 16:
        r.decimals[SOG] += 1
        return
    knots = r.value[SOG] / P10F[r.decimals[SOG]] * speed
    if not -1e6 < knots < 1e6:
        knots = -1.0
    r.value[SOG] = np.int64(np.rint(knots * 1e6))
    r.decimals[SOG] = 6
    r.state[SOG] = OK


@jit(inline=True)
def _status(r, tally):
    if r.state[STATUS] == MISSING:
        return 15
    value, unit = r.value[STATUS], P10[r.decimals[STATUS]]
    if value == 15 * unit:
        tally.repairs[7] += 1
        return 15
    if value < 0 or value > 15 * unit or value % unit != 0:
        tally.repairs[8] += 1
        return 15
    return value // unit


@jit(inline=True)
def keep(r, spec, rows, tally, n, n_later):
    """Write the record as row ``n``; returns the new number of entries in ``later``."""
    rows.report[n] = is_report(r, spec)
    if rows.report[n] != 0:
        for slot in range(N_FINE):
            r.state[slot] = MISSING
        r.state[STATUS] = MISSING
    if spec.speed != 1.0 and r.state[SOG] != MISSING:
        to_knots(r, spec.speed)
    _clean_numbers(r, spec, tally)
    rows.vessel[n] = r.value[VESSEL]
    rows.time[n] = r.value[TIME]
    rows.nav_status[n] = _status(r, tally)
    rows.transceiver[n] = _transceiver(r)
    tally.repairs[10] += r.repair[0]
    tally.repairs[11] += r.repair[1]
    rows.lon[n] = _scaled(r, LON, 7, 0, tally)
    rows.lat[n] = _scaled(r, LAT, 7, 0, tally)
    rows.sog[n] = _scaled(r, SOG, 1, -32768, tally)
    rows.cog[n] = _scaled(r, COG, 1, -32768, tally)
    rows.heading[n] = _scaled(r, HEADING, 1, -32768, tally)
    for slot in range(N_FINE):
        if rows.wide[slot] == 0:
            continue
        if r.state[slot] == MISSING:
            rows.fine[n * N_FINE + slot] = np.nan
            continue
        rows.fine[n * N_FINE + slot] = r.value[slot] / P10F[r.decimals[slot]]
        if r.state[slot] == INEXACT:
            tally.later[4 * n_later] = n
            tally.later[4 * n_later + 1] = slot
            tally.later[4 * n_later + 2] = r.a[slot]
            tally.later[4 * n_later + 3] = r.b[slot]
            n_later += 1
    return n_later


@jit(inline=True)
def _scaled(r, slot, places, missing, tally):
    """Integer for the column; marks the slot if the value has more places."""
    if r.state[slot] == MISSING:
        return missing
    value, decimals = r.value[slot], r.decimals[slot]
    while decimals > places and value % 10 == 0:
        value //= 10
        decimals -= 1
    if decimals > places or r.state[slot] == INEXACT:
        tally.needs_wide[slot] = 1
        return missing
    return value * P10[places - decimals]
