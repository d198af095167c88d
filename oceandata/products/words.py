"""All words of maps, reports and tables, in every language we write.

A phrase is found by its key, a term of the sciences by its English text. Chinese
follows the usage of Chinese marine journals: quantity and unit are parted by a slash.
What has no translation stays as it is: a name, a file, a text of the user.
"""

from __future__ import annotations

from oceandata.products.terms import TERMS

LANGUAGES = ("en", "zh")
HTML = {"en": "en", "zh": "zh-CN"}

_PHRASES: dict[str, tuple[str, str]] = {
    # the page around a map
    "data": ("Data: {credit}", "数据来源：{credit}"),
    "coast": (
        "Coastline: Natural Earth (public domain)",
        "海岸线：Natural Earth（公有领域）",
    ),
    "basemap": ("Basemap: {credit}", "底图：{credit}"),
    "approval": ("Map approval number (审图号): {number}", "审图号：{number}"),
    "means": (
        "Drawn as means of {block} × {block} cells",
        "按 {block} × {block} 个网格的平均值绘制",
    ),
    "cells_of": ("cells of {size}", "网格 {size}"),
    "span": ("{start} to {stop}", "{start} 至 {stop}"),
    "label": ("{name} ({units})", "{name} / {units}"),
    "label_count": ("{name} (count)", "{name} / 次"),
    "label_one": ("{name} (1)", "{name}"),
    "withheld_cell": (
        "withheld: {count:,} cell that would tell of fewer than {minimum} vessels",
        "保密网格：{count:,} 个（避免透露不足 {minimum} 艘船的活动）",
    ),
    "withheld_cells": (
        "withheld: {count:,} cells that would tell of fewer than {minimum} vessels",
        "保密网格：{count:,} 个（避免透露不足 {minimum} 艘船的活动）",
    ),
    "scale": ("{length:,} km at {lat:.0f}°{side}", "{length:,} km（{lat:.0f}°{side}）"),
    "substituted": ("〓: not in the font", "〓：字库中没有的字"),
    # the report
    "went_in": ("What went in", "输入数据"),
    "files_read": ("Files that were read.", "读入的文件"),
    "full_hashes": (
        "Full hashes stand in the provenance record at the end.",
        "完整的校验值见文末的处理溯源记录。",
    ),
    "dropped": ("What was dropped, and why", "剔除的记录及原因"),
    "dropped_table": ("Rows set aside, by reason.", "按原因统计的剔除记录"),
    "dropped_none": ("No row was dropped.", "没有剔除任何记录。"),
    "reason": ("Reason", "原因"),
    "rows": ("rows", "记录数"),
    "total": ("total", "合计"),
    "hours_went": ("Where the hours went", "船舶时间收支"),
    "it_went": ("Where it went", "数量收支"),
    "hours_account": (
        "Account of the time of all vessels.",
        "全部船舶的时间收支",
    ),
    "account": ("Account.", "收支"),
    "exact": (
        "Sums are kept in whole {unit}, so that the parts add up to the total exactly, "
        "whatever their order and the number of processors.",
        "各项以整数（{unit}）累加，各部分之和与总数严格相等，"
        "与计算顺序和处理器数目无关。",
    ),
    "maps": ("Maps", "图"),
    "tables": ("Tables", "表"),
    "notes": ("Notes", "说明"),
    "confidentiality": ("Confidentiality", "保密处理"),
    "cells_few": (
        "Cells with fewer than {minimum} distinct vessels, and cells from which those "
        "could be worked out, are withheld: their values are in no product of this "
        "report.",
        "船舶不足 {minimum} 艘的网格，以及可据以推算其数值的网格，不予公开，"
        "其数值不出现在本报告的任何产品中。",
    ),
    "cells_were": (" {count} cells were withheld.", "本次共有 {count} 个保密网格。"),
    "no_identities": (
        "Identities and track lines of single vessels are not part of it.",
        "本报告不含单船身份和单船航迹。",
    ),
    "unprotected": (
        "Confidential: this report was asked for by name without the usual "
        "protection. It may identify single vessels. Do not pass it on.",
        "内部资料：本报告按明确要求生成，未作通常的保密处理，可能识别出单艘船舶，请勿外传。",
    ),
    "licences": ("Licences of the inputs", "输入数据的许可"),
    "override": (
        "Exported although the licence “{license}” forbids redistribution: the user "
        "overrode it by name.",
        "许可“{license}”禁止再分发，使用者点名解除后导出。",
    ),
    "provenance": ("Provenance", "处理溯源"),
    "table": ("Table {number}.", "表 {number}"),
    "figure": ("Figure {number}.", "图 {number}"),
    "files": ("files", "文件数"),
    "vessel_hours": ("vessel hours", "船舶活动时长 / h"),
    "cells_withheld": ("cells withheld", "保密网格"),
    "foot": (
        "Written by oceandata {version} on {created}. This page holds everything it "
        "shows: it loads nothing.",
        "由 oceandata {version} 于 {created} 生成。"
        "本页包含所示的全部内容，不加载任何外部资源。",
    ),
    "yes": ("yes", "是"),
    "no": ("no", "否"),
    # the account
    "exported": ("in the cells that are shown", "已公开的网格内"),
    "withheld": ("withheld: too few vessels in the cell", "保密网格内（船舶过少）"),
    "off_grid": ("outside the grid", "网格范围以外"),
    "over_gap": (
        "between fixes further apart than the gap limit",
        "相邻船位的时间间隔超过上限",
    ),
    "vessel_time": ("Vessel time", "船舶时间"),
    "count": ("Count", "数量"),
    "hours": ("hours", "小时"),
    "share": ("share", "占比"),
    "share_of_all": ("% of all", "占比 / %"),
    "us": ("microseconds", "微秒"),
    "kept_back": ("withheld", "不公开"),
    # tables of a job
    "flagged": (
        "Fixes flagged by step “{label}”; a fix may count in several rules",
        "步骤“{label}”标记的船位；一个船位可能同时符合多条规则",
    ),
    "account_of": ("Account of step “{label}”", "步骤“{label}”的收支"),
    "rule": ("rule", "规则"),
    "flag": ("flag", "质量标记"),
    "fixes": ("fixes", "船位数"),
    "share_fixes": ("% of fixes", "占船位 / %"),
    "meaning": ("meaning", "含义"),
    # heads of the table of inputs
    "name": ("File", "文件"),
    "format": ("format", "格式"),
    "kept": ("kept", "保留"),
    "quarantined": ("quarantined", "隔离"),
    "duplicates": ("duplicates", "重复"),
    "bytes": ("bytes", "字节数"),
    "license": ("license", "许可"),
    "attribution": ("attribution", "署名"),
    "doi": ("doi", "DOI"),
    "redistribution": ("redistribution", "再分发"),
    # keys of the provenance record
    "created": ("created", "生成时间"),
    "software": ("software", "软件"),
    "machine": ("machine", "计算机"),
    "parameters": ("parameters", "参数"),
    "store": ("store", "数据仓库"),
    "commit": ("commit", "提交号"),
    "job": ("job", "作业"),
}

