"""An attacker, in plain terms: all published tables as one linear system.

Unknowns are the hours of each class, month and finest cell. Every shown cell is an
equation, an empty one too. Exact fractions say what follows; a linear programme says
how closely an amount that is at least zero is bounded.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

MONTHS = np.array(["2024-01", "2024-02", "2024-03"], "M8[us]")


def small_sea(seed, *, n_class=3, n_month=2, ny=2, nx=4, vessels=9, most=6):
    """Vessels with integer hours in base cells: (vessel, class, month, y, x)."""
    rng = np.random.default_rng(seed)
    hours = np.zeros((vessels, n_class, n_month, ny, nx), np.int64)
    for vessel in range(vessels):
        kind = rng.integers(n_class)
        for _ in range(rng.integers(1, most)):
            place = rng.integers(n_month), rng.integers(ny), rng.integers(nx)
            hours[(vessel, kind, *place)] += rng.integers(1, 50)
    return hours


def product(hours, *, by=(), coarse=1, least=3, step=0.5):
    """What vessel_hours would give: sums, and cells of few vessels withheld."""
    import xarray as xr

    axes = {"class": 1, "month": 2}
    summed = hours
    for name in ("class", "month"):
        if name not in by:
            summed = summed.sum(axis=axes[name], keepdims=True)
    v, c, m, ny, nx = summed.shape
    shape = v, c, m, ny // coarse, coarse, nx // coarse, coarse
    summed = summed.reshape(shape).sum(axis=(4, 6))
    count, total = (summed > 0).sum(axis=0), summed.sum(axis=0)
    hidden = (count > 0) & (count < least)
    value = np.where(hidden, np.nan, total.astype(float))
    dims, coords, index = ["lat", "lon"], {}, [0, 0]
    if "month" in by:
        dims, index[1] = ["month", *dims], slice(None)
        coords["month"] = MONTHS[:m]
    if "class" in by:
        dims, index[0] = ["ship_class", *dims], slice(None)
        coords["ship_class"] = np.array(["cargo", "fishing", "tanker"][:c], object)
    size = step * coarse
    coords["lon"] = 120.0 + size * (np.arange(nx // coarse) + 0.5)
    coords["lat"] = 35.0 + size * (np.arange(ny // coarse) + 0.5)
    for name, half in (("lon", size / 2), ("lat", size / 2)):
        ends = np.stack([coords[name] - half, coords[name] + half], axis=1)
        coords[f"{name}_bounds"] = ((name, "bounds"), ends)
    us = 3_600_000_000
    attrs = {
        "total_us": str(int(total.sum()) * us),
        "exported_us": str(int(total[~hidden].sum()) * us),
        "withheld_us": str(int(total[hidden].sum()) * us),
        "off_grid_us": "0",
        "over_gap_us": "0",
        "withheld_cells": int(hidden.sum()),
        "min_vessels": least,
        "by": " ".join(by),
    }
    data = {
        "vessel_hours": (dims, value[tuple(index)], {"units": "h"}),
        "withheld": (dims, hidden[tuple(index)].astype(np.int8)),
    }
    return xr.Dataset(data, coords, attrs)


def equations(products, shape, *, step=0.5):
    """Rows (unknowns) and amounts of all shown cells; rows of all withheld ones."""
    shown, amounts, hidden = [], [], []
    number = np.arange(np.prod(shape)).reshape(shape)
    for ds in products:
        coarse = round(float(ds.lon_bounds[0, 1] - ds.lon_bounds[0, 0]) / step)
        array = ds["vessel_hours"]
        for at in np.ndindex(array.shape):
            where = dict(zip(array.dims, at, strict=True))
            c = where.get("ship_class", slice(None))
            m = where.get("month", slice(None))
            y, x = (where[d] * coarse for d in ("lat", "lon"))
            part = np.ravel(number[c, m, y : y + coarse, x : x + coarse])
            row = np.zeros(number.size)
            row[part] = 1
            if ds["withheld"].values[at]:
                hidden.append(row)
            else:
                shown.append(row)
                amounts.append(float(array.values[at]))
    return np.array(shown), np.array(amounts), hidden


def echelon(rows):
    """Reduced row echelon form in exact fractions: list of rows."""
    work = [[Fraction(int(x)) for x in row] for row in rows]
    done = []
    for column in range(len(work[0]) if work else 0):
        pivot = next((row for row in work if row[column] != 0), None)
        if pivot is None:
            continue
        work = [row for row in work if row is not pivot]
        pivot = [x / pivot[column] for x in pivot]

        def without(row, pivot=pivot, column=column):
            f = row[column]
            if f == 0:
                return row
            return [a - f * b for a, b in zip(row, pivot, strict=True)]

        work = [without(row) for row in work]
        done = [without(row) for row in done] + [pivot]
        work = [row for row in work if any(row)]
    return done


def follows(form, row):
    """Whether a sum of unknowns is determined by equations in echelon form."""
    left = [Fraction(int(x)) for x in row]
    for pivot in form:
        column = next(k for k, x in enumerate(pivot) if x != 0)
        if left[column] != 0:
            f = left[column]
            left = [a - f * b for a, b in zip(left, pivot, strict=True)]
    return not any(left)


def interval(shown, amounts, row):
    """Least and most that a sum of unknowns can be, by linear programming."""
    from scipy.optimize import linprog

    ends = []
    for sign in (1, -1):
        best = linprog(sign * row, A_eq=shown, b_eq=amounts, bounds=(0, None))
        ends.append(sign * best.fun if best.status == 0 else np.inf)
    return ends
