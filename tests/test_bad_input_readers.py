"""Files as they really come: cut, packed, binary, torn, huge. Good rows are kept."""

from __future__ import annotations

import gzip
import os
import resource
import subprocess
import sys
import textwrap
import zipfile
import zlib

import numpy as np
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from table_samples import HEADERS, NOAA, lines, read, values, write

from oceandata.errors import FormatError
from oceandata.readers import (
    RefusedFileWarning,
    identify,
    open_tracks,
    read_tracks,
    reader,
)
from oceandata.readers.formats import HOMES

KINDS = tuple(HEADERS)


@pytest.mark.parametrize("pack", ["gz", "zst"])
@pytest.mark.parametrize("share", [0.999, 0.5, 0.2])
def test_truncated_stream__good_rows_and_one_entry(tmp_path, pack, share):
    whole = write(tmp_path / "whole.csv", "noaa", lines("noaa", 20_000))
    pressed = {
        "gz": gzip.compress,
        "zst": zstandard.ZstdCompressor(level=3).compress,
    }[pack](whole.read_bytes())
    cut = tmp_path / "cut.csv"
    cut.write_bytes(pressed[: int(share * len(pressed))])
    wanted, found = read(whole, "noaa"), read(cut, "noaa")
    n = len(found.columns)
    assert n > (0.9 * share - 0.3) * 20_000
    np.testing.assert_array_equal(values(found.columns), values(wanted.columns)[:n])
    assert found.rejected.reason == ["file ends inside a compressed stream"]
    assert found.rejected.line.tolist() == [n + 2]
    text = whole.read_bytes().split(b"\n")[n + 1]
    assert text.startswith(found.rejected.raw[0])
    result = read_tracks(cut)
    assert result.summary.repairs["file ends inside a compressed stream"] == 1
    assert "file ends inside a compressed stream" in str(result.summary)


def test_damaged_stream__good_rows_and_one_entry(tmp_path):
    pressed = bytearray(
        gzip.compress(b"\n".join([NOAA.encode(), *lines("noaa", 9000)]))
    )
    pressed[len(pressed) // 2] ^= 0xFF
    path = tmp_path / "t.csv.gz"
    path.write_bytes(pressed)
    found = read(path, "noaa")
    assert len(found.columns) > 1000
    assert found.rejected.reason[-1].startswith("compressed stream is damaged")


def test_gz__many_members_and_padding(tmp_path):
    body = [NOAA.encode(), *lines("noaa", 3000), b""]
    data = b"\n".join(body)
    third = len(data) // 3
    parts = [data[:third], data[third : 2 * third], data[2 * third :]]
    path = tmp_path / "t.csv.gz"
    path.write_bytes(b"".join(map(gzip.compress, parts)) + bytes(512))
    assert len(read(path, "noaa").columns) == 3000
    path.write_bytes(b"".join(map(zstandard.compress, parts)))
    assert len(read(path, "noaa").columns) == 3000


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda p: p.mkdir(), "found a directory"),
        (lambda p: p.touch(), r"the file is empty \(0 bytes\)"),
        (lambda p: None, "no such file"),
        (lambda p: p.write_bytes(os.urandom(5000)), "expected a table|not a known"),
        (lambda p: p.write_bytes(bytes(range(256)) * 20), "found binary data"),
        (lambda p: p.write_text("hello\nworld\n"), "found a first line 'hello'"),
        (lambda p: p.write_text("a,b,c\n1,2,3\n"), "columns found: 'a', 'b', 'c'"),
        (lambda p: p.write_bytes(b"BZh91AY" + bytes(90)), "packed as bz2"),
        (lambda p: p.write_bytes(b"PK\x03\x04" + bytes(90)), "not a whole zip"),
        (lambda p: p.write_bytes(b"\x1f\x8b\x08" + bytes(20)), "nothing of it is good"),
    ],
)
def test_identify__says_what_came(tmp_path, make, match):
    path = tmp_path / "ais.csv"
    make(path)
    with pytest.raises(FormatError, match=match) as caught:
        identify(path)
    assert str(path.parent) in str(caught.value)
    with pytest.raises(FormatError, match=match):
        open_tracks(path)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([NOAA, HEADERS["dma"], HEADERS["tacsat"], ""]),
    st.binary(max_size=60),
    st.integers(0, 300),
)
def test_identify__any_bytes(tmp_path_factory, header, noise, at):
    path = tmp_path_factory.getbasetemp() / "noise.csv"
    text = header.encode()
    path.write_bytes(text[:at] + noise + text[at:] + b"\n1,2,3\n")
    try:
        found = identify(path).format
    except FormatError as error:
        found = str(error)
    assert found in HOMES or "noise.csv" in found


