"""From the AIS ship type code to the thirteen classes of vessel density maps.

The classes, their numbers and names are those of the EMODnet Human Activities vessel
density maps. What a code means is Recommendation ITU-R M.1371-5, table 53. Where a
class name follows from that meaning the code is put there; a code that says nothing
(0, 1-19, 38, 39, out of range, not reported) is "Unknown", and a code that names a
kind without a class of its own is "Other".

| class | AIS codes |
|---|---|
| 0 Other | 20-29 (wing in ground), 56, 57 (local), 59 (noncombatant), 90-99 |
| 1 Fishing | 30 |
| 2 Service | 50 pilot, 51 rescue, 53 port tender, 54 anti-pollution, 58 medical |
| 3 Dredging or underwater ops | 33, 34 |
| 4 Sailing | 36 |
| 5 Pleasure craft | 37 |
| 6 High speed craft | 40-49 |
| 7 Tug and towing | 31, 32, 52 |
| 8 Passenger | 60-69 |
| 9 Cargo | 70-79 |
| 10 Tanker | 80-89 |
| 11 Military and law enforcement | 35, 55 |
| 12 Unknown | all others, and none |

References
----------
Falco L., Pititto A., Adnams W., Earwaker N., Greidanus H. (2019), EU Vessel density
map: detailed method, v 1.5, EMODnet Human Activities.
ITU (2014), Recommendation ITU-R M.1371-5, annex 8, table 53.
"""

from __future__ import annotations

import numpy as np

SHIP_CLASSES = (
    "Other",
    "Fishing",
    "Service",
    "Dredging or underwater ops",
    "Sailing",
    "Pleasure craft",
    "High speed craft",
    "Tug and towing",
    "Passenger",
    "Cargo",
    "Tanker",
    "Military and law enforcement",
    "Unknown",
)
"""Names of the classes, by number."""

UNKNOWN = 12

CODES_OF_CLASS: dict[int, tuple[int, ...]] = {
    0: (*range(20, 30), 56, 57, 59, *range(90, 100)),
    1: (30,),
    2: (50, 51, 53, 54, 58),
    3: (33, 34),
    4: (36,),
    5: (37,),
    6: tuple(range(40, 50)),
    7: (31, 32, 52),
    8: tuple(range(60, 70)),
    9: tuple(range(70, 80)),
    10: tuple(range(80, 90)),
    11: (35, 55),
}
"""AIS codes of each class; every code that is not listed is Unknown."""


def _table() -> np.ndarray:
    table = np.full(100, UNKNOWN, np.int64)
    for number, codes in CODES_OF_CLASS.items():
        table[list(codes)] = number
    return table


_CLASS_OF_CODE = _table()


def ship_class(ship_type) -> np.ndarray:
    """Class number of AIS ship type codes.

    Parameters
    ----------
    ship_type : int or integer array of any shape
        As reported, 0 to 99; anything else is unknown.

    Returns
    -------
    int64 array of the same shape
        0 to 12, see :data:`SHIP_CLASSES`.

    Examples
    --------
    >>> [SHIP_CLASSES[k] for k in ship_class([30, 71, -1])]
    ['Fishing', 'Cargo', 'Unknown']
    """
    code = np.asarray(ship_type)
    if not np.issubdtype(code.dtype, np.integer):
        raise ValueError(f"ship_type must be integers, got {code.dtype}")
    known = (code >= 0) & (code < len(_CLASS_OF_CODE))
    return np.where(known, _CLASS_OF_CODE[np.where(known, code, 0)], UNKNOWN)
