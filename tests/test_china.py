"""Chinese sources: every fixture says the same rows, whatever its form."""

from __future__ import annotations

import gzip
import json
import shutil

import china_samples
import numpy as np
import pytest
from china_samples import FOLDER, HEADER, NOAA, ROWS, gather, wanted

from oceandata.cli.__main__ import main
from oceandata.errors import FormatError
from oceandata.job.declare import Input
from oceandata.readers import (
    datum,
    encodings,
    identify,
    open_tracks,
    read_tracks,
    reader,
)
from oceandata.store import create_store

ALIKE = (
    ("utf8.csv", {}),
    ("utf8_mark_dms.csv", {}),
    ("utf16_le.txt", {}),
    ("utf16_be.csv", {}),
    ("gb18030.csv", {}),
    ("micro_degrees.csv", {}),
    ("minutes.csv", {}),
    ("titles.csv", {}),
    ("dd_mmss.csv", {"units": {"position": "dd.mmss"}}),
    ("gcj02.csv", {"datum": "wgs84"}),
    ("no_code_page.dbf", {}),
    ("sheets.xlsx", {}),
)


@pytest.mark.parametrize(("name", "options"), ALIKE, ids=[n for n, _ in ALIKE])
def test_fixtures__all_say_the_same(name, options):
    rows, said, found = gather(FOLDER / name, **options)
    assert rows == wanted()
    assert said == {row.terminal: row.name for row in ROWS}
    assert sum(batch.rows_read for batch in found) == len(ROWS)
    assert not any(len(batch.rejected) for batch in found)
    assert identify(FOLDER / name).format == "beidou"


def test_fixtures__are_those_of_the_script(tmp_path):
    china_samples.write_all(tmp_path)
    for path in sorted(FOLDER.iterdir()):
        if path.suffix != ".xlsx":  # a workbook holds the time of its writing
            assert path.read_bytes() == (tmp_path / path.name).read_bytes(), path.name


@pytest.mark.parametrize("name", ["鲁荣渔𬶋00001", "浙岭渔９９００２", "閩獅漁99003"])
@pytest.mark.parametrize("file", [n for n, _ in ALIKE[:5]] + ["sheets.xlsx"])
def test_names__round_trip(name, file):
    ds = open_tracks(FOLDER / file)
    assert name in ds.vessel_name.values
    assert set(ds.trajectory_id.values) == {f"VMS-{row.terminal}" for row in ROWS}


def test_timezone__may_be_another_one():
    ds = open_tracks(FOLDER / "utf8.csv", timezone="UTC")
    assert ds.time.values.min() == np.datetime64("2023-03-01T00:00:00")


def test_times__counts_since_1970_are_of_utc(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("终端号,经度,纬度,时间\n1,122.5,36.5,1704067200\n")
    assert open_tracks(path).time.values[0] == np.datetime64("2024-01-01T00:00")


def test_line_numbers_and_raw_text_of_transcoded_rows(tmp_path):
    text = (FOLDER / "gb18030.csv").read_bytes().decode("gb18030")
    lines = text.splitlines()
    lines[2] = lines[2].replace("36.8935", "北纬")
    for encoding in ("utf-8", "gb18030", "utf-16"):
        path = tmp_path / f"{encoding}.csv"
        path.write_bytes("\r\n".join(lines).encode(encoding))
        rejected = read_tracks(path).rejected
        assert rejected.line.tolist() == [3]
        assert rejected.reason.tolist() == ["position is not a number"]
        assert rejected.raw[0].decode() == lines[2]


def test_broken_bytes__set_aside_their_row_only(tmp_path):
    data = (FOLDER / "gb18030.csv").read_bytes()
    path = tmp_path / "broken.csv"
    path.write_bytes(data.replace("浙岭".encode("gb18030"), b"\xff\xff"))
    result = read_tracks(path)
    assert result.rejected.reason.tolist() == ["bytes that are no gb18030 text"]
    assert result.rejected.line.tolist() == [4]
    assert result.rejected.raw[0].decode().startswith("0990002,\ufffd")
    assert result.summary.rows_kept == len(ROWS) - 1


def test_utf8__one_broken_row_among_good_ones(tmp_path):
    path = tmp_path / "broken.csv"
    data = (FOLDER / "utf8.csv").read_bytes()
    path.write_bytes(data.replace("浙".encode(), b"\xff"))
    with pytest.raises(FormatError, match="not a known table|no column"):
        identify(tmp_path / "broken.csv", columns={"lon": "nowhere"})
    (batch,) = reader("beidou").batches(path, encoding="utf-8")
    assert batch.rejected.reason == ["bytes that are no utf-8 text"]
    assert len(batch.columns) == 3


def test_compressed_and_transcoded(tmp_path):
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress((FOLDER / "gb18030.csv").read_bytes()))
    assert gather(path)[0] == wanted()


