"""What may leave the house: checks of confidentiality at the door of every product.

A density product may be released when each of its cells holds at least three distinct
vessels; the others are withheld: NaN in the values, 1 in ``withheld``. Tracks name
vessels. Whatever fails is refused unless it is asked for by name.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from oceandata.errors import ConfidentialError

MIN_VESSELS = 3
"""Fewest distinct vessels in a cell that may be shown."""

IDENTITIES = frozenset(
    {
        "mmsi",
        "imo",
        "vessel",
        "vessel_id",
        "vessel_name",
        "call_sign",
        "callsign",
        "trajectory_id",
        "ve_ref",
    }
)
"""Names of variables and columns that tell one vessel from another."""

DENSITY = frozenset(
    {"vessel_hours", "vessel_distance", "transit_counts", "transits", "vessel_count"}
)
"""Names of gridded variables made from vessels."""

_DENSITY_ATTRS = ("min_vessels", "withheld_cells")
_KEY_BYTES = 16


def require_releasable(data: Any, *, confidential: str = "withhold") -> None:
    """Refuse data that would reveal single vessels.

    Parameters
    ----------
    data : Dataset, DataArray or DataFrame
        A density product needs ``min_vessels`` of at least 3 in its attributes.
    confidential : {"withhold", "allow"}
        ``"allow"`` asks for the confidential content by name: nothing is checked.

    Raises
    ------
    ConfidentialError
        Every reason in one message.
    """
    if confidential not in ("withhold", "allow"):
        raise ValueError(
            f'confidential must be "withhold" or "allow", got {confidential!r}'
        )
    if confidential == "allow":
        return
    faults = confidential_faults(data)
    if faults:
        raise ConfidentialError(
            "this product would reveal single vessels: "
            + "; ".join(faults)
            + '. Pass confidential="allow" to export it all the same'
        )


def confidential_faults(data: Any) -> list[str]:
    """Reasons why `data` may not be released, empty when it may.

    Cost: one pass over the withheld cells.
    """
    names = _names(data)
    faults = []
    identities = sorted(name for name in names if name.lower() in IDENTITIES)
    if identities:
        faults.append(f"it identifies vessels by {', '.join(identities)}")
    attrs = _all_attrs(data)
    if not is_density(names, attrs):
        return faults
    minimum = min_vessels(attrs)
    if minimum is None:
        faults.append(
            "its attributes do not say min_vessels (pass the Dataset that "
            "vessel_hours returned)"
        )
    elif minimum < MIN_VESSELS:
        faults.append(f"min_vessels is {minimum}, below {MIN_VESSELS}")
    faults += _leaks(data, attrs)
    return faults


def is_density(names: set[str], attrs: Mapping[str, Any]) -> bool:
    """Whether names and attributes are those of a grid made from vessels."""
    return bool(names & DENSITY) or any(name in attrs for name in _DENSITY_ATTRS)


def min_vessels(attrs: Mapping[str, Any]) -> int | None:
    """``min_vessels`` of a product as an integer; None when it is not stated."""
    try:
        return int(attrs["min_vessels"])
    except (KeyError, TypeError, ValueError):
        return None


def public_attrs(attrs: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes without what would give a withheld cell away.

    Where only one or two cells are withheld, their hours would follow from the
    total: total and withheld hours are then replaced by ``"withheld"``.
    """
    public = dict(attrs)
    try:
        cells = int(attrs.get("withheld_cells", 0))
    except (TypeError, ValueError):
        cells = 0
    unit = unit_of(attrs)
    if 0 < cells < MIN_VESSELS and unit is not None:
        public |= {f"total_{unit}": "withheld", f"withheld_{unit}": "withheld"}
    return public


def unit_of(attrs: Mapping[str, Any]) -> str | None:
    """Unit of the accounting: ``"us"`` of ``total_us``; None without accounting."""
    for name in attrs:
        stem, _, unit = str(name).partition("_")
        if stem == "total" and unit and f"withheld_{unit}" in attrs:
            return unit
    return None


def withheld_of(data: Any) -> Any | None:
    """The flags of withheld cells (DataArray), or None where there are none."""
    if "withheld" in getattr(data, "data_vars", {}):
        return data["withheld"]
    if "withheld" in getattr(data, "coords", {}):
        return data.coords["withheld"]
    return None


def read_key(key: bytes | str | os.PathLike) -> bytes:
    """The secret key of pseudonyms: the bytes themselves, or a file that holds them.

    Raises
    ------
    ConfidentialError
        Shorter than 16 bytes: guessed keys would turn pseudonyms back into vessels.
    """
    secret = bytes(key) if isinstance(key, bytes | bytearray) else None
    if secret is None:
        secret = Path(key).read_bytes().strip()
    if len(secret) < _KEY_BYTES:
        raise ConfidentialError(
            f"a pseudonym key needs at least {_KEY_BYTES} bytes, got {len(secret)}; "
            "make one with: python -c 'import secrets; print(secrets.token_hex(32))'"
        )
    return secret


def pseudonym(vessel: int, *, key: bytes) -> str:
    """Keyed pseudonym of a vessel: the same for one key, unrelated for another.

    HMAC-SHA-256 of the vessel's number, cut to 64 bits: two of a million vessels
    share one with probability 3e-8.

    Examples
    --------
    >>> pseudonym(367752440, key=b"sixteen bytes ok")
    'V-beb14b615ff6bf0f'
    """
    digest = hmac.new(key, str(int(vessel)).encode(), hashlib.sha256)
    return f"V-{digest.hexdigest()[:16]}"


def _names(data: Any) -> set[str]:
    names = {str(name) for name in getattr(data, "variables", ())}
    names |= {str(name) for name in getattr(data, "coords", ())}
    names |= {str(name) for name in getattr(data, "columns", ())}
    if isinstance(getattr(data, "name", None), str):
        names.add(data.name)
    return names


def _all_attrs(data: Any) -> dict[str, Any]:
    attrs: dict[str, Any] = {}
    for variable in getattr(data, "data_vars", {}).values():
        attrs |= variable.attrs
    return attrs | dict(getattr(data, "attrs", {}))


def _leaks(data: Any, attrs: Mapping[str, Any]) -> list[str]:
    told = {"withheld_cells", f"withheld_{unit_of(attrs)}"}
    faults = [
        f"attribute {name} tells of withheld cells"
        for name in sorted(attrs)
        if "withheld" in str(name) and name not in told
    ]
    flags = withheld_of(data)
    # Flags that were summed over months or classes count; the sums were released.
    if flags is None or flags.dtype.itemsize > 1:
        return faults
    hidden = flags.values > 0
    if not hidden.any():
        return faults
    variables = getattr(data, "data_vars", None)
    variables = {data.name: data} if variables is None else variables
    for name, variable in variables.items():
        if name == "withheld" or variable.dims != flags.dims:
            continue
        shown = int(np.count_nonzero(variable.notnull().values & hidden))
        if shown and variable.dtype.kind in "iuf":
            faults.append(f"{name} holds values in {shown:,} withheld cells")
    return faults