def test_header__first_row_with_a_comma_too_many(tmp_path):
    body = lines("noaa", 20)
    body[0] += b",more"
    found = read(write(tmp_path / "t.csv", "noaa", body), "noaa")
    assert found.rejected.line.tolist() == [2]
    assert len(found.columns) == 19


def test_identify__no_permission(tmp_path, monkeypatch):
    path = write(tmp_path / "t.csv", "noaa", lines("noaa", 5))

    def refuse(*_args, **_kwargs):  # the superuser running the tests may read all
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(path), "open", refuse)
    with pytest.raises(FormatError, match="no permission to read it"):
        identify(path)


@pytest.mark.parametrize("kind", KINDS)
def test_header_only(tmp_path, kind):
    path = write(tmp_path / "t.csv", kind, [])
    assert identify(path).format == kind
    ds = open_tracks(path)
    assert ds.sizes["obs"] == ds.sizes["trajectory"] == ds.attrs["rows_read"] == 0


def test_one_bad_file_among_good_ones(tmp_path):
    good = write(tmp_path / "a.csv", "noaa", lines("noaa", 10))
    other = tmp_path / "b.csv"
    other.write_text("x,y\n1,2\n")
    with pytest.warns(RefusedFileWarning, match=r"b\.csv: not a known table"):
        ds = open_tracks([good, other])
    assert ds.attrs["rows_kept"] == 10
    assert "b.csv" in ds.attrs["refused"]


def test_one_wrong_line_in_many(tmp_path, capsys):
    body = lines("noaa", 150_000)
    body[123_455] = body[123_455].replace(b",", b";", 1)
    path = write(tmp_path / "t.csv", "noaa", body)
    result = read_tracks(path, workers=2)
    assert result.summary.rows_kept == 149_999
    row = result.rejected.iloc[0]
    assert (row.line, row.reason) == (123_457, "wrong number of fields")
    assert row.raw == body[123_455]
    assert row.file == str(path)
    open_tracks(path)
    told = capsys.readouterr().err
    assert "149,999 kept, 1 quarantined" in told
    assert "wrong number of fields" in told


def test_quotes__commas_and_line_ends_inside(tmp_path):
    body = lines("noaa", 30)
    body[4] = (
        body[4].replace(b"VESSEL", b'"THE, ""OLD""\nLADY').replace(b",IMO", b'",IMO')
    )
    path = write(tmp_path / "t.csv", "noaa", body)
    found = read(path, "noaa", block_bytes=500)
    assert len(found.columns) == 30
    assert not found.rejected
    names = read_tracks(path).reports.name
    assert any(name.startswith('THE, "OLD" LADY') for name in names)


def test_quotes__one_that_does_not_close_costs_one_line(tmp_path):
    body = lines("noaa", 5000)
    body[10] = body[10].replace(b"VESSEL", b'"VESSEL')
    body[4000] = body[4000].replace(b"VESSEL", b'"VESSEL')
    found = read(write(tmp_path / "t.csv", "noaa", body), "noaa", block_bytes=70_000)
    assert found.rejected.reason == ["quote that does not close"] * 2
    assert found.rejected.line.tolist() == [12, 4002]
    assert found.rejected.raw[0] == body[10]
    assert len(found.columns) == 4998


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_line_ends__each_kind(tmp_path, end):
    body = lines("tacsat", 400)
    wanted = read(write(tmp_path / "a.csv", "tacsat", body), "tacsat")
    found = read(write(tmp_path / "b.csv", "tacsat", body, end=end), "tacsat")
    np.testing.assert_array_equal(values(found.columns), values(wanted.columns))


def test_line_ends__mixed_with_blank_lines(tmp_path):
    body = lines("dma", 300)
    wanted = read(write(tmp_path / "a.csv", "dma", body), "dma")
    ends = [b"\n", b"\r\n", b"\n\n", b"\r\n\r\n"]
    path = tmp_path / "b.csv"
    path.write_bytes(
        HEADERS["dma"].encode()
        + b"\r\n"
        + b"".join(x + ends[k % 4] for k, x in enumerate(body))
    )
    found = read(path, "dma")
    assert found.rows_read == 300
    np.testing.assert_array_equal(values(found.columns), values(wanted.columns))
    path.write_bytes(path.read_bytes().rstrip())
    assert len(read(path, "dma").columns) == len(wanted.columns)


