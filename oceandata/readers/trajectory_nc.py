"""CF trajectory NetCDF files of any tool, classic or NetCDF-4.

The four representations of CF-1.11, section H.4: contiguous ragged (a count variable
with ``sample_dimension``), indexed ragged (an index variable with
``instance_dimension``), incomplete multidimensional (trajectory × observation), and a
single trajectory. Variables are found by standard name, then by their usual names.
Times are CF times of a Gregorian calendar. The id of a trajectory may be text,
characters or a number; a variable ``mmsi`` makes it an AIS vessel.

What OceanData writes is read back equal: ids ``AIS-…`` and ``VMS-…`` become their
vessels again, the flags in ``quality`` stay.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from dataclasses import replace as with_changes
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from oceandata.errors import FormatError
from oceandata.readers import clock
from oceandata.readers.frames import ROWS, Forms, placed_batch
from oceandata.readers.parse import Memory
from oceandata.readers.protocol import (
    Head,
    Identification,
    TrackBatch,
    check_options,
)
from oceandata.readers.ragged_nc import Trajectories, opened

_MAGIC = (b"CDF\x01", b"CDF\x02", b"CDF\x05", b"\x89HDF\r\n\x1a\n")


@dataclass(frozen=True)
class TrajectoryReader:
    """Reads CF trajectories; satisfies ``TrackReader``."""

    name = "trajectory-netcdf"
    title = "CF trajectories in NetCDF (needs featureType, time, lon, lat)"
    timezone = "UTC"
    options: ClassVar[Mapping[str, str]] = {}
    ranges = False

    def identify(
        self, head: Head, *, columns: Mapping[str, str] | None = None
    ) -> Identification | None:
        """NetCDF is no text: see :meth:`identify_file`."""
        return None

    def identify_file(
        self, path: Path, start: bytes, *, columns: Mapping[str, str] | None = None
    ) -> Identification | None:
        """What a NetCDF file is, by its variables; None if it is no NetCDF."""
        if not start.startswith(_MAGIC):
            return None
        with opened(path, columns) as found:
            return Identification(
                self.name,
                0.95,
                f"CF trajectories as {found.form}: {found.count:,} with "
                f"{found.rows:,} positions",
                {
                    "layout": found.form,
                    "columns": dict(found.names),
                    "compression": "none",
                    "timezone": self.timezone,
                },
            )

    def batches(
        self,
        path: str | Path,
        *,
        columns: Mapping[str, str] | None = None,
        timezone: str | None = None,
        start: int = 0,
        stop: int | None = None,
        block_bytes: int = 0,
        workers: int | None = None,
        max_ratio: float = 0.0,
        **options: Any,
    ) -> Iterator[TrackBatch]:
        """Batches in the order of the file; ``line`` is the observation's number."""
        check_options(self, options)
        path = Path(path)
        if start or stop is not None:
            raise FormatError(f"{path}: a NetCDF file is not read in byte ranges")
        forms = Forms(clock.zone(timezone, self.timezone))
        with opened(path, columns) as found:
            memories = {True: Memory(), False: Memory()}
            for first in range(0, found.rows, ROWS):
                yield from _batches(found, first, forms, memories)


def _batches(
    found: Trajectories, first: int, forms: Forms, memories: dict[bool, Memory]
) -> Iterator[TrackBatch]:
    """AIS vessels and others of one run of observations."""
    owner, index, values = found.read(first, min(first + ROWS, found.rows))
    mmsi, ids = found.vessels(owner)
    flags = values.pop("quality", None)
    for is_ais in (True, False):
        rows = np.flatnonzero((mmsi > 0) == is_ais)
        if not rows.size:
            continue
        part: dict[str, Any] = {name: array[rows] for name, array in values.items()}
        part |= {n: array[owner[rows]] for n, array in found.constants.items()}
        part["mmsi" if is_ais else "vessel"] = (mmsi if is_ais else ids)[rows]
        batch, kept = placed_batch(
            part, lines=index[rows] + 1, forms=forms, memory=memories[is_ais]
        )
        if flags is not None:
            flag = flags[rows][kept].astype(np.int8)
            batch = with_changes(batch, columns=batch.columns.replace(quality=flag))
        yield batch


READER = TrajectoryReader()
