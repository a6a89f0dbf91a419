"""``octopack-data commitpack export``: a selection's metadata and licence map as files elsewhere."""

from pathlib import Path
from typing import Annotated

import typer

from octopack_data.commands.stage_options import DryRunOption
from octopack_data.exports import SHARD_BYTES

EPILOG = (
    "EXAMPLES: (1) octopack-data commitpack export selected/ --to metadata/  "
    "(2) octopack-data commitpack export selected/ --to gs://bucket/commitpackmeta  "
    "(3) octopack-data commitpack export selected/ --to metadata/ --dry-run"
)


def export(
    selection: Annotated[Path, typer.Argument(help="Output folder of commitpack select.", show_default=False)],
    to: Annotated[str, typer.Option("--to", help="Folder, or gs://BUCKET/FOLDER from BigQuery.", show_default=False)],
    shard_bytes: Annotated[int, typer.Option(help="Size of a metadata shard in a folder.", min=1)] = SHARD_BYTES,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier export there.")] = False,
    dry_run: DryRunOption = False,
) -> None:
    """Write the metadata of a selection as Parquet shards, and the licence map as JSON lines.

    A selection that was made on this machine is copied into shards of another size; one in BigQuery is downloaded or
    exported to a bucket.
    """
    from octopack_data.exporting import export_selection, said

    if dry_run:
        typer.echo(said(selection, to))
        return
    for line in export_selection(selection, to, shard_bytes=shard_bytes, overwrite=overwrite):
        typer.echo(line)
