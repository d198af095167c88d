"""Entry point of the command line; commands are imported when they are called."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import Any

import click

from oceandata.cli import codes

COMMANDS = {
    "identify": "files",
    "simulate": "files",
    "ingest": "ingest",
    "info": "stores",
    "history": "stores",
    "verify": "stores",
    "compact": "stores",
    "vacuum": "stores",
    "describe": "backup",
    "backup": "backup",
    "restore": "backup",
    "catalog": "catalog",
    "run": "run",
    "submit": "submit",
    "export": "export",
    "key": "key",
    "audit": "audit",
    "demo": "demo",
}

EPILOG = "Exit codes: " + "; ".join(
    f"{code} {meaning}" for code, meaning in codes.MEANINGS.items()
)


class LazyGroup(click.Group):
    """A group that imports a command's module when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        return getattr(import_module(f"oceandata.cli.{COMMANDS[name]}"), name)

    def resolve_command(self, ctx: click.Context, args: list[str]):
        from difflib import get_close_matches

        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in COMMANDS:
            close = get_close_matches(name, COMMANDS, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            ctx.fail(f"no command {name!r}{hint}")
        return super().resolve_command(ctx, args)


def _print_version(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked and not ctx.resilient_parsing:
        from oceandata import __version__

        click.echo(f"oceandata {__version__}")
        ctx.exit()


@click.group(cls=LazyGroup, epilog=EPILOG)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Print the version and leave.",
)
@click.option("--traceback", is_flag=True, help="Show where an error arose.")
@click.pass_context
def oceandata(ctx: click.Context, traceback: bool) -> None:
    """Ocean big data: from raw vessel files to stores, maps and reports."""
    ctx.obj = {"traceback": traceback}


def main(args: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    args = sys.argv[1:] if args is None else args
    sys.exit(_run(args))


def _run(args: list[str]) -> int:
    """The exit code of a command line; errors become one clear message."""
    try:
        result = oceandata.main(args=args, prog_name="oceandata", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return codes.USAGE if isinstance(error, click.UsageError) else codes.FAULTS
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return codes.INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return codes.OK
    except Exception as error:
        return _tell(error, traceback="--traceback" in args)
    return result if isinstance(result, int) else codes.OK


def _tell(error: Exception, *, traceback: bool) -> int:
    """Write an error to stderr; unforeseen ones always show where they arose.

    One rank that fails alone stops the others, which may be waiting for it. What all
    ranks know of is told by the first, before any of them leaves.
    """
    from oceandata.errors import OceanDataError

    world = _world()
    together = world is not None and getattr(error, "on_every_rank", False)
    foreseen = isinstance(error, OceanDataError | OSError | MemoryError)
    if together and world.Get_rank() > 0:
        pass
    elif traceback or not foreseen:
        import traceback as tracebacks

        tracebacks.print_exception(error)
    else:
        notes = "".join(f"; {note}" for note in getattr(error, "__notes__", ()))
        click.echo(f"oceandata: {_words(error)}{notes}", err=True)
    sys.stderr.flush()
    if together:
        world.Barrier()
    elif world is not None:
        world.Abort(codes.code_of(error))
    return codes.code_of(error)


def _words(error: Exception) -> str:
    """An error's message; that of the system without its number."""
    named = isinstance(error, OSError) and error.filename and error.strerror
    return f"{error.filename}: {error.strerror.lower()}" if named else str(error)


def _world() -> Any:
    """MPI's ranks if there are several, None where MPI was never started here."""
    mpi = sys.modules.get("mpi4py.MPI")
    several = mpi and mpi.Is_initialized() and mpi.COMM_WORLD.Get_size() > 1
    return mpi.COMM_WORLD if several else None


if __name__ == "__main__":
    main()
