"""``octopack-data commitpack split``: fetched rows to CommitPack rows, a folder a language."""

from pathlib import Path
from typing import Annotated

import typer

from octopack_data.commands.settings_options import with_settings
from octopack_data.commands.stage_options import OutputOption, OverwriteOption, SourceArgument, WorkersOption, run
from octopack_data.splitting import SplitSettings

EPILOG = (
    "EXAMPLES: (1) octopack-data commitpack split scraped/ -o split/ --licences licences.jsonl --opt-out accounts.txt  "
    "(2) octopack-data commitpack split scraped/ -o split/ --mode published --workers 8"
)


@with_settings(SplitSettings)
def split(
    source: SourceArgument,
    output: OutputOption,
    workers: WorkersOption = 1,
    overwrite: OverwriteOption = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List what would be read, and stop.")] = False,
    *,
    settings: SplitSettings,
) -> None:
    """Give each row its licence and language, drop what was opted out, write a folder for each language."""
    from octopack_data.splitting import split_stage

    run(split_stage(source, Path(output), settings), workers=workers, overwrite=overwrite, dry_run=dry_run)
