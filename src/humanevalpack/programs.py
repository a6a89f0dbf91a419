"""From a candidate to a program with its tests, ready to be judged.

Rules: as the reference harness (evaluation rules, section 6); profile ``fixed`` mends the known faults of the data.
"""

from dataclasses import dataclass
from pathlib import Path

from humanevalpack.corrections import corrected
from humanevalpack.errors import UsageError
from humanevalpack.languages import Profile, get_language
from humanevalpack.patches import apply_hunks, apply_text_patch
from humanevalpack.problems import Problem
from humanevalpack.scenarios import scenario_base
from humanevalpack.templates import PromptTemplate, load_template


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A whole program with its tests; without a candidate (an unreadable patch) the tests stand alone and fail."""

    text: str
    language: str
    problem: Problem | None
    profile: Profile

    @property
    def test_begins(self) -> int | None:
        """The place in ``text`` where the problem's own test begins; None if the text does not end with it."""
        if self.problem is None:
            return None
        test = corrected(self.problem, self.profile).test
        return len(self.text) - len(test) if self.text.endswith(test) else None


def build_program(
    problem: Problem,
    candidate: str,
    scenario: str,
    *,
    prompt: str | Path | PromptTemplate = "instruct",
    profile: Profile = "reference",
) -> Program:
    """Put a candidate (see ``extract_candidate``) and the problem's tests together.

    With prompts ``diff`` and ``diff-carper`` the candidate is applied to the buggy program first. Raises UsageError for
    ``explaindescribe``, whose answers are descriptions, and for an unknown scenario, prompt or profile.
    """
    template = load_template(prompt)
    template.check_supports(scenario)
    shown = corrected(problem, profile)
    if scenario == "explaindescribe":
        raise UsageError("scenario 'explaindescribe' makes descriptions, not programs: score explainsynthesize instead")
    code = _applied(shown, candidate, scenario, template)
    text = program_text(problem, code, profile=profile)
    return Program(text=text, language=problem.language, problem=problem, profile=profile)


def program_text(problem: Problem, code: str, *, profile: Profile = "reference") -> str:
    """Return ``code`` (a whole program without tests) as the language's program, then the problem's test."""
    problem = corrected(problem, profile)
    return get_language(problem.language).assemble(problem, code, profile) + "\n\n" + problem.test


def _applied(problem: Problem, candidate: str, scenario: str, template: PromptTemplate) -> str:
    if template.answer not in ("patch", "hunk"):
        return candidate
    buggy = scenario_base(problem, scenario) + problem.buggy_solution
    if template.answer == "patch":
        return apply_text_patch(buggy, candidate) or ""
    return apply_hunks(buggy, candidate) if candidate else ""
