"""Tracks without their ends, where home ports lie."""

from __future__ import annotations

from typing import Any

import numpy as np

from oceandata.units import distance_m
from oceankernels import sphere


def withhold_ends(tracks: Any, *, radius: str = "5nmi") -> Any:
    """Tracks without the fixes near where the lines of each vessel begin and end.

    A line names a home port by itself. Around the first and the last fix of every
    trajectory of a vessel nothing of that vessel remains. What is left is still a line
    and is still withheld from export unless asked for by name.

    Parameters
    ----------
    tracks : Dataset (trajectory, obs)
        Split into voyages (``split_tracks``), so that each call at a port is an end.
        Vessels are told apart by ``vessel``, else by ``trajectory_id``.
    radius : str
        Distance with its unit.

    Returns
    -------
    Dataset
        Fewer fixes; a trajectory without any is left out. Fixes without a position go
        too. ``withheld_fixes`` in the attributes counts them.

    Raises
    ------
    ValueError
        A radius without a unit, or one that is not positive.

    Examples
    --------
    >>> import oceandata as od
    >>> open_sea = od.withhold_ends(od.split_tracks(tracks, gap="6h"))  # doctest: +SKIP
    """
    reach = distance_m(radius, name="radius")
    size = tracks["row_size"].values.astype(np.int64)
    stop = np.cumsum(size)
    name = "vessel" if "vessel" in tracks.variables else "trajectory_id"
    texts = np.asarray(tracks[name].values).astype(str)
    owner = np.array([text.partition("/")[0] for text in texts], dtype=object)
    lon, lat = (np.asarray(tracks[n].values, np.float64) for n in ("lon", "lat"))
    keep = np.isfinite(lon) & np.isfinite(lat)
    ends = _ends(stop - size, stop, keep)
    rows = np.repeat(np.arange(size.size), size)
    for vessel in dict.fromkeys(owner.tolist()):
        own = np.flatnonzero(owner == vessel)
        fixes = np.flatnonzero(np.isin(rows, own))
        for at in {k for number in own for k in ends[number]}:
            place = np.full(fixes.size, lon[at]), np.full(fixes.size, lat[at])
            far = sphere.distances(lon[fixes], lat[fixes], *place) > reach
            keep[fixes] &= far
    left = np.bincount(rows[keep], minlength=size.size)
    out = tracks.isel(obs=np.flatnonzero(keep), trajectory=np.flatnonzero(left))
    attrs = tracks["row_size"].attrs
    out["row_size"] = ("trajectory", left[left > 0].astype(np.int64), attrs)
    return out.assign_attrs(withheld_fixes=int((~keep).sum()), withheld_ends=radius)


def _ends(start: np.ndarray, stop: np.ndarray, placed: np.ndarray) -> list[list[int]]:
    """First and last fix with a position of each trajectory."""
    out = []
    for first, last in zip(start.tolist(), stop.tolist(), strict=True):
        inside = first + np.flatnonzero(placed[first:last])
        out.append([int(inside[0]), int(inside[-1])] if inside.size else [])
    return out
