"""``octopack-data commitpack decontaminate``: rows that hold a problem of HumanEvalPack leave."""

from octopack_data.commands.settings_options import with_settings
from octopack_data.commands.stage_options import (
    DryRunOption,
    OutputOption,
    OverwriteOption,
    SourceArgument,
    WorkersOption,
    say_counts,
    say_plan,
)
from octopack_data.decontamination import DecontaminateSettings
from octopack_data.sources import find_parts

EPILOG = (
    "EXAMPLES: (1) octopack-data commitpack decontaminate commitpackft/ -o clean/  "
    "(2) octopack-data commitpack decontaminate commitpackft/ -o clean/ --problems humanevalpack/ --mode published"
)


@with_settings(DecontaminateSettings)
def decontaminate(
    source: SourceArgument,
    output: OutputOption,
    workers: WorkersOption = 1,
    overwrite: OverwriteOption = False,
    dry_run: DryRunOption = False,
    *,
    settings: DecontaminateSettings,
) -> None:
    """Leave out rows that hold a problem of HumanEvalPack, and tell which problem."""
    from octopack_data import decontamination

    if dry_run:
        say_plan("decontaminate", find_parts(source), output)
        return
    say_counts(decontamination.decontaminate(source, output, settings, workers=workers, overwrite=overwrite))
