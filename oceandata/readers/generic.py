"""Any table of positions whose columns are named: the format ``"table"``.

``columns={"vessel": "ID", "time": "when", "lon": "x", "lat": "y"}`` says which column
holds what; usual names (``lon``, ``longitude``, ``time``, ``sog`` …) are found without.
``vessel`` is any text or number; ``mmsi`` instead is checked to be one. The form of the
times is found from the data or named by ``time_format``; local times need
``timezone``; a speed is in knots unless
``units`` says otherwise. A course of 360 is north for a ``vessel`` (VMS) and "not
available" for an ``mmsi`` (AIS).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from oceandata.errors import FormatError
from oceandata.readers import streams
from oceandata.readers.dma import STATUSES
from oceandata.readers.layout import (
    Column,
    Header,
    Layout,
    describe,
    match,
    read_header,
    sample,
    static_columns,
)
from oceandata.readers.protocol import Head, Identification, TrackBatch
from oceandata.readers.table import TableReader, heads
from oceandata.readers.timeforms import TimeForm, find_form, named_form
from oceankernels.tablespec import (
    CLASS,
    CLOCK,
    COG,
    DATE,
    DATE_ANY,
    HEADING,
    HOURS,
    LAT,
    LON,
    MILLIS,
    NUMBER,
    SOG,
    STATUS,
    TEXT_ID,
    TIME,
    TIME_ANY,
    TIME_UNIX,
    VESSEL,
    WORD,
)

KNOTS = {
    "knot": 1.0,
    "kn": 1.0,
    "0.1 knot": 0.1,
    "m/s": 3600 / 1852,
    "km/h": 1 / 1.852,
}
"""Knots in each unit of speed that ``units={"sog": …}`` may name."""

_STATUS_WORDS = STATUSES | {f"{k}{end}": k for k in range(16) for end in ("", ".0")}
_CLASS_WORDS = {"A": 1, "B": 2, "Class A": 1, "Class B": 2}

LAYOUT = Layout(
    name="table",
    title="any table of positions",
    columns=(
        Column(
            "vessel", ("vessel", "vessel_id", "ship_id", "track_id"), TEXT_ID, VESSEL
        ),
        Column("mmsi", ("mmsi",), NUMBER, VESSEL),
        Column("time", ("time", "timestamp", "datetime", "date_time"), TIME_ANY, TIME),
        Column("date", ("date",), DATE_ANY, DATE),
        Column("time_of_day", ("time_of_day",), CLOCK, HOURS),
        Column("millisecond", ("millisecond",), NUMBER, MILLIS),
        Column("lon", ("lon", "longitude", "long"), NUMBER, LON, required=True),
        Column("lat", ("lat", "latitude"), NUMBER, LAT, required=True),
        Column("sog", ("sog", "speed_over_ground", "speed_kn"), NUMBER, SOG),
        Column("cog", ("cog", "course_over_ground", "course"), NUMBER, COG),
        Column("heading", ("heading", "true_heading"), NUMBER, HEADING),
        Column("nav_status", ("nav_status", "navigational_status"), WORD, STATUS),
        Column("transceiver", ("transceiver", "ais_class"), WORD, CLASS),
        *static_columns(
            vessel_name=("vessel_name", "ship_name"),
            imo=("imo",),
            call_sign=("call_sign", "callsign"),
            ship_type=("ship_type",),
            length=("length",),
            width=("width",),
            draught=("draught",),
            destination=("destination",),
            to_bow=("to_bow",),
            to_stern=("to_stern",),
            to_port=("to_port",),
            to_starboard=("to_starboard",),
        ),
    ),
    words={STATUS: _STATUS_WORDS, CLASS: _CLASS_WORDS},
)


@dataclass(frozen=True)
class GenericReader(TableReader):
    """Reads any table; the layout of a file is made from ``columns`` and its values."""

    options: ClassVar[Mapping[str, str]] = TableReader.options | {
        "time_format": 'form of the times, such as "%d/%m/%Y %H:%M" or "unix"',
        "units": 'unit of the speed, such as {"sog": "m/s"}',
    }
    default_timezone: ClassVar[str | None] = None
    """None: local times have to be told, even where they are UTC."""

    def batches(
        self, path: str | Path, *, timezone: str | None = None, **rest: Any
    ) -> Iterator[TrackBatch]:
        """Batches in the order of the file; times without a zone need ``timezone``."""
        if timezone is None:
            self._refuse_naive(Path(path), rest)
        yield from super().batches(path, timezone=timezone, **rest)

    def _refuse_naive(self, path: Path, rest: Mapping[str, Any]) -> None:
        """FormatError for local times of an unknown place."""
        columns, encoding = rest.get("columns"), rest.get("encoding")
        kind = streams.compression(path, encoding)
        ratio = rest.get("max_ratio", streams.MAX_RATIO)
        for head in heads(path, kind, ratio, encoding):
            try:
                layout = self.layout_of(head, columns, rest)
            except FormatError:
                continue  # told where the file is read
            header = read_header(head)
            places, _ = match(layout, header, columns)
            name = "time" if "time" in places else "time_of_day"
            values = [v for v in sample(head, header, places[name]) if v.strip()]
            counts = layout.column(name).kind == TIME_UNIX
            if counts or any(_ZONED.search(v) for v in values):
                continue
            raise FormatError(
                f"{head.where}: the times in column {header.names[places[name]]!r} "
                f"name no zone, such as {values[0] if values else ''!r}. Pass "
                "timezone='UTC', timezone='Asia/Shanghai' or what they are in"
            )

    def identify(
        self, head: Head, *, columns: Mapping[str, str] | None = None
    ) -> Identification | None:
        """Only what ``columns`` describes is taken for such a table."""
        header = read_header(head) if columns else None
        if header is None:
            return None
        try:
            layout = self._of_header(header, columns, head.where)
        except FormatError:
            return None
        found = super().identify(head, columns=columns)
        if found is None:
            return None
        named = ", ".join(c.name for c in layout.columns if c.name in (columns or {}))
        why = f"the columns named are there ({named})"
        return replace(found, sure=0.5, why=why)

    def layout_of(
        self,
        head: Head,
        columns: Mapping[str, str] | None,
        options: Mapping[str, Any],
    ) -> Layout:
        """The layout of one file, with the form of its times."""
        header = read_header(head)
        if header is None:
            raise FormatError(
                f"{head.where}: expected a table with a header line, found "
                f"{describe(head.data)}"
            )
        layout = self._of_header(header, columns, head.where)
        layout = replace(layout, speed=_speed(options.get("units")))
        places, _ = match(layout, header, columns)
        name = "time" if "time" in places else "date"
        form = _form(head, header, name, places[name], options.get("time_format"))
        columns_ = tuple(
            replace(c, kind=form.kind) if c.name == name else c for c in layout.columns
        )
        return replace(layout, columns=columns_, order=form.order, unix_us=form.unix_us)

    def _of_header(
        self, header: Header, columns: Mapping[str, str] | None, where: str
    ) -> Layout:
        """The columns that a file has: one vessel, one time or date and time of day."""
        said = dict(columns or {})
        places, _ = match(self.layout, header, columns)
        taken = set(places)
        for one, other in (("vessel", "mmsi"), ("time", "date")):
            if {one, other} <= taken:  # what is named goes before what was found
                taken.discard(one if other in said and one not in said else other)
        missing = [f"column {n!r} is missing" for n in ("lon", "lat") if n not in taken]
        if not {"vessel", "mmsi"} & taken:
            missing.append("no column of vessels: name 'vessel' (any id) or 'mmsi'")
        if "time" not in taken and not {"date", "time_of_day"} <= taken:
            missing.append(
                "no column of times: name 'time', or 'date' and 'time_of_day'"
            )
        both = [f"{a!r} and {b!r}" for a, b in _TWICE if {a, b} <= set(said)]
        missing += [f"columns= names both {pair}; name one" for pair in both]
        _, faults = match(self.layout, header, said)
        missing += [f for f in faults if f not in missing and "is missing" not in f]
        if missing:
            raise FormatError(_fault(where, header, missing, said))
        clock = {"time_of_day"} if "time" in taken else set()
        kept = tuple(
            replace(c, aliases=c.aliases if c.name not in said else ())
            for c in self.layout.columns
            if c.name in taken - clock
        )
        text_id = "vessel" in taken
        return replace(
            self.layout,
            columns=kept,
            text_id=text_id,
            number_id=text_id,
            course_360=text_id,
        )


_ZONED = re.compile(r"(Z|UTC|GMT|[+-]\d\d:?\d\d)\s*$")
_TWICE = (("vessel", "mmsi"), ("time", "date"), ("time", "time_of_day"))


def _fault(where: str, header: Header, missing: list[str], said: dict) -> str:
    listed = ", ".join(map(repr, header.names))
    known = ", ".join(c.name for c in LAYOUT.columns)
    return (
        f"{where}: {'; '.join(missing)}; columns found: {listed}; columns={said!r}. "
        f"Pass columns={{canonical name: name in the file}}; canonical names: {known}"
    )


def _form(
    head: Head, header: Header, name: str, place: int, time_format: str | None
) -> TimeForm:
    clock = name == "time"
    if time_format is not None:
        return named_form(time_format, clock=clock)
    where = f"{head.where}: column {header.names[place]!r}"
    return find_form(sample(head, header, place), where=where, clock=clock)


def _speed(units: Mapping[str, str] | None) -> float:
    """Knots in the unit of the speed."""
    units = dict(units or {})
    unit = units.pop("sog", "knot")
    if units or unit not in KNOTS:
        raise FormatError(
            f"units= may name the unit of 'sog', one of {', '.join(map(repr, KNOTS))}; "
            f"got {units | {'sog': unit}!r}"
        )
    return KNOTS[unit]


def variant(names: list[str]) -> str:
    """Which layout of the format a header shows."""
    return f"{len(names)} columns"


READER = GenericReader(LAYOUT, variant)
