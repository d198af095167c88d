"""Make the packaged Chinese font: a subset of Noto Sans CJK SC, under another name.

    apt-get download fonts-noto-cjk && dpkg-deb -x fonts-noto-cjk_*.deb noto
    python tools/build_font.py noto/usr/share/fonts/opentype/noto

Kept are the 6,763 ideographs of GB 2312 (regular; of the bold, which titles use, the
3,755 of its first level), its signs, ASCII, Latin-1, and every character that our own
words use. Hinting, vertical metrics and layout tables are dropped. The fonts keep
their licence, the SIL Open Font License 1.1, and get a name of their own, so that a
user's complete Noto is never hidden by ours.
"""

from __future__ import annotations

import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTCollection, TTFont

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "oceandata" / "data" / "fonts"
FAMILY = "Oceandata Sans SC"
FACE = "Noto Sans CJK SC"
_LEVEL_1 = range(0xB0, 0xD8)  # first bytes of GB 2312, ordered by pronunciation
_LEVEL_2 = range(0xD8, 0xF8)  # ordered by radical
_SIGNS = range(0xA1, 0xAA)
_UNITS = "°′″·×–—…−≤≥²³µ℃％§〓"


def characters(leads: range) -> set[str]:
    """Characters of GB 2312 whose first byte is one of `leads`."""
    found = set()
    for lead in leads:
        for trail in range(0xA1, 0xFF):
            text = bytes([lead, trail]).decode("gb2312", errors="ignore")
            found |= set(text)
    return found


def ours() -> set[str]:
    """Characters beyond ASCII in the texts of this project's modules."""
    text = "".join(
        path.read_text("utf-8") for path in (ROOT / "oceandata").rglob("*.py")
    )
    return {sign for sign in text if "⺀" <= sign <= "￯"}


def face_of(path: Path) -> TTFont:
    """The face for simplified Chinese in a collection."""
    for font in TTCollection(str(path), lazy=True).fonts:
        if font["name"].getDebugName(1) == FACE:
            return font
    raise SystemExit(f"{path.name} has no face {FACE!r}")


def build(source: Path, style: str, wanted: set[str]) -> Path:
    """Write the subset of one weight and return its path."""
    font = face_of(source)
    options = subset.Options(
        hinting=False,
        desubroutinize=False,
        layout_features=[],
        notdef_outline=True,
        name_IDs=[0, 1, 2, 3, 4, 5, 6, 13, 14],
        name_languages=[0x409],
        drop_tables=["BASE", "VORG", "vhea", "vmtx", "GSUB", "GPOS", "GDEF"],
        recalc_timestamp=False,
    )
    engine = subset.Subsetter(options)
    engine.populate(text="".join(sorted(wanted)))
    engine.subset(font)
    rename(font, style)
    target = FOLDER / f"oceandata-sans-sc-{style.lower()}.otf"
    font.save(target)
    return target


def rename(font: TTFont, style: str) -> None:
    """Names of our own; the licence (13, 14) and the copyright (0) stay."""
    plain = FAMILY.replace(" ", "")
    names = {
        1: FAMILY,
        2: style,
        3: f"{plain}-{style}, a subset of {FACE} 2.004",
        4: f"{FAMILY} {style}",
        6: f"{plain}-{style}",
    }
    for number, text in names.items():
        font["name"].setName(text, number, 3, 1, 0x409)
    cff = font["CFF "].cff
    cff.fontNames[0] = names[6]
    top = cff.topDictIndex[0]
    top.FamilyName, top.FullName = FAMILY, names[4]


def main() -> None:
    folder = Path(sys.argv[1])
    common = {chr(code) for code in (*range(0x20, 0x7F), *range(0xA0, 0x100))}
    common |= set(_UNITS) | characters(_SIGNS) | ours()
    first = characters(_LEVEL_1)
    weights = {"Regular": first | characters(_LEVEL_2), "Bold": first}
    for style, ideographs in weights.items():
        source = folder / f"NotoSansCJK-{style}.ttc"
        path = build(source, style, common | ideographs)
        held = len(TTFont(path).getBestCmap())
        print(f"{path.name}: {held:,} characters, {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
