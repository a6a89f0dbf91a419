"""``octopack-train megatron args`` and ``launch``: a recipe as arguments of a Megatron-LM, and its start."""

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from octopack_train.commands.recipes import JsonOption, RecipeArgument, SetOption

if TYPE_CHECKING:
    from octopack_train.config.megatron import MegatronSettings
    from octopack_train.megatron.tracker import Begin

DialectOption = Annotated[
    Literal["bigcode-2023", "core-0.16"], typer.Option("--dialect", help="Whose arguments: which Megatron-LM is there.")
]
How = Literal["auto", "scratch", "first", "resume"]
BeginOption = Annotated[
    How, typer.Option("--begin", help="How the run begins; auto: as the tracker file in the checkpoints' folder says.")
]
ARGS_EPILOG = (
    "EXAMPLES: (1) octopack-train megatron args santacoderpack --dialect core-0.16  "
    "(2) octopack-train megatron args santacoder-mtf-ql --dialect bigcode-2023 --begin first"
)
LAUNCH_EPILOG = (
    "EXAMPLES: (1) octopack-train megatron launch santacoderpack --dialect core-0.16 --megatron ~/Megatron-LM  "
    "(2) octopack-train megatron launch starcoderbase-megatron --dialect bigcode-2023 --megatron ~/Megatron-LM "
    "--slurm cluster.yaml --execute"
)


def args(
    recipe: RecipeArgument,
    dialect: DialectOption,
    begin: BeginOption = "auto",
    settings: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the arguments of a recipe, one flag a line, as the pretraining script of a Megatron-LM reads them."""
    from octopack_train.megatron.arguments import check_sayable, megatron_arguments
    from octopack_train.megatron.dialects import read_dialect
    from octopack_train.recipes.reading import read_recipe

    whole, words = read_recipe(recipe, settings or ()), read_dialect(dialect)
    check_sayable(whole, words)  # first: what is said next, a missing tracker, can be mended
    found = megatron_arguments(whole, words, _begin(begin, whole.megatron))
    if as_json:
        typer.echo(json.dumps([word for flag in found for word in flag], indent=2))
        return
    for flag in found:
        typer.echo(shlex.join(flag))


def _begin(how: How, settings: "MegatronSettings") -> "Begin":
    from octopack_train.megatron.tracker import begin_of

    return begin_of(Path(settings.checkpoints), settings.model.base) if how == "auto" else how


def launch(
    recipe: RecipeArgument,
    dialect: DialectOption,
    megatron: Annotated[
        Path,
        typer.Option("--megatron", metavar="FOLDER", help="Your checkout of that Megatron-LM.", show_default=False),
    ],
    begin: BeginOption = "auto",
    settings: SetOption = None,
    machines: Annotated[
        int | None, typer.Option("--machines", min=1, help="[default: the recipe's]", show_default=False)
    ] = None,
    devices: Annotated[
        int | None,
        typer.Option("--devices", min=1, help="Of each machine [default: the recipe's].", show_default=False),
    ] = None,
    slurm: Annotated[
        Path | None, typer.Option("--slurm", metavar="FILE", help="YAML file with at least partition: write a job.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Of the job [default: RECIPE.sbatch].")
    ] = None,
    run_it: Annotated[bool, typer.Option("--execute", help="Check data, then start it, instead of printing.")] = False,
) -> None:
    """Print the command that starts a recipe with your Megatron-LM: torchrun, or a job for Slurm; --execute starts it.

    On several machines without Slurm the command is given on each, with MASTER_ADDR, the first one's name, in the
    environment. How many devices share out an iteration's rows is told on stderr.
    """
    from humanevalpack.errors import UsageError
    from octopack_data.settings import read_settings
    from octopack_train.megatron.arguments import check_sayable, megatron_arguments
    from octopack_train.megatron.dialects import read_dialect
    from octopack_train.megatron.execution import execute
    from octopack_train.megatron.launch import (
        check_data,
        check_release,
        pretraining_script,
        sharing,
        shell_lines,
        torchrun,
    )
    from octopack_train.megatron.slurm import MegatronSlurm, sbatch_script, submit, write_script
    from octopack_train.recipes.reading import read_recipe

    if output is not None and slurm is None:
        raise UsageError("--output is for the job of --slurm")
    whole, words = read_recipe(recipe, settings or ()), read_dialect(dialect)
    check_sayable(whole, words)
    own = whole.megatron
    count, each = machines or own.parallel.machines, devices or own.parallel.devices
    shared = sharing(own, count, each)
    script = pretraining_script(megatron, own, words)
    how = _begin(begin, own)
    command = torchrun(script, megatron_arguments(whole, words, how), count, each, slurm is not None)
    typer.echo(
        f"{shared.devices} devices: data parallel {shared.data_parallel}, accumulation {shared.accumulation}; "
        f"{shared.tokens_per_step:,} tokens a step, {shared.tokens:,} in all; begins: {how}",
        err=True,
    )
    if run_it:
        for line in check_data(own):
            typer.echo(f"warning: {line}", err=True)
        if how == "first" and dialect == "bigcode-2023":
            check_release(own, shared.data_parallel)
    if slurm is not None:
        job = output or Path(f"{whole.name}.sbatch")
        write_script(job, sbatch_script(command, words, read_settings(MegatronSlurm, slurm), count, each))
        typer.echo(submit(job) if run_it else f"sbatch {shlex.quote(str(job))}")
    elif run_it:
        raise typer.Exit(execute(command, words))
    else:
        typer.echo(shell_lines(command, words), nl=False)
