"""Reading parts: their index, and rows by ranges, opening no chunk that is not asked.

A part is immutable, so everything read here may be kept by the process; the few
hundred parts touched last stay open.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from oceandata.columns import POSITIONS, TENTHS
from oceandata.errors import DamagedStoreError
from oceandata.store.arrays import ArrayReader
from oceandata.store.months import month_number, month_start
from oceandata.store.parts import STORED, VESSEL_FIELDS, Encoding
from oceandata.store.promised import files_of_part
from oceankernels import ragged

LAST_TIME = VESSEL_FIELDS.index("last_time")


def part_folder(root: Path, record: dict[str, Any]) -> Path:
    return Path(root) / "parts" / record["dataset"] / f"{record['id']}.zarr"


def check_part(root: Path, record: dict[str, Any], *, deep: bool = False) -> list[str]:
    """Faults of one part: files missing, of another size, or (deep) other bytes."""
    root = Path(root)
    try:
        files = files_of_part(root, record)
    except DamagedStoreError as error:
        return [str(error)]
    faults = ((one, one.fault(root, deep=deep)) for one in files)
    return [f"{root / one.path}: {fault}" for one, fault in faults if fault]


class PartReader:
    """One part of tracks: index in memory once asked for, rows on demand."""

    def __init__(self, root: Path, record: dict[str, Any]):
        self.folder = part_folder(root, record)
        self.id: str = record["id"]
        self.sources: list[str] = record["sources"]
        self.rows: int = record["rows"]
        self.repeats: int = record.get("repeats", 0)
        self.month = month_number(record.get("month", "1970-01"))
        self._arrays: dict[str, ArrayReader] = {}

    def array(self, name: str) -> ArrayReader:
        found = self._arrays.get(name)
        if found is None:
            found = self._arrays[name] = ArrayReader(self.folder, name)
        return found

    @cached_property
    def vessels(self) -> np.ndarray:
        return self.array("vessel").read_all()

    @cached_property
    def offsets(self) -> np.ndarray:
        """(t + 1,) first row of each vessel, and the end."""
        return ragged.offsets(self.array("row_size").read_all())

    @cached_property
    def homes(self) -> np.ndarray:
        return self.array("home_cell").read_all()

    @cached_property
    def extents(self) -> np.ndarray:
        """(t, 15) float64, columns VESSEL_FIELDS."""
        return self.array("vessel_extent").read_all()

    @cached_property
    def chunk_extents(self) -> np.ndarray:
        """(c, 6) float64, columns CHUNK_FIELDS."""
        return self.array("chunk_extent").read_all()

    @cached_property
    def names(self) -> dict[int, str]:
        """Identity text of the vessels that have no MMSI."""
        texts = np.flatnonzero(self.vessels >= 1 << 62)
        if not texts.size:
            return {}
        ids = self.array("trajectory_id").read_all()
        return {int(self.vessels[k]): ids[k].removeprefix("VMS-") for k in texts}

    @cached_property
    def chunk(self) -> int:
        """Rows in a chunk."""
        return self.array("time").chunk

    @cached_property
    def encoding(self) -> Encoding:
        return Encoding(
            tuple(self.array(n).attributes.get("decimals") for n in POSITIONS),
            self.array("time").dtype == np.dtype("i4"),
            tuple(self.array(n).dtype.kind == "i" for n in TENTHS),
        )

    def chunks_of(self, starts: np.ndarray, stops: np.ndarray) -> np.ndarray:
        """Numbers of the chunks that hold the row ranges."""
        touched = np.zeros(-(-self.rows // self.chunk) + 1, "i8")
        np.add.at(touched, starts // self.chunk, 1)
        np.add.at(touched, (stops - 1) // self.chunk + 1, -1)
        return np.flatnonzero(np.cumsum(touched)[:-1])

    def bytes_of(self, chunks: np.ndarray, fields: Sequence[str] = STORED) -> int:
        """Bytes on disk of these chunks of the columns."""
        return sum(self.array(n).chunk_bytes(int(c)) for n in fields for c in chunks)

    def read(
        self,
        starts: np.ndarray,
        stops: np.ndarray,
        fields: Sequence[str],
        pool: Executor,
    ) -> dict[str, np.ndarray]:
        """Columns of row ranges, in the encodings of :class:`Columns`.

        starts, stops (k,) increasing and not overlapping; the ranges come one after
        another. Chunks are decoded in the pool.
        """
        starts, stops = _joined(starts, stops)
        size = int((stops - starts).sum())
        targets = np.cumsum(stops - starts) - (stops - starts)
        out = {n: np.empty(size, self._dtype(n)) for n in fields}
        jobs = []
        for chunk in self.chunks_of(starts, stops):
            low, high = chunk * self.chunk, (chunk + 1) * self.chunk
            first = np.searchsorted(stops, low, side="right")
            last = np.searchsorted(starts, high, side="left")
            a = np.maximum(starts[first:last], low)
            b = np.minimum(stops[first:last], high)
            to = targets[first:last] + (a - starts[first:last])
            ranges = list(
                zip(
                    (a - low).tolist(),
                    (b - low).tolist(),
                    to.tolist(),
                    strict=True,
                )
            )
            jobs += [(n, int(chunk), ranges, out[n]) for n in fields]
        list(pool.map(self._copy, jobs))
        return out

    def _dtype(self, name: str) -> np.dtype:
        return np.dtype("i8") if name == "time" else self.array(name).dtype

    def _copy(self, job: tuple[str, int, list, np.ndarray]) -> None:
        name, chunk, ranges, out = job
        values = self.array(name).read_chunk(chunk)
        for a, b, to in ranges:
            out[to : to + b - a] = self._decoded(name, values[a:b])

    def _decoded(self, name: str, values: np.ndarray) -> np.ndarray:
        if name == "time" and values.dtype.itemsize == 4:
            return values.astype("i8") * 1_000_000 + month_start(self.month)
        if name in POSITIONS and values.dtype.kind == "i":
            decimals = self.encoding.decimals[POSITIONS.index(name)]
            return values * np.int32(10 ** (7 - decimals))
        return values


def _joined(starts: np.ndarray, stops: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The same rows in as few ranges as possible."""
    if not starts.size:
        return starts, stops
    cut = np.flatnonzero(starts[1:] != stops[:-1])
    first = np.concatenate([[0], cut + 1])
    last = np.concatenate([cut, [starts.size - 1]])
    return starts[first], stops[last]


