"""A run that goes on: whether its settings are those that it began with, and the manifest of both."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from humanevalpack.errors import UsageError
from humanevalpack.results.per_task import PER_TASK, by_task, shortened

JUDGED_WITH = (
    "prompt",
    "prompt_sha256",
    "prompt_templates",
    "profile",
    "dataset_sha256",
    "sandbox",
    "toolchains",
    "limits",
)
"""What verdicts depend on."""
GENERATED_WITH = (
    "model",
    "model_revision",
    "backend",
    "dtype",
    "system_instruction",
    "chat_prefill",
    "stop_words",
    "n_samples",
    "temperature",
    "top_p",
    "top_k",
    "max_new_tokens",
    "total_length",
    "gen_kwargs",
    "seed",
    "sampled_with",
)
"""What generations depend on."""


def check_same(folder: Path, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Raise UsageError if a run that goes on would be made or judged otherwise than it began.

    Of settings by task or language only what both have must agree: a later command may add tasks.
    """
    for name, old, new in differences(before, now, (*JUDGED_WITH, *GENERATED_WITH)):
        raise UsageError(
            f"{folder} was begun with {name} {old!r}, and now it is {new!r}: give the same settings, another folder, "
            "or --overwrite to begin anew"
        )


def differences(
    before: Mapping[str, Any], now: Mapping[str, Any], keys: Iterable[str]
) -> Iterator[tuple[str, Any, Any]]:
    """Yield (name, value, value) of the settings that both manifests have and that differ."""
    for key in keys:
        for name, old, new in _both(key, before, now):
            if old != new:
                yield name, old, new


def merged(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was known with what is new; what was recorded stays as it was."""
    found = {**now, **before}
    for key, value in now.items():
        held = before.get(key)
        if key in PER_TASK and held is not None and _say_tasks(before, now):
            found[key] = shortened(by_task(value, now["tasks"]) | by_task(held, before["tasks"]))
        elif isinstance(value, dict) and isinstance(held, dict):
            found[key] = value | held
    if _say_tasks(before, now):
        found["tasks"] = list(dict.fromkeys([*before["tasks"], *now["tasks"]]))
    return found


def _both(key: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Yield (name, value, value) of what both have of one setting."""
    old, new = before.get(key), now.get(key)
    if old is None or new is None:
        return
    if key in PER_TASK and _say_tasks(before, now):
        olds, news = by_task(old, before["tasks"]), by_task(new, now["tasks"])
    elif isinstance(old, dict) and isinstance(new, dict):
        olds, news = old, new
    else:
        yield key, old, new
        return
    for name in olds:
        if name in news:
            yield f"{key} of {name}", olds[name], news[name]


def _say_tasks(*manifests: Mapping[str, Any]) -> bool:
    return all(manifest.get("tasks") for manifest in manifests)
