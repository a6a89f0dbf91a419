"""``octopack-data tasks label|count``: what commits are about, by a model, and the table for the figure."""

from pathlib import Path
from typing import Annotated

import typer

from octopack_data.commands.chat_options import say_cost, say_end
from octopack_data.commands.settings_options import with_settings
from octopack_data.commands.stage_options import (
    DryRunOption,
    OutputOption,
    OverwriteOption,
    RevisionOption,
    SourceArgument,
)
from octopack_data.task_labels import LabelSettings

app = typer.Typer(
    help="The kinds of tasks in commits: labelled by a model, and counted.",
    rich_markup_mode=None,
    no_args_is_help=True,
)


@app.command(
    "label",
    epilog="EXAMPLE: octopack-data tasks label commitpackft/data/python -o labels/ --model gpt-4 "
    "--base-url https://api.openai.com/v1 --sample 1000 --dry-run",
)
@with_settings(LabelSettings)
def label(
    source: SourceArgument,
    output: OutputOption,
    revision: RevisionOption = None,
    overwrite: OverwriteOption = False,
    dry_run: DryRunOption = False,
    *,
    settings: LabelSettings,
) -> None:
    """Label every commit with one of 18 kinds of tasks; a run that was broken off goes on and asks nothing twice."""
    from octopack_data.chats.settings import checked_key
    from octopack_data.sources import find_parts
    from octopack_data.task_labels import estimate
    from octopack_data.task_labels import label as label_commits

    parts = find_parts(source, revision=revision)
    if dry_run:
        checked_key(settings)
        say_cost(estimate(parts, settings))
        return
    say_end(label_commits(parts, output, settings, overwrite=overwrite))


@app.command(
    "count",
    epilog="EXAMPLES: (1) octopack-data tasks count labels/ > tasks.csv  "
    "(2) octopack-data tasks count message_category.json",
)
def count(
    source: Annotated[
        str, typer.Argument(metavar="LABELS", help="Output of label, or a list {_id, message, category}.")
    ],
    categories: Annotated[
        Path | None, typer.Option("--categories", help="YAML file that they were labelled with.", show_default=False)
    ] = None,
) -> None:
    """Print commits by category as CSV: what octopack-data figures tasks --data draws."""
    from octopack_data.sources import find_parts
    from octopack_data.task_categories import CATEGORIES, read_categories
    from octopack_data.task_labels import count_labels, counts_table

    known = read_categories(categories or CATEGORIES)
    listed = source.endswith(".json")
    paths = [Path(source)] if listed else [path for part in find_parts(source) for path in part.paths]
    counts, none = count_labels(paths, known)
    typer.echo(counts_table(counts, known), nl=False)
    typer.echo(f"{none:,} commits have no valid category: they are not counted", err=True)
