"""``octopack-data commitpack fetch``: contents before and after each commit."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from octopack_data.commands.settings_options import with_settings
from octopack_data.fetch.settings import FetchSettings

if TYPE_CHECKING:
    from octopack_data.sources import Part

EPILOG = (
    "EXAMPLES: (1) octopack-data commitpack fetch meta/ -o scraped/ --contact you@example.org --dry-run  "
    "(2) octopack-data commitpack fetch meta/ -o scraped/ --backend git-local --clones ~/clones  "
    "(3) octopack-data commitpack fetch scraped/ -o mended/ --retry-status timeout,rate_limited "
    "--contact you@example.org"
)


@with_settings(FetchSettings)
def fetch(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="Folder, file or hub id with CommitPackMeta rows.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the rows with contents.")],
    workers: Annotated[int, typer.Option("--workers", min=1, help="Processes, each at one part at a time.")] = 1,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Start anew instead of going on.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be asked for, and stop.")] = False,
    *,
    settings: FetchSettings,
) -> None:
    """Fetch the contents before and after each commit from git hosts or clones.

    The same command goes on after a kill, with no second request for what it has got. Exit code 3: a host refuses
    everything (wait, then run it again).
    """
    from octopack_data.fetch.work import fetch as fetch_parts
    from octopack_data.sources import find_parts

    parts = find_parts(source)
    if dry_run:
        _say_plan(parts, settings)
        return
    manifest = fetch_parts(parts, output, settings, workers=workers, overwrite=overwrite)
    for name, count in manifest["counts"].items():
        typer.echo(f"{name:30} {count}")


def _say_plan(parts: "Sequence[Part]", settings: FetchSettings) -> None:
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
