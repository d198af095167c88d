"""Under which terms a product may be passed on: licences carried from the inputs.

A dataset says its terms in four attributes, an input of the provenance in four keys of
the same names:

``license``         name, best an SPDX one ("CC-BY-NC-4.0"), or a sentence
``attribution``     whom to name, in the words that the licence asks for
``doi``             10.1234/abc, of the data or of the paper to cite
``redistribution``  "allowed", "forbidden" or "unknown"

``publisher = "noaa"`` stands for the terms of a publisher in :data:`PUBLISHERS`. The
layout of a file never implies them: others write the same layout.

Every exporter calls :func:`cleared`. An input that forbids redistribution stops it,
unless its licence is overridden by name, which the provenance then tells.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from oceandata.errors import LicenseError
from oceandata.products import origin

KEYS = ("license", "attribution", "doi", "redistribution")
REDISTRIBUTION = ("allowed", "unknown", "forbidden")
_DOI = re.compile(r"^(?:https?://(?:dx\.)?doi\.org/|doi:)?(10\.\d{4,9}/\S+)$", re.I)

# Licences whose own text lets anyone pass the data on (some: not for money).
_OPEN = re.compile(
    r"^(cc0|cc-by|odc-by|odbl|pddl|etalab|ogl|nlod|public.domain)", re.IGNORECASE
)


@dataclass(frozen=True)
class Rights:
    """Terms of one input; empty where nothing is known."""

    name: str = ""
    license: str = ""
    attribution: str = ""
    doi: str = ""
    redistribution: str = "unknown"


PUBLISHERS: dict[str, Rights] = {
    "noaa": Rights(
        license="Public domain (work of the US Government)",
        attribution="NOAA Office for Coastal Management and BOEM, MarineCadastre AIS",
        redistribution="allowed",
    ),
    "gfw": Rights(
        license="CC-BY-NC-4.0 or CC-BY-SA-4.0, by the version of the data",
        attribution="Global Fishing Watch, globalfishingwatch.org",
        redistribution="allowed",
    ),
    "nari": Rights(
        license="CC-BY-NC-SA-4.0",
        attribution="Ray, Dréo, Camossi, Jousselme and Iphar (2019), Naval Academy",
        doi="10.5281/zenodo.1167595",
        redistribution="allowed",
    ),
}
"""Terms that a publisher sets for all its files; a source may name its publisher."""


def rights(
    name: str = "",
    *,
    license: str = "",
    attribution: str = "",
    doi: str = "",
    redistribution: str = "",
) -> Rights:
    """Terms of one input, checked; an open licence means that it may be passed on.

    Raises
    ------
    ValueError
        `redistribution` is none of the three words, or `doi` is no DOI.

    Examples
    --------
    >>> rights("effort.csv", license="CC-BY-NC-4.0").redistribution
    'allowed'
    """
    found = redistribution or ("allowed" if _OPEN.match(license) else "unknown")
    if found not in REDISTRIBUTION:
        raise ValueError(
            f"redistribution of {name or 'the data'} must be one of "
            f"{', '.join(REDISTRIBUTION)}; got {redistribution!r}"
        )
    if doi:
        match = _DOI.match(doi.strip())
        if match is None:
            raise ValueError(f"doi must look like 10.1234/abc; got {doi!r}")
        doi = match[1]
    return Rights(name, license, attribution, doi, found)


def rights_of(
    attrs: Mapping[str, Any],
    inputs: Iterable[Mapping[str, Any]] = (),
    sources: Iterable[Mapping[str, Any]] | Mapping[str, Any] = (),
) -> list[Rights]:
    """Terms of everything a product was made of, each set of terms once.

    Parameters
    ----------
    attrs : mapping
        Attributes of the dataset.
    inputs : mappings
        Inputs of its provenance.
    sources : mappings, or one
        Terms that the caller declares.
    """
    sources = [sources] if isinstance(sources, Mapping) else list(sources)
    found = [_stated(_own(attrs), "")]
    found += [_stated(each, "source") for each in [*inputs, *sources]]
    once: dict[tuple, Rights] = {}
    for each in found:
        if each is not None:
            once.setdefault(tuple(asdict(each)[key] for key in KEYS), each)
    return list(once.values())


def _own(attrs: Mapping[str, Any]) -> dict[str, Any]:
    """Terms in the attributes of a dataset, whose DOI may be somebody's free text."""
    own = {key: attrs[key] for key in KEYS if attrs.get(key)}
    if not _DOI.match(str(own.get("doi", "")).strip()):
        own.pop("doi", None)
    return own


