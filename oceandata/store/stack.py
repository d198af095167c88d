"""Rows in memory between reading and writing: columns that grow in place.

Batches are copied in as they come, so that a group of rows is held once, and nothing
is joined at its end.
"""

from __future__ import annotations

import numpy as np

from oceandata.columns import (
    DTYPES,
    FIELDS,
    POSITIONS,
    Columns,
    decode_position,
    decode_tenths,
)
from oceandata.store.parts import tighten


class Stack:
    """Columns of many batches, one after another; ``source`` is stamped on the way."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget everything, and give the memory back."""
        self._arrays = {n: np.empty(0, dtype) for n, dtype in DTYPES.items()}
        self._rows = 0

    def __len__(self) -> int:
        return self._rows

    @property
    def nbytes(self) -> int:
        return self._rows * sum(a.itemsize for a in self._arrays.values())

    def append(self, columns: Columns, source: int) -> None:
        start, stop = self._rows, self._rows + len(columns)
        for name in FIELDS:
            values = source if name == "source" else getattr(columns, name)
            array = self._room(name, stop)
            if name != "source" and values.dtype != array.dtype:
                array = self._as_float(name)
                values = _float(name, values)
            array[start:stop] = values
        self._rows = stop

    def _room(self, name: str, rows: int) -> np.ndarray:
        array = self._arrays[name]
        if array.size < rows:
            # Far more than asked for: the system gives memory where rows are written,
            # and to fresh arrays of this size in large pages. ``resize`` would fill
            # what it adds with zeros, one small page after another.
            grown = np.empty(max(rows, 8 * array.size, 1 << 16), array.dtype)
            grown[: self._rows] = array[: self._rows]
            self._arrays[name] = array = grown
        return array

    def _as_float(self, name: str) -> np.ndarray:
        """Mixed encodings: what is held becomes floats, exactly."""
        array = self._arrays[name]
        if array.dtype.kind != "f":
            floats = _float(name, array[: self._rows])
            grown = np.empty(array.size, floats.dtype)
            grown[: self._rows] = floats
            array = self._arrays[name] = grown
        return array

    def truncate(self, rows: int) -> None:
        """Forget the rows from number ``rows`` on."""
        self._rows = rows

    def columns(self, rows: int) -> Columns:
        """The first ``rows`` rows as views, integers wherever these are exact."""
        return Columns(
            **{n: tighten(n, array[:rows]) for n, array in self._arrays.items()}
        )

    def drop(self, rows: int) -> None:
        """Forget the first ``rows`` rows; what stays is of the first source."""
        left = self._rows - rows
        if left == 0:
            self.clear()
            return
        for array in self._arrays.values():
            array[:left] = array[rows : self._rows].copy()
        self._arrays["source"][:left] = 0
        self._rows = left


def _float(name: str, values: np.ndarray) -> np.ndarray:
    return decode_position(values) if name in POSITIONS else decode_tenths(values)
