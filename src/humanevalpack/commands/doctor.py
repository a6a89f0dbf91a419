"""``humanevalpack doctor``: is this machine fit to judge, and what mends it if not?"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from humanevalpack.commands.options import ConfirmUnsafeOption, JsonOption, at_least, chosen_languages

if TYPE_CHECKING:
    from humanevalpack.doctor import Fact
    from humanevalpack.sandbox.conformance import Finding

EXAMPLES = "Examples: humanevalpack doctor; humanevalpack doctor --languages python,js --json > doctor.json"


def doctor(
    sandbox: Annotated[str, typer.Option("--sandbox", help="auto, docker, local or process.")] = "auto",
    languages: Annotated[
        str | None, typer.Option("--languages", help="Comma-separated: cpp,go,java,js,python,rust; default: all six.")
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option("--workers", parser=at_least(1), metavar="N", help="Programs at a time; default: all cores."),
    ] = None,
    confirm_unsafe: ConfirmUnsafeOption = False,
    json_output: JsonOption = False,
) -> None:
    """Look at this machine, then run programs of every kind in the sandbox, and some that try to get out of it.

    Every problem comes with what mends it. Takes about a minute on two cores. Exit code 0: all is well; 1: something
    is not; 2: wrong usage; 3: nothing can be judged here.
    """
    from humanevalpack.doctor import installation_facts, kind_facts, machine_facts, tables, tool_facts
    from humanevalpack.errors import EnvironmentFault
    from humanevalpack.sandbox import choose_sandbox, process

    names = chosen_languages(languages)
    if sandbox == "process":
        process.confirm(confirm_unsafe)
    why_not, kind = "", None
    try:
        kind = choose_sandbox(sandbox, names)
    except EnvironmentFault as error:
        why_not = str(error)
    facts = [*machine_facts(), *installation_facts(), *kind_facts(sandbox, names)]
    if kind is not None:
        facts += tool_facts(names, kind)
    if not json_output:
        tables.print_facts(facts)
    findings = [] if kind is None else _run(kind, names, workers, confirm_unsafe)
    code = _exit_code(facts, findings)
    if json_output:
        _print_json(kind, why_not, facts, findings, code)
    else:
        tables.print_findings(findings)
        tables.print_advice(facts, findings)
        tables.print_plain(why_not if kind is None else tables.summary(kind, findings))
    if code:
        raise typer.Exit(code)


def _run(kind: str, names: Sequence[str], workers: int | None, confirm_unsafe: bool) -> "list[Finding]":
    import warnings

    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from humanevalpack.sandbox.conformance import conformance
    from humanevalpack.sandbox.probes import probes

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    findings = []
    # On stderr, so that --json and a pipe stay clean.
    with Progress(*columns, console=Console(stderr=True)) as progress, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "sandbox 'process'", RuntimeWarning)  # the table says it
        bar = progress.add_task(f"checking sandbox {kind}", total=len(probes(names)) + 1)
        for finding in conformance(sandbox=kind, languages=names, workers=workers, confirm_unsafe=confirm_unsafe):
            findings.append(finding)
            progress.advance(bar)
    return findings


def _exit_code(facts: "Sequence[Fact]", findings: "Sequence[Finding]") -> int:
    if not any(finding.outcome in ("right", "different") for finding in findings if finding.language):
        return 3
    return int(any(fact.level == "problem" for fact in facts) or not all(finding.ok for finding in findings))


def _print_json(
    kind: str | None, why_not: str, facts: "Sequence[Fact]", findings: "Sequence[Finding]", code: int
) -> None:
    import json

    report: dict[str, Any] = {
        "sandbox": kind,
        "why_no_sandbox": why_not,
        "exit_code": code,
        "facts": [fact.to_dict() for fact in facts],
        "findings": [finding.to_dict() for finding in findings],
    }
    typer.echo(json.dumps(report, ensure_ascii=False))
