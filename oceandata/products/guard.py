"""The door that every export passes: one decorator around each function that writes.

By default all text that would leave (titles, attributes, tables, provenance) loses the
identities that are known or look like one, tracks are withheld, and a density of a
release is checked against what was released before. ``confidential="allow"`` opens the
door; it needs a reason, and the audit log is written before a byte leaves.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oceandata.products import audit, identities, masking, origin, pseudonyms
from oceandata.products.public import public
from oceandata.store.sensitivity import PUBLIC, require_authorised, sensitivity_of

EXPORTERS: dict[str, Callable] = {}
"""Functions that write a product, by the name of the product; the leak test uses it."""

_OPTIONS = identities.words(
    """
    variable dtype overviews compress compression identities pseudonym_key
    confidential by scale projection cmap language dims engine chunks codec
    crs geometry basemap approval override_license
    """
)
_ADDED = [
    inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None)
    for name in ("reason", "authorised_by", "release")
]


@dataclass(frozen=True)
class _Call:
    """One call of an exporter: what it writes, where, and how open it may be."""

    product: str
    data: Any
    path: Any
    confidential: str
    reveals: bool
    record: Any


def exporter(product: str) -> Callable[[Callable], Callable]:
    """Make a function that writes a product pass the door.

    The function has ``confidential=`` among its keywords, takes the data first (or
    the path, as a report does), and the path under the name ``path``. It gains

    reason : str, optional
        Why ``confidential="allow"`` is asked for; written to the audit log.
    authorised_by : str, optional
        Who allowed it; needed for data of the class ``secret``.
    release : Release or path, optional
        The release that the product belongs to: cells that other products of it would
        give away are withheld.

    Examples
    --------
    >>> @exporter("note")
    ... def to_note(text, path, *, title="", confidential="withhold"):
    ...     return title
    >>> to_note(None, "a.txt", title="MMSI 412345678")
    'MMSI [vessel]'
    """

    def around(function: Callable) -> Callable:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def guarded(*args, reason=None, authorised_by=None, release=None, **kw):
            bound = signature.bind(*args, **kw)
            call = _call_of(product, signature, bound)
            audit.keep(call.path)
            if call.confidential == "allow":
                return _opened(function, call, bound, reason, authorised_by)
            if reason is not None:
                raise ValueError('reason= goes with confidential="allow"')
            return _closed(function, call, bound, release)

        known = list(signature.parameters.values())
        rest = [p for p in known if p.kind is inspect.Parameter.VAR_KEYWORD]
        named = [p for p in known if p not in rest]
        guarded.__signature__ = signature.replace(parameters=[*named, *_ADDED, *rest])
        EXPORTERS[product] = guarded
        return guarded

    return around


def _call_of(product: str, signature: inspect.Signature, bound: Any) -> _Call:
    given = bound.arguments
    first = next(iter(signature.parameters))
    data = None if first == "path" else given.get(first)
    default = signature.parameters["confidential"].default
    confidential = given.get("confidential", default)
    if confidential not in ("withhold", "allow"):
        raise ValueError(
            f'confidential must be "withhold" or "allow", got {confidential!r}'
        )
    named = given.get("identities") != "pseudonyms"
    path, record = given.get("path"), given.get("provenance")
    reveals = confidential == "allow" and named
    return _Call(product, data, path, confidential, reveals, record)


def _closed(function: Callable, call: _Call, bound: Any, release: Any) -> Any:
    """The default road: lines withheld, cells checked, all text masked."""
    if _is_tracks(call.data):
        raise masking.ConfidentialError(
            f"{_name(call)}: tracks are withheld: they name their vessels, and their "
            'lines name home ports. Pass confidential="allow" with a reason="…", and '
            'identities="pseudonyms" with a pseudonym_key or identities="reveal"; or '
            "export a density (vessel_hours) instead"
        )
    _with_pseudonyms(call, bound)
    if (found := sensitivity_of(getattr(call.data, "attrs", {}))) != PUBLIC:
        raise masking.ConfidentialError(
            f'{_name(call)}: these data are {found}; pass confidential="allow" with a '
            'reason="…" (and authorised_by="…" if they are secret)'
        )
    known = _known_to(call)
    _refuse_numbers(call, bound, known)
    if release is not None:
        _join_release(bound, release)
    with identities.known(known):
        _mask_arguments(bound)
        return function(*bound.args, **bound.kwargs)


def _refuse_numbers(call: _Call, bound: Any, known: identities.Identities) -> None:
    """Refuse known MMSIs and IMO numbers under names that do not tell of vessels."""
    faults = [
        fault
        for each in _tables_in(bound.arguments.values())
        for fault in masking.number_faults(each, known)
    ]
    if faults:
        raise masking.ConfidentialError(
            f"{_name(call)}: this product would reveal single vessels: "
            + "; ".join(faults)
        )


def _tables_in(values: Iterable[Any]) -> Iterator[Any]:
    """Datasets and tables among the arguments, also those in lists, as of a report."""
    for value in values:
        if hasattr(value, "columns") or hasattr(value, "data_vars"):
            yield value
        elif isinstance(value, Mapping):
            yield from _tables_in(value.values())
        elif isinstance(value, list | tuple):
            yield from _tables_in(value)


def _join_release(bound: Any, release: Any) -> None:
    """Protect what a product shows: its data, or the account of a report."""
    from oceandata.products.release import open_release

    given = bound.arguments
    first = next(iter(given))
    shown = "accounting" if first == "path" else first
    if hasattr(given.get(shown), "dims"):
        given[shown] = open_release(release).protect(given[shown])
    elif shown == "accounting" and given.get(shown):
        raise masking.ConfidentialError(
            "a report of a release takes the Dataset as accounting=, not its attributes"
        )


def _opened(function: Callable, call: _Call, bound: Any, reason, who) -> Any:
    """The road that is asked for by name: logged before, and its outcome after."""
    text = audit.require_reason(reason, what=_name(call))
    attrs = getattr(call.data, "attrs", {})
    allowed = require_authorised(attrs, reason=text, authorised_by=who)
    event = _event(call, text) | ({"authorised_by": who} if who else {})
    event |= {"sensitivity": allowed.sensitivity} if allowed else {}
    log = audit.log_path(call.path)
    event = audit.append(event, path=log)
    mask = identities.unmasked() if call.reveals else nullcontext()
    try:
        _with_pseudonyms(call, bound)
        _note_audit(bound, call, event)
        with identities.known(_known_to(call)), mask:
            if not call.reveals:
                _mask_arguments(bound)
            result = function(*bound.args, **bound.kwargs)
    except BaseException as error:
        failed = {"event": "failed", "of": event["number"]}
        audit.append(failed | {"error": type(error).__name__}, path=log)
        raise
    done = {"event": "written", "of": event["number"]}
    audit.append(done | _written(call.path), path=log)
    return result


def _with_pseudonyms(call: _Call, bound: Any) -> None:
    """Tables get their pseudonyms here; exporters know those of tracks alone."""
    if bound.arguments.get("identities") != "pseudonyms" or _is_tracks(call.data):
        return
    key = bound.arguments.get("pseudonym_key")
    if key is None:
        raise masking.ConfidentialError(
            f'{_name(call)}: identities="pseudonyms" needs pseudonym_key: 16 secret '
            "bytes or more, or the path of a file that holds them"
        )
    names = getattr(call.data, "variables", getattr(call.data, "columns", ()))
    if masking.identity_names(map(str, names)):
        first = next(iter(bound.arguments))
        bound.arguments[first] = pseudonyms.pseudonymise(call.data, key=key)


def _event(call: _Call, reason: str) -> dict[str, Any]:
    record = call.record if isinstance(call.record, Mapping) else {}
    faults = [] if call.data is None else masking.confidential_faults(call.data)
    return {
        "event": "export",
        "reason": reason,
        "product": call.product,
        "file": _name(call),
        "reveals": faults or ["text without masks"],
        "pseudonyms": not call.reveals,
        "store": record.get("store"),
        "commit": record.get("commit"),
        "oceandata": origin.software().get("oceandata"),
    }


def _note_audit(bound: Any, call: _Call, event: Mapping[str, Any]) -> None:
    """Let the product name the line of the log that allowed it."""
    if "provenance" not in bound.signature.parameters:
        return
    record = call.record or getattr(call.data, "attrs", {}).get("provenance")
    if isinstance(record, str):
        try:
            record = json.loads(record)
        except ValueError:
            return
    note = {"number": event["number"], "sha256": event["sha256"]}
    bound.arguments["provenance"] = dict(record or origin.provenance()) | {
        "audit": note
    }


def _written(path: Any) -> dict[str, Any]:
    if path is None:
        return {}
    path = Path(path)
    if path.is_dir():
        return {"files": sum(each.is_file() for each in path.rglob("*"))}
    with open(path, "rb") as file:
        return {"sha256_of_file": hashlib.file_digest(file, "sha256").hexdigest()}


def _name(call: _Call) -> str:
    """The file's name, without what a name may hold of a vessel."""
    return call.product if call.path is None else identities.mask_text(_base(call.path))


def _base(path: Any) -> str:
    return os.path.basename(os.fspath(path).rstrip("/"))


def _known_to(call: _Call) -> identities.Identities:
    """Identities that the data itself and its provenance know of."""
    found = getattr(call.record, "identities", identities.NOBODY)
    if hasattr(call.data, "variables") or hasattr(call.data, "columns"):
        found = found | identities.Identities.of(call.data)
    return found


def _is_tracks(data: Any) -> bool:
    return {"trajectory", "obs"} <= set(getattr(data, "sizes", ()))


def _mask_arguments(bound: Any) -> None:
    for name, value in bound.arguments.items():
        if name == "path" or name in _OPTIONS:
            continue
        if name == "inputs":  # paths that are hashed, under masked names
            value = origin.provenance(inputs=value)["inputs"]
        if name == "maps":
            bound.arguments[name] = [_captioned(each) for each in value]
        else:
            bound.arguments[name] = public(value)


def _captioned(each: Any) -> Any:
    """A picture as it is, with its caption masked."""
    if not isinstance(each, tuple):
        return each
    return (each[0], *(identities.mask_text(str(text)) for text in each[1:]))
