"""Write the reference pages that follow from the code: schema.md and api.md.

Run ``python docs/generate.py``; a test fails when the pages are stale.
"""

from __future__ import annotations

import inspect
from pathlib import Path

import oceandata
from oceandata import quality, schema

HERE = Path(__file__).parent / "reference"


def schema_page() -> str:
    """Every declared variable of tracks, as a table."""
    lines = [
        "# Variables of tracks",
        "",
        "Declared once, in `oceandata/schema.py`; `od.validate(ds)` checks a dataset",
        "against it and lists all faults in one error. Time is UTC; longitudes lie in",
        "[-180, 180); rows of one trajectory are contiguous, in time (CF contiguous",
        "ragged array, `featureType = trajectory`).",
        "",
        "| variable | dims | unit | valid range | missing in sources | meaning |",
        "|---|---|---|---|---|---|",
    ]
    for v in schema.VARIABLES.values():
        span = ""
        if v.valid_min is not None:
            high = "" if v.valid_max is None else f"{v.valid_max:g}"
            span = f"{v.valid_min:g} … {high}"
        sentinels = ", ".join(f"{s:g}" for s in v.sentinels)
        row = (f"`{v.name}`", ", ".join(v.dims), v.units or "", span, sentinels)
        lines.append(f"| {' | '.join((*row, v.sentence))} |")
    flags = ", ".join(
        f"{value} {name}"
        for value, name in zip(
            quality.FLAG_VALUES, quality.FLAG_MEANINGS.split(), strict=True
        )
    )
    lines += ["", f"Quality flags follow QARTOD: {flags}.", ""]
    return "\n".join(lines)


def api_page() -> str:
    """The public names grouped by task, with the first line of their docstrings."""
    groups = [
        line.split(None, 1)
        for line in oceandata.__doc__.splitlines()
        if line and line.split(None, 1)[-1].split(",")[0] in oceandata.__all__
    ]
    lines = ["# Python API", "", "`import oceandata as od`; `help(od.name)` has all."]
    lines.append("")
    for task, names in groups:
        lines += [f"## {task}", "", "| call | result |", "|---|---|"]
        for name in names.split(", "):
            thing = getattr(oceandata, name)
            first = inspect.getdoc(thing).splitlines()[0]
            parameters = ", ".join(inspect.signature(thing).parameters)
            lines.append(f"| `od.{name}({parameters})` | {first} |")
        lines.append("")
    return "\n".join(lines)


PAGES = {"schema.md": schema_page, "api.md": api_page}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (HERE / name).write_text(page())
        print(HERE / name)