def test_nul_byte__only_its_row(tmp_path):
    body = lines("noaa", 50)
    body[7] = body[7].replace(b"VESSEL", b"VES\0EL")
    body[8] = body[8].replace(b".", b"\0", 1)
    found = read(write(tmp_path / "t.csv", "noaa", body), "noaa")
    assert found.rejected.reason == ["NUL byte in the record"] * 2
    assert found.rejected.line.tolist() == [9, 10]


def test_swapped_positions_and_disorder(tmp_path):
    body = lines("noaa", 200)
    cells = body[3].split(b",")
    cells[2], cells[3] = b"-123.4", b"37.5"
    body[3] = b",".join(cells)
    path = write(tmp_path / "t.csv", "noaa", body[::-1])
    ds = open_tracks(path)
    assert "swapped?" in ds.attrs["quarantine"]
    for part in np.split(ds.time.values, np.cumsum(ds.row_size.values)[:-1]):
        assert (np.diff(part).astype("i8") >= 0).all()


@pytest.mark.parametrize("size", [(1 << 20) + 1, 5 << 20])
@pytest.mark.parametrize("block_bytes", [50_000, 1 << 24])
def test_record_of_megabytes__passed_over(tmp_path, size, block_bytes):
    body = lines("noaa", 60)
    body[20] = b"x" * size
    path = write(tmp_path / "t.csv", "noaa", body)
    found = read(path, "noaa", block_bytes=block_bytes)
    assert found.rejected.reason == ["record longer than 1 MiB"]
    assert found.rejected.line.tolist() == [22]
    assert found.rejected.raw[0] == b"x" * 4093 + b"..."
    assert len(found.columns) == 59


def test_zip__several_members(tmp_path):
    path = tmp_path / "t.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for k in range(2):
            body = [NOAA.encode(), *lines("noaa", 20, seed=k), b"bad", b""]
            archive.writestr(f"day{k}.csv", b"\n".join(body))
        archive.writestr("readme.txt", "nothing")
    found = identify(path)
    assert found.details["members"] == ["day0.csv", "day1.csv"]
    assert found.details["left_out"] == ["readme.txt"]
    result = read_tracks(path)
    assert result.summary.rows_kept == 40
    assert result.rejected.member.tolist() == ["day0.csv", "day1.csv"]
    assert result.rejected.line.tolist() == [22, 22]
    assert "readme.txt" in str(result.summary)


@pytest.mark.parametrize("pack", ["gz", "zst", "zip"])
def test_bomb__refused_in_bounded_memory(tmp_path, pack):
    path = tmp_path / f"bomb.{pack}"
    row = lines("noaa", 1)[0] + b"\n"
    start, gigabytes = f"{NOAA}\n".encode() + row, 3
    small = tmp_path / "small.csv"
    small.write_bytes(start)
    block = b"x" * (1 << 20)
    if pack == "zip":
        with (
            zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
            archive.open("a.csv", "w", force_zip64=True) as file,
        ):
            file.write(start)
            for _ in range(gigabytes << 9):
                file.write(block)
    else:
        press = (
            zlib.compressobj(1, wbits=31)
            if pack == "gz"
            else zstandard.ZstdCompressor(level=1).compressobj()
        )
        with path.open("wb") as file:
            file.write(press.compress(start))
            for _ in range(gigabytes << 9):
                file.write(press.compress(block))
            file.write(press.flush())
    assert path.stat().st_size < 20 << 20
    script = textwrap.dedent(f"""
        import resource
        from oceandata.readers import reader, identify
        def peak():
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
        list(reader("noaa").batches({str(small)!r}, workers=1))  # kernels compiled
        before = peak()
        try:
            assert identify({str(path)!r}).format == "noaa"
            for batch in reader("noaa").batches({str(path)!r}, workers=1):
                pass
        except Exception as error:
            print(type(error).__name__, error)
        print(peak() - before)
    """)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    message, megabytes = done.stdout.strip().rsplit("\n", 1)
    assert message.startswith("FormatError")
    assert "decompression bomb. Pass a larger max_ratio" in message
    assert int(megabytes) < 400, "of 1,536 MiB unpacked"


def test_memory__bounded_by_blocks_not_by_the_file(tmp_path):
    body = b"\n".join(lines("noaa", 20_000)) + b"\n"
    path = tmp_path / "t.csv"
    with path.open("wb") as file:
        file.write(f"{NOAA}\n".encode())
        for _ in range(60):
            file.write(body)
    rows = 0
    before = None
    for k, batch in enumerate(reader("noaa").batches(path, block_bytes=1 << 20)):
        rows += len(batch.columns)
        if k == 20:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert rows == 1_200_000
    assert (after - before) >> 10 < 60
