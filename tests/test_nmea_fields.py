"""Fields of AIS messages: what each is, what is missing, what is refused."""

from __future__ import annotations

import math

import naive_nmea_fields as naive
import numpy as np
import pytest
from nmea_field_samples import LAYOUTS, random_bits

from oceandata.errors import SchemaError
from oceandata.readers import nmea_fields
from oceandata.readers.nmea_fields import MISSING, decode, decode_columns, decode_group
from oceandata.readers.nmea_fields_codes import LEGENDS
from oceandata.readers.nmea_fields_encode import encode, encode_columns


def test_layouts__lengths_are_those_of_the_standards():
    """Bits of whole messages, from the tables of the standards."""
    lengths = {
        168: [1, 2, 3, 4, 9, 11, 18, 22, 7, 13, (24, 0, 0), (24, 1, 0), (24, 2, 0)],
        424: [5],
        312: [19],
        272: [21],
        96: [27, (16, 0, 0)],
        160: [15, 20, 23],
        144: [(16, 1, 0)],
        72: [10, (8, 1, 15), (8, 1, 16)],
        360: [(6, 1, 12), (6, 1, 18), (6, 1, 20), (8, 1, 19), (8, 1, 21), (8, 1, 24)],
        352: [(8, 1, 11)],
        472: [(8, 1, 13)],
        136: [(6, 1, 16), (6, 235, 10), (6, 250, 10)],
        248: [(6, 200, 21)],
        232: [(6, 200, 22), (6, 1, 4)],
        256: [(8, 200, 23)],
    }
    lengths[168] += [(6, 200, 55), (8, 200, 10), (8, 200, 40), (6, 1, 5)]
    lengths[360] += [(8, 1, 31), (8, 1, 85)]
    for bits, keys in lengths.items():
        for key in keys:
            key = (key, 0, 0) if isinstance(key, int) else key
            assert LAYOUTS[key].full == bits, key
            assert LAYOUTS[key].least <= bits <= LAYOUTS[key].most, key


def test_layouts__say_what_every_field_is():
    overlap = {"model", "serial", "correction_type", "station", "z_count", "words"}
    overlap |= {"correction_sequence", "health"}
    for key, layout in LAYOUTS.items():
        groups = [g.fields for g in layout.groups]
        groups += [c for g in layout.groups for c in g.choices.values()]
        for fields in (layout.fields, *groups):
            for f in fields:
                assert f.sentence, (key, f.name)
                assert not f.legend or f.legend in LEGENDS, (key, f.name)
                assert f.is_number is False or 1 <= f.width <= 57, (key, f.name)
            stop = 0
            for f in fields:
                if f.offset >= 0 and f.name not in overlap:
                    assert f.offset >= stop, (key, f.name)
                    stop = f.offset + f.width
        for group in layout.groups:
            for f in group.all_fields():
                assert f.offset + f.width <= group.size


def test_layouts__one_name_is_one_thing_in_a_table():
    """Forms of a type, and elements of a group, share their columns."""
    tables = {number: [] for number in range(1, 28) if number not in (6, 8)}
    for key, layout in LAYOUTS.items():
        tables.setdefault(key, []).extend(layout.fields)
        if key[0] in tables:
            tables[key[0]].extend(layout.fields)
        for group in layout.groups:
            tables[key, group.name] = [*group.fields]
            for choice in group.choices.values():
                tables[key, group.name].extend(choice)
    for fields in tables.values():
        meant = {}
        for f in fields:
            thing = (f.kind, f.add, f.divisor, f.factor, f.unit, f.missing, f.legend)
            assert meant.setdefault(f.name, thing) == thing, f.name


def test_decode__sentinels_become_nothing():
    record = {"type": 1, "mmsi": 219000123}
    packed, n_bits = encode(record)
    (back,) = decode(packed, [0], [n_bits])
    for name in ("lon", "lat", "speed", "course", "heading", "turn"):
        assert math.isnan(back[name]), name
    (raw,) = decode(packed, [0], [n_bits], scaled=False)
    assert (raw["lon"], raw["lat"]) == (181 * 600_000, 91 * 600_000)
    assert (raw["speed"], raw["course"], raw["heading"]) == (1023, 3600, 511)
    assert raw["turn"] == -128


