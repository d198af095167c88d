"""Looking after a store: compaction, checks, copies, repair, what it says of itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oceandata.store import compact as compaction
from oceandata.store import vacuum as vacuuming
from oceandata.store.about import about, describe
from oceandata.store.copy import Copied, copy_store
from oceandata.store.failures import storage
from oceandata.store.log import Log, State
from oceandata.store.months import parse_period
from oceandata.store.restoring import Restored, restore
from oceandata.store.vacuum import Vacuumed
from oceandata.store.verify import verify

if TYPE_CHECKING:
    from oceandata.store.store import Store

Progress = Callable[[int, int, str], None]


class Care:
    """The part of :class:`~oceandata.store.Store` that keeps it sound."""

    path: Path
    number: int
    _log: Log
    _state: State
    refresh: Callable[[], Store]

    def describe(
        self,
        dataset: str = "*",
        *,
        message: str = "",
        **said: str | None,
    ) -> int:
        """Say whose data these are and what may become of them: a commit of its own.

        Parameters
        ----------
        dataset : str
            ``"tracks"``, ``"static"``, the name of a map as ``"maps/NAME"``, or
            ``"*"`` for all that nothing is said of by name.
        message : str
            For the history.
        **said
            ``title``, ``description``, ``owner``, ``license`` (an SPDX identifier or
            words), ``license_url``, ``attribution``, ``doi``, ``contact``,
            ``redistribution`` (``"allowed"``, ``"unknown"``, ``"forbidden"``), and
            ``sensitivity`` (``"public"``, ``"restricted"``, ``"secret"``). None takes
            back what was said.

        Returns
        -------
        int
            Number of the commit. Earlier commits keep what was said then.

        Raises
        ------
        ValueError
            A name or a sensitivity that does not exist; all of them in one message.

        Examples
        --------
        >>> import tempfile
        >>> from oceandata.store import create_store
        >>> store = create_store(tempfile.mkdtemp(), owner="Harbour Institute")
        >>> store.describe("tracks", sensitivity="secret", license="CC-BY-4.0")
        1
        >>> store.about("tracks")["sensitivity"], store.about("tracks")["owner"]
        ('secret', 'Harbour Institute')
        """
        with storage(self.path, "describing"):
            number = describe(self._log, dataset, said, message)
        self.refresh()
        return number

    def about(self, dataset: str = "tracks") -> Mapping[str, str]:
        """What was said of a dataset; its sensitivity is ``restricted`` if unsaid."""
        return about(self._state, dataset)

    def compact(
        self,
        period: Any = None,
        *,
        force: bool = False,
        progress: Progress | None = None,
    ) -> list[int]:
        """Merge the parts of each month that need it; the view stays the same.

        A month needs it when more than eight parts overlap, when all but its largest
        part hold more than a tenth of its rows, or when a source was replaced.
        ``force`` merges wherever there are two. Returns the commit numbers.
        """
        with storage(self.path, "compacting"):
            entries = compaction.compact(
                self._log, period=parse_period(period), force=force, progress=progress
            )
        self.refresh()
        return [entry["number"] for entry in entries]

    def verify(
        self, *, deep: bool = False, progress: Progress | None = None
    ) -> dict[str, Any]:
        """Check what the log promises; counts of what was checked.

        Every entry is what was written and follows its parent; every file of this
        commit, and of the older ones that can be read, exists with its size; with
        ``deep`` every byte is read and its checksum compared.

        Parameters
        ----------
        deep : bool
            Read every byte.
        progress : callable, optional
            ``progress(done_bytes, total_bytes, label)``.

        Returns
        -------
        dict
            ``commits``, ``parts``, ``files``, ``bytes`` of this commit, ``older_parts``
            that only older commits show, and ``surplus``: files that no commit names,
            which do no harm (a writer may be at work; :meth:`vacuum` removes them).

        Raises
        ------
        DamagedStoreError
            All faults in one message; its ``damage`` lists them (kind, path, part,
            why). :meth:`restore` puts such files back from a copy.
        """
        return verify(self._log, self.number, deep=deep, progress=progress)

    def copy(
        self,
        to: str | os.PathLike[str],
        *,
        as_of: int | None = None,
        progress: Progress | None = None,
    ) -> Copied:
        """Copy the store elsewhere, or bring an earlier copy up to date.

        Only files that the copy lacks are written. Each is read back and compared
        with the checksum in the log. The copy is a store: it can be opened at every
        commit. It may be made while jobs write, and killed at any moment: then it is
        the older copy, or no store yet, and the next call goes on.

        Parameters
        ----------
        to : path
            A new or empty folder, an earlier copy, or one that was not finished.
        as_of : int, optional
            Commit to copy up to; default: the one that this store shows.
        progress : callable, optional
            ``progress(done_bytes, total_bytes, label)``.

        Returns
        -------
        Copied
            Files and bytes written, and those that were there.

        Raises
        ------
        ConflictError
            The folder holds a store with another history, or commits of its own.
        DamagedStoreError
            Files of this store are damaged: they are named, the others are copied,
            and the copy shows what it showed before.
        StoreError
            The folder holds something else, or the disk is full.
        """
        number = self.number if as_of is None else as_of
        if not 0 <= number <= self._log.head(hint=self.number):
            raise ValueError(
                f"as_of must be a commit of {self.path}, 0 to "
                f"{self._log.head(hint=self.number)}; got {as_of}"
            )
        return copy_store(self._log, number, to, progress=progress)

    def restore(self, from_copy: Any, *, progress: Progress | None = None) -> Restored:
        """Put damaged or missing files back from a copy; whole files are not touched.

        Parameters
        ----------
        from_copy : path or Store
            What :meth:`copy` made.
        progress : callable, optional
            ``progress(done_bytes, total_bytes, label)`` while every byte is read.

        Raises
        ------
        DamagedStoreError
            Files that are damaged in both; the others have been restored.
        ConflictError
            The copy has another history.
        """
        done = restore(self.path, from_copy, progress=progress)
        self.__dict__.pop("_log_", None)
        return done

    def vacuum(
        self, *, keep: int | None = None, grace: str = "7D", dry_run: bool = False
    ) -> Vacuumed:
        """Remove files that no readable commit names.

        Parameters
        ----------
        keep : int, optional
            Keep only the last ``keep`` commits readable; default: all of them.
        grace : str
            Age below which a file that no commit names is spared: a writer may be
            about to commit it.
        dry_run : bool
            Only say what would be removed.
        """
        import pandas as pd

        seconds = pd.Timedelta(grace).total_seconds()
        if seconds < 0:
            raise ValueError(f"grace must not be negative, got {grace!r}")
        with storage(self.path, "vacuuming"):
            done = vacuuming.vacuum(
                self._log, keep=keep, grace=seconds, dry_run=dry_run
            )
        self.refresh()
        return done
