"""Invented fishing boats as Chinese operators write them: fixtures and their truth.

``python tests/china_samples.py`` writes the files of ``tests/fixtures/china`` anew. All
of them hold the rows of :data:`ROWS`, in other forms and encodings.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from oceandata.columns import decode_position, decode_tenths
from oceandata.readers import reader

FOLDER = Path(__file__).parent / "fixtures" / "china"


@dataclass(frozen=True)
class Row:
    """One position; time in Beijing, degrees with four decimals, knots, degrees."""

    terminal: str
    name: str
    lon: str
    lat: str
    sog: str
    cog: str
    time: datetime


ROWS = (
    Row("0990001", "鲁荣渔𬶋00001", "122.2585", "36.8915", "3.5", "47.0",
        datetime(2023, 3, 1, 7, 59, 58)),
    Row("0990001", "鲁荣渔𬶋00001", "122.262", "36.8935", "3.6", "51.5",
        datetime(2023, 3, 1, 8, 2, 58)),
    Row("0990002", "浙岭渔９９００２", "121.9985", "28.302", "0.0", "0.0",
        datetime(2023, 3, 1, 0, 0, 0)),
    Row("0990003", "閩獅漁99003", "119.0005", "24.735", "9.8", "213.0",
        datetime(2023, 12, 31, 23, 59, 59)),
)  # fmt: skip
"""What every fixture says."""

HEADER = ("终端号", "船名", "经度", "纬度", "航速", "航向", "定位时间")


def dms(text: str, marks: str = "°′″") -> str:
    """Degrees, minutes and seconds (a tenth) of decimal degrees: exact."""
    tenths = round(float(text) * 36_000)
    degree, rest = divmod(tenths, 36_000)
    minute, second = divmod(rest, 600)
    a, b, c = marks
    return f"{degree}{a}{minute:02d}{b}{second // 10:02d}.{second % 10}{c}"


def packed(text: str) -> str:
    """``ddd.mmsss``: degrees, minutes, seconds and tenths behind one point."""
    return dms(text, "\0\0\0").replace("\0", "|").translate({46: None}).replace(
        "|", ".", 1
    ).replace("|", "")  # fmt: skip


def scaled(text: str, unit: int) -> str:
    return str(round(float(text) * unit))


def time_text(row: Row) -> str:
    return f"{row.time:%Y-%m-%d %H:%M:%S}"


def chinese_date(row: Row) -> str:
    return f"{row.time.year}年{row.time.month}月{row.time.day}日"


def plain(row: Row) -> list[str]:
    return [row.terminal, row.name, row.lon, row.lat, row.sog, row.cog, time_text(row)]


def table(header, rows, *, mark: str = ",", end: str = "\n", above=()) -> str:
    lines = [*above, mark.join(header), *(mark.join(row) for row in rows)]
    return end.join(lines) + end


def texts() -> dict[str, bytes]:
    """The fixtures that are text, by file name."""
    usual = [plain(row) for row in ROWS]
    marks = [
        [r.name, time_text(r).replace("-", "/"), dms(r.lon) + "E", dms(r.lat) + "N",
         r.terminal, r.cog, r.sog]
        for r in ROWS
    ]  # fmt: skip
    mixed = ("船名", "时间", "经度", "纬度", "北斗终端号", "航向（度）", "航速（节）")
    micro = [[r.terminal, r.name, scaled(r.lon, 10**6), scaled(r.lat, 10**6), r.sog,
              r.cog, f"{r.time:%Y%m%d %H%M%S}"] for r in ROWS]  # fmt: skip
    minutes = [[r.terminal, r.name, scaled(r.lon, 600_000), scaled(r.lat, 600_000),
                str(round(float(r.sog) * 10)), r.cog, time_text(r)]
               for r in ROWS]  # fmt: skip
    titles = [[r.terminal, r.name, dms(r.lon, "度分秒"), dms(r.lat, "度分秒"),
               r.sog + "节", r.cog, chinese_date(r), f"{r.time:%H时%M分%S秒}"]
              for r in ROWS]  # fmt: skip
    small = ("终端号", "船名", "经度(1/10000分)", "纬度(1/10000分)", "航速(0.1节)",
             "航向", "定位时间")  # fmt: skip
    split = ("终端编号", "渔船名称", "经度", "纬度", "航速", "航向", "日期", "时间")
    named = [[r.terminal, r.name, packed(r.lon), packed(r.lat), r.sog, r.cog,
              time_text(r)] for r in ROWS]  # fmt: skip
    shifted = [[*plain(row), "GCJ-02"] for row in ROWS]
    contest = [[r.terminal, f"{float(r.lon) * 1e4:.2f}", f"{float(r.lat) * 1e4:.2f}",
                r.sog, r.cog, f"{r.time:%m%d %H:%M:%S}", "拖网"]
               for r in ROWS]  # fmt: skip
    above = ("渔船北斗轨迹导出表", "导出单位：某渔政中心,导出时间：2024-01-02")
    big_mark = b"\xfe\xff"
    return {
        "utf8.csv": table(HEADER, usual).encode(),
        "utf8_mark_dms.csv": table(mixed, marks, end="\r\n").encode("utf-8-sig"),
        "utf16_le.txt": table(HEADER, usual, mark="\t", end="\r\n").encode("utf-16"),
        "utf16_be.csv": big_mark + table(HEADER, usual).encode("utf-16-be"),
        "gb18030.csv": table(HEADER, usual, end="\r\n").encode("gb18030"),
        "micro_degrees.csv": table(HEADER, micro).encode("gb18030"),
        "minutes.csv": table(small, minutes, mark=";").encode(),
        "titles.csv": table(split, titles, above=above).encode("gb18030"),
        "dd_mmss.csv": table(HEADER, named).encode(),
        "gcj02.csv": table((*HEADER, "坐标系"), shifted).encode(),
        "competition.csv": table(
            ("渔船ID", "x", "y", "速度", "方向", "time", "type"), contest
        ).encode(),
    }


def dbf(*, driver: int = 0, encoding: str = "gb18030") -> bytes:
    """A dBASE III table; its texts name no code page if ``driver`` is 0."""
    fields = [("终端号", b"C", 10, 0), ("船名", b"C", 24, 0), ("经度", b"N", 12, 6),
              ("纬度", b"N", 12, 6), ("航速", b"N", 6, 1), ("航向", b"N", 6, 1),
              ("时间", b"C", 20, 0)]  # fmt: skip
    width = 1 + sum(f[2] for f in fields)
    records = []
    for row in ROWS:
        cells = [row.terminal, row.name, row.lon, row.lat, row.sog, row.cog,
                 time_text(row)]  # fmt: skip
        record = b" "
        for cell, (_, kind, size, _) in zip(cells, fields, strict=True):
            raw = cell.encode(encoding)
            record += raw.rjust(size) if kind == b"N" else raw.ljust(size)
        records.append(record)
    records.insert(1, b"*" + records[0][1:])  # a deleted record
    size = 33 + 32 * len(fields)
    head = struct.pack(
        "<B3BIHH17sB2x", 3, 123, 3, 1, len(records), size, width, b"", driver
    )
    for name, kind, length, places in fields:
        head += struct.pack(
            "<11sc4xBB14x", name.encode(encoding)[:10], kind, length, places
        )
    return head + b"\r" + b"".join(records) + b"\x1a"


def workbook(path: Path) -> None:
    """Two sheets of positions, with titles, merged cells and dates of both kinds."""
    import openpyxl

    book = openpyxl.Workbook()
    first = book.active
    first.title = "鲁荣渔"
    first.append(["渔船轨迹表（2023年）"])
    first.merge_cells("A1:G1")
    first.append([])
    first.append(list(HEADER))
    for row in ROWS[:2]:
        first.append([row.terminal, row.name, float(row.lon), float(row.lat),
                      float(row.sog), float(row.cog), row.time])  # fmt: skip
    first.merge_cells("A4:A5")
    first.merge_cells("B4:B5")
    second = book.create_sheet("其他")
    second.append(list(HEADER))
    for row in ROWS[2:]:
        second.append([row.terminal, row.name, dms(row.lon), dms(row.lat), row.sog,
                       float(row.cog), time_text(row)])  # fmt: skip
    book.create_sheet("说明").append(["航速单位为节"])
    book.create_sheet("空")
    book.save(path)


def write_all(folder: Path = FOLDER) -> None:
    for name, data in texts().items():
        (folder / name).write_bytes(data)
    (folder / "no_code_page.dbf").write_bytes(dbf())
    workbook(folder / "sheets.xlsx")


EIGHT_HOURS = np.timedelta64(8, "h")
NOAA = (
    "MMSI,BaseDateTime,LAT,LON,VesselName\n412000009,2023-03-01T00:00:00,30.5,122.25,"
)


def gather(path, **options):
    """All batches of a file: columns of values, names, static names, rejected."""
    found = list(reader("beidou").batches(path, **options))
    columns = [batch.columns for batch in found]
    names = {k: v for batch in found for k, v in batch.names.items()}
    said = {
        names[v]: name
        for batch in found
        for v, name in zip(
            batch.reports.vessel.tolist(), batch.reports.name, strict=True
        )
    }
    rows = [
        (names[v], *rest)
        for c in columns
        for v, *rest in zip(
            c.vessel.tolist(),
            c.time.view("M8[us]").tolist(),
            decode_position(c.lon).tolist(),
            decode_position(c.lat).tolist(),
            decode_tenths(c.sog).tolist(),
            decode_tenths(c.cog).tolist(),
            strict=True,
        )
    ]
    return rows, said, found


def wanted():
    """The rows of :data:`ROWS` as :func:`gather` gives them."""
    return [
        (
            row.terminal,
            (np.datetime64(row.time, "us") - EIGHT_HOURS).item(),
            float(row.lon),
            float(row.lat),
            float(np.float32(row.sog)),
            float(np.float32(row.cog)),
        )
        for row in ROWS
    ]


if __name__ == "__main__":
    write_all()
