"""``octopack-data commitpack select``: the commits that changed one file, from tables, clones or BigQuery."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from octopack_data.bigquery import BigQuerySettings
from octopack_data.commands.settings_options import with_settings
from octopack_data.commands.stage_options import DryRunOption, OutputOption, say_counts
from octopack_data.commit_rows import HistorySettings
from octopack_data.exports import SHARD_BYTES
from octopack_data.settings import narrowed
from octopack_data.statements import SelectSettings

if TYPE_CHECKING:
    from octopack_data.remote_selection import RemoteSelection

EPILOG = (
    "EXAMPLES: (1) octopack-data commitpack select ~/src -o selected/ --assume-licence mit  "
    "(2) octopack-data commitpack select tables/ -o selected/ --plan fast --memory-limit 8GB  "
    "(3) octopack-data commitpack select bigquery -o selected/ --project my-project --dry-run"
)


class SelectOptions(SelectSettings, HistorySettings, BigQuerySettings):
    """All that the command can be told: the selection, and how each kind of source is read."""


@with_settings(SelectOptions)
def select(
    sources: Annotated[
        list[str],
        typer.Argument(
            help="Folder with the tables commits, languages, licenses in Parquet; or clones, or folders with clones "
            "below them; or the word bigquery.",
            metavar="SOURCE...",
            show_default=False,
        ),
    ],
    output: OutputOption,
    workers: Annotated[int, typer.Option(help="Processes that read clones.", min=1)] = 1,
    memory_limit: Annotated[str | None, typer.Option(help="Of DuckDB, as 8GB. [default: 80 %]")] = None,
    temp_directory: Annotated[Path | None, typer.Option(help="Of DuckDB. [default: in the output folder]")] = None,
    threads: Annotated[int | None, typer.Option(help="Of DuckDB. [default: all cores]", min=1)] = None,
    shard_bytes: Annotated[int, typer.Option(help="Size of a metadata shard.", min=1)] = SHARD_BYTES,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier selection there.")] = False,
    dry_run: DryRunOption = False,
    *,
    settings: SelectOptions,
) -> None:
    """Select the commits that changed exactly one file in place, with a message that says something."""
    from octopack_data.remote_selection import BIGQUERY, RemoteSelection
    from octopack_data.selecting import select_commits, size_of
    from octopack_data.warehouse import Machine

    if sources == [BIGQUERY]:
        _in_bigquery(output, narrowed(RemoteSelection, settings), overwrite=overwrite, dry_run=dry_run)
        return
    selection = narrowed(SelectSettings, settings)
    folders = [Path(source) for source in sources]
    if dry_run:
        typer.echo("\n".join(size_of(folders, narrowed(HistorySettings, settings)).lines))
        return
    options: dict[str, Any] = {"machine": Machine(memory_limit, temp_directory, threads), "shard_bytes": shard_bytes}
    histories = narrowed(HistorySettings, settings)
    say_counts(select_commits(folders, output, selection, histories, workers=workers, overwrite=overwrite, **options))


def _in_bigquery(output: Path, settings: "RemoteSelection", *, overwrite: bool, dry_run: bool) -> None:
    from octopack_data.remote_selection import price, select_remote

    typer.echo(price(settings))
    if dry_run:
        return
    say_counts(select_remote(output, settings, overwrite=overwrite))
    typer.echo(f"The tables are in {settings.project}.{settings.dataset}: octopack-data commitpack export {output}")
