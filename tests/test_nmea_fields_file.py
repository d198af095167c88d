"""All messages of a log, as records and as tables."""

from __future__ import annotations

import naive_nmea_fields as naive
import numpy as np
import pytest

from oceandata.errors import SchemaError
from oceandata.readers.nmea_fields_encode import encode
from oceandata.readers.nmea_fields_file import (
    message_bits,
    message_records,
    message_table,
)

BASE = {"type": 4, "mmsi": 2190001, "lon": 12.5, "lat": 55.7, "year": 2024, "month": 3}
BASE |= {"day": 1, "hour": 7, "minute": 8, "second": 9, "epfd": 7}
AID = {"type": 21, "mmsi": 992190001, "name": "SPOIL GROUND EAST BUOY", "lat": 55.6}
POINTS = [{"lon": 12.0, "lat": 55.0}, {"lon": 12.5, "lat": 55.5}]
ROUTE = {"type": 8, "mmsi": 2190001, "dac": 1, "fid": 27, "waycount": 2}
ROUTE |= {"waypoints": POINTS}


@pytest.fixture
def log(tmp_path):
    tag = "c:1709276889"
    tagged = f"\\{tag}*{naive.checksum(tag)}\\{line_of(BASE)}"
    lines = ["# a log", tagged, "!AIVDM,spoilt"]
    lines += [line_of(AID), line_of(ROUTE), line_of({"type": 1, "mmsi": 219000123})]
    path = tmp_path / "ais.nmea"
    path.write_text("\n".join(lines) + "\n")
    return path


def line_of(record) -> str:
    packed, n_bits = encode(record)
    return naive.sentence("".join(f"{byte:08b}" for byte in packed)[:n_bits])


def test_message_records__name_their_lines(log):
    records = message_records(log)
    assert [r["line"] for r in records] == [2, 4, 5, 6]
    assert [r["type"] for r in records] == [4, 21, 8, 1]
    assert records[0]["received"] == "2024-03-01T07:08:09.000000Z"
    assert records[0]["time"] == "2024-03-01T07:08:09Z"
    assert records[1]["received"] is None
    assert records[1]["name"] == AID["name"]
    assert records[2]["waypoints"] == POINTS
    assert [r["type"] for r in message_records(log, style="gpsd")] == [4, 21, 8, 1]
    assert message_records(log, scaled=False)[0]["lon"] == 12.5 * 600_000


def test_message_table__of_stations_aids_and_waypoints(log):
    stations = message_table(log, 4)
    assert stations["lon"].tolist() == [12.5]
    assert stations["received"].tolist() == stations["time"].tolist()
    aids = message_table(log, 21)
    assert aids["name"].tolist() == [AID["name"]]
    assert aids["received"].isna().all()
    assert np.isnan(aids["lon"][0])
    points = message_table(log, 8, application=(1, 27), group="waypoints")
    assert points["lat"].tolist() == [55.0, 55.5]
    assert points["line"].tolist() == [5, 5]
    assert points["element"].tolist() == [0, 1]
    assert message_table(log, 17).empty
    with pytest.raises(SchemaError, match="1 to 27; it is 0"):
        message_table(log, 0)


def test_message_bits__of_a_log_without_messages(tmp_path):
    path = tmp_path / "empty.nmea"
    path.write_text("# nothing\n")
    assert message_bits(path).start.size == 0
    assert message_records(path) == []


def test_message_bits__every_line_of_the_samples_is_read(truth):
    """Files of pyais and AISdb: no crash, and every message decoded or named."""
    for name in ("nmea_data_sample.txt", "exactearth_20211101.nm4", "timestamped.ais"):
        records = message_records(truth / "nmea" / name)
        assert records
        assert all("fault" in r or r["mmsi"] is not None for r in records)
        assert not [r for r in records if "fault" in r]
