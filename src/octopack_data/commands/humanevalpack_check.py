"""``octopack-data humanevalpack check``: what is wrong with a set of problems."""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from humanevalpack.commands.options import (
    ConfirmUnsafeOption,
    JsonOption,
    WorkersOption,
    chosen_languages,
    chosen_workers,
)

if TYPE_CHECKING:
    from humanevalpack.problems import Problem
    from humanevalpack.programs import Program
    from humanevalpack.sandbox import Verdict
    from octopack_data.humanevalpack.checking import Runner
    from octopack_data.humanevalpack.faults import Fault

EPILOG = (
    "EXAMPLES: (1) octopack-data humanevalpack check mine/rows  "
    "(2) octopack-data humanevalpack check mine/rows --no-run  "
    "(3) octopack-data humanevalpack check mini --languages python --limit 3 --json"
)


def check(
    dataset: Annotated[
        str, typer.Argument(metavar="DATASET", help="hub, mini, a .jsonl file or a folder of them.")
    ] = "hub",
    languages: Annotated[
        str | None,
        typer.Option("--languages", help="Comma-separated: cpp,go,java,js,python,rust; default: all there are."),
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="The first N problems of each language.")] = None,
    run: Annotated[bool, typer.Option("--run/--no-run", help="Run programs, or look at the texts alone.")] = True,
    repeat: Annotated[int, typer.Option("--repeat", min=1, help="Runs of each canonical program, to see chance.")] = 3,
    sandbox: Annotated[str, typer.Option("--sandbox", help="auto, docker, local or process.")] = "auto",
    workers: WorkersOption = None,
    confirm_unsafe: ConfirmUnsafeOption = False,
    json_output: JsonOption = False,
) -> None:
    """Look for faults: texts that disagree, bugs that pass, solutions that fail, tests that cannot fail.

    Canonical and buggy programs run in the sandbox, and programs that are wrong on purpose: a test that one of them
    passes does not see that fault. Exit code 0: no fault; 1: faults; 2: wrong usage; 3: sandbox, toolchain or hub.
    """
    from octopack_data.humanevalpack.checking import check_problems

    problems = _problems(dataset, languages, limit)
    with _runner(sorted(problems), sandbox, workers, confirm_unsafe) if run else _no_runner() as runner:
        checked = [check_problems(rows, runner, repeat=repeat) for rows in problems.values()]
    faults = [fault for one in checked for fault in one.faults]
    report = {
        "dataset": dataset,
        "problems": {language: len(rows) for language, rows in problems.items()},
        "wrong_programs": sum(one.wrong_programs for one in checked),
        "not_built": sum(one.not_built for one in checked),
        "counts": dict(Counter(fault.kind for fault in faults)),
        "faults": [fault.to_dict() for fault in faults],
    }
    if json_output:
        import json

        typer.echo(json.dumps(report, ensure_ascii=False))
    else:
        _print(report, faults)
    if faults:
        raise typer.Exit(1)


def _problems(dataset: str, languages: str | None, limit: int | None) -> "dict[str, Sequence[Problem]]":
    from humanevalpack.problems import load_problems

    names = chosen_languages(languages) if languages is not None else _languages_of(dataset)
    return {name: load_problems(name, dataset)[:limit] for name in names}


def _languages_of(dataset: str) -> list[str]:
    from humanevalpack.languages import LANGUAGES, get_language
    from humanevalpack.sources import file_rows
    from octopack_data.humanevalpack.making import languages_in

    path = Path(dataset)
    if dataset in ("hub", "mini") or not path.exists():  # what is not there is refused where it is read
        return list(LANGUAGES)
    if path.is_dir():
        return languages_in(path)
    prefix = str(next(iter(file_rows(path)), {}).get("task_id", "")).rpartition("/")[0]
    return [name for name in LANGUAGES if get_language(name).task_prefix == prefix] or list(LANGUAGES)


@contextmanager
def _no_runner() -> Iterator[None]:
    yield None


@contextmanager
def _runner(languages: list[str], sandbox: str, workers: str | None, confirm_unsafe: bool) -> "Iterator[Runner]":
    """Give a function that runs programs on workers that stay, and shows how many have ended."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from humanevalpack.errors import ToolchainMissing
    from humanevalpack.sandbox import check_toolchains, choose_sandbox, run_programs

    count = chosen_workers(workers)
    kind = choose_sandbox(sandbox, languages, workers=count)
    found = check_toolchains(languages, sandbox=kind, workers=count).values()
    missing = [
        f"{item.language}: {'; '.join(item.missing)}. Install it: {item.install}" for item in found if item.missing
    ]
    if missing:
        raise ToolchainMissing("\n".join([*missing, "Or look at the texts alone: --no-run"]))
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with redirect_stdout(sys.stderr), Progress(*columns, console=Console(stderr=True)) as progress:

        def run(programs: "Sequence[Program]", *, time_limit: float | None) -> "Sequence[Verdict]":
            what = "wrong on purpose" if time_limit else "canonical and buggy"
            bar = progress.add_task(f"{programs[0].language}: {what}", total=len(programs))
            verdicts = run_programs(
                programs,
                sandbox=kind,
                workers=count,
                time_limit=time_limit,
                confirm_unsafe=confirm_unsafe,
                on_verdict=lambda _number, _verdict: progress.advance(bar),
            )
            return list(verdicts)

        yield run
        if count == "ray":
            from humanevalpack.sandbox.connection import disconnect

            disconnect()


def _print(report: dict[str, Any], faults: "Sequence[Fault]") -> None:
    from octopack_data.humanevalpack.faults import KINDS

    for fault in faults:
        typer.echo(str(fault))
    if faults:
        typer.echo("")
    for kind in [kind for kind in KINDS if kind in report["counts"]]:
        typer.echo(f"{report['counts'][kind]:4} {kind}: {KINDS[kind]}")
    where = len({fault.task_id for fault in faults})
    if report["not_built"]:
        typer.echo(
            f"{report['not_built']} of {report['wrong_programs']} programs that are wrong on purpose were refused by "
            "the compiler: they say nothing about the tests"
        )
    typer.echo(f"{len(faults)} faults in {where} of {sum(report['problems'].values())} problems")
