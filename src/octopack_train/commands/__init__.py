"""The command ``octopack-train``: one file a command, nothing heavy imported before a command runs."""

from collections.abc import Sequence

import typer

from humanevalpack.command_line import add_version, start
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
add_version(app)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command."""
    start(app, arguments)
