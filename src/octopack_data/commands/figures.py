"""``octopack-data figures``: the paper's figures from the numbers that ship, or from a file of one's own."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from octopack_data.commands.stage_options import OutputOption

EPILOG = (
    "EXAMPLES: (1) octopack-data figures all -o figures/ --style paper  "
    "(2) octopack-data figures tasks -o figures/ --data tasks.csv  "
    "(3) octopack-data figures bug_types -o figures/ --data RUN"
)


def figures(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="overview, models, ablations, bug_types, languages, tasks, or all.")
    ],
    output: OutputOption,
    style: Annotated[
        Literal["default", "paper"], typer.Option(help="paper: the width of a page's text, small type.")
    ] = "default",
    data: Annotated[
        Path | None,
        typer.Option("--data", help="CSV with the figure's columns, instead of the published numbers.",
                     show_default=False),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that are there.")] = False,
) -> None:  # fmt: skip
    """Draw figures as PDF and PNG."""
    from octopack_data.figures.gallery import draw

    for file in draw(name, output, style=style, data=data, overwrite=overwrite):
        typer.echo(file)
