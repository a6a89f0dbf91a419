"""``octopack-data commitpack select``: the commits that changed one file, from tables, clones or BigQuery."""

from pathlib import Path
from typing import Annotated, Any

import typer

from humanevalpack.errors import UsageError
from octopack_data.bigquery import BigQuerySettings
from octopack_data.commands.settings_options import with_settings
from octopack_data.commands.stage_options import DryRunOption, OutputOption, say_counts
from octopack_data.commit_rows import HistorySettings
from octopack_data.exports import SHARD_BYTES
from octopack_data.settings import Some, written_settings
from octopack_data.statements import SelectSettings

EPILOG = (
    "EXAMPLES: (1) octopack-data commitpack select ~/src -o selected/ --assume-licence mit  "
    "(2) octopack-data commitpack select tables/ -o selected/ --plan fast --memory-limit 8GB  "
    "(3) octopack-data commitpack select bigquery -o selected/ --project my-project --dry-run"
)


class SelectOptions(SelectSettings, HistorySettings, BigQuerySettings):
    """All that the command can be told: the selection, and how each kind of source is read."""


def _only(kind: type[Some], options: SelectOptions) -> Some:
    values = written_settings(options)
    return kind.model_validate({name: values[name] for name in kind.model_fields})


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
    from octopack_data.selecting import select_commits, size_of
    from octopack_data.warehouse import Machine

    selection = _only(SelectSettings, settings)
    if sources == ["bigquery"]:
        _in_bigquery(output, selection, _only(BigQuerySettings, settings), overwrite=overwrite, dry_run=dry_run)
        return
    folders = [Path(source) for source in sources]
    if dry_run:
        typer.echo("\n".join(size_of(folders, _only(HistorySettings, settings)).lines))
        return
    options: dict[str, Any] = {"machine": Machine(memory_limit, temp_directory, threads), "shard_bytes": shard_bytes}
    histories = _only(HistorySettings, settings)
    say_counts(select_commits(folders, output, selection, histories, workers=workers, overwrite=overwrite, **options))


def _in_bigquery(
    output: Path, selection: SelectSettings, settings: BigQuerySettings, *, overwrite: bool, dry_run: bool
) -> None:
    from tqdm import tqdm

    from octopack_data import bigquery
    from octopack_data.manifests import new_manifest, write_manifest
    from octopack_data.selection_folder import writing
    from octopack_data.statements import METADATA, statements_of

    if selection.sample:
        raise UsageError("the selection in BigQuery takes no sample: give --sample to the stage behind it")
    client = bigquery.connect(settings)
    expected = bigquery.estimate(client, selection, settings)
    typer.echo(f"reads {expected.bytes / bigquery.TIB:.3f} TiB of the public data set: {expected.dollars:.2f} USD")
    if dry_run:
        return
    with writing(output, overwrite=overwrite):
        total = len(statements_of(selection))
        jobs = list(
            tqdm(bigquery.run(client, selection, settings), total=total, unit="job", desc="select", disable=None)
        )
        tables = {job.table: job.rows for job in jobs}
        facts = bigquery.job_facts(jobs, settings)
        counts = {"kept": tables[METADATA]}  # of the commits that were read BigQuery says bytes alone
        manifest = new_manifest("select", written_settings(selection), [], [], counts, tables=tables, **facts)
        write_manifest(output, manifest)
    say_counts(manifest)
    typer.echo(f"The tables are in {settings.project}.{settings.dataset}: octopack-data commitpack export {output}")
