"""A comparison in the terminal."""

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from humanevalpack.languages import get_language
from humanevalpack.metrics import Estimate
from humanevalpack.reports.comparison import Comparison, Flip, TaskDifference
from humanevalpack.reports.score_rows import MISSING, percent
from humanevalpack.scenarios import TITLES

_FLIPS = 40


def comparison_tables(comparison: Comparison, *, all_flips: bool = False) -> Group:
    """Return settings, tasks and flips as tables; at most 40 flips unless ``all_flips``."""
    head = Text(f"A = {comparison.first}\nB = {comparison.second}")
    return Group(
        head, _settings(comparison), _tasks(comparison), _flips(comparison, all_flips), *_notes(comparison, all_flips)
    )


def _table(title: str, *columns: str, numbers: int = 0) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.HORIZONTALS, pad_edge=False)
    for place, column in enumerate(columns):
        table.add_column(column, justify="right" if place >= len(columns) - numbers else "left", overflow="fold")
    return table


def _settings(comparison: Comparison) -> Table | Text:
    if not comparison.settings:
        return Text("\nNo recorded setting differs.")
    table = _table("\nSettings that differ", "setting", "A", "B")
    for row in comparison.settings:
        table.add_row(*(Text(MISSING if text is None else _short(text)) for text in (row.name, row.first, row.second)))
    return table


def _tasks(comparison: Comparison) -> Table:
    title = f"\npass@{comparison.k} in percent; B - A with its 95 % interval, paired by problem"
    table = _table(title, "task", "problems", "A", "B", "B - A", "interval", "", numbers=6)
    for place, task in enumerate([*comparison.tasks, *comparison.averages]):
        if place == len(comparison.tasks):
            table.add_section()
        low, high = (f"{100 * end:+.1f}" for end in (task.difference.low, task.difference.high))
        scores = (percent(task.first.mean), percent(task.second.mean), _points(task.difference))
        table.add_row(
            _title(task), str(task.difference.problems), *scores, f"{low} to {high}", "*" if task.clear else ""
        )
    return table


def _flips(comparison: Comparison, all_flips: bool) -> Table | Text:
    if not comparison.flips:
        return Text("\nNo problem has flipped.")
    gained = sum(flip.change > 0 for flip in comparison.flips)
    title = f"\nProblems that flipped: {gained} to pass, {len(comparison.flips) - gained} to fail"
    table = _table(title, "task", "problem", "A passes", "B passes", "", numbers=2)
    shown = comparison.flips if all_flips else comparison.flips[:_FLIPS]
    for flip in shown:
        (n, c), (m, d) = flip.first, flip.second
        table.add_row(_title(flip), flip.task_id, f"{c} of {n}", f"{d} of {m}", "gained" if flip.change > 0 else "lost")
    return table


def _notes(comparison: Comparison, all_flips: bool) -> list[Text]:
    notes = []
    if any(task.clear for task in comparison.tasks):
        notes.append(
            "* = the interval leaves out zero; of twenty tasks without any difference about one does so by chance"
        )
    if len(comparison.flips) > _FLIPS and not all_flips:
        notes.append(f"at most {_FLIPS} flips are shown; all of them: --all-flips or --json")
    for name, tasks in (("A", comparison.only_first), ("B", comparison.only_second)):
        if tasks:
            notes.append(f"only in {name}, left out: {', '.join(tasks)}")
    notes += [
        f"{_title(task)}: {task.only_first} problems only in A and {task.only_second} only in B are left out"
        for task in comparison.tasks
        if task.only_first or task.only_second
    ]
    return [Text(note, style="dim") for note in notes]


def _title(task: TaskDifference | Flip) -> str:
    language = "average" if task.language == "average" else get_language(task.language).title
    return f"{TITLES[task.scenario]} {language}"


def _points(difference: Estimate) -> str:
    return f"{100 * difference.mean:+.1f}"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 120 else line[:117] + "..."
