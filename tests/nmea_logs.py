"""Logs of AIS sentences for the tests, and all that a reader makes of one."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import naive_nmea
import numpy as np

from oceandata.columns import Columns, decode_tenths
from oceandata.readers import reader as reader_of
from oceandata.readers.protocol import Rejected, Reports
from oceandata.sea import nmea as sea

READER = reader_of("nmea")
T0 = 1_709_251_200
NO_TEXT = np.zeros((1, sea.TEXT_SIZE), np.uint8)


class Read:
    """All batches of a file as one."""

    def __init__(self, path, **options):
        self.batches = list(READER.batches(path, **options))
        for batch in self.batches:
            assert batch.rows_read == len(batch.columns) + len(batch.rejected)
        self.columns = Columns.concat([b.columns for b in self.batches])
        self.rejected = Rejected.concat([b.rejected for b in self.batches])
        self.reports = Reports.concat([b.reports for b in self.batches])
        self.others = sum((Counter(b.others) for b in self.batches), Counter())
        self.repairs = sum((Counter(b.repairs) for b in self.batches), Counter())

    def rows(self) -> list:
        """Fixes as the twin has them, without their lines."""
        c = self.columns
        tenths = [
            [None if np.isnan(v) else round(float(v), 1) for v in decode_tenths(x)]
            for x in (c.sog, c.cog, c.heading)
        ]
        plain = [x.tolist() for x in (c.vessel, c.time, c.lon, c.lat)]
        columns = [*plain, *tenths, c.nav_status.tolist()]
        return list(zip(*columns, strict=True))

    def bad(self) -> list:
        return sorted(
            zip(self.rejected.line.tolist(), self.rejected.reason, strict=True)
        )


def twin_rows(twin) -> list:
    return [(v, round(t * 1e6), *rest) for _, v, t, *rest in twin.fixes]


def read_text(folder: Path, text: str | bytes, name="log.nmea", **options) -> Read:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode("latin1"))
    return Read(path, **options)


def sentence(body, *, total=1, number=1, seq="", channel="A", fill=0, talker="AI"):
    text = f"{talker}VDM,{total},{number},{seq},{channel},{body},{fill}"
    return f"!{text}*{naive_nmea.checksum(text):02X}"


def tagged(line: str, tag: str) -> str:
    return f"\\{tag}*{naive_nmea.checksum(tag):02X}\\{line}"


def timed(line: str, time: int = T0) -> str:
    return f"{line},{time}"


POSITION = "15N1u<PP1FJuvSRHOE6QIwwh0HQ6"  # published by libais (typeexamples.nmea)
LONG = ("53@o0E000001Q0CG37U8u<Tp4q@D00000000000018330400000000000000", "00000000008")


def busy_log(n=400, seed=5) -> bytes:
    """A log in which parts are late, missing and twice, and lines are spoiled."""
    rng = np.random.default_rng(seed)
    rows = np.zeros(n, sea.MESSAGE)
    rows["kind"] = rng.choice(
        [1, 3, 4, 5, 18, 24], n, p=[0.4, 0.1, 0.1, 0.3, 0.05, 0.05]
    )
    rows["part"] = rng.integers(0, 2, n)
    rows["mmsi"] = 412_000_000 + rng.integers(0, 40, n)
    rows["time"] = T0 + np.arange(n)
    rows["lon"] = rng.integers(70_000_000, 76_000_000, n)
    rows["lat"] = rng.integers(20_000_000, 22_000_000, n)
    rows["dirt"] = rng.choice(4, n, p=[0.7, 0.05, 0.05, 0.2])
    rows["bow"] = rng.integers(1, 3, n)
    lines = sea.sentences(rows, NO_TEXT).split(b"\r\n")[:-1]
    out = []
    for line in lines:
        out.append(line)
        draw = rng.random()
        if draw < 0.03:
            out.append(line)
        elif draw < 0.05:
            out.append(b"# a comment")
        elif draw < 0.07:
            out.append(b"")
        elif draw < 0.09:
            out.append(line[: int(rng.integers(1, len(line)))])
    return b"\r\n".join(out) + b"\r\n"


def same(a: Read, b: Read) -> None:
    assert a.rows() == b.rows()
    assert a.bad() == b.bad()
    assert sorted(a.rejected.raw) == sorted(b.rejected.raw)
    assert a.others == b.others
