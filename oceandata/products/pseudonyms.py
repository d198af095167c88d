"""Vessels under keyed pseudonyms: the same vessel, and nobody who knows which.

A pseudonym is the HMAC-SHA-256 of the vessel's key under a secret that lies outside the
store, one for each release. Without it a list of all 900 million MMSIs cannot be tried;
with another one the same vessel has another name. The secret is in no product, record,
log or error.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from oceandata.columns import vessel_key
from oceandata.errors import ConfidentialError
from oceandata.products import identities as ids

_KEY_BYTES = 16
_PREFERRED = ("vessel", "mmsi", "vesselid", "trajectoryid", "trajectory")


def new_key(path: str | os.PathLike) -> Path:
    """Make the secret of a release: 32 random bytes in a file of mode 0600.

    Raises
    ------
    FileExistsError
        There is a file already: a key that is lost cannot be made again.
    ConfidentialError
        The path lies in a store, which is copied and shared.
    """
    target = Path(path)
    _outside_store(target)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        descriptor = os.open(target, flags, 0o600)
    except FileExistsError:
        raise FileExistsError(
            f"{target} exists; a key is never replaced, choose another name"
        ) from None
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, 0o600)
        file.write(secrets.token_hex(32).encode() + b"\n")
        file.flush()
        os.fsync(descriptor)
    return target


def read_key(key: bytes | str | os.PathLike) -> bytes:
    """The secret key of pseudonyms: the bytes themselves, or a file that holds them.

    Raises
    ------
    ConfidentialError
        Shorter than 16 bytes: guessed keys would turn pseudonyms back into vessels.
        A file that others may read, or one inside a store.
    """
    if isinstance(key, bytes | bytearray):
        secret = bytes(key)
    else:
        secret = _read_private(Path(key))
    if len(secret) < _KEY_BYTES:
        raise ConfidentialError(
            f"a pseudonym key needs at least {_KEY_BYTES} bytes, got {len(secret)}; "
            "make one with: oceandata key new PATH"
        )
    return secret


def _read_private(path: Path) -> bytes:
    _outside_store(path)
    with _opened(path) as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        if mode & 0o077:
            raise ConfidentialError(
                f"{path} holds a secret but others may use it (mode {mode:04o}); "
                f"run: chmod 600 {path}"
            )
        return file.read().strip()


def _opened(path: Path) -> BinaryIO:
    """The file; the text may be the secret itself, so an error does not repeat it."""
    try:
        return open(path, "rb")
    except PermissionError:
        raise
    except (OSError, ValueError):
        raise ConfidentialError(
            "pseudonym_key names no file; a secret itself is given as bytes, and a "
            "file for one is made with: oceandata key new PATH"
        ) from None


def _outside_store(path: Path) -> None:
    # Where it seems to lie, and where it lies when links are followed.
    for folder in (*path.absolute().parents, *path.resolve().parents):
        if (folder / "log" / "000000000000.json").exists():
            raise ConfidentialError(
                f"{path} lies in the store {folder.name}; a key is kept outside, so "
                "that a copy of the store does not hold it"
            )


def pseudonym(vessel: int | str, *, key: bytes) -> str:
    """Keyed pseudonym of a vessel: the same for one key, unrelated for another.

    HMAC-SHA-256 of the vessel's number, cut to 64 bits: two of a million vessels
    share one with probability 3e-8. A text is an MMSI, an identity text (``VMS-1767``)
    or any other mark.

    Examples
    --------
    >>> pseudonym(367752440, key=b"sixteen bytes ok")
    'V-beb14b615ff6bf0f'
    >>> pseudonym("AIS-367752440", key=b"sixteen bytes ok")
    'V-beb14b615ff6bf0f'
    """
    number = _number(vessel)
    digest = hmac.new(key, str(number).encode(), hashlib.sha256)
    return f"V-{digest.hexdigest()[:16]}"


def _number(vessel: Any) -> int:
    if not isinstance(vessel, str):
        return int(vessel)
    text = vessel.strip()
    bare = text.removeprefix("AIS-")
    return int(bare) if bare.isdigit() else vessel_key(text.removeprefix("VMS-"))


def pseudonymise(
    data: Any, *, key: bytes | str | os.PathLike, keep: Iterable[str] = ()
) -> Any:
    """Tracks, events or a table with vessels under pseudonyms.

    Parameters
    ----------
    data : Dataset (trajectory, obs), Dataset (event) or DataFrame
        Tracks keep their fixes; trajectories come in the order of the pseudonyms,
        since their old order follows the vessels.
    key : bytes or path
        Secret of at least 16 bytes, one for each release.
    keep : names, optional
        Columns to keep that are dropped otherwise: size, home port, destination …,
        which name a vessel when they are put together. Identities cannot be kept.

    Returns
    -------
    same kind as data
        ``trajectory_id`` is the pseudonym with the suffix it had (``V-…/2``), and
        ``vessel`` its first 60 bits, so that vessels can be counted. Of a
        table, the column that identifies the vessel holds the pseudonym and is called
        ``vessel`` (``vessel_1``, ``vessel_2`` in pairs); MMSI, IMO, call sign, name and
        other marks are gone. Rows without an identity get an empty pseudonym.

    Raises
    ------
    ConfidentialError
        A weak or open key; data without anything to make a pseudonym of.

    Notes
    -----
    Positions remain: a line names a home port by itself, which is why tracks under
    pseudonyms are still withheld from export unless asked for by name.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"MMSI": [367752440], "name": ["HAI 8"], "hours": [2.5]})
    >>> pseudonymise(table, key=b"sixteen bytes ok").to_dict("records")
    [{'vessel': 'V-beb14b615ff6bf0f', 'hours': 2.5}]
    """
    secret = read_key(key)
    kept = {ids.plain_name(name) for name in keep}
    if hasattr(data, "dims") and {"trajectory", "obs"} <= set(data.sizes):
        out = _tracks(data, secret, kept)
    elif hasattr(data, "columns"):
        out = _table(data, list(data.columns), secret, kept)
    elif hasattr(data, "data_vars"):
        out = _table(data, list(data.variables), secret, kept)
    else:
        raise TypeError(
            "pseudonyms are given to tracks, events and tables; got "
            f"{type(data).__name__}"
        )
    found = ids.Identities.of(data)
    out.attrs = {k: _masked(v, found, str(k)) for k, v in data.attrs.items()}
    return out


def _masked(value: Any, found: ids.Identities, key: str) -> Any:
    return (
        value
        if isinstance(value, np.ndarray)
        else ids.mask_value(value, found, key=key)
    )


def _dropped(name: Any, kept: set[str]) -> bool:
    plain = ids.plain_name(name)
    if ids.is_identity(name) or plain in ("name", "raw"):
        return True
    return plain in ids.QUASI and plain not in kept


def _tracks(ds: Any, secret: bytes, kept: set[str]) -> Any:
    key_name = next((n for n in ("vessel", "mmsi", "trajectory_id") if n in ds), None)
    if key_name is None:
        raise ConfidentialError(
            "pseudonyms need the variable 'vessel', the key of each vessel, or "
            "'trajectory_id'; these tracks have neither"
        )
    told = [str(name) for name in np.asarray(ds["trajectory_id"].values)]
    keys = [str(v).partition("/")[0] for v in ds[key_name].values.tolist()]
    names = _pseudonyms(keys, secret)
    order = sorted(range(len(names)), key=lambda k: (names[k], k))
    public = ds.drop_vars([n for n in ds.variables if _dropped(n, kept)])
    rows = _rows_of(ds["row_size"].values, np.array(order, np.int64))
    public = public.isel(trajectory=order, obs=rows)
    attrs = ds["trajectory_id"].attrs | {"comment": "HMAC-SHA-256 pseudonym"}
    new = _suffixed([names[k] for k in order], [told[k] for k in order])
    public = public.assign_coords(trajectory_id=("trajectory", new, attrs))
    numbers = np.array([int(names[k][2:17], 16) for k in order], np.int64)
    # Without it each trajectory would count as a vessel of its own.
    said = {"long_name": "Number of the vessel, the first 60 bits of its pseudonym"}
    return public.assign(vessel=("trajectory", numbers, said))


def _suffixed(names: list[str], told: list[str]) -> np.ndarray:
    """Pseudonyms with the suffixes of the old ids; numbered where these collide."""
    parts = [text.rpartition("/") for text in told]
    ends = [f"/{end}" if slash and end.isdigit() else "" for _, slash, end in parts]
    joined = [name + end for name, end in zip(names, ends, strict=True)]
    if len(set(joined)) < len(joined):
        count: dict[str, int] = {}
        for k, name in enumerate(names):
            count[name] = count.get(name, 0) + 1
            joined[k] = name if count[name] == 1 else f"{name}/{count[name]}"
    return np.array(joined, dtype=object)


def _rows_of(row_size: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Rows of the trajectories taken in `order`."""
    size = row_size.astype(np.int64)
    start = np.cumsum(size) - size
    taken = size[order]
    first = np.cumsum(taken) - taken
    return np.repeat(start[order] - first, taken) + np.arange(int(taken.sum()))


