"""Tables as a report prints them: cells as text, numbers to the right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from oceandata.products import select, words


@dataclass
class Table:
    """A table of texts; ``right`` marks the columns of numbers."""

    head: list[str]
    rows: list[list[str]]
    right: list[bool]
    caption: str = ""
    number: int = 0
    sum: bool = field(default=False)


def table_of(
    data: Any, *, caption: str = "", total: bool = False, language: str = "en"
) -> Table:
    """A table from a DataFrame, a list of mappings, or a (head, rows) pair.

    Texts that are terms of ours are put into the language; all others stay.
    """
    head, rows = _cells(data)
    rows = [list(row) for row in rows]
    right = [
        bool(rows) and all(_is_number(row[i]) or row[i] is None for row in rows)
        for i in range(len(head))
    ]
    places = [_decimals([row[i] for row in rows]) for i in range(len(head))]
    words = [
        [
            text_of(cell, decimals=places[i], language=language)
            for i, cell in enumerate(row)
        ]
        for row in rows
    ]
    return Table([str(name) for name in head], words, right, caption, sum=total)


def text_of(cell: Any, *, decimals: int | None = None, language: str = "en") -> str:
    """One cell: thousands with commas, blank where missing.

    >>> text_of(12345.25, decimals=2), text_of(97015), text_of(True)
    ('12,345.25', '97,015', 'yes')
    """
    if cell is None or (isinstance(cell, float | np.floating) and np.isnan(cell)):
        return ""
    if isinstance(cell, bool | np.bool_):
        return words.say(language, "yes" if cell else "no")
    if isinstance(cell, int | np.integer):
        return f"{int(cell):,}"
    if isinstance(cell, float | np.floating):
        text = f"{cell:,.6g}" if decimals is None else f"{cell:,.{decimals}f}"
        return text if "e" in text else text.replace("-", "−")
    if isinstance(cell, np.datetime64):
        return select.label_of(cell)
    return words.term(language, str(cell))


def _cells(data: Any) -> tuple[Sequence, Iterable]:
    if hasattr(data, "columns") and hasattr(data, "itertuples"):
        return list(data.columns), data.itertuples(index=False, name=None)
    if isinstance(data, tuple) and len(data) == 2:
        return list(data[0]), data[1]
    data = list(data)
    if not all(isinstance(row, Mapping) for row in data):
        raise TypeError(
            "a table is a DataFrame, a list of mappings or a (head, rows) pair; got "
            f"a list of {type(data[0]).__name__}"
        )
    head = list(dict.fromkeys(name for row in data for name in row))
    return head, [[row.get(name) for name in head] for row in data]


def _decimals(cells: list) -> int | None:
    """Decimals that a column of floats shares, at most three; None where too small."""
    floats = [c for c in cells if isinstance(c, float | np.floating)]
    floats = [c for c in floats if np.isfinite(c)]
    if not floats or max(map(abs, floats)) < 0.01:
        return None
    fits = (n for n in range(3) if all(round(c, n) == c for c in floats))
    return next(fits, 3)


def _is_number(cell: Any) -> bool:
    number = isinstance(cell, int | float | np.number)
    return number and not isinstance(cell, bool | np.bool_)
