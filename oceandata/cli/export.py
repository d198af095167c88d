"""``oceandata export``: tracks or a density of a selection, as a file for others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from oceandata.cli import codes, show

ENDINGS = {"tracks": (".nc",), "density": (".nc", ".tif", ".tiff", ".png")}


@click.command()
@click.argument("store", type=click.Path())
@click.argument("file", type=click.Path(dir_okay=False))
@click.option(
    "--what",
    type=click.Choice(list(ENDINGS)),
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
def export(
    store, file, what, box, period, vessels, as_of, step, gap, identities, key_file
) -> int:
    """Write FILE with the density (.nc, .tif, .png) or the tracks (.nc) of a selection.

    Cells with fewer than three vessels are withheld. Tracks name their vessels, so
    --identities has to be said: pseudonyms (needs --key-file) or reveal.
    """
    suffix = Path(file).suffix
    if suffix not in ENDINGS[what]:
        expected = ", ".join(ENDINGS[what])
        raise click.UsageError(f"{what} can be written as {expected}; got {file!r}")
    if what == "tracks" and identities is None:
        raise click.UsageError(
            "tracks name their vessels: add --identities pseudonyms --key-file FILE, "
            "or --identities reveal"
        )
    if what == "density" and not box:
        raise click.UsageError("a density needs its region: --box W S E N")
    from oceandata.store import open_store

    opened = open_store(store, as_of=as_of)
    chosen = {
        "vessels": [_vessel(text) for text in vessels] or None,
        "period": period or None,
    }
    record = _record(opened, chosen | {"box": box or None, "gap": gap, "step": step})
    if what == "tracks":
        written = _tracks(opened, file, chosen, box, identities, key_file, record)
    else:
        written = _density(opened, file, chosen, box, step, gap, record)
    show.say(str(written))
    return codes.OK


def _vessel(text: str) -> int | str:
    return int(text) if text.isdigit() else text


def _record(opened: Any, parameters: dict) -> dict:
    from oceandata.products import provenance

    return provenance(parameters=parameters, store=opened.path, commit=opened.number)


def _tracks(opened, file, chosen, box, identities, key_file, record) -> Path:
    from oceandata.products import to_netcdf

    tracks = opened.open(**chosen, box=box or None)
    return to_netcdf(
        tracks,
        file,
        identities=identities,
        pseudonym_key=Path(key_file) if key_file else None,
        provenance=record,
    )


def _density(opened, file, chosen, box, step, gap, record) -> Path:
    from oceandata import products
    from oceandata.grids import regular_grid
    from oceandata.job.plan import near
    from oceandata.tracks import vessel_hours

    grid = regular_grid(box, step=step)
    with show.progress("vessel_hours") as progress:
        hours = vessel_hours(
            opened.select(**chosen, box=near(tuple(box))),
            grid=grid,
            gap=gap,
            by=(),
            progress=progress,
        )
    suffix = Path(file).suffix
    if suffix == ".nc":
        return products.to_netcdf(hours, file, provenance=record)
    if suffix == ".png":
        return products.plot_map(hours, file, provenance=record)
    return products.to_geotiff(hours, file, provenance=record)
