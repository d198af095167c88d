"""What may leave the house: checks of confidentiality at the door of every product.

A density product may be released when each of its cells holds at least three distinct
vessels; the others are withheld: NaN in the values, 1 in ``withheld``. Tracks name
vessels, and so do their lines under pseudonyms. Whatever fails is refused unless it is
asked for by name, which :mod:`oceandata.products.guard` writes to the audit log.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from oceandata.errors import ConfidentialError
from oceandata.products.identities import (
    Identities,
    is_identity,
    is_pseudonym,
    mask_text,
    mask_value,
)
from oceandata.products.pseudonyms import pseudonym, read_key

__all__ = [
    "DENSITY",
    "MIN_VESSELS",
    "Identities",
    "confidential_faults",
    "identity_names",
    "is_density",
    "mask_text",
    "mask_value",
    "min_vessels",
    "number_faults",
    "pseudonym",
    "public_attrs",
    "read_key",
    "require_releasable",
    "unit_of",
    "withheld_of",
]

MIN_VESSELS = 3
"""Fewest distinct vessels in a cell that may be shown."""

DENSITY = frozenset(
    {"vessel_hours", "vessel_distance", "transit_counts", "transits", "vessel_count"}
)
"""Names of gridded variables made from vessels."""

_DENSITY_ATTRS = ("min_vessels", "withheld_cells")
# What only moving vessels report: positions beside one of these are their lines.
_UNDER_WAY = frozenset({"sog", "cog", "heading", "nav_status", "speed", "course"})


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
            + '. Pass confidential="allow" with a reason= to export it all the same'
        )


def confidential_faults(data: Any) -> list[str]:
    """Reasons why `data` may not be released, empty when it may.

    Cost: one pass over the withheld cells.
    """
    names = _names(data)
    faults = []
    identities = [n for n in identity_names(names) if not _under_pseudonyms(data, n)]
    if identities:
        faults.append(f"it identifies vessels by {', '.join(identities)}")
    if _holds_lines(data, names):
        faults.append(
            "it holds the positions of single vessels, and a line names a home port "
            "even under a pseudonym (a density or withhold_ends shows less)"
        )
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


def identity_names(names: Iterable[str]) -> list[str]:
    """Those of the names that tell one vessel from another, sorted."""
    return sorted(str(name) for name in names if is_identity(name))


def _under_pseudonyms(data: Any, name: str) -> bool:
    """Whether a variable or column holds keyed pseudonyms and nothing else."""
    try:
        values = np.ravel(np.asarray(data[name]))
    except (KeyError, TypeError, ValueError):
        return False
    if values.dtype.kind in "iu" and "trajectory_id" in _names(data):
        told = np.ravel(np.asarray(data["trajectory_id"]))
        return told.size == values.size and all(
            is_pseudonym(text) and int(text[2:17], 16) == number
            for text, number in zip(told.tolist(), values.tolist(), strict=True)
        )
    return all(value == "" or is_pseudonym(value) for value in values.tolist())


def _holds_lines(data: Any, names: set[str]) -> bool:
    plain = {name.lower() for name in names}
    pairs = ({"lon", "lat"}, {"longitude", "latitude"}, {"geometry"})
    placed = any(pair <= plain for pair in pairs)
    sizes = getattr(data, "sizes", {})
    if not placed or {"lon", "lat"} & set(sizes):
        return False
    return "trajectory" in sizes or bool(plain & _UNDER_WAY or identity_names(names))


def number_faults(data: Any, known: Identities) -> list[str]:
    """Columns of numbers that are identities, whatever these columns are called.

    Half of the numbers beyond 99,999 must be known ones: a count may meet one.
    """
    faults = []
    for name in _names(data) if known.numbers else ():
        if is_identity(name):  # judged by its name: confidential_faults
            continue
        values = _numbers(data, name)
        values = values[values > 99_999]
        found = sum(value in known.numbers for value in values.tolist())
        if found and 2 * found >= values.size:
            told = mask_text(name, known)
            faults.append(f"{told} holds numbers of {found:,} vessels; drop it")
    return sorted(faults)


def _numbers(data: Any, name: str) -> np.ndarray:
    """Distinct numbers of a column or of a variable that lies on no grid."""
    try:
        column = data[name]
        values = np.asarray(column) if column.ndim < 2 else np.empty(0)
    except (AttributeError, KeyError, TypeError, ValueError):
        return np.empty(0)
    if values.dtype.kind not in "iuf":
        return np.empty(0)
    return np.unique(values[np.isfinite(values)])


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

    Where only one or two cells are withheld, or all of them hold fewer than three
    vessels together (``withheld_vessels``), their hours would follow from the total:
    total and withheld hours are then replaced by ``"withheld"``.
    """
    public = {k: v for k, v in attrs.items() if k != "withheld_vessels"}
    try:
        cells = int(attrs.get("withheld_cells", 0))
    except (TypeError, ValueError):
        cells = 0
    unit = unit_of(attrs)
    few = 0 < cells < MIN_VESSELS or _few_vessels(attrs)
    if cells and few and unit is not None:
        public |= {f"total_{unit}": "withheld", f"withheld_{unit}": "withheld"}
    return public


def _few_vessels(attrs: Mapping[str, Any]) -> bool:
    """Whether all withheld cells together hold fewer vessels than one cell must."""
    try:
        return int(attrs.get("withheld_vessels", MIN_VESSELS)) < MIN_VESSELS
    except (TypeError, ValueError):
        return True


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
    if isinstance(attrs.get("withheld_vessels"), int | np.integer):
        told.add("withheld_vessels")  # left out by public_attrs
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
