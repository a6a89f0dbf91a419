"""``octopack-data commitpack deduplicate``: rows that say the same again, or nearly, leave."""

from pathlib import Path
from typing import Any

from octopack_data.commands.stage_options import (
    OverwriteOption,
    WaitingExecutorOption,
    WorkersOption,
    passes_command,
)
from octopack_data.duplicates import DuplicateSettings
from octopack_data.sources import Part

EPILOG = (
    "EXAMPLES: (1) octopack-data commitpack deduplicate commitpackft/ -o unique/  "
    "(2) octopack-data commitpack deduplicate commitpackft/ -o unique/ --near new --workers 8  "
    "(3) octopack-data commitpack deduplicate train/ -o clean/ --against valid/ --no-within --near either"
)


@passes_command(DuplicateSettings)
def deduplicate(
    parts: list[Part],
    output: Path,
    settings: DuplicateSettings,
    *,
    workers: WorkersOption = 1,
    executor: WaitingExecutorOption = "processes",
    overwrite: OverwriteOption = False,
) -> dict[str, Any]:
    """Leave out rows that say the same as an earlier one, exactly or nearly (--near), and tell which one."""
    from octopack_data import duplicates

    return duplicates.deduplicate(parts, output, settings, workers=workers, executor=executor, overwrite=overwrite)
