"""Basemaps of the user: a raster or a shapefile under the values, with its approval.

Official maps of China are shown with the number under which they were approved
(审图号). We draw no border of any state ourselves, and judge none that a basemap holds:
whoever gives the file answers for it, and its number is printed on the map.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from oceandata.products import origin
from oceandata.products.words import say

_NUMBER = re.compile(r"^[A-Z\u4e00-\u9fff]{1,8}[(（]\d{4}[)）]\s*\d{1,6}\s*号$")
_SHAPES = (".shp", ".zip")
_PIXELS = 2400
_LINE = "#6f7479"


@dataclass(frozen=True)
class Basemap:
    """A file to lie under the values; `approval` is empty where it has no number."""

    path: Path
    approval: str = ""
    credit: str = ""

    @property
    def is_raster(self) -> bool:
        return self.path.suffix.lower() not in _SHAPES

    def draw(self, ax: Any) -> None:
        """Draw it on a map whose limits are set."""
        if self.is_raster:
            _draw_raster(ax, self.path)
        else:
            _draw_shapes(ax, self.path)


def read(
    path: str | os.PathLike | None, *, approval: str | None, credit: str = ""
) -> Basemap | None:
    """The basemap that was asked for, once its approval number is in order.

    Parameters
    ----------
    path : path, optional
        None gives None.
    approval : str
        As on the map: ``"GS(2024)0650号"``, ``"鲁S(2023)012号"``, with or without the
        word 审图号 before it. ``"none"`` for a basemap that needs no number.

    Raises
    ------
    FileNotFoundError
    ValueError
        No number was given, or it does not look like one.

    Examples
    --------
    >>> read("china.tif", approval=None)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: china.tif: a basemap needs approval=, the number printed on it ...
    """
    if path is None:
        if approval:
            raise ValueError(f"approval={approval!r} was given without a basemap")
        return None
    path = Path(path)
    if not approval:
        raise ValueError(
            f"{path.name}: a basemap needs approval=, the number printed on it "
            '(审图号), such as "GS(2024)0650号"; pass approval="none" for one that '
            "has no number"
        )
    number = re.sub(r"^审图号\s*[:：]?\s*", "", approval.strip())
    if number != "none" and not _NUMBER.match(number):
        raise ValueError(
            f'approval must look like "GS(2024)0650号" or be "none"; got {approval!r}'
        )
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such basemap")
    return Basemap(path, "" if number == "none" else number, credit)


def words(base: Basemap | None, language: str) -> tuple[str, ...]:
    """What the footnote says of the ground: the basemap, and our coast if it shows."""
    if base is None:
        return ()
    found = [] if base.is_raster else [say(language, "coast")]
    if base.credit:
        found.append(say(language, "basemap", credit=base.credit))
    if base.approval:
        found.append(say(language, "approval", number=base.approval))
    return tuple(found) or (say(language, "basemap", credit=base.path.stem),)


def record(base: Basemap | None) -> dict[str, Any]:
    """What the provenance says of it."""
    if base is None:
        return {}
    return {
        "basemap": {
            "name": base.path.name,
            "sha256": origin.hash_file(base.path),
            "approval": base.approval or "none",
        }
    }


def _draw_raster(ax: Any, path: Path) -> None:
    """The raster, brought into the projection of the map at the map's own detail."""
    import rasterio
    from rasterio.enums import Resampling
    from rasterio.warp import reproject

    (west, east), (south, north) = ax.get_xlim(), ax.get_ylim()
    side = _PIXELS / max(east - west, north - south)
    shape = (max(1, round((north - south) * side)), max(1, round((east - west) * side)))
    to = rasterio.transform.from_bounds(west, south, east, north, shape[1], shape[0])
    with rasterio.open(path) as source:
        if source.crs is None:
            raise ValueError(f"{path.name}: the raster has no coordinate system")
        bands, alpha = _bands(source)
        picture = np.zeros((len(bands), *shape), np.uint8)
        for number, values in enumerate(bands):
            reproject(
                values,
                picture[number],
                src_transform=source.transform,
                src_crs=source.crs,
                dst_transform=to,
                dst_crs=ax.projection.to_wkt(),
                resampling=Resampling.nearest if alpha else Resampling.bilinear,
            )
    ax.imshow(
        np.moveaxis(picture, 0, -1),
        extent=(west, east, south, north),
        origin="upper",
        transform=ax.projection,
        zorder=1,
    )
    ax.set_xlim(west, east)
    ax.set_ylim(south, north)


def _bands(source: Any) -> tuple[list[np.ndarray], bool]:
    """Red, green, blue and alpha as bytes; whether they came from a colour table."""
    from rasterio.enums import ColorInterp

    if source.dtypes[0] != "uint8":
        raise ValueError(
            f"{source.name}: a basemap is a picture of bytes, this is "
            f"{source.dtypes[0]}; render it first"
        )
    alpha = source.dataset_mask()
    if source.colorinterp[0] == ColorInterp.palette:
        table = np.zeros((256, 3), np.uint8)
        for number, colour in source.colormap(1).items():
            table[number] = colour[:3]
        picture = table[source.read(1)]
        return [*np.moveaxis(picture, -1, 0), alpha], True
    indexes = [1, 2, 3] if source.count >= 3 else [1, 1, 1]
    return [*source.read(indexes), alpha], False


def _draw_shapes(ax: Any, path: Path) -> None:
    import cartopy.crs as ccrs
    import shapefile
    import shapely.geometry

    with shapefile.Reader(str(path)) as reader:
        shapes = [
            shapely.geometry.shape(each.__geo_interface__)
            for each in reader.iterShapes()
            if each.shapeType != shapefile.NULL
        ]
    move = _to_degrees(path)
    shapes = [_moved(each, move) for each in shapes] if move else shapes
    if any(each.geom_type.endswith("Point") for each in shapes):
        raise ValueError(f"{path.name}: a basemap holds lines or areas, not points")
    ax.add_geometries(
        shapes,
        ccrs.PlateCarree(),
        facecolor="none",
        edgecolor=_LINE,
        linewidth=0.5,
        zorder=3.5,
    )


def _to_degrees(path: Path) -> Any:
    """What turns the coordinates of a shapefile into degrees; None if they are."""
    from pyproj import CRS, Transformer

    beside = path.with_suffix(".prj")
    if not beside.is_file():
        return None
    found = CRS.from_wkt(beside.read_text("utf-8", errors="replace"))
    if found.is_geographic:
        return None
    return Transformer.from_crs(found, "EPSG:4326", always_xy=True)


def _moved(shape: Any, move: Any) -> Any:
    import shapely

    def turned(points: np.ndarray) -> np.ndarray:
        return np.stack(move.transform(points[:, 0], points[:, 1]), axis=1)

    return shapely.transform(shape, turned)
