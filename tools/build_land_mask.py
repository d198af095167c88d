"""Make oceandata/data/land30s.z from the 1:10m land polygons of Natural Earth.

    python tools/build_land_mask.py land-10m.json oceandata/data/land30s.z

The input is ``land-10m.json`` (TopoJSON) of the npm package world-atlas 2.0.2, public
domain. Its rings cross the antimeridian without a cut, so that a plain rasteriser fills
whole rows between 65 and 72 N and around 16.5 S the wrong way round. Here each ring is
unrolled first and drawn in every turn of longitude; the ring around the South Pole is
closed along it. A cell is land if its centre is.
"""

from __future__ import annotations

import json
import sys
import zlib
from pathlib import Path

import numpy as np
from rasterio.features import rasterize
from rasterio.transform import from_origin

ROWS, COLUMNS, BAND = 21_600, 43_200, 1_200


def decode_arcs(topology: dict) -> list[np.ndarray]:
    """Arcs in degrees, from their quantised differences."""
    scale = np.array(topology["transform"]["scale"])
    origin = np.array(topology["transform"]["translate"])
    return [np.cumsum(arc, axis=0) * scale + origin for arc in topology["arcs"]]


def ring_points(indices: list[int], arcs: list[np.ndarray]) -> np.ndarray:
    """Points of one ring (n, 2), longitudes unrolled; closed over a pole if it must."""
    parts = [arcs[k] if k >= 0 else arcs[~k][::-1] for k in indices]
    points = np.concatenate([parts[0], *(part[1:] for part in parts[1:])])
    lon = np.unwrap(points[:, 0], period=360.0)
    points = np.column_stack([lon, points[:, 1]])
    if abs(points[-1, 0] - points[0, 0]) > 180.0:
        pole = np.copysign(90.0, points[:, 1].mean())
        ends = [[points[-1, 0], pole], [points[0, 0], pole], points[0]]
        points = np.concatenate([points, ends])
    return points


def polygons(topology: dict) -> list[list[np.ndarray]]:
    """All polygons as lists of rings, the outer one first."""
    arcs = decode_arcs(topology)
    found = []
    for shape in topology["objects"]["land"]["geometries"]:
        many = shape["arcs"] if shape["type"] == "MultiPolygon" else [shape["arcs"]]
        for polygon in many:
            rings = [ring_points(ring, arcs) for ring in polygon]
            for hole in rings[1:]:  # into the same turn as the outer ring
                apart = rings[0][:, 0].mean() - hole[:, 0].mean()
                hole[:, 0] += 360.0 * round(apart / 360.0)
            found.append(rings)
    return found


def main(source: str, target: str) -> None:
    shapes = []
    for rings in polygons(json.loads(Path(source).read_text())):
        for turn in (-360.0, 0.0, 360.0):
            moved = [np.add(ring, [turn, 0.0]) for ring in rings]
            if moved[0][:, 0].max() > -180.0 and moved[0][:, 0].min() < 180.0:
                coordinates = [ring.tolist() for ring in moved]
                low, high = moved[0][:, 1].min(), moved[0][:, 1].max()
                shape = {"type": "Polygon", "coordinates": coordinates}
                shapes.append((low, high, shape))
    bits = []
    size = 180.0 / ROWS
    for row in range(0, ROWS, BAND):
        north = 90.0 - row * size
        here = [
            s for low, high, s in shapes if high >= north - BAND * size and low <= north
        ]
        mask = np.zeros((BAND, COLUMNS), np.uint8)
        if here:
            grid = from_origin(-180.0, north, size, size)
            rasterize(here, out=mask, transform=grid, default_value=1)
        bits.append(np.packbits(mask, axis=1))
    packed = zlib.compress(np.concatenate(bits).tobytes(), 9)
    Path(target).write_bytes(packed)


if __name__ == "__main__":
    main(*sys.argv[1:])
