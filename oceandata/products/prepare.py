"""What NetCDF and Zarr have in common: checked, encoded after CF, described after ACDD.

The checks stand here, at one door: identities, cells of few vessels, licences.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import xarray as xr

from oceandata import schema
from oceandata.errors import ConfidentialError
from oceandata.products import acdd, cf, masking, ragged, rights


def prepared(
    ds: xr.Dataset,
    *,
    name: str,
    writer: str,
    words: Mapping[str, str | None],
    provenance: Mapping[str, Any] | str | None,
    attrs: Mapping[str, Any] | None,
    identities: str,
    pseudonym_key: Any,
    confidential: str,
    sources: Iterable[Mapping[str, Any]],
    override_license: str | Sequence[str] | None,
) -> xr.Dataset:
    """A dataset ready to be written, as integers, floats and texts with attributes.

    Parameters
    ----------
    name, writer : str
        Base name of the file and function that writes it, for messages and history.
    words : mapping
        ``title``, ``summary`` and ``license`` of the product, None where derived.

    The others are those of :func:`oceandata.to_netcdf`.
    """
    kind = schema.kind_of(ds)
    record, terms = rights.cleared(
        ds,
        provenance=provenance,
        sources=sources,
        override_license=override_license,
    )
    if kind == "tracks":
        ds = ragged.cf_tracks(identified(ds, name, identities, pseudonym_key))
    elif kind == "grid" and {"lon", "lat"} <= set(ds.coords):
        masking.require_releasable(ds, confidential=confidential)
        ds = cf.cf_grid(ds)
    else:
        masking.require_releasable(ds, confidential=confidential)
        ds = cf.encode_times(ds.drop_encoding().copy())
    if confidential != "allow":
        ds.attrs = masking.public_attrs(ds.attrs)
    ds.attrs |= dict(attrs or {})
    ds.attrs = acdd.discovery(
        ds, kind=kind, **words, record=record, rights=terms, writer=writer
    )
    return ds


def identified(ds: xr.Dataset, name: str, identities: str, key: Any) -> xr.Dataset:
    """Tracks as they may be written: revealed by name, or under pseudonyms."""
    if identities == "reveal":
        return ds
    if identities == "pseudonyms":
        if key is None:
            raise ConfidentialError(
                'identities="pseudonyms" needs pseudonym_key: 16 secret bytes or more, '
                "or the path of a file that holds them"
            )
        return ragged.with_pseudonyms(ds, key=masking.read_key(key))
    if identities != "refuse":
        raise ValueError(
            f'identities must be "refuse", "pseudonyms" or "reveal", got {identities!r}'
        )
    raise ConfidentialError(
        f"{name}: tracks name their vessels. Pass identities="
        '"pseudonyms" with a pseudonym_key, or identities="reveal" to export them'
    )


def plain_attrs(attrs: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes as files can hold them; empty ones are left out."""
    plain = {name: cf.plain_attr(value) for name, value in attrs.items()}
    return {name: value for name, value in plain.items() if value is not None}
