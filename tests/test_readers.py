"""Real and small files of each format: what comes out, and what is accounted for."""

from __future__ import annotations

import csv
import gzip
import json
import zipfile
from collections import Counter

import numpy as np
import pytest
import zstandard
from table_samples import DMA, NOAA, TACSAT, lines, read, values, write

from oceandata import readers
from oceandata.columns import decode_position, vessel_key
from oceandata.errors import FormatError
from oceandata.readers import identify, open_tracks, read_tracks, reader

NOAA_ROW = (
    "367752440,2023-01-11T00:00:00,43.07917,-70.75733,5.5,123.4,95.0,SAN JOSE,"
    "IMO9307839,WDI9818,31,0.0,20.0,6.0,3.5,52.0,A"
)
NOAA_2025 = (
    "mmsi,base_date_time,longitude,latitude,sog,cog,heading,vessel_name,imo,call_sign,"
    "vessel_type,status,length,width,draft,cargo,transceiver"
)


def noaa(tmp_path, *rows: str, header: str = NOAA, name: str = "t.csv"):
    path = tmp_path / name
    path.write_text("\n".join([header, *rows, ""]))
    return path


def test_truth_noaa(truth):
    path = truth / "ais_csv" / "noaa_marinecadastre_20230101_sample.csv"
    result = read_tracks(path)
    ds = result.dataset
    with path.open() as file:
        table = list(csv.DictReader(file))
    assert ds.attrs["rows_read"] == len(table) == 1000
    assert ds.attrs["rows_kept"] == 999
    (station,) = result.rejected.itertuples()
    assert station.raw.startswith(b"3669882,"), "the Coast Guard's at Buffalo"
    assert station.reason == "coast station by its MMSI (00MIDxxxx), not a vessel"
    table = [row for row in table if row["MMSI"] != "3669882"]
    assert ds.sizes["trajectory"] == len({row["MMSI"] for row in table})
    repairs = json.loads(ds.attrs["repairs"])
    for text, column, value in (
        ("heading 511 (not available) -> missing", "Heading", "511.0"),
        ("cog 360 (not available) -> missing", "COG", "360.0"),
        ("sog 102.3 (not available) -> missing", "SOG", "102.3"),
        ("nav_status 15 (not defined) -> missing", "Status", "15.0"),
    ):
        assert repairs[text] == sum(row[column] == value for row in table) > 0
    assert ds.lon.min() == min(float(row["LON"]) for row in table)
    assert ds.lat.max() == max(float(row["LAT"]) for row in table)
    by_mmsi = {int(row["MMSI"]): row for row in table}
    names = dict(zip(ds.mmsi.values.tolist(), ds.vessel_name.values, strict=True))
    assert names[636021061] == "MSC NAISHA III"
    assert all(by_mmsi[m]["VesselName"].strip() == name for m, name in names.items())


@pytest.mark.parametrize(
    ("mmsi", "reason"),
    [
        ("004122100", "coast station by its MMSI (00MIDxxxx), not a vessel"),
        ("4122100", "coast station by its MMSI (00MIDxxxx), not a vessel"),
        ("111412001", "SAR aircraft by its MMSI (111MIDxxx), not a vessel"),
        ("994121001", "aid to navigation by its MMSI (99MIDxxxx), not a vessel"),
        ("36926403", None),
        ("1193046", None),
        ("982012345", None),
    ],
)
def test_stations__are_known_by_their_mmsi(tmp_path, mmsi, reason):
    row = f"{mmsi},2024-03-01T00:00:00,36.05,120.31,0.1,15.0,16.0,,,,,,,,,,A"
    result = read_tracks(noaa(tmp_path, row))
    assert result.rejected.reason.tolist() == ([reason] if reason else [])
    assert result.dataset.sizes["obs"] == (0 if reason else 1)


def test_truth_dma(truth):
    ds = open_tracks(truth / "ais_csv" / "dma_20180208_sample.csv")
    assert ds.attrs["rows_read"] == ds.attrs["rows_kept"] == ds.sizes["obs"] == 10
    one = ds.isel(trajectory=ds.mmsi.values.tolist().index(265177000))
    assert one.trajectory_id.item() == "AIS-265177000"
    assert float(ds.lon.min()) == 11.61773
    assert ds.time.min().values == np.datetime64("2018-02-08T00:00:00")
    assert 7 in ds.nav_status.values