def test_byte_ranges__refused_for_transcoded_files():
    with pytest.raises(FormatError, match="byte ranges|packed as gb18030"):
        list(reader("beidou").batches(FOLDER / "gb18030.csv", start=10))


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "utf-8-sig", "utf-16-be"])
def test_every_table_reader_takes_other_encodings(tmp_path, encoding):
    mark = b"\xfe\xff" if encoding == "utf-16-be" else b""
    path = tmp_path / "noaa.csv"
    path.write_bytes(mark + (NOAA + "鲁荣渔𬶋1\n").encode(encoding))
    assert identify(path).format == "noaa"
    assert open_tracks(path).vessel_name.values.tolist() == ["鲁荣渔𬶋1"]
    if encoding != "utf-8-sig":
        with pytest.raises(FormatError, match="packed as"):
            next(reader("noaa").batches(path, start=5))


def test_encoding__named(tmp_path):
    path = tmp_path / "noaa.csv"
    path.write_bytes((NOAA + "閩獅\n").encode("big5"))
    found = open_tracks(path, options={"encoding": "big5"})
    assert found.vessel_name.values.tolist() == ["閩獅"]
    path.write_bytes((NOAA + "海星一\n").encode("gbk"))  # no word proves it
    assert open_tracks(path).vessel_name.values[0] != "海星一"
    found = open_tracks(path, options={"encoding": "GBK"})
    assert found.vessel_name.values.tolist() == ["海星一"]


@pytest.mark.parametrize(
    ("encoding", "match"),
    [
        ("klingon", "no text encoding known here"),
        ("base64", "no text encoding known here"),
        ("gbk", "but the text is UTF-8"),
        ("utf-16", "but the text is UTF-8"),
    ],
)
def test_encoding__contradicts_the_file(tmp_path, encoding, match):
    path = tmp_path / "a.csv"
    path.write_bytes((FOLDER / "utf8.csv").read_bytes())
    with pytest.raises(FormatError, match=match):
        open_tracks(path, options={"encoding": encoding})
    path.write_bytes((FOLDER / "utf16_le.txt").read_bytes())
    if encoding == "gbk":
        with pytest.raises(FormatError, match="begins with the mark of UTF-16"):
            open_tracks(path, options={"encoding": encoding})


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("vessel,lon\nÅbenrå Færge,12.5\nøøææ", "latin-1"),
        ("선박,경도\n가나다라마바사", "euc-kr"),
        ("船名,緯度経度\nさくら丸", "euc-jp"),
        ("船名,經度\n漁船", "big5"),
        ("ab,cd\n1,2", "ascii"),
        ("经度,纬度\n鲁荣渔,1", "utf-8"),
    ],
)
def test_find__takes_nothing_else_for_gb18030(text, encoding):
    assert encodings.find(text.encode(encoding)) == ""


def test_options__unknown_ones_are_refused():
    with pytest.raises(FormatError, match=r"does not take 'yaer'.*datum: what the"):
        open_tracks(FOLDER / "utf8.csv", options={"yaer": 2019})


@pytest.mark.parametrize("name", ["gcj02.csv", "bd.csv", "title.csv"])
def test_datum__refused_unless_named(tmp_path, name):
    text = china_samples.texts()["utf8.csv"].decode()
    path = tmp_path / name
    if name == "gcj02.csv":
        shutil.copy(FOLDER / name, path)
    elif name == "bd.csv":
        path.write_text(text.replace("经度", "经度（百度）"))
    else:
        path.write_text("坐标系：火星坐标\n" + text)
    with pytest.raises(FormatError, match=r"options=\{'datum': 'gcj02'\}"):
        open_tracks(path)
    ds = open_tracks(path, options={"datum": "gcj02"})
    lon, lat = float(ROWS[3].lon), float(ROWS[3].lat)
    back = datum.gcj02_of_wgs84(ds.lon.values[-1:], ds.lat.values[-1:])
    assert ds.sizes["obs"] == 4
    assert abs(back[0] - lon) + abs(back[1] - lat) < 2e-7
    assert 0.003 < abs(ds.lon.values[-1] - lon) + abs(ds.lat.values[-1] - lat) < 0.02


