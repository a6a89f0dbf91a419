"""Settings that may differ from task to task, in a manifest: one value if all agree, else as short as possible.

``0.2`` is every task's; ``{"fixtests": 0.2, "synthesize": 0.8}`` is by scenario, and in the same way by language or
by task. ``tasks`` of the manifest names the tasks that are meant.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from humanevalpack.scenarios import parse_task

PER_TASK = (
    "prompt",
    "prompt_sha256",
    "prompt_reason",
    "chat_prefill",
    "stop_words",
    "preset",
    "n_samples",
    "temperature",
    "top_p",
    "top_k",
    "max_new_tokens",
    "total_length",
)


def by_task(value: Any, tasks: Sequence[str]) -> dict[str, Any]:
    """Return task to its value, for the tasks that have one."""
    if not isinstance(value, Mapping):
        return dict.fromkeys(tasks, value)
    names = {task: next((name for name in (task, *parse_task(task)) if name in value), None) for task in tasks}
    return {task: value[name] for task, name in names.items() if name is not None}


def shortened(values: Mapping[str, Any]) -> Any:
    """Return what stands for these values (task to value): the value itself, or by scenario, by language, by task."""
    if _agree(list(values.values())):
        return next(iter(values.values()), None)
    for part in (0, 1):
        groups: dict[str, list[Any]] = {}
        for task, value in values.items():
            groups.setdefault(parse_task(task)[part], []).append(value)
        if all(_agree(group) for group in groups.values()):
            return {name: group[0] for name, group in groups.items()}
    return dict(values)


def _agree(values: Sequence[Any]) -> bool:
    return all(value == values[0] for value in values)
