"""NAF messages: other people's samples, forms of fields, where messages begin."""

from __future__ import annotations

import contextlib
import gzip
import itertools
import json
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oceandata.columns import decode_position, decode_tenths, vessel_key
from oceandata.errors import FormatError
from oceandata.readers import identify, read_tracks, reader
from oceandata.readers.naf import NafError, parse_naf
from oceandata.readers.naf_files import naf_messages

GOOD = (
    "//SR//AD/FRA//FR/GBR//TM/POS//IR/XYZ01//NA/SHIP//RC/CALL//FS/GBR//DA/20201006"
    "//TI/1625//LT/+53.254//LG/-.940//SP/96//CO/8//ER//"
)


def message(**fields: str | None) -> str:
    """GOOD with some fields replaced, None leaves a field out."""
    base = dict(part.split("/", 1) for part in GOOD[6:-6].split("//"))
    told = {k: v for k, v in (base | fields).items() if v is not None}
    return "//SR" + "".join(f"//{k}/{v}" for k, v in told.items()) + "//ER//"


@pytest.fixture(scope="session")
def samples(truth):
    return json.loads((truth / "naf" / "naf_samples_expected.json").read_text())


FIELDS = {
    "name": "NA",
    "ir": "IR",
    "rc": "RC",
    "xr": "XR",
    "type": "TM",
    "from": "FR",
    "to": "AD",
    "flag": "FS",
    "network": "MS",
}


def test_parse_naf__truth(samples):
    for case in samples["cases"]:
        found = parse_naf(case["naf"])
        values = {
            "time": f"{found.instant:%Y-%m-%dT%H:%MZ}",
            "course": found.course,
            "speed_kn": found.speed,
            "lon": found.lon,
            "lat": found.lat,
            **{name: found.fields.get(code) for name, code in FIELDS.items()},
        }
        assert case["expect"] == {name: values[name] for name in case["expect"]}


def test_parse_naf__truth_that_must_fail(samples):
    reasons = []
    for case in samples["must_fail"]:
        with pytest.raises(NafError, match="message type|no time|no start|number") as e:
            parse_naf(case["naf"])
        reasons.append(str(e.value))
    assert reasons == [
        "message type is no position (POS, MAN, ENT, EXI)",
        "no time",
        "no start of record (//SR//)",
        "position is not a number",
    ]


@pytest.mark.parametrize("between", ["\n", "\r\n", "", "\n\n", " \n"])
def test_naf__file_of_the_truth(tmp_path, samples, between):
    texts = [case["naf"] for case in samples["cases"]]
    if between in ("\n", "\r\n"):
        texts += [case["naf"] for case in samples["must_fail"]]
    path = tmp_path / "a.naf"
    path.write_text(between.join(texts), newline="")
    assert identify(path).format == "naf"
    found = read_tracks(path)
    assert found.summary.rows_kept == 7
    assert found.summary.rows_quarantined == len(texts) - 7
    assert found.rejected["line"].tolist() == [8, 9, 10, 11][: len(texts) - 7]
    key = vessel_key("41740-10-A")
    row = int(np.flatnonzero(found.dataset.vessel.values == key)[0])
    assert found.dataset.vessel_name.values[row] == "HUA FU 107"
    assert found.dataset.trajectory_id.values[row].endswith("41740-10-A")


@pytest.mark.parametrize(
    ("fields", "attribute", "wanted"),
    [
        ({"SP": None}, "speed", None),
        ({"SP": ""}, "speed", None),
        ({"CO": None}, "course", None),
        ({"CO": "360"}, "course", 0.0),
        ({"CO": "400"}, "course", None),
        ({"SP": "1023"}, "speed", None),
        ({"SP": "5000"}, "speed", None),
        ({"LG": "+180"}, "lon", -180.0),
        ({"LG": None, "LO": "W01144"}, "lon", -11.7333333),
        ({"LT": None, "LA": "N5315"}, "lat", 53.25),
        ({"TM": "ent"}, "type", "ENT"),
        ({"IR": None}, "vessel", "CALL"),
        ({"IR": "", "RC": ""}, "vessel", "SHIP"),
        ({"IM": "IMO9074729"}, "imo", 9074729),
        ({"IM": "none"}, "imo", 0),
        ({"DA": "201006"}, "time", 1_602_001_500_000_000),
        ({"DA": "991006"}, "time", 939_227_100_000_000),
        ({"TI": "16:25"}, "time", 1_602_001_500_000_000),
        ({"TI": "162501"}, "time", 1_602_001_501_000_000),
        ({"NA": "A/B"}, "name", "A/B"),
        ({"NA": ""}, "call_sign", "CALL"),
    ],
)
def test_parse_naf__forms(fields, attribute, wanted):
    assert getattr(parse_naf(message(**fields)), attribute) == wanted


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"DA": "20201306"}, "impossible date"),
        ({"DA": "2020106"}, "bad time"),
        ({"TI": "2460"}, "impossible time of day"),
        ({"TI": "noon"}, "bad time"),
        ({"DA": None}, "no time"),
        ({"LT": None}, "position is empty"),
        ({"LT": "1e1"}, "position is not a number"),
        ({"LT": "95"}, "latitude out of range (latitude and longitude swapped?)"),
        ({"LT": "195"}, "latitude out of range"),
        ({"LG": "-181"}, "longitude out of range"),
        ({"LG": None, "LO": "N0114"}, "position is not a number"),
        ({"LT": None, "LA": "N5360"}, "position is not a number"),
        ({"SP": "fast"}, "speed, course or heading is not a number"),
        ({"TM": None}, "message type is no position (POS, MAN, ENT, EXI)"),
        ({"IR": None, "RC": None, "NA": None}, "no vessel id"),
    ],
)
def test_parse_naf__faults(fields, reason):
    with pytest.raises(NafError, match=f"^{re.escape(reason)}$"):
        parse_naf(message(**fields))


