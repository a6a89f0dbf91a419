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
) -> None:
    """Push a data set to the hub; nothing is pushed without --yes, and never a column with people's addresses."""
    from octopack_data.push import plan_push
    from octopack_data.push import push as push_files

    plan = plan_push(folder)
    said = f"{len(plan.files)} files, {plan.bytes:,} bytes of {folder} to {repository}"
    if not yes:
        typer.echo(f"Would push {said}; nothing is pushed without --yes.")
        for name in plan.files:
            typer.echo(f"  {name}")
        return
    push_files(plan, repository, private=not public)
    typer.echo(f"Pushed {said}: https://huggingface.co/datasets/{repository}")
