"""Vessel hours of a store as bytes; a script for mpiexec, a helper for test_spine."""

import hashlib
import sys

import oceandata as od
from oceandata import engines
from oceankernels.mpi import world

BOX, STEP = (118.0, 32.5, 126.5, 40.0), 0.1


def digest(hours) -> str:
    """Every bit of the product: values, mask, and the account."""
    state = hashlib.sha256()
    for name in ("vessel_hours", "withheld"):
        state.update(hours[name].values.tobytes())
    for key in sorted(k for k in hours.attrs if k.endswith("_us")):
        state.update(f"{key}={hours.attrs[key]}".encode())
    return state.hexdigest()


def pieces_of_store(path, rows):
    """Pieces of all sizes: small ones first, then larger."""
    store = od.open_store(path)
    return store.select().pieces(rows=rows)


def hours(path, rows, **engine):
    grid = od.regular_grid(box=BOX, step=STEP)
    pieces = pieces_of_store(path, rows)
    return od.vessel_hours(pieces, grid=grid, gap="3h", min_vessels=2, **engine)


if __name__ == "__main__":
    result = hours(sys.argv[1], int(sys.argv[2]), engine="mpi")
    ranks = world().gather(f"{engines.mpi_size()} {digest(result)}")
    if engines.mpi_rank() == 0:
        print(*ranks, sep="\n")
