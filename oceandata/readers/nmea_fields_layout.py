"""How a message of AIS is laid out: fields, groups of fields that repeat, lengths.

Layouts are data, written one field a line and read when first needed::

    name  bits+kind  scale  unit  missing  legend  sentence

``name`` may carry ``@offset`` (in bits from the start of the message) where fields
overlap; else a field follows the one before. A point stands for "none", as a name for
spare bits.

* kind: ``u`` unsigned, ``i`` signed, ``b`` flag, ``t`` six-bit text, ``d`` data (hex),
  ``x`` spare. Zero bits of ``t`` or ``d`` reach to the end of the message.
* scale: ``.`` a code or a count, ``1`` a quantity as it is, ``/10`` divided by 10,
  ``*5`` times 5, ``-600/10`` first the sum, then the division; ``turn`` (rate of turn),
  ``square*13`` 13 times the square, ``low+/100`` the lowest bit is the sign (1 is plus;
  ``low-``: 1 is minus), the others the amount.
* missing: the raw values that say "not available", as ``511`` or ``0,360-511``.
* legend: the list of :mod:`oceandata.readers.nmea_fields_codes` that names the codes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

SCALE = re.compile(r"([+-]\d+)?(?:/(\d+)|\*([\d.]+)|(1))?")
RANGE = re.compile(r"(-?\d+)(?:-(-?\d+))?")
HEADER = """
type    6u . . . . number of the message, 1 to 27
repeat  2u . . . . how often it was repeated; 3: do not repeat
mmsi   30u . . . . the station that sent it
"""


@dataclass(frozen=True)
class Field:
    """One field; ``offset`` in bits from the start of the message or the element."""

    name: str
    offset: int
    width: int
    kind: str
    add: int = 0
    divisor: int = 0  # 0: a code or a count; else a quantity (raw + add) / divisor
    factor: float = 1.0
    special: str = ""  # turn, square, low+, low-
    unit: str = ""
    missing: tuple[tuple[int, int], ...] = ()  # closed ranges of raw values
    legend: str = ""
    sentence: str = ""

    @property
    def is_number(self) -> bool:
        """Whether it is read as a number (flags too)."""
        return self.kind in "uib"

    @property
    def is_quantity(self) -> bool:
        """Whether it is measured, so that its column is float64 with NaN."""
        return self.divisor > 0 or bool(self.special)

    @property
    def signed(self) -> bool:
        """Whether its bits are two's complement."""
        return self.kind == "i"


@dataclass(frozen=True)
class Group:
    """Fields that repeat: elements of ``size`` bits from bit ``at``.

    As many as fit, at most ``most``, or as many as the field ``counted`` says. Where an
    element's own field ``by`` decides what the others are, ``choices`` has them.
    """

    name: str
    at: int
    size: int
    most: int
    fields: tuple[Field, ...]
    counted: str = ""
    by: str = ""
    choices: dict[int, tuple[Field, ...]] = field(default_factory=dict)

    def all_fields(self) -> tuple[Field, ...]:
        """Every field that an element may have, once by name."""
        found = {f.name: f for f in self.fields}
        for choice in self.choices.values():
            for f in choice:
                found.setdefault(f.name, f)
        return tuple(found.values())


@dataclass(frozen=True)
class Layout:
    """A message or one form of it.

    Lengths outside ``least..most`` bits are wrong; ``full`` is the usual one, or where
    text or data begin that reach to the end.
    """

    title: str
    least: int
    most: int
    full: int
    fields: tuple[Field, ...]
    groups: tuple[Group, ...] = ()
    trailer: int = 0  # bits after the data; their fields have negative offsets

    @property
    def numbers(self) -> tuple[Field, ...]:
        """The fields that are numbers, at fixed places."""
        return tuple(f for f in self.fields if f.is_number and f.offset >= 0)


def read_fields(text: str, start: int = 0) -> tuple[Field, ...]:
    """The fields of a text, from bit ``start``; spare bits are left out."""
    return tuple(f for f in _lines(text, start) if f.kind != "x")


def _lines(text: str, start: int) -> list[Field]:
    """The fields of a text with the spare bits between and after them."""
    out, at = [], start
    for line in text.strip().splitlines():
        parts = line.split(None, 6)
        parts += ["."] * (7 - len(parts))
        name, _, place = parts[0].partition("@")
        at = int(place) if place else at
        width, kind = int(parts[1][:-1]), parts[1][-1]
        out.append(_field(name, at, width, kind, parts[2:]))
        at += width
    return out


def _field(name: str, at: int, width: int, kind: str, rest: list[str]) -> Field:
    scale, unit, missing, legend, sentence = ("" if r == "." else r for r in rest)
    made = Field(
        name,
        at,
        width,
        kind,
        unit=unit,
        missing=_ranges(missing),
        legend=legend,
        sentence=sentence,
    )
    if scale == "turn":
        return replace(made, special=scale)
    if scale.startswith("square*"):
        return replace(made, special="square", factor=float(scale[7:]))
    if scale.startswith("low"):
        return replace(made, special=scale[:4], divisor=int(scale[5:] or 1))
    if not scale:
        return made
    add, divisor, factor, _ = _parts(SCALE, scale)
    return replace(
        made, add=int(add or 0), divisor=int(divisor or 1), factor=float(factor or 1)
    )


def _parts(pattern: re.Pattern, text: str) -> tuple:
    found = pattern.fullmatch(text)
    if found is None:
        raise ValueError(f"a layout has {text!r}, which is not as the module says")
    return found.groups()


def _ranges(text: str) -> tuple[tuple[int, int], ...]:
    """``0,360-511`` as closed ranges; a leading minus belongs to the number."""
    out = []
    for part in text.split(",") if text else ():
        low, high = _parts(RANGE, part)
        out.append((int(low), int(high or low)))
    return tuple(out)


HEADER_FIELDS = read_fields(HEADER)


def layout(
    title: str, bits: str, text: str, *groups: Group, start: int = 38, trailer: int = 0
) -> Layout:
    """A layout from its text; ``bits`` as ``168`` or ``272-368``."""
    least, _, most = bits.partition("-")
    lines = [*HEADER_FIELDS, *_lines(text, start)]
    full = max(f.offset + f.width for f in lines)
    fields = tuple(f for f in lines if f.kind != "x")
    return Layout(title, int(least), int(most or least), full, fields, groups, trailer)
