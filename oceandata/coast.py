"""The packaged coastline and land mask: no download, ever.

Natural Earth land polygons and coastlines (public domain) at 1:110 million and 1:50
million, and a global land mask at 30 arc-seconds made from its 1:10 million polygons.
Islets smaller than those sources are missing.
"""

from __future__ import annotations

import functools
import zlib
from importlib import resources
from pathlib import Path

import numpy as np

CREDIT = "Coastline: Natural Earth (public domain)"
SCALES = ("50m", "110m")
_ROWS, _COLUMNS = 21_600, 43_200
_PER_DEGREE = 120


def data_dir() -> Path:
    """Folder of the packaged geography, laid out as cartopy expects."""
    return Path(str(resources.files("oceandata"))) / "data"


def use_packaged() -> Path:
    """Point cartopy at the packaged coastline, unless it is pointed elsewhere already.

    Afterwards ``ax.coastlines("50m")`` and ``"110m"`` of cartopy work without network.
    """
    import cartopy

    held = str(cartopy.config.get("pre_existing_data_dir", ""))
    if held in ("", "."):
        cartopy.config["pre_existing_data_dir"] = data_dir()
    return data_dir()


@functools.cache
def shapes(name: str, scale: str) -> tuple:
    """Geometries (shapely) of ``land`` or ``coastline`` at ``"50m"`` or ``"110m"``.

    Longitudes lie in [-180, 180]: what crosses the dateline in the source is cut
    there, and land that holds a pole reaches it.
    """
    if name not in ("land", "coastline") or scale not in SCALES:
        raise ValueError(
            f"packaged are land and coastline at {', '.join(SCALES)}; "
            f"asked for {name!r} at {scale!r}"
        )
    import shapefile

    path = data_dir() / "shapefiles" / "natural_earth" / "physical"
    with shapefile.Reader(str(path / f"ne_{scale}_{name}.shp")) as reader:
        parts = [_parts(shape) for shape in reader.iterShapes()]
    made = [_land(part) if name == "land" else _lines(part) for part in parts]
    return tuple(each for each in made if not each.is_empty)


def _parts(shape) -> list[np.ndarray]:
    """Rings or lines of one record, their longitudes made continuous."""
    points = np.asarray(shape.points, dtype=float)
    rings = np.split(points, list(shape.parts)[1:])
    for ring in rings:
        jumps = np.round(np.diff(ring[:, 0]) / 360.0)
        ring[1:, 0] -= 360.0 * np.cumsum(jumps)
    return rings


def _land(rings: list[np.ndarray]):
    """Area of the rings by the even-odd rule: a ring within another is a hole."""
    import shapely

    area = shapely.Polygon()
    for ring in rings:
        first, last = ring[0, 0], ring[-1, 0]
        if abs(last - first) > 180:  # the ring goes round a pole
            pole = 90.0 if ring[:, 1].mean() > 0 else -90.0
            ring = np.vstack([ring, [last, pole], [first, pole]])
        piece = _cut(shapely.make_valid(shapely.Polygon(ring)))
        area = shapely.symmetric_difference(area, piece)
    return area


def _lines(lines: list[np.ndarray]):
    import shapely

    return _cut(shapely.MultiLineString([line for line in lines if len(line) > 1]))


def _cut(shape):
    """Whole turns brought back into [-180, 180]."""
    import shapely
    from shapely.affinity import translate

    west, _, east, _ = shape.bounds
    if west >= -180 and east <= 180:
        return shape
    world = shapely.box(-180, -90, 180, 90)
    turns = range(int(-((east + 180) // 360)), int((180 - west) // 360) + 1)
    moved = [translate(shape, xoff=360.0 * turn) for turn in turns]
    return shapely.union_all([shapely.intersection(each, world) for each in moved])


def land_mask(
    *, west: float, east: float, south: float, north: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Land at 30 arc-seconds within a box.

    Parameters
    ----------
    west, east, south, north : float
        Degrees; ``west < east``, where `east` may pass 180 (175 to 185) and `west`
        may pass -180. The box grows to whole cells of the mask.

    Returns
    -------
    lon_edges : (nx + 1,) array
        In the turn of `west`.
    lat_edges : (ny + 1,) array
        Increasing.
    land : (ny, nx) array of bool
        South first.

    Notes
    -----
    Rows outside the box are passed over while unpacking: memory is that of the box.

    Examples
    --------
    >>> land_mask(west=120.0, east=120.01, south=36.5, north=36.51)[2].all()
    np.True_
    """
    if not (west < east <= west + 360 and -90 <= south < north <= 90):
        raise ValueError(
            f"expected west < east <= west + 360 and -90 <= south < north <= 90; got "
            f"west={west}, east={east}, south={south}, north={north}"
        )
    left = int(np.floor(round(west * _PER_DEGREE, 6)))
    right = int(np.ceil(round(east * _PER_DEGREE, 6)))
    top = int(np.floor(round((90 - north) * _PER_DEGREE, 6)))
    bottom = int(np.ceil(round((90 - south) * _PER_DEGREE, 6)))
    rows = packed_rows(top, bottom)
    columns = np.arange(left + _COLUMNS // 2, right + _COLUMNS // 2) % _COLUMNS
    bits = rows[:, columns >> 3] >> (7 - (columns & 7)).astype(np.uint8) & 1
    lon_edges = np.arange(left, right + 1) / _PER_DEGREE
    lat_edges = 90 - np.arange(bottom, top - 1, -1) / _PER_DEGREE
    return lon_edges, lat_edges, bits[::-1].astype(bool)


def packed_rows(top: int, bottom: int) -> np.ndarray:
    """Rows [top, bottom) of the mask, still eight cells a byte."""
    width = _COLUMNS // 8
    held = bytearray()
    engine = zlib.decompressobj()
    done = 0
    with open(data_dir() / "land30s.z", "rb") as stream:
        while done < bottom * width:
            block = engine.decompress(engine.unconsumed_tail or stream.read(65_536))
            if not block:
                break
            first = max(0, top * width - done)
            held += block[first : bottom * width - done]
            done += len(block)
    return np.frombuffer(bytes(held), np.uint8).reshape(-1, width)
