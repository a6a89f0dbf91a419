"""``octopack-data commitpack split-train``: train and validation rows, no repository in both."""

from pathlib import Path
from typing import Any

from octopack_data.commands.stage_options import (
    OverwriteOption,
    WaitingExecutorOption,
    WorkersOption,
    passes_command,
)
from octopack_data.sources import Part
from octopack_data.train_valid import TrainValidSettings

EPILOG = (
    "EXAMPLES: (1) octopack-data commitpack split-train commitpackft/ -o splits/ --valid 0.05 --seed 1  "
    "(2) octopack-data commitpack deduplicate splits/train -o train/ --against splits/valid --no-within --near either"
)


@passes_command(TrainValidSettings)
def split_train(
    parts: list[Part],
    output: Path,
    settings: TrainValidSettings,
    *,
    workers: WorkersOption = 1,
    executor: WaitingExecutorOption = "processes",
    overwrite: OverwriteOption = False,
) -> dict[str, Any]:
    """Split rows into train and validation data, each repository (and those it shares commits with) on one side."""
    from octopack_data import train_valid

    return train_valid.split_train(parts, output, settings, workers=workers, executor=executor, overwrite=overwrite)
