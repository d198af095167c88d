"""Letters for every word of a figure: Latin, Greek, Chinese, or a sign for the rest.

The packaged font (a subset of Noto Sans CJK SC under the SIL Open Font License, see
``oceandata/data/fonts``) holds the 6,763 ideographs of GB 2312, its bold those of the
first level. A character beyond it is taken from a font of the machine if one has it,
and is else shown as 〓, which the footnote then says. Matplotlib's list of fonts
learns two files; no setting of the user is changed.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from matplotlib import font_manager
from matplotlib.ft2font import FT2Font
from matplotlib.text import Text

from oceandata import coast

FAMILY = "Oceandata Sans SC"
LATIN = "DejaVu Sans"
MISSING = "〓"
FILES = ("oceandata-sans-sc-regular.otf", "oceandata-sans-sc-bold.otf")

# Fonts of the machine that are asked for what ours does not hold, in this order.
OTHERS = (
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Microsoft YaHei",
    "PingFang SC",
    "SimHei",
    "SimSun",
    "Noto Sans CJK JP",
)


def folder() -> Path:
    """Where the packaged fonts and their licence lie."""
    return coast.data_dir() / "fonts"


@functools.cache
def register() -> None:
    """Make the packaged font known to Matplotlib, once a process."""
    for name in FILES:
        font_manager.fontManager.addfont(folder() / name)


def families(language: str = "en") -> list[str]:
    """Font families of a figure, the first one preferred."""
    register()
    return [FAMILY, LATIN] if language == "zh" else [LATIN, FAMILY]


@functools.cache
def held(family: str, *, bold: bool = False) -> frozenset[int]:
    """Code points that a family holds; none where it is not installed."""
    register()
    files = [
        (font.weight, font.fname)
        for font in font_manager.fontManager.ttflist
        if font.name == family and font.style == "normal"
    ]
    if not files:
        return frozenset()
    wanted = 700 if bold else 400
    _, path = min(files, key=lambda each: (abs(_number(each[0]) - wanted), each[1]))
    return frozenset(FT2Font(path).get_charmap())


def fit(fig: Any) -> bool:
    """Give every text of a figure fonts that hold it; whether a sign stands in.

    Bold is kept only where the bold holds every character, so that a title is not
    set in two weights.
    """
    lacking = False
    for text in fig.findobj(Text):
        lacking |= _fit(text)
    return lacking


def _fit(text: Text) -> bool:
    signs = {ord(sign) for sign in text.get_text() if sign not in "\n\t"}
    if all(code < 0x250 for code in signs):
        return False
    chosen = text.get_fontfamily()
    known = [name for name in chosen if held(name)] or [LATIN]
    bold = _number(text.get_fontweight()) >= 600
    if bold and not signs <= _union(known, bold=True):
        text.set_fontweight("normal")
    missing = signs - _union(known)
    for name in OTHERS:
        if missing & held(name):
            known.append(name)
            missing -= held(name)
    if known != chosen:
        text.set_fontfamily(known)
    if missing:
        text.set_text(_without(text.get_text(), missing))
    return bool(missing)


def _without(text: str, missing: Iterable[int]) -> str:
    return text.translate(dict.fromkeys(missing, MISSING))


def _union(names: Iterable[str], *, bold: bool = False) -> frozenset[int]:
    return frozenset().union(*(held(name, bold=bold) for name in names))


def _number(weight: str | int) -> int:
    """A weight as a number: Matplotlib names some of them."""
    if isinstance(weight, str):
        return font_manager.weight_dict.get(weight, 400)
    return int(weight)
