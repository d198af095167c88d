"""Merging the cells of two pieces: any order, the three smallest vessels."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from oceankernels.tiles import Cells, merge

keys = st.dictionaries(st.integers(0, 9), st.sets(st.integers(1, 9), min_size=1))


@settings(deadline=None)  # the first example compiles
@given(keys, keys, keys)
def test_merge__any_order_gives_three_smallest(a, b, c):
    states = [_cells(x) for x in (a, b, c)]
    one = merge(merge(states[0], states[1]), states[2])
    two = merge(states[1], merge(states[2], states[0]))
    assert all(x.tobytes() == y.tobytes() for x, y in zip(one, two, strict=True))
    for key, amount, held in zip(*one, strict=True):
        union = a.get(key, set()) | b.get(key, set()) | c.get(key, set())
        assert sorted(2**63 - 1 - int(v) for v in held if v) == sorted(union)[:3]
        assert amount == sum(key in x for x in (a, b, c))


def _cells(seen):
    order = sorted(seen)
    held = [[2**63 - 1 - v for v in sorted(seen[k])[:3]] for k in order]
    vessels = np.array([[*h, 0, 0, 0][:3] for h in held], "i8").reshape(-1, 3)
    return Cells(np.array(order, "i8"), np.ones(len(order), "i8"), vessels)
