"""What the tiny model is taught: prompts of the tasks with the one right answer to each."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from humanevalpack.completions import extract_candidate
from humanevalpack.problems import Problem
from humanevalpack.prompts import render_prompt
from humanevalpack.scenarios import SCENARIOS, scenario_base
from humanevalpack.templates import PromptTemplate

PROMPT = "octocoder"
LEARNED_PROBLEMS = 2
"""Problems of every language that are taught, the first ones: lm_eval's ``--limit`` selects the same."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """One prompt and its one answer (the text after the prompt, without the end-of-text token)."""

    problem: Problem
    scenario: str
    prompt: str
    answer: str


def expected_answer(problem: Problem, scenario: str) -> str:
    """Return what a model writes behind the stripped prompt: the canonical solution, or the docstring."""
    if scenario == "explaindescribe":
        return "\n" + problem.docstring
    base = scenario_base(problem, scenario)
    return base[len(base.rstrip()) :] + problem.canonical_solution.rstrip()


def lessons(problems: Sequence[Problem], *, prompt: str | Path | PromptTemplate = PROMPT) -> list[Lesson]:
    """Return one lesson per problem and scenario; explainsynthesize shows the description that describe will give."""
    result = []
    for problem in problems:
        described = extract_candidate(
            problem, "explaindescribe", expected_answer(problem, "explaindescribe"), prompt=prompt
        )
        for scenario in SCENARIOS:
            description = described if scenario == "explainsynthesize" else None
            text = render_prompt(problem, scenario, prompt=prompt, description=description)
            result.append(Lesson(problem, scenario, text, expected_answer(problem, scenario)))
    return result
