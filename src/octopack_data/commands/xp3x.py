"""``octopack-data xp3x``: the weighted subset of xP3x's code."""

import typer

from octopack_data.commands.settings_options import with_settings
from octopack_data.commands.stage_options import (
    DryRunOption,
    OutputOption,
    OverwriteOption,
    RevisionOption,
    SourceArgument,
    run,
    say_counts,
)
from octopack_data.xp3x import Xp3xSettings

EPILOG = (
    "EXAMPLES: (1) octopack-data xp3x xP3x/ -o xp3x-code/ --dry-run  (2) octopack-data xp3x xP3x/ -o xp3x-code/  "
    "(3) octopack-data xp3x mine/ -o subset/ --table table.yaml --short take-all"
)


@with_settings(Xp3xSettings)
def xp3x(
    source: SourceArgument,
    output: OutputOption,
    revision: RevisionOption = None,
    overwrite: OverwriteOption = False,
    dry_run: DryRunOption = False,
    *,
    settings: Xp3xSettings,
) -> None:
    """Draw rows of prompts and answers from the files of a table, so many of each, and shuffle them."""
    from octopack_data.sources import find_parts
    from octopack_data.xp3x import xp3x_stage
    from octopack_data.xp3x_table import read_table

    stage = xp3x_stage(find_parts(source, revision=revision), output, settings)
    if dry_run:
        rows = sum((read_table(settings.table) if settings.table else read_table()).drawn().values())
        typer.echo(f"{rows:,} rows would be drawn:")
    manifest = run(stage, workers=1, overwrite=overwrite, dry_run=dry_run)
    if manifest is not None:
        say_counts(manifest)
