"""``octopack-train stats``: tokens by source and language, and how full the rows are."""

import json
from pathlib import Path
from typing import Annotated

import typer

from octopack_train.commands.recipes import JsonOption, SetOption

EPILOG = (
    "EXAMPLES: (1) octopack-train stats octopack-train-run  (2) octopack-train stats --recipe tiny-smoke  "
    "(3) octopack-train stats --recipe octocoder --set data.path=rows.jsonl --limit 2000"
)


def stats(
    run: Annotated[
        Path | None, typer.Argument(metavar="[RUN]", help="Folder of a training run.", show_default=False)
    ] = None,
    recipe: Annotated[
        str | None,
        typer.Option("--recipe", metavar="RECIPE", help="Data of a recipe, before a run.", show_default=False),
    ] = None,
    settings: SetOption = None,
    limit: Annotated[
        int | None,
        typer.Option("--limit", min=1, help="First rows of each source [default: all].", show_default=False),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Print a histogram of tokens by source and language, and how full packing makes the rows.

    Of a run's data, or of a recipe's: that is made ready as a run would do it, and thrown away.
    """
    from humanevalpack.errors import UsageError
    from octopack_train.recipes.reading import read_recipe
    from octopack_train.statistics import stats_of_recipe, stats_of_run, stats_text

    if (run is None) == (recipe is None):
        raise UsageError("stats: name a run's folder, or --recipe, and not both")
    if run is not None and (settings or limit):
        raise UsageError("stats: --set and --limit are for --recipe; the data of a run is as it was made")
    found = stats_of_run(run) if run is not None else stats_of_recipe(read_recipe(recipe or "", settings or ()), limit)
    typer.echo(json.dumps(found, indent=2) if as_json else stats_text(found), nl=as_json)
