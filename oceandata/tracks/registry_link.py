"""Which rows of several tables are one vessel.

Rows with the same identifier are one vessel, unless a surer identifier says that they
are not: two vessels that share a call sign have two IMO numbers. The result does not
depend on the order of rows or tables. Where a row could belong to several vessels it
belongs to none of them, so that nothing is joined by guessing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from oceandata.tracks.registry_fields import IDENTIFIERS


def link(rows: Sequence[dict[str, Any]]) -> np.ndarray:
    """Number of the vessel of each row, in the order in which they first occur.

    Parameters
    ----------
    rows : sequence of mappings
        Identifiers (:data:`IDENTIFIERS`) of each row; None or absent where unknown.

    Examples
    --------
    >>> link([{"mmsi": 1}, {"mmsi": 1, "call_sign": "A"}, {"call_sign": "B"}]).tolist()
    [0, 0, 1]
    """
    group = list(range(len(rows)))
    known = [
        {name: {row[name]} for name in IDENTIFIERS if row.get(name) is not None}
        for row in rows
    ]
    members: dict[int, list[int]] = {k: [k] for k in group}
    for rank, name in enumerate(IDENTIFIERS):
        holders = defaultdict(set)
        for k, row in enumerate(rows):
            if row.get(name) is not None:
                holders[row[name]].add(group[k])
        for value in sorted(holders, key=str):
            among = sorted({group[one] for one in holders[value]})
            together = _agreeing(among, known, IDENTIFIERS[:rank])
            _merge(together, group, known, members)
    order: dict[int, int] = {}
    return np.array([order.setdefault(g, len(order)) for g in group], np.int64)


def _agreeing(
    among: list[int], known: list[dict[str, set]], surer: Sequence[str]
) -> list[int]:
    """Groups that are one vessel: all of them, unless two contradict each other.

    Then only those of which nothing surer is known, since nothing tells them apart.
    """
    for k, one in enumerate(among):
        for other in among[k + 1 :]:
            if _contradict(known[one], known[other], surer):
                return [g for g in among if not known[g].keys() & set(surer)]
    return among


def _contradict(one: dict[str, set], other: dict[str, set], surer: Sequence[str]):
    """Whether the surest identifier that both have says that they are two vessels."""
    for name in surer:
        if name in one and name in other:
            return not (one[name] & other[name])
    return False


def _merge(together, group, known, members) -> None:
    if len(together) < 2:
        return
    first = together[0]
    for other in together[1:]:
        for name, values in known[other].items():
            known[first].setdefault(name, set()).update(values)
        for k in members.pop(other):
            group[k] = first
            members[first].append(k)
