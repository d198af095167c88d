"""The layers of a map: sea, land, values, withheld cells, frame, words."""

from __future__ import annotations

import itertools
from typing import Any

import cartopy.crs as ccrs
import numpy as np
from matplotlib.colors import ListedColormap, LogNorm
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator

from oceandata import coast
from oceandata.products import fonts, words
from oceandata.products import scale as scales
from oceandata.products import view as views

SEA = "#f4f8fb"
LAND = "#e6e1d6"
SHORE = "#6f7479"
WITHHELD = "#a3a8ad"
INK = "#1d2733"
FAINT = "#5d6975"
GRID = "#8fa3b3"

_LENGTHS = (1, 2, 5, 10, 20, 50, 100, 200, 500)

STYLE = {
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.linewidth": 0.7,
    "axes.unicode_minus": True,
    "mathtext.fontset": "dejavusans",
    "text.usetex": False,
    "hatch.linewidth": 0.4,
    "path.simplify": True,
}


def style(language: str = "en") -> dict[str, Any]:
    """Settings of a figure, with letters for the words of a language."""
    return STYLE | {"font.family": fonts.families(language)}


def ground(ax: Any, view: views.View) -> None:
    """Sea and land under the values, the shore above them."""
    ax.set_facecolor(SEA)
    plate = ccrs.PlateCarree()
    if view.is_local and isinstance(ax.projection, ccrs.Mercator):
        land = _fine_land(view)
        ax.add_geometries(land, plate, facecolor=LAND, edgecolor="none", zorder=1)
        ax.add_geometries(
            land, plate, facecolor="none", edgecolor=SHORE, linewidth=0.45, zorder=4
        )
        return
    size = "110m" if view.is_global else "50m"
    width = 0.35 if view.is_global else 0.45
    ax.add_geometries(
        coast.shapes("land", size), plate, facecolor=LAND, edgecolor="none", zorder=1
    )
    ax.add_geometries(
        coast.shapes("coastline", size),
        plate,
        facecolor="none",
        edgecolor=SHORE,
        linewidth=width,
        zorder=4,
    )


def _fine_land(view: views.View) -> list:
    """Land of a local sea, outlined in the 30 arc-second mask.

    The 1:50 million coastline loses bays that a harbour map needs.
    """
    import shapely
    from contourpy import FillType, contour_generator

    lon, lat, land = coast.land_mask(
        west=view.west - 0.1,
        east=min(view.east + 0.1, view.west + 359),
        south=max(view.south - 0.1, -90),
        north=min(view.north + 0.1, 90),
    )
    soft = _blurred(land)
    x, y = 0.5 * (lon[1:] + lon[:-1]), 0.5 * (lat[1:] + lat[:-1])
    lines = contour_generator(x, y, soft, fill_type=FillType.OuterOffset)
    polygons = []
    for points, offsets in zip(*lines.filled(0.5, 2.0), strict=True):
        rings = [points[a:b] for a, b in itertools.pairwise(offsets)]
        polygons.append(shapely.Polygon(rings[0], rings[1:]))
    simple = shapely.simplify(np.array(polygons, dtype=object), view.width / 4000)
    return [each for each in simple if not each.is_empty]


def _blurred(land: np.ndarray) -> np.ndarray:
    """Mean of each cell with its neighbours: rounds the corners of the mask."""
    wide = np.pad(land.astype(np.float32), 1, mode="edge")
    rows = wide[:-2] + 2 * wide[1:-1] + wide[2:]
    return (rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]) / 16


def cells(ax, lon_edges, lat_edges, values, hidden, *, cmap, norm) -> Any:
    """Coloured cells, zero and missing ones left clear, withheld ones grey."""
    shown = np.ma.masked_invalid(values)
    if norm.vmin >= 0:
        shown = np.ma.masked_less_equal(shown, 0)
    if hidden is not None and hidden.any():
        grey = np.ma.masked_where(~hidden, np.ones(hidden.shape))
        _mesh(ax, lon_edges, lat_edges, grey, cmap=ListedColormap([WITHHELD]), zorder=2)
    return _mesh(ax, lon_edges, lat_edges, shown, cmap=cmap, norm=norm, zorder=3)


