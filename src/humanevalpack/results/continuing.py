"""A run that goes on: whether its settings are those that it began with, and the manifest of both."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from humanevalpack.errors import UsageError
from humanevalpack.results.model_arguments import telling
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
    "model_arguments",
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
# What a model object's arguments are is not known, and greedy answers need no random numbers: temperature tells.
_MAY_LACK = ("model_arguments", "sampled_with")


def check_same(folder: Path, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Raise UsageError if a run that goes on would be made or judged otherwise than it began.

    Of settings by task or language only what both have must agree: a later command may add tasks. Where both manifests
    name their tasks, what generations depend on must be in both or in neither.
    """
    for name, old, new in differences(before, now, (*JUDGED_WITH, *GENERATED_WITH)):
        raise UsageError(
            f"{folder} was begun with {name} {old!r}, and now it is {new!r}: give the same settings, another folder, "
            "or --overwrite to begin anew"
        )


def differences(
    before: Mapping[str, Any], now: Mapping[str, Any], keys: Iterable[str]
) -> Iterator[tuple[str, Any, Any]]:
    """Yield (name, value, value) of the settings that differ; None is a value where a run of ours says all of them."""
    for key in keys:
        for name, old, new in _both(key, before, now):
            if old != new:
                yield name, old, new


def merged(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was known with what is new; what was recorded stays as it was, but for languages judged at last."""
    found = {**now, **before}
    for key, value in now.items():
        held = before.get(key)
        if key == "sandbox" and held is not None:
            found[key] = _one_or_all(_kinds(now) | _kinds(before)) or held
        elif isinstance(value, dict) and isinstance(held, dict):
            found[key] = value | held
    if "left_out" in found:
        reasons = before.get("left_out", {}) | now.get("left_out", {})
        found["left_out"] = {name: why for name, why in reasons.items() if name not in now.get("toolchains", {})}
    if _say_tasks(before, now):
        found["tasks"] = list(dict.fromkeys([*before["tasks"], *now["tasks"]]))
        for key in found.keys() & set(PER_TASK):
            values: dict[str, Any] = dict.fromkeys(found["tasks"])
            for part in (now, before):
                said = by_task(part.get(key), part["tasks"])
                values |= {task: value for task, value in said.items() if value is not None}
            found[key] = shortened(values)
    return found


def _both(key: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Yield (name, value, value) of what both say of one setting."""
    old, new = before.get(key), now.get(key)
    said = key in GENERATED_WITH and key not in _MAY_LACK and _say_tasks(before, now)
    if (old is None or new is None) and not said:
        return
    if key in PER_TASK and _say_tasks(before, now):
        olds, news = by_task(old, before["tasks"]), by_task(new, now["tasks"])
    elif key == "sandbox" and _kinds(before) and _kinds(now):
        olds, news = _kinds(before), _kinds(now)
    elif key == "model_arguments":
        olds, news = _filled(telling(old or {}), telling(new or {}))
    elif key == "gen_kwargs" and said:
        olds, news = _filled(old or {}, new or {})
    elif isinstance(old, dict) and isinstance(new, dict):
        olds, news = old, new
    else:
        yield key, old, new
        return
    for name in olds:
        if name in news:
            yield f"{key} of {name}", olds[name], news[name]


def _kinds(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Return judged language to its kind of sandbox: the manifest says one where all languages have the same."""
    kind: Any = manifest.get("sandbox")
    return dict(kind) if isinstance(kind, Mapping) else dict.fromkeys(manifest.get("toolchains", ()), kind)


def _one_or_all(kinds: Mapping[str, str]) -> Any:
    return dict(kinds) if len(set(kinds.values())) > 1 else next(iter(kinds.values()), None)


def _filled(*parts: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the parts with all keys of both: None stands for what one lacks."""
    keys = dict.fromkeys(name for part in parts for name in part)
    return ({name: part.get(name) for name in keys} for part in parts)


def _say_tasks(*manifests: Mapping[str, Any]) -> bool:
    return all(manifest.get("tasks") for manifest in manifests)
