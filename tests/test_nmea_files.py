"""Logs of AIS sentences as files: packed, simulated, stored, and other people's."""

from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path

import naive_nmea
import numpy as np
import pytest
from nmea_logs import (
    POSITION,
    T0,
    Read,
    busy_log,
    read_text,
    same,
    sentence,
    timed,
    twin_rows,
)

from oceandata.columns import decode_tenths
from oceandata.errors import FormatError
from oceandata.readers import identify, open_tracks, read_tracks
from oceandata.readers.nmea_file import read_nmea
from oceandata.sea import nmea as sea
from oceandata.sea.simulate import simulate_sea


def test_files__packed_marked_and_with_other_line_ends(tmp_path):
    data = busy_log()
    plain = read_text(tmp_path, data)
    with gzip.open(tmp_path / "log.gz", "wb") as file:
        file.write(data)
    same(plain, Read(tmp_path / "log.gz", block_bytes=3000))
    with zipfile.ZipFile(tmp_path / "log.zip", "w") as archive:
        archive.writestr("day.nmea", data)
    packed = Read(tmp_path / "log.zip")
    same(plain, packed)
    assert packed.batches[0].member == "day.nmea"
    same(plain, read_text(tmp_path, data.replace(b"\r\n", b"\n")))
    returns = data.replace(b"\r\n", b"\r")
    same(plain, read_text(tmp_path, returns, block_bytes=2000))
    half = len(returns) // 2
    parts = [Read(tmp_path / "log.nmea", start=0, stop=half),
             Read(tmp_path / "log.nmea", start=half)]  # fmt: skip
    assert sorted(parts[0].bad() + parts[1].bad()) == plain.bad()
    with pytest.raises(FormatError, match="start and stop are byte offsets"):
        Read(tmp_path / "log.gz", start=10)


def test_files__cut_short_and_lines_without_end(tmp_path):
    line = timed(sentence(POSITION)).encode() + b"\n"
    whole = read_text(tmp_path, busy_log())
    cut = read_text(tmp_path, gzip.compress(busy_log())[:-500], name="cut.gz")
    assert 100 < len(cut.columns) < len(whole.columns)
    assert cut.rows() == whole.rows()[: len(cut.columns)]
    assert "file ends inside a compressed stream" in cut.rejected.reason
    long = line + b"x" * (3 << 20) + b"\n" + line
    read = read_text(tmp_path, long, block_bytes=1 << 16)
    assert len(read.columns) == 2
    assert read.bad() == [(2, "record longer than 1 MiB")]


def test_identify__by_content(tmp_path):
    path = tmp_path / "log.csv"
    path.write_bytes(busy_log())
    found = identify(path)
    assert (found.format, found.sure) == ("nmea", 1.0)
    assert found.details["talkers"] == ["AIVDM"]
    assert found.details["has_times"]
    assert len(open_tracks(path, format="nmea").obs) == len(Read(path).columns)
    path.write_text("mmsi,lon,lat\n1,2,3\n")
    with pytest.raises(FormatError, match="nmea"):
        identify(path)


def test_read_nmea__everything_has_its_place(tmp_path):
    rows = np.zeros(4, sea.MESSAGE)
    rows["kind"], rows["time"] = (1, 4, 5, 18), T0
    rows["mmsi"] = (412_000_001, 4_120_001, 412_000_001, 412_000_002)
    rows["lon"], rows["lat"], rows["imo"] = 72_000_000, 21_000_000, 9_074_729
    texts = sea.six_bit_texts([("BABC", "EAST WIND", "QINGDAO")])
    lines = sea.sentences(rows, texts).decode()
    lines += timed(sentence("8" + "0" * 19)) + "\r\n" + sentence("9" + "0" * 27)
    path = tmp_path / "log.nmea"
    path.write_text(lines)
    found = read_nmea(path)
    assert found.tracks.trajectory_id.values.tolist() == [
        "AIS-412000001",
        "AIS-412000002",
    ]
    assert found.reports.name.tolist() == ["EAST WIND"]
    assert found.stations.loc[0, ["line", "mmsi", "lon", "lat"]].tolist() == [
        2, 4_120_001, 120.0, 35.0,
    ]  # fmt: skip
    assert found.stations.station_time[0] == np.datetime64(T0, "s")
    assert found.messages.type.tolist() == [8, 9]
    assert found.messages.line.tolist() == [6, 7]
    assert found.messages.time.isna().tolist() == [False, True]
    assert found.messages.payload[0] == "20" + "00" * 14
    assert [f["type"] for f in found.fields()] == [8, 9]
    assert len(found.rejected) == 0
    assert found.summary.rows_read + found.summary.others.total() == 7


