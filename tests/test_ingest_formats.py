"""Files of many formats in one store: one vessel, one row, and what is told of each."""

from __future__ import annotations

import gzip
import struct

import china_samples
import openpyxl
import pandas as pd
import pytest
from china_samples import FOLDER, HEADER, ROWS, plain, table

from oceandata.errors import FormatError
from oceandata.readers import identify, read_tracks
from oceandata.store import create_store

ALIKE = ("utf8.csv", "utf16_le.txt", "gb18030.csv", "no_code_page.dbf", "sheets.xlsx")
TABLE = {"vessel": "boat", "time": "when", "lon": "x", "lat": "y"}
FEWER = "file ends before the last record that its header counts"
MORE = "records after the last one that the header counts"


@pytest.fixture
def store(tmp_path):
    return create_store(tmp_path / "a.store")


def test_ingest__one_terminal_is_one_vessel_in_every_form(store):
    for name in ALIKE:
        report = store.ingest(FOLDER / name)
        assert (report.rows_read, report.rows_kept) == (len(ROWS), len(ROWS))
    tracks = store.select().load()
    assert tracks.sizes["obs"] == len(ROWS)
    ids = {f"VMS-{row.terminal}" for row in ROWS}
    assert set(tracks.trajectory_id.values) == ids
    before = tracks.drop_vars("source")
    store.compact(force=True)
    store.verify(deep=True)
    assert store.select().load().drop_vars("source").equals(before)


def test_ingest__a_default_zone_that_has_to_be_told(store, tmp_path):
    path = tmp_path / "any.csv"
    path.write_text("boat,when,x,y\nA7,2023-03-01 08:00:00,122.25,30.5\n")
    refused = store.ingest(path, columns=TABLE).refused
    assert "Pass timezone='UTC'" in refused[str(path)]
    report = store.ingest(path, columns=TABLE, timezone="UTC")
    assert (report.rows_kept, report.refused) == (1, {})
    assert store.ingest(path, columns=TABLE, timezone="UTC").present == ["any.csv"]


def test_ingest__the_same_file_read_in_another_way_is_told(store):
    path = FOLDER / "utf8.csv"
    assert store.ingest(path).notes == []
    report = store.ingest(path, timezone="UTC")
    (note,) = report.notes
    assert "the store has this file already" in note
    assert "{'timezone': 'UTC'}" in note
    assert store.select().load().sizes["obs"] == 2 * len(ROWS)
    sha256 = note.split("replaces='")[1].rstrip("'")
    again = store.ingest(path, timezone="Asia/Tokyo", replaces=sha256)
    assert again.notes == []
    assert store.select().load().sizes["obs"] == len(ROWS)


def test_ingest__a_data_frame_is_no_path(store):
    with pytest.raises(TypeError, match="got a DataFrame.*to_parquet"):
        store.ingest(pd.DataFrame({"mmsi": [412000001], "lon": [122.25]}))


@pytest.mark.parametrize(
    ("written", "vessel"),
    [
        ("'0990001", "0990001"),
        ('="0990001"', "0990001"),
        ("990001.0", "990001"),
        ("0990001", "0990001"),
        ("A-7.0", "A-7.0"),
    ],
)
def test_terminal__as_spreadsheets_and_frames_save_it(tmp_path, written, vessel):
    cells = [written, *plain(ROWS[0])[1:]]
    (tmp_path / "a.csv").write_text(table(HEADER, [cells]), encoding="utf-8")
    tracks = read_tracks(tmp_path / "a.csv").dataset
    assert tracks.trajectory_id.values.tolist() == [f"VMS-{vessel}"]


@pytest.mark.parametrize("lost", [1, 30, 120, 200])
def test_dbf__cut_short(tmp_path, lost):
    whole = china_samples.dbf(driver=0x4D)
    (width,) = struct.unpack_from("<H", whole, 10)
    left = (len(whole) - 1 - lost) - struct.unpack_from("<H", whole, 8)[0]
    good = left // width
    path = tmp_path / "a.dbf"
    path.write_bytes(whole[: -1 - lost])
    assert identify(path).details["compression"] == "dbf"
    summary = read_tracks(path).summary
    assert summary.quarantined == {FEWER: 1}
    assert summary.rows_kept == good - (good > 1)  # the second record is deleted
    assert summary.repairs[FEWER] == 1


def test_dbf__more_records_than_the_header_counts(tmp_path):
    data = bytearray(china_samples.dbf(driver=0x4D))
    data[4:8] = struct.pack("<I", 3)
    (tmp_path / "a.dbf").write_bytes(data)
    summary = read_tracks(tmp_path / "a.dbf").summary
    assert (summary.rows_kept, summary.quarantined) == (2, {MORE: 1})


def test_identify__a_workbook_packed_once_more(tmp_path):
    path = tmp_path / "a.xlsx.gz"
    book = openpyxl.Workbook()
    book.active.append(["lon"])
    book.save(tmp_path / "a.xlsx")
    path.write_bytes(gzip.compress((tmp_path / "a.xlsx").read_bytes()))
    with pytest.raises(FormatError, match="a workbook packed once more; unpack"):
        identify(path)


@pytest.mark.parametrize("end", ["Z", "+00:00", ".0 UTC"])
def test_beidou__times_that_name_their_zone(store, tmp_path, end):
    path = tmp_path / "a.csv"
    cells = [*plain(ROWS[0])[:-1], f"2023-03-01 00:00:00{end}"]
    path.write_text(table(HEADER, [cells]), encoding="utf-8")
    refused = store.ingest(path).refused
    assert "Pass timezone='UTC'" in refused[str(path)]
    store.ingest(path, timezone="UTC")
    (time,) = store.select().load().time.values
    assert str(time).startswith("2023-03-01T00:00:00")
