"""Reading a job file: all faults at once, each with its line."""

from __future__ import annotations

import pytest

from oceandata.errors import JobError
from oceandata.job.lines import line_of, lines_of
from oceandata.job.read import read_job
from oceandata.job.registry import PRODUCTS, STEPS, function_of, nearest

GOOD = """\
[job]
title = "Density"

[store]
path = "a.store"

[region]
box = [119.0, 33.0, 124.0, 38.0]
step = 0.1

[period]
start = 2024-01-01
stop = 2024-02-01

[[input]]
paths = ["*.csv"]

[[step]]
use = "clean_tracks"

[[step]]
name = "hours"
use = "vessel_hours"

[[product]]
kind = "netcdf"
path = "hours.nc"
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "b.csv").write_text("x\n")
    (tmp_path / "a.csv").write_text("x\n")
    return tmp_path


def read(folder, text, **options):
    path = folder / "job.toml"
    path.write_text(text)
    return read_job(path, **options)


def faults(folder, text, **options) -> list[str]:
    with pytest.raises(JobError) as caught:
        read(folder, text, **options)
    assert str(folder / "job.toml") in str(caught.value)
    return caught.value.faults


def test_read_job__resolves_paths_and_links(folder):
    job = read(folder, GOOD)
    assert [path.name for path in job.inputs[0]] == ["a.csv", "b.csv"]
    assert job.store == folder / "a.store"
    assert job.product_path(0) == folder / "output" / "hours.nc"
    assert job.upstream == {"clean_tracks": "tracks", "hours": "clean_tracks"}
    assert job.shown == (("hours",),)
    assert job.job.period.start == "2024-01-01T00:00:00"
    assert job.job.region.steps == (0.1, 0.1)


def test_read_job__lists_all_faults_with_lines(folder):
    text = (
        GOOD.replace('title = "Density"', 'titel = "Density"')
        .replace("step = 0.1", "step = -1")
        .replace("stop = 2024-02-01", "stop = 2023-02-01")
    )
    found = faults(folder, text)
    assert len(found) == 4
    assert found[0] == "line 1: [job] title: is missing"
    assert found[1].startswith(
        "line 2: [job] titel: unknown key; did you mean 'title'?"
    )
    assert "line 9: [region] step: a cell must be larger than 0 degrees" in found[2]
    assert found[3].startswith("line 11: [period]: start must come before stop")


def test_read_job__checks_functions_and_links_together(folder):
    text = GOOD.replace('use = "clean_tracks"', 'use = "clean_track"').replace(
        'use = "vessel_hours"', 'use = "vessel_hours"\ngapp = "1h"\nof = "cleaned"'
    )
    text = text.replace('kind = "netcdf"', 'kind = "netcdf"\nof = "hour"')
    text = text.replace('"*.csv"', '"*.tsv"')
    found = faults(folder, text)
    assert len(found) == 5
    assert "line 16: [[input]] 1 paths: no file matches '*.tsv'" in found[0]
    assert "no step function 'clean_track'; did you mean 'clean_tracks'?" in found[1]
    assert found[1].startswith("line 19: [[step]] 1 use:")
    assert "vessel_hours takes no 'gapp'; did you mean 'gap'?" in found[2]
    assert found[2].startswith("line 24: [[step]] 2 gapp:")
    assert "gives tracks under the name 'cleaned'" in found[3]
    assert (
        "no step gives a grid under the name 'hour'; did you mean 'hours'?" in found[4]
    )


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("box = [119.0, 33.0", "box = [119.0, 39.0", "south must be less than north"),
        (
            "box = [119.0, 33.0",
            "box = [219.0, 33.0",
            r"\[-180, 180\] degrees; they are",
        ),
        ("box = [119.0, 33.0, 124.0", "box = [119.0, 33.0, 119.0", "has no width"),
        ("start = 2024-01-01", 'start = "soon"', "expected a date or time such as"),
        (
            "start = 2024-01-01",
            'start = "2024-01-01T00:00:00+08:00"',
            "periods are UTC",
        ),
        ("title =", "title = 1 #", r"valid string; got 1"),
        ('path = "hours.nc"', 'path = "hours.tif"', "a netcdf ends in .nc"),
        ('kind = "netcdf"', 'kind = "geotif"', "did you mean 'geotiff'"),
        ('path = "a.store"', 'path = "${NO_SUCH_SEA}/a"', "NO_SUCH_SEA is not set"),
        ('use = "vessel_hours"', 'use = "vessel_hours"\nworkers = 2', "command line"),
        ('use = "vessel_hours"', 'use = "vessel_hours"\ngrid = 2', "filled from the"),
        ("[region]", "[regions]", "did you mean 'region'"),
        ('name = "hours"', 'name = "clean_tracks"', "is called 'clean_tracks' already"),
        ("[job]", "[job", "is not TOML"),
    ],
)
def test_read_job__says_what_is_wrong(folder, old, new, words):
    assert old in GOOD
    with pytest.raises(JobError, match=words):
        read(folder, GOOD.replace(old, new, 1))


def test_read_job__no_region_for_a_grid(folder):
    start, stop = GOOD.index("[region]"), GOOD.index("[period]")
    found = faults(folder, GOOD[:start] + GOOD[stop:])
    assert found == [
        "line 17: [[step]] 2: vessel_hours needs a [region] with box and step"
    ]


def test_read_job__neither_input_nor_store(folder):
    start, stop = GOOD.index("[[input]]"), GOOD.index("[[step]]")
    with pytest.raises(JobError, match=r"there is no store at .*a\.store and no"):
        read(folder, GOOD[:start] + GOOD[stop:])


def test_read_job__missing_file(tmp_path):
    with pytest.raises(JobError, match=r"none\.toml: cannot be read: No such file"):
        read_job(tmp_path / "none.toml")


def test_read_job__overrides(folder, monkeypatch):
    monkeypatch.setenv("SEA", str(folder))
    (folder / "c.txt").write_text("x\n")
    job = read(
        folder,
        GOOD,
        overrides=["input.paths=${SEA}/c.txt", "region.step=0.5", "job.title=A sea"],
        output=folder / "elsewhere",
        store=folder / "other.store",
    )
    assert [path.name for path in job.inputs[0]] == ["c.txt"]
    assert job.job.region.step == 0.5
    assert job.job.job.title == "A sea"
    assert job.output == folder / "elsewhere"
    assert job.store == folder / "other.store"


def test_read_job__override_needs_a_number_when_there_are_several(folder):
    with pytest.raises(JobError, match="name one of several by its number from 0"):
        read(folder, GOOD, overrides=["step.gap=1h"])
    with pytest.raises(JobError, match=r"expected SECTION\.KEY=VALUE"):
        read(folder, GOOD, overrides=["step.gap"])


def test_lines_of__arrays_and_comments():
    places = lines_of('a = [\n "b = 1",\n]\nc = 2 # [x]\n[[s]]\nd = 1\n[[s]]\nd = 2\n')
    assert places["a",] == 1
    assert ("b",) not in places
    assert places["c",] == 4
    assert places["s", 1, "d"] == 8
    assert line_of(places, ("s", 1, "none", "deeper")) == 7
    assert line_of(places, ("none",)) is None


def test_registry__functions_exist():
    for kind in (*STEPS.values(), *PRODUCTS.values()):
        assert callable(function_of(kind.function))


def test_nearest():
    assert nearest("gpa", ["gap", "path"]) == "did you mean 'gap'?"
    assert nearest("zzz", ["gap", "path"]) == "known: gap, path"
