"""A run's scores on the terminal, as every command that judges prints them."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from humanevalpack.results import Run

_MANY_TASKS = 8
"""From more tasks a line each is a long list; a table of scenarios and languages shows what there is to see."""


@contextmanager
def quiet_stdout() -> Iterator[None]:
    """Send what libraries print to stderr, so that --json and a pipe stay clean; the flag says what a warning would."""
    import warnings

    with redirect_stdout(sys.stderr), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "sandbox 'process'", RuntimeWarning)
        yield


@contextmanager
def judging_progress() -> Iterator[Callable[[int, int], None]]:
    """Show on stderr how many programs have their verdict."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with quiet_stdout(), ExitStack() as shown:
        progress = Progress(*columns, console=Console(stderr=True))
        bar = progress.add_task("judging generations", total=None)

        def show(done: int, total: int) -> None:
            if not progress.live.is_started:  # what is wrong with the input is said before, without a bar
                shown.enter_context(progress)
            progress.update(bar, completed=done, total=total)

        yield show


def print_scores(run: "Run", ks: tuple[int, ...], *, as_json: bool) -> None:
    """Print the scores of a run, what is suspicious about them, what has to be known of them, and where it lies."""
    from rich.console import Console

    from humanevalpack.diagnosis import diagnose
    from humanevalpack.diagnosis.rendering import print_findings
    from humanevalpack.results import scores

    found, findings = scores(run, ks), diagnose(run)
    if as_json:
        import json

        said = {"folder": str(run.folder), "manifest": dict(run.manifest), "scores": found}
        typer.echo(json.dumps(said | {"findings": [finding.to_dict() for finding in findings]}))
        return
    console = Console()
    if len(found) > _MANY_TASKS:
        _print_overview(console, run, ks)
    else:
        console.print(_table(found))
    print_findings(console, findings)
    for note in run.manifest.get("notes", []):
        typer.echo(note)
    for language, reason in run.manifest.get("left_out", {}).items():
        typer.echo(f"{language} is left out: {reason}")
    typer.echo(f"Everything is in {run.folder}")


def _print_overview(console: "Console", run: "Run", ks: tuple[int, ...]) -> None:
    """Print scenario by language, for every k that all problems have samples for, beside what was published."""
    from humanevalpack.published import comparable_model
    from humanevalpack.reports.sheet import least_samples, score_sheet, tallies
    from humanevalpack.reports.table import score_table

    least = least_samples(tallies(run).values())
    for k in (k for k in ks if k <= least):
        console.print(score_table([score_sheet(run, k)], [comparable_model(run)]))


def _table(found: dict[str, dict[str, Any]]) -> "Table":
    from rich import box
    from rich.table import Table

    table = Table(box=box.HORIZONTALS, pad_edge=False, collapse_padding=True)
    for title in ("task", "samples", "score", "verdicts"):
        table.add_column(title, no_wrap=title != "verdicts", overflow="fold")
    for name, entry in found.items():
        statuses = sorted(entry["statuses"].items(), key=lambda item: -item[1])
        counts = "\n".join(f"{count} {status.replace('_', ' ')}" for status, count in statuses)
        each, rest = divmod(entry["samples"], entry["problems"])
        samples = f"{entry['problems']} × {each}" if not rest else str(entry["samples"])
        table.add_row(name, samples, "\n".join(_scores(entry)) or "–", counts, end_section="\n" in counts)
    return table


def _scores(entry: dict[str, Any]) -> list[str]:
    from humanevalpack.reports.table import number_text

    found = []
    for name, value in entry.items():
        if name.startswith("pass@") and not name.endswith("_interval"):
            low, high = entry[f"{name}_interval"]
            found.append(f"{name} {number_text(value)} [{number_text(low)}, {number_text(high)}]")
    return found
