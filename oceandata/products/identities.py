"""Which names, numbers and texts tell one vessel from another, and how text loses them.

Two rules work together. *Patterns* need no knowledge: nine digits that may be an MMSI,
an IMO number that says so. *Known identities* come from the store or the dataset that a
product is made of: :class:`Identities` finds them in file names, parameters and tables,
whatever the case and the signs between the words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

MASK = "[vessel]"
"""What stands in a text in place of an identity."""


def words(text: str) -> frozenset[str]:
    """The words of a list that is written as text."""
    return frozenset(text.split())


NUMBERED = frozenset({"mmsi", "imo", "imonumber", "imono", "vesselmmsi", "ssvid"})
TEXTUAL = words(
    """
    vessel vesselid vesselkey vesselcode vesselname vesselnumber ship shipid
    shipname boat boatid boatname callsign radiocallsign ircs cfr uvi veref
    externalmarking externalmark registration registrationmark
    registrationno registrationnumber portregistration trajectoryid
    trajectory terminal terminalid terminalno beaconid transponder
    transponderid licenceno licensenumber licencenumber owner ownername
    operator skipper master flagmmsi
    船名 船舶名称 渔船名称 船号 渔船编码 渔船编号 终端号 终端编号 终端id
    呼号 船主 北斗号 mmsi号 mmsi编号 imo号 船舶编号
    """
)
QUASI = words(
    """
    length width beam draught draft loa tonnage grosstonnage gt enginepower
    power homeport port destination built yearbuilt eta
    船长 总吨 功率 船籍港 母港 目的地
    """
)
"""Columns that name a vessel when two or three of them are put together."""

_ROLES = words(
    """
    1 2 3 a b other first second own target neighbour neighbor
    """
)
_SPLIT = re.compile(r"[\W_]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_PSEUDONYM = re.compile(r"V-[0-9a-f]{16}(/\d+)?")
# Long runs of hexadecimal digits are hashes; nine digits after "1." are decimals.
_NUMBER = re.compile(r"(?<![0-9A-Za-z])[0-9a-f]{16,}(?![0-9A-Za-z])|(?<!\d\.)\d+")
_IMO = re.compile(r"(?i)\bIMO[\s:_#.-]*\d{7}(?!\d)")
_MARITIME = re.compile(r"(?:[2-9]|00?[2-7]|111)\d+")
_HASH = 16
_SHORTEST = 3
_WORDS = 6
# Words that stand in every product say nothing of a vessel that bears them as a name.
_PLAIN = words(
    """
    ais vms noaa dma tacsat eflalo csv zip gz zst nc tif png html json
    vessel vessels ship ships hour hours map maps grid month day time date
    sea ocean yellow cell cells cargo fishing tanker passenger tug pilot
    service sailing unknown other test data density transit transits track
    tracks none null nan true false the and not for input output file files
    day days year part job step product report simulated withheld total
    exported lon lat box west east north south store
    """
)
_KNOWN: ContextVar[Identities | None] = ContextVar("identities", default=None)
_OPEN: ContextVar[bool] = ContextVar("unmasked", default=False)


def plain_name(name: Any) -> str:
    """A column's name without case, signs and the role in a pair: ``mmsi_1`` → mmsi."""
    parts = _SPLIT.split(_CAMEL.sub(" ", str(name)).casefold())
    kept = [part for part in parts if part and part not in _ROLES]
    return "".join(kept)


def role_of(name: Any) -> str:
    """The role in a pair that a column's name tells: ``mmsi_1`` → ``1``."""
    parts = _SPLIT.split(_CAMEL.sub(" ", str(name)).casefold())
    return "_".join(part for part in parts if part in _ROLES)


def is_identity(name: Any) -> bool:
    """Whether a variable or column of this name tells one vessel from another.

    >>> [is_identity(n) for n in ("MMSI", "call sign", "vessel_2", "vessel_hours")]
    [True, True, True, False]
    """
    plain = plain_name(name)
    return plain in NUMBERED or plain in TEXTUAL


def is_pseudonym(value: Any) -> bool:
    """Whether a value is a keyed pseudonym, with or without its ``/2``."""
    return isinstance(value, str) and _PSEUDONYM.fullmatch(value) is not None


