"""The layout of Chinese data competitions on fishing boats (渔船作业).

``渔船ID,x,y,速度,方向,time,type``: x and y in metres of a projection that the files do
not name, times ``MMDD HH:MM:SS`` without a year, in Beijing time. Both have to be
given: ``options={"year": 2019, "crs": "EPSG:…"}``. Speeds are in knots, directions in
degrees.
``type`` is the label to be predicted (拖网, 围网, 刺网), no property of a position, and
is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import pyarrow.compute as pc

from oceandata.errors import FormatError
from oceandata.readers import chinese, encodings
from oceandata.readers.beidou import numbers_of, with_degrees
from oceandata.readers.converted import ConvertedReader, Plan, Source
from oceandata.readers.frames import Forms
from oceandata.readers.timeforms import TimeForm
from oceankernels.tablespec import TIME_ANY

ALIASES: dict[str, tuple[str, ...]] = {
    "vessel": ("渔船id", "船舶id", "shipid", "ship"),
    "x": ("x",),
    "y": ("y",),
    "time": ("time", "时间"),
    "sog": ("速度", "航速", "speed", "v"),
    "cog": ("方向", "航向", "direction", "dir", "d"),
    "label": ("type", "作业类型"),
}
_OUTSIDE = "x, y outside the projection"
_TIME = r"^\s*(\d\d)-?/?(\d\d)[ T]+(\d{1,2}:\d\d(?::\d\d(?:\.\d*)?)?)\s*$"


@dataclass(frozen=True)
class CompetitionPlan(Plan):
    """The year of the times and the projection of the positions."""

    year: int = 0
    crs: str = ""

    @cached_property
    def _transform(self):
        from pyproj import Transformer

        return Transformer.from_crs(self.crs, "EPSG:4326", always_xy=True).transform

    def convert(self, texts):
        x, y = numbers_of(texts["x"]), numbers_of(texts["y"])
        lon, lat = self._transform(x, y)
        known = np.isfinite(x) & np.isfinite(y)
        inside = np.isfinite(lon) & np.isfinite(lat)
        values = {
            "vessel": texts["vessel"],
            "lon": with_degrees(texts["x"], lon, known & inside),
            "lat": with_degrees(texts["y"], lat, known & inside),
            "time": pc.replace_substring_regex(
                texts["time"], _TIME, rf"{self.year:04d}-\1-\2 \3"
            ),
        }
        values |= {name: texts[name] for name in ("sog", "cog") if name in texts}
        lost = np.flatnonzero(known & ~inside)
        return values, dict.fromkeys(lost.tolist(), _OUTSIDE)


class CompetitionReader(ConvertedReader):
    """Reads tables with projected positions and no year; ``TrackReader``."""

    name = "competition"
    title = "fishing boats of a data competition (needs 渔船ID, x, y, time)"
    timezone = "Asia/Shanghai"
    options: ClassVar[Mapping[str, str]] = {
        "year": "year of the times, which name none, such as 2019",
        "crs": "projection of x and y, such as 'EPSG:32651'",
        "encoding": encodings.OPTION,
    }

    def places(self, names, columns):
        places, faults = chinese.places_of(names, columns, ALIASES)
        faults += [
            f"column {name!r} is missing"
            for name in ("vessel", "x", "y", "time")
            if name not in places
        ]
        return places, faults

    def plan(self, source: Source, zone: str, options: Mapping[str, Any]) -> Plan:
        where = source.head.where
        missing = [name for name in ("year", "crs") if options.get(name) is None]
        if missing:
            what = {
                "year": "its times (MMDD HH:MM:SS) name no year",
                "crs": "its x and y are metres of a projection it does not name",
            }
            raise FormatError(
                f"{where}: {' and '.join(what[name] for name in missing)}. Pass "
                "options={'year': 2019, 'crs': 'EPSG:…'} with the year and the "
                "projection of your data"
            )
        notes = ()
        if "label" in source.places:
            notes = (
                f"{where}: column {source.name_of('label')!r}, the label to be "
                "predicted, is left out",
            )
        year = _year(options["year"])
        _check_crs(options["crs"])
        forms = Forms(timezone=zone, times=TimeForm(TIME_ANY))
        return CompetitionPlan(forms, notes, year, str(options["crs"]))


def _year(value: Any) -> int:
    if (
        isinstance(value, bool)
        or not isinstance(value, int)
        or not 1990 <= value < 2100
    ):
        raise FormatError(
            f"year must be a whole number from 1990 to 2099, got {value!r}"
        )
    return value


def _check_crs(crs: Any) -> None:
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    try:
        found = CRS.from_user_input(crs)
    except CRSError as error:
        raise FormatError(f"crs={crs!r} is no projection known here: {error}") from None
    if not found.is_projected:
        raise FormatError(
            f"crs={crs!r} ({found.name}) has no metres; name the projection of x and "
            "y, such as 'EPSG:32651'"
        )


READER = CompetitionReader()
