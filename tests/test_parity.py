"""benchmarks/parity.py without the reference harness: what is compared, what is counted, what the harness is given."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from humanevalpack import load_problems

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))

from parity import Compared, compared, table
from reference_run import Answer, Metric, Plan, Rows, columns

TASK = "humanevalfixtests-python"
ANSWER = Answer(
    task=TASK, problem=0, prompt="p", generation="    return 1\n", candidate="c", program="c\ntest", passed=True
)
DESCRIPTION = replace(ANSWER, task="humanevalexplaindescribe-python", program=None, passed=None)
PLAN = Plan(model="m", dataset="mini", tasks=(TASK,), limit=2, prompt="octocoder", total_length=99, execute=False)


def pair(reference: Answer, ours: Answer) -> Compared:
    [one] = compared([reference], [ours], PLAN)
    return one


def test_a_generation_is_compared_up_to_the_first_stop_word() -> None:
    longer = replace(ANSWER, generation="    return 1\n\ndef more(")
    assert pair(longer, replace(ANSWER, generation="    return 1\n")).differs() == []
    assert pair(longer, replace(ANSWER, generation="    return 1")).differs() == ["generation"]


@pytest.mark.parametrize("fact", ["prompt", "candidate", "program", "passed"])
def test_everything_else_must_be_equal(fact: str) -> None:
    other: Any = {fact: False if fact == "passed" else "other"}
    assert pair(ANSWER, replace(ANSWER, **other)).differs() == [fact]


def test_both_must_have_answered_the_same_problems() -> None:
    with pytest.raises(ValueError, match="different problems"):
        compared([ANSWER], [replace(ANSWER, problem=1)], PLAN)


def test_the_table_counts_what_agrees_and_scores_both() -> None:
    second = replace(ANSWER, problem=1)
    sides = [ANSWER, second], [ANSWER, replace(second, candidate="other", program="other", passed=False)]
    rows = table([*compared(*sides, PLAN), pair(DESCRIPTION, DESCRIPTION)])
    assert rows == [
        [TASK, "2/2", "2/2", "1/2", "1/2", "1/2", "1.000", "0.500"],
        [DESCRIPTION.task, "1/1", "1/1", "1/1", "-", "-", "-", "-"],
    ]


def test_the_harness_gets_the_published_columns() -> None:
    problem = load_problems("go", "mini")[0]
    row = columns(problem)
    assert len(row) == 15
    assert (row["import"], row["test"]) == (problem.import_, problem.test)


def test_the_metric_keeps_whole_programs_and_executes_only_python_and_only_if_allowed() -> None:
    def code_eval(predictions: list[list[str]], references: list[str], **settings: Any) -> Any:
        assert settings["k"] == [1]
        return {}, {place: [(0, {"passed": program == "good"})] for place, [program] in enumerate(predictions)}

    for language, allowed, passed in (("python", True, [True, False]), ("go", True, None), ("python", False, None)):
        metric = Metric(code_eval if allowed else None)
        metric.compute(references=["t", "u"], predictions=[["good"], ["bad"]], language=language, timeout=1)
        assert metric.programs == ["good\nt", "bad\nu"]
        assert metric.passed == (passed or [None, None])


def test_rows_can_be_selected_as_a_data_set_s() -> None:
    rows = Rows([{"n": 0}, {"n": 1}])
    assert rows.select(range(1)) == [{"n": 0}]