@dataclass(frozen=True)
class Identities:
    """Identities that no product may show: numbers, and texts in compact form."""

    numbers: frozenset[int] = frozenset()
    texts: frozenset[str] = frozenset()

    @classmethod
    def of(cls, *things: Any) -> Identities:
        """Identities of stores, tracks, events, tables, or plain values.

        Parameters
        ----------
        things : Store, Dataset, DataFrame, Identities, or iterables of int and str
            Of labelled data, the variables that :func:`is_identity` names; of a store
            all vessels and static reports at its commit.
        """
        values: set[Any] = set()
        numbers: set[int] = set()
        texts: set[str] = set()
        for thing in things:
            if isinstance(thing, Identities):
                numbers |= thing.numbers
                texts |= thing.texts
            else:
                values.update(_values_of(thing))
        for value in values:
            _sort_in(value, numbers, texts)
        return cls(frozenset(numbers), frozenset(texts))

    def __or__(self, other: Identities) -> Identities:
        return Identities(self.numbers | other.numbers, self.texts | other.texts)

    def __len__(self) -> int:
        return len(self.numbers) + len(self.texts)

    @cached_property
    def _ideographic(self) -> tuple[frozenset[str], int]:
        """Texts with signs of no alphabet, which have no gaps around them."""
        found = frozenset(text for text in self.texts if not text.isascii())
        return found, max(map(len, found), default=0)

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where `text` holds a known name, call sign or identity text."""
        if not self.texts:
            return []
        folded, place = _folded(text)
        runs = [(m.start(), m.end()) for m in re.finditer(r"[^\W_]+", folded)]
        found = []
        for first, (start, _) in enumerate(runs):
            joined = ""
            for begin, stop in runs[first : first + _WORDS]:
                joined += folded[begin:stop]
                if joined in self.texts:
                    found.append((place[start], place[stop - 1] + 1))
        return found + self._inside(folded, place, runs)

    def _inside(self, folded, place, runs) -> list[tuple[int, int]]:
        """Ideographic names may stand within a run: all parts of it are looked up."""
        wanted, longest = self._ideographic
        found = []
        for start, stop in runs if wanted else ():
            if folded[start:stop].isascii():
                continue
            for i in range(start, stop):
                for j in range(i + 1, min(stop, i + longest) + 1):
                    if folded[i:j] in wanted:
                        found.append((place[i], place[j - 1] + 1))
        return found


NOBODY = Identities()


@contextmanager
def known(identities: Identities) -> Iterator[Identities]:
    """Mask these identities too in all text that leaves within the block."""
    joined = current() | identities
    token = _KNOWN.set(joined)
    try:
        yield joined
    finally:
        _KNOWN.reset(token)


def current() -> Identities:
    """The identities that are known here, of all enclosing :func:`known`."""
    return _KNOWN.get() or NOBODY


@contextmanager
def unmasked() -> Iterator[None]:
    """Mask nothing within the block; for exports that were asked for by name."""
    token = _OPEN.set(True)
    try:
        yield
    finally:
        _OPEN.reset(token)


def mask_text(text: str, identities: Identities | None = None) -> str:
    """The text with ``[vessel]`` in place of every identity.

    Parameters
    ----------
    text : str
    identities : Identities, optional
        Known ones, beside those of the enclosing :func:`known`. Numbers that may be
        an MMSI and IMO numbers that say so are masked without being known.

    Returns
    -------
    str

    Examples
    --------
    >>> mask_text("track of 412345678, IMO 9074729.csv")
    'track of [vessel], [vessel].csv'
    >>> mask_text("Hai-Yang_8.csv, 2024", Identities.of(["HAI YANG 8"]))
    '[vessel].csv, 2024'
    """
    if _OPEN.get():
        return text
    known_here = current() if identities is None else current() | identities
    spans = [match.span() for match in _IMO.finditer(text)]
    for match in _NUMBER.finditer(text):
        spans += _numbers_in(match, known_here.numbers)
    spans += known_here.spans(text)
    if not spans:
        return text
    out, at = [], 0
    for start, stop in _joined(spans):
        out += [text[at:start], MASK]
        at = stop
    return "".join([*out, text[at:]])


def mask_value(value: Any, identities: Identities | None = None, *, key: str = ""):
    """A value of a record with every identity masked, whatever its depth.

    Entries whose key names vessels (``vessels=[…]``) keep only how many there were.
    Bytes become their length: what is not text cannot be searched.
    """
    if _OPEN.get():
        return value
    if _names_vessels(key) and (counted := _counted(value)) is not None:
        return counted
    if isinstance(value, Mapping):
        return {
            mask_text(str(name), identities): mask_value(
                item, identities, key=str(name)
            )
            for name, item in value.items()
        }
    if isinstance(value, str):
        return mask_text(value, identities)
    if isinstance(value, bytes | bytearray):
        return f"{len(value)} bytes withheld"
    if isinstance(value, list | tuple | set | frozenset):
        items = [mask_value(item, identities) for item in value]
        return tuple(items) if isinstance(value, tuple) else items
    if isinstance(value, int | float | np.number) and not isinstance(value, bool):
        numbers = (current() if identities is None else current() | identities).numbers
        return MASK if value > 99_999 and value in numbers else value
    return value


def _names_vessels(key: str) -> bool:
    plain = plain_name(key)
    return is_identity(plain) or is_identity(plain.removesuffix("s"))


def _counted(value: Any) -> str | None:
    """What is left of a value that names vessels; None where it names none."""
    if isinstance(value, str) and value and not is_pseudonym(value):
        return "withheld"
    if isinstance(value, int | np.integer) and abs(int(value)) > 99_999:
        return "withheld"
    if isinstance(value, list | tuple | set | frozenset | np.ndarray) and len(value):
        return f"{len(value):,} withheld"
    return None


def _numbers_in(match: re.Match, numbers: frozenset[int]) -> list[tuple[int, int]]:
    """Spans of the identities in one run of digits; hashes are left alone."""
    run, start = match[0], match.start()
    if not run.isdigit():
        return []
    if len(run) == 9 and _MARITIME.fullmatch(run):
        return [match.span()]
    if not numbers or len(run) < 5:
        return []
    if int(run) in numbers:
        return [match.span()]
    # An MMSI or IMO number may be glued to a date.
    return [
        (start + i, start + i + size)
        for size in (7, 9)
        for i in range(len(run) - size + 1)
        if len(run) > size and run[i] != "0" and int(run[i : i + size]) in numbers
    ]


def _joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Overlapping spans as one, in order."""
    out: list[tuple[int, int]] = []
    for start, stop in sorted(spans):
        if out and start < out[-1][1]:
            out[-1] = out[-1][0], max(stop, out[-1][1])
        else:
            out.append((start, stop))
    return out


