"""The store as users hold it: a folder, a log, and what one commit shows."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oceandata.errors import BudgetError, StoreError
from oceandata.machine import memory_budget
from oceandata.store import accounts
from oceandata.store.about import first_words
from oceandata.store.care import Care
from oceandata.store.failures import storage
from oceandata.store.log import (
    Log,
    State,
    format_time,
    parse_time,
    probe_hard_links,
    sync_folder,
)
from oceandata.store.months import parse_period
from oceandata.store.rejects import read_quarantine
from oceandata.store.report import IngestReport
from oceandata.store.select import Selection, make_selection
from oceandata.store.sensitivity import said_attrs
from oceandata.store.static import NUMBERS, TEXTS, read_statics
from oceandata.store.taking import ingest

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

FOLDERS = ("parts/tracks", "parts/static", "quarantine", "log")
Progress = Callable[[int, int, str], None]


def create_store(
    path: str | os.PathLike[str],
    *,
    owner: str | None = None,
    license: str | None = None,
    sensitivity: str | None = None,
) -> Store:
    """Create an empty store in a new or empty folder.

    Parameters
    ----------
    path : path
        Folder to make; what is above it is made too.
    owner, license, sensitivity : str, optional
        Said of all datasets, for the catalogue and for exports; see
        :meth:`Store.describe`, which adds and changes them later.

    Returns
    -------
    Store
        At commit 0, without rows.

    Raises
    ------
    StoreError
        The folder holds something, cannot be written, or its file system has no hard
        links, without which writers could not commit safely.

    Examples
    --------
    >>> import tempfile
    >>> store = create_store(tempfile.mkdtemp())
    >>> store.info()["rows"]
    0
    """
    said = first_words(owner=owner, license=license, sensitivity=sensitivity)
    root = Path(path).absolute()
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise StoreError(
            f"{root} exists and is not an empty folder; choose a new name, or open "
            "the store that is there with open_store"
        )
    with storage(root, "creating the store"):
        for name in FOLDERS:
            (root / name).mkdir(parents=True, exist_ok=True)
        probe_hard_links(root / "log")
        for folder in (root, root / "parts", root.parent):
            sync_folder(folder)
        log = Log(root)
        entry = {"format": 1, "number": 0, "uuid": os.urandom(16).hex()}
        first = log.place(
            {
                **entry,
                "time": format_time(time.time_ns() // 1000),
                "kind": "create",
                "message": "create the store",
                **said,
            },
            None,
        )
    if not first:
        raise StoreError(f"{root}: another job created this store; open it")
    return Store(root, 0)


def open_store(
    path: str | os.PathLike[str], *, as_of: int | str | None = None, wait: float = 0.0
) -> Store:
    """Open a store as one commit shows it; nothing it shows ever changes.

    Parameters
    ----------
    path : path
        A folder made by :func:`create_store`.
    as_of : int or str, optional
        Commit number, or a UTC time: the last commit at or before it. Default: the
        newest.
    wait : float
        Seconds to wait for commit ``as_of`` to become visible, where a job on another
        machine has just made it.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.mkdtemp()
    >>> _ = create_store(folder)
    >>> open_store(folder, as_of=0).number
    0
    """
    root = Path(path).absolute()
    log = Log(root)
    head = log.head()
    if as_of is None:
        return Store(root, head)
    number = as_of if isinstance(as_of, int) else _number_at(log, as_of, head)
    deadline = time.monotonic() + wait
    while number > head and time.monotonic() < deadline:
        time.sleep(0.2)
        head = log.head(hint=head)
    if not 0 <= number <= head:
        raise StoreError(
            f"{root}: commit {number} does not exist; the newest is {head}"
        )
    floor = log.state(head).floor
    if number < floor:
        raise StoreError(
            f"{root}: commit {number} was vacuumed; the oldest readable is {floor}"
        )
    return Store(root, number)


def _number_at(log: Log, text: str, head: int) -> int:
    """The last commit at or before a time; commit times increase."""
    start, _ = parse_period((text, "9999-01-01"))
    low, high = -1, head
    while low < high:
        middle = (low + high + 1) // 2
        if parse_time(log.entry(middle)["time"]) <= start:
            low = middle
        else:
            high = middle - 1
    if low < 0:
        raise StoreError(f"{log.root}: there was no commit yet at {text}")
    return low


class Store(Care):
    """A store at one commit. Writing methods move it on to the commit they made.

    Made by :func:`create_store` and :func:`open_store`. ``path`` is its folder,
    ``number`` the commit it shows.
    """

    def __init__(self, path: Path, number: int):
        self.path = path
        self.number = number

    def __repr__(self) -> str:
        return f"<Store {self.path} at commit {self.number}>"

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "number": self.number}

    @property
    def _log(self) -> Log:
        if "_log_" not in self.__dict__:
            self.__dict__["_log_"] = Log(self.path)
        return self.__dict__["_log_"]

    @property
    def _state(self) -> State:
        return self._log.state(self.number)

    def ingest(
        self,
        paths: Any,
        *,
        format: str = "auto",
        columns: Mapping[str, str] | None = None,
        timezone: str | None = None,
        options: Mapping[str, Any] | None = None,
        replaces: str | None = None,
        message: str = "",
        progress: Progress | None = None,
        workers: int | None = None,
        engine: str = "threads",
        **limits: int,
    ) -> IngestReport:
        """Take files of vessel positions into the store.

        Each file enters whole or not at all; files that are there already (by
        content) are left out, so the call may be repeated after it was killed. Bad
        rows are quarantined; a file that no reader takes is refused and named.

        Parameters
        ----------
        paths : path or sequence of paths
            Files or patterns (``ais-*.csv``), plain or packed (gz, zst, zip).
        format, columns, timezone, options
            As in ``open_tracks``.
        replaces : str, optional
            Hash (SHA-256 or source id, at least 8 characters) of the file that the
            new ones replace: its rows leave in the same commit.
        message : str
            For the history.
        progress : callable, optional
            ``progress(done_bytes, total_bytes, label)``.
        workers : int, optional
            Threads; default: the cores of this process.
        engine : {"threads", "mpi"}
            With "mpi" every rank calls it: files are spread over the ranks, one
            commits once, and all get the same report.
        **limits
            ``range_bytes`` (uncompressed files beyond it are taken in ranges),
            ``group_bytes`` (memory of the rows held before they are written).

        Returns
        -------
        IngestReport
            Rows read = kept + quarantined + exact duplicates, by reason.
        """
        report = ingest(
            self._log,
            paths,
            format=format,
            columns=columns,
            timezone=timezone,
            options=options,
            replaces=replaces,
            message=message,
            progress=progress,
            workers=workers,
            engine=engine,
            **limits,
        )
        self.refresh()
        return report

    def refresh(self) -> Store:
        """Move on to the newest commit."""
        self.number = self._log.head(hint=self.number)
        return self

    def select(
        self,
        *,
        dataset: str = "tracks",
        vessels: Any = None,
        period: Any = None,
        box: Sequence[float] | None = None,
    ) -> Selection:
        """Choose what to read; nothing is read yet.

        Parameters
        ----------
        dataset : str
            ``"tracks"``.
        vessels : int, str or sequence, optional
            MMSIs, or identity texts such as ``"VMS-1767"``.
        period : (start, stop) or str, optional
            Half-open, UTC: ``("2024-01-01", "2024-02-01")``, or ``"2024-01"``.
        box : (west, south, east, north), optional
            Degrees; west > east goes across the dateline.
        """
        return make_selection(
            self._log,
            self.number,
            dataset=dataset,
            vessels=vessels,
            period=period,
            box=box,
        )

    def open(self, **selection: Any) -> xr.Dataset:
        """Read a selection (see :meth:`select`) into memory.

        Raises
        ------
        BudgetError
            The tracks would take more than half of the memory of this process.
        DamagedStoreError
            A file that the log promises is missing or has another size.
        """
        chosen = self.select(**selection)
        wanted, budget = chosen.estimate_bytes(), memory_budget()
        if wanted > budget / 2:
            raise BudgetError(
                f"{self.path}: this selection takes up to {wanted / 1e9:,.1f} GB in "
                f"memory, of {budget / 1e9:,.1f} GB; choose vessels, a shorter period "
                "or a box, or analyse it in pieces: select(...).pieces()"
            )
        return chosen.load()

    def static(self, vessels: Any = None) -> pd.DataFrame:
        """Static reports (name, type, size, …) in time, one row for each change."""
        import pandas as pd

        from oceandata.store.filters import parse_vessels

        statics = read_statics(self.path, self._state)
        table = pd.DataFrame({n: statics.columns[n] for n in (*NUMBERS, *TEXTS)})
        table["time"] = table["time"].astype("M8[us]")
        table.attrs = said_attrs(self.about("static"))
        keys = parse_vessels(vessels)
        return table if keys is None else table[table["vessel"].isin(keys)]

    def sources(self) -> pd.DataFrame:
        """Files that were ingested: id, hash, label, rows, commit, replaced by."""
        return accounts.sources(self._state)

    def quarantine(self, commit: int | None = None) -> pd.DataFrame:
        """Rejected rows of one commit or of all: file, line, reason, raw bytes."""
        table = read_quarantine(self.path, self._state, commit)
        table.attrs = said_attrs(self.about("tracks"))
        return table

    def history(self) -> pd.DataFrame:
        """Commits up to this one: number, time, kind, message, rows, parts, sources."""
        return accounts.history(self._log, self.number)

    def info(self) -> dict[str, Any]:
        """Numbers of this commit: rows, parts, bytes, months, extent, sources."""
        return {"path": str(self.path), **accounts.info(self._state)}