def test_read_nmea__refuses_what_is_no_log(tmp_path):
    (tmp_path / "empty.nmea").write_bytes(b"\n\n")
    with pytest.raises(FormatError, match="no NMEA sentence"):
        read_nmea(tmp_path / "empty.nmea")
    (tmp_path / "one.nmea").write_text("# nothing but this\n")
    found = read_nmea(tmp_path / "one.nmea")
    assert len(found.messages) == len(found.stations) == found.tracks.sizes["obs"] == 0


@pytest.fixture(scope="module")
def sea_files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sea")
    return simulate_sea(
        folder, positions=9000, days=2, seed=3, formats=("noaa", "nmea")
    )


def test_sea__logs_hold_what_the_tables_hold(sea_files):
    table = read_tracks(sea_files.ais_files, format="noaa").dataset
    logs = read_tracks(sea_files.nmea_files, format="nmea")

    def ordered(ds):
        mmsi = np.repeat(ds.mmsi.values, ds.row_size.values)
        place = np.lexsort((ds.lat.values, ds.lon.values, ds.time.values, mmsi))
        names = ("time", "lon", "lat", "sog", "cog", "heading", "nav_status")
        return [mmsi[place]] + [ds[name].values[place] for name in names]

    for ours, theirs in zip(ordered(logs.dataset), ordered(table), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    counts = sea_files.counts
    assert logs.summary.quarantined["wrong checksum"] == counts["nmea_wrong_checksum"]
    lost = logs.summary.quarantined["part of a message whose other parts are missing"]
    assert lost == counts["nmea_lost_part"]
    accounted = logs.summary.rows_read + logs.summary.others.total()
    assert accounted == counts["nmea_lines"]
    faults = sea_files.faults()
    faults = faults[faults.kind == "nmea_wrong_checksum"]
    bad = logs.rejected[logs.rejected.reason == "wrong checksum"]
    found = {(Path(f).name, line) for f, line in zip(bad.file, bad.line, strict=True)}
    assert found == set(zip(faults.file, faults.line, strict=True)) != set()


def test_sea__log_names_the_vessels(sea_files):
    found = read_tracks(sea_files.nmea_files, format="nmea").reports
    vessels = sea_files.vessels().drop_duplicates("mmsi", keep=False).set_index("mmsi")
    checked = 0
    for k in range(len(found)):
        if found.vessel[k] in vessels.index and found.name[k]:
            name = vessels.loc[found.vessel[k], "name"]
            assert found.name[k] == name[:20].strip()
            checked += 1
    assert checked > 20


def test_sea__refuses_unknown_formats(tmp_path):
    with pytest.raises(ValueError, match="formats must be among .*'nmea'"):
        simulate_sea(tmp_path / "sea", positions=2000, formats=("nmae",))


def test_store__takes_logs_in_ranges(sea_files, tmp_path):
    from oceandata.store import create_store
    from oceandata.store.taking import ingest

    store = create_store(tmp_path / "a.store")
    report = ingest(store._log, sea_files.nmea_files, range_bytes=200_000)
    assert len(report.files) > len(sea_files.nmea_files)
    direct = read_tracks(sea_files.nmea_files, format="nmea")
    assert report.rows_read == direct.summary.rows_read
    assert report.quarantined == dict(direct.summary.quarantined.most_common())


TRUTH = {  # fixes, static reports, set aside, comment and time lines, further parts
    "typeexamples.nmea": (3, 2, 21, 0, 0),
    "tagblock.nmea": (3, 1, 0, 0, 1),
    "timestamped.ais": (2, 0, 3, 4, 0),
    "exactearth_20211101.nm4": (911, 42, 26, 0, 18),
    "nmea_data_sample.txt": (758, 2, 138, 0, 0),
    "sample.aivdm": (12, 10, 81, 1001, 16),
}


@pytest.mark.parametrize("name", TRUTH)
def test_truth__counts_and_twin(truth, name):
    path = truth / "nmea" / name
    received = None
    if name in ("nmea_data_sample.txt", "sample.aivdm"):
        received = "2024-03-01"
    read = Read(path, received=received)
    others = read.others
    told = (
        len(read.columns),
        others["static report"],
        len(read.rejected),
        others["comment line"] + others["time line"],
        others["further part of a message"],
    )
    text = path.read_text(encoding="latin1")
    assert sum(told) == sum(1 for line in text.split("\n") if line.strip())
    assert told == TRUTH[name]
    if received is None:
        assert read.rows() == twin_rows(naive_nmea.read(text))


def test_truth__reasons(truth):
    read = Read(truth / "nmea" / "exactearth_20211101.nm4")
    assert read.rejected.by_reason() == {
        "aid to navigation, not a vessel": 11,
        "base station, not a vessel": 5,
        "aid to navigation by its MMSI (99MIDxxxx), not a vessel": 3,
        "no position (lat 91, lon 181)": 2,
        "single-slot binary message (type 25)": 2,
        "addressed binary message (type 6)": 1,
        "bad mmsi": 1,
        "broadcast binary message (type 8)": 1,
    }
    with pytest.raises(FormatError, match="the sentences have no time"):
        Read(truth / "nmea" / "nmea_data_sample.txt")
    read = Read(truth / "nmea" / "nmea_data_sample.txt", received="2024-03-01")
    assert read.rejected.by_reason() == {
        "empty payload": 100,
        "part of a message whose other parts are missing": 20,
        "interrogation (type 15)": 7,
        "base station, not a vessel": 6,
        "no position (lat 91, lon 181)": 4,
        "data link management (type 20)": 1,
    }


@pytest.mark.parametrize("name", ["typeexamples", "tagblock"])
def test_truth__libais(truth, name):
    folder = truth / "nmea"
    lines = (folder / f"{name}.json").read_text(encoding="utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    want = sorted(
        (r["mmsi"], r["lon"], r["lat"], r["speed"])
        for r in records
        if r["type"] in (1, 2, 3, 18, 19, 27) and abs(r["lat"]) <= 90
        and r["mmsi"] // 1_000_000 not in (970, 972, 974)
    )  # fmt: skip
    c = Read(folder / f"{name}.nmea").columns
    got = sorted(
        zip(c.vessel.tolist(), c.lon, c.lat, decode_tenths(c.sog), strict=True)
    )
    assert [g[0] for g in got] == [w[0] for w in want]
    # libais writes float32: half a unit in its last place, 7.6e-6 degree at 128
    np.testing.assert_allclose([g[1:] for g in got], [w[1:] for w in want], atol=8e-6)
    times = {r["mmsi"]: r["tagblock_timestamp"] for r in records if "tagblock_T" in r}
    for mmsi, text in times.items():
        stamp = np.datetime64(text.rstrip("Z"), "us").astype("i8")
        assert stamp in c.time[c.vessel == mmsi] or mmsi not in c.vessel


def test_truth__gpsd_positions(truth):
    folder = truth / "nmea"
    lines = (folder / "sample.aivdm.ju.chk").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    records = [r for r in records if r["type"] in (1, 2, 3, 18, 19, 27)]
    c = Read(folder / "sample.aivdm", received="2024-03-01").columns
    scale = np.array([600 if r["type"] == 27 else 600_000 for r in records])
    assert c.vessel.tolist() == [r["mmsi"] for r in records]
    np.testing.assert_array_equal(c.lon, [r["lon"] for r in records] / scale)
    np.testing.assert_array_equal(c.lat, [r["lat"] for r in records] / scale)
