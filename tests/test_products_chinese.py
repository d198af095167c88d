"""Chinese maps and reports: letters, words, basemaps with their number, no borders."""

from __future__ import annotations

import json
import logging
import re

import cartopy.crs as ccrs
import matplotlib as mpl
import numpy as np
import pytest
import rasterio
import shapefile
from lxml import etree
from matplotlib import font_manager
from matplotlib.text import Text
from PIL import Image

from oceandata import coast
from oceandata.errors import SchemaError
from oceandata.products import (
    draw,
    fonts,
    plot_map,
    plot_panels,
    terms,
    words,
    write_report,
)
from oceandata.tracks.classes import SHIP_CLASSES
from oceandata.tracks.rules import DECLARED
from oceankernels.nmeaspec import REASONS as NMEA_REASONS
from oceankernels.tablespec import REASONS
from tests.product_samples import density

HAN = re.compile("[\u4e00-\u9fff]")
NUMBER = "GS(2024)0650号"


def one(**options):
    return density(**options).isel(ship_class=1, month=1)


def texts(figure):
    return " | ".join(t.get_text() for t in figure.findobj(Text) if t.get_text())


@pytest.mark.parametrize("suffix", ["png", "pdf", "svg"])
def test_plot_map__chinese_without_a_missing_glyph(tmp_path, caplog, suffix):
    ds = one().assign_attrs(credit="青岛港 AIS 资料，鲁荣渔号，2024 年")
    with caplog.at_level(logging.WARNING):
        path = plot_map(ds, tmp_path / f"map.{suffix}", language="zh", dpi=60)
    assert path.stat().st_size > 10_000
    assert not caplog.records


def test_plot_map__all_words_are_chinese():
    figure = plot_map(one(), language="zh", credit="模拟数据")
    said = texts(figure)
    hidden = int(one()["withheld"].sum())
    for text in ("船舶活动时长 / h", "渔船", "2024 年 1 月", "网格 0.5°"):
        assert text in said
    assert f"保密网格：{hidden} 个（避免透露不足 3 艘船的活动）" in said
    assert "数据来源：模拟数据" in said
    assert "海岸线：Natural Earth（公有领域）" in said
    assert not re.search(r"\b(withheld|cells|Data|Coastline|Fishing)\b", said)


def test_plot_panels__classes_are_chinese():
    ds = density().isel(month=0)
    ds["ship_class"] = ["Cargo", "Fishing"]
    figure = plot_panels(ds, by="ship_class", language="zh")
    assert [ax.get_title(loc="left") for ax in figure.axes[:2]] == ["货船", "渔船"]


def test_plot_map__settings_and_language_of_others_are_left_alone():
    before = dict(mpl.rcParams)
    plot_map(one(), language="zh")
    assert dict(mpl.rcParams) == before
    assert "Vessel hours (h)" in texts(plot_map(one()))
    with pytest.raises(ValueError, match="language must be one of en, zh"):
        plot_map(one(), language="cn")


def test_fonts__hold_gb_2312_and_all_our_words():
    held = fonts.held(fonts.FAMILY)
    ideographs = {
        ord(sign)
        for lead in range(0xB0, 0xF8)
        for trail in range(0xA1, 0xFF)
        for sign in bytes([lead, trail]).decode("gb2312", errors="ignore")
        if sign != "\ufffd"
    }
    assert len(ideographs) == 6763
    assert ideographs <= held
    ours = "".join([*terms.TERMS.values(), *(zh for _, zh in words._PHRASES.values())])
    assert {ord(sign) for sign in ours} <= held | fonts.held(fonts.LATIN)
    bold = fonts.held(fonts.FAMILY, bold=True)
    assert 3755 <= len(bold) < len(held)
    files = [fonts.folder() / name for name in fonts.FILES]
    assert sum(path.stat().st_size for path in files) < 2_500_000
    licence = (fonts.folder() / "OFL.txt").read_text("utf-8")
    assert "SIL OPEN FONT LICENSE Version 1.1" in licence


def test_fonts__do_not_hide_a_complete_one_of_the_user():
    fonts.register()
    names = {font.name for font in font_manager.fontManager.ttflist}
    assert fonts.FAMILY in names
    assert not fonts.FAMILY.startswith(("Noto", "Source"))


