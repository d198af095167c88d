"""What commands print: tables, sizes, JSON, and how far a long run has come."""

from __future__ import annotations

import json
import sys
import time
import unicodedata
from collections.abc import Iterable, Sequence
from contextlib import contextmanager
from typing import Any

import click


def say(text: str = "") -> None:
    """One line for people, on standard output."""
    click.echo(text)


def log(text: str) -> None:
    """One line about the progress of the work, on standard error, with the time."""
    click.echo(f"{time.strftime('%H:%M:%S')} {text}", err=True)


def say_json(value: Any) -> None:
    """One JSON document on standard output."""
    click.echo(json.dumps(plain(value), indent=2, ensure_ascii=False))


def plain(value: Any) -> Any:
    """The value with only what JSON knows; unknown objects become text."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, Iterable):
        return [plain(item) for item in value]
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return str(value)


def table(rows: Sequence[Sequence[Any]], heads: Sequence[str]) -> str:
    """Aligned plain text: numbers to the right with thousands separated."""
    texts = [[_cell(value) for value in row] for row in rows]
    right = [
        bool(rows) and all(_is_number(row[i]) for row in rows)
        for i in range(len(heads))
    ]
    widths = [
        max(_width(line[i]) for line in [list(heads), *texts])
        for i in range(len(heads))
    ]

    def line(cells: Sequence[str]) -> str:
        gaps = zip(cells, widths, strict=True)
        pads = [" " * (width - _width(cell)) for cell, width in gaps]
        parts = [
            (pad + cell if to_right else cell + pad)
            for cell, pad, to_right in zip(cells, pads, right, strict=True)
        ]
        return "  ".join(parts).rstrip()

    rule = "  ".join("-" * width for width in widths)
    return "\n".join([line(heads), rule, *(line(cells) for cells in texts)])


def _width(text: str) -> int:
    """Columns of a terminal that a text takes: Chinese characters take two."""
    return sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in text)


def size(count: float) -> str:
    """Bytes with a unit of a thousand: ``1.2 GB``."""
    for unit in ("B", "kB", "MB", "GB"):
        if abs(count) < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def seconds(span: float) -> str:
    """A duration: ``3.4 s``, ``2 min 5 s``."""
    if span < 60:
        return f"{span:.1f} s"
    return f"{int(span) // 60} min {int(span) % 60} s"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _cell(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: ""}[value]
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.6g}"
    return str(value)


@contextmanager
def progress(title: str):
    """A callable ``(done, total)`` that shows how far the work has come.

    A bar on a terminal; a log line at most every ten seconds elsewhere.
    """
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            Progress,
            TaskProgressColumn,
            TextColumn,
            TimeRemainingColumn,
        )

        with Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        ) as bar:
            task = bar.add_task(title, total=None)
            yield lambda done, total, *_: bar.update(task, completed=done, total=total)
    else:
        yield LogLines(title)


class LogLines:
    """Progress as log lines, at most one every ``every`` seconds."""

    def __init__(self, title: str, *, every: float = 10.0):
        self.title, self.every = title, every
        self.last = time.monotonic()

    def __call__(self, done: int, total: int, *_: Any) -> None:
        now = time.monotonic()
        if now - self.last >= self.every:
            self.last = now
            share = f" ({100 * done / total:.0f} %)" if total else ""
            log(f"{self.title}: {done:,} of {total:,}{share}")
