"""``octopack-train sft``: fine-tune a model as a recipe says, or print what that would be."""

import json
import sys
from contextlib import redirect_stdout
from typing import Annotated

import typer

from octopack_train.commands.recipes import JsonOption, SetOption

EPILOG = (
    "EXAMPLES: (1) octopack-train sft --recipe tiny-smoke  (2) octopack-train sft --recipe octocoder --dry-run  "
    "(3) octopack-train sft --recipe octocoder --set data.path=rows.jsonl --set loss=targets  "
    "(4) octopack-train sft --recipe mine.yaml --resume auto  "
    "(5) torchrun --nproc-per-node 8 -m octopack_train.commands sft --recipe octocoder --set data.path=rows.jsonl"
)


def sft(
    recipe: Annotated[str, typer.Option("--recipe", metavar="RECIPE", help="A recipe's name, or a YAML file.")],
    settings: SetOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be done, and stop.")] = False,
    resume: Annotated[
        str | None,
        typer.Option(
            "--resume",
            metavar="auto|PATH",
            help="Go on exactly where a run was stopped: at its newest checkpoint, or at this one.",
            show_default=False,
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Begin anew in a folder that holds a run: that one is removed.")
    ] = False,
    devices: Annotated[
        int | None,
        typer.Option(
            "--devices", min=1, help="Plan for so many devices a machine [default: the recipe's].", show_default=False
        ),
    ] = None,
    machines: Annotated[int, typer.Option("--machines", min=1, help="Plan for so many machines.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Fine-tune a model; --dry-run prints settings, sizes, memory, examples, learning rates and the command instead.

    The run's folder (output) gets config.yaml, environment.json, metrics.jsonl, data/, checkpoints, and adapter/ or
    model/. Several devices: start it with torchrun or accelerate launch, as --dry-run prints.
    """
    from humanevalpack.errors import UsageError
    from octopack_train.recipes.reading import read_recipe

    whole = read_recipe(recipe, settings or ())
    if dry_run:
        _plan(recipe, settings or [], devices, machines, as_json)
        return
    if devices is not None or machines != 1:
        raise UsageError("--devices and --machines are for --dry-run; a run has the processes that torchrun starts")
    if resume is not None and overwrite:
        raise UsageError("--resume goes on with a run, --overwrite removes it: give one of them")
    from octopack_train.sizes import check_installed

    check_installed("torch", "transformers", "trl", "peft", "accelerate", "datasets")
    from octopack_train.training.processes import is_main

    if is_main():
        for line in whole.notes:
            typer.echo(f"note: {line}", err=True)
    with redirect_stdout(sys.stderr):  # loggers and DeepSpeed speak, also when imported; stdout is the answer alone
        from octopack_train.training.sft import train

        done = train(whole, resume=resume, overwrite=overwrite)
    if is_main():
        values = {"folder": str(done.folder), "saved": str(done.saved), "steps": done.steps, "loss": done.loss}
        loss = f", loss {done.loss:.4f}" if done.loss is not None else ""
        said = f"{done.steps} steps{loss}: {done.saved}"
        typer.echo(json.dumps(values | {"seconds": done.seconds}) if as_json else said)


def _plan(recipe: str, settings: list[str], devices: int | None, machines: int, as_json: bool) -> None:
    from octopack_train.plan_text import plan_text
    from octopack_train.plans import make_plan, plan_values
    from octopack_train.previews import preview
    from octopack_train.recipes.reading import read_recipe
    from octopack_train.rendering import preview_text

    whole = read_recipe(recipe, settings)
    arguments = ["sft", "--recipe", recipe, *(word for text in settings for word in ("--set", text))]
    plan = make_plan(whole, arguments, devices, machines)
    found = preview(whole.settings)
    if as_json:
        typer.echo(json.dumps(plan_values(plan) | {"data": found.report, "data_unseen": found.unseen}, indent=2))
        return
    typer.echo(plan_text(plan))
    typer.echo(preview_text(found, whole.settings, colour=typer.get_text_stream("stdout").isatty()), nl=False)
