"""``octopack-data commitpack redact``: secrets and personal data are written over."""

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
from octopack_data.redaction import RedactSettings
from octopack_data.sources import find_parts

EPILOG = (
    "EXAMPLES: (1) octopack-data commitpack redact commitpackft/ -o redacted/ --workers 8  "
    "(2) octopack-data commitpack redact commitpackft/ -o redacted/ --rules gitleaks.toml --no-personal"
)


@with_settings(RedactSettings)
def redact(
    source: SourceArgument,
    output: OutputOption,
    workers: WorkersOption = 1,
    overwrite: OverwriteOption = False,
    dry_run: DryRunOption = False,
    *,
    settings: RedactSettings,
) -> None:
    """Write over secrets and personal data, a value alike in all texts of a row, and report where they were."""
    from octopack_data import redaction

    if dry_run:
        say_plan("redact", find_parts(source), output)
        return
    say_counts(redaction.redact(source, output, settings, workers=workers, overwrite=overwrite))