def test_truth_tacsat__every_row_counted(truth):
    path = truth / "vms" / "vmstools_tacsat.csv.gz"
    with gzip.open(path, "rt") as file:
        table = list(csv.DictReader(file))
    result = read_tracks(path)
    ds = result.dataset
    impossible = sum(row["SI_DATE"] == "29/02/1801" for row in table)
    assert ds.attrs["rows_read"] == len(table) == 97_015
    assert json.loads(ds.attrs["quarantine"]) == {"impossible date": impossible}
    assert (ds.attrs["rows_kept"], impossible) == (96_882, 133)
    kept = [row for row in table if row["SI_DATE"] != "29/02/1801"]
    repairs = json.loads(ds.attrs["repairs"])
    assert repairs["time with blanks"] == 469
    padded = sum(row["SI_TIME"].startswith(" ") for row in kept)
    assert repairs["hour padded with a blank"] == padded == 42_003
    assert ds.sizes["trajectory"] == 291
    assert int(np.isnan(ds.sog.values).sum()) == sum(not row["SI_SP"] for row in kept)
    wanted = Counter((float(row["SI_LONG"]), float(row["SI_LATI"])) for row in kept)
    found = Counter(zip(ds.lon.values.tolist(), ds.lat.values.tolist(), strict=True))
    assert wanted == found
    assert result.rejected.raw.iloc[0].startswith(b"Atlantis,")
    numbers = [k + 2 for k, row in enumerate(table) if row["SI_DATE"] == "29/02/1801"]
    assert result.rejected.line.tolist() == numbers


@pytest.mark.parametrize("pack", ["plain", "gz", "zst", "zip"])
def test_noaa__both_layouts_any_packing_one_answer(tmp_path, pack):
    rows = [x.decode() for x in lines("noaa", 500)]
    old = read(noaa(tmp_path, *rows), "noaa")
    cells = [next(csv.reader([row])) for row in rows]
    order = [0, 1, 3, 2, *range(4, 11), 11, *range(12, 17)]
    swapped = []
    for cell in cells:
        cell[1] = cell[1].replace("T", " ")
        cell[7] = f'"{cell[7]}"'
        swapped.append(",".join(cell[k] for k in order))
    data = "\n".join([NOAA_2025, *swapped, ""]).encode()
    path = tmp_path / "new.bin"
    if pack == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("AIS_2025.csv", data)
    else:
        packed = {"gz": gzip.compress, "zst": zstandard.compress}.get(pack, bytes)
        path.write_bytes(packed(data))
    found = identify(path)
    assert (found.format, found.details["layout"]) == ("noaa", "2025")
    assert found.details["compression"] == {"plain": "none"}.get(pack, pack)
    new = read(path, "noaa")
    np.testing.assert_array_equal(values(new.columns), values(old.columns))


def test_noaa__reports_where_they_change(tmp_path):
    other = NOAA_ROW.replace("SAN JOSE", "SAN JUAN").replace("T00:00:00", "T02:00:00")
    blank = "367752440,2023-01-11T01:00:00,43.1,-70.8,,,,,,,,,,,,,"
    again = NOAA_ROW.replace("T00:00:00", "T00:30:00")
    path = noaa(tmp_path, NOAA_ROW, again, blank, again, other)
    (batch,) = reader("noaa").batches(path)
    reports = batch.reports
    assert reports.name.tolist() == ["SAN JOSE", "SAN JUAN"]
    assert reports.imo.tolist() == [9307839] * 2
    assert reports.call_sign[0] == "WDI9818"
    assert reports.ship_type[0] == 31
    assert (reports.length[0], reports.width[0], reports.draught[0]) == (20, 6, 3.5)
    assert open_tracks(path).vessel_name.item() == "SAN JUAN"


def test_noaa__names_in_any_encoding(tmp_path):
    path = tmp_path / "t.csv"
    utf8, latin = NOAA_ROW.replace("SAN JOSE", "JOSÉ"), NOAA_ROW.replace("24", "25")
    body = b"\n".join(
        [NOAA.encode(), utf8.encode(), latin.replace("SAN", "SØN").encode("latin-1")]
    )
    path.write_bytes(b"\xef\xbb\xbf" + body)
    assert sorted(open_tracks(path).vessel_name.values) == ["JOSÉ", "SØN JOSE"]


def test_dma__stations_set_aside(tmp_path):
    row = "08/02/2018 00:00:00,{},265177000,57.6,11.6,Moored,,,,,,,,,,,,,,,,AIS"
    mobiles = {
        "Class A": None,
        "Class B": None,
        "Base Station": "base station, not a vessel",
        "AtoN": "aid to navigation, not a vessel",
        "SAR Airborne": "SAR aircraft, not a vessel",
        "Search and Rescue Transponder": "search and rescue transmitter, not a vessel",
        "Man Overboard Device": "man overboard device, not a vessel",
        "Balloon": "type of mobile not known",
        "": "type of mobile not known",
    }
    path = tmp_path / "t.csv"
    antenna = DMA + ",A,B,C,D"
    path.write_text(
        "\r\n".join([antenna, *(row.format(m) + ",1,2,3,4" for m in mobiles), ""])
    )
    assert identify(path).details["layout"] == "26 columns"
    batch = read(path, "dma")
    assert batch.rejected.reason == [r for r in mobiles.values() if r]
    assert batch.columns.transceiver.tolist() == [1, 2]
    assert batch.columns.nav_status.tolist() == [5, 5]


