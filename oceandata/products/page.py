"""The page around maps: frames placed in inches, words set, file written."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cartopy.crs as ccrs
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from oceandata.products import draw, fonts, origin
from oceandata.products import view as views
from oceandata.products.atomic import replacing
from oceandata.products.basemaps import Basemap
from oceandata.products.captions import Words
from oceandata.products.words import say

FORMATS = (".png", ".pdf", ".svg")
_LEFT, _RIGHT, _TOP, _BOTTOM = 0.62, 1.12, 0.78, 0.86
NARROW = 6.4
"""Inches that a page has at least, for its words."""


def projected(view: views.View, projection: Any) -> tuple[ccrs.Projection, tuple]:
    """Projection of a map and its limits in metres."""
    if not isinstance(projection, ccrs.Projection):
        kind = views.kind_of(view, projection)
        projection = views.projection_of(view, kind)
    if view.is_global:
        x, y = projection.x_limits, projection.y_limits
        return projection, (*x, *y)
    return projection, views.limits(view, projection)


def single(
    view: views.View, projection: Any, base: Basemap | None = None
) -> tuple[Figure, Any, Any]:
    """A figure with one map frame and the frame of its colour bar."""
    projection, box = projected(view, projection)
    width, height = views.page((box[3] - box[2]) / (box[1] - box[0]))
    page_width = max(width + _LEFT + _RIGHT, NARROW)
    fig = Figure(figsize=(page_width, height + _TOP + _BOTTOM), facecolor="white")
    FigureCanvasAgg(fig)
    place = _placer(fig)
    ax = fig.add_axes(place(_LEFT, _BOTTOM, width, height), projection=projection)
    _frame(ax, view, box, base)
    bar = min(height, 4.2)
    cax = fig.add_axes(
        place(_LEFT + width + 0.18, _BOTTOM + (height - bar) / 2, 0.16, bar)
    )
    return fig, ax, cax


def several(
    view: views.View,
    projection: Any,
    base: Basemap | None = None,
    *,
    count: int,
    columns: int,
) -> tuple[Figure, list, Any]:
    """A figure with `count` equal map frames and one horizontal colour bar."""
    projection, box = projected(view, projection)
    aspect = (box[3] - box[2]) / (box[1] - box[0])
    width = (9.2 - _LEFT - 0.3 - 0.45 * (columns - 1)) / columns
    height = width * aspect
    if height > 4.6:
        width, height = 4.6 / aspect, 4.6
    rows = -(-count // columns)
    gap_x, gap_y, foot = 0.45, 0.55, 1.62
    page_width = max(_LEFT + 0.3 + columns * width + gap_x * (columns - 1), NARROW)
    page_height = 1.05 + foot + rows * height + gap_y * (rows - 1)
    fig = Figure(figsize=(page_width, page_height), facecolor="white")
    FigureCanvasAgg(fig)
    place = _placer(fig)
    frames = []
    for number in range(count):
        row, column = divmod(number, columns)
        left = _LEFT + column * (width + gap_x)
        bottom = foot + (rows - 1 - row) * (height + gap_y)
        ax = fig.add_axes(place(left, bottom, width, height), projection=projection)
        _frame(ax, view, box, base)
        frames.append(ax)
    bar = min(4.6, page_width - 2 * _LEFT)
    cax = fig.add_axes(place((page_width - bar) / 2, 1.12, bar, 0.13))
    return fig, frames, cax


def write_words(fig: Figure, words: Words, *, left: float = _LEFT) -> None:
    """Title and subtitle above, withheld cells and sources below."""
    wide, high = fig.get_size_inches()
    x = left / wide
    fig.text(
        x,
        1 - 0.34 / high,
        words.title,
        fontsize=13,
        fontweight="bold",
        va="center",
        ha="left",
    )
    if words.subtitle:
        fig.text(
            x,
            1 - 0.60 / high,
            words.subtitle,
            fontsize=9,
            color=draw.FAINT,
            va="center",
        )
    if words.withheld:
        draw.withheld_key(fig, words.withheld, at=(x, 0.50 / high))
    fig.text(
        x,
        0.14 / high,
        words.foot,
        fontsize=6.5,
        color=draw.FAINT,
        va="center",
        gid="foot",
    )


def finish(
    fig: Figure,
    path: str | os.PathLike | None,
    *,
    words: Words,
    dpi: int,
    record: Mapping[str, Any] | str,
) -> Figure | Path:
    """The figure itself, or the path of the file it was written to."""
    fig.set_dpi(dpi)
    if fonts.fit(fig):
        _say_substituted(fig, words)
    if path is None:
        return fig
    target = Path(path)
    suffix = target.suffix.lower()
    if suffix not in FORMATS:
        raise ValueError(
            f"{target.name}: a map is written as {', '.join(FORMATS)}; "
            f"got {suffix or 'no suffix'}"
        )
    with replacing(target) as part:
        fig.savefig(
            part,
            format=suffix[1:],
            dpi=dpi,
            metadata=_metadata(suffix, words, record),
        )
    return target


def _say_substituted(fig: Figure, words: Words) -> None:
    """Add to the footnote what the sign for a missing character means."""
    foot = next(text for text in fig.texts if text.get_gid() == "foot")
    said = say(words.language, "substituted")
    foot.set_text(f"{foot.get_text()}  |  {said}")


def _metadata(suffix: str, words: Words, record: Mapping[str, Any] | str) -> dict:
    text = record if isinstance(record, str) else origin.as_json(record)
    maker = f"oceandata {origin.software().get('oceandata', '')}"
    if suffix == ".png":
        return {
            "Title": words.title,
            "Description": words.subtitle or words.title,
            "Software": maker,
            "Creation Time": origin.created().strftime("%Y-%m-%dT%H:%M:%SZ"),
            "provenance": text,
        }
    if suffix == ".pdf":
        when = origin.created()
        return {
            "Title": words.title,
            "Subject": text,
            "Creator": maker,
            "CreationDate": when,
            "ModDate": when,
        }
    return {
        "Title": words.title,
        "Description": text,
        "Creator": maker,
        "Date": origin.created().strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _placer(fig: Figure):
    wide, high = fig.get_size_inches()

    def place(left, bottom, width, height):
        return left / wide, bottom / high, width / wide, height / high

    return place


def _frame(ax: Any, view: views.View, box: tuple, base: Basemap | None) -> None:
    if view.is_global:
        ax.set_global()
    else:
        ax.set_xlim(box[0], box[1])
        ax.set_ylim(box[2], box[3])
    if base is None or not base.is_raster:
        draw.ground(ax, view)
    if base is not None:
        base.draw(ax)
