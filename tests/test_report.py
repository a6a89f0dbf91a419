"""From lm_eval's results file to tables: averages as in the paper, nothing hidden, nothing rounded up."""

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from humanevalpack.errors import InputError
from humanevalpack.languages import LANGUAGES
from humanevalpack.metrics import pass_at_k_scores
from humanevalpack.reports.html import write_html_report
from humanevalpack.reports.scores import TITLES, RunScores, read_run
from humanevalpack.reports.table import number_text, score_table
from humanevalpack.results.lm_eval_logs import newest_results

FIX, DOCS, EXPLAIN, SYNTHESIZE = "fixtests", "fixdocs", "explainsynthesize", "synthesize"


def results_file(folder: Path, scores: dict[tuple[str, str], float], **facts: Any) -> Path:
    """A results file as lm_eval writes it, with these tasks in it."""
    path = folder / "model" / "results_2026-01-01.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    ours = {"profile": "reference", "prompt": "octocoder", "sandbox": "local", "options": {"dataset": "mini"}, **facts}
    results = {
        f"humaneval{scenario}-{language}": {
            "alias": "x",
            "sample_len": 4,
            "pass@1,reference": value,
            "pass@1_stderr,reference": 0.25,
            "samples_passed,reference": round(4 * value),
            "samples_compile_error,reference": 4 - round(4 * value),
        }
        for (scenario, language), value in scores.items()
    }
    described = {
        "humanevalexplaindescribe-python": {"alias": "x", "sample_len": 4, "description_characters,reference": 9}
    }
    configs = {task: {"metadata": {"humanevalpack": ours}} for task in results | described}
    data = {"results": results | described, "configs": configs, "model_name": "tiny <model>"}
    path.write_text(json.dumps(data), "utf-8")
    return path


FULL = {
    (FIX, "python"): 0.5,
    (FIX, "cpp"): 0.25,
    (DOCS, "python"): 1.0,
    (EXPLAIN, "python"): 0.5,
    (SYNTHESIZE, "python"): 0.75,
}


@pytest.fixture
def run(tmp_path: Path) -> RunScores:
    return read_run(results_file(tmp_path, FULL), name="tiny")


def shown(*runs: RunScores) -> str:
    console = Console(width=80, record=True)
    console.print(score_table(runs))
    return console.export_text()


def test_a_scenarios_average_is_over_the_languages_that_it_has(run: RunScores) -> None:
    assert run.average(FIX) == 0.375
    assert run.average(EXPLAIN) == 0.5
    assert run.languages == ["cpp", "python"]


def test_the_overall_score_is_the_mean_of_three_scenarios_without_fixdocs(run: RunScores) -> None:
    assert run.overall() == pytest.approx((0.375 + 0.5 + 0.75) / 3)


def test_without_one_of_the_three_there_is_no_overall_score(tmp_path: Path) -> None:
    partial = read_run(results_file(tmp_path, {(FIX, "go"): 1.0, (DOCS, "go"): 1.0}))
    assert partial.overall() is None
    assert partial.average(SYNTHESIZE) is None


def test_descriptions_have_no_score(run: RunScores) -> None:
    assert not [scenario for scenario, _ in run.scores if scenario == "explaindescribe"]


def test_a_score_brings_its_problems_error_and_verdicts(run: RunScores) -> None:
    score = run.scores[FIX, "cpp"]
    assert (score.value, score.stderr, score.problems) == (0.25, 0.25, 4)
    assert score.statuses == {"passed": 1, "compile_error": 3}


def test_a_scores_interval_is_the_one_of_its_counts(run: RunScores) -> None:
    expected = pass_at_k_scores([(1, 1), (1, 0), (1, 0), (1, 0)], 1)
    assert run.scores[FIX, "cpp"].interval == pytest.approx((expected.low, expected.high))


def test_the_table_shows_every_score_and_says_what_the_averages_hold(run: RunScores) -> None:
    rows = [line.split() for line in shown(run).splitlines()]
    assert ["tiny", "Fix", "0.25", "0.50", "0.38"] in rows
    assert ["Fix", "(docs)", "–", "1.00", "1.00"] in rows
    assert ["Explain", "–", "0.50", "0.50"] in rows
    assert ["overall", "0.54"] in rows
    assert "tiny: averages of Fix over cpp, python; Fix (docs) over python; Explain over python" in " ".join(
        shown(run).split()
    )


def test_one_line_is_enough_where_all_averages_hold_the_same_languages(tmp_path: Path) -> None:
    scores = {(scenario, language): 0.5 for scenario in TITLES for language in ("rust", "go")}
    assert "m: averages over go, rust\n" in shown(read_run(results_file(tmp_path, scores), name="m"))


def test_a_language_without_a_toolchain_is_named_with_the_reason(tmp_path: Path) -> None:
    run = read_run(results_file(tmp_path, FULL, left_out="cpp programs cannot be judged here: no g++"), name="m")
    assert "m: cpp is left out: cpp programs cannot be judged here: no g++" in shown(run)


def test_six_languages_fit_eighty_columns(tmp_path: Path) -> None:
    scores = {(scenario, language): 1.0 for scenario in TITLES for language in LANGUAGES}
    table = shown(read_run(results_file(tmp_path, scores), name="untrained"))
    assert "…" not in table
    assert "JavaScript" in table
    assert ["Synthesize", *["1.00"] * 7] in [line.split() for line in table.splitlines()]


@pytest.mark.parametrize(("value", "text"), [(1.0, "1.00"), (0.999, "0.99"), (0.5, "0.50"), (0.0, "0.00"), (None, "–")])
def test_only_a_perfect_score_is_shown_as_one(value: float | None, text: str) -> None:
    assert number_text(value) == text


class _Texts(HTMLParser):
    """Collects tags and texts, and fails on what loads something from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert not {"src", "href", "onclick"} & {name for name, _ in attrs}, (tag, attrs)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_the_page_stands_alone_and_escapes_names(tmp_path: Path) -> None:
    run = read_run(results_file(tmp_path, FULL))
    page = write_html_report([run], tmp_path / "deep" / "report.html", title="A & B").read_text("utf-8")
    parsed = _Texts()
    parsed.feed(page)
    assert not {"script", "link", "img", "iframe"} & set(parsed.tags)
    assert "tiny <model>" in parsed.texts
    assert "A & B" in parsed.texts
    assert "url(" not in page
    assert "@import" not in page
    assert any("1 passed, 3 compile error" in text for text in parsed.texts)
    assert "octocoder" in parsed.texts


def test_the_newest_results_are_found_below_a_folder(tmp_path: Path) -> None:
    import os

    old = results_file(tmp_path, FULL)
    new = old.with_name("results_2026-02-01.json")
    new.write_text(old.read_text("utf-8"), "utf-8")
    os.utime(old, ns=(1, 1))
    assert newest_results(tmp_path) == new


def test_wrong_files_are_named_with_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no results_\*.json below it; run lm_eval with --output_path"):
        newest_results(tmp_path)
    for text in ("", "[]", '{"results": {}}'):
        (tmp_path / "bad.json").write_text(text, "utf-8")
        with pytest.raises(InputError, match=r"bad.json: not a results file of lm_eval"):
            read_run(tmp_path / "bad.json")
    with pytest.raises(InputError, match="no pass@10 of a humanevalpack task in it; its tasks: humaneval"):
        read_run(results_file(tmp_path, FULL), metric="pass@10")
