"""Profile ``fixed``: the faults of single rows are mended, and nothing else."""

from pathlib import Path

import pytest

import humanevalpack as hep
from humanevalpack.corrections import corrected
from humanevalpack.languages import LANGUAGES

CORRECTED = {"CPP/23", "CPP/38", "Go/10", "Go/32", "Go/38", "Go/50"}


@pytest.mark.real_data
@pytest.mark.parametrize("language", LANGUAGES)
def test_only_the_listed_rows_change_and_correcting_twice_changes_nothing(language: str, shared: Path) -> None:
    for problem in hep.load_problems(language, shared / "humanevalpack"):
        assert corrected(problem, "reference") is problem
        fixed = corrected(problem, "fixed")
        assert (fixed != problem) == (problem.task_id in CORRECTED)
        assert corrected(fixed, "fixed") == fixed


@pytest.mark.real_data
def test_a_helper_that_stands_in_the_prompt_only_is_shown_and_built(shared: Path) -> None:
    problem = hep.load_problems("go", shared / "humanevalpack")[10]
    prompt = hep.render_prompt(problem, "fixtests", profile="fixed")
    candidate = hep.extract_candidate(problem, "fixtests", problem.canonical_solution, profile="fixed")
    program = hep.build_program(problem, candidate, "fixtests", profile="fixed")
    for text in (prompt, candidate, program.text):
        assert "func IsPalindrome(" in text
    assert "func IsPalindrome(" not in hep.render_prompt(problem, "fixtests")
    assert "shortest palindrome" not in prompt  # the docstring is what fixtests does not show


@pytest.mark.real_data
def test_the_tests_of_strlen_call_the_answer(shared: Path) -> None:
    problem = hep.load_problems("cpp", shared / "humanevalpack")[23]
    program = hep.build_program(problem, problem.prompt + problem.canonical_solution, "synthesize", profile="fixed")
    assert 'strlen(string("x")) == 1' in program.text


def test_another_data_set_with_the_same_numbers_is_left_alone() -> None:
    for language in LANGUAGES:
        for problem in hep.load_problems(language, "mini"):
            assert corrected(problem, "fixed") == problem
