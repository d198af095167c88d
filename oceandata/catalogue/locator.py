"""A small map of where a dataset lies, drawn from the packaged coastline as SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

import shapely
from shapely.affinity import translate

from oceandata import coast
from oceandata.catalogue.entries import Box

WIDTH, HEIGHT = 300, 190
_LEAST = 12.0
"""A view is at least so many degrees wide, that one knows where it is."""


def locator(box: Box, label: str) -> str:
    """An SVG picture of a box (red) with the land around it.

    Parameters
    ----------
    box : (west, south, east, north)
        Degrees; west > east across the dateline.
    label : str
        What a reader who cannot see it is told.

    Returns
    -------
    str
        An ``<svg>`` element that loads nothing. Plate carrée, squeezed by the cosine of
        the middle latitude, so that shapes are right in the middle of the picture.
    """
    west, south, east, north = box
    east = east if east >= west else east + 360
    view, squeeze = _view(west, south, east, north)
    scale = WIDTH / (view[2] - view[0])

    def place(lon: float, lat: float) -> tuple[float, float]:
        return (lon - view[0]) * scale, (view[3] - lat) * scale / squeeze

    left, top = place(west, north)
    right, bottom = place(east, south)
    # A box too small to be seen is drawn as a mark of some pixels.
    grow_x, grow_y = max(3.0 - (right - left) / 2, 0), max(3.0 - (bottom - top) / 2, 0)
    left, right = max(left - grow_x, 0.5), min(right + grow_x, WIDTH - 0.5)
    top, bottom = max(top - grow_y, 0.5), min(bottom + grow_y, HEIGHT - 0.5)
    lines = "".join(_graticule(view, place))
    return (
        f'<svg class="where" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{_escaped(label)}"><rect class="water" width="{WIDTH}" '
        f'height="{HEIGHT}"/><path class="grat" d="{lines}"/>'
        f'<path class="land" d="{_land(view, place)}"/>'
        f'<rect class="box" x="{left:.1f}" y="{top:.1f}" '
        f'width="{right - left:.1f}" height="{bottom - top:.1f}"/>'
        f"{_labels(view, place)}</svg>"
    )


def _view(west: float, south: float, east: float, north: float):
    """The box with a margin, in the shape of the picture; and how it is squeezed."""
    middle = (south + north) / 2
    squeeze = max(math.cos(math.radians(middle)), 0.35)
    wide = max((east - west) * 1.7, (north - south) * 1.7 * WIDTH / HEIGHT / squeeze)
    wide = min(max(wide, _LEAST / squeeze), 360.0)
    high = wide * HEIGHT / WIDTH * squeeze
    if high > 180:
        squeeze, high = squeeze * 180 / high, 180.0
    centre = (west + east) / 2
    low = min(max(middle - high / 2, -90.0), 90.0 - high)
    view = (centre - wide / 2, low, centre + wide / 2, low + high)
    return view, squeeze


@cache
def _shapes(scale: str) -> tuple:
    return coast.shapes("land", scale)


def _land(view: Sequence[float], place) -> str:
    """Path of the land in a view; it may lie on another turn of the globe."""
    wide = view[2] - view[0]
    window, fine = shapely.box(*view), wide / WIDTH
    paths = []
    for shape in _shapes("50m" if wide < 60 else "110m"):
        for turn in (-360, 0, 360):
            w, _, e, _ = shape.bounds
            if w + turn > view[2] or e + turn < view[0]:
                continue
            moved = translate(shape, xoff=turn) if turn else shape
            seen = shapely.intersection(shapely.make_valid(moved), window)
            seen = shapely.simplify(seen, fine * 0.7)
            paths += [_path(part, place) for part in shapely.get_parts(seen)]
    return "".join(path for path in paths if path)


def _path(part, place) -> str:
    if part.geom_type != "Polygon" or part.is_empty:
        return ""
    rings = []
    for ring in (part.exterior, *part.interiors):
        points = [place(x, y) for x, y in ring.coords]
        rings.append("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points[:-1]) + "Z")
    return "".join(rings)


def _step(wide: float) -> float:
    """Degrees between lines: three to six of them."""
    return next(s for s in (1, 2, 5, 10, 20, 30, 60, 90) if wide / s <= 5 or s == 90)


def _lines(view: Sequence[float], axis: int) -> list[float]:
    step = _step(view[2] - view[0])
    first = math.ceil(view[axis] / step) * step
    count = int((view[axis + 2] - first) // step) + 1
    return [first + k * step for k in range(count)]


def _graticule(view: Sequence[float], place):
    for lon in _lines(view, 0):
        yield "M{:.1f} {:.1f}V{:.1f}".format(*place(lon, view[3]), HEIGHT)
    for lat in _lines(view, 1):
        yield "M{:.1f} {:.1f}H{:.1f}".format(*place(view[0], lat), WIDTH)


def _labels(view: Sequence[float], place) -> str:
    out = []
    for lon in _lines(view, 0):
        x, _ = place(lon, 0)
        if 16 < x < WIDTH - 16:
            out.append(_text(x, HEIGHT - 4, _degrees(lon, "WE"), "middle"))
    for lat in _lines(view, 1):
        _, y = place(0, lat)
        if 10 < y < HEIGHT - 18:
            out.append(_text(3, y - 2, _degrees(lat, "SN"), "start"))
    return "".join(out)


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{text}</text>'


def _degrees(value: float, letters: str) -> str:
    value = (value + 180) % 360 - 180 if letters == "WE" else value
    if value == 0 or (abs(value) == 180 and letters == "WE"):
        return f"{abs(value):.0f}°"
    return f"{abs(value):.0f}°{letters[value > 0]}"


def _escaped(text: str) -> str:
    for raw, safe in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(raw, safe)
    return text