def test_dma__ship_types_and_names(tmp_path):
    row = (
        "08/02/2018 00:00:00,Class A,265177000,57.6,11.6,At anchor,,,,,9307839,OXYZ,"
        '"BLUE, STAR",Tanker,,20,180,GPS,7.5,AARHUS,,AIS'
    )
    path = tmp_path / "t.csv"
    path.write_text(f"{DMA}\n{row}\n")
    (batch,) = reader("dma").batches(path)
    found = {n: getattr(batch.reports, n)[0] for n in ("name", "ship_type", "imo")}
    assert found == {"name": "BLUE, STAR", "ship_type": 80, "imo": 9307839}
    assert batch.reports.destination[0] == "AARHUS"
    assert (batch.reports.length[0], batch.reports.draught[0]) == (180, 7.5)


@pytest.mark.parametrize("how", ["write.csv", "write.table", "plain"])
def test_tacsat__as_r_writes_it(tmp_path, how):
    names = TACSAT.split(",")
    row = ["Atlantis", "NL-10", "51.45", "3.58", "04/05/2010", " 6:05:00", "", "360"]
    quote = [f'"{x}"' if k in (0, 1, 4, 5) else x for k, x in enumerate(row)]
    if how == "plain":
        text = [names, row]
    else:
        head = [f'"{x}"' for x in names]
        text = [['""', *head] if how == "write.csv" else head, ['"1"', *quote]]
    path = tmp_path / "t.csv"
    path.write_text("\n".join(",".join(x) for x in text) + "\n")
    assert identify(path).format == "tacsat"
    batch = read(path, "tacsat")
    assert batch.columns.vessel.tolist() == [vessel_key("NL-10")]
    assert batch.names == {vessel_key("NL-10"): "NL-10"}
    assert decode_position(batch.columns.lon).tolist() == [3.58]
    assert batch.columns.cog.tolist() == [0]
    assert batch.columns.time[0] == np.datetime64("2010-05-04T06:05", "us").view("i8")
    assert open_tracks(path).trajectory_id.item() == "VMS-NL-10"


def test_timezone__shanghai_is_eight_hours(tmp_path):
    path = write(tmp_path / "t.csv", "noaa", lines("noaa", 300))
    utc = read(path, "noaa")
    local = read(path, "noaa", timezone="Asia/Shanghai")
    hours = np.unique(utc.columns.time - local.columns.time) / 3.6e9
    assert hours.tolist() == [8.0]
    ds = open_tracks(path, timezone="Asia/Shanghai")
    assert ds.time.min().values == np.datetime64("2023-05-05T16:00")


def test_timezone__hours_that_are_twice_or_never(tmp_path):
    times = ["2023-03-26T02:30:00", "2023-10-29T02:30:00", "2023-07-01T12:00:00"]
    path = noaa(tmp_path, *(NOAA_ROW.replace("2023-01-11T00:00:00", t) for t in times))
    (batch,) = reader("noaa").batches(path, timezone="Europe/Copenhagen")
    found = batch.columns.time.view("M8[us]").astype(str).tolist()
    assert found == ["2023-10-29T00:30:00.000000", "2023-07-01T10:00:00.000000"]
    assert batch.rejected.reason == ["local time that never was (clocks went forward)"]
    assert batch.rejected.line.tolist() == [2]
    assert batch.rejected.raw[0].decode() == NOAA_ROW.replace(
        "2023-01-11T00:00:00", times[0]
    )
    assert batch.repairs["ambiguous local time taken as the first"] == 1
    assert batch.rows_read == 3
    with pytest.raises(FormatError, match="'Mars/Base' is no time zone"):
        next(reader("noaa").batches(path, timezone="Mars/Base"))


def test_columns__unusual_names(tmp_path):
    path = noaa(tmp_path, NOAA_ROW, header=NOAA.replace("MMSI", "MMSI "))
    with pytest.raises(FormatError, match=r"column 'mmsi' is missing") as caught:
        open_tracks(path, format="noaa")
    assert "Pass columns={'mmsi': 'MMSI '}" in str(caught.value)
    assert "columns found: 'MMSI ', 'BaseDateTime'" in str(caught.value)
    ds = open_tracks(path, columns={"mmsi": "MMSI "})
    assert ds.mmsi.item() == 367752440
    with pytest.raises(FormatError, match="no column is called so"):
        open_tracks(path, format="noaa", columns={"mmsi": "M"})
    with pytest.raises(FormatError, match="has 'speed', which the format 'noaa'"):
        open_tracks(path, format="noaa", columns={"mmsi": "MMSI ", "speed": "SOG"})


