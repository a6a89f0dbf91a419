"""``octopack-data commitpack push``: a finished data set to the hub."""

from pathlib import Path
from typing import Annotated

import typer

EPILOG = (
    "EXAMPLES: (1) octopack-data commitpack push commitpack/ me/commitpack  "
    "(2) octopack-data commitpack push commitpack/ me/commitpack --yes --public"
)


def push(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Output of the stage shard, with its card.")],
    repository: Annotated[str, typer.Argument(metavar="HUB_ID", help="Data set on the hub: NAME/DATASET.")],
    yes: Annotated[
        bool, typer.Option("--yes", help="Push; without it the command only says what it would do.")
    ] = False,
    public: Annotated[bool, typer.Option("--public", help="A new data set is public; without it, private.")] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Rows below data/ there that no earlier push has listed may go, too.")
    ] = False,
) -> None:
    """Push a data set to the hub, in the place of an earlier push; nothing is pushed without --yes.

    Never a column with people's addresses.
    """
    from humanevalpack.errors import EnvironmentFault
    from octopack_data.push import ONE_COMMIT, look, plan_push
    from octopack_data.push import push as push_files

    plan = plan_push(folder)
    said = f"{len(plan.files)} files, {plan.bytes:,} bytes of {folder} to {repository}"
    if yes:
        found = push_files(plan, repository, private=not public, replace=replace)
        typer.echo(f"Pushed {said}: https://huggingface.co/datasets/{repository}")
        typer.echo(f"{len(found.deleted)} files of an earlier push were deleted.")
        return
    typer.echo(f"Would push {said}; nothing is pushed without --yes.")
    for name in plan.files:
        typer.echo(f"  {name}")
    if plan.several_commits:
        typer.echo(f"More than {ONE_COMMIT:,} files: several commits, and readers see a mixture until the last one.")
    try:
        found = look(plan, repository, replace=replace)
    except EnvironmentFault as fault:
        typer.echo(f"What is there already, and would be deleted, is not known: {fault}")
        return
    typer.echo(f"Would delete {len(found.deleted)} files that are there and not pushed any more:")
    for name in found.deleted:
        typer.echo(f"  {name}")
