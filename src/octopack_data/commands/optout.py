"""``octopack-data commitpack optout``: rows of people who asked not to be in the data leave."""

from pathlib import Path
from typing import TYPE_CHECKING

from octopack_data.commands.stage_options import stage_command
from octopack_data.optout import OptOutSettings, remark

if TYPE_CHECKING:
    from octopack_data.parts import Stage
    from octopack_data.sources import Part

EPILOG = (
    "EXAMPLES: (1) octopack-data commitpack optout commitpack/ -o commitpack-2/ --opt-out accounts.txt  "
    "(2) octopack-data commitpack optout bigcode/commitpackft -o clean/ --opt-out accounts.txt --any"
)


@stage_command(OptOutSettings, remark)
def optout(parts: "list[Part]", output: Path, settings: OptOutSettings) -> "Stage":
    """Take listed accounts out of rows, finished shards included; files keep their names, counts say what left."""
    from octopack_data.optout import opt_out_stage

    return opt_out_stage(parts, output, settings)