def test_encoding__fine_values_make_floats_and_only_there(tmp_path):
    fine = NOAA_ROW.replace("43.07917", "43.079171234567").replace(",5.5,", ",5.55,")
    path = noaa(tmp_path, NOAA_ROW, fine)
    columns = read(path, "noaa").columns
    assert [columns.lat.dtype, columns.lon.dtype] == ["f8", "i4"]
    assert columns.lat.tolist() == [43.07917, 43.079171234567]
    assert columns.sog.dtype == "f4"
    assert columns.sog.tolist() == [5.5, np.float32(5.55)]
    assert columns.cog.dtype == "i2"


def test_ranges__records_belong_to_their_first_byte(tmp_path):
    body = lines("noaa", 3000)
    for k in range(0, 3000, 50):
        body[k] = body[k].replace(b"VESSEL", b'"VES\nSEL"').replace(b'" ', b'"')
    path = write(tmp_path / "t.csv", "noaa", body)
    whole = read(path, "noaa")
    size = path.stat().st_size
    cuts = [0, *np.random.default_rng(3).integers(0, size, 12).tolist(), size]
    cuts.sort()
    parts = [
        read(path, "noaa", start=a, stop=b, block_bytes=20_000)
        for a, b in zip(cuts, [*cuts[1:], None], strict=True)
    ]
    rows = np.concatenate([values(p.columns) for p in parts if p.rows_read])
    np.testing.assert_array_equal(rows, values(whole.columns))
    refused = [x for p in parts if p.rows_read for x in p.rejected.line.tolist()]
    assert refused == whole.rejected.line.tolist()
    packed = tmp_path / "t.csv.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    with pytest.raises(FormatError, match="packed as gz"):
        next(reader("noaa").batches(packed, start=10))


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("block_bytes", [3_000, 100_000, 1 << 24])
def test_blocks__size_and_threads_change_nothing(tmp_path, workers, block_bytes):
    body = lines("dma", 2000)
    body[700] = b'"torn' + body[700]
    path = write(tmp_path / "t.csv", "dma", body, end=b"\r\n")
    found = read(path, "dma", workers=workers, block_bytes=block_bytes)
    wanted = read(path, "dma")
    np.testing.assert_array_equal(values(found.columns), values(wanted.columns))
    assert found.rejected.line.tolist() == wanted.rejected.line.tolist()
    assert 702 in found.rejected.line


def test_open_tracks__many_files_and_patterns(tmp_path):
    for k in range(3):
        write(tmp_path / f"{k}.csv", "noaa", lines("noaa", 40, seed=k))
    write(tmp_path / "3.csv", "tacsat", lines("tacsat", 30))
    ds = open_tracks(str(tmp_path / "?.csv"))
    assert ds.attrs["rows_kept"] == ds.sizes["obs"] == 150
    assert [s[-5:] for s in ds.attrs["sources"]] == [f"{k}.csv" for k in range(4)]
    assert np.bincount(ds.source.values).tolist() == [40, 40, 40, 30]
    ends = np.cumsum(ds.row_size.values)[:-1]
    steps = np.diff(ds.time.values).astype("i8")
    assert (np.delete(steps, ends - 1) >= 0).all()
    with pytest.raises(FormatError, match="no file matches"):
        open_tracks(str(tmp_path / "*.txt"))
    with pytest.raises(FormatError, match="format must be 'auto' or one of"):
        open_tracks(tmp_path / "0.csv", format="nothing")


def test_readers__protocol():
    for known in readers.READERS:
        assert reader(known.name) is known
        assert known.title
        assert known.timezone in ("UTC", "Asia/Shanghai")
        assert all(known.options.values())
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = readers.nothing


def test_reference_page__names_every_reason_and_column():
    from pathlib import Path

    from oceankernels.tablespec import REASONS, REPAIRS

    page = Path(__file__).parents[1] / "docs" / "reference" / "formats.md"
    text = page.read_text()
    wanted = {*REASONS[1:], *REPAIRS}
    for known in readers.READERS:
        wanted.add(f"`{known.name}`")
        for column in known.layout.columns if hasattr(known, "layout") else ():
            wanted |= {f"`{alias}`" for alias in column.aliases}
    assert not [x for x in wanted if x not in text]
