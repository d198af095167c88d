"""One entry of the catalogue: a dataset of a store, or a product that was exported.

An entry holds what may be told. Of restricted data the box is widened to whole degrees
and vessels are only counted from three on; of secret data neither place nor numbers
are told, and the period only by whole years. Nothing in it names a vessel or a file.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from oceandata.store.sensitivity import RESTRICTED, SECRET

Box = tuple[float, float, float, float]
MIN_VESSELS = 3
"""Fewer vessels than these are not counted in an entry of restricted data."""


@dataclass(frozen=True)
class Field:
    """A variable of a dataset: its name, unit (empty if none) and meaning."""

    name: str
    units: str = ""
    meaning: str = ""
    standard_name: str = ""


@dataclass(frozen=True)
class Entry:
    """What the catalogue says of one dataset.

    id : unique in a catalogue. store, dataset : where it stands; for a product the
    file and ``product``. kind : ``tracks``, ``static``, ``map`` or ``product``.
    box : (west, south, east, north) degrees, west > east across the dateline, or None.
    start, stop : first and last time (UTC, datetime64[us]), or None. flags : rows by
    quality flag. quarantined : rejected rows by reason. said : title, owner, license…
    place : the store's folder or the product's file.
    """

    id: str
    store: str
    dataset: str
    kind: str
    place: Path
    said: Mapping[str, str] = field(default_factory=dict)
    box: Box | None = None
    start: np.datetime64 | None = None
    stop: np.datetime64 | None = None
    fields: tuple[Field, ...] = ()
    rows: int | None = None
    vessels: int | None = None
    flags: Mapping[str, int] = field(default_factory=dict)
    quarantined: Mapping[str, int] = field(default_factory=dict)
    bytes: int | None = None
    commit: int | None = None
    updated: str = ""

    @property
    def title(self) -> str:
        name = self.store.removesuffix(".store")
        return self.said.get("title") or f"{name}: {self.dataset}"

    @property
    def sensitivity(self) -> str:
        return self.said.get("sensitivity", RESTRICTED)

    @property
    def license(self) -> str:
        return self.said.get("license", "")

    @property
    def owner(self) -> str:
        return self.said.get("owner", "")

    @property
    def text(self) -> str:
        """Everything that a search by words looks at, folded."""
        parts = [self.id, self.store, self.dataset, self.kind, *self.said.values()]
        for one in self.fields:
            parts += [one.name, one.meaning, one.standard_name]
        return fold(" ".join(parts))

    def told(self) -> Entry:
        """The entry with no more than its class allows."""
        if self.sensitivity == SECRET:
            year = "M8[Y]"
            start, stop = self.start, self.stop
            return replace(
                self,
                box=None,
                start=None if start is None else _us(start.astype(year)),
                stop=None if stop is None else _last_of(stop.astype(year)),
                rows=None,
                vessels=None,
                bytes=None,
                flags={},
                quarantined={},
            )
        if self.sensitivity == RESTRICTED:
            few = self.vessels is not None and self.vessels < MIN_VESSELS
            return replace(
                self,
                box=None if self.box is None else widened(self.box),
                vessels=None if few else self.vessels,
            )
        return self


def widened(box: Box) -> Box:
    """The box to whole degrees outwards; across the dateline it stays across.

    >>> widened((179.4, -18.2, -178.9, -16.5))
    (179.0, -19.0, -178.0, -16.0)
    """
    west, south, east, north = box
    # An edge that reaches the dateline stands on it, on its own side.
    return (
        max(float(math.floor(west)), -180.0),
        max(float(math.floor(south)), -90.0),
        min(float(math.ceil(east)), 180.0),
        min(float(math.ceil(north)), 90.0),
    )


def fold(text: str) -> str:
    """Text as a search compares it: width and case do not matter."""
    return unicodedata.normalize("NFKC", text).casefold()


def moment(microseconds: int) -> np.datetime64:
    return np.datetime64(int(microseconds), "us")


def time_text(value: Any) -> str:
    """A time as RFC 3339 wants it."""
    return str(np.datetime64(value, "us").astype("M8[ms]")) + "Z"


def _us(value: np.datetime64) -> np.datetime64:
    return value.astype("M8[us]")


def _last_of(year: np.datetime64) -> np.datetime64:
    return _us(year + 1) - np.timedelta64(1, "s")