_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def require_language(language: str) -> str:
    """The language itself, when we write it."""
    if language not in LANGUAGES:
        raise ValueError(
            f"language must be one of {', '.join(LANGUAGES)}; got {language!r}"
        )
    return language


def say(language: str, key: str, **values) -> str:
    """The phrase of a key, its fields filled.

    >>> say("zh", "data", credit="AIS")
    '数据来源：AIS'
    """
    return _PHRASES[key][LANGUAGES.index(language)].format(**values)


def said(language: str, key: str) -> str:
    """The phrase of a key if it is one, else the key with blanks for underscores."""
    return say(language, key) if key in _PHRASES else term(language, key_text(key))


def key_text(key: str) -> str:
    """A key as words: ``rows_read`` becomes ``rows read``."""
    return str(key).replace("_", " ")


def term(language: str, text: str) -> str:
    """A term of the sciences, or of our own data, in a language.

    >>> term("zh", "Cargo"), term("zh", "M/V Example"), term("en", "Cargo")
    ('货船', 'M/V Example', 'Cargo')
    """
    if language == "en":
        return text
    bare = str(text).strip().rstrip(".")
    return TERMS.get(bare.lower(), text)


def month(language: str, year: int, number: int) -> str:
    """A month in words.

    >>> month("en", 2024, 3), month("zh", 2024, 3)
    ('March 2024', '2024 年 3 月')
    """
    if language == "zh":
        return f"{year} 年 {number} 月"
    return f"{_MONTHS[number - 1]} {year}"
