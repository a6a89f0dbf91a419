"""Real programs: the verdicts of HumanEvalPack's own solutions are those of the reference's execution."""

import json
from pathlib import Path

import pytest

from humanevalpack import Problem, load_problems, run_programs
from humanevalpack.languages import LANGUAGES
from humanevalpack.programs import Program, program_text

pytestmark = [pytest.mark.namespaces, pytest.mark.real_data]

WORDS = {"passed": "passed", "compile_error": "compile error", "timeout": "timed out"}
SAMPLE = (0, 23, 27, 38, 50, 66, 81, 95, 119, 162)
CHANCE = {("rust", 32), ("go", 95)}
"""rust 32: the Newton iteration has no bound, and the test draws random polynomials. go 95: the canonical solution
looks at two entries of a map, whose order Go draws at random (about one run in seven fails)."""
MEMORY_FIRST = {("cpp", 22), ("js", 25)}
"""Endless loops that grow: the reference, which has no memory limit, waited for its time limit."""


def program(problem: Problem, form: str) -> Program:
    solution = problem.canonical_solution if form == "canonical" else problem.buggy_solution
    text = program_text(problem, problem.prompt + solution)
    return Program(text=text, language=problem.language, problem=problem, profile="reference")


def differences(shared: Path, language: str, numbers: tuple[int, ...]) -> list[str]:
    problems = load_problems(language, source=str(shared / "humanevalpack"))
    expected = json.loads((shared / "goldens" / "verdicts.json").read_text("utf-8"))["verdicts"][language]
    cases = [(form, number) for form in ("canonical", "buggy") for number in numbers]
    verdicts = run_programs([program(problems[number], form) for form, number in cases], sandbox="local")
    found = []
    for (form, number), verdict in zip(cases, verdicts, strict=True):
        word = WORDS.get(verdict.status, "failed")
        if verdict.status == "memory_limit" and (language, number) in MEMORY_FIRST:
            word = "timed out"
        if word != expected[form][number].replace("_", " ") and (language, number) not in CHANCE:
            found.append(
                f"{language} {number} {form}: {verdict.status}, not {expected[form][number]}: {verdict.reason}"
            )
    return found


def by_language(group: str) -> list[object]:
    return [
        pytest.param(name, marks=[pytest.mark.toolchain(name), pytest.mark.xdist_group(f"{group}-{name}")])
        for name in LANGUAGES
    ]


@pytest.mark.parametrize("language", by_language("sample"))
def test_a_sample_has_the_verdicts_of_the_reference(shared: Path, language: str) -> None:
    assert differences(shared, language, SAMPLE) == []


@pytest.mark.full
@pytest.mark.parametrize("language", by_language("all"))
def test_every_program_has_the_verdict_of_the_reference(shared: Path, language: str) -> None:
    assert differences(shared, language, tuple(range(164))) == []
