"""``octopack-data commitpack split-train``: train and validation rows, no repository in both."""

from octopack_data.commands.settings_options import with_settings
from octopack_data.commands.stage_options import (
    DryRunOption,
    OutputOption,
    OverwriteOption,
    RevisionOption,
    SourceArgument,
    WorkersOption,
    say_counts,
    say_plan,
)
from octopack_data.sources import find_parts
from octopack_data.train_valid import TrainValidSettings

EPILOG = (
    "EXAMPLES: (1) octopack-data commitpack split-train commitpackft/ -o splits/ --valid 0.05 --seed 1  "
    "(2) octopack-data commitpack deduplicate splits/train -o train/ --against splits/valid --no-within --near either"
)


@with_settings(TrainValidSettings)
def split_train(
    source: SourceArgument,
    output: OutputOption,
    revision: RevisionOption = None,
    workers: WorkersOption = 1,
    overwrite: OverwriteOption = False,
    dry_run: DryRunOption = False,
    *,
    settings: TrainValidSettings,
) -> None:
    """Split rows into train and validation data, each repository (and those it shares commits with) on one side."""
    from octopack_data import train_valid

    parts = find_parts(source, revision=revision)
    if dry_run:
        say_plan("split-train", parts, output)
        return
    say_counts(train_valid.split_train(parts, output, settings, workers=workers, overwrite=overwrite))