def test_fonts__unknown_character_becomes_a_sign_and_is_told(monkeypatch, caplog):
    monkeypatch.setattr(fonts, "OTHERS", ())
    rare = "\U0002b7c9"
    with caplog.at_level(logging.WARNING):
        figure = plot_map(one(), language="zh", title=f"渔{rare}号")
        figure.canvas.draw()
    said = texts(figure)
    assert "渔〓号" in said
    assert "〓：字库中没有的字" in said
    assert rare not in said
    assert not caplog.records
    assert "not in the font" in texts(plot_map(one(), title=f"Vessel {rare}"))


def test_fonts__bold_is_kept_only_where_it_is_whole():
    common = plot_map(one(), language="zh", title="黄海渔船")
    rare = plot_map(one(), language="zh", title="嵊泗渔船")
    weights = [
        next(t.get_fontweight() for t in f.texts if "渔船" in t.get_text())
        for f in (common, rare)
    ]
    assert weights == ["bold", "normal"]


def test_terms__every_class_rule_and_reason_has_its_chinese():
    known = [*SHIP_CLASSES, *filter(None, (*REASONS, *NMEA_REASONS))]
    known += [rule.sentence for rule in DECLARED]
    known += [rule.name.replace("_", " ") for rule in DECLARED]
    bare = [text for text in known if not HAN.search(words.term("zh", text))]
    assert not bare
    assert words.term("en", "Cargo") == "Cargo"


# basemaps


def picture(path, *, crs="EPSG:4326", dtype="uint8"):
    """A raster that is red in the west and blue in the east of 120 degrees."""
    values = np.zeros((3, 40, 60), dtype)
    values[0, :, :30], values[2, :, 30:] = 200, 200
    box = (
        (117, 31, 123, 35)
        if crs == "EPSG:4326"
        else (13024380, 3632749, 13692297, 4163881)
    )
    transform = rasterio.transform.from_bounds(*box, 60, 40)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=60,
        height=40,
        count=3,
        dtype=dtype,
        crs=crs,
        transform=transform,
    ) as file:
        file.write(values)
    return path


def colour_at(figure, lon, lat):
    figure.set_dpi(100)
    figure.canvas.draw()
    ax = figure.axes[0]
    xy = ax.projection.transform_point(lon, lat, ccrs.PlateCarree())
    column, row = ax.transData.transform(xy)
    pixels = np.asarray(figure.canvas.buffer_rgba())
    return tuple(
        int(c) for c in pixels[pixels.shape[0] - 1 - int(row), int(column)][:3]
    )


@pytest.mark.filterwarnings("ignore:Use `@` matmul")
@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:3857"])
def test_basemap__raster_lies_where_it_belongs(tmp_path, crs):
    ds = one()
    ds["vessel_hours"][:] = 0.0
    ds["withheld"][:] = 0
    path = picture(tmp_path / "base.tif", crs=crs)
    figure = plot_map(ds, basemap=path, approval=NUMBER, language="zh")
    assert colour_at(figure, 119.2, 33.3) == (200, 0, 0)
    assert colour_at(figure, 121.1, 32.2) == (0, 0, 200)
    assert f"审图号：{NUMBER}" in texts(figure)
    assert "Natural Earth" not in texts(figure)


@pytest.mark.filterwarnings("ignore:Use `@` matmul")
def test_basemap__stands_in_the_provenance(tmp_path):
    path = picture(tmp_path / "base.tif")
    target = plot_map(
        one(), tmp_path / "m.png", basemap=path, approval=f"审图号:{NUMBER}", dpi=60
    )
    with Image.open(target) as image:
        record = json.loads(image.text["provenance"])
    assert record["basemap"]["approval"] == NUMBER
    assert record["basemap"]["name"] == "base.tif"
    assert len(record["basemap"]["sha256"]) == 64