def test_parse_naf__no_end():
    with pytest.raises(NafError, match="no end of record"):
        parse_naf(GOOD[:-6])
    assert parse_naf(GOOD[:-2]).vessel == "XYZ01"


def _batches(path, **options):
    found = list(reader("naf").batches(path, **options))
    for batch in found:
        assert batch.rows_read == len(batch.columns) + len(batch.rejected)
    return found


def test_naf__what_stands_between_messages(tmp_path):
    path = tmp_path / "a.naf"
    path.write_text(f"From: x\n{GOOD}tail\nhead {GOOD}{GOOD[:-2]}{GOOD}\n\n")
    (batch,) = _batches(path)
    assert len(batch.columns) == 4
    assert batch.rejected.line.tolist() == [1, 2, 3]
    assert batch.rejected.raw == [b"From: x", b"tail", b"head "]
    assert decode_position(batch.columns.lon).tolist() == [-0.94] * 4
    assert decode_tenths(batch.columns.sog).tolist() == [np.float32(9.6)] * 4
    assert len(batch.reports) == 1


def test_naf__reports_where_they_change(tmp_path):
    path = tmp_path / "a.naf"
    texts = [GOOD, GOOD, message(NA="NEW", TI="1700"), message(NA="NEW", TI="1800")]
    path.write_text("\n".join(texts))
    (batch,) = _batches(path)
    assert batch.reports.name.tolist() == ["SHIP", "NEW"]
    assert batch.reports.call_sign.tolist() == ["CALL", "CALL"]


def test_naf__pieces_and_ranges_agree(tmp_path):
    rng = np.random.default_rng(5)
    texts = [
        message(TI=f"{k // 60 % 24:02d}{k % 60:02d}", NA="N" * int(rng.integers(1, 90)))
        + ("\n" if rng.random() < 0.5 else "")
        for k in range(3000)
    ]
    path = tmp_path / "a.naf"
    path.write_text("".join(texts) + "rubbish\n")
    whole = _batches(path, block_bytes=1 << 20)
    small = _batches(path, block_bytes=1 << 16)
    assert len(small) > 3
    size = path.stat().st_size
    edges = [0, size // 3, size // 3 + 7, size]
    parts = [
        b for a, z in itertools.pairwise(edges) for b in _batches(path, start=a, stop=z)
    ]
    for found in (small, parts):
        time = np.concatenate([b.columns.time for b in found])
        np.testing.assert_array_equal(
            time, np.concatenate([b.columns.time for b in whole])
        )
        lines = [n for b in found for n in b.rejected.line.tolist()]
        assert lines == [n for b in whole for n in b.rejected.line.tolist()]
    assert sum(len(b.columns) for b in whole) == 3000


def test_naf__cut_short_and_endless(tmp_path):
    rng = np.random.default_rng(3)
    texts = [message(NA=rng.bytes(30).hex()) for _ in range(400)]
    packed = gzip.compress("\n".join(texts).encode())
    path = tmp_path / "a.naf.gz"
    path.write_bytes(packed[: len(packed) // 2])
    found = _batches(path)
    assert sum(len(b.columns) for b in found) > 100
    assert found[-1].rejected.reason == ["file ends inside a compressed stream"]
    path = tmp_path / "b.naf"
    path.write_text(f"{GOOD}\n" + "//SR//" + "x" * (3 << 20) + f"\n{GOOD}\n")
    found = _batches(path)
    assert sum(len(b.columns) for b in found) == 2
    assert sum(len(b.rejected) for b in found) >= 1


def test_naf__refusals(tmp_path):
    path = tmp_path / "a.naf"
    path.write_text(GOOD)
    with pytest.raises(FormatError, match="has no columns"):
        _batches(path, columns={"time": "DA"})
    with pytest.raises(FormatError, match="is in UTC"):
        _batches(path, timezone="Asia/Shanghai")
    with pytest.raises(FormatError, match="does not take 'units'"):
        _batches(path, units={})


def test_naf_messages__all_fields(tmp_path):
    path = tmp_path / "a.naf"
    path.write_text(f"{GOOD}\nrubbish\n")
    good, bad = naf_messages(path)
    assert good.fields["FS"] == "GBR"
    assert bad == "no start of record (//SR//)"


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("/SREATMPOSLG0159.+-\x00é "), max_size=60))
def test_parse_naf__never_fails_otherwise(text):
    for whole in (text, f"//SR//{text}//ER//", GOOD.replace("CALL", text)):
        with contextlib.suppress(NafError):
            assert -90 <= parse_naf(whole).lat <= 90
