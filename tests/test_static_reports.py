"""Static reports from blocks of a file to a source: only changes are kept."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oceandata.readers import open_tracks, reader
from oceandata.readers.protocol import Reports
from oceandata.store.report import Taken
from oceandata.store.stack import Stack
from oceankernels import partition

HEADER = (
    "MMSI,BaseDateTime,LAT,LON,SOG,COG,Heading,VesselName,IMO,CallSign,VesselType,"
    "Status,Length,Width,Draft,Cargo,TransceiverClass"
)


def row(minute, name, *, mmsi=367752440, imo="IMO9307839", kind="A"):
    return (
        f"{mmsi},2023-01-11T00:{minute:02}:00,43.07917,-70.75733,5.5,123.4,95.0,{name},"
        f"{imo},WDI9818,31,0.0,20.0,6.0,3.5,52.0,{kind}"
    )


def batches(tmp_path, rows):
    """One batch a row, or nearly, and the path of the file."""
    path = tmp_path / "a.csv"
    path.write_text("\n".join([HEADER, *rows, ""]))
    return list(reader("noaa").batches(path, block_bytes=len(rows[0]))), path


def kept(batches):
    """Names and minutes of the reports that a source keeps."""
    taken = Taken(None, None)
    for batch in batches:
        if len(batch.reports):
            taken.add_reports(batch.reports)
    columns = taken.settle_reports()
    minutes = columns["time"] // 60_000_000 % 60
    return list(zip(columns["name"].tolist(), minutes.tolist(), strict=True)), taken


@pytest.mark.parametrize(
    ("names", "changes"),
    [("AAAA", [0]), ("AABBA", [0, 2, 4]), ("ABA", [0, 1, 2]), ("ABBB", [0, 1])],
)
def test_across_blocks__only_changes_are_kept(tmp_path, names, changes):
    found, path = batches(tmp_path, [row(k, name) for k, name in enumerate(names)])
    assert len(found) >= 3, "several blocks"
    said, taken = kept(found)
    assert said == [(names[k], k) for k in changes]
    assert sum(r["vessel"].size for r in taken.reports) == len(changes)
    assert open_tracks(path).vessel_name.item() == names[-1]


def test_number_of_a_content__is_that_of_its_values(tmp_path):
    rows = [row(0, "A"), row(1, "A", imo="9307839"), row(2, "A", kind="B"), row(3, "C")]
    rows += [row(4, "A", mmsi=211222333)]
    found, _ = batches(tmp_path, rows)
    joined = [int(n) for b in found if len(b.reports) for n in b.reports.content]
    first = joined[0]
    assert joined == [first, *([first] * (len(joined) - 4)), *joined[-3:]]
    assert len({first, joined[-3], joined[-2]}) == 3
    assert joined[-1] == first


def test_earlier_report__is_kept(tmp_path):
    found, path = batches(tmp_path, [row(9, "A"), row(20, "B"), row(5, "B")])
    assert kept(found)[0] == [("B", 5), ("A", 9), ("B", 20)]
    assert open_tracks(path).vessel_name.item() == "B"


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 3)), max_size=30))
@settings(deadline=None)
def test_source__keeps_the_same_with_and_without_numbers(said):
    told, plain = Taken(None, None), Taken(None, None)
    for minute, (vessel, name) in enumerate(said):
        one = Reports(
            vessel=np.array([vessel]),
            time=np.array([minute]),
            name=np.array([f"N{name}"], object),
            call_sign=np.array([""], object),
            destination=np.array([""], object),
            imo=np.array([0]),
            ship_type=np.array([name], np.int16),
            length=np.array([np.nan], np.float32),
            width=np.array([np.nan], np.float32),
            draught=np.array([np.nan], np.float32),
            transceiver=np.array([1], np.int8),
        )
        plain.add_reports(one)
        told.add_reports(replace(one, content=np.array([4 * name], np.uint64)))
    a, b = told.settle_reports(), plain.settle_reports()
    for name in a:
        np.testing.assert_array_equal(a[name], b[name])


def test_same_stamp__more_than_fit_at_first():
    time = np.repeat(np.arange(5000), 2)
    time[-1] = 6000
    found = partition.same_stamp(
        np.arange(10_000, dtype=np.uint32), np.array([9_999, 1]), time
    )
    assert found.tolist() == list(range(9_998))


def test_stack__holds_what_was_added(tmp_path):
    found, _ = batches(tmp_path, [row(k, "A") for k in range(3)])
    columns = found[0].columns
    stack, added = Stack(), 0
    while added <= 140_000:  # past the first two sizes
        stack.append(columns, 7)
        added += len(columns)
        columns = type(columns).concat([columns, columns])
    held = stack.columns(added)
    assert len(held) == added
    assert (held.source == 7).all()
    assert (held.time == columns.time[0]).all()
    assert (held.lon == columns.lon[0]).all()
