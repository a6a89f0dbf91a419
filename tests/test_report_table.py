"""The score table of the terminal: every score, what its averages hold, and 80 columns are enough."""

import pytest
from rich.console import Console

from humanevalpack.languages import LANGUAGES
from humanevalpack.reports.sheet import score_sheet
from humanevalpack.reports.table import number_text, score_table
from humanevalpack.results import Run
from humanevalpack.scenarios import TITLES
from report_runs import make_run

FIX, DOCS, EXPLAIN, SYNTHESIZE = "fixtests", "fixdocs", "explainsynthesize", "synthesize"


def shown(*runs: Run, paper: list[str | None] | None = None) -> str:
    console = Console(width=80, record=True)
    console.print(score_table([score_sheet(run) for run in runs], paper or ()))
    return console.export_text()


def test_every_score_stands_with_its_interval_and_what_the_averages_hold() -> None:
    run = make_run(
        {
            (FIX, "python"): ["+", "-"],
            (FIX, "cpp"): ["+", "-", "c", "-"],
            (DOCS, "python"): ["+"],
            (EXPLAIN, "python"): ["+", "-"],
            (SYNTHESIZE, "python"): ["+", "+", "+", "-"],
        },
        name="tiny <model>",
    )
    text = shown(run)
    rows = [line.split() for line in text.splitlines()]
    assert ["Fix", "25.0", "50.0", "37.5"] in rows
    assert ["Fix", "(docs)", "–", "100.0", "100.0"] in rows
    assert any(row[:1] == ["overall"] and row[-1] == "54.2" for row in rows)
    fix = score_sheet(run).tasks[FIX, "cpp"]
    below = rows[rows.index(["Fix", "25.0", "50.0", "37.5"]) + 1]
    assert below[0] == f"{100 * fix.low:.0f}–{100 * fix.high:.0f}"
    assert "tiny <model>: averages of Fix over cpp, python; Fix (docs) over python" in " ".join(text.split())


def test_a_language_that_was_left_out_is_named_with_the_reason() -> None:
    run = make_run({(FIX, "python"): ["+"]}, name="m", left_out={"cpp": "cpp programs cannot be judged here: no g++"})
    assert "m: cpp is left out: cpp programs cannot be judged here: no g++" in " ".join(shown(run).split())


def test_six_languages_and_two_runs_fit_eighty_columns() -> None:
    passes = {(scenario, language): ["+", "-"] for scenario in TITLES for language in LANGUAGES}
    text = shown(make_run(passes, name="trained"), make_run(passes, name="untrained"), paper=["OctoCoder", None])
    assert "…" not in text
    assert "JavaScript" in text
    rows = [line.split() for line in text.splitlines()]
    assert rows.count(["Synthesize", *["50.0"] * 7]) == 2
    assert any("46.2" in row for row in rows)


@pytest.mark.parametrize(("value", "text"), [(1.0, "1.00"), (0.999, "0.99"), (0.5, "0.50"), (0.0, "0.00")])
def test_only_a_perfect_score_is_shown_as_one(value: float, text: str) -> None:
    assert number_text(value) == text
