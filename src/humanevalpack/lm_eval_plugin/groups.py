"""Averages as in the paper's tables: over languages within a scenario, then over the three scored scenarios.

lm_eval averages every task of a group that has a metric, so fixdocs would slip into the overall score and a language
that was left out would go unnamed. Groups whose file names ``averaged_scenarios`` get these averages; every other group
is untouched.
"""

import functools
import math
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from lm_eval.api.group import Group


def install() -> None:
    """Give lm_eval's Group our averages for our own groups, once."""
    original = Group.aggregate
    if getattr(original, "humanevalpack", False):
        return

    @functools.wraps(original)
    def aggregate(self: Any, task_metrics: Any) -> Any:
        scenarios = (self.metadata or {}).get("averaged_scenarios")
        return average(self, scenarios, task_metrics) if scenarios else original(self, task_metrics)

    aggregate.humanevalpack = True  # type: ignore[attr-defined]
    Group.aggregate = aggregate


def average(group: Any, scenarios: list[str], task_metrics: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the group's row: pass@k averaged over languages, then over scenarios; its name says which languages."""
    tasks = [task for task in group.get_all_tasks() if task.scenario in scenarios and task.task_name in task_metrics]
    scored = [task for task in tasks if any(key.startswith("pass@") for key in task_metrics[task.task_name])]
    row: dict[str, Any] = {"alias": group.alias or group.name, "name": group.name}
    if not scored:
        return row
    languages = list(dict.fromkeys(task.language for task in scored))
    row["alias"] = f"{row['alias']} ({', '.join(languages)})"
    row["sample_len"] = sum(task_metrics[task.task_name]["sample_len"] for task in scored)
    weights = _weights(scored)
    for key in task_metrics[scored[0].task_name]:
        metric, _, filter_name = key.partition(",")
        if not metric.startswith("pass@") or metric.endswith("_stderr"):
            continue
        error_key = f"{metric}_stderr,{filter_name}"
        parts = [(weight, task_metrics[task.task_name]) for task, weight in zip(scored, weights, strict=True)]
        row[key] = math.fsum(weight * part[key] for weight, part in parts)
        error = _error_over_problems(scored, weights, metric, row["sample_len"])
        row[error_key] = _largest_error(parts, error_key) if error is None else error
    return row


def _weights(tasks: Sequence[Any]) -> list[float]:
    """Return each task's share of the average: scenarios count alike, within each its languages."""
    languages = Counter(task.scenario for task in tasks)
    return [1 / len(languages) / languages[task.scenario] for task in tasks]


def _error_over_problems(tasks: Sequence[Any], weights: Sequence[float], metric: str, answers: int) -> float | None:
    """Return the standard error clustered by problem: one problem's tasks are one observation, not several.

    None where this process has not every problem of every task (several ranks) or the tasks differ in their problems.
    """
    scores = [task.scores for task in tasks]
    problems = scores[0].keys()
    if sum(map(len, scores)) != answers or any(of_task.keys() != problems for of_task in scores) or len(problems) < 2:
        return None
    averages = [
        math.fsum(weight * of_task[problem][metric] for weight, of_task in zip(weights, scores, strict=True))
        for problem in problems
    ]
    return statistics.stdev(averages) / math.sqrt(len(averages))


def _largest_error(parts: Sequence[tuple[float, Mapping[str, Any]]], key: str) -> Any:
    """Return the standard error if all tasks went up and down together, its upper bound; ``N/A`` if one has none."""
    errors = [part[key] for _, part in parts]
    if any(isinstance(error, str) for error in errors):
        return "N/A"
    return math.fsum(weight * error for (weight, _), error in zip(parts, errors, strict=True))
