"""Results of steps between runs: grids kept bit by bit in the output folder.

A NetCDF file for the values; attributes travel as JSON, since NetCDF knows fewer kinds
than Python. These files are the job's own; products are made from them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

_NOTE = "oceandata_attributes"


def save_grid(ds: xr.Dataset, path: Path) -> None:
    """Write a grid so that :func:`load_grid` gives the same values and attributes."""
    from oceandata.products.atomic import replacing

    bare = ds.copy(deep=False).drop_encoding()
    notes = {"": _plain(ds.attrs), "/coords": sorted(map(str, ds.coords))}
    for name in bare.variables:
        notes[str(name)] = _plain(bare[name].attrs)
        bare[name].attrs = {}
    bare.attrs = {_NOTE: json.dumps(notes)}
    path.parent.mkdir(parents=True, exist_ok=True)
    packed = {"zlib": True, "complevel": 1}
    encoding = {
        name: packed
        for name, variable in bare.data_vars.items()
        if variable.ndim and variable.dtype.kind in "fiu"
    }
    with replacing(path) as part:
        bare.to_netcdf(part, engine="netcdf4", encoding=encoding)


def load_grid(path: Path) -> xr.Dataset:
    """The grid that :func:`save_grid` wrote."""
    import xarray as xr

    ds = xr.load_dataset(path, engine="netcdf4").drop_encoding()
    notes = json.loads(ds.attrs[_NOTE])
    ds = ds.set_coords([name for name in notes["/coords"] if name in ds.variables])
    ds.attrs = notes[""]
    for name in ds.variables:
        ds[name].attrs = notes[str(name)]
    return ds


def save_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table so that :func:`load_table` gives the same numbers."""
    from oceandata.products.atomic import replacing

    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as part:
        table.to_csv(part, index=False)


def load_table(path: Path) -> pd.DataFrame:
    """The table that :func:`save_table` wrote."""
    import pandas as pd

    return pd.read_csv(path, keep_default_na=False, na_values=[""])


def _plain(value: Any) -> Any:
    """The value with NumPy's scalars and arrays as plain ones."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    return value if value is None or isinstance(value, int | float) else str(value)