def _mesh(ax, lon_edges, lat_edges, values, **style):
    style |= {"shading": "flat", "rasterized": True, "linewidth": 0}
    style |= {"antialiased": False}
    plate = ccrs.PlateCarree()
    if isinstance(ax.projection, ccrs.EqualEarth | ccrs.PlateCarree):
        return ax.pcolormesh(lon_edges, lat_edges, values, transform=plate, **style)
    lon, lat = np.meshgrid(lon_edges, np.clip(lat_edges, -89.999, 89.999))
    xy = ax.projection.transform_points(plate, lon, lat)
    # Projected here: cartopy would look for cells that wrap, and find the dateline.
    return ax.pcolormesh(xy[..., 0], xy[..., 1], values, **style)


def graticule(ax: Any, view: views.View, *, small: bool = False) -> None:
    """Thin meridians and parallels with their degrees on the left and below."""
    about = 3 if small else 5 if view.is_local else 7
    lines = ax.gridlines(
        draw_labels=True, linewidth=0.4, color=GRID, alpha=0.55, zorder=5
    )
    if view.is_global:
        lons, lats = np.arange(-180, 181, 60), np.arange(-60, 61, 30)
    else:
        lons = (views.ticks(view.west, view.east, about=about) + 180) % 360 - 180
        lats = views.ticks(view.south, view.north, about=about)
    lines.xlocator, lines.ylocator = FixedLocator(np.unique(lons)), FixedLocator(lats)
    lines.top_labels = lines.right_labels = False
    lines.x_inline = lines.y_inline = False
    lines.rotate_labels = False
    font = {"size": 6.5 if small else 8, "color": FAINT}
    lines.xlabel_style, lines.ylabel_style = font, font
    ax.spines["geo"].set_linewidth(0.7)
    ax.spines["geo"].set_edgecolor(INK)


def colour_bar(
    fig, cax, mesh, *, label: str, extend: str, orientation: str = "vertical"
) -> Any:
    """Bar with plain numbers and the unit in its label."""
    bar = fig.colorbar(
        mesh, cax=cax, extend=extend, extendfrac=0.03, orientation=orientation
    )
    axis = cax.yaxis if orientation == "vertical" else cax.xaxis
    if isinstance(mesh.norm, LogNorm):
        decades = np.log10(mesh.norm.vmax / mesh.norm.vmin)
        subs = (1.0,) if decades > 2.5 else (1.0, 2.0, 5.0)
        axis.set_major_locator(LogLocator(subs=subs, numticks=20))
        axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(scales.tick_text))
    bar.set_label(label, fontsize=9, labelpad=7)
    bar.outline.set_linewidth(0.6)
    bar.ax.tick_params(labelsize=8, length=3, width=0.6)
    return bar


def withheld_key(fig, text: str, *, at: tuple[float, float]) -> None:
    """Legend of the grey cells, with how many they are."""
    fig.legend(
        handles=[Patch(facecolor=WITHHELD, edgecolor="none", label=text)],
        loc="upper left",
        bbox_to_anchor=at,
        bbox_transform=fig.transFigure,
        frameon=False,
        fontsize=8,
        handlelength=1.1,
        handleheight=1.0,
        borderpad=0,
        borderaxespad=0,
    )


def scale_bar(fig: Any, ax: Any, view: views.View, *, language: str = "en") -> None:
    """Length of so many kilometres at the middle latitude, below a Mercator map."""
    if not (view.is_local and isinstance(ax.projection, ccrs.Mercator)):
        return
    stretch = 1 / np.cos(np.radians(view.mid_lat))
    left, right = ax.get_xlim()
    width = (right - left) / stretch / 1000
    length = max(step for step in _LENGTHS if step <= max(0.25 * width, _LENGTHS[0]))
    frame = ax.get_position()
    high = fig.get_figheight()
    share = length / width * frame.width
    wide = fig.get_figwidth()
    # beside the words of a narrow map, below the frame of another
    x1 = frame.x1 if frame.width * wide > 4.2 else 1 - 0.3 / wide
    y = 0.42 / high
    tick = 0.035 / high
    fig.add_artist(
        Line2D(
            [x1 - share, x1 - share, x1, x1],
            [y + tick, y - tick, y - tick, y + tick],
            color=INK,
            linewidth=0.9,
            solid_joinstyle="miter",
        )
    )
    side = "N" if view.mid_lat >= 0 else "S"
    lat = abs(view.mid_lat)
    text = words.say(language, "scale", length=length, lat=lat, side=side)
    fig.text(
        x1 - share - 0.08 / fig.get_figwidth(),
        y,
        text,
        fontsize=7.5,
        color=FAINT,
        ha="right",
        va="center",
    )
