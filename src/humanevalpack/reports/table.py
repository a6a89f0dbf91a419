"""The score table in the terminal: scenario by language, with averages that name their languages."""

from collections.abc import Sequence

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from humanevalpack.reports.score_rows import Cell, score_rows, table_heads, table_languages
from humanevalpack.reports.sheet import ScoreSheet
from humanevalpack.scenarios import AVERAGED, TITLES


def score_table(
    sheets: Sequence[ScoreSheet], paper: Sequence[str | None] = (), *, title: str = "HumanEvalPack"
) -> Group:
    """Return one table with a section a run, and below it what the averages hold and what was left out.

    ``paper`` names a published model for each run, or None.
    """
    # Without vertical lines everything fits a terminal of 80 columns.
    table = Table(
        title=f"{title}: pass@{sheets[0].k} in percent",
        title_style="bold",
        box=box.HORIZONTALS,
        pad_edge=False,
        collapse_padding=True,
    )
    languages = table_languages(sheets)
    table.add_column("", overflow="fold")
    for head in table_heads(languages):
        table.add_column(head, justify="right")
    for sheet, model in zip(sheets, paper or [None] * len(sheets), strict=True):
        table.add_row(Text(sheet.name, style="bold"))
        for row in score_rows(sheet, languages, model):
            label = Text(f" {row.label.removeprefix('HumanEval')}")
            style = {"published": "italic dim", "overall": "bold"}.get(row.kind)
            table.add_row(label, *map(_cell, row.cells), style=style)
        table.add_section()
    return Group(table, *(Text(note, style="dim") for note in _notes(sheets)))


def number_text(value: float) -> str:
    """Return a score with two decimals; nothing that is not 1 is shown as 1.00."""
    return f"{min(value, 0.99) if value < 1 else value:.2f}"


def _cell(cell: Cell) -> Text:
    if not cell.interval:
        return Text(cell.text)
    # Below the score, as on the page; rounded, for the decimals would not fit 80 columns.
    low, _, high = cell.interval.partition(" to ")
    return Text.assemble(cell.text, (f"\n{float(low):.0f}–{float(high):.0f}", "dim"))


def _notes(sheets: Sequence[ScoreSheet]) -> list[str]:
    parts = " + ".join(f"HumanEval{TITLES[scenario]}" for scenario in AVERAGED)
    lines = ["below each score: its 95 % interval, clustered by problem"]
    if any(sheet.overall for sheet in sheets):
        lines.append(f"overall = mean of {parts}")
    return [*lines, *(f"{sheet.name}: {note}" for sheet in sheets for note in sheet.notes)]
