"""``octopack-data commitpack filter``: CommitPack rows to CommitPackFT rows."""

from pathlib import Path
from typing import TYPE_CHECKING

from octopack_data.commands.stage_options import stage_command
from octopack_data.filtering import FilterSettings

if TYPE_CHECKING:
    from octopack_data.parts import Stage
    from octopack_data.sources import Part

EPILOG = (
    "EXAMPLES: (1) octopack-data commitpack filter commitpack/ -o ft/ --tokenizer tokenizer.json --workers 8  "
    "(2) octopack-data commitpack filter bigcode/commitpack -o ft/ --mode published --tokenizer tokenizer.json  "
    "(3) octopack-data commitpack filter rows.jsonl.zst -o ft/ --no-token-rule --excluded-share 0.01"
)


@stage_command(FilterSettings)
def filter_commits(parts: "list[Part]", output: Path, settings: FilterSettings) -> "Stage":
    """Keep the commits whose subject reads like an instruction and whose change is small (CommitPackFT)."""
    from octopack_data.filtering import filter_stage

    return filter_stage(parts, output, settings)
