"""``simulate_sea``: the one call that makes a sea."""

from __future__ import annotations

import shutil
from pathlib import Path

from oceandata.sea.maker import Maker
from oceandata.sea.plan import FORMATS, checked, prepared
from oceandata.sea.truth import SeaTruth


def simulate_sea(
    folder: str | Path,
    *,
    positions: int = 1_000_000,
    seed: int = 1,
    start: str = "2024-03-01",
    days: int = 7,
    every: str | None = None,
    formats: tuple[str, ...] = FORMATS,
    truth_positions: bool = False,
) -> SeaTruth:
    """Write the vessel files of a simulated Yellow Sea, and the truth beside them.

    Merchant ships, ferries, fishing vessels and small craft move along real lanes,
    anchorages and fishing grounds; their AIS is received as shore stations and
    satellites do; faults are put in and written down.

    Parameters
    ----------
    folder : path
        New, empty, or holding an earlier simulated sea, which is replaced.
    positions : int
        Lines of the AIS files together, at least 2,000. The number of vessels follows.
    seed : int
        Another seed, another sea.
    start : str
        First day, UTC.
    days : int
        One AIS file a day.
    every : str, optional
        Least interval between reports of a vessel, such as ``"1min"``. Default: one
        minute as in MarineCadastre's files, longer where the sea would have too few
        vessels (fewer than 48 or 0.4 times the square root of ``positions``).
    formats : tuple of "noaa", "tacsat", "nmea"
        Which files are written. ``"nmea"``: a log of AIS sentences with tag blocks a
        day, of the same positions as the day's table, and static reports.
    truth_positions : bool
        Also write the true vessel and position of every AIS line.

    Returns
    -------
    SeaTruth
        Paths of the files; ``vessels()``, ``events()``, ``faults()``, ``counts``.

    Raises
    ------
    ValueError
        All faults of the arguments in one message.
    OceanDataError
        The folder holds files that are not a simulated sea.

    Notes
    -----
    Memory holds 4 million rows, the rows of one hour, and the tables of the truth; the
    disk holds 42 bytes a row more than the files while they are made.
    """
    plan = checked(positions, seed, start, days, every, formats, truth_positions)
    folder = prepared(Path(folder))
    scratch = folder / ".making"
    scratch.mkdir()
    try:
        return Maker(plan, folder, scratch).make()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
