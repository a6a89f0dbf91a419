"""``octopack-data commitpack deduplicate``: rows that say the same again, or nearly, leave."""

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
from octopack_data.duplicates import DuplicateSettings
from octopack_data.sources import find_parts

EPILOG = (
    "EXAMPLES: (1) octopack-data commitpack deduplicate commitpackft/ -o unique/  "
    "(2) octopack-data commitpack deduplicate commitpackft/ -o unique/ --near new --workers 8  "
    "(3) octopack-data commitpack deduplicate train/ -o clean/ --against valid/ --no-within --near either"
)


@with_settings(DuplicateSettings)
def deduplicate(
    source: SourceArgument,
    output: OutputOption,
    revision: RevisionOption = None,
    workers: WorkersOption = 1,
    overwrite: OverwriteOption = False,
    dry_run: DryRunOption = False,
    *,
    settings: DuplicateSettings,
) -> None:
    """Leave out rows that say the same as an earlier one, exactly or nearly (--near), and tell which one."""
    from octopack_data import duplicates

    parts = find_parts(source, revision=revision)
    if dry_run:
        say_plan("deduplicate", parts, output)
        return
    say_counts(duplicates.deduplicate(parts, output, settings, workers=workers, overwrite=overwrite))
