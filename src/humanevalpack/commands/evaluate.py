"""``humanevalpack evaluate FILE...``: score generations that are there already."""

from pathlib import Path
from typing import Annotated

import typer

from humanevalpack.commands.options import (
    BeginAnewOption,
    ConfirmUnsafeOption,
    JsonOption,
    WorkersOption,
    at_least,
    chosen_workers,
)
from humanevalpack.commands.score_table import judging_progress, print_scores

EXAMPLES = (
    "Examples: humanevalpack evaluate generations_humanevalfixtests-python.json; "
    "humanevalpack evaluate samples.jsonl --task humanevalsynthesize-python --prompt octocoder --output results/mine; "
    "humanevalpack evaluate results/mine"
)

FilesArgument = Annotated[
    list[Path],
    typer.Argument(
        metavar="FILE...",
        help="A run's folder, generations.jsonl, the reference's generations.json, an lm_eval output folder or "
        "samples_*.jsonl, JSON lines with task_id and completion.",
    ),
]
TaskOption = Annotated[
    str | None,
    typer.Option("--task", help="humaneval{scenario}-{language}: where the file does not say it, or one task of many."),
]
SourceDatasetOption = Annotated[
    str | None,
    typer.Option("--dataset", help="hub, mini, a .jsonl file or a folder of them; default: the run's own, else hub."),
]
SourcePromptOption = Annotated[
    str,
    typer.Option("--prompt", help="The prompt they were made with, or a template file; auto: as the run says."),
]
FormOption = Annotated[
    str,
    typer.Option(
        "--form",
        help="What a text is: completion (behind the prompt), full (prompt and answer), program (post-processed).",
    ),
]
LimitStartOption = Annotated[
    list[int] | None,
    typer.Option(
        "--limit-start",
        "--limit_start",
        parser=at_least(0),
        metavar="N",
        help="Where a slice of the reference's begins; once a file.",
    ),
]
DescriptionsOption = Annotated[
    int | None,
    typer.Option(
        "--descriptions-per-problem", parser=at_least(1), metavar="N", help="explainsynthesize: rows a problem."
    ),
]


def evaluate(
    files: FilesArgument,
    task: TaskOption = None,
    output: Annotated[
        Path | None, typer.Option("--output", help="The run's folder; default: the run's own, else results/<file>.")
    ] = None,
    prompt: SourcePromptOption = "auto",
    profile: Annotated[
        str | None, typer.Option("--profile", help="reference or fixed; default: the run's own, else reference.")
    ] = None,
    dataset: SourceDatasetOption = None,
    form: FormOption = "auto",
    limit_start: LimitStartOption = None,
    descriptions_per_problem: DescriptionsOption = None,
    k: Annotated[
        list[int] | None,
        typer.Option("--k", parser=at_least(1), metavar="K", help="k of pass@k, repeatable; default: 1, 10, 100."),
    ] = None,
    sandbox: Annotated[str, typer.Option("--sandbox", help="auto, docker, local or process.")] = "auto",
    workers: WorkersOption = None,
    time_limit: Annotated[
        float | None, typer.Option("--time-limit", metavar="SECONDS", help="CPU seconds of a run; default: language's.")
    ] = None,
    missing_toolchains: Annotated[
        str, typer.Option("--missing-toolchains", help="error, or skip: leave out what cannot be judged here.")
    ] = "error",
    overwrite: BeginAnewOption = False,
    confirm_unsafe: ConfirmUnsafeOption = False,
    json_output: JsonOption = False,
) -> None:
    """Run the programs in files of generations and score them; the same command goes on where it was killed.

    Verdicts are kept as they come, in the run's folder. Exit code 0: done; 2: wrong usage or input; 3: the sandbox, a
    toolchain or the hub is missing.
    """
    from humanevalpack.evaluation import DEFAULT_KS
    from humanevalpack.evaluation import evaluate as evaluate_files

    ks = tuple(k or ())
    with judging_progress() as on_progress:
        run = evaluate_files(
            list(files),
            task,
            output=output,
            prompt=prompt,
            profile=profile,
            dataset=dataset,
            form=form,
            limit_start=limit_start,
            descriptions_per_problem=descriptions_per_problem,
            sandbox=sandbox,
            workers=chosen_workers(workers),
            time_limit=time_limit,
            k=ks,
            missing_toolchains=missing_toolchains,
            overwrite=overwrite,
            confirm_unsafe=confirm_unsafe,
            on_progress=on_progress,
        )
        if workers == "ray":
            from humanevalpack.sandbox.connection import disconnect

            disconnect()
    print_scores(run, ks or DEFAULT_KS, as_json=json_output)
