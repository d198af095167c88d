"""A release: the products that go out together, and what they may still show.

What is published cannot be taken back, and every table published later can be
subtracted from it. A release is a small folder that remembers which tables went out:
``register.json`` lists them, and one ``.npz`` a table holds its shown values and its
mask. A table that joins later is checked against all of them and loses cells where it
must. The folder stays in the house: its masks tell cells of few vessels from those
withheld to protect them, and the names of its files are hashes of unmasked tables.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from oceandata.errors import ConfidentialError
from oceandata.products import suppress
from oceandata.products.atomic import replacing
from oceandata.products.blocks import SHOWN
from oceandata.products.suppress import Table

NAME = "register.json"
_FORMAT = 1
_MARK = "release"


def open_release(path: Any) -> Release:
    """The release in a folder; made where there is none.

    Parameters
    ----------
    path : path or Release
        A folder of its own, outside any store, readable by you alone (mode 0700). It
        is not handed on with the products: it tells which cells hold few vessels.

    Returns
    -------
    Release

    Raises
    ------
    ConfidentialError
        The path is a file, or its register cannot be read.

    Examples
    --------
    >>> import oceandata as od
    >>> release = od.open_release("release-2024")  # doctest: +SKIP
    >>> od.to_netcdf(hours, "hours.nc", release=release)  # doctest: +SKIP
    """
    return path if isinstance(path, Release) else Release(path)


class Release:
    """Tables that were published together. ``path`` is the folder of the register."""

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path)
        if self.path.exists() and not self.path.is_dir():
            raise ConfidentialError(f"{self.path} is a file; a release is a folder")
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def __repr__(self) -> str:
        return f"<Release {self.path}, {len(self.tables())} tables>"

    def tables(self) -> list[dict[str, Any]]:
        """What was released: quantity, dimensions, grid, cells withheld, time."""
        return list(self._read()["tables"].values())

    def protect(self, ds: Any) -> Any:
        """The product as it may join this release; it is then part of it.

        The same table gives the same answer every time. Data that holds no density is
        returned unchanged.

        Raises
        ------
        ConfidentialError
            The table overlaps one that counted other tracks, or counted in another
            way; its grid does not fit; or it was summed after it was made without
            having been protected before.
        """
        names = {str(n) for n in getattr(ds, "data_vars", ())}
        names |= {str(getattr(ds, "name", None))}
        if not names & suppress.masking.DENSITY:
            return ds
        if str(ds.attrs.get(_MARK, "")) == self.identity:
            return ds  # a part or a sum of what was protected shows nothing new
        table = suppress.table_of(ds)
        with self._locked():
            return self._joined(ds, table)

    @property
    def identity(self) -> str:
        """A name of this release by itself, written into what it protected."""
        return self._read()["identity"]

    def _joined(self, ds: Any, table: Table) -> Any:
        register, key = self._read(), _key(table)
        if key in register["tables"]:
            table.status = self._load(key).status
        else:
            others = [self._load(other) for other in register["tables"]]
            others = [other for other in others if _overlap(other, table)]
            for other in others:
                _check_same_tracks(table, other)
            suppress.protect_tables([*others, table])
            self._keep(register, key, table)
        made = suppress.applied(ds, table, closed=suppress.JOINED)
        return made.assign_attrs({_MARK: register["identity"]})

    def _read(self) -> dict[str, Any]:
        path = self.path / NAME
        try:
            found = json.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            return self._begun()
        except ValueError:
            found = {}
        if found.get("format") != _FORMAT:
            raise ConfidentialError(
                f"{path} is no register of a release of format {_FORMAT}; what was "
                "released cannot be known, so nothing can join it"
            )
        return found

    def _begun(self) -> dict[str, Any]:
        identity = hashlib.sha256(os.urandom(16)).hexdigest()[:16]
        register = {"format": _FORMAT, "identity": identity, "tables": {}}
        self._write(register)
        return register

    def _write(self, register: dict[str, Any]) -> None:
        with replacing(self.path / NAME) as part:
            part.write_text(json.dumps(register, indent=1, ensure_ascii=False), "utf-8")

    def _keep(self, register: dict[str, Any], key: str, table: Table) -> None:
        """Values first, then the register that names them."""
        shown = np.where(table.status == SHOWN, table.value, 0.0)
        with replacing(self.path / f"{key}.npz") as part, open(part, "wb") as file:
            lat, lon = table.edges
            np.savez_compressed(
                file, status=table.status, value=shown, lat=lat, lon=lon
            )
        register["tables"][key] = {
            "quantity": table.selection[0],
            "counted": dict(table.selection[1]),
            "classes": table.labels[0],
            "months": table.labels[1],
            "shape": list(table.status.shape),
            "released_cells": int((table.status == SHOWN).sum()),
            "withheld_cells": int((table.status > SHOWN).sum()),
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        self._write(register)

    def _load(self, key: str) -> Table:
        entry = self._read()["tables"][key]
        with np.load(self.path / f"{key}.npz") as held:
            status, value = held["status"], held["value"]
            edges = (held["lat"], held["lon"])
        counted = tuple(entry["counted"].items())
        labels = tuple(
            None if entry[n] is None else tuple(entry[n]) for n in ("classes", "months")
        )
        quantity = entry["quantity"]
        return Table(key[:8], status, value, labels, edges, (quantity, counted), True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One product at a time joins a release."""
        with open(self.path / ".lock", "w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _key(table: Table) -> str:
    """Name of a table by its content before anything was withheld in addition."""
    digest = hashlib.sha256()
    told = [table.selection, table.labels, table.status.shape]
    digest.update(json.dumps(told, default=str).encode())
    for array in (*table.edges, table.status, np.nan_to_num(table.value)):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _overlap(a: Table, b: Table) -> bool:
    """Whether two tables of one quantity share a place and a month."""
    if a.selection[0] != b.selection[0]:
        return False
    months = a.labels[1] is None or b.labels[1] is None
    months = months or bool(set(a.labels[1]) & set(b.labels[1]))
    return months and suppress.meet(a, b)


def _check_same_tracks(table: Table, other: Table) -> None:
    """Two counts of one place may differ by a single vessel."""
    ours, theirs = dict(table.selection[1]), dict(other.selection[1])
    differs = [name for name in ours if ours[name] != theirs.get(name)]
    if differs:
        told = ", ".join(f"{n} {theirs.get(n)!r} and {ours[n]!r}" for n in differs)
        raise ConfidentialError(
            "the release holds a table of the same place that counted other tracks, or "
            f"counted them in another way ({told}): the difference of the two could be "
            "one vessel. Make all tables of a release from one selection (by month, if "
            "for several months), or begin another release for other readers"
        )
    same_form = table.labels == other.labels and all(
        np.array_equal(a, b) for a, b in zip(table.edges, other.edges, strict=True)
    )
    if same_form:
        raise ConfidentialError(
            "the release holds a table of the same classes, months and cells with "
            "other values: the difference could be one vessel. Keep the one that is out"
        )