@pytest.mark.parametrize(
    ("raw", "rate"), [(-128, math.nan), (-127, -10), (127, 10), (0, 0), (-31, -42.8993)]
)
def test_decode__rate_of_turn(raw, rate):
    """-31 is -42.899 degrees a minute, as libais has it."""
    packed, n_bits = encode({"type": 1, "mmsi": 219000123, "turn": raw}, scaled=False)
    (back,) = decode(packed, [0], [n_bits])
    assert back["turn"] == pytest.approx(rate, abs=1e-4, nan_ok=True)


def test_decode__names_of_aids_go_on_in_the_extension():
    name = "NORTHERN CARDINAL BUOY 17 EAST"
    packed, n_bits = encode({"type": 21, "mmsi": 992190001, "name": name})
    assert n_bits == 336
    assert decode(packed, [0], [n_bits])[0]["name"] == name
    short, _ = encode({"type": 21, "mmsi": 992190001, "name": "SHORT"})
    more = np.concatenate([short, packed[34:]])  # the extension of a short name
    assert decode(more, [0], [336])[0]["name"] == "SHORT"
    kept = "TWENTY LETTERS HERE " + "AND MORE"  # a blank inside is no end
    packed, n_bits = encode({"type": 21, "mmsi": 992190001, "name": kept})
    assert decode_columns(packed, [0], [n_bits], 21)["name"].tolist() == [kept]


def test_decode__auxiliary_craft_name_their_mother_ship():
    packed, n_bits = encode(
        {"type": 24, "mmsi": 982190123, "mothership_mmsi": 219000123, "callsign": "OX"}
    )
    (record,) = decode(packed, [0], [n_bits])
    assert (record["mothership_mmsi"], record["partno"]) == (219000123, 1)
    assert "to_bow" not in record
    columns = decode_columns(packed, [0], [n_bits], 24)
    assert (columns["to_bow"][0], columns["mothership_mmsi"][0]) == (-1, 219000123)


def test_decode__tendencies_are_those_of_the_circular():
    """IMO SN.1/Circ.289: 1 decreasing, 2 increasing; gpsd has them the other way."""
    record = {"type": 8, "mmsi": 2190001, "dac": 1, "fid": 31, "pressuretend": 1}
    packed, n_bits = encode(record)
    assert decode(packed, [0], [n_bits])[0]["pressuretend_text"] == "decreasing"
    (theirs,) = decode(packed, [0], [n_bits], style="gpsd")
    assert theirs["pressuretend"] == "increasing"


@pytest.mark.parametrize(
    ("raw", "level"),
    [(0, math.nan), (1, math.nan), (2, -0.01), (3, 0.01), (2469, 12.34)],
)
def test_decode__signs_of_inland_water_levels(raw, level):
    """Bit 0, the lowest: 0 is below the reference, 1 above (registrant's note)."""
    gauge = {"id": 12, "level": raw}
    record = {"type": 8, "mmsi": 2190001, "dac": 200, "fid": 24, "gauges": [gauge] * 4}
    packed, n_bits = encode(record, scaled=False)
    assert n_bits == 168
    columns = decode_group(
        packed, [0], [n_bits], 8, application=(200, 24), group="gauges"
    )
    assert columns["level"] == pytest.approx([level] * 4, nan_ok=True)
    assert columns["element"].tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("record", "shown"),
    [
        ({"year": 2024, "month": 2, "day": 29}, "2024-02-29T05:06:07"),
        ({"year": 2023, "month": 2, "day": 29}, None),
        ({"year": 2024, "month": 0, "day": 29}, None),
        ({"year": 0, "month": 2, "day": 29}, None),
        ({"year": 9999, "month": 12, "day": 31}, "9999-12-31T05:06:07"),
    ],
)
def test_decode_columns__times_of_base_stations(record, shown):
    clock = {"type": 4, "mmsi": 2190001, "hour": 5, "minute": 6, "second": 7}
    packed, n_bits = encode({**clock, **record}, scaled=False)
    time = decode_columns(packed, [0], [n_bits], 4)["time"]
    assert time.dtype == "M8[us]"
    assert (None if np.isnat(time[0]) else str(time[0])[:19]) == shown


