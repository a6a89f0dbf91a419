"""The options that every stage has, what its command prints, and the command of a stage itself."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from octopack_data.commands.settings_options import with_settings
from octopack_data.executors import Executor, SlurmSettings, WaitingExecutor
from octopack_data.settings import Some, read_settings

if TYPE_CHECKING:
    from octopack_data.parts import Stage
    from octopack_data.sources import Part

SourceArgument = Annotated[str, typer.Argument(metavar="SOURCE", help="Folder, file or hub id with rows.")]
OutputOption = Annotated[Path, typer.Option("--output", "-o", help="Folder to write.", show_default=False)]
RevisionOption = Annotated[str | None, typer.Option("--revision", help="Revision, if SOURCE is a hub id.")]
WorkersOption = Annotated[int, typer.Option("--workers", min=1, help="Processes, each at one part at a time.")]
OverwriteOption = Annotated[bool, typer.Option("--overwrite", help="Start anew instead of going on.")]
ExecutorOption = Annotated[
    Executor, typer.Option("--executor", help="Where the parts are worked on; all but processes are datatrove's.")
]
WaitingExecutorOption = Annotated[
    WaitingExecutor, typer.Option("--executor", help="Where the parts are worked on; local and ray are datatrove's.")
]
SlurmOption = Annotated[
    Path | None,
    typer.Option("--slurm", metavar="FILE", help="YAML file for --executor slurm: partition, time and more."),
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Say what would be read, and stop.")]


def stage_command(
    kind: type[Some], remark: Callable[[Mapping[str, Any]], str] = lambda _: ""
) -> Callable[[Callable[["list[Part]", Path, Some], "Stage"]], Callable[..., None]]:
    """Make the command of a stage of a function (parts, output, settings) -> stage: its docstring is the help.

    ``remark`` says what the counts of a manifest alone do not.
    """

    def decorate(make: Callable[["list[Part]", Path, Some], "Stage"]) -> Callable[..., None]:
        def command(
            source: SourceArgument,
            output: OutputOption,
            revision: RevisionOption = None,
            workers: WorkersOption = 1,
            executor: ExecutorOption = "processes",
            slurm: SlurmOption = None,
            overwrite: OverwriteOption = False,
            dry_run: DryRunOption = False,
            *,
            settings: Some,
        ) -> None:
            from octopack_data.sources import find_parts

            stage = make(find_parts(source, revision=revision), output, settings)
            manifest = run(stage, workers=workers, overwrite=overwrite, dry_run=dry_run, executor=executor, slurm=slurm)
            if manifest is not None:
                say_counts(manifest)
                if said := remark(manifest):
                    typer.echo(said, err=True)

        command.__name__, command.__doc__ = make.__name__, make.__doc__
        return with_settings(kind)(command)

    return decorate


def passes_command(
    kind: type[Some],
    plan: Callable[["list[Part]", Some], None] | None = None,
    check: Callable[[Some], Any] | None = None,
) -> Callable[[Callable[..., dict[str, Any]]], Callable[..., None]]:
    """Make the command of a function (parts, output, settings, *, options) -> manifest: its docstring is the help.

    The keyword-only parameters of the function become options beside those of every stage; ``plan`` says more in a dry
    run; ``check`` refuses settings before the source is looked for.
    """

    def decorate(run_all: Callable[..., dict[str, Any]]) -> Callable[..., None]:
        def command(
            source: str, output: Path, revision: str | None, dry_run: bool, settings: Some, **options: Any
        ) -> None:
            from octopack_data.sources import find_parts

            if check is not None:
                check(settings)
            parts = find_parts(source, revision=revision)
            if dry_run:
                say_plan(run_all.__name__.replace("_", "-"), parts, output)
                if plan is not None:
                    plan(parts, settings)
                return
            say_counts(run_all(parts, output, settings, **options))

        asked = inspect.signature(run_all, eval_str=True).parameters.values()
        frame = inspect.signature(_frame, eval_str=True).parameters.values()
        own = [parameter for parameter in asked if parameter.kind is parameter.KEYWORD_ONLY]
        command.__signature__ = inspect.Signature([*frame, *own])  # type: ignore[attr-defined]
        command.__name__, command.__doc__ = run_all.__name__, run_all.__doc__
        return with_settings(kind)(command)

    return decorate


def _frame(
    source: SourceArgument, output: OutputOption, revision: RevisionOption = None, dry_run: DryRunOption = False
) -> None:
    """Has what every such command is told."""


def run(
    stage: "Stage",
    *,
    workers: int,
    overwrite: bool,
    dry_run: bool,
    executor: Executor = "processes",
    slurm: Path | None = None,
) -> dict[str, Any] | None:
    """Run a stage and return its manifest, or say what it would read, or that it goes on elsewhere, and return None."""
    from octopack_data.executors import run_on

    if dry_run:
        say_plan(stage.name, stage.parts, stage.output)
        return None
    cluster = read_settings(SlurmSettings, slurm) if slurm is not None else None
    manifest = run_on(executor, stage, workers=workers, slurm=cluster, overwrite=overwrite)
    if manifest is None:
        typer.echo(f"Submitted. {stage.output}/manifest.json is written last; logs: {stage.output}/.parts/datatrove")
    return manifest


def say_plan(name: str, parts: "Sequence[Part]", output: Path) -> None:
    """Print what a stage would read; rows where they have been counted."""
    from octopack_data.inputs import input_said

    typer.echo(f"{name}: {input_said(parts)} -> {output}")


def say_counts(manifest: "Mapping[str, Any]") -> None:
    """Print a finished stage's counts."""
    for name, count in manifest["counts"].items():
        if "." not in name and "|" not in name:  # counts by language are for the tables
            typer.echo(f"{count:12,} {name}")
