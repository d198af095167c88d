"""Sheets of Excel workbooks (.xlsx, .xlsb, .xls) as lines of CSV.

Each sheet with cells is a member of the file. Titles above the header are left out;
a cell that is merged over several rows of one column counts in each of them. Dates are
read as dates whether the sheet stores them as numbers with a format or as text.

Read by calamine (Rust): with all that follows four times as fast as openpyxl's
read-only mode alone, and it knows merged cells and the old binary .xls too. It holds
one sheet in memory (a sheet has at most 1,048,576 rows).
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from oceandata.errors import FormatError
from oceandata.readers.cells import Lines, csv_lines, header_row, text_of

Check = Callable[[int, int], None]
_BOOKS = {"xl/workbook.xml", "xl/workbook.bin"}
_LOOK = 50


def is_workbook(path: Path) -> bool:
    """Whether a zip archive is a workbook."""
    try:
        with zipfile.ZipFile(path) as archive:
            return not _BOOKS.isdisjoint(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False


def sheets(path: Path, kind: str, check: Check) -> Iterator[tuple[str, Any, int, str]]:
    """(name, read, rows before the header, their words) of each sheet that has cells.

    ``check(packed, unpacked)`` refuses what expands beyond reason.
    """
    if kind == "xlsx":
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
        check(path.stat().st_size, sum(info.file_size for info in infos))
    book = _guarded(path, lambda calamine: calamine.load_workbook(str(path)))
    for name in book.sheet_names:
        sheet = _guarded(path, lambda _, name=name: book.get_sheet_by_name(name))
        if sheet.start is not None:
            yield name, *_lines(path, sheet)


def _lines(path: Path, sheet: Any) -> tuple[Callable, int, str]:
    first = list(islice(_rows(path, sheet), _LOOK))
    skip = header_row(first, look=_LOOK)
    fill = _fills(sheet, skip)
    width = max((len(row) for row in first), default=0)
    rows = islice(_filled(_rows(path, sheet), fill), skip, None)
    preface = "\n".join(" ".join(map(text_of, row)).strip() for row in first[:skip])
    return Lines(csv_lines(rows, width=width)).read, skip, preface


def _rows(path: Path, sheet: Any) -> Iterator[list]:
    """Rows of a sheet from its first one; those above the first filled one too."""
    rows = iter(sheet.iter_rows())
    while True:
        row = _guarded(path, lambda _: next(rows, None))
        if row is None:
            return
        yield row


def _fills(sheet: Any, header: int) -> dict[int, tuple[int, int]]:
    """Column -> (first row, last row) runs of cells merged downwards, by first row."""
    ranges = sheet.merged_cell_ranges or []
    left = sheet.start[1]
    return {
        (top, start[1] - left): stop[0]
        for start, stop in ranges
        for top in [start[0]]
        if top > header and stop[0] > top and start[1] == stop[1] and start[1] >= left
    }


def _filled(rows: Iterator[list], fill: dict) -> Iterator[list]:
    open_runs: dict[int, tuple[int, Any]] = {}
    starts = {top for top, _ in fill}
    for number, row in enumerate(rows):
        if number in starts:
            for (top, column), last in fill.items():
                if top == number and column < len(row):
                    open_runs[column] = (last, row[column])
        if open_runs:
            row = list(row)
            for column, (last, value) in list(open_runs.items()):
                if number > last:
                    del open_runs[column]
                elif column < len(row):
                    row[column] = value
        yield row


def _guarded(path: Path, work: Callable[[Any], Any]) -> Any:
    """``work(calamine)``; whatever the parser raises becomes a FormatError."""
    try:
        import python_calamine as calamine
    except ImportError:
        raise FormatError(
            f"{path}: a workbook; reading it needs python-calamine: pip install "
            "'oceandata-hpc[excel]'"
        ) from None
    try:
        return work(calamine)
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:  # a panic of the parser is no Exception
        if type(error).__name__ != "PanicException" and not isinstance(
            error, Exception
        ):
            raise
        raise FormatError(
            f"{path}: the workbook cannot be read ({str(error)[:200]}). Save it again "
            "as .xlsx without a password, or as CSV"
        ) from None
