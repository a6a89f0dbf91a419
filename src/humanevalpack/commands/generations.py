"""``humanevalpack generations merge|check|clean|export``: files of generations, put in order."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from humanevalpack.commands.evaluate import (
    DescriptionsOption,
    FilesArgument,
    FormOption,
    LimitStartOption,
    SourceDatasetOption,
    SourcePromptOption,
    TaskOption,
)
from humanevalpack.commands.options import JsonOption, at_least

if TYPE_CHECKING:
    from humanevalpack.generations import Checked

app = typer.Typer(
    help="Files of generations: merge slices, check them, clean them for a second run, export them for the reference "
    "harness.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

FileArgument = Annotated[
    Path, typer.Argument(metavar="FILE", help="A run's folder, or any file that humanevalpack evaluate reads.")
]
OneLimitStartOption = Annotated[
    int | None,
    typer.Option(
        "--limit-start",
        "--limit_start",
        parser=at_least(0),
        metavar="N",
        help="Where a slice of the reference's begins.",
    ),
]
OverwriteOption = Annotated[bool, typer.Option("--overwrite", help="Replace what is there already.")]
OneProblemOption = Annotated[
    bool,
    typer.Option(
        "--one-problem", help="Of lists: each file is one problem, its number at the end of the name (_7.json)."
    ),
]


@app.command("merge", epilog="Example: humanevalpack generations merge RUN/shard-* --output RUN")
def merge(
    files: FilesArgument,
    output: Annotated[Path, typer.Option("--output", help="A run's folder, or a .jsonl file.")],
    task: TaskOption = None,
    dataset: SourceDatasetOption = None,
    prompt: SourcePromptOption = "auto",
    form: FormOption = "auto",
    limit_start: LimitStartOption = None,
    descriptions_per_problem: DescriptionsOption = None,
    one_problem: OneProblemOption = False,
    overwrite: OverwriteOption = False,
) -> None:
    """Put slices of one run together; what contradicts itself is refused, and missing samples are named.

    Exit code 0: complete; 1: samples are missing (the rest is written); 2: wrong usage or input.
    """
    from humanevalpack.generations import merge_generations
    from humanevalpack.results.joining import listed

    merged = merge_generations(
        files,
        output,
        task=task,
        dataset=dataset,
        overwrite=overwrite,
        prompt=prompt,
        form=form,
        limit_start=limit_start,
        descriptions_per_problem=descriptions_per_problem,
        one_problem=one_problem,
    )
    for note in merged.notes:
        typer.echo(note)
    twice = f", {merged.twice} of them in several files" if merged.twice else ""
    typer.echo(f"{merged.path}: {merged.generations} generations{twice}, {merged.verdicts} verdicts")
    for sentence in merged.missing_shards:
        typer.echo(sentence, err=True)
    for name, missing in merged.missing.items():
        typer.echo(f"{name}: {len(missing)} missing: {listed(missing)}", err=True)
    if merged.missing or merged.missing_shards:
        raise typer.Exit(1)


@app.command("check", epilog="Example: humanevalpack generations check results/mine --dataset hub")
def check(
    files: FilesArgument,
    task: TaskOption = None,
    dataset: SourceDatasetOption = None,
    prompt: SourcePromptOption = "auto",
    form: FormOption = "auto",
    limit_start: LimitStartOption = None,
    descriptions_per_problem: DescriptionsOption = None,
    one_problem: OneProblemOption = False,
    samples: Annotated[
        int | None,
        typer.Option(
            "--samples",
            "-n",
            parser=at_least(1),
            metavar="N",
            help="How many each problem must have; default: as many as the one with the most.",
        ),
    ] = None,
    json_output: JsonOption = False,
) -> None:
    """Say what is missing, double, cut off, empty, or all alike; changes nothing. Several files are looked at as one.

    Exit code 0: every sample is there, once; 1: some are missing or double; 2: wrong usage or input.
    """
    from humanevalpack.generations import check_generations

    found = check_generations(
        files,
        task=task,
        dataset=dataset,
        prompt=prompt,
        form=form,
        limit_start=limit_start,
        descriptions_per_problem=descriptions_per_problem,
        one_problem=one_problem,
        samples=samples,
    )
    if json_output:
        import json

        typer.echo(json.dumps([item.to_dict() for item in found]))
    else:
        _print(found)
    if not all(item.complete for item in found):
        raise typer.Exit(1)


def _print(found: "Sequence[Checked]") -> None:
    from humanevalpack.results.joining import listed

    for item in found:
        counts = ", ".join(f"{count} {status}" for status, count in item.statuses.items())
        typer.echo(f"{item.task}: {item.problems} problems, {item.samples} samples ({counts})")
        for title, names in (
            ("missing", item.missing),
            ("double", item.twice),
            ("contradicting", item.contradicting),
            ("cut off", item.truncated),
            ("empty", item.empty),
            ("all samples alike", item.alike),
        ):
            if names:
                typer.echo(f"  {title}: {len(names)}: {listed(names)}")


@app.command("clean", epilog="Example: humanevalpack generations clean results/a --status length --output results/b")
def clean(
    file: FileArgument,
    output: Annotated[Path, typer.Option("--output", help="A run's folder, or a .jsonl file.")],
    status: Annotated[
        list[str],
        typer.Option(
            "--status",
            help="Repeatable. Of generations: prompt_too_long, skipped, length, refusal, empty (they are taken out); "
            "of verdicts: timeout and so on (the generation stays, its verdict goes).",
        ),
    ],
    task: TaskOption = None,
    overwrite: OverwriteOption = False,
) -> None:
    """Take generations, or verdicts, out that are to be made once more; into a new folder or file."""
    from humanevalpack.generations import clean_generations

    done = clean_generations(file, output, status, task=task, overwrite=overwrite)
    typer.echo(
        f"{done.path}: {done.kept} generations kept, {done.removed} taken out, {done.to_judge} to be judged again"
    )


@app.command("export", epilog="Example: humanevalpack generations export results/mine --output for-the-reference")
def export(
    file: FileArgument,
    output: Annotated[Path, typer.Option("--output", help="The folder for the files.")],
    task: TaskOption = None,
    dataset: SourceDatasetOption = None,
    prompt: SourcePromptOption = "auto",
    form: FormOption = "auto",
    limit_start: OneLimitStartOption = None,
    descriptions_per_problem: DescriptionsOption = None,
    overwrite: OverwriteOption = False,
) -> None:
    """Write the reference harness's files: generations_<task>.json, references_<task>.json, evaluation_results.json."""
    from humanevalpack.generations import export_generations

    written = export_generations(
        file,
        output,
        task=task,
        dataset=dataset,
        prompt=prompt,
        overwrite=overwrite,
        form=form,
        limit_start=limit_start,
        descriptions_per_problem=descriptions_per_problem,
    )
    for path in written:
        typer.echo(str(path))
