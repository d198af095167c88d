"""Complementary suppression: tables of one sea that do not give each other away.

A cell of few vessels is withheld by the function that makes a table. Published beside
it, a sum over classes or months, a coarser grid or a stated total gives it back by
subtraction. :func:`withhold_related` takes all tables that will be published together
and withholds further cells until that is no longer possible.

References
----------
Hundepool A. et al. (2012), Statistical Disclosure Control, Wiley, chapter 4 (tabular
data), https://doi.org/10.1002/9781118348239.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from oceandata.errors import ConfidentialError
from oceandata.products import cf, masking, select
from oceandata.products.blocks import (
    EMPTY,
    PRIMARY,
    SECONDARY,
    SHOWN,
    Block,
    protect,
)
from oceandata.products.lattice import Lattice, Table

PROTECTION = 0.5
"""How wide the interval of a withheld amount must be, as a share of its upper end."""

DIMS = ("ship_class", "month", "lat", "lon")
_SAME = ("path", "gap", "skip_quality", "segments", "fixes_skipped_by_quality")


def variable_of(ds: Any) -> str:
    """Name of the density in a product of ``vessel_hours`` and its kin."""
    names = [n for n in getattr(ds, "data_vars", ()) if n in masking.DENSITY]
    if len(names) != 1 or "withheld" not in ds.data_vars:
        raise ConfidentialError(
            "a table is what vessel_hours, vessel_distance or transit_counts returned, "
            f"with its 'withheld'; found variables {sorted(map(str, ds.data_vars))}"
        )
    flags = ds["withheld"]
    if flags.dtype.itemsize > 1 or set(flags.dims) - set(DIMS):
        raise ConfidentialError(
            "this table was summed or reshaped after it was made, so that it cannot be "
            "compared with others: protect it first, then sum it"
        )
    return str(names[0])


def table_of(ds: Any, *, name: str = "", frozen: bool = False) -> Table:
    """The cells of a density product."""
    variable = variable_of(ds)
    array, flags = ds[variable], ds["withheld"]
    missing = [dim for dim in DIMS if dim not in array.dims]
    wide = [a.expand_dims(missing).transpose(*DIMS) for a in (array, flags)]
    value, hidden = wide[0].values, wide[1].values
    status = np.where(value > 0, SHOWN, EMPTY).astype(np.int8)
    status[(hidden > 0) | np.isnan(value)] = PRIMARY
    labels = tuple(
        tuple(map(select.label_of, np.ravel(ds[dim].values)))
        if dim in ds.coords
        else None
        for dim in DIMS[:2]
    )
    edges = (cf.edges_of(ds, "lat"), cf.edges_of(ds, "lon"))
    if any(np.any(np.diff(each) <= 0) for each in edges):
        raise ConfidentialError("lat and lon must increase; use ds.sortby first")
    return Table(name, status, value, labels, edges, selection_of(ds), frozen)


def selection_of(ds: Any) -> tuple:
    """What was counted: equal for two tables of the same tracks in the same way."""
    variable = variable_of(ds)
    return variable, tuple((key, str(ds.attrs.get(key, ""))) for key in _SAME)


def withhold_related(
    products: Mapping[str, Any] | Iterable[Any], *, protection: float = PROTECTION
) -> Any:
    """Withhold further cells, so that tables published together keep their secrets.

    Parameters
    ----------
    products : mapping or list of Datasets
        What ``vessel_hours``, ``vessel_distance`` and ``transit_counts`` returned for
        the same tracks: by class, by month, by both or neither, on grids of which
        each divides the next coarser one. Other grids, and those that were asked for
        with fewer than three vessels a cell, pass unchanged.
    protection : float in [0, 1)
        A withheld amount that an interval [a, b] is known of needs a ≤ (1 - p) b.

    Returns
    -------
    mapping or list, as given
        The tables with more cells withheld (NaN, 1 in ``withheld``), the account moved
        from exported to withheld, and the total withheld where it would tell. Nothing
        tells the two kinds of withheld cells apart.

    Raises
    ------
    ConfidentialError
        Grids that do not divide each other.

    Notes
    -----
    Tables of the same quantity counted in another way (another ``gap``) get the same
    cells withheld: their values are near each other. Cost: about a millisecond for
    each place (cell of the coarsest grid) where something is withheld.

    Examples
    --------
    >>> import oceandata as od
    >>> by_class, total = od.withhold_related([by_class, total])  # doctest: +SKIP
    """
    if not 0 <= protection < 1:
        raise ValueError(f"protection must lie in [0, 1), got {protection}")
    named = isinstance(products, Mapping)
    given = dict(products) if named else dict(enumerate(products))
    out = dict(given)
    for group in _related(given):
        tables = {key: table_of(given[key], name=str(key)) for key in group}
        protect_tables(list(tables.values()), protection=protection)
        closed = _closed(list(tables.values()))
        for key, table in tables.items():
            out[key] = applied(given[key], table, closed=closed)
    return out if named else list(out.values())


JOINED = ("total", "withheld", "off_grid")
"""Parts of an account that join places: differences of them tell of withheld cells."""


def _closed(tables: list[Table]) -> tuple[str, ...]:
    """The parts of the accounts that are withheld, in all tables alike.

    The total in one table gives the withheld sum of another; what lies off one grid
    and on another is the difference of what is off each.
    """
    if len(tables) == 1 or not any(table.hidden.any() for table in tables):
        return ()
    ends = [[edge[k] for edge in t.edges for k in (0, -1)] for t in tables]
    return JOINED[: 2 if np.allclose(ends, ends[0], atol=1e-9) else 3]


def _related(products: Mapping) -> list[list]:
    """Keys of the tables of each quantity, in their order."""
    groups: dict[str, list] = {}
    for key, ds in products.items():
        names = {str(name) for name in getattr(ds, "data_vars", ())}
        closed = (masking.min_vessels(ds.attrs) or 0) >= masking.MIN_VESSELS
        if names & masking.DENSITY and "withheld" in names and closed:
            groups.setdefault(variable_of(ds), []).append(key)
    return list(groups.values())


def protect_tables(tables: list[Table], *, protection: float = PROTECTION) -> None:
    """Withhold cells of the tables that are not frozen, in place.

    Tables of one selection are solved together; those of another way of counting get
    each other's withheld cells, and as their values are near each other they are solved
    once more as if they were one selection, until nothing changes.
    """
    kinds: dict[tuple, list[Table]] = {}
    for table in tables:
        kinds.setdefault(table.selection, []).append(table)
    while True:
        before = sum(int(t.hidden.sum()) for t in tables)
        for group in kinds.values():
            _protect_group(group, protection)
        if len(kinds) == 1:
            return
        _share_masks(tables)
        if near := _near(tables):
            _protect_group(near, protection)
            _share_masks(tables)
        if sum(int(t.hidden.sum()) for t in tables) == before:
            return


def _near(tables: list[Table]) -> list[Table]:
    """One table of each form; only those that lie on the place of another one."""
    each = [same[0] for same in _forms(tables)]
    return [t for t in each if any(t is not o and meet(t, o) for o in each)]


def meet(a: Table, b: Table) -> bool:
    """Whether two tables share a place."""
    (south, west), (low, left) = ([e[0] for e in t.edges] for t in (a, b))
    (north, east), (high, right) = ([e[-1] for e in t.edges] for t in (a, b))
    turns = [360.0 * k for k in (-1, 0, 1)]
    beside = any(west < right + k and left + k < east for k in turns)
    return south < high and low < north and beside


def _forms(tables: list[Table]) -> list[list[Table]]:
    """Tables of the same classes, months and cells."""
    forms: dict[tuple, list[Table]] = {}
    for table in tables:
        ends = tuple((float(e[0]), float(e[-1]), e.size) for e in table.edges)
        forms.setdefault((table.labels, ends), []).append(table)
    return list(forms.values())


def _share_masks(tables: list[Table]) -> None:
    """The same cells withheld in tables of the same form."""
    for same in _forms(tables):
        union = np.logical_or.reduce([table.hidden for table in same])
        for table in same:
            if not table.frozen:
                table.status[union & (table.status == SHOWN)] = SECONDARY


def _protect_group(tables: list[Table], protection: float) -> None:
    lattice = Lattice.of(tables)
    for place, cells in lattice.places():
        status = [int(t.status[at]) for t, at in cells]
        block = Block(
            rows=lattice.rows(place, cells),
            status=status,
            value=[float(np.nan_to_num(t.value[at])) for t, at in cells],
            frozen=[t.frozen for t, _ in cells],
            protection=protection,
        )
        for k in protect(block):
            table, at = cells[k]
            table.status[at] = SECONDARY


def applied(ds: Any, table: Table, *, closed: tuple[str, ...] = ()) -> Any:
    """The product with the table's withheld cells and its account put right.

    closed : parts of the account that are withheld
    """
    variable = variable_of(ds)
    dims = [dim for dim in DIMS if dim in ds[variable].dims]
    drop = tuple(k for k, dim in enumerate(DIMS) if dim not in dims)
    hidden = np.squeeze(table.hidden, axis=drop)
    new = hidden & (ds["withheld"].transpose(*dims).values == 0)
    if not new.any() and not closed:
        return ds
    out = ds.copy()
    values = ds[variable].transpose(*dims).values.copy()
    moved = values[new]
    values[new] = np.nan
    for name, content in ((variable, values), ("withheld", hidden.astype(np.int8))):
        array = ds[name]
        made = array.transpose(*dims).copy(data=content.astype(array.dtype))
        out[name] = made.transpose(*array.dims)
    out.attrs = _account(ds.attrs, variable, moved, int(hidden.sum()), closed)
    return out


_PER_UNIT = {"us": 3.6e9, "mm": 1e6, "transits": 1.0}


def _account(attrs, variable, moved, cells: int, closed) -> dict[str, Any]:
    """Attributes with the protected cells moved from exported to withheld."""
    out, unit = dict(attrs), masking.unit_of(attrs)
    out["withheld_cells"] = cells
    if unit is None:
        return out
    amount = sum(round(float(value) * _PER_UNIT.get(unit, 1.0)) for value in moved)
    told = str(attrs.get(f"exported_{unit}", ""))
    if told.isdigit():
        out[f"exported_{unit}"] = str(int(told) - amount)
    if str(attrs.get(f"withheld_{unit}", "")).isdigit():
        out[f"withheld_{unit}"] = str(int(attrs[f"withheld_{unit}"]) + amount)
    # The sum over all withheld cells is one more equation between the tables.
    return out | {f"{part}_{unit}": "withheld" for part in closed}
