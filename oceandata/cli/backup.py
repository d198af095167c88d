"""``oceandata backup | restore | describe``: a store's copies, and whose it is."""

from __future__ import annotations

from dataclasses import asdict

import click

from oceandata.cli import codes, show

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command(short_help="Copy a store, or bring its copy up to date.")
@click.argument("store", type=click.Path())
@click.argument("to", type=click.Path())
@click.option("--as-of", type=int, help="Copy the store up to this commit.")
@JSON
def backup(store: str, to: str, as_of: int | None, as_json: bool) -> int:
    """Copy STORE to the folder TO, or bring the copy that lies there up to date.

    Only what the copy lacks is written; every file is read back and compared with its
    checksum. Jobs may go on writing to STORE. A copy that was interrupted goes on when
    the command is given again.
    """
    from oceandata.store import open_store

    opened = open_store(store)
    with show.progress("backup") as progress:
        done = opened.copy(to, as_of=as_of, progress=progress)
    if as_json:
        show.say_json({"store": store, **asdict(done)})
        return codes.OK
    show.say(
        f"{to}: commit {done.number}; {done.files:,} files ({show.size(done.bytes)}) "
        f"written and verified, {done.present:,} ({show.size(done.present_bytes)}) "
        "were there"
    )
    return codes.OK


@click.command(short_help="Put damaged or missing files back from a copy.")
@click.argument("store", type=click.Path())
@click.option("--from", "copy", type=click.Path(), required=True, metavar="COPY")
@JSON
def restore(store: str, copy: str, as_json: bool) -> int:
    """Put damaged or missing files of STORE back from a copy of it.

    Every byte of STORE is read; files that are whole are not touched. Leaves with 4
    if something is damaged in both.
    """
    from oceandata.store import restore as put_back

    with show.progress("restore") as progress:
        done = put_back(store, copy, progress=progress)
    if as_json:
        show.say_json({"store": store, **asdict(done)})
        return codes.OK
    show.say(str(done))
    return codes.OK


@click.command()
@click.argument("store", type=click.Path())
@click.option("--dataset", default="*", show_default=True, help="tracks, maps/NAME, …")
@click.option("--title")
@click.option("--description")
@click.option("--owner")
@click.option("--license", help="SPDX identifier such as CC-BY-4.0, or words.")
@click.option("--license-url")
@click.option("--attribution", help="Whom to name, in the words to use.")
@click.option("--doi")
@click.option("--contact")
@click.option(
    "--redistribution", type=click.Choice(["allowed", "unknown", "forbidden"])
)
@click.option("--sensitivity", type=click.Choice(["public", "restricted", "secret"]))
def describe(store: str, dataset: str, **said: str | None) -> int:
    """Say whose the data in STORE are and what may become of them.

    Without options: what has been said. It stands in the log, so that exports and the
    catalogue know it.
    """
    from oceandata.store import open_store

    opened = open_store(store)
    said = {name: value for name, value in said.items() if value is not None}
    if said:
        try:
            number = opened.describe(dataset, **said)
        except ValueError as error:
            raise click.UsageError(str(error)) from error
        show.say(f"{store}: commit {number}")
        return codes.OK
    rows = sorted(opened.about(dataset).items())
    show.say(show.table(rows, ("what", "value")))
    return codes.OK
