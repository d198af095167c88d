"""Where a product comes from: inputs, parameters, software, machine type.

The record is plain JSON. It holds base names, never absolute paths, never keys, and no
identities of vessels, so that it can be published with the product. (The module is not
called provenance: it would hide the function of that name in the package.)
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import platform
import re
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from oceandata.products.identities import (
    NOBODY,
    Identities,
    known,
    mask_text,
    mask_value,
)

LIBRARIES = (
    "numpy",
    "numba",
    "xarray",
    "pandas",
    "pyarrow",
    "zarr",
    "dask",
    "netCDF4",
    "shapely",
    "pyproj",
    "rasterio",
    "matplotlib",
    "cartopy",
)

_SECRET = re.compile(r"(^|_)(key|secret|password|token)$", re.IGNORECASE)
# An absolute path of two or more parts that starts a word, not the rest of a URL.
_ABSOLUTE = re.compile(r"(?<![\w/:.~])(?:[A-Za-z]:\\|~?/)(?:[^\s/\\'\",;]+[/\\])+")


class Record(dict):
    """A provenance record that remembers which identities it was masked against."""

    identities: Identities = NOBODY


def provenance(
    *,
    inputs: Iterable[str | os.PathLike | Mapping] = (),
    parameters: Mapping[str, Any] | None = None,
    store: Any = None,
    commit: int | None = None,
    job: Any = None,
    identities: Identities | None = None,
    **extra: Any,
) -> dict[str, Any]:
    """Record of how a product was made, ready for JSON.

    Parameters
    ----------
    inputs : paths or mappings
        A path is hashed now; a mapping (``name``, ``sha256``, ``rows`` …) is taken as
        it is.
    parameters : mapping, optional
        Keyword arguments of the step. Entries named like keys or passwords are
        replaced by ``"withheld"``, vessels by their number.
    store, commit : Store or path, int; optional
        The store (its base name is kept) and the commit number that was read. All its
        vessels are masked in the record, and in the product that takes it.
    job : optional
        The resolved job.
    identities : Identities, optional
        What to mask besides; file names that hold an MMSI or a vessel's name do too.
    **extra
        Anything else that JSON can hold.

    Returns
    -------
    Record (dict)
        Without absolute paths. Time is UTC; ``SOURCE_DATE_EPOCH`` fixes it.

    Examples
    --------
    >>> record = provenance(parameters={"gap": "1h", "api_key": "x"}, commit=7)
    >>> record["commit"], record["parameters"]["api_key"]
    (7, 'withheld')
    """
    path = getattr(store, "path", store)
    commit = getattr(store, "number", None) if commit is None else commit
    hidden = (identities or NOBODY) | identities_of(path, commit)
    record = Record(
        created=created().strftime("%Y-%m-%dT%H:%M:%SZ"),
        software=software(),
        machine=machine(),
    )
    record.identities = hidden
    with known(hidden):
        record["inputs"] = [_input(each) for each in inputs]
        record["parameters"] = plain(parameters or {})
        if store is not None:
            record["store"] = mask_text(Path(str(path).rstrip("/")).name)
        if commit is not None:
            record["commit"] = int(commit)
        if job is not None:
            record["job"] = plain(job)
        record |= plain(extra)
    return record


def identities_of(path: Any, commit: int | None) -> Identities:
    """Identities of the store at a path; none where the path is but a name."""
    if path is None or not (Path(path) / "log").is_dir():
        return NOBODY
    return _of_store(Path(path).absolute(), commit)


@functools.lru_cache(maxsize=4)
def _of_store(path: Path, commit: int | None) -> Identities:
    from oceandata.store import open_store

    return Identities.of(open_store(path, as_of=commit))


def as_json(record: Mapping[str, Any]) -> str:
    """The record as one line of JSON with sorted keys."""
    return json.dumps(
        plain(record), sort_keys=True, ensure_ascii=False, allow_nan=False
    )


def created() -> datetime:
    """Now in UTC, or the time that ``SOURCE_DATE_EPOCH`` fixes."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if epoch is None:
        return datetime.now(UTC)
    try:
        return datetime.fromtimestamp(int(epoch), UTC)
    except (ValueError, OverflowError, OSError):
        raise ValueError(
            f"SOURCE_DATE_EPOCH must be whole seconds since 1970, got {epoch!r}"
        ) from None


@functools.cache
def _versions() -> tuple[tuple[str, str], ...]:
    found = []
    for name in ("oceandata-hpc", *LIBRARIES):
        try:
            found.append((name.removesuffix("-hpc"), metadata.version(name)))
        except metadata.PackageNotFoundError:
            continue
    return (*found, ("python", platform.python_version()))


def software() -> dict[str, str]:
    """Versions of oceandata, Python and the libraries that decide results."""
    return dict(_versions())


@functools.cache
def _machine() -> tuple[tuple[str, str], ...]:
    return (
        ("system", f"{platform.system()} {platform.machine()}"),
        ("cpu", _cpu_model()),
        ("libm", " ".join(platform.libc_ver()).strip() or "unknown"),
        ("byteorder", sys.byteorder),
    )


def machine() -> dict[str, str]:
    """CPU type and C library: results repeat bit by bit on the same pair."""
    return dict(_machine())


def _cpu_model() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(errors="replace")
    except OSError:
        return platform.processor() or "unknown"
    for line in text.splitlines():
        if line.lower().startswith(("model name", "cpu model")):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine() or "unknown"


def hash_file(path: str | os.PathLike) -> str:
    """SHA-256 of a file, in hexadecimal, read in blocks."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _input(each: str | os.PathLike | Mapping) -> dict[str, Any]:
    if isinstance(each, Mapping):
        return plain(each)
    path = Path(each)
    return {
        "name": mask_text(path.name),
        "bytes": path.stat().st_size,
        "sha256": hash_file(path),
    }


def plain(value: Any) -> Any:
    """The value as JSON can hold it: base names for paths, no secrets, no vessels."""
    return mask_value(_plain(value))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            str(name): "withheld" if _SECRET.search(str(name)) else _plain(item)
            for name, item in value.items()
        }
    if isinstance(value, os.PathLike):
        return Path(value).name
    if isinstance(value, str):
        return _ABSOLUTE.sub("", value)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if np.isfinite(value) else str(value)
    if isinstance(value, bytes | bytearray):
        return f"{len(value)} bytes withheld"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, np.datetime64 | np.timedelta64):
        return str(value)
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, Iterable):
        return [_plain(item) for item in value]
    return _ABSOLUTE.sub("", str(value))
