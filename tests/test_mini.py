"""The mini set: our own problems, shaped like the real data."""

import json
from collections import Counter
from pathlib import Path

import pytest

import humanevalpack
from humanevalpack.languages import LANGUAGES, get_language
from humanevalpack.problems import BUG_TYPES, FAILURE_SYMPTOMS, load_problems

FOLDER = Path(humanevalpack.__file__).parent / "data" / "mini"
COLUMNS = set(load_problems("python", "mini")[0].row()) - {"text", "import", "test_setup"}
EXTRA = {"python": {"text"}, "java": {"text"}, "go": {"import", "test_setup"}}


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_has_every_column_of_the_real_data(language: str) -> None:
    for line in (FOLDER / f"{language}.jsonl").read_text("utf-8").splitlines():
        assert set(json.loads(line)) == COLUMNS | EXTRA.get(language, set())


@pytest.mark.real_data
@pytest.mark.parametrize("language", LANGUAGES)
def test_its_columns_stand_in_the_real_datas_order(language: str, shared: Path) -> None:
    real = json.loads((shared / "humanevalpack" / f"{language}.jsonl").read_text("utf-8").split("\n")[0])
    for line in (FOLDER / f"{language}.jsonl").read_text("utf-8").splitlines():
        assert list(json.loads(line)) == list(real)


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_has_all_bug_types_and_symptoms(language: str) -> None:
    problems = load_problems(language, "mini")
    assert [problem.index for problem in problems] == list(range(len(problems)))
    assert len(problems) >= 12
    assert {problem.bug_type for problem in problems} == set(BUG_TYPES)
    symptoms = Counter(problem.failure_symptoms for problem in problems)
    assert set(symptoms) == set(FAILURE_SYMPTOMS)
    assert symptoms["incorrect output"] >= len(problems) - 2


def test_a_problem_is_the_same_in_every_language() -> None:
    for problems in zip(*(load_problems(language, "mini") for language in LANGUAGES), strict=True):
        assert len({problem.bug_type for problem in problems}) == 1
        assert len({problem.failure_symptoms for problem in problems}) == 1
        names = {problem.entry_point.replace("_", "").lower() for problem in problems}
        assert len(names) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_a_problems_own(language: str) -> None:
    problems = load_problems(language, "mini")
    for column in ("prompt", "declaration", "canonical_solution", "buggy_solution", "test", "docstring", "entry_point"):
        assert len({getattr(problem, column) for problem in problems}) == len(problems), column
    for problem in problems:
        assert problem.canonical_solution != problem.buggy_solution
        assert problem.entry_point in problem.declaration
        assert problem.entry_point in problem.test
        assert problem.instruction == (
            f"Write a {get_language(language).title} function `{problem.signature}` "
            f"to solve the following problem:\n{problem.docstring}"
        )


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_has_humanevals_size(language: str) -> None:
    for problem in load_problems(language, "mini"):
        lines = [line for line in problem.canonical_solution.split("\n") if line.strip(" }\t")]
        assert 2 <= len(lines) <= 20
        assert problem.test.count(problem.entry_point) >= 6


@pytest.mark.real_data
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_problem_is_one_of_the_real_data(language: str, shared: Path) -> None:
    real = load_problems(language, shared / "humanevalpack")
    names = {problem.entry_point for problem in real}
    bodies = {"".join(problem.canonical_solution.split()) for problem in real}
    for problem in load_problems(language, "mini"):
        assert problem.entry_point not in names
        assert "".join(problem.canonical_solution.split()) not in bodies
