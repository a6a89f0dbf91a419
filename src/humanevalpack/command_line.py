"""What the commands ``humanevalpack``, ``octopack-data`` and ``octopack-train`` have in common."""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from humanevalpack.errors import EnvironmentFault, HumanEvalPackError
from humanevalpack.version import __version__


def add_version(app: typer.Typer) -> None:
    """Give a command its ``--version``."""

    def print_version(wanted: bool) -> None:
        if wanted:
            typer.echo(f"{app.info.name} {__version__}")
            raise typer.Exit

    @app.callback()
    def _root(
        version: Annotated[
            bool, typer.Option("--version", callback=print_version, is_eager=True, help="Print the version and stop.")
        ] = False,
    ) -> None:
        """Options that stand before the command."""


def start(app: typer.Typer, arguments: Sequence[str] | None) -> None:
    """Run one command; errors become one message on stderr and an exit code (ours carry it)."""
    try:
        app(args=arguments)
    except HumanEvalPackError as error:
        typer.echo(f"Error: {error}", err=True)
        sys.exit(error.exit_code)
    except OSError as error:  # a full disk, a folder of another user: the message names the path
        typer.echo(f"Error: {error}", err=True)
        sys.exit(EnvironmentFault.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
