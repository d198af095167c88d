"""The house rules that a machine can check."""

from __future__ import annotations

import configparser
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def declared_packages():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    return set(config["options"]["packages"].split())


def python_files(folder):
    return [p for p in (ROOT / folder).rglob("*.py") if "__pycache__" not in p.parts]


def package_folders():
    found = set()
    for source, base in (("oceandata", ROOT), ("oceankernels", ROOT / "kernels")):
        for path in (base / source).rglob("__init__.py"):
            found.add(".".join(path.parent.relative_to(base).parts))
    return found


def test_packages__declared_equal_folders():
    assert declared_packages() == package_folders()


def test_layers__imports_flow_one_way():
    linter = Path(sys.executable).with_name("lint-imports")
    if not linter.exists():
        pytest.skip("no lint-imports: pip install import-linter")
    done = subprocess.run(
        [str(linter), "--config", "setup.cfg"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_modules__stay_short():
    long = {
        str(path.relative_to(ROOT)): lines
        for folder in ("oceandata", "kernels", "benchmarks", "examples", "tests")
        for path in python_files(folder)
        if (lines := len(path.read_text().splitlines())) > 420
    }
    assert not long, f"split these, each has two subjects: {long}"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    skip = shutil.ignore_patterns("__pycache__")
    for name in ("oceandata", "kernels"):
        shutil.copytree(ROOT / name, source / name, ignore=skip)
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    done = subprocess.run(
        [sys.executable, "-m", "build", "-wxn", "-o", str(folder), str(source)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = folder.glob("*.whl")
    return path


@pytest.mark.slow
def test_wheel__holds_the_packages_and_the_coast_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    meta = {top for top in tops if top.endswith(".dist-info")}
    assert tops - meta == {"oceandata", "oceankernels"}
    modules = {name for name in names if name.endswith(".py")}
    on_disk = {str(p.relative_to(ROOT)) for p in python_files("oceandata")}
    kernels = ROOT / "kernels"
    on_disk |= {str(p.relative_to(kernels)) for p in python_files("kernels")}
    assert modules == on_disk
    data = {n for n in names if n.startswith("oceandata/data/")}
    data = {n for n in data if not n.endswith(".py")}
    expected = {"oceandata/data/land30s.z", "oceandata/data/fonts/OFL.txt"}
    for weight in ("regular", "bold"):
        expected.add(f"oceandata/data/fonts/oceandata-sans-sc-{weight}.otf")
    for scale in ("110m", "50m"):
        for kind in ("land", "coastline"):
            stem = f"shapefiles/natural_earth/physical/ne_{scale}_{kind}"
            expected |= {f"oceandata/data/{stem}.{e}" for e in ("shp", "shx", "dbf")}
    assert data == expected
    rest = set(names) - modules - data
    rest = {n for n in rest if ".dist-info/" not in n}
    allowed = (".html", ".json", "py.typed", ".toml")
    assert all(n.endswith(allowed) for n in rest), rest


def test_import__loads_nothing_heavy():
    code = (
        "import sys, oceandata; dir(oceandata);"
        "heavy = {'xarray', 'numba', 'pandas', 'zarr', 'dask', 'matplotlib', 'numpy'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_public_names__all_resolve():
    import oceandata

    for name in oceandata.__all__:
        assert getattr(oceandata, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'vessel_minutes'"):
        _ = oceandata.vessel_minutes