def _folded(text: str) -> tuple[str, list[int]]:
    """Text without case and width of signs, and where each sign came from."""
    signs, place = [], []
    for at, sign in enumerate(text):
        for folded in unicodedata.normalize("NFKC", sign).casefold():
            signs.append(folded)
            place.append(at)
    return "".join(signs), place


def _sort_in(value: Any, numbers: set[int], texts: set[str]) -> None:
    """Put one identity among the numbers or the texts it may be found as."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, float | np.floating):
        value = int(value) if np.isfinite(value) else 0
    if isinstance(value, int | np.integer) and not isinstance(value, bool):
        if int(value) > 99_999:
            numbers.add(int(value))
        return
    if not isinstance(value, str) or is_pseudonym(value):
        return
    value = value.partition("/")[0] if value.startswith(("AIS-", "VMS-")) else value
    bare = value.strip().removeprefix("AIS-").removeprefix("VMS-")
    if bare.isdigit() and int(bare) > 99_999:
        numbers.add(int(bare))
        return
    for form in {value, bare}:
        runs = re.findall(r"[^\W_]+", _folded(form)[0])
        compact = "".join(runs)
        short = len(compact) < (_SHORTEST if compact.isascii() else 2)
        small = compact.isdigit() and len(compact) < 5
        if compact and not (short or small or set(runs) <= _PLAIN):
            texts.add(compact)


def _values_of(thing: Any) -> Iterable[Any]:
    if hasattr(thing, "static") and hasattr(thing, "select"):
        return _values_of_store(thing)
    if hasattr(thing, "variables") or hasattr(thing, "columns"):
        names = getattr(thing, "variables", None)
        names = list(thing.columns if names is None else names)
        own = [name for name in names if is_identity(name) or str(name) == "name"]
        return {v for name in own for v in np.ravel(np.asarray(thing[name])).tolist()}
    if isinstance(thing, str | int | np.integer):
        return [thing]
    if isinstance(thing, Iterable):
        return thing
    raise TypeError(
        "identities come from a store, a Dataset, a DataFrame or an iterable of "
        f"numbers and texts; got {type(thing).__name__}"
    )


def _values_of_store(store: Any) -> set[Any]:
    table, index = store.static(), store.select().index
    own = ("vessel", "imo", "name", "call_sign")
    values = {v for name in own for v in table[name].tolist()}
    for month in index.months:
        view = index.view(month)
        values.update(view.vessels.tolist())
        for part in view.parts:
            values.update(part.names.values())
    return values
