"""``oceandata export``: tracks or a density of a selection, as a file for others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from oceandata.cli import checks, codes, show

WRITERS = {
    "tracks": {
        ".nc": "to_netcdf",
        ".zarr": "to_zarr",
        ".csv": "to_csv",
        ".parquet": "to_geoparquet",
    },
    "density": {
        ".nc": "to_netcdf",
        ".zarr": "to_zarr",
        ".csv": "to_csv",
        ".tif": "to_geotiff",
        ".tiff": "to_geotiff",
        ".png": "plot_map",
        ".svg": "plot_map",
        ".pdf": "plot_map",
    },
}
_LICENSED = ("to_netcdf", "to_zarr", "to_csv", "to_geoparquet")


@click.command()
@click.argument("store", type=click.Path())
@click.argument("file", type=click.Path())
@click.option(
    "--what",
    type=click.Choice(list(WRITERS)),
    default="density",
    show_default=True,
    help="Hours of vessels per cell, or the tracks themselves.",
)
@click.option("--box", nargs=4, type=float, metavar="W S E N", help="Degrees.")
@click.option("--period", nargs=2, metavar="START STOP", help="UTC, half-open.")
@click.option("--vessel", "vessels", multiple=True, help="MMSI, or VMS-… name.")
@click.option("--as-of", type=int, help="The store as it was at this commit.")
@click.option(
    "--step", type=float, default=0.1, show_default=True, help="Cell, degrees."
)
@click.option("--gap", default="1h", show_default=True, help="Longest step counted.")
@click.option(
    "--identities",
    type=click.Choice(["pseudonyms", "reveal"]),
    help="What becomes of the vessels' identities; tracks need it.",
)
@click.option("--key-file", type=click.Path(), help="Secret for pseudonyms.")
@click.option("--release", type=click.Path(), help="Folder of its release.")
@click.option("--reason", help="Why tracks leave; kept in the audit log.")
@click.option("--authorised-by", help="Who allowed it; secret data need it.")
@click.option("--lines", is_flag=True, help="A line a trajectory (.parquet).")
@click.option(
    "--language",
    type=click.Choice(["en", "zh"]),
    default="en",
    show_default=True,
    help="Of a map.",
)
@click.option("--license", help="Licence of the product.")
@click.option("--override-license", multiple=True, help="Name of a forbidding licence.")
def export(store, file, **asked) -> int:
    """Write FILE with the density or the tracks of a selection.

    The ending says the format: .nc, .zarr, .csv, .tif, .png, .svg or .pdf for a
    density; .nc, .zarr, .csv or .parquet (GeoParquet) for tracks.

    Cells with fewer than three vessels are withheld. Tracks name their vessels, so
    --reason and --identities have to be said: pseudonyms (needs --key-file) or reveal.
    """
    what = asked["what"]
    suffix = Path(file).suffix.lower()
    if suffix not in WRITERS[what]:
        expected = ", ".join(WRITERS[what])
        raise click.UsageError(f"{what} can be written as {expected}; got {file!r}")
    _check(what, suffix, asked)
    from oceandata.store import open_store

    opened = open_store(store, as_of=asked["as_of"])
    asked["chosen"] = {
        "vessels": [_vessel(text) for text in asked["vessels"]] or None,
        "period": asked["period"] or None,
    }
    _check_some(opened, asked)
    make = _tracks if what == "tracks" else _density
    show.say(str(make(opened, file, WRITERS[what][suffix], asked)))
    return codes.OK


def _check(what: str, suffix: str, asked: dict) -> None:
    if what == "density" and not asked["box"]:
        raise click.UsageError("a density needs its region: --box W S E N")
    if what == "tracks" and asked["identities"] is None:
        raise click.UsageError(
            "tracks name their vessels: add --identities pseudonyms --key-file FILE, "
            "or --identities reveal"
        )
    if what == "tracks" and not asked["reason"]:
        raise click.UsageError(
            'tracks are confidential: add --reason "who gets them, and what for"; it '
            "is written to the audit log"
        )
    if asked["lines"] and suffix != ".parquet":
        raise click.UsageError("--lines goes with tracks as .parquet")
    checks.check_place_and_period(asked["box"], asked["period"])
    if what == "density":
        _check_grid(asked)


def _check_grid(asked: dict) -> None:
    from oceandata.grids import regular_grid
    from oceandata.units import duration_us

    with checks.usage():
        regular_grid(asked["box"], step=asked["step"])
        duration_us(asked["gap"], name="--gap")


def _check_some(opened: Any, asked: dict) -> None:
    """Refuse vessels and periods of which the store has no chunk: no empty product."""
    from oceandata.errors import StoreError

    with checks.usage():
        chosen = opened.select(**asked["chosen"])
    if chosen.plan().rows:
        return
    told = [f"vessel {text}" for text in asked["vessels"]]
    told += [f"period {' to '.join(asked['period'])}"] if asked["period"] else []
    raise StoreError(
        f"nothing is selected: {opened.path} has no fix of {', '.join(told) or 'any'}; "
        f"what it holds: oceandata info {opened.path}"
    )


def _vessel(text: str) -> int | str:
    return int(text) if text.isdigit() else text


def _given(opened: Any, writer: str, asked: dict, told: dict) -> dict[str, Any]:
    """Keyword arguments of a writer: where the product comes from, and its terms."""
    from oceandata.job.products import live_inputs
    from oceandata.products import provenance
    from oceandata.store.sensitivity import said_attrs

    record = provenance(
        inputs=live_inputs(opened),
        parameters=asked["chosen"] | told,
        store=opened,
        commit=opened.number,
    )
    given = {"provenance": record, "sources": [said_attrs(opened.about("tracks"))]}
    if asked["override_license"]:
        given["override_license"] = list(asked["override_license"])
    if asked["license"] and writer in _LICENSED:
        given["license"] = asked["license"]
    return given


def _tracks(opened: Any, file: str, writer: str, asked: dict) -> Path:
    from oceandata import products

    box, who = asked["box"] or None, asked["authorised_by"]
    tracks = opened.open(**asked["chosen"], box=box)
    key = asked["key_file"]
    given = _given(opened, writer, asked, {"box": box})
    given["provenance"] |= {"authorised_by": who} if who else {}
    return getattr(products, writer)(
        tracks,
        file,
        identities=asked["identities"],
        pseudonym_key=Path(key) if key else None,
        confidential="allow",
        reason=asked["reason"],
        authorised_by=who,
        **given,
        **({"geometry": "lines"} if asked["lines"] else {}),
    )


def _density(opened: Any, file: str, writer: str, asked: dict) -> Path:
    from oceandata import products
    from oceandata.grids import regular_grid
    from oceandata.job.plan import near
    from oceandata.tracks import vessel_hours

    box, step, gap = asked["box"], asked["step"], asked["gap"]
    grid = regular_grid(box, step=step)
    with show.progress("vessel_hours") as progress:
        hours = vessel_hours(
            opened.select(**asked["chosen"], box=near(tuple(box))),
            grid=grid,
            gap=gap,
            by=(),
            progress=progress,
        )
    given = _given(opened, writer, asked, {"box": box, "gap": gap, "step": step})
    given["release"] = asked["release"]
    if writer == "plot_map":
        given["language"] = asked["language"]
    return getattr(products, writer)(hours, file, **given)
