"""The score table in the terminal: scenario by language, with averages that name their languages."""

from collections.abc import Sequence

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from humanevalpack.languages import LANGUAGES, get_language
from humanevalpack.reports.scores import TITLES, RunScores, Score
from humanevalpack.scenarios import AVERAGED

MISSING = "–"


def score_table(runs: Sequence[RunScores], *, title: str = "HumanEvalPack") -> Group:
    """Return one table with a section per run, and below it what the averages hold and what was left out."""
    metrics = ", ".join(dict.fromkeys(run.metric for run in runs))
    # Without vertical lines everything fits a terminal of 80 columns.
    table = Table(
        title=f"{title}: {metrics}", title_style="bold", box=box.HORIZONTALS, pad_edge=False, collapse_padding=True
    )
    table.add_column("model")
    table.add_column("scenario")
    languages = [language for language in LANGUAGES if any(language in run.languages for run in runs)]
    for language in languages:
        table.add_column(get_language(language).title, justify="right")
    table.add_column("average", justify="right", style="bold")
    for run in runs:
        rows = [scenario for scenario in TITLES if run.average(scenario) is not None]
        for number, scenario in enumerate(rows):
            cells = [_cell(run.scores.get((scenario, language))) for language in languages]
            name = Text(run.name if number == 0 else "")
            table.add_row(name, TITLES[scenario], *cells, number_text(run.average(scenario)))
        table.add_row("", "overall", *[""] * len(languages), number_text(run.overall()), style="bold", end_section=True)
    return Group(table, *(Text(note, style="dim") for note in notes(runs)))


def notes(runs: Sequence[RunScores]) -> list[str]:
    """Return what a reader must know of the averages."""
    parts = " + ".join(f"HumanEval{TITLES[scenario]}" for scenario in AVERAGED)
    lines = [f"overall = mean of {parts}; explaindescribe makes descriptions and has no score"]
    for run in runs:
        averaged = {TITLES[scenario]: ", ".join(run.languages_of(scenario)) for scenario in TITLES}
        held = {title: languages for title, languages in averaged.items() if languages}
        if len(set(held.values())) == 1:
            lines.append(f"{run.name}: averages over {', '.join(run.languages)}")
        else:
            over = "; ".join(f"{title} over {languages}" for title, languages in held.items())
            lines.append(f"{run.name}: averages of {over}")
        lines += [f"{run.name}: {language} is left out: {reason}" for language, reason in run.left_out.items()]
    return lines


def number_text(value: float | None) -> str:
    """Return a score with two decimals; nothing that is not 1 is shown as 1.00."""
    if value is None:
        return MISSING
    return f"{min(value, 0.99) if value < 1 else value:.2f}"


def _cell(score: Score | None) -> str:
    return number_text(score.value if score else None)
