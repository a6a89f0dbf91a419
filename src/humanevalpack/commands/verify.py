"""``humanevalpack verify``: does this machine give the verdicts that the truth table knows?"""

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from humanevalpack.commands.options import (
    ConfirmUnsafeOption,
    DatasetOption,
    JsonOption,
    ProfileOption,
    WorkersOption,
    chosen_languages,
    chosen_workers,
)

if TYPE_CHECKING:
    from humanevalpack.sandbox import Toolchain
    from humanevalpack.verification import Check, CheckedProgram


def verify(
    dataset: DatasetOption = "hub",
    languages: Annotated[
        str | None, typer.Option("--languages", help="Comma-separated: cpp,go,java,js,python,rust; default: all six.")
    ] = None,
    profile: ProfileOption = "reference",
    sandbox: Annotated[str, typer.Option("--sandbox", help="auto, docker, local or process.")] = "auto",
    workers: WorkersOption = None,
    missing_toolchains: Annotated[
        str, typer.Option("--missing-toolchains", help="error, or skip: leave out what cannot be judged here.")
    ] = "error",
    confirm_unsafe: ConfirmUnsafeOption = False,
    journal: Annotated[
        Path | None, typer.Option("--journal", help="A file that keeps the verdicts: a killed run goes on from it.")
    ] = None,
    json_output: JsonOption = False,
) -> None:
    """Run every canonical and every buggy program and compare the verdicts with the truth table.

    Exit code 0: all as expected, or explained row by row; 1: a difference; 2: wrong usage; 3: the sandbox, a toolchain
    or the hub is missing.
    """
    from humanevalpack.languages import check_profile
    from humanevalpack.problems import load_problems
    from humanevalpack.sandbox import check_toolchains, choose_sandbox
    from humanevalpack.verification import checks

    names = chosen_languages(languages)
    checked_profile = check_profile(profile)
    skip = _skips(missing_toolchains)
    count = chosen_workers(workers)
    kind = choose_sandbox(sandbox, names, workers=count)
    toolchains = check_toolchains(names, sandbox=kind, workers=count)
    left_out = _left_out(toolchains.values(), skip=skip)
    made = checks(
        {name: load_problems(name, dataset) for name in names if name not in left_out}, profile=checked_profile
    )
    results = _run(made, kind=kind, workers=count, confirm_unsafe=confirm_unsafe, journal=journal)
    report = {
        "dataset": dataset,
        "profile": profile,
        "sandbox": kind,
        "toolchains": {name: toolchains[name].version for name in names if name not in left_out},
        "left_out": left_out,
        "outcomes": dict(Counter(result.outcome for result in results)),
        "programs": [result.to_dict() for result in results],
    }
    if json_output:
        import json

        typer.echo(json.dumps(report, ensure_ascii=False))
    else:
        _print_report(report, results)
    _end(results)


def _skips(missing_toolchains: str) -> bool:
    from humanevalpack.errors import UsageError

    if missing_toolchains not in ("error", "skip"):
        raise UsageError(f"--missing-toolchains is {missing_toolchains!r}; allowed: error, skip")
    return missing_toolchains == "skip"


def _left_out(toolchains: "Iterable[Toolchain]", *, skip: bool) -> list[str]:
    from humanevalpack.errors import ToolchainMissing

    missing = [toolchain for toolchain in toolchains if not toolchain.available]
    said = "\n".join(f"{item.language}: {'; '.join(item.missing)}. Install it: {item.install}" for item in missing)
    if missing and not skip:
        raise ToolchainMissing(f"{said}\nTo leave these languages out: --missing-toolchains skip")
    if missing:
        typer.echo(f"left out, because they cannot be judged here:\n{said}", err=True)
    return [item.language for item in missing]


def _run(
    made: "Sequence[Check]", *, kind: str, workers: int | str | None, confirm_unsafe: bool, journal: Path | None
) -> "list[CheckedProgram]":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from humanevalpack.verification import verify as run_checks

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    # On stderr, so that --json and a pipe stay clean: also what Ray prints, such as the loss of a node.
    with redirect_stdout(sys.stderr), Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task("running programs", total=len(made))
        results = list(
            run_checks(
                made,
                sandbox=kind,
                workers=workers,
                confirm_unsafe=confirm_unsafe,
                journal=journal,
                on_verdict=lambda _number, _verdict: progress.advance(bar),
            )
        )
        if workers == "ray":
            from humanevalpack.sandbox.connection import disconnect

            disconnect()
    return results


def _print_report(report: dict[str, Any], results: "Sequence[CheckedProgram]") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("language", "programs", "as expected", "explained", "different", "toolchain")
    for name, version in report["toolchains"].items():
        counts = Counter(result.outcome for result in results if result.check.problem.language == name)
        outcomes = [str(counts[outcome]) for outcome in ("same", "explained", "different")]
        table.add_row(name, str(counts.total()), *outcomes, version)
    console = Console()
    console.print(table)
    for outcome, title in (("explained", "Explained differences"), ("different", "Differences")):
        rows = [result for result in results if result.outcome == outcome]
        if rows:
            typer.echo(f"{title}:")
        for result in rows:
            typer.echo(f"  {result.explain()}")


def _end(results: "Sequence[CheckedProgram]") -> None:
    from humanevalpack.errors import SandboxFault

    different = [result for result in results if result.outcome == "different"]
    ours = [result for result in different if result.verdict.status == "sandbox_error"]
    if ours:
        raise SandboxFault(f"the sandbox failed for {len(ours)} programs, first: {ours[0].explain()}")
    if different:
        typer.echo(f"{len(different)} of {len(results)} verdicts differ from the truth table", err=True)
        raise typer.Exit(1)
