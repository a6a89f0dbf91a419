"""The table of canonical answers that fail in profile reference says what is so."""

import re
from pathlib import Path

import pytest

import humanevalpack as hep
from humanevalpack.languages import LANGUAGES, Profile, get_language

_BY_CHANCE = ("rust", 32)


def listed(project: Path) -> list[tuple[str, int]]:
    """Language and number of every problem in the table."""
    page = (project / "docs" / "scores.md").read_text("utf-8")
    titles = {get_language(name).title: name for name in LANGUAGES}
    rows = re.findall(r"^\| ([\w+]+) \| (\d[\d, ]*) \|", page.partition("| language | canonical")[2], re.MULTILINE)
    return [(titles[title], int(number)) for title, numbers in rows for number in numbers.split(", ")]


@pytest.mark.real_data
@pytest.mark.toolchain("go", "cpp", "rust")
def test_the_answers_in_the_table_fail_in_reference_and_pass_in_fixed(project: Path, shared: Path) -> None:
    problems = {name: hep.load_problems(name, shared / "humanevalpack") for name in ("go", "cpp", "rust")}
    places = [place for place in listed(project) if place != _BY_CHANCE]
    assert len(places) == 10

    def passes(profile: Profile) -> set[bool]:
        answers = [problems[language][number] for language, number in places]
        programs = [program(problem, profile) for problem in answers]
        verdicts = hep.run_programs(programs, sandbox="process", confirm_unsafe=True)
        return {verdict.passed for verdict in verdicts}

    assert passes("reference") == {False}
    assert passes("fixed") == {True}


def program(problem: hep.Problem, profile: Profile) -> hep.Program:
    answer = problem.canonical_solution
    candidate = hep.extract_candidate(problem, "fixtests", answer, prompt="octocoder", profile=profile)
    return hep.build_program(problem, candidate, "fixtests", prompt="octocoder", profile=profile)
