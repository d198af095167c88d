"""Words of the catalogue's page in the languages that we write."""

from __future__ import annotations

from oceandata.products.words import require_language, term

_WORDS: dict[str, tuple[str, str]] = {
    "title": ("Catalogue of ocean data", "海洋数据资源目录"),
    "count": ("{n} datasets in {m} collections", "共 {n} 个数据集，分属 {m} 个集合"),
    "count_one": ("1 dataset", "共 1 个数据集"),
    "search": ("Search", "检索"),
    "hint": ("name, owner, variable, licence …", "名称、所有者、变量、许可……"),
    "all": ("all", "全部"),
    "none_left": ("No dataset fits.", "没有符合条件的数据集。"),
    "public": ("public", "公开"),
    "restricted": ("restricted", "受限"),
    "secret": ("secret", "涉密"),
    "tracks": ("vessel tracks", "船舶轨迹"),
    "static": ("static reports of vessels", "船舶静态报告"),
    "map": ("map", "格网数据"),
    "product": ("product", "数据产品"),
    "named_tracks": ("Vessel tracks", "船舶轨迹"),
    "named_static": ("Static reports", "船舶静态报告"),
    "period": ("Period (UTC)", "时间范围（UTC）"),
    "extent": ("Extent", "空间范围"),
    "rows": ("Rows", "记录数"),
    "vessels": ("Vessels", "船舶数"),
    "owner": ("Owner", "所有者"),
    "license": ("Licence", "许可"),
    "attribution": ("Attribution", "署名"),
    "doi": ("DOI", "DOI"),
    "contact": ("Contact", "联系人"),
    "redistribution": ("Passing on", "再分发"),
    "allowed": ("allowed", "允许"),
    "unknown": ("not stated", "未说明"),
    "forbidden": ("forbidden", "禁止"),
    "commit": ("Commit", "提交号"),
    "size": ("Size", "数据量"),
    "unsaid": ("not stated", "未说明"),
    "quality": ("Quality of the rows", "数据质量"),
    "rejected": ("Rejected rows, by reason", "隔离的记录（按原因）"),
    "good": ("good", "良好"),
    "not_evaluated": ("not evaluated", "未评估"),
    "suspect": ("suspect", "可疑"),
    "fail": ("fail", "不合格"),
    "missing": ("missing", "缺测"),
    "variables": ("Variables", "变量"),
    "variable": ("variable", "变量"),
    "unit": ("unit", "单位"),
    "meaning": ("meaning", "说明"),
    "widened": (
        "Restricted: the extent is widened to whole degrees, and fewer than three "
        "vessels are not counted. Data leave with a recorded authorisation only.",
        "受限数据：空间范围按整度外扩，不足三艘时不公布船舶数；须经授权并登记后方可导出。",
    ),
    "closed": (
        "Restricted: data leave with a recorded authorisation only.",
        "受限数据：须经授权并登记后方可导出。",
    ),
    "kept_back": (
        "Secret: neither place nor numbers are told here. Data leave with a recorded "
        "authorisation only.",
        "涉密数据：此处不公布位置和数量；须经授权并登记后方可导出。",
    ),
    "no_place": ("no position", "无空间位置"),
    "place_withheld": ("extent not told", "空间范围不公开"),
    "faults": ("Could not be read", "无法读取"),
    "coast": (
        "Coastline: Natural Earth (public domain)",
        "海岸线：Natural Earth（公有领域）",
    ),
    "foot": (
        "Written by oceandata {version} on {created}. This page holds everything it "
        "shows: it loads nothing.",
        "由 oceandata {version} 于 {created} 生成。"
        "本页包含所示的全部内容，不加载任何外部资源。",
    ),
    "to": ("{start} to {stop}", "{start} 至 {stop}"),
}


def say(language: str, key: str, **values: object) -> str:
    """The phrase of a key, its fields filled.

    >>> say("zh", "restricted")
    '受限'
    """
    number = ("en", "zh").index(require_language(language))
    return _WORDS[key][number].format(**values)


def meaning(language: str, text: str) -> str:
    """What a variable or a reason means, in a language where we have the words."""
    return term(language, text)
