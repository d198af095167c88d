"""Likely mistakes: what was expected, what came, what to do; no code is shown."""

from __future__ import annotations

import pytest

from oceandata.cli import codes
from oceandata.cli.__main__ import COMMANDS, main
from oceandata.sea import simulate_sea


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mistakes")
    simulate_sea(folder / "sea", positions=2000, seed=3, days=1)
    with pytest.raises(SystemExit) as left:
        main(
            ["ingest", str(folder / "a.store"), str(folder / "sea/AIS_2024_03_01.csv")]
        )
    assert left.value.code == 0
    return folder / "a.store"


def call(capsys, *arguments) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return left.value.code, out, err


BOX = ("--box", 117, 31, 127, 41)
TRACKS = ("--what", "tracks", "--identities", "reveal", "--reason", "a data call")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--box", 31, 117, 41, 127), "must be (west, south, east, north)"),
        (("--box", 117, 41, 127, 31), "got 41, 31"),
        ((*BOX, "--step", 0.3), "the next that fits is 10.2"),
        ((*BOX, "--gap", "6"), "which has no unit"),
        ((*BOX, "--period", "2024-13-01", "2025-01-01"), "write it as 2024-01-31"),
    ],
)
def test_export__values_that_cannot_be(capsys, store, tmp_path, arguments, words):
    code, _, err = call(capsys, "export", store, tmp_path / "h.nc", *arguments)
    assert code == codes.USAGE
    assert words in " ".join(err.split())


def test_catalog__box_in_another_order(capsys, store):
    code, _, err = call(capsys, "catalog", store, "--box", 31, 117, 41, 127)
    assert code == codes.USAGE
    assert "must be (west, south, east, north)" in " ".join(err.split())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((*BOX, "--vessel", "999999999"), "no fix of vessel 999999999"),
        ((*TRACKS, "--vessel", "VMS-none"), "no fix of vessel VMS-none"),
        ((*BOX, "--period", "2030-01-01", "2031-01-01"), "2030-01-01 to 2031-01-01"),
    ],
)
def test_export__nothing_selected(capsys, store, tmp_path, arguments, words):
    code, _, err = call(capsys, "export", store, tmp_path / "h.nc", *arguments)
    assert code == codes.FAULTS
    assert words in err
    assert "oceandata info" in err
    assert not list(tmp_path.iterdir())


def test_export__no_such_key(capsys, store, tmp_path):
    said = ("--what", "tracks", "--identities", "pseudonyms", "--reason", "a data call")
    key = tmp_path / "no.key"
    code, _, err = call(
        capsys, "export", store, tmp_path / "t.nc", *said, "--key-file", key
    )
    assert code == codes.FAULTS
    assert "is made with: oceandata key new PATH" in err


def test_audit__no_log(capsys, tmp_path):
    code, _, err = call(capsys, "audit", tmp_path)
    assert code == codes.FAULTS
    assert "there is no such log" in err


def test_ingest__no_such_format(capsys, tmp_path):
    target, file = tmp_path / "new.store", tmp_path / "a.csv"
    file.write_text("mmsi,time\n")
    code, _, err = call(capsys, "ingest", target, file, "--format", "noaaa")
    assert code == codes.USAGE
    assert "did you mean 'noaa'?" in " ".join(err.split())
    assert not target.exists()


def test_ingest__tells_the_options_of_the_command_line(capsys, tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("boat,when,lon,lat\nA 7,2024-02-01 10:00,120.5,35.1\n")
    named = ("--column", "vessel=boat", "--column", "time=when")
    code, out, _ = call(capsys, "ingest", tmp_path / "a.store", file, *named)
    assert code == codes.FAULTS
    assert "name no zone" in out
    assert "--timezone ZONE" in out


def test_help__cuts_no_sentence_short(capsys):
    _, out, _ = call(capsys, "--help")
    listed = [line for line in out.splitlines() if set(line.split()[:1]) & {*COMMANDS}]
    assert len(listed) == len(COMMANDS)
    assert not [line for line in listed if line.endswith("...")]
