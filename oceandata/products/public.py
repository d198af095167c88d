"""Copies of what goes into a product in which no text tells of a vessel.

Whatever an exporter is given passes here: labelled data, tables, records, plain texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from oceandata.products import identities, masking


def public(value: Any) -> Any:
    """A copy of what goes into a product, with all its text masked.

    Datasets lose identities in their attributes, tables in their texts; raw bytes
    become their length. Values of grids are left as they are.
    """
    if hasattr(value, "attrs") and hasattr(value, "dims"):
        return _public_labelled(value)
    if hasattr(value, "columns") and hasattr(value, "assign"):
        return _public_table(value)
    if isinstance(value, str):
        return identities.mask_text(value)
    if isinstance(value, Mapping):
        return {
            identities.mask_text(str(k)): identities.mask_value(v, key=str(k))
            if _simple(v)
            else public(v)
            for k, v in value.items()
        }
    if isinstance(value, list | tuple):
        items = [public(item) for item in value]
        return tuple(items) if isinstance(value, tuple) else items
    if isinstance(value, bytes | bytearray):
        return f"{len(value)} bytes withheld"
    if isinstance(value, int | float | np.number):
        return identities.mask_value(value)
    return value


def _simple(value: Any) -> bool:
    """Whether a value is plain enough to be masked by its key."""
    return isinstance(value, str | int | float | list | tuple | set)


def _public_labelled(data: Any) -> Any:
    out = data.copy(deep=False)
    out.attrs = _public_attrs(data.attrs)
    for name in list(getattr(out, "variables", out.coords)):
        if (texts := _public_texts(out[name])) is not None:
            out[name] = out[name].copy(data=texts)
        out[name].attrs = _public_attrs(out[name].attrs)
    names = {name: _label(name) for name in _named(out)}
    return out.rename({k: text for k, text in names.items() if text != str(k)})


def _label(name: Any) -> str:
    """A name without identities; many formats know no brackets in names."""
    return identities.mask_text(str(name)).replace(identities.MASK, "masked")


def _named(data: Any) -> set:
    """Names of variables and dimensions; that of a DataArray is its attribute."""
    return {*getattr(data, "variables", data.coords), *data.dims}


def _public_texts(array: Any) -> Any:
    """The texts of an array without identities; None where nothing is to change."""
    if array.dtype.kind not in "OUST":
        return None
    values = array.values
    masked = {v: _masked(v) for v in values.flat if isinstance(v, str | bytes)}
    if all(text is value for value, text in masked.items()):
        return None
    out = values.astype(object)
    out.flat = [masked.get(v, v) if isinstance(v, str | bytes) else v for v in out.flat]
    return out


def _masked(value: str | bytes) -> str | bytes:
    """A text, or one in bytes as files hold it; the same object where it may stay."""
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    masked = identities.mask_text(text)
    return value if masked == text else masked


def _public_attrs(attrs: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes masked; the numbers of the account stay, whatever they look like."""
    unit = masking.unit_of(attrs)
    account = [k for k in attrs if unit and str(k).endswith(f"_{unit}")]
    return {_label(k): v if k in account else _attr(k, v) for k, v in attrs.items()}


def _attr(name: Any, value: Any) -> Any:
    """The value masked; arrays and NumPy's numbers stay where there is no identity."""
    plain = value.tolist() if hasattr(value, "dtype") else value
    masked = identities.mask_value(plain, key=str(name))
    return value if hasattr(value, "dtype") and masked == plain else masked


def _public_table(table: Any) -> Any:
    new = {}
    for name in table.columns:
        column = table[name]
        if column.dtype.kind in "OUST" or str(column.dtype) in ("str", "string"):
            masked = {v: _cell(v) for v in set(column.tolist()) if _cell(v) is not v}
            if masked:
                new[name] = [masked.get(v, v) for v in column.tolist()]
    out = table.assign(**new)
    names = {name: identities.mask_text(str(name)) for name in table.columns}
    changed = {name: text for name, text in names.items() if text != str(name)}
    out = out.rename(columns=changed) if changed else out
    out.attrs = _public_attrs(table.attrs)
    return out


def _cell(value: Any) -> Any:
    if isinstance(value, bytes):
        return f"{len(value)} bytes withheld"
    return identities.mask_text(value) if isinstance(value, str) else value
