"""Random AIS messages of every form, and how they compare with the plain twin."""

from __future__ import annotations

import math
import random

import naive_nmea_fields as naive

from oceandata.readers.nmea_fields import layouts
from oceandata.readers.nmea_fields_codes import LEGENDS

LAYOUTS = layouts()
KEYS = sorted(LAYOUTS)


def header(key) -> str:
    """The first bits that make a message one of a form (of 16 and 22 see below)."""
    kind, a, b = key
    bits = format(kind, "06b") + "00"
    mmsi = 982_191_234 if key == (24, 2, 0) else 219_000_123
    bits += format(mmsi, "030b")
    if kind == 24:
        return bits + format(min(a, 1), "02b")
    if kind in (25, 26):
        return bits + f"{a}{b}"
    if kind in (6, 8):
        a, b = (1023, 63) if a < 0 else (a, b)
        spare = "0" * (34 if kind == 6 else 2)
        wmo = {(8, 1, 21): "0", (8, 1, 85): "1"}.get(key, "")
        return bits + spare + format(a, "010b") + format(21 if wmo else b, "06b") + wmo
    return bits


def random_bits(key, length: int, seed: int) -> str:
    """A message of a form with random bits after its header."""
    rng = random.Random(seed)
    density = rng.choice((0.02, 0.5, 0.5, 0.98))
    bits = header(key)
    bits += "".join("01"[rng.random() < density] for _ in range(length - len(bits)))
    if key[0] == 22:
        bits = bits[:139] + str(key[1]) + bits[140:]
    return bits[:length]


def same(ours, theirs) -> bool:
    if isinstance(theirs, float) and math.isnan(theirs):
        return isinstance(ours, float) and math.isnan(ours)
    return ours == theirs and isinstance(ours, bool) == isinstance(theirs, bool)


def expected(f, raw, scaled: bool):
    """What a record shows of a raw value."""
    if not f.is_number:
        return raw
    if scaled:
        value = naive.scaled(f, raw)
        if not f.is_quantity and value == -1:
            return None
        return bool(value) if f.kind == "b" else value
    if raw == naive.MISSING:
        return None
    return bool(raw) if f.kind == "b" else raw


def assert_like_twin(record: dict, twin: dict, scaled: bool):
    for name, value in twin.items():
        if isinstance(value, list):
            assert len(record[name]) == len(value), name
            for ours, theirs in zip(record[name], value, strict=True):
                assert_like_twin(ours, theirs, scaled)
            continue
        f, raw = value
        assert same(record[name], expected(f, raw, scaled)), (name, record[name], raw)
        if f.legend and raw != naive.MISSING:
            meaning = LEGENDS[f.legend].get(raw, "reserved")
            assert record[name + "_text"] == meaning
    extra = {n for n in record if not n.endswith(("_text", "_bits"))} - set(twin)
    assert extra <= {"time"}
