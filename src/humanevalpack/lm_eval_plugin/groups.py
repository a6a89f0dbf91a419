"""Averages as in the paper's tables: over languages within a scenario, then over the three scored scenarios.

lm_eval averages every task of a group that has a metric, so fixdocs would slip into the overall score and a language
that was left out would go unnamed. Groups whose file names ``averaged_scenarios`` get these averages; every other group
is untouched.
"""

import functools
import math
from collections.abc import Mapping
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
    for key in task_metrics[scored[0].task_name]:
        metric, _, filter_name = key.partition(",")
        if not metric.startswith("pass@") or metric.endswith("_stderr"):
            continue
        error_key = f"{metric}_stderr,{filter_name}"
        parts = []
        for scenario in scenarios:
            rows = [task_metrics[task.task_name] for task in scored if task.scenario == scenario]
            if rows:
                parts.append(_mean([(part[key], part[error_key]) for part in rows]))
        row[key], row[error_key] = _mean(parts)
    return row


def _mean(values: list[tuple[float, Any]]) -> tuple[float, Any]:
    """Return the mean of (value, standard error) and its standard error, ``N/A`` if one has none."""
    mean = math.fsum(value for value, _ in values) / len(values)
    errors = [error for _, error in values]
    if any(isinstance(error, str) for error in errors):
        return mean, "N/A"
    return mean, math.sqrt(math.fsum(error**2 for error in errors)) / len(errors)
