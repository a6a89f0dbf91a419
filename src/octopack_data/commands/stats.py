"""``octopack-data commitpack stats …``: Table 4 and its figure, the funnel, the lineage, licences, sizes of changes."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from octopack_data.commands.stage_options import (
    DryRunOption,
    OutputOption,
    OverwriteOption,
    RevisionOption,
    SourceArgument,
    WorkersOption,
    run,
)

app = typer.Typer(help="Tables and figures of finished stages.", rich_markup_mode=None, no_args_is_help=True)

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
    epilog="EXAMPLES: (1) octopack-data commitpack stats table --format latex  "
    "(2) octopack-data commitpack stats table commitpack/ commitpackft/ --format markdown",
)
def table(
    raw: RawArgument = None,
    filtered: FilteredArgument = None,
    form: Annotated[
        Literal["csv", "markdown", "markdown-shares", "latex"],
        typer.Option("--format", help="markdown-shares: four decimals, with shares of samples."),
    ] = "markdown",
    blocks: BlocksOption = False,
) -> None:
    """Print languages with megabytes and samples, before and after the filters (Table 4 of the paper)."""
    from octopack_data.language_table import language_table
    from octopack_data.statistics import chosen_sizes

    typer.echo(language_table(chosen_sizes(raw, filtered, blocks=blocks), form), nl=False)


@app.command(
    "figure",
    epilog="EXAMPLE: octopack-data commitpack stats figure commitpack/ commitpackft/ -o figures/ --style paper",
)
def figure(
    output: OutputOption,
    raw: RawArgument = None,
    filtered: FilteredArgument = None,
    style: Annotated[
        Literal["default", "paper"], typer.Option(help="paper: a page's width, published axes.")
    ] = "default",
    top: Annotated[int, typer.Option(min=1, help="Languages with bars of their own.")] = 45,
    overwrite: OverwriteOption = False,
) -> None:
    """Draw the distribution of languages as PDF and PNG."""
    from octopack_data.figures.languages import draw_languages
    from octopack_data.statistics import chosen_sizes

    sizes = chosen_sizes(raw, filtered)
    for file in draw_languages(sizes, output, top=top, style=style, overwrite=overwrite):
        typer.echo(file)


@app.command("funnel", epilog="EXAMPLE: octopack-data commitpack stats funnel commitpackft/")
def funnel(folders: FoldersArgument) -> None:
    """Print what each stage that led to these folders kept and dropped, and why."""
    from octopack_data.funnel import funnel_table, read_chain

    typer.echo(funnel_table(read_chain(*folders)), nl=False)


@app.command("lineage", epilog="EXAMPLE: octopack-data commitpack stats lineage commitpackft/ > lineage.mmd")
def lineage(folders: FoldersArgument) -> None:
    """Print which stage read whose output, as a Mermaid graph."""
    from octopack_data.funnel import lineage_graph, read_chain

    typer.echo(lineage_graph(read_chain(*folders)), nl=False)


@app.command("licences", epilog="EXAMPLE: octopack-data commitpack stats licences commitpack/ -o audit/ --workers 8")
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


@app.command("changes", epilog="EXAMPLE: octopack-data commitpack stats changes commitpackft/ -o changes/")
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
