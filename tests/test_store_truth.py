"""Real files in a store: every row accounted for, every value as it was read."""

import numpy as np
import pytest

from oceandata.readers import open_tracks
from oceandata.store import create_store

FILES = {
    "noaa": "ais_csv/noaa_marinecadastre_20230101_sample.csv",
    "dma": "ais_csv/dma_20180208_sample.csv",
    "tacsat": "vms/vmstools_tacsat.csv.gz",
}


@pytest.mark.truth
@pytest.mark.parametrize("name", FILES)
def test_ingest__real_files(truth, tmp_path, name):
    path = truth / FILES[name]
    if not path.exists():
        pytest.skip(f"{path.name} is not in the reference data")
    store = create_store(tmp_path / "s")
    report = store.ingest(path)
    assert not report.refused
    total = report.rows_kept + report.rows_quarantined + report.duplicates
    assert report.rows_read == total
    if name == "tacsat":
        assert report.rows_read == 97_015
    read, kept = open_tracks(path), store.open()
    assert kept.sizes["obs"] == report.rows_kept
    assert len(store.quarantine()) == report.rows_quarantined
    rows, told = _rows(kept), _rows(read)
    assert set(rows) == set(told)
    assert len(rows) == len(set(told))
    counted = sum(
        int(a.time.size - a.carried.sum())
        for a in (piece.load() for piece in store.select().pieces(rows=5000))
    )
    assert counted == report.rows_kept


def _rows(ds):
    vessel = np.repeat(ds["trajectory_id"].values, ds["row_size"].values)
    names = ("lon", "lat", "sog", "cog", "heading")
    columns = [np.nan_to_num(ds[n].values, nan=-1).tolist() for n in names]
    time = ds["time"].values.astype("M8[us]").astype("i8").tolist()
    flags = [ds[n].values.tolist() for n in ("nav_status", "transceiver", "quality")]
    return list(zip(vessel.tolist(), time, *columns, *flags, strict=True))


def test_ingest__a_default_said_aloud_is_the_same_source(tmp_path, truth):
    store = create_store(tmp_path / "s")
    sample = truth / "ais_csv" / "dma_20180208_sample.csv"
    assert store.ingest(sample).rows_kept == 10
    assert store.ingest(sample, timezone="UTC").present == [sample.name]
    assert store.ingest(sample, timezone="Asia/Shanghai").rows_kept == 10
