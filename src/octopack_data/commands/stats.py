"""``octopack-data stats …``: Table 4, the funnel, the lineage, licences, sizes of changes, languages."""

from pathlib import Path
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

app = typer.Typer(
    help="Tables of what is in data, and of what stages made of it.", rich_markup_mode=None, no_args_is_help=True
)

RawArgument = Annotated[
    str | None,
    typer.Argument(metavar="RAW", help="Shards before the filters; without: the released numbers.", show_default=False),
]
FilteredArgument = Annotated[
    str | None, typer.Argument(metavar="FILTERED", help="Shards after the filters.", show_default=False)
]
BlocksOption = Annotated[bool, typer.Option("--disk-blocks", help="Kilobytes as du counts them, like the release.")]
FoldersArgument = Annotated[list[Path], typer.Argument(metavar="FOLDER...", help="Outputs of stages.")]


@app.command(
    "table",
    epilog="EXAMPLES: (1) octopack-data stats table --format latex  "
    "(2) octopack-data stats table commitpack/ commitpackft/ --format sizes > sizes.csv",
)
def table(
    raw: RawArgument = None,
    filtered: FilteredArgument = None,
    form: Annotated[
        Literal["csv", "markdown", "markdown-shares", "latex", "sizes"],
        typer.Option(
            "--format",
            help="markdown-shares: four decimals, with shares of samples; sizes: CSV for figures languages --data.",
        ),
    ] = "markdown",
    blocks: BlocksOption = False,
) -> None:
    """Print languages with megabytes and samples, before and after the filters (Table 4 of the paper)."""
    from octopack_data.language_table import language_table
    from octopack_data.statistics import chosen_sizes

    typer.echo(language_table(chosen_sizes(raw, filtered, blocks=blocks), form), nl=False)


@app.command("funnel", epilog="EXAMPLE: octopack-data stats funnel commitpackft/")
def funnel(folders: FoldersArgument) -> None:
    """Print what each stage that led to these folders kept and dropped, and why."""
    from octopack_data.funnel import funnel_table, read_chain

    typer.echo(funnel_table(read_chain(*folders)), nl=False)


@app.command("lineage", epilog="EXAMPLE: octopack-data stats lineage commitpackft/ > lineage.mmd")
def lineage(folders: FoldersArgument) -> None:
    """Print which stage read whose output, as a Mermaid graph."""
    from octopack_data.funnel import lineage_graph, read_chain

    typer.echo(lineage_graph(read_chain(*folders)), nl=False)


@app.command("licences", epilog="EXAMPLE: octopack-data stats licences commitpack/ -o audit/ --workers 8")
def licences(
    source: SourceArgument,
    output: OutputOption,
    revision: RevisionOption = None,
    workers: WorkersOption = 1,
    overwrite: OverwriteOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """Audit licences: rows by licence and language, repositories behind each licence, rows without one."""
    from octopack_data.audit import audit_stage, write_audit
    from octopack_data.sources import find_parts

    stage = audit_stage(find_parts(source, revision=revision), output)
    manifest = run(stage, workers=workers, overwrite=overwrite, dry_run=dry_run)
    if manifest is None:
        return
    for file in write_audit(output, manifest):
        typer.echo(file)
    typer.echo(
        f"{manifest['counts']['unknown']:,} of {manifest['counts']['rows']:,} rows have no known licence: unknown/"
    )


@app.command("changes", epilog="EXAMPLE: octopack-data stats changes commitpackft/ -o changes/")
def changes(
    source: SourceArgument,
    output: OutputOption,
    revision: RevisionOption = None,
    workers: WorkersOption = 1,
    overwrite: OverwriteOption = False,
    dry_run: DryRunOption = False,
) -> None:
    """Print how large files and changes are, by language."""
    from octopack_data.changes import changes_stage, changes_table
    from octopack_data.sources import find_parts

    stage = changes_stage(find_parts(source, revision=revision), output)
    manifest = run(stage, workers=workers, overwrite=overwrite, dry_run=dry_run)
    if manifest is not None:
        typer.echo(changes_table(manifest), nl=False)


@app.command(
    "languages",
    epilog="EXAMPLES: (1) octopack-data stats languages pairs/ -o counts/  "
    "(2) octopack-data stats languages pairs/ -o counts/ --detector magika --inside-fence  "
    "(3) octopack-data stats languages rows.jsonl -o counts/ --column output --detector my.module:language",
)
@with_settings(LanguageSettings)
def languages(
    source: SourceArgument,
    output: OutputOption,
    revision: RevisionOption = None,
    workers: WorkersOption = 1,
    overwrite: OverwriteOption = False,
    dry_run: DryRunOption = False,
    *,
    settings: LanguageSettings,
) -> None:
    """Count the programming languages of texts, and write them as CSV, Markdown and JSON."""
    from octopack_data.instruction_languages import languages_stage, write_languages
    from octopack_data.sources import find_parts

    stage = languages_stage(find_parts(source, revision=revision), output, settings)
    manifest = run(stage, workers=workers, overwrite=overwrite, dry_run=dry_run)
    if manifest is None:
        return
    files = write_languages(output, manifest)
    typer.echo(files[1].read_text("utf-8"), nl=False)
    for file in files:
        typer.echo(file)


@app.command("mentions", epilog="EXAMPLE: octopack-data stats mentions instructions.jsonl > mentions.csv")
def mentions(
    source: SourceArgument,
    revision: RevisionOption = None,
    words: Annotated[
        Path | None,
        typer.Option("--words", help="CSV with language, words, case, instead of our list.", show_default=False),
    ] = None,
) -> None:
    """Print how many instructions name each programming language, by words, as CSV."""
    from octopack_data.self_instruct.mentions import MENTIONS, count_mentions, mentions_table, read_mentions
    from octopack_data.self_instruct.tasks import read_tasks
    from octopack_data.sources import find_parts

    known = read_mentions(words or MENTIONS)
    texts = (task.prompt for part in find_parts(source, revision=revision) for task in read_tasks(part))
    typer.echo(mentions_table(*count_mentions(texts, known)), nl=False)
