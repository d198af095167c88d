"""The simulated sea: same bytes, plausible ships, and a truth that is true."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import zstandard

import oceandata as od
from oceandata.errors import OceanDataError
from oceandata.sea import routes, simulate_sea, water
from oceandata.sea.fleets import imo_number, kind_of
from oceandata.sea.lines import LEGACY, MODERN

POSITIONS = 20_000


def text_of(path: Path) -> str:
    """A data file as text, whatever its packing."""
    data = path.read_bytes()
    if path.suffix == ".gz":
        data = gzip.decompress(data)
    elif path.suffix == ".zst":
        data = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data)).read()
    elif path.suffix == ".zip":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            (name,) = archive.namelist()
            data = archive.read(name)
    return data.decode("ascii")


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def sea(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sea") / "a"
    return simulate_sea(folder, positions=POSITIONS, days=5, truth_positions=True)


@pytest.fixture(scope="module")
def rows(sea):
    """Every line that parses, in either layout, joined with its truth."""
    tables = []
    for path in sea.ais_files:
        modern = path.name.startswith("ais-")
        names = (MODERN if modern else LEGACY).strip().lower().split(",")
        parsed = list(csv.reader(text_of(path).splitlines()))[1:]
        good = [(k + 2, line) for k, line in enumerate(parsed) if len(line) == 17]
        table = pd.DataFrame([line for _, line in good], columns=names)
        table = table.rename(
            columns={
                "basedatetime": "base_date_time", "lat": "latitude", "lon": "longitude",
                "transceiverclass": "transceiver", "vesseltype": "vessel_type",
                "vesselname": "vessel_name", "callsign": "call_sign",
            }
        ).assign(file=path.name, line=[k for k, _ in good])  # fmt: skip
        tables.append(table)
    table = pd.concat(tables)
    for name in ("mmsi", "longitude", "latitude", "sog", "cog", "heading"):
        table[name] = pd.to_numeric(table[name], errors="coerce")
    truth = sea.positions()
    joined = table.merge(
        truth[["file", "line", "vessel", "mmsi", "time", "lon", "lat", "fault"]],
        on=["file", "line"], suffixes=("", "_true"), validate="one_to_one",
    )  # fmt: skip
    first = sea.vessels().drop_duplicates("vessel")
    return joined.merge(first[["vessel", "class"]], on="vessel")


def test_simulate_sea__same_arguments_same_bytes(sea, tmp_path):
    again = simulate_sea(
        tmp_path / "b", positions=POSITIONS, days=5, truth_positions=True
    )
    assert hashes(again.folder) == hashes(sea.folder)


def test_simulate_sea__spilled_rows_same_bytes(sea, tmp_path, monkeypatch):
    from oceandata.sea import spill

    monkeypatch.setattr(spill.Spill.__init__, "__defaults__", (2_000,))
    again = simulate_sea(
        tmp_path / "b", positions=POSITIONS, days=5, truth_positions=True
    )
    assert hashes(again.folder) == hashes(sea.folder)


def test_simulate_sea__other_seed_other_sea(sea, tmp_path):
    other = simulate_sea(tmp_path / "b", positions=POSITIONS, days=5, seed=2)
    ours, theirs = hashes(sea.folder), hashes(other.folder)
    assert all(ours[p.name] != theirs[p.name] for p in sea.files)


def test_simulate_sea__is_public():
    assert od.simulate_sea is simulate_sea


def test_simulate_sea__files_are_of_all_packings(sea):
    names = [path.name for path in sea.files]
    assert names == [
        "AIS_2024_03_01.csv", "ais-2024-03-02.csv.zst", "AIS_2024_03_03.csv.gz",
        "AIS_2024_03_04.zip", "ais-2024-03-05.csv", "tacsat_20240301_20240305.csv",
    ]  # fmt: skip
    assert text_of(sea.ais_files[0]).startswith("MMSI,BaseDateTime,LAT,LON,SOG,COG,")
    assert text_of(sea.ais_files[1]).startswith("mmsi,base_date_time,longitude,latit")


def test_simulate_sea__row_counts(sea):
    counted = {p.name: text_of(p).count("\n") - 1 for p in sea.files}
    tacsat = counted.pop(sea.tacsat_file.name)
    assert sum(counted.values()) == POSITIONS == sea.counts["ais_rows"]
    assert {k: sea.counts[f"rows {k}"] for k in counted} == counted
    assert tacsat == sea.counts["tacsat_rows"] > 100
    assert len(sea.positions()) == POSITIONS
    told = json.loads((sea.truth_folder / "sea.json").read_text())
    assert told["counts"] == sea.counts
    assert told["files"] == [p.name for p in sea.files]


def test_simulate_sea__malformed_lines_are_the_ones_told(sea):
    found = set()
    for path in sea.ais_files:
        for number, line in enumerate(csv.reader(text_of(path).splitlines()), 1):
            try:
                assert len(line) == 17
                float(line[2]), float(line[3]), int(line[0])
                pd.Timestamp(line[1])
            except (AssertionError, ValueError):
                found.add((path.name, number))
        found.discard((path.name, 1))
    faults = sea.faults()
    told = faults[faults.kind == "malformed"]
    assert found == set(zip(told.file, told.line, strict=True))
    assert len(found) >= 8


def test_simulate_sea__every_row_fault_is_told(sea, rows):
    kinds = ("exact_duplicate", "near_duplicate", "teleport", "sentinel",
             "out_of_order", "base_station")  # fmt: skip
    faults = sea.faults()
    for kind in kinds:
        told = faults[faults.kind == kind]
        seen = rows[rows.fault == kind]
        assert set(zip(told.file, told.line, strict=True)) == set(
            zip(seen.file, seen.line, strict=True)
        )
        assert len(told) >= 8


def test_simulate_sea__duplicates_equal_their_originals(sea):
    lines = {p.name: text_of(p).split("\n") for p in sea.ais_files}
    faults = sea.faults()
    copies = faults[faults.kind == "exact_duplicate"]
    malformed = faults[faults.kind == "malformed"]
    broken = set(zip(malformed.file, malformed.line, strict=True))
    checked = 0
    for copy in copies.itertuples():
        if (copy.file, copy.other_line) not in broken:
            text = lines[copy.file]
            assert text[copy.line - 1] == text[copy.other_line - 1]
            checked += 1
    assert checked >= 8


def test_simulate_sea__sentinels(rows):
    soiled = rows[rows.fault == "sentinel"]
    means_nothing = (
        (soiled.heading == 511) | (soiled.cog == 360.0) | (soiled.sog == 102.3)
        | ((soiled.latitude == 91.0) & (soiled.longitude == 181.0))
    )  # fmt: skip
    assert means_nothing.all()
    clean = rows[rows.fault == "none"]
    assert clean.cog.between(0, 359.9).all()
    assert clean.sog.max() < 30


def test_simulate_sea__clean_rows_lie_at_their_true_place(rows):
    clean = rows[rows.fault == "none"]
    miles = routes.distance_nm(clean.longitude, clean.latitude, clean.lon, clean.lat)
    assert miles.max() < 0.02
    far = rows[rows.fault.isin(["teleport", "spoof_circle", "spoof_offset"])]
    miles = routes.distance_nm(far.longitude, far.latitude, far.lon, far.lat)
    assert miles.min() > 1.0


def test_simulate_sea__ships_under_way_keep_off_the_land(rows):
    clean = rows[(rows.fault == "none") & (rows.sog > 1.0)]
    ashore = water.on_land(clean.longitude.to_numpy(), clean.latitude.to_numpy())
    assert len(clean) > 5_000
    assert ashore.mean() < 0.001


@pytest.mark.parametrize(
    ("kind", "least", "most"),
    [("bulk carrier", 10.0, 15.0), ("tanker", 11.0, 16.0), ("container ship", 15, 22),
     ("ferry", 18.0, 26.0)],
)  # fmt: skip
def test_simulate_sea__sea_speed_of_classes(rows, kind, least, most):
    fast = rows[(rows["class"] == kind) & (rows.fault == "none") & (rows.sog > 8)]
    assert len(fast) > 50
    assert least <= fast.sog.median() <= most
    assert fast.sog.max() <= most + 2


def test_simulate_sea__trawlers_tow_at_three_to_four_knots(rows):
    at_sea = rows[(rows["class"] == "trawler") & (rows.fault == "none")]
    counts, edges = np.histogram(at_sea.sog, np.arange(1.5, 12.0, 0.5))
    assert 3.0 <= edges[counts.argmax()] < 4.0


def test_simulate_sea__transceivers(sea):
    vessels = sea.vessels()
    sailing = vessels[vessels.vessel >= 0].drop_duplicates("vessel")
    assert 0.05 < (sailing.transceiver == "B").mean() < 0.3


def test_simulate_sea__imo_check_digits(sea):
    vessels = sea.vessels()
    bad = set(sea.faults().query("kind == 'bad_imo'").vessel)
    for row in vessels[vessels.imo > 0].itertuples():
        digits = [int(d) for d in str(row.imo)]
        sound = sum(d * w for d, w in zip(digits, range(7, 1, -1), strict=False)) % 10
        assert (sound == digits[6]) != (row.vessel in bad)


def test_simulate_sea__shared_mmsi_are_two_ships_far_apart(sea, rows):
    told = sea.faults().query("kind == 'shared_mmsi'")
    assert len(told) >= 1
    for fault in told.itertuples():
        both = rows[rows.mmsi == fault.mmsi].groupby("vessel")[["lon", "lat"]].median()
        assert len(both) == 2
        ends = both.to_numpy()
        assert routes.distance_nm(*ends[0], *ends[1]) > 60


def test_simulate_sea__silent_while_switched_off(sea, rows):
    gaps = sea.faults().query("kind == 'gap'")
    assert len(gaps) >= 1
    for gap in gaps.itertuples():
        times = rows.loc[(rows.vessel == gap.vessel), "time"]
        assert not ((times > gap.start) & (times < gap.stop)).any()


def test_simulate_sea__encounter_brings_two_vessels_together(sea):
    meetings = sea.events().query("kind == 'encounter'")
    assert len(meetings) >= 2
    trawler, carrier = meetings.iloc[0], meetings.iloc[1]
    assert trawler.vessel + 1 == carrier.vessel
    assert carrier.start < trawler.stop
    assert trawler.start < carrier.stop
    gap = routes.distance_nm(trawler.lon, trawler.lat, carrier.lon, carrier.lat)
    assert gap < 0.27  # 500 m


def test_simulate_sea__events_lie_in_the_period(sea):
    events = sea.events()
    begin = pd.Timestamp("2024-03-01", tz="UTC")
    assert (events.start >= begin).all()
    assert (events.stop <= begin + pd.Timedelta(days=5)).all()
    assert (events.start < events.stop).all()
    assert {"berth", "anchorage", "transit", "tow", "haul"} <= set(events.kind)


def test_simulate_sea__tacsat_faults_are_the_ones_told(sea):
    lines = text_of(sea.tacsat_file).split("\n")
    faults = sea.faults()
    told = faults[faults.file == sea.tacsat_file.name]
    assert len(told) > 3
    empty = {k for k, line in enumerate(lines, 1) if ",," in line}
    assert empty == set(told[told.kind == "tacsat_missing_speed"].line)
    for fault in told.itertuples():
        line = lines[fault.line - 1]
        if fault.kind == "tacsat_duplicate":
            assert line == lines[fault.line - 2]
        if fault.kind == "tacsat_padded_time":
            assert " " in line


def test_simulate_sea__replaces_its_own_folder_only(tmp_path):
    first = simulate_sea(tmp_path / "sea", positions=2_000, days=3)
    second = simulate_sea(tmp_path / "sea", positions=2_000, days=1)
    assert not first.ais_files[2].exists()
    assert second.ais_files[0].exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("keep me")
    with pytest.raises(OceanDataError, match=r"holds 'thesis\.txt'"):
        simulate_sea(tmp_path / "mine", positions=2_000)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "keep me"


def test_simulate_sea__all_faults_of_the_arguments(tmp_path):
    with pytest.raises(ValueError, match=r"positions .*days .*formats .*start .*") as e:
        simulate_sea(
            tmp_path / "x", positions=10, days=0, formats=("dma",), start="March"
        )
    assert "'March'" in str(e.value)
    assert not (tmp_path / "x").exists()


def test_simulate_sea__one_format(tmp_path):
    sea = simulate_sea(tmp_path / "v", positions=4_000, days=2, formats=("tacsat",))
    assert sea.ais_files == []
    assert [p.name for p in sea.files] == ["tacsat_20240301_20240302.csv"]


def test_imo_number__published_example():
    # IMO 9074729: 9*7 + 0*6 + 7*5 + 4*4 + 7*3 + 2*2 = 139, check digit 9 (IMO A.1117)
    number = next(n for n in range(100_000) if imo_number(n) // 10 == 907_472)
    assert imo_number(number) == 9_074_729
    assert len({imo_number(n) for n in range(5_000)}) == 5_000


def test_kind_of__shares_hold_in_small_fleets():
    kinds = [kind_of(n) for n in range(200)]
    assert kinds.count("trawler") == pytest.approx(48, abs=3)
    assert set(kinds[:60]) >= {"ferry", "tanker", "trawler", "craft", "tug"}
