"""Words, times and units of Chinese tables of vessels, told by their headers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from oceandata.errors import FormatError
from oceandata.readers.generic import KNOTS

ALIASES: dict[str, tuple[str, ...]] = {
    "vessel": (
        *("北斗终端号", "终端号", "终端编号", "终端号码", "终端id", "北斗终端id"),
        *("北斗号", "北斗号码", "北斗id", "北斗卡号", "卡号", "设备号", "设备编号"),
        *("设备id", "北斗终端", "终端", "渔船id", "船舶id", "船只id", "渔船编码"),
        *("終端號", "北斗終端號", "終端編號"),
    ),
    "mmsi": ("mmsi", "mmsi号", "mmsi码", "九位码"),
    "vessel_name": (
        *("船名", "渔船名称", "渔船船名", "船舶名称", "船名号", "渔船名", "渔船"),
        *("船舶", "船号", "船舶名", "漁船名稱", "船舶名稱"),
    ),
    "lon": ("经度", "經度", "经度坐标", "jingdu", "经", "lng", "lon", "longitude"),
    "lat": ("纬度", "緯度", "纬度坐标", "weidu", "纬", "lat", "latitude"),
    "time": (
        *("定位时间", "船位时间", "位置时间", "北斗时间", "gps时间", "采集时间"),
        *("时间", "日期时间", "时间戳", "回传时间", "上报时间", "发送时间"),
        *("接收时间", "更新时间", "定位時間", "時間", "shijian"),
    ),
    "date": ("日期", "定位日期"),
    "sog": ("航速", "对地航速", "船速", "速度", "hangsu", "對地航速"),
    "cog": ("航向", "对地航向", "航迹向", "航向角", "方向", "hangxiang", "對地航向"),
    "heading": ("船首向", "船艏向", "艏向", "真航向"),
    "call_sign": ("呼号", "船舶呼号"),
    "imo": ("imo", "imo号", "imo编号"),
    "length": ("总长", "船舶长度", "船长", "长度"),
    "width": ("船宽", "型宽", "宽度"),
    "draught": ("吃水",),
    "datum": ("坐标系", "坐标系统", "坐标类型", "坐标基准", "座標系"),
}
"""Headers of each column, the better ones first; case and blanks do not count."""

SPEEDS = {
    **{"节": "knot", "節": "knot", "kn": "knot", "kt": "knot", "kts": "knot"},
    **{"knot": "knot", "knots": "knot", "海里/小时": "knot", "海里/时": "knot"},
    **{"0.1节": "0.1 knot", "0.1kn": "0.1 knot", "1/10节": "0.1 knot"},
    **{"km/h": "km/h", "公里/小时": "km/h", "公里/时": "km/h", "千米/小时": "km/h"},
    **{"m/s": "m/s", "米/秒": "m/s"},
}
"""Units of speed in brackets of a header."""

POSITIONS = {
    **{"度": "degree", "°": "degree", "degree": "degree", "度分秒": "dms"},
    **{"百万分之一度": "1e-6 degree", "1e-6度": "1e-6 degree", "10-6度": "1e-6 degree"},
    **{"1/1000000度": "1e-6 degree", "0.000001度": "1e-6 degree"},
    **{"1e-7度": "1e-7 degree", "1e-5度": "1e-5 degree"},
    **{"万分之一分": "1/10000 min", "1/10000分": "1/10000 min"},
    **{"0.0001分": "1/10000 min", "千分之一分": "1/1000 min", "1/1000分": "1/1000 min"},
}
"""Units and forms of positions in brackets of a header."""

OTHER_DATUM = re.compile(
    r"gcj|bd-?\s?0?9|火星|百度|高德|腾讯地图|国测局|mars\b|baidu|amap", re.IGNORECASE
)
"""Words that say that coordinates are those of a Chinese web map."""

_BRACKETS = re.compile(r"[(\[（【](.*?)[)\]）】]")
_BLANKS = re.compile(r"[\s_\-]+")


def bare(header: str) -> tuple[str, str]:
    """A header without what stands in brackets, and that: (name, unit).

    >>> bare(" 航速（节） ")
    ('航速', '节')
    """
    text = unicodedata.normalize("NFKC", header).strip("\ufeff \t'\"")
    unit = " ".join(_BRACKETS.findall(text))
    name = _BLANKS.sub("", _BRACKETS.sub("", text)).casefold()
    return name, _BLANKS.sub("", unit).casefold()


def places_of(
    names: list[str], columns: Mapping[str, str] | None, aliases: Mapping
) -> tuple[dict[str, int], list[str]]:
    """Places of the columns in a header, and faults of ``columns``."""
    told: dict[str, int] = {}
    for place, name in enumerate(names):
        told.setdefault(bare(name)[0], place)
    places, faults = {}, []
    columns = dict(columns or {})
    for column, words in aliases.items():
        wanted = columns.pop(column, None)
        if wanted is not None:
            if wanted in names:
                places[column] = names.index(wanted)
            else:
                faults.append(
                    f"columns= names {wanted!r} for {column!r}, but no column is "
                    "called so"
                )
            continue
        found = [told[word] for word in words if word in told]
        if found:
            places[column] = found[0]
    faults += [
        f"columns= has {name!r}, which is none of {', '.join(aliases)}"
        for name in columns
    ]
    return places, faults


def named_unit(header: str, units: Mapping[str, str]) -> str | None:
    """The unit that a header's brackets name, None if they name none known."""
    return units.get(bare(header)[1])