def _stated(said: Mapping[str, Any], default: str) -> Rights | None:
    given = _published(said.get("publisher"))
    given |= {key: str(said[key]) for key in KEYS if said.get(key)}
    return rights(str(said.get("name", default)), **given) if given else None


def _published(publisher: Any) -> dict[str, str]:
    """Terms of a publisher by its name; none without one."""
    if not publisher:
        return {}
    if publisher not in PUBLISHERS:
        raise ValueError(
            f"publisher must be one of {', '.join(PUBLISHERS)}; got {publisher!r}: "
            "name the license itself"
        )
    return {key: getattr(PUBLISHERS[publisher], key) for key in KEYS}


def cleared(
    data: Any,
    *,
    provenance: Mapping[str, Any] | str | None = None,
    sources: Iterable[Mapping[str, Any]] | Mapping[str, Any] = (),
    override_license: str | Sequence[str] | None = None,
) -> tuple[dict[str, Any], dict[str, str]]:
    """Provenance and rights attributes of a product that may be passed on.

    Parameters
    ----------
    data : Dataset, DataArray, DataFrame or mapping
        Its attributes may hold terms and, where `provenance` is None, a record.
    provenance : mapping or JSON, optional
        A record; a minimal one is made where there is none.
    sources : mappings
        Terms of further inputs: ``{"name": …, "license": …, "doi": …}``.
    override_license : str or sequence of str
        Names of licences (or of inputs) that forbid redistribution and are to be
        passed over.

    Returns
    -------
    record : dict
        With ``licenses`` where any are known, and ``overridden_licenses``.
    attrs : dict
        ``license``, ``attribution``, ``acknowledgement``, ``references`` (the DOI),
        ``redistribution``: what is known of them.

    Raises
    ------
    LicenseError
        An input forbids redistribution and was not overridden by name.
    """
    attrs = getattr(data, "attrs", None)
    if attrs is None:
        attrs = data if isinstance(data, Mapping) else {}
    record = _record(provenance or attrs.get("provenance"))
    found = rights_of(attrs, record.get("inputs", ()), sources)
    overridden = _overridden(found, override_license)
    if found:
        record["licenses"] = [_told(each) for each in found]
    if overridden:
        record["overridden_licenses"] = overridden
    return record, _attributes(found)


def _record(given: Mapping[str, Any] | str | None) -> dict[str, Any]:
    if not given:
        return origin.provenance()
    if not isinstance(given, str):
        return dict(given)
    try:
        found = json.loads(given)
    except ValueError:
        found = None
    # Other people's files tell their provenance in prose.
    return found if isinstance(found, dict) else origin.provenance(before=given)


def _overridden(found: list[Rights], names: str | Sequence[str] | None) -> list[str]:
    """Names of the forbidding licences that the caller passes over."""
    given = {names} if isinstance(names, str) else set(names or ())
    blocking = [each for each in found if each.redistribution == "forbidden"]
    left = [each for each in blocking if not _labels(each) & given]
    if left:
        told = "; ".join(_named(each) for each in left)
        name = left[0].license or left[0].name or "unnamed"
        raise LicenseError(
            f"the terms of an input forbid passing it on: {told}. Leave that input "
            f"out, ask its owner, or pass override_license={name!r}, which the "
            "provenance will tell"
        )
    return sorted({each.license or each.name or "unnamed" for each in blocking})


def _labels(each: Rights) -> set[str]:
    """By which names the terms of an input are overridden."""
    return {each.license, each.name} - {""} or {"unnamed"}


def _named(each: Rights) -> str:
    where = f" (of {each.name})" if each.name else ""
    return f"{each.license or 'no licence named'}{where}"


def _told(each: Rights) -> dict[str, str]:
    return {key: value for key, value in asdict(each).items() if value}


def _attributes(found: list[Rights]) -> dict[str, str]:
    if not found:
        return {}

    def joined(key: str) -> str:
        return "; ".join(dict.fromkeys(filter(None, (getattr(f, key) for f in found))))

    out = {key: joined(key) for key in ("license", "attribution")}
    out["acknowledgement"] = out["attribution"]
    dois = dict.fromkeys(each.doi for each in found if each.doi)
    out["references"] = ", ".join(f"https://doi.org/{doi}" for doi in dois)
    worst = max((each.redistribution for each in found), key=REDISTRIBUTION.index)
    out["redistribution"] = worst
    return {key: value for key, value in out.items() if value}
