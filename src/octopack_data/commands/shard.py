"""``octopack-data commitpack shard``: the files of each language joined, and cut by size or by lines."""

from pathlib import Path

from octopack_data.commands.settings_options import with_settings
from octopack_data.commands.stage_options import (
    DryRunOption,
    OutputOption,
    OverwriteOption,
    SourceArgument,
    WorkersOption,
    run,
)
from octopack_data.shards import ShardSettings

EPILOG = (
    "EXAMPLES: (1) octopack-data commitpack shard split/ -o commitpack/ --format jsonl --workers 8  "
    "(2) octopack-data commitpack shard filtered/ -o commitpackft/ --layout joined --format jsonl  "
    "(3) octopack-data commitpack shard scraped/ -o pieces/ --layout lines"
)


@with_settings(ShardSettings)
def shard(
    source: SourceArgument,
    output: OutputOption,
    workers: WorkersOption = 1,
    overwrite: OverwriteOption = False,
    dry_run: DryRunOption = False,
    *,
    settings: ShardSettings,
) -> None:
    """Join the files of each language, in the order of their names, and cut them into shards of a size."""
    from octopack_data.shards import shard_stage

    run(shard_stage(source, Path(output), settings), workers=workers, overwrite=overwrite, dry_run=dry_run)
