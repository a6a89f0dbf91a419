"""Whether this machine judges rightly: run every canonical and buggy program and compare with the truth table."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from humanevalpack.problems import Problem, content_hash, known_hash
from humanevalpack.programs import Program, program_text
from humanevalpack.truth_table import FORMS, Expectation, Form, truth_table, verdict_class

if TYPE_CHECKING:
    from humanevalpack.languages import Profile
    from humanevalpack.sandbox import Verdict

Outcome = Literal["same", "explained", "different"]


@dataclass(frozen=True, slots=True)
class Check:
    """One program whose verdict is known beforehand."""

    problem: Problem
    form: Form
    expectation: Expectation
    program: Program


@dataclass(frozen=True, slots=True)
class CheckedProgram:
    """A check with the verdict that this machine gave."""

    check: Check
    verdict: "Verdict"
    outcome: Outcome

    def explain(self) -> str:
        """Say what was expected, what came out, and why the one or the other."""
        problem, expected = self.check.problem, self.check.expectation
        seen = f"{self.verdict.status}: {self.verdict.reason}"
        wanted = " or ".join(expected.verdicts)
        why = expected.also.get(verdict_class(self.verdict.status), expected.reason)
        return f"{problem.language} {problem.index} {self.check.form}: expected {wanted}, got {seen} ({why})"

    def to_dict(self) -> dict[str, Any]:
        """Return one row of ``humanevalpack verify --json``."""
        return {
            "language": self.check.problem.language,
            "index": self.check.problem.index,
            "task_id": self.check.problem.task_id,
            "form": self.check.form,
            "expected": list(self.check.expectation.verdicts),
            "outcome": self.outcome,
            "explanation": "" if self.outcome == "same" else self.explain(),
            "verdict": self.verdict.to_dict(),
        }


def checks(problems: Mapping[str, Sequence[Problem]], *, profile: "Profile" = "reference") -> list[Check]:
    """Return the two checks of every problem; ``problems`` maps a language to all of its rows, in order."""
    table = truth_table()
    made = []
    for language, rows in problems.items():
        published = content_hash(rows) == known_hash(language)
        for problem in rows:
            for form in FORMS:
                solution = problem.canonical_solution if form == "canonical" else problem.buggy_solution
                text = program_text(problem, problem.prompt + solution, profile=profile)
                program = Program(text=text, language=language, problem=problem, profile=profile)
                made.append(Check(problem, form, table.expect(problem, form, profile, published=published), program))
    return made


def judge(check: Check, verdict: "Verdict") -> CheckedProgram:
    """Compare one verdict with what its check expects."""
    found = verdict_class(verdict.status)
    outcome: Outcome = "different"
    if found in check.expectation.verdicts:
        outcome = "same"
    elif found in check.expectation.also:
        outcome = "explained"
    return CheckedProgram(check, verdict, outcome)


def verify(
    made: Sequence[Check],
    *,
    sandbox: str = "auto",
    workers: int | str | None = None,
    confirm_unsafe: bool = False,
    journal: str | Path | None = None,
    on_verdict: Callable[[int, "Verdict"], None] | None = None,
) -> Iterator[CheckedProgram]:
    """Run the programs of the checks and yield each with its verdict, in order.

    ``on_verdict`` is called with a check's number and verdict as soon as it is known;
    ``journal`` is a file that keeps the verdicts, so that a killed run goes on where it was. Raises EnvironmentFault
    when the sandbox cannot work.
    """
    from humanevalpack.sandbox import run_programs

    verdicts = run_programs(
        [check.program for check in made],
        sandbox=sandbox,
        workers=workers,
        confirm_unsafe=confirm_unsafe,
        journal=journal,
        on_verdict=on_verdict,
    )
    for check, verdict in zip(made, verdicts, strict=True):
        yield judge(check, verdict)
