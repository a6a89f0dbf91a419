"""``octopack-data commitpack shard``: the files of each language joined, and cut by size or by lines."""

from pathlib import Path
from typing import TYPE_CHECKING

from octopack_data.commands.stage_options import stage_command
from octopack_data.shards import ShardSettings

if TYPE_CHECKING:
    from octopack_data.parts import Stage
    from octopack_data.sources import Part

EPILOG = (
    "EXAMPLES: (1) octopack-data commitpack shard split/ -o commitpack/ --format jsonl --workers 8  "
    "(2) octopack-data commitpack shard filtered/ -o commitpackft/ --layout joined --format jsonl  "
    "(3) octopack-data commitpack shard scraped/ -o pieces/ --layout lines"
)


@stage_command(ShardSettings)
def shard(parts: "list[Part]", output: Path, settings: ShardSettings) -> "Stage":
    """Join the files of each language, in the order of their names, and cut them into shards of a size."""
    from octopack_data.shards import shard_stage

    return shard_stage(parts, output, settings)
