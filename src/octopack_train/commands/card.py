"""``octopack-train card``: the model card of a run."""

from pathlib import Path
from typing import Annotated

import typer

from octopack_data.commands.settings_options import with_settings
from octopack_train.cards import CardSettings

EPILOG = (
    "EXAMPLES: (1) octopack-train card run/ -o run/adapter/README.md  "
    "(2) octopack-train card run/ --recipe octocoder --repository me/octocoder -o merged/README.md"
)


@with_settings(CardSettings)
def card(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a training run.")],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="File to write [default: the terminal]; in the folder of a merged model, the card is that model's.",
            show_default=False,
        ),
    ] = None,
    recipe: Annotated[
        str | None,
        typer.Option(
            "--recipe", help="Recipe to compare with [default: the one it began with, or extends].", show_default=False
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a card that is there.")] = False,
    *,
    settings: CardSettings,
) -> None:
    """Write the card of a training run: recipe, deviations from the published run, data, licences, measurements."""
    from humanevalpack.errors import UsageError
    from octopack_train.adapters.provenance import PROVENANCE
    from octopack_train.cards import make_card
    from octopack_train.run_facts import read_run

    merged = output is not None and (output.parent / PROVENANCE).is_file()
    text = make_card(read_run(run), settings, recipe, merged=merged)
    if output is None:
        typer.echo(text, nl=False)
        return
    if output.exists() and not overwrite:
        raise UsageError(f"{output} is there already; name another file, or say --overwrite")
    output.write_text(text, "utf-8")
    typer.echo(output)
