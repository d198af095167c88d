"""The truth beside the simulated files: what really sailed, and what was broken."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from oceandata.sea.dirt import FAULTS

TIME = pa.timestamp("s", tz="UTC")
POSITIONS = pa.schema(
    [
        ("file", pa.dictionary(pa.int32(), pa.string())), ("line", pa.int64()),
        ("vessel", pa.int32()), ("mmsi", pa.int64()), ("time", TIME),
        ("lon", pa.float64()), ("lat", pa.float64()),
        ("fault", pa.dictionary(pa.int32(), pa.string())),
    ]
)  # fmt: skip


@dataclass(frozen=True)
class SeaTruth:
    """Paths of a simulated sea and of its truth; tables are loaded when asked for."""

    folder: Path
    ais_files: list[Path]
    tacsat_file: Path | None
    arguments: dict
    counts: dict
    nmea_files: list[Path] = field(default_factory=list)

    @property
    def files(self) -> list[Path]:
        """All data files: the days in order, the tacsat file, the logs of sentences."""
        tacsat = [self.tacsat_file] if self.tacsat_file else []
        return self.ais_files + tacsat + self.nmea_files

    @property
    def truth_folder(self) -> Path:
        """The folder of the truth."""
        return self.folder / "truth"

    def _table(self, name: str):
        return pq.read_table(self.truth_folder / name).to_pandas()

    def vessels(self):
        """True vessels, each with every identity it sends (DataFrame)."""
        return self._table("vessels.parquet")

    def events(self):
        """What the vessels did: kind, start, stop, lon, lat, place (DataFrame)."""
        return self._table("events.parquet")

    def faults(self):
        """Every fault put in: a line of a file, or a vessel's span (DataFrame)."""
        return self._table("faults.parquet")

    def positions(self):
        """True vessel and position of every line of the AIS files (DataFrame).

        Only of a sea made with ``truth_positions=True``.
        """
        return self._table("positions.parquet")


@dataclass
class Ledger:
    """Truth gathered while a sea is made."""

    start: np.datetime64
    vessels: list[dict] = field(default_factory=list)
    events: list[tuple] = field(default_factory=list)
    faults: list = field(default_factory=list)

    def _times(self, seconds):
        seconds = np.asarray(seconds, float)
        known = ~np.isnan(seconds)
        whole = np.rint(np.where(known, seconds, 0)).astype("timedelta64[s]")
        return pa.array(self.start + whole, type=pa.timestamp("s"), mask=~known).cast(
            TIME
        )

    def write(self, folder: Path):
        """Write vessels, events and faults as Parquet."""
        vessels = sorted(self.vessels, key=lambda v: (v["vessel"], v["identity"]))
        pq.write_table(pa.Table.from_pylist(vessels), folder / "vessels.parquet")
        columns = list(zip(*self.events, strict=True)) if self.events else [()] * 7
        vessel, kind, start, stop, lon, lat, place = columns
        table = pa.table(
            {
                "vessel": pa.array(vessel, pa.int32()),
                "kind": pa.array(kind, pa.string()),
                "start": self._times(start), "stop": self._times(stop),
                "lon": pa.array(lon, pa.float64()), "lat": pa.array(lat, pa.float64()),
                "place": pa.array(place, pa.string()),
            }
        )  # fmt: skip
        pq.write_table(table, folder / "events.parquet")
        rows = [asdict(fault) for fault in self.faults]
        names = ("kind", "vessel", "mmsi", "file", "line", "other_line", "detail")
        kinds = (pa.string(), pa.int32(), pa.int64(), pa.string(), pa.int64(),
                 pa.int64(), pa.string())  # fmt: skip
        table = {
            name: pa.array([row[name] for row in rows], kind)
            for name, kind in zip(names, kinds, strict=True)
        }
        table["start"] = self._times([row["start"] for row in rows])
        table["stop"] = self._times([row["stop"] for row in rows])
        pq.write_table(pa.table(table), folder / "faults.parquet")


class PositionsFile:
    """The truth of every line, appended chunk by chunk."""

    def __init__(self, path: Path, files: list[str], mmsi: np.ndarray, start):
        self._writer = pq.ParquetWriter(path, POSITIONS, compression="zstd")
        self._files, self._mmsi, self._start = files, mmsi, start

    def add(self, file: int, first_line: int, rows):
        """Append the rows of one chunk, in the order of their lines."""
        size = len(rows)
        time = self._start + rows["time"].astype("timedelta64[s]")
        which = pa.array(np.full(size, file, np.int32))
        columns = [
            pa.DictionaryArray.from_arrays(which, pa.array(self._files)),
            pa.array(np.arange(first_line, first_line + size)),
            pa.array(rows["vessel"]),
            pa.array(self._mmsi[rows["identity"]]),
            pa.array(time.astype("datetime64[s]")).cast(TIME),
            pa.array(rows["true_lon"] / 1e5),
            pa.array(rows["true_lat"] / 1e5),
            pa.DictionaryArray.from_arrays(
                pa.array(rows["fault"].astype(np.int32)), pa.array(FAULTS)
            ),
        ]
        self._writer.write_table(pa.Table.from_arrays(columns, schema=POSITIONS))

    def close(self):
        """Finish the file."""
        self._writer.close()


def write_json(path: Path, content: dict):
    """A small JSON file with sorted keys."""
    path.write_text(
        json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8"
    )
