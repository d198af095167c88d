"""Mutated rows: no crash, every row accounted for, every good row kept."""

from __future__ import annotations

import os

import naive_tables
import numpy as np
import pytest
from format_samples import SAMPLES
from table_samples import (
    HEADERS,
    NAMES,
    WORDS,
    lacking,
    lines,
    mutate,
    read,
    values,
    write,
)

from oceandata.columns import vessel_key

ROWS = int(os.environ.get("OCEANDATA_FUZZ_ROWS", 60_000))


SMALL = float(os.environ.get("OCEANDATA_FUZZ_SHARE", 0.05))
"""Share of the rows that a reader of messages or of wide rows is given."""


@pytest.mark.parametrize("name", SAMPLES)
def test_batches__mutated_rows(tmp_path, name):
    sample = SAMPLES[name]
    good = sample.lines(int(ROWS / 3 * (1 if name in HEADERS else SMALL)))
    rng = np.random.default_rng(len(name))
    chosen = rng.random(len(good)) < 0.5
    body = [mutate(x, rng) if c else x for x, c in zip(good, chosen, strict=True)]
    kept = [x for x, c in zip(good, chosen, strict=True) if not c]
    path = sample.write(tmp_path / "good.csv", kept)
    wanted = read(path, sample.reader, **sample.options)
    found = read(
        sample.write(tmp_path / "bad.csv", body),
        sample.reader,
        block_bytes=300_000,
        workers=2,
        **sample.options,
    )
    told = _reports(wanted)
    assert len(wanted.columns) + len(told) > min(0.2 * len(good), 300)
    assert len(found.rejected) > 0.1 * len(good)
    assert found.rows_read == len(found.columns) + len(found.rejected)
    assert lacking(values(wanted.columns), values(found.columns)) == 0
    assert told <= _reports(found)


def _reports(batch) -> set[tuple[int, str]]:
    """What vessels are said to be called."""
    said = batch.reports
    return set(zip(said.vessel.tolist(), said.name.tolist(), strict=True))


@pytest.mark.parametrize("kind", HEADERS)
@pytest.mark.parametrize("seed", range(3))
def test_batches__same_as_naive_twin(tmp_path, kind, seed):
    rng = np.random.default_rng(100 + seed)
    body = [mutate(x, rng) for x in lines(kind, min(ROWS, 4000), seed=seed)]
    path = write(tmp_path / "bad.csv", kind, body)
    data = path.read_bytes().split(b"\n", 1)[1]
    rows, refused = naive_tables.read(data, NAMES[kind], kind, WORDS)
    found = read(path, kind, block_bytes=50_000)
    lines_and_reasons = list(
        zip(found.rejected.line.tolist(), found.rejected.reason, strict=True)
    )
    assert lines_and_reasons == [(line + 1, reason) for line, reason in refused]
    wanted = np.array([(_key(v), *rest) for v, *rest in rows], float)
    np.testing.assert_array_equal(
        values(found.columns), np.nan_to_num(wanted, nan=-1e9)
    )


def _key(vessel):
    if not isinstance(vessel, bytes):
        return vessel
    try:
        return vessel_key(vessel.decode())
    except UnicodeDecodeError:
        return vessel_key(vessel.decode("latin-1"))