def check_units(units: Mapping[str, str] | None, forms: tuple[str, ...]) -> dict:
    """``units=`` as a mapping of "sog" and "position"; FormatError for others."""
    units = dict(units or {})
    known = {"sog": tuple(KNOTS), "position": forms}
    wrong = [n for n, unit in units.items() if unit not in known.get(n, ())]
    if wrong:
        listed = "; ".join(f"{n!r}: {', '.join(u)}" for n, u in known.items())
        raise FormatError(
            f"units={units!r}: {', '.join(map(repr, wrong))} is not known. Known are "
            f"{listed}"
        )
    return units


_TIME_WORDS = (
    (r"[年月]", "-"),
    (r"\s*日\s*", " "),
    (r"\s*[时時点點]\s*", ":"),
    (r"\s*分\s*", ":"),
    (r"\s*秒.*$", ""),
    (r"[:：]\s*$", ""),
    (r"(?:上午|早上|凌晨)\s*([\d:：.]+)", r"\1 AM"),
    (r"(?:下午|中午|晚上)\s*([\d:：.]+)", r"\1 PM"),
    ("：", ":"),
)


def plain_times(text: pa.Array) -> pa.Array:
    """Times in Chinese words as times in signs; others as they are.

    ``2024年3月1日 下午2时30分`` becomes ``2024-3-1 2:30 PM``.
    """
    text = pc.utf8_trim_whitespace(text)
    if pc.all(pc.string_is_ascii(text)).as_py() is not False:
        return text
    foreign = pc.invert(pc.fill_null(pc.string_is_ascii(text), True))
    words = pc.utf8_normalize(text, form="NFKC")
    for pattern, sign in _TIME_WORDS:
        words = pc.replace_substring_regex(words, pattern, sign)
    words = pc.utf8_trim_whitespace(words)
    return pc.if_else(foreign, words, text)


def plain_numbers(text: pa.Array, unit: str) -> pa.Array:
    """Numbers without their unit (a pattern), full-width digits made plain."""
    text = pc.utf8_trim_whitespace(text)
    if pc.all(pc.string_is_ascii(text)).as_py() is False:
        text = pc.utf8_normalize(text, form="NFKC")
    return pc.replace_substring_regex(text, rf"(?i)^([-+]?[\d.]+)\s*(?:{unit})$", r"\1")
