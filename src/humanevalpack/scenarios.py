"""The five scenarios: what a model is shown, what it is asked, and which text its answer continues.

Source: OctoPack (arXiv 2308.07124), section 3; texts as in the reference harness.
"""

from functools import cache

from humanevalpack.errors import UsageError
from humanevalpack.languages import LANGUAGES, get_language
from humanevalpack.problems import Problem

SCENARIOS = ("fixtests", "fixdocs", "explaindescribe", "explainsynthesize", "synthesize")
FIX_SCENARIOS = ("fixtests", "fixdocs")
AVERAGED = ("fixtests", "explainsynthesize", "synthesize")
"""The scenarios in the overall score: HumanEvalFix, HumanEvalExplain and HumanEvalSynthesize (tables 2 to 4)."""
TITLES = {
    "fixtests": "Fix",
    "fixdocs": "Fix (docs)",
    "explainsynthesize": "Explain",
    "synthesize": "Synthesize",
}
"""The scored scenarios in the order of the tables, under the paper's names without their ``HumanEval``."""
_FROM_DECLARATION = ("fixtests", "explaindescribe", "explainsynthesize")


def check_scenario(scenario: str) -> str:
    """Return ``scenario`` if it is one; raises UsageError that lists the names."""
    if scenario not in SCENARIOS:
        raise UsageError(f"scenario {scenario!r} is not known; use one of {', '.join(SCENARIOS)}")
    return scenario


def scenario_base(problem: Problem, scenario: str) -> str:
    """Return the program text up to where the function's body starts, as this scenario shows it."""
    if check_scenario(scenario) in _FROM_DECLARATION:
        return get_language(problem.language).base_prefix + problem.declaration
    return problem.prompt


def scenario_instruction(problem: Problem, scenario: str) -> str:
    """Return what the model is asked to do."""
    if check_scenario(scenario) in FIX_SCENARIOS:
        return f"Fix bugs in {problem.entry_point}."
    if scenario == "explaindescribe":
        length = len(problem.docstring)
        return f"Provide a concise natural language description of the code using at most {length} characters."
    if scenario == "explainsynthesize":
        title = get_language(problem.language).title
        return f"Write functional code in {title} according to the description."
    return problem.instruction.strip()


def scenario_context(problem: Problem, scenario: str, description: str | None = None) -> str:
    """Return the code or description that goes with the instruction; empty for ``synthesize``.

    ``description`` is needed for ``explainsynthesize`` (text of an explaindescribe answer) and nowhere else.
    """
    if check_scenario(scenario) == "explainsynthesize":
        if description is None:
            raise UsageError("scenario 'explainsynthesize' needs description=...: the text that explains the code")
        return description
    if description is not None:
        raise UsageError(f"scenario {scenario!r} takes no description: only explainsynthesize does")
    if scenario == "synthesize":
        return ""
    if scenario == "explaindescribe":
        return scenario_base(problem, scenario) + problem.canonical_solution
    buggy = scenario_base(problem, scenario) + problem.buggy_solution
    return buggy + "\n" + problem.test if scenario == "fixtests" else buggy


def answer_base(problem: Problem, scenario: str) -> str:
    """Return the text that the prompt ends with: the base, or nothing where the answer is a description."""
    return "" if scenario == "explaindescribe" else scenario_base(problem, scenario)


def task_name(scenario: str, language: str) -> str:
    """Return the name of a task: ``humaneval{scenario}-{language}``."""
    return f"humaneval{scenario}-{language}"


@cache
def parse_task(task: str) -> tuple[str, str]:
    """Return (scenario, language) of a task's name; raises UsageError that lists the names."""
    for scenario in SCENARIOS:
        for language in LANGUAGES:
            if task == task_name(scenario, language):
                return scenario, language
    raise UsageError(
        f"task {task!r} is not known: a task is humaneval{{scenario}}-{{language}} with a scenario of "
        f"{', '.join(SCENARIOS)} and a language of {', '.join(LANGUAGES)}"
    )
