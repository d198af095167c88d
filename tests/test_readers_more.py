"""exactEarth, NARI, archives and all formats together: rows counted, values equal."""

from __future__ import annotations

import gzip
import itertools
import zipfile
from collections import Counter

import numpy as np
import pytest
from format_samples import EXACTEARTH, NARI_STATIC, SAMPLES
from table_samples import lines, read

from oceandata.columns import decode_position, decode_tenths
from oceandata.errors import FormatError
from oceandata.readers import identify, read_tracks, reader


def batches(path, kind, **options):
    found = list(reader(kind).batches(path, **options))
    for batch in found:
        assert batch.rows_read == len(batch.columns) + len(batch.rejected)
    return found


def test_exactearth__truth(truth):
    path = truth / "ais_csv" / "exactearth_20210701_sample.csv.gz"
    assert identify(path).format == "exactearth"
    found = read_tracks(path)
    # 2,372 position messages; 10 have no position and 20 come from no vessel's MMSI
    assert found.summary.rows_kept == 2342
    assert found.summary.others == {"static report": 64}
    assert found.summary.rows_read + 64 == 2498
    assert found.summary.quarantined == {
        "message without a position": 29,
        "base station, not a vessel": 19,
        "aid to navigation by its MMSI (99MIDxxxx), not a vessel": 17,
        "aid to navigation, not a vessel": 13,
        "no position (lat 91, lon 181)": 10,
        "SAR aircraft, not a vessel": 1,
        "SAR aircraft by its MMSI (111MIDxxx), not a vessel": 1,
        "bad mmsi": 1,
        "coast station by its MMSI (00MIDxxxx), not a vessel": 1,
    }


def test_exactearth__same_values_as_the_csv_module(truth):
    import csv

    path = truth / "ais_csv" / "exactearth_20210701_sample.csv.gz"
    with gzip.open(path, "rt") as file:
        rows = list(csv.DictReader(file))
    places = [r for r in rows if r["Message_ID"] in ("1", "2", "3", "18", "19", "27")]
    wanted = Counter(
        (
            int(r["MMSI"]),
            float(r["Longitude"]),
            float(r["Latitude"]),
            r["SOG"],
            r["COG"],
        )
        for r in places
    )
    (batch,) = batches(path, "exactearth")
    columns = batch.columns
    sog = ["None" if np.isnan(v) else f"{v:.1f}" for v in decode_tenths(columns.sog)]
    cog = [f"{v:.1f}" for v in decode_tenths(columns.cog)]
    found = Counter(
        zip(
            columns.vessel.tolist(),
            decode_position(columns.lon).tolist(),
            decode_position(columns.lat).tolist(),
            sog,
            cog,
            strict=True,
        )
    )
    wanted = Counter(
        {
            (*k[:4], k[4] if k[4] not in ("", "None") else "nan"): n
            for k, n in wanted.items()
        }
    )
    assert sum((found - wanted).values()) == 0
    assert sum((wanted - found).values()) == 2372 - 2342


def test_exactearth__times_statics_and_none(tmp_path):
    blank = [""] * 6
    cells = [
        [
            "432905000",
            "1",
            "0",
            "20210701_185151",
            "680",
            *[""] * 10,
            "0",
            "None",
            "13.6",
        ],
        ["432905000", "5", "0", "20210701_185152", "7", "A SHIP  ", "CALL1", "9436472"],
        ["412549014", "24", "0", "20210701_183529", "0", "", "BZVA6", "", "30", "40"],
    ]
    cells[0] += ["0", "-103.63687", "8.87747666667", "314.8", "None"]
    cells[1] += ["71", "182", "49", "24", "8", "87", "BLUFF", "", "", *blank]
    cells[2] += ["40", "6", "7", "", "", "", "", *blank]
    body = "\n".join(",".join(f'"{c}"' for c in row) for row in cells)
    path = tmp_path / "a.csv"
    path.write_text(f"{EXACTEARTH}\n{body}\n")
    (batch,) = batches(path, "exactearth")
    assert batch.rejected.reason == []
    assert batch.others == {"static report": 2}
    time = np.array(batch.columns.time, "M8[us]")
    assert time.tolist()[0].isoformat() == "2021-07-01T18:51:51.680000"
    assert decode_position(batch.columns.lat)[0] == 8.87747666667
    assert np.isnan(decode_tenths(batch.columns.heading)[0])
    said = batch.reports
    assert said.name.tolist() == ["A SHIP", ""]
    assert said.length.tolist() == [231, 80]
    assert said.width.tolist() == [32, 13]
    assert said.draught[0] == np.float32(8.7)
    assert said.transceiver.tolist() == [1, 2]
    assert said.ship_type.tolist() == [71, 30]


