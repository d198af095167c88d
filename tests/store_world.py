"""A small world for the tests of the store: a text format, its reader, its truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from oceandata.columns import TENTHS_MISSING, Columns, vessel_key
from oceandata.errors import FormatError
from oceandata.readers.protocol import Rejected, Reports, TrackBatch

DAY = 86_400_000_000
JANUARY = 19_723 * DAY  # 2024-01-01


class PlainReader:
    """Reads lines ``vessel time lon lat sog cog``; positions in 1e-7 degree.

    ``time`` in µs; a line that begins with ``!`` is rejected; ``name`` lines are static
    reports; vessels that begin with a letter are texts. ``batch`` rows come at once.
    """

    name = "plain"

    def __init__(self, batch: int = 1000):
        self.batch = batch

    def batches(self, path, *, start=0, stop=None, workers=None, **_):
        data = Path(path).read_bytes()
        if data.startswith(b"\0"):
            raise FormatError(f"{path}: not text")
        if start:
            start = data.index(b"\n", start - 1) + 1
        end = len(data) if stop is None else data.find(b"\n", stop - 1) + 1 or len(data)
        first = data[:start].count(b"\n") + 1
        lines = data[start:end].splitlines()
        for at in range(0, max(len(lines), 1), self.batch):
            yield self._batch(lines[at : at + self.batch], first + at)
            if b"BREAK" in lines[at : at + self.batch]:
                raise FormatError(f"{path}: broken in the middle")

    def _batch(self, lines, first):
        rows, names, bad, reports = [], {}, [], []
        for number, line in enumerate(lines, start=first):
            words = line.decode().split()
            if line.startswith(b"!"):
                bad.append((number, "starts with an exclamation mark", line))
            elif words[0] == "name":
                reports.append((int(words[1]), int(words[2]), words[3], int(words[4])))
            elif line != b"BREAK":
                rows.append(words)
        n = len(rows)
        vessel = np.empty(n, "i8")
        for k, words in enumerate(rows):
            if words[0][0].isalpha():
                vessel[k] = vessel_key(words[0])
                names[int(vessel[k])] = words[0]
            else:
                vessel[k] = int(words[0])

        def column(k, dtype):
            return np.array([w[k] for w in rows], "f8").astype(dtype)

        exact = all("." not in w[2] + w[3] for w in rows)
        columns = Columns(
            vessel=vessel,
            time=np.array([int(w[1]) for w in rows], "i8"),
            lon=column(2, "i4" if exact else "f8"),
            lat=column(3, "i4" if exact else "f8"),
            sog=column(4, "i2"),
            cog=column(5, "i2"),
            heading=np.full(n, TENTHS_MISSING),
            nav_status=np.full(n, 15, "i1"),
            transceiver=np.zeros(n, "i1"),
            quality=np.full(n, 2, "i1"),
            source=np.zeros(n, "i4"),
        )
        rejected = Rejected(
            np.array([b[0] for b in bad], "i8"),
            [b[1] for b in bad],
            [b[2] for b in bad],
        )
        return TrackBatch(columns, names, _reports(reports), rejected, n + len(bad), {})


def _reports(rows):
    n = len(rows)
    texts = np.array([r[2] for r in rows] or [""], object)[:n]
    empty = np.array([""] * n, object)
    return Reports(
        vessel=np.array([r[0] for r in rows], "i8"),
        time=np.array([r[1] for r in rows], "i8"),
        name=texts,
        call_sign=empty,
        destination=empty,
        imo=np.zeros(n, "i8"),
        ship_type=np.array([r[3] for r in rows], "i2"),
        length=np.full(n, np.nan, "f4"),
        width=np.full(n, np.nan, "f4"),
        draught=np.full(n, np.nan, "f4"),
        transceiver=np.zeros(n, "i1"),
    )


def rows_of(n, *, vessels=5, days=70, seed=1, start=JANUARY):
    """Random rows as tuples; whole seconds, five decimals."""
    rng = np.random.default_rng(seed)
    vessel = rng.integers(200_000_001, 200_000_001 + vessels, n)
    time = start + rng.integers(0, days * 86_400, n) * 1_000_000
    lon = (rng.integers(-17_000_000, 17_000_000, n)) * 100
    lat = rng.integers(-6_000_000, 7_000_000, n) * 100
    sog = rng.integers(0, 300, n)
    cog = rng.integers(0, 3600, n)
    return list(
        zip(*(a.tolist() for a in (vessel, time, lon, lat, sog, cog)), strict=True)
    )


def write(path: Path, rows, extra=()):
    """Write a file of the format; the path."""
    lines = [" ".join(str(v) for v in row) for row in rows] + list(extra)
    path.write_text("\n".join(lines) + "\n")
    return path


def view(ds):
    """Rows of a Dataset, sorted tuples of vessel, time, lon, lat, sog, cog."""
    vessel = np.repeat(ds["vessel"].values, ds["row_size"].values)
    time = ds["time"].values.astype("M8[us]").astype("i8")
    names = ("lon", "lat", "sog", "cog")
    columns = [vessel, time, *(ds[n].values for n in names)]
    return sorted(zip(*(c.tolist() for c in columns), strict=True))


def expected(rows):
    """What :func:`view` must give for these rows: duplicates once."""
    tenths = [np.float32(k / 10).item() for k in range(3600)]
    return sorted(
        {
            (v, t, lon / 1e7, lat / 1e7, tenths[sog], tenths[cog])
            for v, t, lon, lat, sog, cog in rows
        }
    )
