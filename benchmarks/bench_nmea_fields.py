"""Fields of AIS messages: messages a second on one core, by type.

    python benchmarks/bench_nmea_fields.py --messages 400_000

Messages are random (seeded) and of the usual length of their type; CPU time, the best
of ``--repeat`` runs after a first one. ``columns`` is ``decode_columns`` in units,
``raw`` the same unscaled, ``records`` is ``decode`` (on a twentieth of the messages).
"""

from __future__ import annotations

import argparse
import time
from functools import partial

import numpy as np

from oceandata.readers.nmea_fields import decode, decode_columns

LENGTHS = {
    1: 168,
    4: 168,
    5: 424,
    6: 168,
    8: 360,
    9: 168,
    14: 160,
    17: 200,
    18: 168,
    19: 312,
    20: 160,
    21: 272,
    24: 168,
    27: 96,
}


def messages(number: int, m: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """m random messages of one type: (packed, start, n_bits)."""
    size = LENGTHS[number] // 8
    packed = np.random.default_rng(number).integers(0, 256, (m, size), np.uint8)
    packed[:, 0] = number << 2
    if number == 8:  # weather and water, circular 289
        packed[:, 4:7] = (packed[0, 4] & 0xFC, 1 >> 2, 1 << 6 | 31)
    if number == 24:
        packed[:, 4] &= 0xFD  # part A or B
    return packed.ravel(), np.arange(m) * size, np.full(m, LENGTHS[number])


def rate(work, m: int, repeat: int) -> float:
    """Messages a second of CPU, in millions."""
    work()
    best = np.inf
    for _ in range(repeat):
        begin = time.process_time()
        work()
        best = min(best, time.process_time() - begin)
    return m / best / 1e6


def main() -> None:
    """Print one line a type."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--messages", type=int, default=400_000)
    parser.add_argument("--repeat", type=int, default=3)
    given = parser.parse_args()
    m, few = given.messages, given.messages // 20
    print("type  bits  columns      raw  records   (million messages a second)")
    for number, bits in LENGTHS.items():
        packed, start, n_bits = messages(number, m)
        columns = partial(
            decode_columns,
            packed,
            start,
            n_bits,
            number,
            application=(1, 31) if number == 8 else None,
        )
        speeds = [
            rate(partial(columns, scaled=scaled), m, given.repeat)
            for scaled in (True, False)
        ]
        records = partial(decode, packed, start[:few], n_bits[:few])
        speeds.append(rate(records, few, given.repeat))
        print(f"{number:4d} {bits:5d}" + "".join(f"{speed:9.2f}" for speed in speeds))


if __name__ == "__main__":
    main()
