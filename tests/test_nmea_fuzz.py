"""Spoiled AIS sentences: no exception but FormatError, and no good line lost.

    python tests/test_nmea_fuzz.py 1000000

runs it with another number of spoiled lines than the suite.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np

from oceandata.readers import reader
from oceandata.sea import nmea as sea

BATCH = 20_000
T0 = 1_709_251_200
TEXTS = sea.six_bit_texts([("BABC", "EAST WIND", "QINGDAO")])
BYTES = np.array([*range(256), *b"!\\*,,,$#\r\n\n" * 12], np.uint8)


def messages(n: int, first: int, kinds) -> np.ndarray:
    rows = np.zeros(n, sea.MESSAGE)
    rows["kind"] = kinds[np.arange(n) % len(kinds)]
    rows["part"] = np.arange(n) % 2
    rows["mmsi"] = first + np.arange(n)
    rows["time"] = T0 + np.arange(n) % 5000
    rows["lon"] = 72_000_000 + 7 * np.arange(n)
    rows["lat"] = -21_000_000 - 3 * np.arange(n)
    rows["cog"] = np.arange(n) % 3600
    return rows


def spoiled(rng, line: bytes) -> bytes:
    """A line with one to four faults."""
    data = bytearray(line)
    for _ in range(int(rng.integers(1, 5))):
        at = int(rng.integers(0, len(data) + 1))
        kind = rng.integers(0, 6)
        if kind == 0:
            data[at : at + 1] = bytes([BYTES[rng.integers(0, BYTES.size)]])
        elif kind == 1:
            data[at:at] = BYTES[rng.integers(0, BYTES.size, 3)].tobytes()
        elif kind == 2:
            del data[at : at + int(rng.integers(1, 9))]
        elif kind == 3:
            del data[at:]
        elif kind == 4:
            data[at:at] = data[: int(rng.integers(0, 40))]
        else:
            data[at:at] = bytes(data[at : at + int(rng.integers(0, 200))]) * 3
    return bytes(data)


def fuzz(n: int, seed: int, folder: Path) -> tuple[int, Counter]:
    """Read a file of ``n`` spoiled lines between good ones; good fixes, reasons."""
    rng = np.random.default_rng(seed)
    kinds = np.array([1, 18, 5, 24, 4, 3])
    bad = sea.sentences(messages(n, 300_000_000, kinds), TEXTS, station="rBAD")
    half = sea.sentences(
        messages(n, 300_000_000, kinds), TEXTS, tag_blocks=False
    ).splitlines()
    bad = bad.splitlines()
    good_rows = messages(n // 4, 500_000_000, np.array([1, 3, 18]))
    good = sea.sentences(good_rows, TEXTS).splitlines()
    lines = []
    for k in range(n):
        line = (bad if rng.random() < 0.5 else half)[k]
        if rng.random() < 0.01:
            line = b"$GPZDA,120001.50,05,04,2024,00,00*40"
        lines.append(spoiled(rng, line))
        if k % 4 == 0 and k // 4 < len(good):
            lines.append(good[k // 4])
    path = folder / "fuzz.nmea"
    path.write_bytes(b"\n".join(lines))
    block = int(rng.choice([3000, 65_536, 4 << 20]))
    reasons: Counter = Counter()
    found = {}
    for batch in reader("nmea").batches(path, block_bytes=block):
        assert batch.rows_read == len(batch.columns) + len(batch.rejected)
        reasons.update(batch.rejected.reason)
        c = batch.columns
        ours = np.flatnonzero(c.vessel >= 500_000_000)
        for k in ours.tolist():
            key = int(c.vessel[k]), int(c.time[k]), float(c.lon[k]), float(c.lat[k])
            found[key] = int(c.cog[k])
    want = {
        (int(r["mmsi"]), int(r["time"]) * 10**6, r["lon"] / 6e5, r["lat"] / 6e5):
        int(r["cog"])
        for r in good_rows
    }  # fmt: skip
    lost = [key for key, cog in want.items() if found.get(key) != cog]
    assert not lost, lost[:3]
    return len(want), reasons


def test_fuzz__no_good_line_is_lost(tmp_path):
    reasons: Counter = Counter()
    for seed in range(3):
        kept, met = fuzz(BATCH, seed, tmp_path)
        assert kept == BATCH // 4
        reasons += met
    assert len(reasons) > 15, reasons


def main(n: int) -> None:
    total: Counter = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(1000, 1000 + max(n // BATCH, 1)):
            total += fuzz(BATCH, seed, Path(folder))[1]
    print(f"{max(n // BATCH, 1) * BATCH:,} spoiled lines, no good line lost")
    for reason, count in total.most_common():
        print(f"{count:>10,}  {reason}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 60_000)
