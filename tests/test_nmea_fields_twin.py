"""Fields of AIS messages: equal to a plain twin, and back from what was encoded."""

from __future__ import annotations

import json
import math

import naive_nmea_fields as naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nmea_field_samples import KEYS, LAYOUTS, assert_like_twin, random_bits, same

from oceandata.readers.nmea_fields import decode, decode_columns, decode_group
from oceandata.readers.nmea_fields_encode import encode, encode_columns


@pytest.mark.parametrize("key", KEYS, ids=lambda k: "-".join(map(str, k)))
def test_decode__equals_twin_for_every_layout(key):
    layout = LAYOUTS[key]
    lengths = {layout.least, layout.most, (layout.least + layout.most) // 2}
    lengths |= {layout.least - 1, layout.most + 1, layout.least + 7}
    several = [
        random_bits(key, length, 1000 * key[2] + seed)
        for seed, length in enumerate(sorted(lengths) * 3)
    ]
    if key[0] == 16:
        several = [bits for bits in several if (len(bits) >= 144) == key[1]]
    packed = naive.pack(several)
    seen = 0
    for scaled in (False, True):
        for bits, record in zip(several, decode(*packed, scaled=scaled), strict=True):
            twin = naive.record(bits, LAYOUTS)
            assert ("fault" in record) == (twin is None)
            if twin is not None:
                seen += naive.key_of(bits, LAYOUTS) == key
                assert_like_twin(record, twin, scaled)
    assert seen


@given(st.lists(st.binary(max_size=140), max_size=12), st.integers(0, 7))
@settings(max_examples=150, deadline=None)
def test_decode__any_bits_give_a_record_each(chunks, cut):
    several = [
        "".join(format(byte, "08b") for byte in chunk)[: max(0, 8 * len(chunk) - cut)]
        for chunk in chunks
    ]
    packed = naive.pack(several)
    records = decode(*packed)
    assert len(records) == len(several)
    for bits, record in zip(several, records, strict=True):
        twin = naive.record(bits, LAYOUTS)
        assert ("fault" in record) == (twin is None)
        if twin is not None:
            assert_like_twin(record, twin, True)
    assert len(decode(*packed, style="gpsd")) <= len(several)


@pytest.mark.parametrize("key", KEYS, ids=lambda k: "-".join(map(str, k)))
def test_decode__gpsd_form_of_every_layout_is_json(key):
    several = [random_bits(key, LAYOUTS[key].most, seed) for seed in range(6)]
    packed = naive.pack(several)
    for scaled in (False, True):
        for record in decode(*packed, scaled=scaled, style="gpsd"):
            text = json.dumps(record, allow_nan=False)
            assert json.loads(text) == record
            assert record["type"] == key[0]


@pytest.mark.parametrize("number", range(1, 28))
def test_decode_columns__equal_records(number):
    several = []
    for seed, key in enumerate(KEYS * 4):
        span = LAYOUTS[key].most - LAYOUTS[key].least
        length = LAYOUTS[key].least + seed * 7 % (span + 1)
        several.append(random_bits(key, length, seed))
    packed = naive.pack(several)
    records = decode(*packed)
    mine = [k for k, r in enumerate(records) if r["type"] == number]
    mine = [k for k in mine if "fault" not in records[k]]
    columns = decode_columns(*packed, number)
    assert columns.pop("message").tolist() == mine
    assert mine
    for name, column in columns.items():
        if number in (6, 8) and name.startswith("data"):
            continue  # a record of a known application has fields in their place
        for k, value in zip(mine, column.tolist(), strict=True):
            said = records[k].get(name)
            if name == "time":
                said = None if said is None else said.removesuffix("Z")
                value = None if value is None else value.isoformat()
            elif said is None:
                said = math.nan if column.dtype == float else -1
                said = {"U": "", "O": ""}.get(column.dtype.kind, said)
                said = 0 if name.endswith("_bits") else said
            assert value == said or (value != value and said != said), (name, k)


@pytest.mark.parametrize("key", [k for k in KEYS if k[0] in (6, 8) and k[1] >= 0])
def test_decode_columns__application_equals_records(key):
    several = [random_bits(key, LAYOUTS[key].most, seed) for seed in range(5)]
    packed = naive.pack(several)
    kind, dac, fid = key
    records = decode(*packed)
    columns = decode_columns(*packed, kind, application=(dac, fid), scaled=True)
    assert columns["message"].tolist() == list(range(5))
    for f in LAYOUTS[key].fields:
        for record, value in zip(records, columns[f.name].tolist(), strict=True):
            said = record[f.name]
            said = said if said is not None else -1
            assert value == said or (value != value and said != said), f.name
    for group in LAYOUTS[key].groups:
        table = decode_group(*packed, kind, application=(dac, fid), group=group.name)
        flat = [(k, one) for k, r in enumerate(records) for one in r[group.name]]
        assert table["message"].tolist() == [k for k, _ in flat]
        for f in group.all_fields():
            for (_, one), value in zip(flat, table[f.name].tolist(), strict=True):
                if one.get(f.name) is not None and value == value:
                    assert value == one[f.name]


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("key", KEYS, ids=lambda k: "-".join(map(str, k)))
def test_encode__decode_gives_the_record_back(key, scaled):
    layout = LAYOUTS[key]
    lengths = [layout.most, layout.most, layout.least, layout.least + 8]
    several = [random_bits(key, min(n, layout.most), k) for k, n in enumerate(lengths)]
    for record in decode(*naive.pack(several), scaled=scaled):
        if "fault" in record:
            continue
        packed, n_bits = encode(record, scaled=scaled)
        (back,) = decode(packed, [0], [n_bits], scaled=scaled)
        for name, value in back.items():
            if isinstance(value, list):
                assert repr(value) == repr(record[name])
            elif name.endswith("_text") and record[name.removesuffix("_text")] is None:
                continue  # of several codes for nothing, one is sent
            elif record.get(name) is not None:
                assert same(value, record[name]), name
            else:  # bits that a cut message lacked are there now
                assert name == "radio" or value in (None, 0, False) or value != value


def test_encode_columns__equal_single_records():
    rng = np.random.default_rng(7)
    m = 50
    columns = {
        "mmsi": rng.integers(200_000_000, 700_000_000, m),
        "lon": np.round(rng.uniform(-180, 180, m) * 600_000) / 600_000,
        "lat": np.round(rng.uniform(-90, 90, m) * 600_000) / 600_000,
        "speed": rng.integers(0, 1022, m) / 10,
        "course": rng.integers(0, 3600, m) / 10,
        "heading": np.where(rng.random(m) < 0.2, np.nan, 17.0),
        "turn": np.where(rng.random(m) < 0.5, np.nan, -10.0),
        "status": rng.integers(0, 16, m),
        "second": rng.integers(0, 60, m),
    }
    packed, start, n_bits = encode_columns(1, columns)
    assert set(n_bits.tolist()) == {168}
    back = decode_columns(packed, start, n_bits, 1)
    for name, column in columns.items():
        np.testing.assert_array_equal(back[name], column)
    one = {name: column[3].item() for name, column in columns.items()}
    alone, _ = encode({"type": 1, **one})
    assert alone.tobytes() == packed[start[3] : start[3] + 21].tobytes()


def test_encode_columns__texts_and_forms():
    ship = {"mmsi": np.array([219000123, 219000124]), "callsign": ["OXA", "OXB1"]}
    packed, start, n_bits = encode_columns(24, {**ship, "to_bow": [9, 8]}, form=(1, 0))
    back = decode_columns(packed, start, n_bits, 24)
    assert back["callsign"].tolist() == ["OXA", "OXB1"]
    assert back["to_bow"].tolist() == [9, 8]
    assert back["partno"].tolist() == [1, 1]
    assert back["shipname"].tolist() == ["", ""]
    names = ["BUOY 7", "WRECK NORTH"]
    aids = encode_columns(21, {"mmsi": [992190001, 992190002], "name": names})
    assert decode_columns(*aids, 21)["name"].tolist() == names
    assert np.isnan(decode_columns(*aids, 21)["lon"]).all()
