"""Data frames: problems, samples, verdicts, scores, published numbers and comparisons in pandas."""

import importlib.abc
import math
import sys
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import pandas
import pytest

import humanevalpack as hep
from humanevalpack.errors import EnvironmentFault, InputError, UsageError
from report_runs import make_run, write_run

FIX, EXPLAIN, SYNTHESIZE = "fixtests", "explainsynthesize", "synthesize"


def test_problems_are_one_row_each_under_the_names_of_their_fields() -> None:
    problems = hep.load_problems("python", "mini") + hep.load_problems("go", "mini")
    frame = hep.problems_frame(problems)
    assert list(frame.columns) == [field.name for field in fields(hep.Problem)]
    assert list(frame.task_id) == [problem.task_id for problem in problems]
    assert frame.groupby("language").size().to_dict() == {"go": 14, "python": 14}


def test_samples_hold_the_generation_and_the_verdict(tmp_path: Path) -> None:
    run = make_run({(FIX, "python"): ["+-", "cg"]})
    frame = hep.samples_frame(run)
    assert list(frame.status) == ["passed", "failed", "compile_error", "generated"]
    assert frame.passed.tolist() == [True, False, False, pandas.NA]
    assert frame.reason[0] == "because passed"
    assert list(frame["sample"]) == [0, 1, 0, 1]
    assert frame.run_cpu[0] == 0.2
    assert frame[["reason", "run_cpu", "peak_memory"]].isna().all(axis=1).tolist() == [False, False, False, True]
    assert hep.samples_frame(write_run(run, tmp_path / "run")).equals(frame)


def test_what_was_never_judged_has_neither_passed_nor_failed() -> None:
    statuses = "passed failed sandbox_error generated skipped prompt_too_long".split()
    made = make_run({(FIX, "python"): ["+-cggg"], ("explaindescribe", "python"): ["g"]})
    samples = [replace(sample, status=status) for sample, status in zip(made.samples, statuses, strict=False)]
    samples[2] = replace(samples[2], verdict=hep.Verdict("sandbox_error", "the container was lost"))
    frame = hep.samples_frame(replace(made, samples=[*samples, made.samples[-1]]))
    assert frame.passed.isna().tolist() == [False, False, True, True, True, False, True]
    assert frame.passed.mean() == pytest.approx(1 / 3)
    assert list(frame[~frame.passed].status) == ["failed", "prompt_too_long"]


def test_a_score_per_task_then_the_mean_of_every_scenario_then_the_overall_score() -> None:
    passes = {(FIX, "python"): ["+", "-"], (FIX, "go"): ["+", "+"], (SYNTHESIZE, "go"): ["-"], (EXPLAIN, "go"): ["+"]}
    run = make_run(passes, name="mine", model="m")
    frame = hep.scores_frame(run)
    scores = {(row.scenario, row.language): row.score for row in frame.itertuples()}
    assert scores == {
        (FIX, "python"): 0.5,
        (FIX, "go"): 1.0,
        (EXPLAIN, "go"): 1.0,
        (SYNTHESIZE, "go"): 0.0,
        (FIX, "average"): 0.75,
        (EXPLAIN, "average"): 1.0,
        (SYNTHESIZE, "average"): 0.0,
        ("overall", "average"): pytest.approx(1.75 / 3),
    }
    first, expected = frame.iloc[1], run.score(FIX, "python")
    assert (first.run, first.model, first.k, first.problems) == ("mine", "m", 1, 2)
    assert (first.low, first.high, first.stderr) == (expected.low, expected.high, expected.stderr)


def test_scores_of_several_runs_stand_in_one_frame_with_the_same_k() -> None:
    runs = [make_run({(FIX, "python"): ["+-", "--"]}, name=name) for name in ("a", "b")]
    frame = hep.scores_frame(*runs, k=2)
    assert frame[frame.language == "python"][["run", "k", "score"]].values.tolist() == [["a", 2, 0.5], ["b", 2, 0.5]]
    with pytest.raises(UsageError, match="k can be at most 2"):
        hep.scores_frame(*runs, k=3)


