"""The audit log: every change is noticed, many writers make one chain."""

from __future__ import annotations

import json
import multiprocessing

import pandas as pd
import pytest
from product_samples import density

import oceandata as od
from oceandata.cli.__main__ import main
from oceandata.errors import AuditError, ConfidentialError
from oceandata.products import audit

ASKED = {"confidential": "allow", "reason": "agreement 17 with the partner"}


def command(*args):
    with pytest.raises(SystemExit) as left:
        main([str(arg) for arg in args])
    return left.value.code


def log_of(folder, n=6):
    for k in range(n):
        audit.append(
            {"event": "export", "reason": f"case {k}"}, path=folder / "a.jsonl"
        )
    return folder / "a.jsonl"


@pytest.mark.parametrize(
    "edit", ["change", "remove", "insert", "swap", "first", "break"]
)
def test_audit__every_change_is_noticed(tmp_path, edit):
    path = log_of(tmp_path)
    assert len(audit.verify(path).events) == 6
    lines = path.read_bytes().splitlines(keepends=True)
    if edit == "change":
        lines[2] = lines[2].replace(b"case 2", b"case 9")
    elif edit == "remove":
        del lines[2]
    elif edit == "insert":
        lines.insert(3, lines[2])
    elif edit == "swap":
        lines[1], lines[2] = lines[2], lines[1]
    elif edit == "first":
        del lines[0]
    else:
        lines[2] = lines[2][:-9]
    path.write_bytes(b"".join(lines))
    with pytest.raises(AuditError, match=r"line \d"):
        audit.verify(path)


def test_audit__a_cut_end_is_noticed_by_who_noted_a_hash(tmp_path):
    path = log_of(tmp_path)
    head = audit.verify(path).head
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:4]))
    assert len(audit.verify(path).events) == 4
    with pytest.raises(AuditError, match="lines were cut off"):
        audit.verify(path, expect=head[:12])
    with pytest.raises(AuditError, match="8 characters"):
        audit.verify(path, expect="abc")


def test_audit__nothing_is_added_after_a_broken_line(tmp_path):
    path = log_of(tmp_path, 2)
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(AuditError, match="last line is broken"):
        audit.append({"event": "export"}, path=path)


def _append_many(path, number):
    for k in range(25):
        audit.append(
            {"event": "export", "reason": f"{number} {k} " + "x" * 90}, path=path
        )


def test_audit__many_writers_make_one_chain(tmp_path):
    path = tmp_path / "a.jsonl"
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_append_many, args=(path, k)) for k in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [w.exitcode for w in workers] == [0] * 4
    assert len({e["reason"] for e in audit.verify(path).events}) == 100


def test_cli_audit__shows_and_checks(tmp_path, capsys):
    od.to_netcdf(density(), tmp_path / "a.nc", **ASKED)
    assert command("audit", tmp_path) == 0
    out = capsys.readouterr().out
    assert ASKED["reason"] in out
    head = out.split()[-1]
    assert command("audit", tmp_path / "audit.jsonl", "--expect", head, "--json") == 0
    assert json.loads(capsys.readouterr().out)["head"] == head
    lines = (tmp_path / "audit.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "audit.jsonl").write_bytes(lines[1])
    assert command("audit", tmp_path) == 1
    assert "does not follow" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["a.csv", "a.csv.json", "folder/a.jsonl"])
def test_export__never_takes_the_place_of_the_log(tmp_path, monkeypatch, name):
    monkeypatch.setenv("OCEANDATA_AUDIT", str(tmp_path / name))
    (tmp_path / "folder").mkdir()
    target = tmp_path / (name.partition("/")[0].removesuffix(".json"))
    for how in ({}, ASKED):
        with pytest.raises(AuditError, match="take the place of the audit log"):
            od.to_csv(density(), target, **how)
    assert [each.name for each in tmp_path.iterdir()] == ["folder"]


def test_export__without_its_key_is_logged_as_failed(tmp_path):
    table = pd.DataFrame({"mmsi": [412763981], "calls": [3]})
    hidden = ASKED | {"identities": "pseudonyms", "pseudonym_key": tmp_path / "none"}
    with pytest.raises(ConfidentialError, match="names no file"):
        od.to_csv(table, tmp_path / "a.csv", **hidden)
    events = audit.verify(tmp_path).events
    assert [event["event"] for event in events] == ["export", "failed"]
