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
    from octopack_data.fetch.plan import plan_fetch

    plan = plan_fetch(parts, settings)
    typer.echo(f"{'rows to fetch':30} {plan.rows}")
    for reason, count in plan.dropped.items():
        typer.echo(f"{'dropped: ' + reason:30} {count}")
    typer.echo(f"{'repositories':30} {plan.repos}")
    for backend, count in plan.rows_by_backend.items():
        typer.echo(f"{'rows by ' + backend:30} {count}")
    typer.echo(f"{'clones':30} {plan.clones}")
    typer.echo(f"{'requests, about':30} {plan.requests}")
    typer.echo(f"{'hours, at best':30} {plan.hours:.2f}")


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
