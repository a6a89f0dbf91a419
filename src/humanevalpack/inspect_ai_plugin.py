"""HumanEvalPack in Inspect (inspect_ai): ``inspect eval humanevalpack/fixtests -T language=go --model ...``.

Problems, prompts, extraction and sandbox are ours; Inspect asks the model, repeats (epochs) and keeps the log.
"""

import atexit
from collections.abc import Callable
from functools import cache

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessageUser
from inspect_ai.scorer import CORRECT, INCORRECT, Score, Scorer, Target, accuracy, scorer, stderr
from inspect_ai.solver import Generate, Solver, TaskState, generate, solver

from humanevalpack.completions import extract_answer
from humanevalpack.errors import SandboxFault
from humanevalpack.languages import check_profile
from humanevalpack.problems import Problem, load_problems
from humanevalpack.programs import build_program
from humanevalpack.prompts import render_prompt
from humanevalpack.sandbox import Pool, check_toolchains, choose_sandbox, process
from humanevalpack.scenarios import task_name
from humanevalpack.templates import PROMPT_CHAT, PromptTemplate, chat_template, load_template

# Inspect's reasons for the end of an answer, in our words; any other is no reason to doubt the answer.
_FINISHES = {"max_tokens": "length", "model_length": "length", "content_filter": "refusal"}


@task
def fixtests(
    language: str = "python",
    dataset: str = "hub",
    prompt: str = PROMPT_CHAT,
    profile: str = "reference",
    sandbox: str = "auto",
    confirm_unsafe: bool = False,
) -> Task:
    """HumanEvalFix: a buggy function and its tests are shown."""
    return _task("fixtests", language, dataset, prompt, profile, sandbox, confirm_unsafe=confirm_unsafe)


@task
def fixdocs(
    language: str = "python",
    dataset: str = "hub",
    prompt: str = PROMPT_CHAT,
    profile: str = "reference",
    sandbox: str = "auto",
    confirm_unsafe: bool = False,
) -> Task:
    """HumanEvalFix with the docstring instead of the tests."""
    return _task("fixdocs", language, dataset, prompt, profile, sandbox, confirm_unsafe=confirm_unsafe)


@task
def explain(
    language: str = "python",
    dataset: str = "hub",
    prompt: str = PROMPT_CHAT,
    profile: str = "reference",
    sandbox: str = "auto",
    confirm_unsafe: bool = False,
) -> Task:
    """HumanEvalExplain: the model describes a function, and writes it again from its description alone."""
    return _task("explainsynthesize", language, dataset, prompt, profile, sandbox, confirm_unsafe=confirm_unsafe)


@task
def synthesize(
    language: str = "python",
    dataset: str = "hub",
    prompt: str = PROMPT_CHAT,
    profile: str = "reference",
    sandbox: str = "auto",
    confirm_unsafe: bool = False,
) -> Task:
    """HumanEvalSynthesize: an instruction with a docstring."""
    return _task("synthesize", language, dataset, prompt, profile, sandbox, confirm_unsafe=confirm_unsafe)


def _task(
    scenario: str, language: str, dataset: str, prompt: str, profile: str, sandbox: str, *, confirm_unsafe: bool
) -> Task:
    checked = check_profile(profile)
    template = chat_template(prefilled=False) if prompt == PROMPT_CHAT else load_template(prompt)
    problems = {problem.task_id: problem for problem in load_problems(language, dataset)}
    # Inspect would ask the model first and fail at the first score.
    if sandbox == "process":
        process.confirm(confirm_unsafe)
    kind = choose_sandbox(sandbox, [language])
    check_toolchains([language], sandbox=kind)[language].require()
    explains = scenario == "explainsynthesize"
    first = "explaindescribe" if explains else scenario

    def shown(problem: Problem, asked: str, description: str | None = None) -> str:
        return render_prompt(problem, asked, prompt=template, description=description, profile=checked)

    def described(problem: Problem, text: str) -> str:
        found = extract_answer(problem, "explaindescribe", text, prompt=template, profile=checked)
        return shown(problem, scenario, found.candidate)

    samples = [
        Sample(
            id=problem.task_id,
            input=shown(problem, first),
            target=problem.canonical_solution,
            metadata={
                "language": language,
                "entry_point": problem.entry_point,
                "bug_type": problem.bug_type,
                "failure_symptoms": problem.failure_symptoms,
            },
        )
        for problem in problems.values()
    ]
    return Task(
        dataset=MemoryDataset(samples, name=task_name(scenario, language)),
        solver=[describe_first(problems, described), generate()] if explains else generate(),
        scorer=sandboxed(problems, scenario, template, profile, kind, confirm_unsafe=confirm_unsafe),
    )


@solver
def describe_first(problems: dict[str, Problem], described: Callable[[Problem, str], str]) -> Solver:
    """Have the model describe the function, and begin anew with ``described(problem, its answer)``."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        state = await generate(state)
        text = described(problems[str(state.sample_id)], state.output.completion)
        # The description alone: a model that still saw the code could copy it.
        state.messages = [ChatMessageUser(content=text)]
        return state

    return solve


@scorer(metrics=[accuracy(), stderr()])
def sandboxed(
    problems: dict[str, Problem],
    scenario: str,
    template: PromptTemplate,
    profile: str,
    sandbox: str,
    *,
    confirm_unsafe: bool,
) -> Scorer:
    """Run the answer with the problem's tests: correct if it passed; the verdict is in the score's metadata.

    A fault of the sandbox is an error of the sample, never a wrong answer.
    """
    checked = check_profile(profile)

    async def score(state: TaskState, target: Target) -> Score:
        problem, output = problems[str(state.sample_id)], state.output
        finish = _FINISHES.get(output.stop_reason)
        found = extract_answer(problem, scenario, output.completion, prompt=template, profile=checked, finish=finish)
        program = build_program(problem, found.candidate, scenario, prompt=template, profile=checked)
        verdicts = [verdict async for verdict in _pool(sandbox, confirm_unsafe).run([program])]
        verdict = verdicts[0]
        if verdict.status == "sandbox_error":
            raise SandboxFault(f"{problem.task_id}: {verdict.reason}")
        return Score(
            value=CORRECT if verdict.passed else INCORRECT,
            answer=found.candidate,
            explanation=f"{verdict.status}: {verdict.reason}\n{verdict.output}".rstrip(),
            metadata={**verdict.to_dict(), "extraction": found.status, "program": program.text},
        )

    return score


@cache
def _pool(sandbox: str, confirm_unsafe: bool) -> Pool:
    """Return workers that stay for all samples and tasks of this process."""
    pool = Pool(sandbox=sandbox, confirm_unsafe=confirm_unsafe)
    atexit.register(pool.close)
    return pool
