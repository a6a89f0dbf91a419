"""The command ``humanevalpack``: one file a command, nothing heavy imported before a command runs.

Help texts are plain (no rich markup): drawing them with rich would double the start-up time.
"""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from humanevalpack.commands import (
    compare,
    doctor,
    evaluate,
    generations,
    presets,
    prompts,
    report,
    run,
    sandbox,
    tasks,
    verify,
)
from humanevalpack.errors import HumanEvalPackError
from humanevalpack.version import __version__

app = typer.Typer(
    name="humanevalpack",
    help="HumanEvalPack (OctoPack): fix, explain and synthesize code in six languages. "
    "Begin with: humanevalpack run MODEL --dry-run. The 30 tasks run through lm_eval: lm_eval --tasks humanevalpack",
    epilog="Exit codes: 0 done; 1 a check found a difference; 2 wrong usage or input; 3 something of this machine is "
    "missing (hub, sandbox, toolchain).",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run", epilog=run.EXAMPLES)(run.run)
app.command("evaluate", epilog=evaluate.EXAMPLES)(evaluate.evaluate)
app.command("verify")(verify.verify)
app.command("doctor", epilog=doctor.EXAMPLES)(doctor.doctor)
app.add_typer(generations.app, name="generations")
app.command("compare", epilog=compare.EXAMPLES)(compare.compare)
app.command("report", epilog=report.EXAMPLES)(report.report)
app.add_typer(presets.app, name="presets")
app.add_typer(prompts.app, name="prompts")
app.add_typer(sandbox.app, name="sandbox")
app.add_typer(tasks.app, name="tasks")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"humanevalpack {__version__}")
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
    except KeyboardInterrupt:
        sys.exit(130)
