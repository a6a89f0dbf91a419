"""The score table as rows of texts, the same for a page, LaTeX, Markdown and the terminal."""

from collections.abc import Sequence
from dataclasses import dataclass

from humanevalpack.languages import LANGUAGES, get_language
from humanevalpack.metrics import Estimate
from humanevalpack.published import PublishedCell, PublishedScore, published_scores
from humanevalpack.reports.sheet import ScoreSheet
from humanevalpack.scenarios import TITLES

MISSING = "–"


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell; texts are in percent."""

    text: str
    interval: str = ""
    """Such as ``38.9 to 53.4``; empty where there is none."""
    inside: bool | None = None
    """A published number: whether it lies in this run's interval; None where there is nothing to compare."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table."""

    kind: str
    """``score``, ``published`` or ``overall``."""
    label: str
    cells: tuple[Cell, ...]
    note: str = ""


def percent(value: float) -> str:
    """Return a share in percent with one decimal; nothing that is not 1 is shown as 100.0, nothing above 0 as 0.0."""
    if value in (0, 1):
        return f"{100 * value:.1f}"
    return f"{min(max(100 * value, 0.1), 99.9):.1f}"


def interval_text(score: Estimate) -> str:
    """Return the interval in percent."""
    return f"{100 * score.low:.1f} to {100 * score.high:.1f}"


def table_languages(sheets: Sequence[ScoreSheet]) -> list[str]:
    """Return the languages that have a column when these runs stand together."""
    return [name for name in LANGUAGES if any(name in sheet.languages for sheet in sheets)]


def table_heads(languages: Sequence[str]) -> list[str]:
    """Return the heads of the columns, the scenario's left out."""
    return [*(get_language(name).title for name in languages), "average"]


def score_rows(sheet: ScoreSheet, languages: Sequence[str], paper: str | None = None) -> list[Row]:
    """Return a run's rows; ``paper`` names the published model whose numbers stand below each scenario (pass@1)."""
    published = {row.scenario: row for row in published_scores(paper)} if paper and sheet.k == 1 else {}
    rows = []
    for scenario in sheet.scenarios:
        scores = [sheet.tasks.get((scenario, language)) for language in languages]
        cells = tuple(_cell(score) for score in (*scores, sheet.averages[scenario]))
        rows.append(Row("score", f"HumanEval{TITLES[scenario]}", cells))
        if scenario in published:
            rows.append(_published_row(published[scenario], sheet, languages))
    if sheet.overall:
        empty = tuple(Cell("") for _ in languages)
        rows.append(Row("overall", "overall", (*empty, _cell(sheet.overall))))
    return rows


def _cell(score: Estimate | None) -> Cell:
    return Cell(percent(score.mean), interval_text(score)) if score else Cell(MISSING)


def _published_row(row: PublishedScore, sheet: ScoreSheet, languages: Sequence[str]) -> Row:
    cells = [
        _published_cell(row.languages.get(language), sheet.tasks.get((row.scenario, language)))
        for language in languages
    ]
    # The published average is over six languages: beside any other set it is no counterpart.
    whole = row.languages and sheet.languages_of(row.scenario) == list(LANGUAGES)
    cells.append(_published_cell(row.average, sheet.averages[row.scenario] if whole else None))
    note = f"HumanEval{TITLES[row.scenario]}: {row.note}" if row.note else ""
    return Row("published", f"{row.model}, published", tuple(cells), note)


def _published_cell(cell: PublishedCell | None, score: Estimate | None) -> Cell:
    if cell is None:
        return Cell(MISSING)
    # To the decimal that was published: 46.2 is any value from 46.15 to 46.25.
    inside = None if score is None else 100 * score.low - 0.05 <= cell.value <= 100 * score.high + 0.05
    return Cell(cell.text(), inside=inside)
