"""``octopack-data commitpack filter``: CommitPack rows to CommitPackFT rows."""

from pathlib import Path
from typing import Annotated

import typer

from octopack_data.commands.settings_options import with_settings
from octopack_data.executors import Executor, SlurmSettings
from octopack_data.filtering import FilterSettings

EPILOG = """Examples:

  octopack-data commitpack filter commitpack --output commitpackft --tokenizer tokenizer.json --workers 8

  octopack-data commitpack filter bigcode/commitpack --output ft --mode published --tokenizer starcoder/tokenizer.json

  octopack-data commitpack filter rows.jsonl.zst --output ft --no-token-rule --exact-reasons --excluded-share 0.01

A killed run goes on with the same command. The output is data/<language>/<part>, excluded/<part> and manifest.json with
the rows that each rule dropped."""


@with_settings(FilterSettings)
def filter_commits(
    settings: FilterSettings,
    source: Annotated[str, typer.Argument(help="Folder, file or hub id with CommitPack rows.", show_default=False)],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write.", show_default=False)],
    revision: Annotated[str | None, typer.Option(help="Revision of a hub id.", show_default=False)] = None,
    workers: Annotated[int, typer.Option(min=1, help="Parts that are worked on at a time.")] = 1,
    executor: Annotated[
        Executor, typer.Option(help="Where the parts are worked on; all but processes: datatrove.")
    ] = "processes",
    slurm: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="YAML file for --executor slurm: partition, time, ...", show_default=False),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Remove what an earlier run wrote, start anew.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check settings, list parts and rules, write nothing.")
    ] = False,
) -> None:
    """Keep the commits whose subject reads like an instruction and whose change is small (CommitPackFT)."""
    from octopack_data.executors import run_on
    from octopack_data.filtering import filter_stage, sieve_of
    from octopack_data.settings import read_settings
    from octopack_data.sources import find_parts

    stage = filter_stage(find_parts(source, revision=revision), output, settings)
    if dry_run:
        size = sum(part.path.stat().st_size for part in stage.parts)
        typer.echo(f"{len(stage.parts)} parts, {size:,} bytes; rules: {', '.join(sieve_of(settings).reasons)}")
        return
    cluster = read_settings(SlurmSettings, slurm) if slurm is not None else None
    manifest = run_on(executor, stage, workers=workers, slurm=cluster, overwrite=overwrite)
    if manifest is None:
        typer.echo(f"Submitted; {output}/manifest.json is written last. Logs: {output}/.parts/datatrove")
        return
    for name, count in manifest["counts"].items():
        typer.echo(f"{count:12,} {name}")
