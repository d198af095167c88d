"""What a store says of itself: history, sources, numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from oceandata.store.log import Log, State, format_time

if TYPE_CHECKING:
    import pandas as pd

_SOURCE_COLUMNS = (
    "id",
    "sha256",
    "label",
    "size",
    "reader",
    "range",
    "rows",
    "quarantined",
    "duplicates",
    "commit",
)


def sources(state: State) -> pd.DataFrame:
    """Sources of a commit, and the commit that replaced each, if any."""
    import pandas as pd

    rows = [[r.get(c) for c in _SOURCE_COLUMNS] for r in state.sources.values()]
    table = pd.DataFrame(rows, columns=list(_SOURCE_COLUMNS))
    table["replaced"] = [state.replaced.get(source) for source in state.sources]
    return table


def history(log: Log, number: int) -> pd.DataFrame:
    """One row for each commit up to ``number``."""
    import pandas as pd

    rows = []
    for at in range(number + 1):
        entry = log.entry(at)
        added = entry.get("add", [])
        rows.append(
            {
                "number": at,
                "time": entry["time"].removesuffix("Z"),
                "kind": entry["kind"],
                "message": entry.get("message", ""),
                "rows": sum(r["rows"] for r in added if r["dataset"] == "tracks"),
                "parts_added": len(added),
                "parts_removed": len(entry.get("remove", [])),
                "sources": len(entry.get("sources", [])),
            }
        )
    table = pd.DataFrame(rows)
    table["time"] = pd.to_datetime(table["time"]).astype("M8[us]")
    return table.set_index("number")


def info(state: State) -> dict[str, Any]:
    """Numbers of one commit."""
    tracks = [r for r in state.parts.values() if r["dataset"] == "tracks"]
    out: dict[str, Any] = {
        "commit": state.number,
        "time": format_time(state.time),
        "rows": sum(r["rows"] - r["repeats"] for r in tracks),
        "parts": len(state.parts),
        "bytes": sum(r["bytes"] for r in state.parts.values()),
        "months": sorted({r["month"] for r in tracks}),
        "sources": len(state.sources) - len(state.replaced),
        "quarantined": sum(r["rows"] for r in state.quarantine.values()),
    }
    if tracks:
        times = [t for r in tracks for t in r["time"]]
        out["start"], out["stop"] = format_time(min(times)), format_time(max(times))
        west, south = (min(r["box"][k] for r in tracks) for k in (0, 1))
        east, north = (max(r["box"][k] for r in tracks) for k in (2, 3))
        out["box"] = [west, south, east, north]
    return out
