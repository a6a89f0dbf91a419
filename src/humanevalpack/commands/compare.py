"""``humanevalpack compare``: what is different between two runs, and did it matter?"""

from pathlib import Path
from typing import Annotated

import typer

from humanevalpack.commands.options import JsonOption, at_least

EXAMPLES = "Examples: humanevalpack compare runs/octocoder runs/octogeex; humanevalpack compare A B --k 10 --json"


def compare(
    first: Annotated[Path, typer.Argument(metavar="A", help="A run's folder.")],
    second: Annotated[Path, typer.Argument(metavar="B", help="Another run's folder.")],
    k: Annotated[int, typer.Option("--k", parser=at_least(1), metavar="K", help="Compare pass@K.")] = 1,
    all_flips: Annotated[
        bool, typer.Option("--all-flips", help="List every problem that flipped, not only 40.")
    ] = False,
    json_output: JsonOption = False,
) -> None:
    """Compare two runs: settings that differ, every task's difference with its paired interval, problems that flipped.

    Exit code 0 also where the runs differ; 2 where they cannot be compared.
    """
    from humanevalpack.reports.comparison import compare as compare_runs

    comparison = compare_runs(first, second, k=k)
    if json_output:
        import json

        typer.echo(json.dumps(comparison.to_dict(), ensure_ascii=False))
        return
    from rich.console import Console

    from humanevalpack.reports.comparison_table import comparison_tables

    Console().print(comparison_tables(comparison, all_flips=all_flips))
