"""``octopack-data commitpack filter``: CommitPack rows to CommitPackFT rows."""

from typing import Annotated

import typer

from octopack_data.commands.settings_options import with_settings
from octopack_data.commands.stage_options import (
    DryRunOption,
    ExecutorOption,
    OutputOption,
    OverwriteOption,
    SlurmOption,
    SourceArgument,
    WorkersOption,
    run,
)
from octopack_data.filtering import FilterSettings

EPILOG = (
    "EXAMPLES: (1) octopack-data commitpack filter commitpack/ -o ft/ --tokenizer tokenizer.json --workers 8  "
    "(2) octopack-data commitpack filter bigcode/commitpack -o ft/ --mode published --tokenizer tokenizer.json  "
    "(3) octopack-data commitpack filter rows.jsonl.zst -o ft/ --no-token-rule --exact-reasons --excluded-share 0.01"
)


@with_settings(FilterSettings)
def filter_commits(
    source: SourceArgument,
    output: OutputOption,
    revision: Annotated[str | None, typer.Option("--revision", help="Revision of a hub id.")] = None,
    workers: WorkersOption = 1,
    executor: ExecutorOption = "processes",
    slurm: SlurmOption = None,
    overwrite: OverwriteOption = False,
    dry_run: DryRunOption = False,
    *,
    settings: FilterSettings,
) -> None:
    """Keep the commits whose subject reads like an instruction and whose change is small (CommitPackFT)."""
    from octopack_data.filtering import filter_stage
    from octopack_data.sources import find_parts

    stage = filter_stage(find_parts(source, revision=revision), output, settings)
    run(stage, workers=workers, overwrite=overwrite, dry_run=dry_run, executor=executor, slurm=slurm)
