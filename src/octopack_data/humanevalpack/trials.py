"""Every program that the check runs for a problem, and what its verdict says of the problem."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from humanevalpack.completions import extract_candidate
from humanevalpack.problems import Problem
from humanevalpack.programs import Program, program_text
from humanevalpack.scenarios import scenario_base
from octopack_data.humanevalpack.wrong_programs import wrong_programs

if TYPE_CHECKING:
    from humanevalpack.languages import Profile


@dataclass(frozen=True, slots=True)
class Trial:
    """One program of one problem: ``kind`` is the fault that it may show, ``what`` tells programs of one kind apart."""

    problem: Problem
    kind: str
    what: str
    program: Program

    def again(self, number: int) -> "Trial":
        """Return the same program for another run: a comment makes it another text, for equal texts run once."""
        comment = "#" if self.problem.language == "python" else "//"
        text = f"{comment} run {number}\n{self.program.text}"
        return replace(self, program=replace(self.program, text=text))


def right_programs(problem: Problem, repeat: int) -> Iterator[Trial]:
    """Yield the canonical program (``repeat`` times), its other forms and the buggy one."""
    canonical = problem.prompt + problem.canonical_solution
    first = _trial(problem, "canonical_fails", "", canonical)
    yield first
    yield from (first.again(number) for number in range(2, repeat + 1))
    shown = replace(problem, test=problem.example_test)
    if problem.example_test.strip() not in ("", "None"):
        yield _trial(shown, "example_fails", "", canonical)
    whole = scenario_base(problem, "fixtests") + problem.canonical_solution
    yield _trial(problem, "declaration_fails", "", whole)
    for scenario in ("fixtests", "synthesize"):
        answer = extract_candidate(problem, scenario, problem.canonical_solution)
        form = whole if scenario == "fixtests" else canonical
        if answer.split() != form.split():
            yield _trial(problem, "answer_is_cut", scenario, answer)
    yield _trial(problem, "bug_passes", "", problem.prompt + problem.buggy_solution)


def wrong_trials(problem: Problem) -> Iterator[Trial]:
    """Yield the programs that are wrong on purpose; Go's unused imports are dropped, for a body that uses none."""
    profile: Profile = "fixed" if problem.language == "go" else "reference"
    for kind, what, code in wrong_programs(problem):
        yield _trial(problem, kind, what, code, profile=profile)


def _trial(problem: Problem, kind: str, what: str, code: str, *, profile: "Profile" = "reference") -> Trial:
    text = program_text(problem, code, profile=profile)
    program = Program(text=text, language=problem.language, problem=problem, profile=profile)
    return Trial(problem, kind, what, program)
