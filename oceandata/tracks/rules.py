"""The rules by which fixes are judged: each is declared once, here.

The table feeds the kernels (its bits), the attributes of ``quality_reason``, the
summary and the documentation. Bits never change their meaning; new rules take new ones.
"""

from __future__ import annotations

from dataclasses import dataclass

from oceandata.quality import FAIL, MISSING, SUSPECT
from oceankernels import trace as bits


@dataclass(frozen=True)
class Rule:
    """Declaration of one rule: its bit, the flag it gives, and when."""

    name: str
    bit: int
    flag: int
    sentence: str


BEFORE = (
    Rule(
        "missing_before",
        bits.MISSING_BEFORE,
        MISSING,
        "The fix was already flagged missing when cleaning began.",
    ),
    Rule(
        "fail_before",
        bits.FAIL_BEFORE,
        FAIL,
        "The fix was already flagged fail when cleaning began.",
    ),
    Rule(
        "suspect_before",
        bits.SUSPECT_BEFORE,
        SUSPECT,
        "The fix was already flagged suspect when cleaning began.",
    ),
)
"""Kept from the input, whatever rules are asked for."""

RULES = (
    Rule(
        "position_missing",
        bits.POSITION_MISSING,
        MISSING,
        "Longitude or latitude is not a number.",
    ),
    Rule(
        "position_out_of_range",
        bits.POSITION_OUT_OF_RANGE,
        FAIL,
        "Longitude lies beyond 180 degrees or latitude beyond 90.",
    ),
    Rule("time_missing", bits.TIME_MISSING, FAIL, "The fix has no time."),
    Rule(
        "time_out_of_period",
        bits.TIME_OUT_OF_PERIOD,
        FAIL,
        "The time lies outside the period that was given.",
    ),
    Rule(
        "null_island",
        bits.NULL_ISLAND,
        FAIL,
        "Longitude and latitude are both within 0.01 degree of zero, where receivers "
        "without a fix report themselves.",
    ),
    Rule(
        "duplicate_row",
        bits.DUPLICATE_ROW,
        FAIL,
        "Another row of the trajectory has the same time and the same values in all "
        "columns but the source; one of them stays unmarked.",
    ),
    Rule(
        "duplicate_time",
        bits.DUPLICATE_TIME,
        FAIL,
        "Another row of the trajectory has the same time and other values; the one "
        "nearest to the track stays unmarked.",
    ),
    Rule(
        "impossible_speed",
        bits.IMPOSSIBLE_SPEED,
        FAIL,
        "The fix does not fit between the others of the vessel's track at the highest "
        "speed allowed.",
    ),
    Rule(
        "second_track",
        bits.SECOND_TRACK,
        SUSPECT,
        "The fix belongs to a second consistent track under the same identity, too far "
        "from the main one to be the same vessel.",
    ),
    Rule(
        "sog_sentinel",
        bits.SOG_SENTINEL,
        SUSPECT,
        "The reported speed is no measurement: 102.3 knots (not available), 51.2 or "
        "63.0 knots (broken units), or negative.",
    ),
    Rule(
        "sog_above_max",
        bits.SOG_ABOVE_MAX,
        SUSPECT,
        "The reported speed is higher than the highest speed allowed.",
    ),
    Rule(
        "speed_disagrees",
        bits.SPEED_DISAGREES,
        SUSPECT,
        "The way from the fix before cannot be explained by the speeds reported at its "
        "two ends.",
    ),
    Rule(
        "on_land",
        bits.ON_LAND,
        SUSPECT,
        "The 30 arc-second cell of the position and its eight neighbours are land.",
    ),
)
"""In the order of their bits."""

DECLARED = (*BEFORE, *RULES)
NAMES = tuple(rule.name for rule in RULES)


def mask_of(flag: int) -> int:
    """Bits of all rules that give a flag."""
    return sum(rule.bit for rule in DECLARED if rule.flag == flag)
