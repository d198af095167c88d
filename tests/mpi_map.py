"""A per-cell quantile over time as map work; a script for mpiexec, and helpers.

``mpi_map.py INPUT KIND OUTPUT [FAIL]``: INPUT is a ``.npy`` of (time, lat, lon), KIND
``zarr`` or ``store``. Rank 0 prints what came on every rank.
"""

from __future__ import annotations

import itertools
import os
import sys
from dataclasses import dataclass

import numpy as np

from oceandata import engines
from oceandata.errors import EngineError
from oceandata.store.maps import MapArray, StoreMap, ZarrMap
from oceankernels.mpi import world

SHARD, CHUNK = (12, 16), (6, 8)
QUANTILES = (0.1, 0.5, 0.9)


@dataclass(frozen=True)
class Block:
    """A block of cells with all their times."""

    path: str
    lat: tuple[int, int]
    lon: tuple[int, int]
    fail: bool = False

    @property
    def region(self) -> dict[str, tuple[int, int]]:
        return {"lat": self.lat, "lon": self.lon}

    @property
    def cost(self) -> int:
        return (self.lat[1] - self.lat[0]) * (self.lon[1] - self.lon[0])

    def load(self) -> np.ndarray:
        if self.fail:
            raise OSError("the file server went away")
        values = np.load(self.path, mmap_mode="r")
        return values[:, slice(*self.lat), slice(*self.lon)]


def quantiles(piece: Block) -> dict[str, np.ndarray]:
    values = piece.load()
    return {
        "quantile": np.quantile(values, QUANTILES, axis=0),
        "count": np.isfinite(values).sum(axis=0).astype("i4"),
    }


def write_input(path, shape=(40, 31, 50)) -> str:
    values = np.random.default_rng(3).normal(size=shape)
    np.save(path, values)
    return str(path)


def blocks(path, rows=1, columns=2, fail=-1) -> list[Block]:
    """Pieces of rows x columns shards."""
    ny, nx = np.load(path, mmap_mode="r").shape[1:]
    steps = (SHARD[0] * rows, SHARD[1] * columns)
    corners = itertools.product(range(0, ny, steps[0]), range(0, nx, steps[1]))
    return [
        Block(path, (y, min(y + steps[0], ny)), (x, min(x + steps[1], nx)), k == fail)
        for k, (y, x) in enumerate(corners)
    ]


def output(kind, path, source):
    """Where the result goes."""
    ny, nx = np.load(source, mmap_mode="r").shape[1:]
    arrays = {
        "quantile": MapArray(
            ("quantile_level", "lat", "lon"),
            (3, ny, nx),
            (3, *SHARD),
            (1, *CHUNK),
            attributes={"units": "1"},
        ),
        "count": MapArray(("lat", "lon"), (ny, nx), SHARD, CHUNK, "int32"),
    }
    coordinates = {
        "quantile_level": np.array(QUANTILES),
        "lat": 30.25 + np.arange(ny) / 2,
        "lon": 120.25 + np.arange(nx) / 2,
    }
    kinds = {"zarr": ZarrMap, "store": StoreMap}
    title = {"title": "Quantiles over time"}
    return kinds[kind](path, arrays, coordinates, title)


def bytes_of(folder) -> dict[str, bytes]:
    """Every file of a group."""
    found = {}
    for inside, _, files in os.walk(folder):
        for name in files:
            path = os.path.join(inside, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, folder)] = file.read()
    return found


if __name__ == "__main__":
    source, kind, path, *fail = sys.argv[1:]
    pieces = blocks(source, 1, 1, int(fail[0]) if fail else -1)
    try:
        made = engines.map_pieces(
            quantiles, pieces, output=output(kind, path, source), engine="mpi"
        )
    except EngineError as error:
        print(*(world().gather(str(error)) or ()), sep="\n", end="")
        sys.exit(3)
    lines = world().gather(f"{made} {os.path.exists(path)}")
    if lines:
        print(*lines, sep="\n")
