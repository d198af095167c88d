"""The command line: start, errors, exit codes, what is printed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from oceandata.cli import codes, show
from oceandata.cli.__main__ import COMMANDS, main
from oceandata.errors import (
    BudgetError,
    ConflictError,
    DamagedStoreError,
    EngineError,
    JobError,
    SchemaError,
)

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT / "docs" / "reference" / "cli.md"


def call(capsys, *arguments) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a command line."""
    with pytest.raises(SystemExit) as left:
        main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    return left.value.code, out, err


def test_version(capsys):
    import oceandata

    code, out, _ = call(capsys, "--version")
    assert (code, out) == (0, f"oceandata {oceandata.__version__}\n")


def test_version__needs_no_heavy_library():
    script = (
        "import sys\n"
        "from oceandata.cli.__main__ import main\n"
        "try:\n    main(['--version'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'numpy', 'xarray', 'numba', 'pandas', 'zarr', 'rich', 'pydantic'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)


@pytest.mark.parametrize("name", COMMANDS)
def test_help__of_every_command(capsys, name):
    code, out, _ = call(capsys, name, "--help")
    assert code == 0
    assert out.startswith(f"Usage: oceandata {name}")


def test_help__lists_commands_and_exit_codes(capsys):
    code, out, _ = call(capsys, "--help")
    assert code == 0
    for name in COMMANDS:
        assert re.search(rf"^  {name}  ", out, re.M)
    words = " ".join(out.split())
    for number, meaning in codes.MEANINGS.items():
        assert f"{number} {meaning}" in words


def test_reference__names_every_command_and_exit_code():
    text = REFERENCE.read_text("utf-8")
    for name in COMMANDS:
        assert f"`{name}" in text
    for number, meaning in codes.MEANINGS.items():
        assert f"| {number} | {meaning} |" in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["ingst"], "did you mean 'ingest'"),
        (["run"], "Missing argument 'JOB'"),
        (["run", "job.toml", "--engine", "slurm"], "is not one of 'threads'"),
        (["ingest", "a.store"], "Missing argument 'PATHS...'"),
        (["ingest", "a.store", "b.csv", "--column", "mmsi"], "expected NAME=HEADER"),
        (["export", "a.store", "x.gpkg"], "density can be written as .nc, .zarr"),
        (["export", "a.store", "x.nc"], "needs its region: --box W S E N"),
        (
            ["export", "a.store", "x.nc", "--what", "tracks"],
            "--identities pseudonyms --key-file FILE",
        ),
        (["compact", "a.store", "--month", "May"], "expected YYYY-MM, got 'May'"),
    ],
)
def test_usage__leaves_with_2(capsys, arguments, words):
    code, out, err = call(capsys, *arguments)
    assert code == codes.USAGE
    assert words in err
    assert out == ""


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (JobError("x"), 2),
        (SchemaError("x"), 1),
        (BudgetError("x"), 1),
        (DamagedStoreError("x"), 4),
        (ConflictError("x"), 5),
        (EngineError("x"), 6),
        (OSError("x"), 1),
        (ZeroDivisionError("x"), 1),
    ],
)
def test_code_of(error, code):
    assert codes.code_of(error) == code


def test_error__is_one_clear_line_and_no_traceback(capsys, tmp_path):
    missing = tmp_path / "no.toml"
    code, out, err = call(capsys, "run", missing)
    assert (code, out) == (codes.USAGE, "")
    reason = "cannot be read: No such file or directory"
    assert err == f"oceandata: {missing}: {reason}\n"


def test_error__traceback_on_request(capsys, tmp_path):
    code, _, err = call(capsys, "--traceback", "run", tmp_path / "no.toml")
    assert code == codes.USAGE
    assert "Traceback (most recent call last)" in err
    assert "JobError" in err


def test_store_commands__no_store(capsys, tmp_path):
    for name in ("info", "history", "verify", "compact", "vacuum"):
        code, out, err = call(capsys, name, tmp_path / "none.store")
        assert (code, out) == (codes.FAULTS, "")
        assert err.startswith("oceandata: ")
        assert "none.store" in err
        assert err.count("\n") == 1


def test_subprocess__exit_code_reaches_the_shell(tmp_path):
    command = [sys.executable, "-m", "oceandata.cli", "run", str(tmp_path / "no.toml")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_table__aligns_numbers_and_separates_thousands():
    text = show.table([("kept", 1234567), ("read", 8)], ("rows", "count"))
    assert text.splitlines() == [
        "rows      count",
        "----  ---------",
        "kept  1,234,567",
        "read          8",
    ]
    assert show.table([], ("a", "b")).splitlines()[0] == "a  b"


def test_plain__only_what_json_knows():
    value = {"a": np.int64(3), 4: [np.nan, Path("x")], "t": np.datetime64("2024-01-02")}
    facts = show.plain(value)
    assert facts == {"a": 3, "4": [None, "x"], "t": "2024-01-02"}
    json.dumps(facts)


def test_size_and_seconds():
    assert [show.size(n) for n in (0, 999, 1000, 2.5e9, 7e12)] == [
        "0 B",
        "999 B",
        "1.0 kB",
        "2.5 GB",
        "7.0 TB",
    ]
    assert show.seconds(59.94) == "59.9 s"
    assert show.seconds(125) == "2 min 5 s"


def test_progress__log_lines_where_no_terminal_is(capsys):
    lines = show.LogLines("ingest", every=0.0)
    lines(1_000, 4_000)
    assert "ingest: 1,000 of 4,000 (25 %)" in capsys.readouterr().err
    quiet = show.LogLines("ingest", every=60.0)
    quiet(1, 2)
    assert capsys.readouterr().err == ""
    with show.progress("ingest") as progress:
        progress(1, 2)
    assert capsys.readouterr().err == ""
