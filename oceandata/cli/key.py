"""``oceandata key``: secrets of pseudonyms, one for each release."""

from __future__ import annotations

import click

from oceandata.cli import codes, show


@click.group()
def key() -> None:
    """Make the secret keys of pseudonyms."""


@key.command()
@click.argument("path", type=click.Path(dir_okay=False))
def new(path: str) -> int:
    """Make a key in the new file PATH, readable by you alone (mode 0600).

    Keep it outside of the store and of what you publish, one for each release. Who has
    it can tell which vessel is which; who loses it cannot make the same pseudonyms
    again. A file that exists is never replaced.
    """
    from oceandata.products.pseudonyms import new_key

    show.say(str(new_key(path)))
    return codes.OK
