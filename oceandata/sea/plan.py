"""The arguments of a simulation, checked, and the folder made ready."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from oceandata.errors import OceanDataError

DAY = 86_400
ROWS_A_VESSEL_DAY = 400  # received at one-minute intervals, mean over the fleet
FORMATS = ("noaa", "tacsat")
KNOWN_FORMATS = (*FORMATS, "nmea")


@dataclass(frozen=True)
class Plan:
    """Resolved arguments."""

    positions: int
    seed: int
    start: datetime
    days: int
    every: int
    formats: tuple[str, ...]
    truth_positions: bool

    @property
    def horizon(self) -> int:
        """Seconds from the start to the end."""
        return self.days * DAY


def checked(positions, seed, start, days, every, formats, truth_positions) -> Plan:
    """The arguments as a plan, or one error that lists what is wrong."""
    faults = []
    if positions < 2000:
        faults.append(f"positions must be at least 2,000, got {positions:,}")
    if days < 1:
        faults.append(f"days must be at least 1, got {days}")
    if seed < 0:
        faults.append(f"seed must not be negative, got {seed}")
    unknown = [name for name in formats if name not in KNOWN_FORMATS]
    if unknown or not formats:
        faults.append(f"formats must be among {KNOWN_FORMATS}, got {tuple(formats)}")
    try:
        first = datetime.fromisoformat(start).replace(tzinfo=UTC)
        first = first.replace(hour=0, minute=0, second=0, microsecond=0)
    except (TypeError, ValueError):
        first = datetime(2024, 3, 1, tzinfo=UTC)
        faults.append(f"start must be a date such as '2024-03-01', got {start!r}")
    seconds = 60
    if every is None and not faults:
        fleet = max(48.0, 0.4 * math.sqrt(positions))
        rows = positions / fleet / days
        seconds = 60 * max(1, math.ceil(ROWS_A_VESSEL_DAY / rows))
    elif every is not None:
        try:
            seconds = int(pd.Timedelta(every).total_seconds())
        except ValueError:
            seconds = 0
        if not 30 <= seconds <= 6 * 3600:
            faults.append(f"every must be from '30s' to '6h', got {every!r}")
    if faults:
        raise ValueError("; ".join(faults))
    return Plan(
        int(positions), int(seed), first, int(days), seconds, tuple(formats),
        truth_positions,
    )  # fmt: skip


def prepared(folder: Path) -> Path:
    """The folder, emptied of an earlier simulated sea."""
    folder.mkdir(parents=True, exist_ok=True)
    record = folder / "truth" / "sea.json"
    if record.exists():
        for name in json.loads(record.read_text(encoding="utf-8"))["files"]:
            (folder / name).unlink(missing_ok=True)
        shutil.rmtree(folder / "truth")
    shutil.rmtree(folder / ".making", ignore_errors=True)
    left = sorted(path.name for path in folder.iterdir())
    if left:
        raise OceanDataError(
            f"{folder} must be new, empty or a simulated sea; it holds {left[0]!r}"
            f" and {len(left) - 1} more. Choose another folder."
        )
    (folder / "truth").mkdir()
    return folder