def check_parts(root: Path, records: Sequence[dict[str, Any]]) -> None:
    """Refuse to read when a file of these parts is missing or has another size."""
    with ThreadPoolExecutor(8) as pool:
        found = pool.map(lambda record: check_part(root, record), records)
        faults = [fault for faults in found for fault in faults]
    if faults:
        more = f" and {len(faults) - 1} more faults" if len(faults) > 1 else ""
        raise DamagedStoreError(
            f"{faults[0]}{more}. Restore the files from a copy of the store, or "
            "ingest the sources into a new one"
        )


def forget_parts(root: Path) -> None:
    """Let go of parts that were read before files of them were put back."""
    with _lock:
        for folder in [f for f in _readers if Path(root) in f.parents]:
            del _readers[folder]


_KEPT = 64
_readers: OrderedDict[Path, PartReader] = OrderedDict()
_lock = Lock()


def open_part(root: Path, record: dict[str, Any]) -> PartReader:
    """The reader of a part; the process keeps those used last."""
    folder = part_folder(root, record)
    with _lock:
        reader = _readers.get(folder)
        if reader is None:
            reader = _readers[folder] = PartReader(root, record)
        _readers.move_to_end(folder)
        while len(_readers) > _KEPT:
            _readers.popitem(last=False)
        return reader
