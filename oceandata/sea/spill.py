"""Rows of all vessels, gathered by hour of the simulation in bounded memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from oceandata.sea.reports import ROW

BIN = 3600  # seconds in a bin


class Spill:
    """Bins of rows in memory, moved to files when they are more than ``limit``."""

    def __init__(self, folder: Path, bins: int, limit: int = 4_000_000):
        self.folder, self.limit = folder, limit
        self.counts = np.zeros(bins, np.int64)
        self._held: list[list[np.ndarray]] = [[] for _ in range(bins)]
        self._size = 0

    def __len__(self) -> int:
        return int(self.counts.sum())

    def add(self, rows: np.ndarray):
        """Add rows that are in order of time."""
        which = rows["time"] // BIN
        edges = np.flatnonzero(np.diff(which)) + 1
        for part in np.split(rows, edges):
            if len(part):
                bin_ = int(part["time"][0]) // BIN
                self._held[bin_].append(part)
                self.counts[bin_] += len(part)
        self._size += len(rows)
        if self._size > self.limit:
            self._flush()

    def _flush(self):
        for number, parts in enumerate(self._held):
            if parts:
                with open(self.folder / f"{number}.rows", "ab") as file:
                    file.write(np.concatenate(parts).tobytes())
                parts.clear()
        self._size = 0

    def take(self, number: int) -> np.ndarray:
        """All rows of a bin, sorted by time and vessel; the bin is given up."""
        parts = []
        path = self.folder / f"{number}.rows"
        if path.exists():
            parts.append(np.fromfile(path, ROW))
            path.unlink()
        parts += self._held[number]
        self._held[number] = []
        if not parts:
            return np.zeros(0, ROW)
        rows = np.concatenate(parts)
        return rows[np.lexsort((rows["vessel"], rows["time"]))]