def test_datum__each_row_may_say_it(tmp_path):
    text = china_samples.table(
        (*HEADER, "坐标系"),
        [[*china_samples.plain(ROWS[0]), "WGS84"]] * 9000
        + [[*china_samples.plain(ROWS[1]), "BD-09"]],
    )
    (tmp_path / "a.csv").write_text(text)
    result = read_tracks(tmp_path / "a.csv")
    assert result.summary.rows_kept == 9000
    assert result.rejected.line.tolist() == [9002]
    assert "name the datum" in result.rejected.reason[0]


def test_ingest__options_are_part_of_the_source(tmp_path):
    store = create_store(tmp_path / "a.store")
    path = FOLDER / "competition.csv"
    refused = store.ingest(path, options={"year": 2023}).refused
    assert "projection it does not name" in refused[str(path)]
    options = {"year": 2023, "crs": "EPSG:32651"}
    assert store.ingest(path, options=options).rows_kept == len(ROWS)
    assert store.ingest(path, options=dict(reversed(options.items()))).present
    assert store.ingest(path, options=options | {"year": 2022}).rows_kept == len(ROWS)
    entry = json.loads((store.path / "log" / "000000000002.json").read_text())
    assert entry["call"]["options"] == options | {"year": 2022}
    assert ["year", 2022] in entry["sources"][0]["parameters"]
    wrong = store.ingest(path, options={"yeer": 1}).refused
    assert "does not take 'yeer'" in wrong[str(path)]


def leaves(arguments):
    """The exit code of a command."""
    with pytest.raises(SystemExit) as left:
        main(arguments)
    return left.value.code


def test_command_line_and_job_file__options(tmp_path, capsys):
    path = str(FOLDER / "competition.csv")
    call = ["ingest", str(tmp_path / "a.store"), path, "--json"]
    assert leaves([*call, "--option", "crs=EPSG:32651"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert "its times (MMDD HH:MM:SS) name no year" in told["refused"][path]
    assert leaves([*call, "--option", "crs=EPSG:32651", "--option", "year=2023"]) == 0
    assert json.loads(capsys.readouterr().out)["rows_kept"] == len(ROWS)
    item = Input(paths=path, options={"year": 2023, "crs": "EPSG:32651"})
    assert item.options["year"] == 2023


FUZZED = [(n, o) for n, o in ALIKE if n != "utf16_be.csv"] + [
    ("competition.csv", {"year": 2023, "crs": "EPSG:32651"})
]


@pytest.mark.parametrize(("name", "options"), FUZZED, ids=[n for n, _ in FUZZED])
def test_fuzz__damaged_bytes(tmp_path, name, options):
    """Anything may happen to a file but an error that is no FormatError."""
    data = (FOLDER / name).read_bytes()
    rng = np.random.default_rng(len(name))
    kind = "competition" if name.startswith("comp") else "beidou"
    path = tmp_path / name
    outcomes = set()
    for _ in range(150):
        damaged = bytearray(data)
        for at in rng.integers(0, len(data), rng.integers(1, 6)):
            damaged[at] = rng.integers(0, 256)
        if rng.random() < 0.2:
            del damaged[rng.integers(0, len(data)) :]
        path.write_bytes(damaged)
        try:
            found = list(reader(kind).batches(path, **options))
        except FormatError as error:
            outcomes.add("refused" if str(error) else "silent")
            continue
        for batch in found:
            assert batch.rows_read == len(batch.columns) + len(batch.rejected)
        outcomes.add("read")
    assert "read" in outcomes
    assert "silent" not in outcomes


def test_fuzz__no_good_row_lost(tmp_path):
    """Rows that were not touched come out, whatever stands between them."""
    rng = np.random.default_rng(5)
    good = [china_samples.plain(ROWS[k % 4]) for k in range(400)]
    lines = [",".join([f"T{k}", *row[1:]]) for k, row in enumerate(good)]
    touched = rng.random(len(lines)) < 0.4
    body = []
    for line, hit in zip(lines, touched, strict=True):
        text = list(line)
        for at in rng.integers(0, len(text), 3) if hit else ():
            text[at] = rng.choice([*',"x渔0.-', "\0"])
        body.append("".join(text))
    path = tmp_path / "a.csv"
    path.write_bytes("\n".join([",".join(HEADER), *body]).encode("gb18030"))
    rows, _, found = gather(path)
    ids = {row[0] for row in rows}
    assert {f"T{k}" for k in np.flatnonzero(~touched)} <= ids
    assert sum(b.rows_read for b in found) == len(rows) + sum(
        len(b.rejected) for b in found
    )
    assert sum(len(b.rejected) for b in found) > 20