def test_decode__faults_say_why():
    four = random_bits((4, 0, 0), 100, 1)
    part = random_bits((24, 0, 0), 168, 1)
    several = [four, "111111" + four[6:], part[:38] + "11" + part[40:], "0000"]
    records = decode(*naive.pack(several))
    assert records[0]["fault"] == (
        "a message of type 4 has 149 to 256 bits; this one has 100"
    )
    assert records[0]["mmsi"] == 219000123
    assert "1 to 27; it is 63" in records[1]["fault"]
    assert "must be 0 or 1; it is 3" in records[2]["fault"]
    assert records[3] == {
        "type": None,
        "repeat": None,
        "mmsi": None,
        "fault": "type of a message must be 1 to 27; it is 0",
    }
    assert decode_columns(*naive.pack(several), 4)["mmsi"].size == 0


def test_decode__gpsd_joins_the_parts_of_type_24():
    ids = [219000123, 219000124]
    a = [encode({"type": 24, "mmsi": i, "shipname": f"SHIP {i}"}) for i in ids]
    b = [encode({"type": 24, "mmsi": i, "partno": 1, "callsign": "OX"}) for i in ids]
    chain = [a[0], a[1], b[1], b[1], b[0]]
    packed = np.concatenate([p for p, _ in chain])
    start = np.cumsum([0] + [p.size for p, _ in chain[:-1]])
    records = decode(packed, start, [n for _, n in chain], style="gpsd")
    assert [r["mmsi"] for r in records] == [ids[1], ids[0]]
    assert [r["shipname"] for r in records] == [f"SHIP {ids[1]}", f"SHIP {ids[0]}"]


def test_decode__refuses_arrays_that_do_not_fit():
    packed = np.zeros(30, np.uint8)
    with pytest.raises(
        SchemaError, match="2 do not, the first is 168 bits from byte 1"
    ):
        decode(packed, [0, 10, 11], [168, 168, 168])
    with pytest.raises(SchemaError, match=r"\(n,\) uint8; it is \(30,\) int64"):
        decode(packed.astype(int), [0], [168])
    with pytest.raises(SchemaError, match="as many of each"):
        decode(packed, [0, 1], [168])
    with pytest.raises(ValueError, match="style must be"):
        decode(packed, [0], [168], style="pyais")


def test_decode_columns__refuses_what_it_does_not_know():
    nothing = (np.zeros(0, np.uint8), [], [])
    with pytest.raises(SchemaError, match="1 to 27; it is 28"):
        decode_columns(*nothing, 28)
    with pytest.raises(SchemaError, match="belongs to types 6 and 8"):
        decode_columns(*nothing, 5, application=(1, 11))
    with pytest.raises(SchemaError, match=r"one of .*1/11.*; it is \(1, 62\)"):
        decode_columns(*nothing, 8, application=(1, 62))
    with pytest.raises(SchemaError, match=r"\['areas'\]; it is 'tidals'"):
        decode_group(*nothing, 8, application=(1, 22), group="tidals")


def test_decode_columns__of_nothing_are_empty():
    nothing = (np.zeros(0, np.uint8), [], [])
    assert decode(*nothing) == []
    for number in range(1, 28):
        columns = decode_columns(*nothing, number)
        assert {column.size for column in columns.values()} == {0}
    columns = decode_columns(*nothing, 21)
    assert columns["virtual_aid"].dtype == bool
    assert columns["lon"].dtype == np.float64
    assert columns["aid_type"].dtype == np.int64


def test_decode_columns__raw_values_keep_what_was_sent():
    packed, n_bits = encode({"type": 20, "mmsi": 2190001, "offset1": 7})
    raw = decode_columns(packed, [0], [n_bits], 20, scaled=False)
    assert raw["offset1"].tolist() == [7]
    assert raw["offset4"].tolist() == [MISSING] == [nmea_fields.MISSING]


def test_encode__refuses_values_that_do_not_fit():
    with pytest.raises(SchemaError, match=r"mmsi must be 0 to 1073741823"):
        encode({"type": 1, "mmsi": 2**30})
    with pytest.raises(SchemaError, match="six-bit alphabet"):
        encode({"type": 5, "mmsi": 1, "shipname": "lower"})
    with pytest.raises(SchemaError, match="at most 7 letters"):
        encode_columns(5, {"mmsi": [1], "callsign": ["TOOLONG8"]})
    with pytest.raises(SchemaError, match="use encode"):
        encode_columns(8, {"mmsi": [1]}, form=(1, 22))
    with pytest.raises(SchemaError, match="has 99"):
        encode({"type": 99})
