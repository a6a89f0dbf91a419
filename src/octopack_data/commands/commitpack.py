"""``octopack-data commitpack …``: the stages from the selection of commits to CommitPackFT."""

import typer

from octopack_data.commands import export, select

app = typer.Typer(
    help="CommitPack and CommitPackFT: select, export, fetch, split, shard, filter, and what belongs to them.",
    rich_markup_mode=None,
    no_args_is_help=True,
)


@app.callback()
def _group() -> None:
    """The stages, each a command of its own."""


app.command("select", epilog=select.EPILOG)(select.select)
app.command("export", epilog=export.EPILOG)(export.export)