def _table(data: Any, names: list, secret: bytes, kept: set[str]) -> Any:
    """A table or a Dataset of events; a pair of vessels has one pseudonym each."""
    groups: dict[str, list] = {}
    for name in names:
        if ids.is_identity(name):
            groups.setdefault(ids.role_of(name), []).append(name)
    if not groups:
        found = ", ".join(map(str, names))
        raise ConfidentialError(f"nothing identifies a vessel; found: {found}")
    made = {}
    for role, group in groups.items():
        source = min(group, key=_rank)
        values = np.asarray(data[source]).tolist()
        made[f"vessel_{role}" if role else "vessel"] = (
            source,
            _of_values(values, secret),
        )
    gone = [name for name in names if _dropped(name, kept)]
    if hasattr(data, "columns"):
        out = data.drop(columns=gone)
        for at, (name, (_, column)) in enumerate(made.items()):
            out.insert(at, name, column)
        return out
    new = {
        name: (data[source].dims, np.array(column, object), {"comment": "HMAC-SHA-256"})
        for name, (source, column) in made.items()
    }
    return data.drop_vars(gone).assign(new)


def _rank(name: Any) -> tuple:
    plain = ids.plain_name(name)
    order = (*_PREFERRED, *sorted(ids.NUMBERED | ids.TEXTUAL))
    return order.index(plain), str(name)


def _of_values(values: list, secret: bytes) -> list[str]:
    """Pseudonyms of a column; the suffix of a trajectory stays."""
    texts = ["" if _is_missing(v) else _as_text(v) for v in values]
    bases = [text.partition("/")[0] for text in texts]
    ends = [text[len(base) :] for text, base in zip(texts, bases, strict=True)]
    names = _pseudonyms(bases, secret)
    return [name and name + end for name, end in zip(names, ends, strict=True)]


def _pseudonyms(texts: list[str], secret: bytes) -> list[str]:
    """Of each text; one that is a pseudonym stays, an empty one stays empty."""
    made = {
        text: text
        if not text or ids.is_pseudonym(text)
        else pseudonym(text, key=secret)
        for text in set(texts)
    }
    return [made[text] for text in texts]


def _is_missing(value: Any) -> bool:
    return value is None or value != value or value in (0, "")


def _as_text(value: Any) -> str:
    whole = isinstance(value, float) and value.is_integer()
    return str(int(value) if whole else value)
