"""The registry's fields on the trajectories of a dataset, as of the time of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from oceandata import schema
from oceandata.tracks.registry import Registry
from oceandata.tracks.registry_fields import BY_NAME, NAMES, Unfit, clean

if TYPE_CHECKING:
    import xarray as xr

BY = ("mmsi", "imo", "call_sign")
MATCHES = ("none", "mmsi", "imo", "call_sign", "name")
_RENAMED = {"name": "ship_name", "mmsi": "vessel_mmsi"}
_ON_TRACKS = {
    "mmsi": ("mmsi",),
    "imo": ("imo",),
    "call_sign": ("call_sign", "callsign"),
    "name": ("vessel_name", "name"),
}
_FOREVER = np.iinfo(np.int64).max


def join_registry(
    tracks: xr.Dataset,
    registry: Registry,
    *,
    fields: Sequence[str] = ("gear", "power", "length", "gross_tonnage"),
    by: Sequence[str] = BY,
    by_name: bool = False,
) -> xr.Dataset:
    """Put fields of a registry on the trajectories of a dataset.

    Each trajectory is looked up by its MMSI, else by its IMO number, else by its call
    sign, as far as the dataset has them. Where several vessels have had an identifier,
    the one whose claim was the newest at the time of the trajectory's last fix is
    meant; if that is not a single one, none is. Values are those that the registry
    holds as of that time.

    Parameters
    ----------
    tracks : Dataset (trajectory, obs)
        Needs ``row_size`` and ``time``, and any of ``mmsi``, ``imo``, ``call_sign`` by
        trajectory.
    registry : Registry
        From :func:`oceandata.vessel_registry`.
    fields : sequence of str
        Which fields to put: name, imo, mmsi, call_sign, registration, gear, power,
        length, gross_tonnage, home_port, flag.
    by : sequence of str
        Identifiers to look up, in this order.
    by_name : bool
        Look up what is left by ``vessel_name``, where exactly one vessel of the
        registry has ever had that very name. Names are shared and misspelt: leave it
        out unless the fleet is known.

    Returns
    -------
    Dataset
        A copy with the fields on ``trajectory`` (``name`` as ``ship_name``,
        ``mmsi`` as ``vessel_mmsi``; NaN, 0 or empty where unknown), and
        ``registry_match``: by what it was found, 0 if not at all. The attributes
        ``registry_matched``, ``registry_unmatched`` and ``registry_ambiguous`` count
        trajectories.

    Raises
    ------
    ValueError
        A field or identifier that does not exist; a dataset without any of them.
    SchemaError
        The dataset is no tracks.

    Examples
    --------
    >>> import xarray as xr
    >>> tracks = xr.Dataset({
    ...     "trajectory_id": ("trajectory", ["a", "b"]),
    ...     "mmsi": ("trajectory", [412000001, 412000009]),
    ...     "row_size": ("trajectory", [1, 1]),
    ...     "time": ("obs", np.array(["2024-01-01", "2024-01-02"], "M8[us]")),
    ...     "lon": ("obs", [121.5, 122.0]), "lat": ("obs", [29.5, 30.5])})
    >>> import pandas as pd
    >>> table = pd.DataFrame({"MMSI": [412000001], "gear": ["OTB"]})
    >>> from oceandata.tracks.registry import vessel_registry
    >>> join_registry(tracks, vessel_registry(table), fields=["gear"]).gear.values
    array(['OTB', ''], dtype=object)
    """
    fields, by = _checked(fields, by, by_name)
    schema.validate(tracks, "tracks")
    wanted = [name for name in by if _held(tracks, name) is not None]
    if not wanted:
        raise ValueError(
            f"the tracks have none of {', '.join(by)} by trajectory, so that "
            "nothing can be looked up; add the variable, or pass by=…"
        )
    times = _last_times(tracks)
    claims = _Claims(registry)
    vessels, match, ambiguous = _looked_up(tracks, wanted, claims, times)
    out = tracks.copy(deep=False)
    for field in fields:
        _put(out, field, claims.values(field, vessels, times))
    out["registry_match"] = (
        "trajectory",
        match,
        {
            "long_name": "Identifier by which the vessel was found in the registry",
            "flag_values": np.arange(len(MATCHES), dtype=np.int8),
            "flag_meanings": " ".join(MATCHES),
        },
    )
    counts = {
        "registry_matched": int((vessels >= 0).sum()),
        "registry_unmatched": int((vessels < 0).sum()),
        "registry_ambiguous": int(ambiguous.sum()),
    }
    return out.assign_attrs(counts | {"registry_sources": ", ".join(registry.order)})


def _looked_up(tracks: xr.Dataset, wanted: list[str], claims: _Claims, times: Any):
    """Vessel of each trajectory (-1: none), its match, and whether it is ambiguous."""
    vessels = np.full(times.size, -1, np.int64)
    match = np.zeros(times.size, np.int8)
    ambiguous = np.zeros(times.size, bool)
    for name in wanted:
        values = _held(tracks, name)
        for k in np.flatnonzero(vessels < 0):
            found = claims.find(name, _read(name, values[k]), times[k])
            if found is None:
                continue
            ambiguous[k] |= found < 0
            if found >= 0:
                vessels[k], match[k] = found, MATCHES.index(name)
    return vessels, match, ambiguous & (vessels < 0)


def _checked(fields, by, by_name: bool) -> tuple[list[str], list[str]]:
    fields = [fields] if isinstance(fields, str) else list(fields)
    by = [by] if isinstance(by, str) else list(by)
    faults = [
        f"field {name!r} does not exist; known are {', '.join(NAMES)}"
        for name in fields
        if name not in NAMES
    ]
    faults += [
        f"by: {name!r} is none of {', '.join(BY)} (a name is asked for by by_name=True)"
        for name in by
        if name not in BY
    ]
    if faults:
        raise ValueError("; ".join(faults))
    return fields, [*by, "name"] if by_name else by


def _held(tracks: xr.Dataset, name: str) -> np.ndarray | None:
    for variable in _ON_TRACKS[name]:
        if variable in tracks and tracks[variable].dims == ("trajectory",):
            return tracks[variable].values
    return None


def _read(name: str, value: Any) -> Any:
    """An identifier as the registry writes it, None if there is none."""
    value = value.decode() if isinstance(value, bytes) else value
    try:
        return BY_NAME[name].read(clean(value)) if clean(value) else None
    except Unfit:
        return None


def _last_times(tracks: xr.Dataset) -> np.ndarray:
    """Last fix of each trajectory, µs; the far future for one without fixes."""
    sizes = tracks["row_size"].values.astype(np.int64)
    stops = np.cumsum(sizes)
    times = tracks["time"].values.astype("M8[us]").astype(np.int64)
    out = np.full(sizes.size, _FOREVER)
    out[sizes > 0] = times[stops[sizes > 0] - 1]
    return out


class _Claims:
    """What each vessel was said to be, in time: for looking up, and for values."""

    def __init__(self, registry: Registry):
        said = registry.records
        day = said["date"].to_numpy("M8[us]")
        age = np.where(np.isnat(day), -_FOREVER, day.astype(np.int64))
        rank = {name: k for k, name in enumerate(registry.order)}
        self.prefer = registry.prefer
        self._holders: dict[tuple[str, Any], list[tuple[int, int]]] = {}
        self._said: dict[tuple[str, int], list[tuple]] = {}
        rows = zip(
            said["field"], said["vessel"], said["value"], said["source"], age.tolist(),
            strict=True,
        )  # fmt: skip
        for field, vessel, value, source, when in rows:
            self._holders.setdefault((field, value), []).append((when, vessel))
            told = self._said.setdefault((field, vessel), [])
            told.append((rank[source], when, str(value), value))

    def find(self, field: str, value: Any, time: int) -> int | None:
        """The vessel that has an identifier at a time; -1 if several, None if none."""
        claims = self._holders.get((field, value))
        if value is None or claims is None:
            return None
        vessels = {vessel for _, vessel in claims}
        if len(vessels) == 1:
            return vessels.pop()
        if field == "name":
            return -1
        before = [claim for claim in claims if claim[0] <= time]
        newest = max(before or claims)[0] if before else min(claims)[0]
        meant = {vessel for when, vessel in claims if when == newest}
        return meant.pop() if len(meant) == 1 else -1

    def values(self, field: str, vessels: np.ndarray, times: np.ndarray) -> list[Any]:
        """Value of each vessel as of its time; None where nothing is known."""
        return [
            self._value(field, int(vessel), int(time)) if vessel >= 0 else None
            for vessel, time in zip(vessels, times, strict=True)
        ]

    def _value(self, field: str, vessel: int, time: int) -> Any:
        by_source: dict[int, list[tuple]] = {}
        for one in self._said.get((field, vessel), ()):
            by_source.setdefault(one[0], []).append(one)
        words = []
        for rank, said in by_source.items():
            before = [one[1] for one in said if one[1] <= time]
            when = max(before) if before else min(one[1] for one in said)
            words += [(rank, when, one[2], one[3]) for one in said if one[1] == when]
        if not words:
            return None
        newest = self.prefer == "newest"

        def order(word: tuple) -> tuple:
            rank, when, text, _ = word
            return (-when, rank, text) if newest else (rank, -when, text)

        return min(words, key=order)[3]


def _put(ds: xr.Dataset, field: str, values: list[Any]) -> None:
    """A field as a variable of the trajectories, with its meaning and unit."""
    about = BY_NAME[field]
    if field in ("imo", "mmsi"):
        array = np.array([0 if v is None else v for v in values], np.int64)
    elif field in ("power", "length", "gross_tonnage"):
        array = np.array([np.nan if v is None else v for v in values], float)
    else:
        array = np.array(["" if v is None else str(v) for v in values], object)
    attributes = {"long_name": f"{about.meaning}, from the registry"}
    if about.units or array.dtype.kind == "f":
        attributes["units"] = about.units or "1"
    ds[_RENAMED.get(field, field)] = ("trajectory", array, attributes)