def test_what_has_no_scores_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing in this run can be scored"):
        hep.scores_frame(make_run({("explaindescribe", "python"): ["g"]}))
    with pytest.raises(InputError, match="is not a folder"):
        hep.samples_frame(tmp_path / "none")


def test_published_numbers_are_shares_with_their_origin() -> None:
    frame = hep.published_frame("octocoder")
    cell = frame[(frame.scenario == SYNTHESIZE) & (frame.language == "python")].iloc[0]
    assert (cell.model, cell.score, cell.origin) == ("OctoCoder", 0.462, "CPE")
    recalled = frame[frame.origin == "M"]
    assert [(row.scenario, row.language) for row in recalled.itertuples()] == [(EXPLAIN, "java")]
    assert frame[(frame.scenario == FIX) & (frame.language == "average")].score.item() == 0.27
    assert set(frame.model) < set(hep.published_frame().model)
    with pytest.raises(UsageError, match="OctoGeeX"):
        hep.published_frame("gpt-0")


def test_scores_and_published_numbers_join_by_scenario_and_language() -> None:
    run = make_run({(SYNTHESIZE, "python"): ["+", "-"]})
    both = hep.scores_frame(run).merge(
        hep.published_frame("OctoCoder"), on=["scenario", "language"], suffixes=("", "_published")
    )
    assert both[["language", "score", "score_published"]].values.tolist() == [
        ["python", 0.5, 0.462],
        ["average", 0.5, 0.355],
    ]


def test_a_comparison_is_one_row_a_task_and_mean_and_one_a_flip() -> None:
    a = make_run({(FIX, "python"): ["-", "-", "+"], (FIX, "go"): ["+", "+", "+"]}, name="a")
    b = make_run({(FIX, "python"): ["+", "-", "+"], (FIX, "go"): ["+", "+", "+"]}, name="b")
    found = hep.compare(a, b)
    frame = hep.comparison_frame(found)
    assert list(frame.language) == ["go", "python", "average"]
    python = frame.iloc[1]
    assert (python["first"], python.second) == (pytest.approx(1 / 3), pytest.approx(2 / 3))
    expected = found.tasks[1].difference
    assert (python.low, python.high, python.clear) == (expected.low, expected.high, False)
    assert math.isclose(frame.difference[2], 1 / 6)
    assert hep.flips_frame(found).values.tolist() == [[FIX, "python", "Python/0", 0.0, 1.0, 1.0]]


def test_a_frame_with_programs_that_do_not_fit_is_refused() -> None:
    programs = [hep.Program(text=text, language="python", problem=None, profile="reference") for text in "12"]
    with pytest.raises(UsageError, match="2 programs and 1 verdicts"):
        hep.verdicts_frame([hep.Verdict("passed", "")], programs)


EMPTY = {
    "problems": lambda: hep.problems_frame([]),
    "samples": lambda: hep.samples_frame(make_run({})),
    "verdicts": lambda: hep.verdicts_frame([]),
    "scores": lambda: hep.scores_frame(),
}


@pytest.mark.parametrize("make", EMPTY.values(), ids=list(EMPTY))
def test_a_frame_of_nothing_has_its_columns(make: Callable[[], object]) -> None:
    frame = make()
    assert len(frame) == 0  # type: ignore[arg-type]
    assert len(frame.columns) > 5  # type: ignore[attr-defined]


def test_without_pandas_a_frame_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Missing(importlib.abc.MetaPathFinder):
        def find_spec(self, name: str, path: object, target: object = None) -> None:
            if name == "pandas":
                raise ModuleNotFoundError("No module named 'pandas'")

    monkeypatch.setattr(sys, "meta_path", [Missing(), *sys.meta_path])
    for name in [name for name in sys.modules if name == "pandas"]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(EnvironmentFault, match="pip install pandas"):
        hep.problems_frame([])
