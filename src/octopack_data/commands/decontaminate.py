"""``octopack-data commitpack decontaminate``: rows that hold a problem of HumanEvalPack leave."""

from pathlib import Path
from typing import TYPE_CHECKING

from octopack_data.commands.stage_options import stage_command
from octopack_data.decontamination import DecontaminateSettings

if TYPE_CHECKING:
    from octopack_data.parts import Stage
    from octopack_data.sources import Part

EPILOG = (
    "EXAMPLES: (1) octopack-data commitpack decontaminate commitpackft/ -o clean/  "
    "(2) octopack-data commitpack decontaminate commitpackft/ -o clean/ --problems humanevalpack/ --mode published"
)


@stage_command(DecontaminateSettings)
def decontaminate(parts: "list[Part]", output: Path, settings: DecontaminateSettings) -> "Stage":
    """Leave out rows that hold a problem of HumanEvalPack, and tell which problem."""
    from octopack_data.decontamination import decontaminate_stage

    return decontaminate_stage(parts, output, settings)
