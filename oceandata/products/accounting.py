"""Where all the hours went: exact sums of whole microseconds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oceandata.errors import SchemaError

PARTS = (
    ("exported_us", "in the cells that are shown"),
    ("withheld_us", "withheld: too few vessels in the cell"),
    ("off_grid_us", "outside the grid"),
    ("over_gap_us", "between fixes further apart than the gap limit"),
)
_US_PER_HOUR = 3_600_000_000


def is_accounted(attrs: Mapping[str, Any]) -> bool:
    """Whether attributes hold an accounting of hours."""
    return "total_us" in attrs


def rows_of(attrs: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Head and rows of the accounting, the total last.

    Raises
    ------
    SchemaError
        The parts do not add up to the total, to the microsecond.
    """
    head = ["Vessel hours", "hours", "share", "microseconds"]
    if "withheld" in (attrs.get("total_us"), attrs.get("withheld_us")):
        return head, _partly(attrs)
    parts = {name: _whole(attrs, name) for name, _ in PARTS}
    total = _whole(attrs, "total_us")
    if sum(parts.values()) != total:
        listed = " + ".join(f"{name} {value:,}" for name, value in parts.items())
        raise SchemaError(
            f"hours do not add up: {listed} = {sum(parts.values()):,}, but total_us is "
            f"{total:,}"
        )
    rows = [_row(text, parts[name], total) for name, text in PARTS]
    return head, [*rows, _row("total", total, total)]


def hours(us: int) -> str:
    """Whole microseconds as hours to three decimals, rounded half up, in integers.

    >>> hours(5_400_000_000)
    '1.500'
    """
    thousandths = (abs(us) * 1000 + _US_PER_HOUR // 2) // _US_PER_HOUR
    sign = "−" if us < 0 else ""
    return f"{sign}{thousandths // 1000:,}.{thousandths % 1000:03d}"


def _row(text: str, us: int, total: int) -> list[str]:
    share = f"{100 * us / total:.2f} %" if total else ""
    return [text, hours(us), share, f"{us:,}"]


def _partly(attrs: Mapping[str, Any]) -> list[list[str]]:
    """Without the total, from which one or two withheld cells could be computed."""
    rows = []
    for name, text in PARTS:
        if attrs.get(name) == "withheld":
            rows.append([text, "withheld", "", ""])
        else:
            us = _whole(attrs, name)
            rows.append([text, hours(us), "", f"{us:,}"])
    return [*rows, ["total", "withheld", "", ""]]


def _whole(attrs: Mapping[str, Any], name: str) -> int:
    try:
        return int(attrs[name])
    except (KeyError, TypeError, ValueError):
        raise SchemaError(
            f"{name} must be a whole number of microseconds, got {attrs.get(name)!r}"
        ) from None
