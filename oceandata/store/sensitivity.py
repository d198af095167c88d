"""Classes of sensitivity, and the authorisation that an export of them needs.

Datasets that were opened from a store carry their class in ``attrs["sensitivity"]``:

- ``public``: may leave as it is;
- ``restricted`` (the default of all that comes from vessels): leaves with a reason;
- ``secret``: leaves with a reason and the name of who allowed it.

An exporter calls :func:`require_authorised` and writes what it returns to its audit
log. What is made from such data for release (a density with its small cells withheld)
has no class of its own and needs none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from oceandata.errors import ConfidentialError
from oceandata.store.about import CLASSES, PUBLIC, RESTRICTED, SECRET

ATTRIBUTE = "sensitivity"


@dataclass(frozen=True)
class Authorisation:
    """Why data of a class may leave: what an audit log has to keep.

    store, commit : where the data come from, if they say so (the store's base name).
    """

    sensitivity: str
    reason: str
    authorised_by: str
    store: str | None = None
    commit: int | None = None


def sensitivity_of(data: Any) -> str:
    """The class of a Dataset, a table or a mapping of attributes; public if unsaid.

    Raises
    ------
    ConfidentialError
        The class is none that is known: better closed than open by a slip.

    Examples
    --------
    >>> sensitivity_of({"sensitivity": "secret"}), sensitivity_of({})
    ('secret', 'public')
    """
    attrs = data if isinstance(data, Mapping) else None
    attrs = getattr(data, "attrs", attrs) or {}
    found = attrs.get(ATTRIBUTE, PUBLIC)
    if found not in CLASSES:
        raise ConfidentialError(
            f"sensitivity must be one of {', '.join(CLASSES)}; the data say {found!r}"
        )
    return found


def strictest(*classes: str) -> str:
    """The most closed of several classes; public for none.

    >>> strictest("restricted", "public")
    'restricted'
    """
    return max(classes, key=CLASSES.index, default=PUBLIC)


def require_authorised(
    data: Any, *, reason: str | None = None, authorised_by: str | None = None
) -> Authorisation | None:
    """Refuse data of a closed class unless somebody says why it may leave.

    Parameters
    ----------
    data : Dataset, DataFrame or mapping of attributes
        Its attribute ``sensitivity`` decides.
    reason : str, optional
        Why this export is made: a contract, a request, a case number.
    authorised_by : str, optional
        Who allowed it; needed for secret data.

    Returns
    -------
    Authorisation or None
        What the audit log has to keep; None for public data.

    Raises
    ------
    ConfidentialError
        Restricted data without a reason; secret data without a reason and a name.

    Examples
    --------
    >>> require_authorised({"sensitivity": "public"})
    >>> require_authorised({"sensitivity": "restricted"}, reason="ICES call").reason
    'ICES call'
    """
    found = sensitivity_of(data)
    if found == PUBLIC:
        return None
    said = {"reason": reason, "authorised_by": authorised_by}
    needed = ["reason"] if found == RESTRICTED else ["reason", "authorised_by"]
    lacking = [name for name in needed if not str(said[name] or "").strip()]
    if lacking:
        words = " and ".join(f'{name}="…"' for name in lacking)
        raise ConfidentialError(
            f"these data are {found}: an export needs {words}, which are kept in the "
            "audit log. If the class is wrong, the owner changes it: "
            'store.describe("tracks", sensitivity=…)'
        )
    attrs = data if isinstance(data, Mapping) else data.attrs
    return Authorisation(
        found,
        str(reason).strip(),
        str(authorised_by or "").strip(),
        attrs.get("store"),
        attrs.get("store_commit"),
    )


_NAMES = {"owner": "creator_institution"}


def said_attrs(about: Mapping[str, str]) -> dict[str, str]:
    """What a store says of a dataset, as attributes of a Dataset opened from it."""
    kept = ("sensitivity", "owner", "license", "attribution", "doi", "redistribution")
    return {_NAMES.get(n, n): about[n] for n in kept if n in about}


__all__ = [
    "ATTRIBUTE",
    "PUBLIC",
    "RESTRICTED",
    "SECRET",
    "Authorisation",
    "require_authorised",
    "said_attrs",
    "sensitivity_of",
    "strictest",
]
