"""``octopack-data card``: README.md and SHA256SUMS of a data set."""

from pathlib import Path
from typing import Annotated

import typer

from octopack_data.cards import CardSettings
from octopack_data.commands.settings_options import with_settings

EPILOG = (
    "EXAMPLE: octopack-data card commitpack/ --name MyCommitPack --repository me/commitpack "
    "--contact https://example.org/removal --audit audit/"
)


@with_settings(CardSettings)
def card(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Output of a stage, with rows in data/.")],
    audit: Annotated[
        Path | None, typer.Option("--audit", help="Folder of stats licences, for the licences.", show_default=False)
    ] = None,
    *,
    settings: CardSettings,
) -> None:
    """Write the card of a data set: configurations, columns, licences, how it was made, how to have rows removed."""
    from octopack_data.cards import write_card

    for file in write_card(folder, settings, audit):
        typer.echo(file)
