"""A catalogue of stores and products: made by :func:`catalog`, searched, written."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oceandata.catalogue.entries import Entry, fold
from oceandata.catalogue.extent import overlap
from oceandata.catalogue.products import ENDINGS, entry_of_product
from oceandata.catalogue.stores import entries_of_store
from oceandata.errors import OceanDataError, StoreError
from oceandata.products.entries import public_catalogue
from oceandata.store import Store, open_store
from oceandata.store.about import CLASSES
from oceandata.store.copy import MARK
from oceandata.store.filters import parse_box
from oceandata.store.months import parse_period

if TYPE_CHECKING:
    import pandas as pd

_EDGES = ("west", "south", "east", "north")
_COLUMNS = (
    *("id", "title", "kind", "sensitivity", "owner", "license", "start", "stop"),
    *_EDGES,
    *("variables", "rows", "vessels", "quarantined", "commit"),
)
FIRST = "log/000000000000.json"


@dataclass(frozen=True)
class Catalog(Sequence):
    """Entries in order; made by :func:`catalog`, narrowed by :meth:`search`.

    entries : what may be told of each dataset. faults : what could not be read, and
    why.
    """

    entries: tuple[Entry, ...]
    faults: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, at: Any) -> Any:
        return self.entries[at]

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def search(
        self,
        text: str = "",
        *,
        box: Sequence[float] | None = None,
        period: Any = None,
        variable: str | None = None,
        sensitivity: str | None = None,
    ) -> Catalog:
        """Entries that satisfy everything that is asked.

        Parameters
        ----------
        text : str
            Words that must all occur in the titles, names, owners, licences or
            variables of an entry; case and full-width forms do not matter.
        box : (west, south, east, north), optional
            Degrees; west > east goes across the dateline. Touching counts.
        period : (start, stop) or str, optional
            Half-open, UTC, as in ``store.open``.
        variable : str, optional
            Name or CF standard name of a variable, whole.
        sensitivity : {"public", "restricted", "secret"}, optional

        Returns
        -------
        Catalog
            An entry without a place or time is left out where one is asked for.
        """
        if sensitivity is not None and sensitivity not in CLASSES:
            raise ValueError(
                f"sensitivity must be one of {', '.join(CLASSES)}; got {sensitivity!r}"
            )
        words, asked, span = fold(text).split(), parse_box(box), parse_period(period)
        found = [
            entry
            for entry in self.entries
            if all(word in entry.text for word in words)
            and (asked is None or (entry.box and overlap(asked, entry.box)))
            and (span is None or _within(entry, span))
            and (variable is None or _has(entry, variable))
            and sensitivity in (None, entry.sensitivity)
        ]
        return replace(self, entries=tuple(found))

    def to_dataframe(self) -> pd.DataFrame:
        """One row an entry, without the lists of variables and counts."""
        import pandas as pd

        rows = [
            {
                "id": one.id,
                "title": one.title,
                "kind": one.kind,
                "sensitivity": one.sensitivity,
                "owner": one.owner,
                "license": one.license,
                "start": one.start,
                "stop": one.stop,
                **dict(zip(_EDGES, one.box or [None] * 4, strict=True)),
                "variables": ", ".join(f.name for f in one.fields),
                "rows": one.rows,
                "vessels": one.vessels,
                "quarantined": sum(one.quarantined.values()),
                "commit": one.commit,
            }
            for one in self.entries
        ]
        return pd.DataFrame(rows, columns=list(_COLUMNS))

    def to_stac(
        self,
        folder: str | os.PathLike[str],
        *,
        title: str = "",
        description: str = "",
    ) -> Path:
        """Write a static STAC 1.1 catalogue; see :func:`oceandata.catalogue.stac`."""
        from oceandata.catalogue.stac import write_stac

        public, words = public_catalogue(self, title=title, description=description)
        return write_stac(public, folder, **words)

    def to_html(
        self, path: str | os.PathLike[str], *, title: str = "", language: str = "en"
    ) -> Path:
        """Write a page that holds everything it shows; see ``write_page``."""
        from oceandata.catalogue.page import write_page

        public, words = public_catalogue(self, title=title)
        return write_page(public, path, language=language, **words)


def _within(entry: Entry, span: tuple[int, int]) -> bool:
    if entry.start is None or entry.stop is None:
        return False
    start, stop = (
        int(t.astype("M8[us]").astype("i8")) for t in (entry.start, entry.stop)
    )
    return start < span[1] and stop >= span[0]


def _has(entry: Entry, variable: str) -> bool:
    asked = fold(variable)
    return any(asked in (fold(f.name), fold(f.standard_name)) for f in entry.fields)


def catalog(paths: Any, *, flags: bool = True, progress: Any = None) -> Catalog:
    """What stores and exported products hold: one entry for each dataset.

    Parameters
    ----------
    paths : path, Store, or several
        Stores; products (``.nc``, ``.tif``) that carry their provenance; or folders
        in which both are looked for, at any depth. In a folder a copy of a store (a
        backup) is passed over; it is shown if it is named itself.
    flags : bool
        Count the rows by flag of quality, which reads a byte a row.
    progress : callable, optional
        ``progress(done, total, label)``, in stores and files.

    Returns
    -------
    Catalog
        Entries by store and dataset. Of restricted data (all of vessels, if nothing
        else is said: :meth:`Store.describe`) the box is widened to whole degrees, of
        secret data neither place nor numbers are told. No entry names a vessel or an
        input file. What cannot be read is listed in ``faults``.

    Raises
    ------
    StoreError
        A path that is named does not exist, or nothing in it can be told of.

    Examples
    --------
    >>> import tempfile
    >>> from oceandata.store import create_store
    >>> len(catalog(create_store(tempfile.mkdtemp())))
    0
    """
    found = list(_places(paths))
    entries: dict[str, Entry] = {}
    faults: list[str] = []
    for number, (place, name) in enumerate(found, start=1):
        try:
            for entry in _entries(place, name, flags):
                entry = _named_apart(entry, entries)
                entries[entry.id] = entry.told()
        except (OceanDataError, OSError, ValueError, RuntimeError) as error:
            faults.append(_fault(place, name, error))
        if progress:
            progress(number, len(found), name)
    return Catalog(tuple(entries.values()), tuple(faults))


def _entries(place: Any, name: str, flags: bool) -> Iterable[Entry]:
    if isinstance(place, Store):
        return entries_of_store(place, flags=flags)
    if (place / FIRST).exists():
        return entries_of_store(open_store(place), flags=flags)
    found = entry_of_product(place, name)
    return [] if found is None else [found]


def _fault(place: Any, name: str, error: Exception) -> str:
    """Why a place could not be read, without where it lies on this machine."""
    path = place.path if isinstance(place, Store) else place.absolute()
    text = str(error).replace(f"{path.parent}{os.sep}", "")
    return f"{name}: {text.removeprefix(f'{path.name}: ')}"


def _named_apart(entry: Entry, known: dict[str, Entry]) -> Entry:
    """The entry with an id that no other has: two stores may share a name."""
    ident, number = entry.id, 1
    while ident in known:
        number += 1
        head, _, tail = entry.id.partition("/")
        ident = f"{head}-{number}/{tail}"
    return replace(entry, id=ident)


def _places(paths: Any) -> Iterator[tuple[Any, str]]:
    """Stores and files meant by paths, each with the name that faults call it."""
    if isinstance(paths, str | os.PathLike | Store):
        paths = [paths]
    for path in paths:
        if isinstance(path, Store):
            yield path, path.path.name
            continue
        root = Path(path)
        if not root.exists():
            raise StoreError(f"{root}: no such store, product or folder")
        if root.is_file() or (root / FIRST).exists():
            if root.is_file() and root.suffix.lower() not in ENDINGS:
                raise StoreError(
                    f"{root} is no product; known are {', '.join(ENDINGS)}"
                )
            yield root, root.name
            continue
        yield from _below(root)


def _below(root: Path) -> Iterator[tuple[Path, str]]:
    for folder, folders, files in os.walk(root):
        folders.sort()
        inside = Path(folder)
        for name in list(folders):
            path = inside / name
            hidden = name.startswith(".") or name.endswith(".zarr")
            if (path / FIRST).exists():
                if not (path / MARK).exists():
                    yield path, str(path.relative_to(root))
                hidden = True
            if hidden:
                folders.remove(name)
        for name in sorted(files):
            if Path(name).suffix.lower() in ENDINGS and not name.startswith("."):
                yield inside / name, str((inside / name).relative_to(root))
