"""``octopack-data commitpack split``: fetched rows to CommitPack rows, a folder a language."""

from pathlib import Path
from typing import TYPE_CHECKING

from octopack_data.commands.stage_options import stage_command
from octopack_data.optout import remark
from octopack_data.splitting import SplitSettings

if TYPE_CHECKING:
    from octopack_data.parts import Stage
    from octopack_data.sources import Part

EPILOG = (
    "EXAMPLES: (1) octopack-data commitpack split scraped/ -o split/ --licence-map licences.jsonl "
    "--opt-out accounts.txt  "
    "(2) octopack-data commitpack split scraped/ -o split/ --mode published --workers 8"
)


@stage_command(SplitSettings, remark)
def split(parts: "list[Part]", output: Path, settings: SplitSettings) -> "Stage":
    """Give each row its licence and language, drop what was opted out, write a folder for each language."""
    from octopack_data.splitting import split_stage

    return split_stage(parts, output, settings)
