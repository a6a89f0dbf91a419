"""The command ``humanevalpack``: one file a command, nothing heavy imported before a command runs.

Help texts are plain (no rich markup): drawing them with rich would double the start-up time.
"""

from collections.abc import Sequence

import typer

from humanevalpack.command_line import add_version, start
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
add_version(app)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command."""
    start(app, arguments)
