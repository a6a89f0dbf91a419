"""``octopack-data stats …``: counts of instruction data."""

from typing import Annotated, Literal

import typer

from octopack_data.commands.settings_options import with_settings
from octopack_data.commands.stage_options import (
    DryRunOption,
    OutputOption,
    OverwriteOption,
    RevisionOption,
    SourceArgument,
    WorkersOption,
    run,
)
from octopack_data.instruction_languages import LanguageSettings

app = typer.Typer(help="Counts of instruction data.", rich_markup_mode=None, no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Each table a command of its own."""


@with_settings(LanguageSettings)
def languages(
    source: SourceArgument,
    output: OutputOption,
    revision: RevisionOption = None,
    workers: WorkersOption = 1,
    overwrite: OverwriteOption = False,
    dry_run: DryRunOption = False,
    figure: Annotated[bool, typer.Option("--figure", help="Draw the counts as PDF and PNG, too.")] = False,
    style: Annotated[Literal["screen", "paper"], typer.Option(help="paper: a page's width.")] = "screen",
    *,
    settings: LanguageSettings,
) -> None:
    """Count the programming languages of texts, and write them as CSV, Markdown and JSON."""
    from octopack_data.instruction_languages import draw_counts, language_counts, languages_stage, write_languages
    from octopack_data.sources import find_parts

    stage = languages_stage(find_parts(source, revision=revision), output, settings)
    manifest = run(stage, workers=workers, overwrite=overwrite, dry_run=dry_run)
    if manifest is None:
        return
    csv_file, table, json_file = write_languages(output, manifest)
    typer.echo(table.read_text("utf-8"), nl=False)
    files = [csv_file, table, json_file]
    if figure:
        files += draw_counts(language_counts(manifest), output, style=style)
    for file in files:
        typer.echo(file)


app.command(
    "languages",
    epilog="EXAMPLES: (1) octopack-data stats languages pairs/ -o counts/ --figure  "
    "(2) octopack-data stats languages pairs/ -o counts/ --detector magika --inside-fence  "
    "(3) octopack-data stats languages rows.jsonl -o counts/ --column output --detector my.module:language",
)(languages)
