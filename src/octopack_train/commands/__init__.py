"""The command ``octopack-train``: one file a command, nothing heavy imported before a command runs."""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from humanevalpack.errors import EnvironmentFault, HumanEvalPackError
from humanevalpack.version import __version__
from octopack_train.commands import adapter, card, check_equivalence, megatron, recipes, sft, stats

app = typer.Typer(
    name="octopack-train",
    help="The training recipes of OctoPack. Begin with: octopack-train sft --recipe octocoder --dry-run",
    epilog="Exit codes: 0 done; 1 a check found a difference; 2 wrong usage or input; 3 something of this machine is "
    "missing (a package, a device, disk).",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(recipes.app, name="recipes")
app.add_typer(adapter.app, name="adapter")
app.add_typer(megatron.app, name="megatron")
app.command("card", epilog=card.EPILOG)(card.card)
app.command("sft", epilog=sft.EPILOG)(sft.sft)
app.command("stats", epilog=stats.EPILOG)(stats.stats)
app.command("check-equivalence", epilog=check_equivalence.EPILOG)(check_equivalence.check_equivalence)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"octopack-train {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Options that stand before the command."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command; our own errors become one message on stderr and the exit code that they carry."""
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
