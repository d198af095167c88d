"""Where everything went: exact sums of whole microseconds or counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oceandata.errors import SchemaError
from oceandata.products import masking
from oceandata.products.words import say, term

PARTS = ("exported", "withheld", "off_grid", "over_gap")
"""What a total consists of; each is a phrase of :mod:`oceandata.products.words`."""
_US_PER_HOUR = 3_600_000_000


def is_accounted(attrs: Mapping[str, Any]) -> bool:
    """Whether attributes hold an accounting."""
    return masking.unit_of(attrs) is not None


def rows_of(
    attrs: Mapping[str, Any], *, language: str = "en"
) -> tuple[list[str], list[list[str]]]:
    """Head and rows of the accounting, the total last.

    Raises
    ------
    SchemaError
        The parts do not add up to the total, to the last unit.
    """
    unit = masking.unit_of(attrs)
    hidden = "withheld" in (attrs[f"total_{unit}"], attrs[f"withheld_{unit}"])
    closed = {name for name in PARTS if attrs.get(f"{name}_{unit}") == "withheld"}
    closed |= {"withheld"} if hidden else set()
    names = [name for name in PARTS if name not in closed]
    parts = {name: _whole(attrs, f"{name}_{unit}") for name in names}
    total = None if hidden else _whole(attrs, f"total_{unit}")
    if total is not None and sum(parts.values()) != total:
        listed = " + ".join(f"{name} {value:,}" for name, value in parts.items())
        raise SchemaError(
            f"the account does not add up: {listed} = {sum(parts.values()):,}, but "
            f"total_{unit} is {total:,}"
        )
    rows = [
        _row(say(language, name), parts.get(name), total, unit, language)
        for name in PARTS
    ]
    rows.append(_row(say(language, "total"), total, total, unit, language))
    share = say(language, "share")
    if unit == "us":
        head = [say(language, "vessel_time"), say(language, "hours"), share]
        return [*head, say(language, "us")], rows
    return [say(language, "count"), share, term(language, str(unit))], rows


def hours(us: int) -> str:
    """Whole microseconds as hours to three decimals, rounded half up, in integers.

    >>> hours(5_400_000_000)
    '1.500'
    """
    thousandths = (abs(us) * 1000 + _US_PER_HOUR // 2) // _US_PER_HOUR
    sign = "−" if us < 0 else ""
    return f"{sign}{thousandths // 1000:,}.{thousandths % 1000:03d}"


def _row(
    text: str, count: int | None, total: int | None, unit: Any, language: str
) -> list[str]:
    """One line; without the total, one or two withheld cells cannot be computed."""
    share = f"{100 * count / total:.2f} %" if total and count is not None else ""
    if count is None:
        cells = [say(language, "kept_back"), share, ""]
    else:
        cells = [hours(count), share, f"{count:,}"]
    return [text, *(cells if unit == "us" else cells[1:])]


def _whole(attrs: Mapping[str, Any], name: str) -> int:
    try:
        return int(attrs[name])
    except (KeyError, TypeError, ValueError):
        raise SchemaError(
            f"{name} must be a whole number, got {attrs.get(name)!r}"
        ) from None
