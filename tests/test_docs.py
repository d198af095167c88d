"""The documentation says what the code does, and its links lead somewhere."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("*/README.md")]
LINK = re.compile(r"\]\(([^)#\s]+)")


def generator():
    spec = importlib.util.spec_from_file_location("gen", ROOT / "docs" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["schema.md", "api.md"])
def test_reference_pages__are_fresh(name):
    page = ROOT / "docs" / "reference" / name
    assert page.read_text() == generator().PAGES[name](), "run docs/generate.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links__lead_to_files(page):
    targets = [t for t in LINK.findall(page.read_text()) if "://" not in t]
    missing = [t for t in targets if not (page.parent / t).exists()]
    assert not missing


def test_public_docstrings__give_parameters_and_an_example():
    import oceandata

    bare = []
    for name in oceandata.__all__:
        thing = getattr(oceandata, name)
        if callable(thing) and "Parameters\n" not in (thing.__doc__ or ""):
            bare.append(name)
    assert not bare, f"docstrings without parameters: {bare}"


def test_promises__name_tests_that_exist():
    defined = set()
    for path in (ROOT / "tests").glob("test_*.py"):
        defined |= set(re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE))
    pages = [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md"]
    named = {
        name
        for page in pages
        for name in re.findall(r"`(test_\w+)(?:…)?`", page.read_text())
        if not name.endswith("__") and not (ROOT / "tests" / f"{name}.py").exists()
    }
    assert len(named) > 20
    assert named <= defined