def test_nari__truth(truth):
    path = truth / "ais_csv" / "brest_nari_dynamic_sample.csv"
    found = read_tracks(path)
    assert found.summary.rows_kept == 10
    assert found.summary.files[str(path)]["format"] == "nari"
    assert found.summary.repairs["heading 511 (not available) -> missing"] == 7
    ds = found.dataset
    row = int(np.flatnonzero(ds.lon.values == -4.4657183)[0])
    assert ds.lat.values[row] == 48.38249
    assert ds.time.values[row] == np.datetime64(1443650402, "s")


def test_nari__static_reports_only(tmp_path):
    path = tmp_path / "s.csv"
    path.write_text(
        f"{NARI_STATIC}\n"
        "227705102,262144,FIHX,BINDY,60,0,30,9,0,,,,0,1443650423\n"
        "228131600,0,FIHY,NORD SUD,30,5,10,2,3,01-01 00:00,45,BREST,0,1443650457\n"
        "bad,0,FIHY,NORD SUD,30,5,10,2,3,01-01 00:00,45,BREST,0,1443650457\n"
    )
    assert identify(path).format == "nari-static"
    (batch,) = batches(path, "nari-static")
    assert len(batch.columns) == 0
    assert batch.others == {"static report": 2}
    assert batch.rejected.reason == ["bad mmsi"]
    said = batch.reports
    assert said.time.tolist() == [1443650423_000_000, 1443650457_000_000]
    assert said.length.tolist() == [30, 15]
    assert said.draught[1] == 4.5
    found = read_tracks(path)
    assert found.dataset.sizes["obs"] == 0
    assert found.summary.rows_read == 1


def test_zip__many_members_of_marinecadastre(tmp_path):
    sample = SAMPLES["noaa"]
    parts = [lines("noaa", 30, seed=k) for k in range(5)]
    with zipfile.ZipFile(tmp_path / "AIS_2023.zip", "w") as archive:
        archive.writestr("readme.txt", "not a table")
        for k, part in enumerate(parts):
            text = sample.header.encode() + b"\n".join([*part, b"broken", b""])
            archive.writestr(f"AIS_2023_0{k}.csv", text)
    path = tmp_path / "AIS_2023.zip"
    found = identify(path)
    assert found.format == "noaa"
    assert len(found.details["members"]) == 5
    assert found.details["left_out"] == ["readme.txt"]
    result = read_tracks(path)
    assert result.summary.rows_kept == 150
    assert result.rejected["member"].tolist() == [
        f"AIS_2023_0{k}.csv" for k in range(5)
    ]
    assert result.rejected["line"].tolist() == [32] * 5
    assert [n for n in result.summary.notes if "readme.txt" in n]


@pytest.mark.parametrize("name", SAMPLES)
def test_samples__are_read_whole(tmp_path, name):
    sample = SAMPLES[name]
    path = sample.write(tmp_path / "a.txt", sample.lines(120))
    columns = sample.options.get("columns")
    assert identify(path, columns=columns).format == sample.reader
    found = batches(path, sample.reader, **sample.options)
    told = sum(sum(b.others.values()) for b in found)
    assert sum(b.rows_read for b in found) + told == 120
    refused = {reason for b in found for reason in b.rejected.reason}
    assert all("not a vessel" in r or "type of mobile" in r for r in refused)


@pytest.mark.parametrize("name", SAMPLES)
def test_samples__byte_ranges_share_no_record(tmp_path, name):
    sample = SAMPLES[name]
    path = sample.write(tmp_path / "a.txt", sample.lines(90))
    if not getattr(reader(sample.reader), "ranges", True):
        with pytest.raises(FormatError, match="not read in byte ranges"):
            read(path, sample.reader, start=1, stop=90, **sample.options)
        return
    whole = read(path, sample.reader, **sample.options)
    size = path.stat().st_size
    edges = [0, 1, size // 3, size // 2, size // 2 + 1, size]
    parts = [
        read(path, sample.reader, start=a, stop=b, **sample.options)
        for a, b in itertools.pairwise(edges)
    ]
    assert sum(p.rows_read for p in parts) == whole.rows_read
    times = np.concatenate([p.columns.time for p in parts])
    np.testing.assert_array_equal(times, whole.columns.time)
    lines_of = [n for p in parts for n in (p.rejected.line if p.rejected else ())]
    assert lines_of == list(whole.rejected.line)
