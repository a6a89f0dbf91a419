"""Runs that show one thing each, made from the mini problems, for the tests of findings."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import humanevalpack as hep
from humanevalpack.problems import Problem
from humanevalpack.results import Run, ScoredSample
from humanevalpack.sandbox.verdicts import Verdict
from report_runs import sample

PROBLEMS = 14
Answer = Callable[[Problem], str]


def right(problem: Problem) -> str:
    return "\n" + problem.canonical_solution.lstrip("\n")


def buggy(problem: Problem) -> str:
    return "\n" + problem.buggy_solution.lstrip("\n")


def whole(problem: Problem) -> str:
    """The function with its head, as a chat model writes it."""
    return "\n" + problem.declaration.strip() + right(problem)


def fence(problem: Problem) -> str:
    return f"Here is it:\n```python\n{whole(problem).strip()}\n```"


def samples(
    answer: Answer | str,
    numbers: range = range(PROBLEMS),
    *,
    task: tuple[str, str] = ("synthesize", "python"),
    status: str = "failed",
    reason: str = "AssertionError",
    output: str = "AssertionError",
    **fields: Any,
) -> list[ScoredSample]:
    """One sample a problem with this answer; ``fields`` are a ScoredSample's."""
    found = []
    for number in numbers:
        problem = hep.load_problems(task[1], "mini")[number]
        text = answer if isinstance(answer, str) else answer(problem)
        made = sample(*task, number, 0, "g", generation=text)
        if status in ("generated", "prompt_too_long"):
            made = replace(made, status=status)
        elif task[0] != "explaindescribe":
            made = replace(made, status=status, verdict=Verdict(status, reason, output=output))
        found.append(replace(made, **fields))
    return found


def passed(numbers: range = range(PROBLEMS), **fields: Any) -> list[ScoredSample]:
    return samples(right, numbers, status="passed", reason="", output="", **fields)


def run(*parts: list[ScoredSample], **manifest: Any) -> Run:
    facts = {"name": "run", "dataset": "mini", "prompt": "octocoder", "temperature": 0, "max_new_tokens": 1024}
    return Run(
        name="run", folder=Path("run"), manifest=facts | manifest, samples=[row for part in parts for row in part]
    )


def mixed(answer: Answer | str, bad: int, **fields: Any) -> Run:
    """The first problems with this answer, the others right."""
    task = fields.get("task", ("synthesize", "python"))
    return run(samples(answer, range(bad), **fields), passed(range(bad, PROBLEMS), task=task))


def copies(rows: list[ScoredSample], task_ids: int) -> list[ScoredSample]:
    """As many problems as asked for, by counting on."""
    return [
        replace(row, index=place, task_id=f"{row.task_id.partition('/')[0]}/{place}")
        for place, row in enumerate((rows * (task_ids // len(rows) + 1))[:task_ids])
    ]
