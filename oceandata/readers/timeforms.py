"""Which form the times of a table have: found from its values, or named.

A date whose first two parts may be day and month or month and day is never guessed:
values that fit both orders are refused with the way out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from oceandata.errors import FormatError
from oceankernels.tablespec import DATE_ANY, TIME_ANY, TIME_COMPACT, TIME_UNIX
from oceankernels.texttimes import MONTH_FIRST
from oceankernels.textvalues import DAY_FIRST, YEAR_FIRST


@dataclass(frozen=True)
class TimeForm:
    """How a column of times is read: kind of column, order of a date, unit in µs."""

    kind: int
    order: int = YEAR_FIRST
    unix_us: int = 1_000_000


UNIX = {"unix": 1_000_000, "unix ms": 1000, "unix us": 1}
"""Names of ``time_format`` for counts since 1970, and their units in µs."""

_DATE = re.compile(r"(\d{1,4})([-/.])(\d{1,2})\2(\d{1,4})(?:[T ]\s*\d{1,2}:.*)?$")
_COMPACT = re.compile(r"\d{8}[T _-]?\d{2}:?\d{2}(:?\d{2}(\.\d*)?)?Z?$")
_NUMBER = re.compile(r"-?\d{6,16}(\.\d*)?$")
_NONE = {"", "na", "nan", "n/a", "null", "none"}
_EXAMPLES = {
    DAY_FIRST: "%d/%m/%Y %H:%M",
    MONTH_FIRST: "%m/%d/%Y %H:%M",
}
_NAMED = re.compile(
    r"%(?P<a>[Ymd])(?P<mark>[-/.]?)%(?P<b>[Ymd])(?P=mark)%(?P<c>[Ymd])"
    r"(?:[ T_-]?%(?P<hour>[HI]):?%M(?::?%S(?:\.%f)?)? ?(?P<half>%p)?(?:Z| ?%z)?)?$"
)
_ORDERS = {"Ymd": YEAR_FIRST, "dmY": DAY_FIRST, "mdY": MONTH_FIRST}


def find_form(values: Iterable[str], *, where: str, clock: bool = True) -> TimeForm:
    """The form that the values of a column show.

    Parameters
    ----------
    values : texts
        Some of them may be no times at all, as rubbish in a file is.
    where : str
        File and column, for messages.
    clock : bool
        False: a column of dates, with the time of day in another one.

    Raises
    ------
    FormatError
        For no known form, and for dates that may be read in two orders.
    """
    told = [v for v in (text.strip() for text in values) if v.casefold() not in _NONE]
    if not told:
        raise FormatError(f"{where}: holds no value; expected times")
    dates = [m for m in map(_DATE.match, told) if m]
    compact = sum(bool(_COMPACT.match(v)) and _looks_compact(v) for v in told)
    numbers = [v for v in told if _NUMBER.match(v)]
    most = max(len(dates), compact, len(numbers))
    if 2 * most <= len(told):
        raise FormatError(
            f"{where}: {told[0]!r} and the values after it have no known form of a "
            f"time. Pass options={{'time_format': …}}: {_known()}"
        )
    if most == len(dates):
        return TimeForm(TIME_ANY if clock else DATE_ANY, _order(dates, where))
    if most == compact:
        return TimeForm(TIME_COMPACT)
    return TimeForm(TIME_UNIX, unix_us=_unit(numbers, where))


def _looks_compact(text: str) -> bool:
    """Whether eight digits may be a date of our days: no count since 1970 is."""
    return 1900 <= int(text[:4]) <= 2100 and 1 <= int(text[4:6]) <= 12


def _order(dates: list[re.Match], where: str) -> int:
    """Order of the parts; a date that fits no order does not count."""
    if sum(len(m[1]) == 4 for m in dates) * 2 > len(dates):
        return YEAR_FIRST
    parts = [(int(m[1]), int(m[3])) for m in dates if len(m[4]) == 4]
    if not parts:
        raise FormatError(
            f"{where}: the year of {dates[0][0]!r} has not four digits; which part is "
            "the year cannot be told. Write it with four digits"
        )
    day = sum(a > 12 >= b for a, b in parts)
    month = sum(b > 12 >= a for a, b in parts)
    if max(day, month) > 10 * min(day, month):
        return DAY_FIRST if day > month else MONTH_FIRST
    found = (
        f"{day:,} values have a first part above 12 and {month:,} a second one"
        if day
        else f"no part of the first {len(parts):,} dates is above 12"
    )
    raise FormatError(
        f"{where}: {dates[0][0]!r} may be day/month or month/day ({found}). Pass "
        f"options={{'time_format': {_EXAMPLES[DAY_FIRST]!r}}} or "
        f"options={{'time_format': {_EXAMPLES[MONTH_FIRST]!r}}}"
    )


def _unit(numbers: list[str], where: str) -> int:
    """µs in the unit of counts: the one that lies between 1980 and 2100 for most."""
    for unit in (1_000_000, 1000, 1):
        seconds = [abs(float(n)) * unit / 1e6 for n in numbers]
        if sum(315_532_800 <= s <= 4_102_444_800 for s in seconds) * 2 > len(seconds):
            return unit
    raise FormatError(
        f"{where}: {numbers[0]!r} is no time since 1970 in s, ms or µs between 1980 "
        f"and 2100. Pass options={{'time_format': …}}: {_known()}"
    )


def named_form(text: str, *, clock: bool = True) -> TimeForm:
    """The form that a ``time_format`` names: in the words of strptime, or ``unix``.

    Months in words, two-digit years and zones by name are not among them.

    >>> named_form("%d/%m/%Y %H:%M").order == DAY_FIRST
    True
    """
    if text in UNIX:
        return TimeForm(TIME_UNIX, unix_us=UNIX[text])
    plain = text.replace("%F", "%Y-%m-%d").replace("%T", "%H:%M:%S").strip()
    found = _NAMED.match(plain)
    letters = found["a"] + found["b"] + found["c"] if found else ""
    good = letters in _ORDERS and clock == bool(found["hour"])
    good = good and (found["hour"] == "I") == bool(found["half"])
    if good and found["mark"]:
        return TimeForm(TIME_ANY if clock else DATE_ANY, _ORDERS[letters])
    if good and letters == "Ymd" and found["hour"] == "H":
        return TimeForm(TIME_COMPACT)
    raise FormatError(
        f"time_format={text!r} is not read; it must be one of: {_known()}"
    )


def _known() -> str:
    return (
        "%Y-%m-%d %H:%M:%S, %d/%m/%Y %H:%M, %m/%d/%Y %I:%M:%S %p (marks -, / or .; "
        "seconds and their fraction may be absent; dates alone without the time of "
        f"day), %Y%m%d_%H%M%S, {', '.join(UNIX)}. Change others beforehand"
    )
