"""Fields of AIS messages against the decodings of gpsd and libais."""

from __future__ import annotations

import json
import math

import naive_nmea_fields as naive
import numpy as np
import pytest

from oceandata.readers import nmea
from oceandata.readers.nmea_fields import decode, decode_group
from oceankernels.nmeaspec import CODE, JOINED, MESSAGE


@pytest.mark.parametrize(("name", "scaled"), [("js", True), ("ju", False)])
def test_decode__equals_gpsd_field_by_field(truth, name, scaled):
    folder = truth / "nmea"
    with open(folder / "sample.aivdm", errors="replace") as lines:
        packed = naive.pack(naive.messages(lines))
    with open(folder / f"sample.aivdm.{name}.chk") as lines:
        theirs = [json.loads(line) for line in lines]
    ours = decode(*packed, scaled=scaled, style="gpsd")
    assert len(theirs) == len(ours) == 97
    for mine, other in zip(ours, theirs, strict=True):
        assert other.pop("device") == "stdin"
        assert mine == other
        assert {k: type(v) for k, v in mine.items() if type(v) is bool} == {
            k: type(v) for k, v in other.items() if type(v) is bool
        }


def test_decode__equals_gpsd_behind_our_own_scanner(truth):
    folder = truth / "nmea"
    ours = []
    for piece, *_ in nmea.pieces(folder / "sample.aivdm", untimed=True, workers=1):
        rows = np.flatnonzero(np.isin(piece.table[:, CODE], (MESSAGE, JOINED)))
        ours += decode(*piece.packed(rows), style="gpsd")
    with open(folder / "sample.aivdm.js.chk") as lines:
        theirs = [json.loads(line) for line in lines]
    assert [{**record, "device": "stdin"} for record in ours] == theirs


def test_decode__agrees_with_libais(truth):
    folder = truth / "nmea"
    with open(folder / "typeexamples.nmea", errors="replace") as lines:
        records = decode(*naive.pack(naive.messages(lines)))
    with open(folder / "typeexamples.json") as lines:
        theirs = [json.loads(line) for line in lines]
    by_id = {(r["type"], r["mmsi"]): r for r in records}
    compared = 0
    for other in theirs:
        mine = by_id[other["type"], other["mmsi"]]
        for name in ("lon", "lat", "speed", "course", "heading", "draught", "turn"):
            if name not in other or name not in mine:
                continue
            value = math.nan if other[name] is None else other[name]
            value = {("lon", 181.0): math.nan, ("lat", 91.0): math.nan}.get(
                (name, value), value
            )
            if (name, value) == ("heading", 511):
                continue
            if (other["type"], name) == (9, "speed"):
                value *= 10  # libais has tenths; M.1371-5 says whole knots
            assert mine[name] == pytest.approx(value, abs=2e-5, nan_ok=True), name
            compared += 1
        for name in ("shipname", "callsign", "destination", "dest_mmsi", "mmsi1", "cs"):
            if name in other and name in mine:
                assert mine[name] == other[name]
                compared += 1
    assert compared > 50


def test_decode__area_notice_of_libais(truth):
    with open(truth / "nmea" / "typeexamples.nmea", errors="replace") as lines:
        packed = naive.pack(naive.messages(lines))
    (notice,) = [r for r in decode(*packed) if r.get("fid") == 22]
    (area,) = notice["areas"]
    assert notice["linkage"] == 10
    assert notice["notice_text"] == "caution area: marine mammals habitat"
    assert area["shape_text"] == "circle or point"
    assert area["lon"] == pytest.approx(-69.86498333333333, abs=1e-9)
    assert area["lat"] == pytest.approx(42.08295, abs=1e-9)
    assert area["radius"] * 10 ** area["scale"] == 9260
    columns = decode_group(*packed, 8, application=(1, 22), group="areas")
    assert columns["lat"].tolist() == [area["lat"]]
    assert columns["element"].tolist() == [0]
