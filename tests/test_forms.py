"""Canonical solutions as answers, through post-processing: where the reference's own rules break them, and `fixed`."""

from pathlib import Path

import pytest

import humanevalpack as hep
from humanevalpack.languages import PROFILES
from humanevalpack.scenarios import FIX_SCENARIOS

# Language, problem and the scenarios whose canonical answer the reference rules fail (the rest of the data passes).
BROKEN = [
    ("go", 10, ["fixtests"]),
    ("go", 32, ["fixtests"]),
    ("go", 38, ["fixtests"]),
    ("go", 50, ["fixtests"]),
    ("cpp", 38, ["fixtests"]),
    ("go", 72, ["fixtests", "fixdocs", "synthesize"]),
    ("go", 90, ["fixtests", "fixdocs", "synthesize"]),
    ("go", 158, ["fixtests", "fixdocs", "synthesize"]),
    ("rust", 137, ["fixtests", "fixdocs", "synthesize"]),
    ("rust", 145, ["fixtests", "fixdocs", "synthesize"]),
]


@pytest.mark.real_data
@pytest.mark.namespaces
@pytest.mark.toolchain("cpp", "go", "rust")
def test_the_fixed_profile_mends_what_the_reference_rules_break(shared: Path) -> None:
    cases = [
        (hep.load_problems(language, shared / "humanevalpack")[index], scenario, profile)
        for language, index, broken in BROKEN
        for scenario in ("fixtests", "fixdocs", "synthesize")
        for profile in PROFILES
        if profile == "fixed" or scenario in broken
    ]
    programs = []
    for problem, scenario, profile in cases:
        candidate = hep.extract_candidate(problem, scenario, "\n" + problem.canonical_solution, profile=profile)
        programs.append(hep.build_program(problem, candidate, scenario, profile=profile))
    verdicts = hep.run_programs(programs, sandbox="local")
    wrong = [
        (problem.task_id, scenario, profile, verdict.status, verdict.reason)
        for (problem, scenario, profile), verdict in zip(cases, verdicts, strict=True)
        if verdict.passed != (profile == "fixed")
    ]
    assert wrong == []


@pytest.mark.namespaces
@pytest.mark.toolchain("cpp", "go", "java", "js", "python", "rust")
def test_every_canonical_answer_passes_and_no_buggy_one_does_in_every_scenario_of_the_mini_set() -> None:
    cases = [
        (problem, scenario, solution)
        for language in hep.LANGUAGES
        for problem in hep.load_problems(language, "mini")[::4]
        for scenario in (*FIX_SCENARIOS, "explainsynthesize")
        for solution in ("canonical_solution", "buggy_solution")
    ]
    programs = []
    for problem, scenario, solution in cases:
        # prompts are stripped, so a model starts with the line break
        answer = "\n" + getattr(problem, solution) + "\n\nThat is all."
        candidate = hep.extract_candidate(problem, scenario, answer)
        programs.append(hep.build_program(problem, candidate, scenario))
    verdicts = hep.run_programs(programs, sandbox="local")
    wrong = [
        (problem.task_id, scenario, solution, verdict.status, verdict.reason)
        for (problem, scenario, solution), verdict in zip(cases, verdicts, strict=True)
        if verdict.passed != (solution == "canonical_solution")
    ]
    assert wrong == []
