"""``humanevalpack evaluate FILE...``: score generations that are there already."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from humanevalpack.commands.options import JsonOption, at_least, chosen_workers

if TYPE_CHECKING:
    from humanevalpack.diagnosis import Finding
    from humanevalpack.results import Run

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
    workers: Annotated[
        str | None, typer.Option("--workers", metavar="N", help="Programs at a time (default: all cores), or ray.")
    ] = None,
    time_limit: Annotated[
        float | None, typer.Option("--time-limit", metavar="SECONDS", help="CPU seconds of a run; default: language's.")
    ] = None,
    missing_toolchains: Annotated[
        str, typer.Option("--missing-toolchains", help="error, or skip: leave out what cannot be judged here.")
    ] = "error",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Begin anew in a folder that holds a run.")] = False,
    confirm_unsafe: Annotated[
        bool,
        typer.Option("--confirm-run-unsafe-code", "--confirm_run_unsafe_code", help="Needed for --sandbox process."),
    ] = False,
    json_output: JsonOption = False,
) -> None:
    """Run the programs in files of generations and score them; the same command goes on where it was killed.

    Verdicts are kept as they come, in the run's folder. Exit code 0: done; 2: wrong usage or input; 3: the sandbox, a
    toolchain or the hub is missing.
    """
    from humanevalpack.diagnosis import diagnose
    from humanevalpack.evaluation import DEFAULT_KS
    from humanevalpack.evaluation import evaluate as evaluate_files
    from humanevalpack.results import scores

    ks = tuple(k or ())
    with _progress() as on_progress:
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
    found, findings = scores(run, ks or DEFAULT_KS), diagnose(run)
    if json_output:
        import json

        said = {"folder": str(run.folder), "manifest": dict(run.manifest), "scores": found}
        typer.echo(json.dumps(said | {"findings": [finding.to_dict() for finding in findings]}))
    else:
        _print(run, found, findings)


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    import warnings

    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    # On stderr, so that --json and a pipe stay clean: also what Ray prints, such as the loss of a node.
    with (
        redirect_stdout(sys.stderr),
        warnings.catch_warnings(),
        Progress(*columns, console=Console(stderr=True)) as progress,
    ):
        warnings.filterwarnings("ignore", "sandbox 'process'", RuntimeWarning)  # the flag says it
        bar = progress.add_task("judging generations", total=None)
        yield lambda done, total: progress.update(bar, completed=done, total=total)


def _print(run: "Run", found: dict[str, dict[str, Any]], findings: "list[Finding]") -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    from humanevalpack.diagnosis.rendering import print_findings

    table = Table(box=box.HORIZONTALS, pad_edge=False, collapse_padding=True)
    for title in ("task", "samples", "score", "verdicts"):
        table.add_column(title, no_wrap=title != "verdicts", overflow="fold")
    for name, entry in found.items():
        statuses = sorted(entry["statuses"].items(), key=lambda item: -item[1])
        counts = "\n".join(f"{count} {status.replace('_', ' ')}" for status, count in statuses)
        each, rest = divmod(entry["samples"], entry["problems"])
        samples = f"{entry['problems']} × {each}" if not rest else str(entry["samples"])
        table.add_row(name, samples, "\n".join(_scores(entry)) or "–", counts, end_section="\n" in counts)
    console = Console()
    console.print(table)
    print_findings(console, findings)
    for note in run.manifest.get("notes", []):
        typer.echo(note)
    for language, reason in run.manifest.get("left_out", {}).items():
        typer.echo(f"{language} is left out: {reason}")
    typer.echo(f"Everything is in {run.folder}")


def _scores(entry: dict[str, Any]) -> list[str]:
    from humanevalpack.reports.table import number_text

    found = []
    for name, value in entry.items():
        if name.startswith("pass@") and not name.endswith("_interval"):
            low, high = entry[f"{name}_interval"]
            found.append(f"{name} {number_text(value)} [{number_text(low)}, {number_text(high)}]")
    return found
