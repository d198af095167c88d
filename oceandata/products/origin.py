"""Where a product comes from: inputs, parameters, software, machine type.

The record is plain JSON. It holds base names, never absolute paths, and never keys,
so that it can be published with the product. (The module is not called provenance: it
would hide the function of that name in the package.)
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


def provenance(
    *,
    inputs: Iterable[str | os.PathLike | Mapping] = (),
    parameters: Mapping[str, Any] | None = None,
    store: str | os.PathLike | None = None,
    commit: int | None = None,
    job: Any = None,
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
        replaced by ``"withheld"``.
    store, commit : optional
        The store (its base name is kept) and the commit number that was read.
    job : optional
        The resolved job.
    **extra
        Anything else that JSON can hold.

    Returns
    -------
    dict
        Without absolute paths. Time is UTC; ``SOURCE_DATE_EPOCH`` fixes it.

    Examples
    --------
    >>> record = provenance(parameters={"gap": "1h", "api_key": "x"}, commit=7)
    >>> record["commit"], record["parameters"]["api_key"]
    (7, 'withheld')
    """
    record: dict[str, Any] = {
        "created": created().strftime("%Y-%m-%dT%H:%M:%SZ"),
        "software": software(),
        "machine": machine(),
        "inputs": [_input(each) for each in inputs],
        "parameters": plain(parameters or {}),
    }
    if store is not None:
        record["store"] = Path(str(store).rstrip("/")).name
    if commit is not None:
        record["commit"] = int(commit)
    if job is not None:
        record["job"] = plain(job)
    return record | plain(extra)


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
        "name": path.name,
        "bytes": path.stat().st_size,
        "sha256": hash_file(path),
    }


def plain(value: Any) -> Any:
    """The value as JSON can hold it: base names for paths, no secrets, no NaN."""
    if isinstance(value, Mapping):
        return {
            str(name): "withheld" if _SECRET.search(str(name)) else plain(item)
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
        return plain(value.tolist())
    if isinstance(value, Iterable):
        return [plain(item) for item in value]
    return _ABSOLUTE.sub("", str(value))
