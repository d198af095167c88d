"""The command line on files and stores: what it prints, writes, and leaves with."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import xarray as xr

from oceandata.cli import codes
from oceandata.cli.__main__ import main
from oceandata.sea import simulate_sea


@pytest.fixture(scope="module")
def sea(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cli") / "sea"
    simulate_sea(folder, positions=8000, seed=2, days=2)
    return folder


@pytest.fixture(scope="module")
def store(sea, tmp_path_factory):
    path = tmp_path_factory.mktemp("cli-store") / "a.store"
    with pytest.raises(SystemExit) as left:
        main(["ingest", str(path), *map(str, sea.glob("[Aa][Ii][Ss]*"))])
    assert left.value.code == 0
    return path


def call(capsys, *arguments) -> tuple[int, str, str]:
    capsys.readouterr()
    with pytest.raises(SystemExit) as left:
        main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    return left.value.code, out, err


def odd_file(folder):
    path = folder / "odd.csv"
    path.write_bytes(bytes(range(256)) * 40)
    return path


def test_identify__json_of_a_folder(capsys, sea):
    code, out, _ = call(capsys, "identify", sea, "--json")
    assert code == 0
    found = {
        item["path"].rsplit("/", 1)[-1]: item["format"] for item in json.loads(out)
    }
    assert found == {
        "AIS_2024_03_01.csv": "noaa",
        "ais-2024-03-02.csv.zst": "noaa",
        "tacsat_20240301_20240302.csv": "tacsat",
    }


def test_identify__exit_codes(capsys, sea, tmp_path):
    odd = odd_file(tmp_path)
    code, out, _ = call(capsys, "identify", odd)
    assert code == codes.FAULTS
    assert "unknown" in out
    code, out, _ = call(capsys, "identify", odd, sea / "AIS_2024_03_01.csv", "--json")
    assert code == codes.PARTLY_REFUSED
    assert [item["format"] for item in json.loads(out)] == [None, "noaa"]
    assert call(capsys, "identify", tmp_path / "none.csv")[0] == codes.FAULTS


def test_ingest__accounts_for_every_row(capsys, sea, tmp_path):
    target = tmp_path / "a.store"
    files = sorted(sea.glob("[Aa][Ii][Ss]*"))
    code, out, _ = call(capsys, "ingest", target, *files, "--json")
    facts = json.loads(out)
    assert code == 0
    aside = sum(facts["quarantined"].values())
    assert facts["rows_read"] == 8000
    assert facts["rows_read"] == facts["rows_kept"] + aside + facts["duplicates"]
    assert facts["commit"] == 1
    assert aside > 0
    code, out, _ = call(capsys, "ingest", target, *files)
    assert code == 0
    assert "already in the store: 2 files" in out
    assert "nothing new" in out


def test_ingest__table_by_reason(capsys, sea, tmp_path):
    code, out, _ = call(
        capsys, "ingest", tmp_path / "a.store", sea / "AIS_2024_03_01.csv"
    )
    assert code == 0
    assert out.splitlines()[2].startswith("read ")
    assert "set aside: " in out
    assert "commit 1" in out


def test_ingest__exit_codes_for_refused_files(capsys, sea, tmp_path):
    odd, good = odd_file(tmp_path), sea / "AIS_2024_03_01.csv"
    code, out, _ = call(capsys, "ingest", tmp_path / "a.store", odd, good)
    assert code == codes.PARTLY_REFUSED
    assert f"refused: {odd}" in out
    code, out, _ = call(capsys, "ingest", tmp_path / "b.store", odd, "--json")
    assert code == codes.FAULTS
    assert list(json.loads(out)["refused"]) == [str(odd)]


def test_ingest__empty_folder_is_a_usage_error(capsys, tmp_path):
    code, _, err = call(capsys, "ingest", tmp_path / "a.store", tmp_path)
    assert code == codes.USAGE
    assert "has no files" in err


def test_info_and_history(capsys, store):
    code, out, _ = call(capsys, "info", store, "--json")
    facts = json.loads(out)
    assert code == 0
    assert facts["sources"] == 2
    assert facts["months"] == ["2024-03"]
    code, out, _ = call(capsys, "info", store, "--as-of", 0, "--json")
    assert json.loads(out)["rows"] == 0
    code, out, _ = call(capsys, "history", store, "--json")
    commits = json.loads(out)
    assert [(c["number"], c["kind"]) for c in commits] == [(0, "create"), (1, "append")]
    assert f"{facts['rows']:,}" in call(capsys, "info", store)[1]
    assert "create the store" in call(capsys, "history", store)[1]


def test_verify__sound_and_damaged(capsys, store, tmp_path):
    import shutil

    copy = tmp_path / "copy.store"
    shutil.copytree(store, copy)
    code, out, _ = call(capsys, "verify", copy, "--deep", "--json")
    assert code == 0
    assert json.loads(out)["sound"] is True
    assert "sound" in call(capsys, "verify", copy)[1]
    files = [path for path in (copy / "parts").rglob("*") if path.is_file()]
    largest = max(files, key=lambda path: path.stat().st_size)
    largest.unlink()
    code, out, _ = call(capsys, "verify", copy, "--json")
    assert code == codes.DAMAGED
    assert largest.name in json.loads(out)["faults"]
    code, out, err = call(capsys, "verify", copy)
    assert (code, out) == (codes.DAMAGED, "")
    assert err.startswith("oceandata: ")
    assert "Traceback" not in err


def test_compact_and_vacuum(capsys, store):
    code, out, _ = call(capsys, "compact", store, "--month", "2024-03")
    assert code == 0
    assert "nothing to do" in out
    code, out, _ = call(capsys, "vacuum", store, "--dry-run")
    assert code == 0
    assert "would remove 0 files and folders" in out


def test_export__density(capsys, store, tmp_path):
    region = ("--box", 117, 31, 127, 41, "--step", 1)
    file = tmp_path / "a.nc"
    code, out, _ = call(capsys, "export", store, file, *region)
    assert (code, out.strip()) == (0, str(file))
    with xr.open_dataset(file, engine="netcdf4") as ds:
        assert ds["vessel_hours"].shape == (10, 10)
        assert float(ds["vessel_hours"].sum()) > 0
    code, out, _ = call(capsys, "export", store, tmp_path / "a.tif", *region)
    assert code == 0
    assert (tmp_path / "a.tif").read_bytes()[:2] == b"II"


def test_export__tracks_need_a_word_on_identities(capsys, store, tmp_path):
    box = ("--what", "tracks", "--box", 117, 31, 127, 41)
    file, key = tmp_path / "a.nc", tmp_path / "key"
    key.write_bytes(b"0123456789abcdef")
    key.chmod(0o600)
    assert call(capsys, "export", store, file, *box)[0] == codes.USAGE
    named = ("--identities", "pseudonyms")
    assert call(capsys, "export", store, file, *box, *named)[0] == codes.USAGE
    box = (*box, "--reason", "a test of the command line")
    code, _, err = call(capsys, "export", store, file, *box, *named)
    assert code == codes.FAULTS
    assert "pseudonym_key" in err
    code, _, _ = call(capsys, "export", store, file, *box, *named, "--key-file", key)
    assert code == 0
    with xr.open_dataset(file, engine="netcdf4") as ds:
        hidden = set(ds["trajectory_id"].values.tolist())
    code, _, _ = call(capsys, "export", store, file, *box, "--identities", "reveal")
    assert code == 0
    with xr.open_dataset(file, engine="netcdf4") as ds:
        shown = set(ds["trajectory_id"].values.tolist())
    assert len(shown) == len(hidden) > 10
    assert not shown & hidden


def test_simulate__lists_its_files(capsys, tmp_path):
    code, out, _ = call(capsys, "simulate", tmp_path / "sea", "--positions", 2000)
    assert code == 0
    assert out.count("\n") == 8
    assert "tacsat_" in out


@pytest.mark.slow
def test_demo__from_nothing_to_a_report(capsys, tmp_path):
    code, out, _ = call(capsys, "demo", tmp_path / "demo", "--positions", 6000)
    assert code == 0
    for name in ("output/report.html", "output-fleet/report.html"):
        path = tmp_path / "demo" / name
        assert str(path) in out
        assert path.stat().st_size > 100_000
    assert "set aside: " in out
    assert "run vessel_density.toml" in out
    code, out, _ = call(capsys, "demo", tmp_path / "demo", "--positions", 6000)
    assert code == 0
    assert "there already" in out
    assert out.count("finished before, skipped") == 15


def test_run__dry_run_and_exit_codes(capsys, store, sea, tmp_path):
    job = tmp_path / "job.toml"
    job.write_text(
        f"""
[job]
title = "From the shell"
[store]
path = "{tmp_path}/new.store"
[region]
box = [117, 31, 127, 41]
step = 1
[[input]]
paths = ["{sea}/AIS_*"]
[[step]]
use = "vessel_hours"
by = []
[[product]]
kind = "netcdf"
path = "hours.nc"
"""
    )
    code, out, _ = call(capsys, "run", job, "--dry-run")
    assert code == 0
    assert "AIS_2024_03_01.csv" in out
    assert "10 x 10 cells" in out
    assert not (tmp_path / "new.store").exists()
    odd = odd_file(tmp_path)
    paths = f"input.paths=['{odd}', '{sea}/AIS_*']"
    code, out, err = call(capsys, "run", job, "--set", paths)
    assert code == codes.PARTLY_REFUSED
    assert out.strip() == str(tmp_path / "output" / "hours.nc")
    assert "refused: " in err
    assert "step vessel_hours: " in err
    code, _, err = call(capsys, "run", job, "--set", "step.gap=6")
    assert code == codes.USAGE
    assert "has no unit" in err


def test_subprocess__json_is_all_that_standard_output_holds(store):
    command = [sys.executable, "-m", "oceandata.cli", "info", str(store), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["sources"] == 2
    assert done.stderr == ""
