"""Products of a job: what each one is given besides its own keyword arguments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oceandata.job.read import ReadJob
from oceandata.job.registry import PRODUCTS, function_of
from oceandata.products import words

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

PICTURES = ("map", "panels")
DESCRIBED = ("netcdf", "zarr")


@dataclass
class Findings:
    """What the steps of a job gave, and the commit they read."""

    commit: int = -1
    grids: dict[str, xr.Dataset] = field(default_factory=dict)
    flags: dict[str, pd.DataFrame] = field(default_factory=dict)


def make_product(read: ReadJob, index: int, found: Findings) -> Path:
    """Write one product and return its path."""
    product = read.job.product[index]
    path, shown = read.product_path(index), read.shown[index]
    function = function_of(PRODUCTS[product.kind].function)
    about = read.job.job
    given: dict[str, Any] = {"provenance": record_of(read, found)}
    given["sources"] = terms_of(read, found.commit)
    if product.kind in DESCRIBED:
        given |= {"title": about.title, "summary": about.summary or None}
        given |= {"license": about.license or None}
        given |= {"attrs": {"creator_name": about.creator} if about.creator else None}
    if product.kind == "report":
        given |= _report(read, index, found)
        return function(path, **given | product.arguments)
    grid = found.grids[shown[0]]
    return function(grid, path, **given | product.arguments)


def record_of(read: ReadJob, found: Findings) -> dict[str, Any]:
    """The provenance of all products of a run."""
    from oceandata.products import provenance

    return provenance(
        inputs=inputs_of(read, found.commit),
        parameters={step.label: step.arguments for step in read.job.step},
        store=read.store,
        commit=found.commit,
        job=_told(read.job.model_dump(mode="json")),
    )


def terms_of(read: ReadJob, commit: int) -> list[dict[str, Any]]:
    """Terms of the data: what the store says of them, and each ``[[input]]``."""
    from oceandata.store import open_store
    from oceandata.store.sensitivity import said_attrs

    said = said_attrs(open_store(read.store, as_of=commit).about("tracks"))
    keys = ("publisher", "license", "attribution", "doi", "redistribution")
    given = [{key: getattr(each, key) for key in keys} for each in read.job.input]
    named = zip(read.job.input, given, strict=True)
    return [said, *({"name": Path(i.paths[0]).name} | g for i, g in named)]


def inputs_of(read: ReadJob, commit: int) -> list[dict[str, Any]]:
    """The files whose rows the store holds at a commit, with the fate of their rows."""
    from oceandata.store import open_store

    return live_inputs(open_store(read.store, as_of=commit))


def live_inputs(store: Any) -> list[dict[str, Any]]:
    """The files whose rows a store holds, their hashes and the fate of their rows."""
    sources = store.sources()
    live = sources[sources["replaced"].isna()]
    return [
        {
            "name": row.label,
            "format": row.reader,
            "rows": int(row.rows),
            "kept": int(row.rows - row.quarantined - row.duplicates),
            "quarantined": int(row.quarantined),
            "duplicates": int(row.duplicates),
            "sha256": row.sha256,
        }
        for row in live.itertuples()
    ]


def dropped_of(read: ReadJob, commit: int) -> dict[str, int]:
    """Rows of the store's files that are not in its tracks, by reason."""
    from oceandata.store import open_store

    table = open_store(read.store, as_of=commit).quarantine()
    counts = {str(k): int(n) for k, n in table["reason"].value_counts().items()}
    repeated = sum(item["duplicates"] for item in inputs_of(read, commit))
    if repeated:
        counts["exact duplicate of another row"] = repeated
    return counts


def _report(read: ReadJob, index: int, found: Findings) -> dict[str, Any]:
    """What the report of a job shows."""
    shown = read.shown[index]
    language = str(read.job.product[index].arguments.get("language", "en"))
    say = partial(words.say, language)
    tables: dict[str, Any] = {
        say("flagged", label=label): _flagged(flags, language)
        for label, flags in found.flags.items()
    }
    tables |= {
        say("account_of", label=label): _account(found.grids[label].attrs, language)
        for label in shown[1:]
    }
    about = read.job.job
    return {
        "title": about.title,
        "subtitle": about.summary,
        "inputs": inputs_of(read, found.commit),
        "dropped": dropped_of(read, found.commit),
        "accounting": found.grids[shown[0]],
        "maps": pictures_before(read, index),
        "tables": tables,
    }


def pictures_before(read: ReadJob, index: int) -> list[tuple[Path, str]]:
    """Maps that stand before a report in the job, with their captions."""
    return [
        (read.product_path(k), product.caption)
        for k, product in enumerate(read.job.product[:index])
        if product.kind in PICTURES and not product.path.endswith(".pdf")
    ]


def _flagged(flags: pd.DataFrame, language: str) -> list[dict[str, Any]]:
    """The rules that flagged something, the worst first."""
    say = partial(words.say, language)
    found = flags[flags["fixes"] > 0].sort_values("fixes", ascending=False)
    return [
        {
            say("rule"): words.key_text(row.rule),
            say("flag"): row.flag,
            say("fixes"): int(row.fixes),
            say("share_fixes"): float(100 * row.share),
            say("meaning"): row.meaning,
        }
        for row in found.itertuples()
    ]


def _account(
    attrs: Mapping[str, Any], language: str
) -> tuple[list[str], list[list[Any]]]:
    """The account of a grid, its numbers as numbers."""
    from oceandata.products.accounting import rows_of
    from oceandata.products.masking import public_attrs

    head, rows = rows_of(public_attrs(dict(attrs)), language=language)
    share, of_all = (words.say(language, key) for key in ("share", "share_of_all"))
    head = [of_all if name == share else name for name in head]
    return head, [[row[0], *map(_number, row[1:])] for row in rows]


def _number(text: str) -> float | int | str:
    bare = text.replace(",", "").removesuffix(" %")
    try:
        return float(bare) if "." in bare else int(bare)
    except ValueError:
        return text


def _told(value: Any) -> Any:
    """The value without what the job leaves empty."""
    if isinstance(value, dict):
        kept = {name: _told(item) for name, item in value.items()}
        return {name: item for name, item in kept.items() if item not in ("", None)}
    return [_told(item) for item in value] if isinstance(value, list) else value
