"""Sparse integer accumulators over a large grid, and how two of them meet.

While a piece is worked on, cells live in tiles of 16 x 16 cells that are allocated
when first touched and found by a hash of (group, row, column of the tile). A cell is
one short record, ``[amount, s1 … sK]``: an int64 sum, and the K smallest distinct
vessel keys seen in it. Afterwards only the occupied cells are kept, sorted by key:
that is the state which engines pass around (:class:`Cells`), and :func:`merge` of two
such states is a linear walk.

A key packs group (8 bits), month (16), row and column of the tile (16 each) and, for a
cell, the place in the tile (8). Vessel keys are held as ``INT64_MAX - key``, so that
zero means "none" and fresh memory needs no filling. Sums are plain int64 additions; the
caller bounds the total, which bounds every cell.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from oceankernels.jit import jit

SHIFT = 4
SIDE = 1 << SHIFT
AREA = SIDE * SIDE
MONTH_ZERO = 1 << 15
"""Added to the months since 1970-01 in a key, so that they are not negative."""
LAST = np.int64(np.iinfo(np.int64).max)

_USED, _KEY, _SLOT, _CELLS = 0, 1, 2, 3
_NO_KEY = -1
_ONE, _SIX, _LOW = np.uint64(1), np.uint64(6), np.uint64(63)
_SPREAD = np.uint64(0x9E3779B97F4A7C15)


class Tiles(NamedTuple):
    """Working accumulators; see :func:`empty_tiles`."""

    table_key: np.ndarray  # (2**m,) int64, -1 where free
    table_slot: np.ndarray  # (2**m,) int64
    slab: np.ndarray  # (capacity, 256, 1 + K) int64
    key: np.ndarray  # (capacity,) int64, key of each slot
    mask: np.ndarray  # (capacity, 4) uint64, a bit for each occupied cell
    meta: np.ndarray  # (4,) int64: slots in use, current tile's key and slot, cells


class Cells(NamedTuple):
    """Occupied cells, sorted by key, each key once."""

    key: np.ndarray  # (n,) int64: tile key * 256 + place in the tile
    amount: np.ndarray  # (n,) int64
    vessels: np.ndarray  # (n, K) int64: INT64_MAX - key, decreasing, 0 = none


def empty_tiles(n_vessels: int, capacity: int = 256) -> Tiles:
    """Tiles for `capacity` slots, keeping `n_vessels` smallest keys a cell."""
    size = 1 << max(4, (2 * capacity - 1).bit_length())
    return Tiles(
        np.full(size, _NO_KEY, np.int64),
        np.zeros(size, np.int64),
        np.zeros((capacity, AREA, 1 + n_vessels), np.int64),
        np.zeros(capacity, np.int64),
        np.zeros((capacity, AREA // 64), np.uint64),
        np.array([0, _NO_KEY, 0, 0], np.int64),
    )


def grown(tiles: Tiles, extra: int) -> Tiles:
    """The same content with room for at least `extra` more slots."""
    used = int(tiles.meta[_USED])
    capacity = max(2 * len(tiles.slab), used + extra)
    larger = empty_tiles(tiles.slab.shape[2] - 1, capacity)
    larger.slab[:used] = tiles.slab[:used]
    larger.mask[:used] = tiles.mask[:used]
    larger.meta[_CELLS] = tiles.meta[_CELLS]
    _rehash(larger, tiles.key[:used])
    return larger


@jit(borrow=True)
def _rehash(tiles, keys):
    for slot in range(len(keys)):
        insert(tiles, keys[slot])


@jit(inline=True, borrow=True)
def room(tiles):
    """Slots that are still free."""
    return len(tiles.slab) - tiles.meta[_USED]


@jit(borrow=True)
def insert(tiles, key):
    """Slot of a tile, made if it is new. Not checked: that a slot is free."""
    mask = len(tiles.table_key) - 1
    place = np.int64((np.uint64(key) * _SPREAD) >> np.uint64(32)) & mask
    while tiles.table_key[place] != key:
        if tiles.table_key[place] == _NO_KEY:
            slot = tiles.meta[_USED]
            tiles.meta[_USED] = slot + 1
            tiles.table_key[place] = key
            tiles.table_slot[place] = slot
            tiles.key[slot] = key
            return slot
        place = (place + 1) & mask
    return tiles.table_slot[place]


@intrinsic
def _prefetch(typingctx, array, i, j):
    """Ask for the cache line of array[i, j, 0]; has no other effect."""

    def codegen(context, builder, signature, arguments):
        kind = signature.args[0]
        held = context.make_array(kind)(context, builder, arguments[0])
        zero = context.get_constant(types.intp, 0)
        shape = cgutils.unpack_tuple(builder, held.shape, kind.ndim)
        strides = cgutils.unpack_tuple(builder, held.strides, kind.ndim)
        where = cgutils.get_item_pointer2(
            context, builder, held.data, shape, strides, kind.layout,
            [arguments[1], arguments[2], zero],
        )  # fmt: skip
        line = builder.bitcast(where, cgutils.voidptr_t)
        name = ir.FunctionType(
            ir.VoidType(), [cgutils.voidptr_t, *[cgutils.int32_t] * 3]
        )
        call = cgutils.get_or_insert_function(builder.module, name, "llvm.prefetch.p0")
        flags = [ir.Constant(cgutils.int32_t, flag) for flag in (1, 3, 1)]
        builder.call(call, [line, *flags])
        return context.get_dummy_value()

    return types.void(array, types.intp, types.intp), codegen


@jit(inline=True, borrow=True)
def expect(tiles, key, place):
    """A deposit in this cell comes soon: find its tile and fetch the record."""
    if key != tiles.meta[_KEY]:
        tiles.meta[_SLOT] = insert(tiles, key)
        tiles.meta[_KEY] = key
    _prefetch(tiles.slab, tiles.meta[_SLOT], place)


@jit(inline=True, borrow=True)
def deposit(tiles, key, place, amount, vessel):
    """Add to one cell and enter the vessel (as INT64_MAX - key) among its smallest.

    ``key`` names the tile, ``place`` the cell in it, 0 to 255.
    """
    if key == tiles.meta[_KEY]:
        slot = tiles.meta[_SLOT]
    else:
        slot = insert(tiles, key)
        tiles.meta[_KEY] = key
        tiles.meta[_SLOT] = slot
    slab = tiles.slab
    i, j = np.uint64(slot), np.uint64(place)  # unsigned: no test for negative indices
    before = slab[i, j, 0]
    slab[i, j, 0] = before + amount
    if before == 0:
        tiles.mask[i, j >> _SIX] |= _ONE << (j & _LOW)
        tiles.meta[_CELLS] += 1
    for k in range(1, slab.shape[2]):
        n = np.uint64(k)
        held = slab[i, j, n]
        if held == vessel:
            break
        if vessel > held:
            slab[i, j, n] = vessel
            if held == 0:
                break
            vessel = held


def occupied(tiles: Tiles) -> Cells:
    """The cells with an amount, sorted. Empties the tiles for their next use."""
    used = int(tiles.meta[_USED])
    order = np.argsort(tiles.key[:used])
    cells = np.empty(tiles.meta[_CELLS], np.int64)
    vessels = np.empty((len(cells), tiles.slab.shape[2] - 1), np.int64)
    amount = np.empty_like(cells)
    _gather(tiles, order, np.empty(64, np.int64), cells, amount, vessels)
    tiles.table_key[:] = _NO_KEY
    tiles.meta[:] = 0, _NO_KEY, 0, 0
    return Cells(cells, amount, vessels)


@jit(borrow=True)
def _gather(tiles, order, places, key, amount, vessels):
    """Move cells out in order, leaving zeros; only occupied records are touched."""
    n = 0
    for slot in order:
        for word in range(tiles.mask.shape[1]):
            bits, m = tiles.mask[slot, word], 0
            tiles.mask[slot, word] = 0
            for bit in range(64 if bits else 0):
                places[m] = 64 * word + bit
                m += np.int64((bits >> np.uint64(bit)) & _ONE)
            for place in places[:m]:
                key[n] = tiles.key[slot] * AREA + place
                amount[n] = tiles.slab[slot, place, 0]
                tiles.slab[slot, place, 0] = 0
                for k in range(vessels.shape[1]):
                    vessels[n, k] = tiles.slab[slot, place, k + 1]
                    tiles.slab[slot, place, k + 1] = 0
                n += 1


def merge(a: Cells, b: Cells) -> Cells:
    """Union of two states: amounts add, the K smallest vessels of both remain.

    Commutative and associative to the last bit, since both operations are.
    """
    n_vessels = a.vessels.shape[1]
    if b.vessels.shape[1] != n_vessels:
        raise ValueError(
            f"states keep {n_vessels} and {b.vessels.shape[1]} vessels a cell"
        )
    size = len(a.key) + len(b.key)
    key, amount = np.empty(size, np.int64), np.empty(size, np.int64)
    vessels = np.empty((size, n_vessels), np.int64)
    n = _merge(a, b, key, amount, vessels)
    if 4 * n >= 3 * size:  # rather some idle memory than another copy
        return Cells(key[:n], amount[:n], vessels[:n])
    return Cells(key[:n].copy(), amount[:n].copy(), vessels[:n].copy())


@jit(borrow=True)
def _merge(a, b, key, amount, vessels):
    i = j = n = 0
    while i < len(a.key) or j < len(b.key):
        if j == len(b.key) or (i < len(a.key) and a.key[i] < b.key[j]):
            key[n], amount[n] = a.key[i], a.amount[i]
            for k in range(vessels.shape[1]):
                vessels[n, k] = a.vessels[i, k]
            i += 1
        elif i == len(a.key) or b.key[j] < a.key[i]:
            key[n], amount[n] = b.key[j], b.amount[j]
            for k in range(vessels.shape[1]):
                vessels[n, k] = b.vessels[j, k]
            j += 1
        else:
            key[n], amount[n] = a.key[i], a.amount[i] + b.amount[j]
            _smallest(a.vessels, i, b.vessels, j, vessels, n)
            i += 1
            j += 1
        n += 1
    return n


@jit(inline=True, borrow=True)
def _smallest(a, i, b, j, out, n):
    """First distinct values of two decreasing rows; 0 fills what is left."""
    p = q = 0
    for k in range(out.shape[1]):
        # neither row is used up before out is full: p, q <= k
        x, y = a[i, p], b[j, q]
        out[n, k] = max(x, y)
        p += x >= y
        q += y >= x


def by_owner(cells: Cells, n: int) -> list[Cells]:
    """Cells of each of `n` owners: a tile is whole, tiles are spread evenly.

    Every part is sorted as `cells` is; the owner of a tile depends on its key and `n`.
    """
    tile = cells.key.view(np.uint64) >> np.uint64(2 * SHIFT)
    owner = ((tile * _SPREAD) >> np.uint64(40)) % np.uint64(n)
    owner = owner.astype(np.uint16 if n <= 1 << 16 else np.uint32)
    order = np.argsort(owner, kind="stable")
    bounds = np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=n))])
    parts = (order[a:b] for a, b in pairwise(bounds))
    return [Cells(*(values[part] for values in cells)) for part in parts]


def spread(cells, value, withheld, first_month, min_vessels, per_unit):
    """Write occupied cells into a dense product.

    Parameters
    ----------
    cells : Cells
    value : (group, month, ny, nx) float64 array
        Gets amount / per_unit, NaN where withheld; other cells are not touched.
    withheld : int8 array of the same shape
        Gets 1 where fewer than `min_vessels` vessels were.
    first_month : int
        Month number at index 0, as packed in the keys less the offset.
    min_vessels : int
        Vessels a cell must hold; at most the K of the state; 0 withholds nothing.

    Returns
    -------
    exported, withheld, n : int
        Exact sums of the amounts, and the number of cells withheld.
    """
    return tuple(
        int(n)
        for n in _spread(cells, value, withheld, first_month, min_vessels, per_unit)
    )


@jit(borrow=True)
def _spread(cells, value, withheld, first_month, min_vessels, per_unit):
    exported = kept_back = n = np.int64(0)
    for k in range(len(cells.key)):
        tile, place = cells.key[k] >> (2 * SHIFT), cells.key[k] & (AREA - 1)
        group, month = tile >> 48, ((tile >> 32) & 0xFFFF) - MONTH_ZERO - first_month
        row = (((tile >> 16) & 0xFFFF) << SHIFT) | (place >> SHIFT)
        column = ((tile & 0xFFFF) << SHIFT) | (place & (SIDE - 1))
        if min_vessels > 0 and cells.vessels[k, min_vessels - 1] == 0:
            kept_back += cells.amount[k]
            n += 1
            value[group, month, row, column] = np.nan
            withheld[group, month, row, column] = 1
        else:
            exported += cells.amount[k]
            value[group, month, row, column] = cells.amount[k] / per_unit
    return exported, kept_back, n
