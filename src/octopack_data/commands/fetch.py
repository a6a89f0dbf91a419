"""``octopack-data commitpack fetch``: contents before and after each commit."""

from pathlib import Path
from typing import Any

import typer

from octopack_data.commands.stage_options import OverwriteOption, WorkersOption, passes_command
from octopack_data.fetch.settings import FetchSettings
from octopack_data.sources import Part

EPILOG = (
    "EXAMPLES: (1) octopack-data commitpack fetch meta/ -o scraped/ --contact you@example.org --dry-run  "
    "(2) octopack-data commitpack fetch meta/ -o scraped/ --backend git-local --clones ~/clones  "
    "(3) octopack-data commitpack fetch scraped/ -o mended/ --retry-status timeout,rate_limited "
    "--contact you@example.org"
)


def say_requests(parts: list[Part], settings: FetchSettings) -> None:
    """Print what a fetch would ask of hosts."""
    from octopack_data.fetch.plan import plan_fetch, plan_said

    for line in plan_said(plan_fetch(parts, settings)):
        typer.echo(line)


@passes_command(FetchSettings, say_requests)
def fetch(
    parts: list[Part],
    output: Path,
    settings: FetchSettings,
    *,
    workers: WorkersOption = 1,
    overwrite: OverwriteOption = False,
) -> dict[str, Any]:
    """Fetch the contents before and after each commit (rows of CommitPackMeta) from git hosts or clones.

    The same command goes on after a kill, with no second request for what it has got. Exit code 3: a host refuses
    everything (wait, then run it again).
    """
    from octopack_data.fetch.work import fetch as fetch_parts

    return fetch_parts(parts, output, settings, workers=workers, overwrite=overwrite)
