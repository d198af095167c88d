"""Checks at the door of a command: what is wrongly asked for leaves with 2."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click


@contextmanager
def usage() -> Iterator[None]:
    """A value that cannot be is a fault of the command line, told in one message."""
    from oceandata.errors import OceanDataError

    try:
        yield
    except OceanDataError:
        raise
    except ValueError as error:
        raise click.UsageError(str(error)) from error


def check_place_and_period(box: Any, period: Any) -> None:
    """``--box`` and ``--period``, before any work begins."""
    from oceandata.store.filters import parse_box
    from oceandata.store.months import parse_period

    with usage():
        parse_box(box or None)
        parse_period(period or None)


def check_format(name: str) -> None:
    """``--format``: one fault of the command, and not one of each file."""
    from oceandata.readers.formats import HOMES

    if name != "auto" and name not in HOMES:
        from difflib import get_close_matches

        close = get_close_matches(name, HOMES, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise click.UsageError(
            f"--format must be auto or one of {', '.join(HOMES)}; got {name!r}{hint}"
        )
