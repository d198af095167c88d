"""Quarantine: rows that were not taken, each with its file, line, reason and raw bytes.

Rows are written while a source is read, so that a file of a million bad lines costs no
memory; the file becomes part of the store when a commit names it.
"""

from __future__ import annotations

import contextlib
import os
import uuid
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oceandata.store.log import State, sync_folder
from oceandata.store.promised import crc_of

if TYPE_CHECKING:
    import pandas as pd

_BUFFER_BYTES = 8 << 20


class Rejects:
    """Rejected rows of one source on their way to a Parquet file."""

    def __init__(self, root: Path, label: str):
        self.root, self.label = Path(root), label
        self.reasons: Counter[str] = Counter()
        self.rows = 0
        self._path: Path | None = None
        self._writer: Any = None
        self._buffer: list[tuple[int, str, bytes]] = []
        self._bytes = 0
        self._record: dict[str, Any] | None = None

    def add(self, rejected: Any) -> None:
        """Take the rejected rows of one batch."""
        lines = [int(line) for line in rejected.line]
        rows = list(zip(lines, rejected.reason, rejected.raw, strict=True))
        self.reasons.update(reason for _, reason, _ in rows)
        self.rows += len(rows)
        self._buffer += rows
        self._bytes += sum(len(raw) + 64 for _, _, raw in rows)
        if self._bytes > _BUFFER_BYTES:
            self._write()

    def _write(self) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        schema = pa.schema(
            [
                ("file", pa.string()),
                ("line", pa.int64()),
                ("reason", pa.string()),
                ("raw", pa.binary()),
            ]
        )
        if self._writer is None:
            name = f"{uuid.uuid4().hex}.parquet"
            self._path = self.root / "quarantine" / name
            self._writer = pq.ParquetWriter(self._path, schema, compression="zstd")
        lines, reasons, raws = zip(*self._buffer, strict=True)
        columns = [[self.label] * len(lines), lines, reasons, raws]
        self._writer.write_table(pa.table(columns, schema=schema))
        self._buffer, self._bytes = [], 0

    def finish(self) -> dict[str, Any] | None:
        """Flush the file to the device; its record for the log, None if no row."""
        if self._buffer:
            self._write()
        if self._writer is None or self._record:
            return self._record
        self._writer.close()
        descriptor = os.open(self._path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
            size = os.fstat(descriptor).st_size
        finally:
            os.close(descriptor)
        sync_folder(self._path.parent)
        self._record = {
            "file": self._path.name,
            "rows": self.rows,
            "bytes": size,
            "crc32c": crc_of(self._path),
        }
        return self._record

    @property
    def names(self) -> set[str]:
        """The file written so far."""
        return {self._path.name} if self._path else set()

    def keep(self) -> None:
        """A commit names the file: it is no longer ours to remove."""
        self._path = None

    def discard(self) -> None:
        """Remove what was written for a source that is not committed."""
        with contextlib.suppress(Exception):
            if self._writer is not None:
                self._writer.close()
        if self._path is not None:
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)


def read_quarantine(root: Path, state: State, commit: int | None) -> pd.DataFrame:
    """Rejected rows of one commit, or of all: commit, file, line, reason, raw."""
    import pandas as pd
    import pyarrow.parquet as pq

    tables = [
        pq.read_table(Path(root) / "quarantine" / record["file"])
        .to_pandas()
        .assign(commit=record["commit"])
        for record in state.quarantine.values()
        if commit in (None, record["commit"])
    ]
    columns = ["commit", "file", "line", "reason", "raw"]
    if not tables:
        return pd.DataFrame({name: [] for name in columns})
    return pd.concat(tables, ignore_index=True)[columns]
