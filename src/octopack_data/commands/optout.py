"""``octopack-data commitpack optout``: rows of people who asked not to be in the data leave."""

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
from octopack_data.optout import OptOutSettings

EPILOG = (
    "EXAMPLES: (1) octopack-data commitpack optout commitpack/ -o commitpack-2/ --opt-out accounts.txt  "
    "(2) octopack-data commitpack optout bigcode/commitpackft -o clean/ --opt-out accounts.txt --any"
)


@with_settings(OptOutSettings)
def optout(
    source: SourceArgument,
    output: OutputOption,
    workers: WorkersOption = 1,
    overwrite: OverwriteOption = False,
    dry_run: DryRunOption = False,
    *,
    settings: OptOutSettings,
) -> None:
    """Take listed accounts out of rows, finished shards included; files keep their names, counts say what left."""
    from octopack_data.optout import opt_out_stage

    run(opt_out_stage(source, Path(output), settings), workers=workers, overwrite=overwrite, dry_run=dry_run)
