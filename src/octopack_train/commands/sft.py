"""``octopack-train sft``: fine-tune a model as a recipe says; in this release, the plan of it."""

import json
from typing import Annotated

import typer

from octopack_train.commands.recipes import JsonOption, SetOption

EPILOG = (
    "EXAMPLES: (1) octopack-train sft --recipe octocoder --dry-run  "
    "(2) octopack-train sft --recipe octocoder --set data.path=rows.jsonl --set loss=targets --dry-run  "
    "(3) octopack-train sft --recipe mine.yaml --devices 8 --machines 2 --dry-run"
)


def sft(
    recipe: Annotated[str, typer.Option("--recipe", metavar="RECIPE", help="A recipe's name, or a YAML file.")],
    settings: SetOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be done, and stop.")] = False,
    devices: Annotated[
        int | None,
        typer.Option(
            "--devices", min=1, help="Plan for so many devices a machine [default: the recipe's].", show_default=False
        ),
    ] = None,
    machines: Annotated[int, typer.Option("--machines", min=1, help="Plan for so many machines.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Print the plan of a fine-tuning run: settings, sizes, memory, learning rates, the command that starts it.

    Training itself is not in this release: only --dry-run does something.
    """
    from humanevalpack.errors import UsageError
    from octopack_train.plan_text import plan_text
    from octopack_train.plans import make_plan, plan_values
    from octopack_train.recipes.reading import read_recipe

    whole = read_recipe(recipe, settings or ())
    if not dry_run:
        raise UsageError("training is not in this release yet; say --dry-run to see what a run would do")
    arguments = ["sft", "--recipe", recipe, *(word for text in settings or () for word in ("--set", text))]
    plan = make_plan(whole, arguments, devices, machines)
    typer.echo(json.dumps(plan_values(plan), indent=2) if as_json else plan_text(plan), nl=as_json)
