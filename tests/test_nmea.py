"""AIS sentences: against a plain twin, in any cut of a file, with every fault."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import naive_nmea
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nmea_logs import (
    LONG,
    NO_TEXT,
    POSITION,
    T0,
    Read,
    busy_log,
    read_text,
    same,
    sentence,
    tagged,
    timed,
    twin_rows,
)

from oceandata.columns import decode_tenths
from oceandata.errors import FormatError
from oceandata.readers import read_tracks
from oceandata.sea import nmea as sea
from oceankernels import nmea as kernel


@st.composite
def messages(draw, most=12):
    """Messages of the encoder, with texts, that any reader must give back."""
    n = draw(st.integers(1, most))
    rows = np.zeros(n, sea.MESSAGE)
    letters = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ 0123456789-.", max_size=20)
    texts = [(draw(letters)[:7], draw(letters), draw(letters)) for _ in range(n)]
    for k in range(n):
        rows[k]["kind"] = draw(st.sampled_from([1, 3, 4, 5, 18, 24]))
        rows[k]["part"] = draw(st.integers(0, 1))
        rows[k]["mmsi"] = draw(st.integers(201_000_000, 775_999_999))
        rows[k]["time"] = T0 + 10 * k
        rows[k]["lon"] = draw(st.integers(-108_000_000, 107_999_999))
        rows[k]["lat"] = draw(st.integers(-54_000_000, 54_000_000))
        rows[k]["sog"] = draw(st.integers(0, 1023))
        rows[k]["cog"] = draw(st.integers(0, 3600))
        rows[k]["heading"] = draw(st.one_of(st.just(511), st.integers(0, 359)))
        rows[k]["status"] = draw(st.integers(0, 15))
        for name, most_of in (("imo", 9_999_999), ("ship_type", 99), ("bow", 511),
                              ("stern", 511), ("port", 63), ("starboard", 63),
                              ("draught", 255)):  # fmt: skip
            rows[k][name] = draw(st.integers(0, most_of))
        rows[k]["who"] = k
    return rows, sea.six_bit_texts(texts)


def test_pack__any_payload_against_strings_of_bits():
    rng = np.random.default_rng(1)
    letters = np.frombuffer("".join(naive_nmea.ALPHABET).encode(), np.uint8)
    bodies = [letters[rng.integers(0, 64, n)] for n in rng.integers(0, 60, 300)]
    text = np.concatenate([*bodies, np.zeros(kernel.SLACK, np.uint8)])
    size = np.array([b.size for b in bodies])
    start = np.cumsum(size) - size
    fill = rng.integers(0, 6, 300)
    packed, place, n_bits = kernel.pack(text, start, size, fill)
    for k, body in enumerate(bodies):
        bits = naive_nmea.bits_of([(bytes(body).decode(), int(fill[k]))]) or ""
        stop = place[k] + (n_bits[k] + 7) // 8
        got = "".join(format(byte, "08b") for byte in packed[place[k] : stop])
        assert n_bits[k] == len(bits)
        assert got == bits.ljust(len(got), "0")
    assert not packed[-8:].any()


@settings(max_examples=60, deadline=None)
@given(made=messages(), tag_blocks=st.booleans(), block=st.integers(40, 900))
def test_read__gives_what_was_encoded(made, tag_blocks, block, tmp_path_factory):
    rows, texts = made
    folder = tmp_path_factory.mktemp("nmea")
    data = sea.sentences(rows, texts, tag_blocks=tag_blocks)
    read = read_text(folder, data, block_bytes=block)
    twin = naive_nmea.read(data.decode())
    assert read.rows() == twin_rows(twin)
    fixes = rows[np.isin(rows["kind"], (1, 3, 18))]
    np.testing.assert_array_equal(read.columns.lon, fixes["lon"] / 600_000)
    np.testing.assert_array_equal(read.columns.lat, fixes["lat"] / 600_000)
    assert [line for line, _ in read.bad()] == [line for line, *_ in twin.others]
    assert read.others["static report"] == len(twin.statics)
    said = {(v, round(t * 1e6)): s for _, v, t, s in twin.statics}
    for k in range(len(read.reports)):
        want = said[int(read.reports.vessel[k]), int(read.reports.time[k])]
        for name in ("name", "call_sign", "destination", "imo", "ship_type"):
            assert getattr(read.reports, name)[k] == want[name]
        sizes = (read.reports.length[k], read.reports.width[k])
        want = want["size"] or (0, 0)
        assert [0 if np.isnan(x) else int(x) for x in sizes] == list(want)


@settings(max_examples=15, deadline=None)
@given(block=st.integers(30, 5000), workers=st.integers(1, 3))
def test_read__any_blocks_give_the_same(block, workers, tmp_path_factory):
    folder = tmp_path_factory.mktemp("nmea")
    whole = read_text(folder, busy_log(), workers=1)
    same(whole, read_text(folder, busy_log(), block_bytes=block, workers=workers))


@settings(max_examples=15, deadline=None)
@given(cuts=st.lists(st.integers(1, 40_000), min_size=1, max_size=5))
def test_read__byte_ranges_share_no_message_and_miss_none(cuts, tmp_path_factory):
    data = busy_log()
    path = tmp_path_factory.mktemp("nmea") / "log.nmea"
    path.write_bytes(data)
    edges = sorted({0, *(c for c in cuts if c < len(data)), len(data)})
    parts = [Read(path, start=a, stop=b, block_bytes=4000) for a, b in pairwise(edges)]
    whole = Read(path)
    assert sorted(r for p in parts for r in p.rows()) == sorted(whole.rows())
    assert sorted(r for p in parts for r in p.bad()) == whole.bad()
    assert sum((p.others for p in parts), Counter()) == whole.others


def test_read__busy_log_as_the_twin_reads_it(tmp_path):
    data = busy_log()
    read = read_text(tmp_path, data)
    twin = naive_nmea.read(data.decode())
    assert read.rows() == twin_rows(twin)
    assert [line for line, _ in read.bad()] == sorted(
        [line for line, _ in twin.aside] + [line for line, *_ in twin.others]
    )
    lost = [line for line, why in read.bad() if why.startswith("part of")]
    assert lost == [line for line, why in twin.aside if why == "lost"]
    lines = sum(1 for line in data.split(b"\n") if line.strip())
    assert lines == len(read.rows()) + len(read.rejected) + read.others.total()


def parts_of(*numbers, seq=3, bodies=LONG, time=T0, **rest) -> list[str]:
    total = len(bodies)
    return [
        timed(sentence(bodies[(k - 1) % total], total=total, number=k, seq=seq,
                       fill=2 if k == total else 0, **rest), time)
        for k in numbers
    ]  # fmt: skip


def test_parts__in_any_order_between_others(tmp_path):
    a, b = parts_of(1, 2, seq=1), parts_of(1, 2, seq=2)
    other = timed(sentence(POSITION))
    for order in (a + b, b[::-1] + a, [a[1], other, b[0], a[0], other, b[1]]):
        read = read_text(tmp_path, "\n".join(order))
        assert read.others == {"static report": 2, "further part of a message": 2}
        assert len(read.rejected) == 0
        assert read.reports.name.tolist() == ["ROSINANTE"]


def test_parts__numbered_from_zero(tmp_path):
    lines = [
        timed(sentence(LONG[0], total=2, number=0, seq=1)),
        timed(sentence(LONG[1], total=2, number=1, seq=1, fill=2)),
        timed(sentence(POSITION, number=0)),
    ]
    read = read_text(tmp_path, "\n".join(lines))
    assert read.others["static report"] == 1
    assert len(read.columns) == 1


def test_parts__missing_twice_and_replaced(tmp_path):
    first, second = parts_of(1, 2)
    lines = [second, first, first]  # the third begins a message that never ends
    read = read_text(tmp_path, "\n".join(lines))
    assert read.others["static report"] == 1
    assert read.bad() == [(3, "part of a message whose other parts are missing")]
    assert read.rejected.raw == [first.encode()]
    read = read_text(tmp_path, "\n".join([first, first, second]))
    assert read.bad() == [(2, "part received twice")]
    other = parts_of(1, bodies=(LONG[0].replace("0E", "0F"), ""))
    read = read_text(tmp_path, "\n".join([*other, first, second]))
    assert read.bad() == [(1, "part of a message whose other parts are missing")]
    assert read.others["static report"] == 1


def test_parts__of_other_stations_channels_and_times_are_not_joined(tmp_path):
    body = sentence(LONG[0], total=2, number=1, seq=1)
    last = sentence(LONG[1], total=2, number=2, seq=1, fill=2)
    wrong = sentence(LONG[1], total=2, number=2, seq=1, fill=2, channel="B")
    cases = {
        (tagged(body, f"s:one,c:{T0}"), tagged(last, f"s:two,c:{T0}")): 0,
        (tagged(body, f"s:one,c:{T0}"), tagged(last, f"s:one,c:{T0}")): 1,
        (tagged(body, f"s:one,c:{T0}"), last): 1,
        (tagged(body, f"g:1-2-7,s:one,c:{T0}"), tagged(last, "g:2-2-7")): 1,
        (tagged(body, f"g:1-2-7,s:one,c:{T0}"), tagged(last, "g:2-2-8")): 0,
        (tagged(body, f"c:{T0}"), tagged(last, f"c:{T0 + 61}")): 0,
        (timed(body), timed(wrong)): 0,
        (f"{body},r003669930,{T0}", f"{last},r003669930,{T0}"): 1,
        (f"{body},r003669930,{T0}", f"{last},r003669931,{T0}"): 0,
        (timed(body), f"{last},b003660465"): 1,
    }
    for lines, joined in cases.items():
        read = read_text(tmp_path, "\n".join(lines))
        assert read.others["static report"] == joined, lines
        assert len(read.rejected) == (0 if joined else 2), lines


def test_parts__wait_a_thousand_sentences(tmp_path):
    first, second = parts_of(1, 2)
    other = timed(sentence(POSITION))
    for between, joined in ((999, 1), (1000, 0)):
        read = read_text(tmp_path, "\n".join([first, *[other] * between, second]))
        assert read.others["static report"] == joined
        assert len(read.columns) == between


def test_time__each_source(tmp_path):
    line = sentence(POSITION)
    zda = "GPZDA,120001.50,05,04,2024,00,00"
    zda = f"${zda}*{naive_nmea.checksum(zda):02X}"
    late = np.datetime64("2024-04-05T12:00:01.5", "us").astype("i8")
    cases = {
        tagged(line, f"c:{T0}"): T0 * 10**6,
        tagged(line, f"s:x,c:{T0}123,d:y,n:4"): T0 * 10**6 + 123_000,
        tagged(line, f"c:{T0}.25"): T0 * 10**6 + 250_000,
        f"{line},d-080,S2118,t050056.00,T56.48,r003669946,{T0},{T0 - 9}": T0 * 10**6,
        f"{line} {T0}": T0 * 10**6,
        f"{T0};{line}": T0 * 10**6,
        tagged(f"{line},{T0 + 5}", f"c:{T0}"): T0 * 10**6,
        f"{zda}\n{line}": late,
        f"$PGHP,1,2024,4,5,12,0,1,500,338,2,,1,09\n{line}": late,
    }
    for text, want in cases.items():
        read = read_text(tmp_path, text)
        assert read.columns.time.tolist() == [want], text


def test_time__group_of_tag_blocks_has_one(tmp_path):
    line = sentence(POSITION)
    lines = [
        tagged(line, f"g:1-3-7,s:x,c:{T0}"),
        tagged(line, f"s:y,c:{T0 + 9}"),
        tagged(line, "g:2-3-7"),
        tagged(line, "g:2-3-8"),
    ]
    read = read_text(tmp_path, "\n".join(lines))
    assert read.columns.time.tolist() == [t * 10**6 for t in (T0, T0 + 9, T0)]
    assert read.bad() == [(4, "no time")]
    assert read.rows() == twin_rows(naive_nmea.read("\n".join(lines)))


def test_time__line_with_wrong_checksum_ends_the_last_one(tmp_path):
    good = "GPZDA,120001.00,05,04,2024,00,00"
    line = sentence(POSITION)
    text = f"${good}*{naive_nmea.checksum(good):02X}\n{line}\n${good}*00\n{line}"
    read = read_text(tmp_path, text)
    assert len(read.columns) == 1
    assert read.bad() == [(3, "time line that cannot be believed"), (4, "no time")]


def test_time__file_without_any_is_refused(tmp_path):
    with pytest.raises(FormatError, match='options={"received"'):
        read_text(tmp_path, sentence(POSITION))
    read = read_text(tmp_path, sentence(POSITION), received="2024-03-01T09:00")
    assert read.columns.time.tolist() == [T0 * 10**6 + 9 * 3600 * 10**6]
    path = tmp_path / "log.nmea"
    result = read_tracks(
        path,
        format="nmea",
        timezone="Asia/Shanghai",
        options={"received": "2024-03-01T08:00"},
    )
    assert result.dataset.time.values.view("i8").tolist() == [T0 * 10**6]
    with pytest.raises(FormatError, match="received must be a time"):
        Read(path, received="soon")
    with pytest.raises(FormatError, match="does not take 'receivd'"):
        Read(path, receivd="2024-03-01")


def test_lines__each_fault_has_its_reason(tmp_path):
    line = timed(sentence(POSITION))
    foul = POSITION[:9] + "X" + POSITION[10:]  # X is no six-bit character
    cases = {
        line.replace("*30", "*31"): "wrong checksum",
        line.replace("15N1u", "15N1v"): "wrong checksum",
        line[:30]: "sentence cut short",
        "!AIVDM": "sentence cut short",
        sentence(POSITION, total=0): "malformed sentence",
        sentence(POSITION, total=2, number=3): "malformed sentence",
        sentence(POSITION, fill=7): "malformed sentence",
        sentence(""): "empty payload",
        timed(sentence(foul)): "character in the payload that is no six-bit character",
        timed(sentence(POSITION[:20])): "message shorter than its type",
        timed(sentence("0" + POSITION[1:])): "message type is none of 1 to 27",
        timed(sentence("w" + POSITION[1:])): "message type is none of 1 to 27",
        "$GPGGA,120001,,,,,0": "NMEA sentence other than AIS",
        "!AIALR,1,2": "NMEA sentence other than AIS",
        "!AIALR,1,2*00": "wrong checksum",
        "hello": "not an NMEA sentence",
        "\\s:x,c:12": "tag block that does not close",
        tagged("", f"c:{T0}"): "tag block without a sentence",
        sentence(POSITION): "no time",
    }
    read = read_text(tmp_path, "\n".join([line, *cases]))
    assert read.bad() == list(enumerate(cases.values(), start=2))
    assert len(read.columns) == 1


def test_lines__what_is_odd_but_good(tmp_path):
    line = sentence(POSITION)
    lines = [
        tagged(line.partition("*")[0], f"c:{T0}"),
        timed(f"\\s:x,c:99*00\\{line}"),
        f"\\c:{T0}\\{line}",
        f"log: {line},{T0}",
        timed(sentence(POSITION, talker="XQ")),
        timed(sentence(POSITION, talker="BS")),
        timed(sentence(POSITION, fill=5)),
        timed(sentence(POSITION + "0000")),
        timed(sentence(POSITION, channel="")),
        timed(line) + timed(line),
        timed(line)[:40] + timed(line),
    ]  # fmt: skip
    read = read_text(tmp_path, "\n".join(lines))
    assert len(read.columns) == len(lines) + 1
    assert set(read.columns.time.tolist()) == {T0 * 10**6}
    assert read.bad() == [(11, "sentence cut short")]
    assert read.repairs["sentence without a checksum"] == 1
    assert read.repairs["tag block with a wrong checksum passed over"] == 1
    assert read.repairs["tag block without a checksum"] == 1
    assert read.repairs["text before a sentence passed over"] == 1
    assert read.repairs["message longer than its type"] == 1


def test_stations__are_no_vessels(tmp_path):
    rows = np.zeros(8, sea.MESSAGE)
    rows["kind"], rows["time"], rows["lon"], rows["lat"] = 1, T0, 600_000, 1_200_000
    rows["mmsi"] = (4_120_001, 111_412_001, 994_121_001, 970_000_001, 972_000_001,
                    974_000_001, 0, 412_000_001)  # fmt: skip
    read = read_text(tmp_path, sea.sentences(rows, NO_TEXT))
    assert read.columns.vessel.tolist() == [412_000_001]
    assert [why.split(",")[0] for _, why in read.bad()] == [
        "coast station by its MMSI (00MIDxxxx)",
        "SAR aircraft by its MMSI (111MIDxxx)",
        "aid to navigation by its MMSI (99MIDxxxx)",
        "search and rescue transmitter",
        "man overboard device",
        "EPIRB or locating device",
        "bad mmsi",
    ]


def test_positions__sentinels_and_ranges(tmp_path):
    rows = np.zeros(6, sea.MESSAGE)
    rows["kind"], rows["time"], rows["mmsi"] = 1, T0, 412_000_001
    rows["lon"] = (108_600_000, 5, 108_000_000, 0, 120_000_000, 1)
    rows["lat"] = (0, 54_600_000, 6, 54_000_001, 0, 2)
    rows["sog"], rows["cog"], rows["heading"] = 1023, 3600, 511
    rows["status"] = 15
    read = read_text(tmp_path, sea.sentences(rows, NO_TEXT))
    assert read.columns.lon.tolist() == [-180.0, 1 / 600_000]
    assert np.isnan(decode_tenths(read.columns.sog)).all()
    assert [why for _, why in read.bad()] == [
        "no position (lat 91, lon 181)",
        "no position (lat 91, lon 181)",
        "latitude out of range",
        "longitude out of range",
    ]
    assert read.repairs == {
        "sog 102.3 (not available) -> missing": 2,
        "cog 360 (not available) -> missing": 2,
        "heading 511 (not available) -> missing": 2,
        "nav_status 15 (not defined) -> missing": 2,
        "lon 180 -> -180": 1,
    }
