"""Maps of gridded products, drawn offline and fit to be shown.

Figures are made without pyplot, so that neither the user's backend nor the list of
open figures is touched.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from oceandata.errors import SchemaError
from oceandata.products import basemaps, cf, draw, masking, page, rights, select
from oceandata.products import captions as texts
from oceandata.products import scale as scales
from oceandata.products import view as views
from oceandata.products.guard import exporter
from oceandata.products.words import require_language as words_in

_CELLS = 1800
_PANELS = 24


@dataclass(frozen=True)
class Layer:
    """What one map shows: values and withheld cells on the edges of their grid.

    Longitudes and latitudes increase; `block` cells a side were averaged.
    """

    lon_edges: np.ndarray
    lat_edges: np.ndarray
    values: np.ndarray
    hidden: np.ndarray | None
    block: int

    @property
    def view(self) -> views.View:
        lon, lat = self.lon_edges, self.lat_edges
        return views.View(float(lon[0]), float(lon[-1]), float(lat[0]), float(lat[-1]))


@exporter("map")
def plot_map(
    data: xr.Dataset | xr.DataArray,
    path: str | os.PathLike | None = None,
    *,
    variable: str | None = None,
    title: str | None = None,
    subtitle: str | None = None,
    label: str | None = None,
    scale: str = "auto",
    projection: Any = "auto",
    cmap: Any = "density",
    vmin: float | None = None,
    vmax: float | None = None,
    credit: str | None = None,
    language: str = "en",
    basemap: str | os.PathLike | None = None,
    approval: str | None = None,
    basemap_credit: str = "",
    provenance: Mapping[str, Any] | None = None,
    dpi: int = 220,
    confidential: str = "withhold",
    sources: Iterable[Mapping[str, Any]] = (),
    override_license: str | Sequence[str] | None = None,
) -> Figure | Path:
    """Draw a grid as a map with coastline, unit and source.

    Parameters
    ----------
    data : Dataset or DataArray (lat, lon)
        Other dimensions must have length one: select or sum first, or use
        :func:`plot_panels`. Cells of a Dataset's ``withheld`` are drawn grey and
        counted in the legend. Zero and missing cells are left clear.
    path : path, optional
        ``.png``, ``.pdf`` or ``.svg``. Without it the Figure is returned.
    variable : str, optional
        Which variable of a Dataset; needed when there are several.
    title, subtitle, label, credit : str, optional
        Words over the map, beside the colour bar, and below (source of the data);
        derived from the attributes where left out.
    scale : {"auto", "log", "linear"}
        ``"auto"`` is logarithmic when the values span more than two decades.
    projection : str or cartopy projection
        ``"auto"``: Equal Earth for the globe, polar stereographic beyond 65 degrees,
        Mercator for local seas, Lambert conformal for wide regions.
    cmap : str or Colormap
        ``"density"`` or any name that Matplotlib knows.
    vmin, vmax : float, optional
        Ends of the colour bar; round numbers around the data otherwise.
    language : {"en", "zh"}
        Of all words that are not given. Chinese is set in a packaged font; a
        character that no font holds is drawn as 〓 and the footnote says so.
    basemap : path, optional
        A raster (GeoTIFF …) or a shapefile to lie under the values. A raster takes
        the place of our land, sea and coastline; lines and areas are added to them.
    approval : str, optional
        Number under which the basemap may be shown (审图号), printed on the map:
        ``"GS(2024)0650号"``. Needed with `basemap`; ``"none"`` says that it has none.
    basemap_credit : str
        Whose basemap it is, for the footnote.
    confidential : {"withhold", "allow"}
        ``"allow"`` draws a density with ``min_vessels`` below 3.
    sources, override_license : optional
        Terms of the inputs, as in :func:`oceandata.to_netcdf`.

    Notes
    -----
    No border of any state is drawn unless the basemap holds it.

    Grids of more than 1,800 columns or rows are averaged in blocks for the picture,
    which the footnote then says.

    Examples
    --------
    >>> import xarray as xr
    >>> sst = xr.DataArray(
    ...     [[12.5, 12.0, 11.0], [10.0, 9.5, 9.0]], dims=("lat", "lon"), name="sst",
    ...     coords={"lat": [35.5, 36.5], "lon": [120.5, 121.5, 122.5]},
    ...     attrs={"long_name": "Sea surface temperature", "units": "degree_C"})
    >>> figure = plot_map(sst, scale="linear")
    >>> figure.axes[1].get_ylabel()
    'Sea surface temperature (°C)'
    """
    masking.require_releasable(data, confidential=confidential)
    ds = select.picked(data, variable)
    array = ds[ds.attrs["picked"]]
    long = [dim for dim in select.leading(array) if array.sizes[dim] > 1]
    if long:
        raise SchemaError(
            f"{array.name} has dimensions {array.dims}; a map shows (lat, lon): select "
            f"or sum over {', '.join(long)}, or use plot_panels"
        )
    ds, array = _flat(ds, array)
    layer = _layer(ds, array)
    norm, extend = scales.norm_of(layer.values, scale=scale, vmin=vmin, vmax=vmax)
    given = {"title": title, "subtitle": subtitle, "label": label, "credit": credit}
    record, terms = rights.cleared(
        data,
        provenance=provenance,
        sources=sources,
        override_license=override_license,
    )
    base = basemaps.read(basemap, approval=approval, credit=basemap_credit)
    ds = ds.assign_attrs(terms)
    with mpl.rc_context(draw.style(words_in(language))):
        words = texts.words_of(
            ds,
            array,
            _hidden(ds, array),
            layer.block,
            language=language,
            ground=basemaps.words(base, language),
            **given,
        )
        fig, ax, cax = page.single(layer.view, projection, base)
        mesh = _draw(ax, layer, cmap=cmap, norm=norm)
        draw.graticule(ax, layer.view)
        draw.colour_bar(fig, cax, mesh, label=words.label, extend=extend)
        draw.scale_bar(fig, ax, layer.view, language=language)
        page.write_words(fig, words)
        return page.finish(
            fig, path, words=words, dpi=dpi, record=record | basemaps.record(base)
        )


@exporter("panels")
def plot_panels(
    data: xr.Dataset | xr.DataArray,
    path: str | os.PathLike | None = None,
    *,
    by: str | None = None,
    variable: str | None = None,
    columns: int | None = None,
    title: str | None = None,
    subtitle: str | None = None,
    label: str | None = None,
    scale: str = "auto",
    projection: Any = "auto",
    cmap: Any = "density",
    vmin: float | None = None,
    vmax: float | None = None,
    credit: str | None = None,
    language: str = "en",
    basemap: str | os.PathLike | None = None,
    approval: str | None = None,
    basemap_credit: str = "",
    provenance: Mapping[str, Any] | None = None,
    dpi: int = 220,
    confidential: str = "withhold",
    sources: Iterable[Mapping[str, Any]] = (),
    override_license: str | Sequence[str] | None = None,
) -> Figure | Path:
    """Draw one small map for each month, class or other step, in one colour scale.

    Parameters
    ----------
    data : Dataset or DataArray (by, lat, lon)
        Cells of a Dataset's ``withheld`` are drawn grey and counted over all panels.
        Steps of such a Dataset that have neither values nor withheld cells get no
        panel.
    path : path, optional
        ``.png``, ``.pdf`` or ``.svg``. Without it the Figure is returned.
    by : str, optional
        The dimension that the panels follow, at most 24 steps. Default: the only one
        beside latitude and longitude.
    columns : int, optional
        How many stand side by side.

    The others are those of :func:`plot_map`.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> sst = xr.DataArray(
    ...     np.ones((2, 2, 3)), dims=("month", "lat", "lon"), name="sst",
    ...     coords={"lat": [35.5, 36.5], "lon": [120.5, 121.5, 122.5],
    ...             "month": np.array(["2024-01", "2024-02"], "M8[ns]")})
    >>> len(plot_panels(sst, by="month").axes)
    3
    """
    masking.require_releasable(data, confidential=confidential)
    ds = select.picked(data, variable)
    array = ds[ds.attrs["picked"]]
    leading = [d for d in select.leading(array) if array.sizes[d] > 1]
    if by is None and len(leading) == 1:
        (by,) = leading
    extra = [d for d in leading if d != by]
    if by not in array.dims or extra:
        raise SchemaError(
            f"{array.name} has dimensions {array.dims}; panels show one of "
            f"them beside lat and lon (by={by!r}): select or sum over the others"
        )
    count = array.sizes[by]
    if count > _PANELS:
        raise ValueError(f"{by} has {count} steps; at most {_PANELS} fit one figure")
    pairs = [_flat(ds.isel({by: i}), array.isel({by: i})) for i in range(count)]
    pairs = _with_content(pairs)
    layers = [_layer(*pair) for pair in pairs]
    every = np.concatenate([layer.values.ravel() for layer in layers])
    norm, extend = scales.norm_of(every, scale=scale, vmin=vmin, vmax=vmax)
    given = {"title": title, "subtitle": subtitle, "label": label, "credit": credit}
    record, terms = rights.cleared(
        data,
        provenance=provenance,
        sources=sources,
        override_license=override_license,
    )
    base = basemaps.read(basemap, approval=approval, credit=basemap_credit)
    ds = ds.assign_attrs(terms)
    with mpl.rc_context(draw.style(words_in(language))):
        words = texts.words_of(
            ds,
            array,
            _all_hidden(pairs),
            layers[0].block,
            language=language,
            ground=basemaps.words(base, language),
            **given,
        )
        columns = columns or min(len(pairs), 3 if layers[0].view.is_local else 2)
        fig, frames, cax = page.several(
            layers[0].view, projection, base, count=len(pairs), columns=columns
        )
        for ax, layer, (_, each) in zip(frames, layers, pairs, strict=True):
            mesh = _draw(ax, layer, cmap=cmap, norm=norm)
            draw.graticule(ax, layer.view, small=True)
            ax.set_title(
                _panel_title(each, by, language), fontsize=9, loc="left", pad=5
            )
        draw.colour_bar(
            fig, cax, mesh, label=words.label, extend=extend, orientation="horizontal"
        )
        page.write_words(fig, words)
        return page.finish(
            fig, path, words=words, dpi=dpi, record=record | basemaps.record(base)
        )


def _panel_title(array: xr.DataArray, by: str, language: str) -> str:
    if by not in array.coords:
        return ""
    name = texts.value_of(array.coords[by].values, language)
    return name[:1].upper() + name[1:]


def _all_hidden(pairs: list[tuple]) -> np.ndarray | None:
    """Withheld cells of all panels in one row; None where there are no flags."""
    hidden = [_hidden(*pair) for pair in pairs]
    hidden = [each.ravel() for each in hidden if each is not None]
    return np.concatenate(hidden) if hidden else None


def _with_content(pairs: list[tuple]) -> list[tuple]:
    """The steps of a density that have anything to show; all of them if none has."""
    if "withheld" not in pairs[0][0]:
        return pairs
    kept = [
        (ds, array)
        for ds, array in pairs
        if np.nan_to_num(array.values).any() or ds["withheld"].values.any()
    ]
    return kept or pairs


def _flat(ds: xr.Dataset, array: xr.DataArray) -> tuple[xr.Dataset, xr.DataArray]:
    """Dataset and variable without their dimensions of length one."""
    ones = dict.fromkeys(select.leading(array), 0)
    ds = ds.isel(ones)
    return ds, ds[ds.attrs["picked"]].transpose("lat", "lon")


def _hidden(ds: xr.Dataset, array: xr.DataArray) -> np.ndarray | None:
    cells = select.hidden_cells(ds, array)
    return None if cells is None else cells.values


def _layer(ds: xr.Dataset, array: xr.DataArray) -> Layer:
    lon, lat = cf.edges_of(ds, "lon"), cf.edges_of(ds, "lat")
    values = np.asarray(array.values, dtype=float)
    hidden = _hidden(ds, array)
    flip = (slice(None, None, -1 if lat[0] > lat[-1] else 1),)
    flip += (slice(None, None, -1 if lon[0] > lon[-1] else 1),)
    layer = Layer(
        np.sort(lon),
        np.sort(lat),
        values[flip],
        None if hidden is None else hidden[flip],
        1,
    )
    block = -(-max(values.shape) // _CELLS)
    return layer if block == 1 else _coarse(layer, block)


def _coarse(layer: Layer, block: int) -> Layer:
    """Means of block × block cells, for grids finer than any page."""
    values = _blocks(layer.values, block)
    good = np.isfinite(values)
    count = good.sum(axis=(1, 3))
    total = np.where(good, values, 0.0).sum(axis=(1, 3))
    mean = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    hidden = layer.hidden
    if hidden is not None:
        some = np.nan_to_num(_blocks(hidden.astype(float), block)).any(axis=(1, 3))
        hidden = some & ~(mean > 0)
    return replace(
        layer,
        lon_edges=_every(layer.lon_edges, block),
        lat_edges=_every(layer.lat_edges, block),
        values=mean,
        hidden=hidden,
        block=block,
    )


def _blocks(values: np.ndarray, block: int) -> np.ndarray:
    ny, nx = (-(-n // block) for n in values.shape)
    rows, columns = ny * block - values.shape[0], nx * block - values.shape[1]
    wide = np.pad(values, ((0, rows), (0, columns)), constant_values=np.nan)
    return wide.reshape(ny, block, nx, block)


def _every(edges: np.ndarray, block: int) -> np.ndarray:
    taken = edges[::block]
    return taken if (edges.size - 1) % block == 0 else np.append(taken, edges[-1])


def _draw(ax, layer: Layer, *, cmap: Any, norm) -> Any:
    return draw.cells(
        ax,
        layer.lon_edges,
        layer.lat_edges,
        layer.values,
        layer.hidden,
        cmap=scales.colours(cmap),
        norm=norm,
    )
