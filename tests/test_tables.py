"""The byte parser against plain Python: records, decimals, times, static columns."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

import naive_tables
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from oceankernels import tablefields, tables, textscan
from oceankernels.jit import jit
from oceankernels.tablespec import (
    LAT,
    LON,
    N_FINE,
    NUMBER,
    REASONS,
    REPAIRS,
    ROW_DTYPES,
    TIME,
    TIME_DMY,
    TIME_ISO,
    VESSEL,
    Bad,
    Record,
    Rows,
    Spec,
    Tally,
)

COMMA = 44


def padded(data: bytes) -> np.ndarray:
    out = np.zeros(len(data) + textscan.SLACK, np.uint8)
    out[: len(data)] = np.frombuffer(data, np.uint8)
    out[len(data)] = textscan.NEWLINE
    return out


def parse(data: bytes, kinds: list[int], slots: list[int], *, wide: bool = False):
    """(rows, refused as [line, reason], tally) of a headerless table."""
    n = data.count(b"\n") + 1
    spec = Spec(
        np.array(kinds, np.int8),
        np.array(slots, np.int8),
        np.zeros((4, 2), np.uint64),
        len(kinds),
        4,
        np.uint8(COMMA),
        False,
        True,
        False,
    )
    marks = np.full(N_FINE, wide, np.uint8)
    rows = Rows(
        *(np.empty(n, d) for d in ROW_DTYPES), np.empty((n * wide, N_FINE)), marks
    )
    bad = Bad(*(np.empty(n, np.int64) for _ in range(4)))
    tally = Tally(
        np.zeros(len(REPAIRS), np.int64),
        np.zeros(N_FINE, np.uint8),
        np.empty((n * wide * N_FINE, 4), np.int64),
    )
    kept, refused, lines, later = tables.parse_block(
        padded(data), 0, len(data), spec, rows, bad, tally, Record.new(), False
    )
    assert 0 <= lines - data.count(b"\n") <= (not data.endswith(b"\n"))
    rows = Rows(*(x if x is marks else x[:kept] for x in rows))
    reasons = [REASONS[code] for code in bad.reason[:refused]]
    faults = list(zip(bad.line[:refused].tolist(), reasons, strict=True))
    return rows, faults, tally._replace(later=tally.later[:later])


torn = st.lists(
    st.sampled_from([b"a", b",", b'"', b"\n", b"\r", b"\r\n", b'""', b"a,b,c\n"]),
    max_size=25,
).map(b"".join)


@settings(max_examples=600, deadline=None)
@given(torn)
@example(b'a,"b\nb",c\nd,e,f\n')
@example(b'a,"b\nd,e,f\ng,h,i\n')
@example(b'"')
@example(b'a,"b""\nc",d\n')
def test_records__any_quotes_and_line_ends(data):
    wanted = [
        (line - 1, found if isinstance(found, str) else "no vessel id")
        for line, _, found in naive_tables.records(data, 3)
    ]
    assert parse(data, [0, 0, 0], [0, 0, 0])[1] == wanted


@settings(max_examples=300, deadline=None)
@given(torn, st.integers(0, 60))
def test_whole_records__cuts_where_a_record_begins(data, size):
    starts, at = [], 0
    for _, raw, _ in naive_tables.records(data, 3):
        at = data.index(raw, at)
        starts.append(at)
        at += len(raw)
    size = min(size, len(data))
    cut = tablefields.whole_records(padded(data), 0, size, COMMA, 3)
    assert cut <= size
    blank = b"".join(data[cut:].split()) == b""
    assert cut == 0 or blank or cut in starts or data[cut : cut + 1] in b"\r\n"
    whole = [r for _, r, _ in naive_tables.records(data, 3)]
    parts = [r for _, r, _ in naive_tables.records(data[:cut], 3)]
    parts += [r for _, r, _ in naive_tables.records(data[cut:], 3)]
    assert parts == whole


@settings(max_examples=200, deadline=None)
@given(torn, st.integers(0, 60))
def test_record_at__first_record_from_a_position(data, position):
    found = tablefields.record_at(
        padded(data), 0, len(data), min(position, len(data)), (True, COMMA, 3)
    )
    before = list(naive_tables.records(data[:found], 3))
    after = list(naive_tables.records(data[found:], 3))
    whole = list(naive_tables.records(data, 3))
    assert [x[1:] for x in before + after] == [x[1:] for x in whole]
    assert found >= min(position, len(data))


decimals = st.one_of(
    st.floats(-90, 90, allow_nan=False).map(repr),
    st.decimals(-90, 90, places=7).map(str),
    st.from_regex(r"[+-]?[0-8]?[0-9]?\.[0-9]{1,30}", fullmatch=True),
    st.from_regex(r"-?[0-9]{1,12}e-[0-9]{1,3}", fullmatch=True),
    st.floats(-1e-4, 1e-4).map(lambda x: f"{x:.25f}"),
)


@settings(max_examples=800, deadline=None)
@given(decimals, decimals)
@example("51.4477244459512", "-3.583730725747531")
@example("0.1", "-0.0")
@example("9007199254740993e-15", "12.345678901234567890")
def test_decimals__equal_float_bit_for_bit(lat, lon):
    line = f"1,2020-01-31 01:02:03,{lon},{lat}\n".encode()
    kinds, slots = [NUMBER, TIME_ISO, NUMBER, NUMBER], [VESSEL, TIME, LON, LAT]
    rows, faults, tally = parse(line, kinds, slots, wide=True)
    if abs(float(lat)) > 90 or abs(float(lon)) > 180:
        assert "out of range" in faults[0][1] or "no position" in faults[0][1]
        return
    assert not faults
    fine = rows.fine.copy()
    for row, slot, a, b in tally.later:
        fine[row, slot] = float(line[a:b]) + 0.0
    for slot, text, scaled in ((LON, lon, rows.lon[0]), (LAT, lat, rows.lat[0])):
        wanted = float(text) + 0.0
        assert fine[0, slot].tobytes() == np.float64(wanted).tobytes()
        if not tally.needs_wide[slot]:
            assert scaled / 1e7 == wanted
        else:
            assert not _has_places(text, 7)


def _has_places(text: str, places: int) -> bool:
    from decimal import Decimal

    return (Decimal(text).scaleb(places) % 1) == 0


@settings(deadline=None)
@given(
    st.datetimes(datetime(1600, 1, 1), datetime(2400, 1, 1)),
    st.sampled_from(["iso", "blank", "dmy"]),
    st.booleans(),
)
def test_times__any_instant(moment, form, fraction):
    moment = moment if fraction else moment.replace(microsecond=0)
    pattern = {
        "iso": "{:%Y-%m-%dT%H:%M:%S}",
        "blank": "{:%Y-%m-%d %H:%M:%S}",
        "dmy": "{:%d/%m/%Y %H:%M:%S}",
    }[form]
    text = pattern.format(moment) + (f".{moment.microsecond:06d}" if fraction else "")
    kind = TIME_DMY if form == "dmy" else TIME_ISO
    line = f"1,{text},-3,51\n".encode()
    rows, faults, _ = parse(line, [NUMBER, kind, NUMBER, NUMBER], [VESSEL, TIME, 0, 1])
    assert not faults
    wanted = (moment - datetime(1970, 1, 1)) / timedelta(microseconds=1)
    assert rows.time[0] == wanted


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2023-02-29T00:00:00", "impossible date"),
        ("2023-13-01T00:00:00", "impossible date"),
        ("2023-00-10T00:00:00", "impossible date"),
        ("2023-01-10T24:00:00", "impossible time of day"),
        ("2023-01-10T23:60:00", "impossible time of day"),
        ("2023-01-10T23:59:60", "impossible time of day"),
        ("10/01/2023 00:00:00", "bad time"),
        ("2023-01-10", "bad time"),
        ("2023-01-10T12:30:15:", "bad time"),
        ("20\xe73-01-10T12:30:15", "bad time"),
        ("", "no time"),
        ("NA", "no time"),
    ],
)
def test_times__refused(text, reason):
    line = f"1,{text},-3,51\n".encode("latin-1")
    kinds = [NUMBER, TIME_ISO, NUMBER, NUMBER]
    assert parse(line, kinds, [VESSEL, TIME, LON, LAT])[1] == [(0, reason)]


@pytest.mark.parametrize(
    ("lon", "lat", "reason"),
    [
        ("-3", "91", "no position (lat 91, lon 181)"),
        ("181.0", "51", "no position (lat 91, lon 181)"),
        ("51", "-123.5", "latitude out of range (latitude and longitude swapped?)"),
        ("51", "-923.5", "latitude out of range"),
        ("190.5", "51", "longitude out of range"),
        ("359", "51", "longitude out of range"),
        ("-180.0000001", "51", "longitude out of range"),
        ("", "51", "position is empty"),
        ("nan", "51", "position is empty"),
        ("3.5W", "51", "position is not a number"),
        ("1_0", "51", "position is not a number"),
    ],
)
def test_positions__refused(lon, lat, reason):
    line = f"1,2023-01-10T12:30:15,{lon},{lat}\n".encode()
    kinds = [NUMBER, TIME_ISO, NUMBER, NUMBER]
    assert parse(line, kinds, [VESSEL, TIME, LON, LAT])[1] == [(0, reason)]


def test_positions__dateline_and_poles():
    data = b"1,2023-01-10T12:30:15,180,90\n2,2023-01-10T12:30:15,-180.0,-90.0\n"
    kinds = [NUMBER, TIME_ISO, NUMBER, NUMBER]
    rows, faults, tally = parse(data, kinds, [VESSEL, TIME, LON, LAT])
    assert not faults
    assert rows.lon.tolist() == [-1_800_000_000, -1_800_000_000]
    assert rows.lat.tolist() == [900_000_000, -900_000_000]
    assert tally.repairs[REPAIRS.index("lon 180 -> -180")] == 1


@pytest.mark.parametrize(
    ("text", "kept"),
    [("367752440", True), ("367752440.0", True), ("1", True), ("999999999", True),
     ("0", False), ("1000000000", False), ("-5", False), ("12.5", False),
     ("x", False), ("1e300", False), ("9" * 40, False)],
)  # fmt: skip
def test_mmsi(text, kept):
    line = f"{text},2023-01-10T12:30:15,-3,51\n".encode()
    kinds = [NUMBER, TIME_ISO, NUMBER, NUMBER]
    rows, faults, _ = parse(line, kinds, [VESSEL, TIME, LON, LAT])
    assert faults == ([] if kept else [(0, "bad mmsi")])
    assert rows.vessel.tolist() == ([int(float(text))] if kept else [])


def test_word_hash__case_and_blanks_do_not_count():
    def code(text: bytes) -> int:
        return tablefields.hash_word(text)

    assert code(b"Under way using engine") == code(b" UNDER WAY USING ENGINE ")
    assert code(b"Class A") != code(b"Class B")
    assert code(b"Towing") != code(b"Towing long/wide")


@given(st.binary(max_size=40))
@settings(deadline=None)
def test_hash_word__as_the_parser_computes_it(word):
    assert tablefields.hash_word(word) == compiled_hash(padded(word), 0, len(word))


@jit
def compiled_hash(buf, start, stop):
    return textscan.word_hash(textscan.pointer(buf), start, stop)


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 2)), max_size=40))
@settings(deadline=None)
def test_changed_rows__first_and_every_change(pairs):
    keys = np.array([c for c, _ in pairs], np.int64)
    content = np.array([s for _, s in pairs], np.uint64)
    last, wanted = {}, []
    for k, (key, what) in enumerate(pairs):
        if last.get(key) != what:
            wanted.append(k)
        last[key] = what
    assert tablefields.changed_rows(keys, content).tolist() == wanted


def test_changed_rows__grows_past_its_first_table():
    keys = np.repeat(np.arange(1, 5001), 2)
    content = np.full(keys.size, 2**63 + 5, np.uint64)
    assert (tablefields.changed_rows(keys, content) == np.arange(0, 10_000, 2)).all()


def naive_new_rows(rows):
    """Key, time, content one by one: those that are no repeat of the latest."""
    latest, wanted = {}, []
    for k, (key, time, content) in enumerate(rows):
        if key in latest and time < latest[key][0]:
            wanted.append(k)
        elif latest.get(key, (0, None))[1] != content:
            wanted.append(k)
            latest[key] = time, content
    return wanted


@given(
    st.lists(
        st.tuples(st.integers(1, 4), st.integers(-3, 9), st.integers(0, 2)), max_size=40
    ),
    st.integers(0, 40),
)
@settings(deadline=None)
def test_new_rows__over_calls_as_in_one(rows, cut):
    known, found = np.zeros((4, 3), np.int64), []
    for first, part in ((0, rows[:cut]), (len(rows[:cut]), rows[cut:])):
        table = np.array(part, np.int64).reshape(-1, 3)
        content = table[:, 2].astype(np.uint64)
        new, known = tablefields.new_rows(table[:, 0], table[:, 1], content, known)
        found += (first + new).tolist()
    assert found == naive_new_rows(rows)


def test_numbers_in__nan_where_there_is_none():
    data = b"12.5,,x,-3e2"
    spans = np.array([(0, 4), (5, 5), (6, 7), (8, 12)])
    found = tablefields.numbers_in(padded(data), spans)
    np.testing.assert_array_equal(found, [12.5, math.nan, math.nan, -300.0])