def test_basemap__lines_are_added_to_our_ground(tmp_path):
    stem = tmp_path / "lines"
    with shapefile.Writer(str(stem), shapeType=shapefile.POLYLINE) as writer:
        writer.field("name", "C")
        writer.line([[[118.0, 32.0], [122.0, 34.0]]])
        writer.record("a")
    plain = plot_map(one())
    figure = plot_map(
        one(),
        basemap=tmp_path / "lines.shp",
        approval="none",
        basemap_credit="Harbour office",
    )
    artists = [len(f.axes[0].get_children()) for f in (plain, figure)]
    assert artists[1] == artists[0] + 1
    assert "Basemap: Harbour office" in texts(figure)
    assert "Natural Earth" in texts(figure)


@pytest.mark.filterwarnings("ignore:Use `@` matmul")
def test_basemap__refusals(tmp_path):
    path = picture(tmp_path / "base.tif", dtype="uint16")
    with pytest.raises(ValueError, match="needs approval="):
        plot_map(one(), basemap=path)
    with pytest.raises(ValueError, match="approval must look like"):
        plot_map(one(), basemap=path, approval="yes")
    with pytest.raises(ValueError, match="without a basemap"):
        plot_map(one(), approval=NUMBER)
    with pytest.raises(FileNotFoundError, match="no such basemap"):
        plot_map(one(), basemap=tmp_path / "x.tif", approval=NUMBER)
    with pytest.raises(ValueError, match="picture of bytes"):
        plot_map(one(), basemap=path, approval=NUMBER)


@pytest.mark.parametrize("west", [117.0, 60.0])
def test_maps__draw_no_borders(monkeypatch, west):
    asked = []
    shapes = coast.shapes

    def seen(name, scale):
        asked.append(name)
        return shapes(name, scale)

    monkeypatch.setattr(draw.coast, "shapes", seen)
    figure = plot_map(one(west=west, nx=70 if west == 60 else 12, ny=30))
    figure.canvas.draw()
    assert set(asked) <= {"land", "coastline"}
    packaged = {path.name for path in coast.data_dir().rglob("*") if path.is_file()}
    assert not [n for n in packaged if re.search("admin|border|bound|countr", n)]


# the report


def report(tmp_path, **options):
    path = write_report(
        tmp_path / "r.html",
        title="黄海船舶密度",
        inputs=[{"name": "tacsat.csv", "format": "tacsat", "rows": 97015}],
        dropped={"bad mmsi": 12, "no time": 469, "odd thing": 1},
        accounting=density(),
        tables={"分类": [{"class": "Cargo", "hours": 1.5}]},
        **options,
    )
    return path.read_text("utf-8")


def test_report__in_chinese(tmp_path):
    page = report(tmp_path, language="zh")
    root = etree.fromstring(page.removeprefix("<!DOCTYPE html>").strip())
    assert root.get("lang") == "zh-CN"
    titles = ["".join(h.itertext()) for h in root.findall(".//h2")]
    assert titles == [
        "1输入数据",
        "2剔除的记录及原因",
        "3船舶时间收支",
        "4表",
        "5保密处理",
        "6处理溯源",
    ]
    for text in ("MMSI 无效", "没有时间", "odd thing", "合计", "货船", "表 1", "微秒"):
        assert text in page
    body = re.sub(r"<(style|pre)>.*?</\1>", "", page, flags=re.S)
    for text in (
        "Where",
        "Confidential",
        "withheld",
        "Table",
        "reason",
        "vessel hours",
    ):
        assert text not in body, text


def test_report__in_english_has_no_chinese_of_ours(tmp_path):
    page = report(tmp_path).replace("黄海船舶密度", "").replace("分类", "")
    body = re.sub(r"<style>.*?</style>", "", page, flags=re.S)
    assert not HAN.search(body)
    with pytest.raises(ValueError, match="language must be one of"):
        report(tmp_path, language="fr")


def test_words__both_languages_take_the_same_values():
    for key, (en, zh) in words._PHRASES.items():
        fields = [set(re.findall(r"{(\w+)", text)) for text in (en, zh)]
        assert fields[0] == fields[1], key
        assert en
        assert zh


def test_plot_map__needs_two_dimensions_in_any_language():
    with pytest.raises(SchemaError, match="select or sum over ship_class, month"):
        plot_map(density(), language="zh")
