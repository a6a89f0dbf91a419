"""From what a user says to a Plan: presets, model arguments, and what follows from them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from humanevalpack.errors import UsageError
from humanevalpack.lm_eval_plugin import model_choice
from humanevalpack.lm_eval_plugin.options import OPTIONS, PRESETS, Options, read_options
from humanevalpack.lm_eval_plugin.plans import ARGUMENTS, CHAT_SERVERS, DEFAULT, Plan, Setting
from humanevalpack.lm_eval_plugin.selection import EVERYTHING, Shard, select_tasks
from humanevalpack.presets import ModelPreset, model_presets
from humanevalpack.scenarios import SCENARIOS, parse_task
from humanevalpack.templates import PROMPT_CHAT

_LM_EVAL = "lm_eval's default"
_FOLDER = Path("results")


def plan_run(
    model: Any = None,
    *,
    backend: str | None = None,
    model_args: str | Mapping[str, Any] | None = None,
    tasks: str | Sequence[str] | None = None,
    output: str | Path | None = None,
    preset: str | None = None,
    batch_size: int | str | None = None,
    device: str | None = None,
    limit: float | None = None,
    seed: int | None = None,
    shard: str | None = None,
    shard_by: str = "problem",
    gen_kwargs: str | None = None,
    system_instruction: str | None = None,
    apply_chat_template: bool = False,
    predict_only: bool = False,
    **options: Any,
) -> Plan:
    """Decide what a run will be; nothing is loaded, generated or written.

    ``model`` is a name or path, or a model object of lm_eval; it may be left out with a model's ``preset``, or where
    ``model_args`` name it. ``backend`` is lm_eval's ``--model``; ``model_args`` go to it. ``tasks`` are names of tasks
    and groups. ``output`` is the run's folder: by default ``results/<model>[+<adapter>]-<tasks>``; a ``shard``
    (``2/8``) has a folder in it. ``options`` are those of the tasks (docs/lm_eval.md): ``prompt``, ``n_samples`` and so
    on. Raises UsageError.
    """
    _check_limit(limit)
    row, preset_name = _preset(preset)
    made = model is not None and not isinstance(model, str | Path)
    if made:
        backend_setting = Setting(type(model).__name__, ARGUMENTS)
    else:
        backend_setting = _first((backend, ARGUMENTS), (row and row.backend, preset_name), ("hf", DEFAULT))
        model_choice.check_backend(backend_setting.value)
    arguments = model_choice.model_args(model, model_args, backend_setting.value, row, preset_name)
    if seed is not None and not made and _draws_itself(backend_setting.value):
        arguments.setdefault("seed", Setting(seed, "seed"))
    asked = _first((tasks, ARGUMENTS), (row and _preset_tasks(row), preset_name), (EVERYTHING, DEFAULT))
    all_tasks, mini = select_tasks(asked.value)
    part = Shard.read(shard, shard_by) if shard is not None else None
    mine = part.tasks(all_tasks) if part else all_tasks
    metadata = {name: value for name, value in {"preset": preset, **options}.items() if value is not None}
    by_scenario = _options(metadata, all_tasks, mini=mini)
    if mini:
        metadata.setdefault("dataset", "mini")
    names = [name.strip() for text in _texts(asked.value) for name in text.split(",") if name.strip()]
    name = model_choice.name_of(model, arguments)
    base = Path(output).expanduser() if output is not None else _FOLDER / _folder_name(name, arguments, names)
    asked_batch = model_choice.batch_size(batch_size)
    batch = row.batch_size if row and row.backend == backend_setting.value else None
    return Plan(
        model=model if made else name,
        model_name=name,
        model_args=arguments,
        lm_eval={
            "backend": backend_setting,
            "batch_size": _first((asked_batch, ARGUMENTS), (batch, preset_name), (None, _LM_EVAL)),
            "device": _first((device, ARGUMENTS), (None, _LM_EVAL)),
            "seed": _first((seed, ARGUMENTS), (None, _LM_EVAL)),
            "limit": _first((_whole(limit), ARGUMENTS), (None, DEFAULT)),
            "gen_kwargs": _first((gen_kwargs, ARGUMENTS), (None, DEFAULT)),
            "system_instruction": _first((system_instruction, ARGUMENTS), (None, DEFAULT)),
            "apply_chat_template": _chat(apply_chat_template, by_scenario, backend_setting.value),
            "predict_only": _first((predict_only or None, ARGUMENTS), (False, DEFAULT)),
        },
        names=Setting(names, asked.origin),
        tasks=mine,
        whole=mine == all_tasks,
        options=by_scenario,
        metadata=metadata,
        shard=part,
        folder=base / part.folder if part else base,
        remarks=row.remarks if row else "",
    )


def _first(*candidates: tuple[Any, str]) -> Setting:
    """Return the first candidate that says something, else the last."""
    return Setting(*next((item for item in candidates if item[0] is not None), candidates[-1]))


def _whole(limit: float | None) -> float | None:
    return int(limit) if limit is not None and limit >= 1 else limit


def _check_limit(limit: float | None) -> None:
    if limit is not None and not (limit > 0 and (limit < 1 or float(limit).is_integer())):
        raise UsageError(f"limit is {limit}; it must be a whole number from 1, or below 1 a share such as 0.1")


def _draws_itself(backend: str) -> bool:
    """Whether samples are drawn by an engine or server, which lm_eval's seeds do not reach."""
    return backend.startswith(("vllm", "local-", "openai-"))


def _preset(name: str | None) -> tuple[ModelPreset | None, str]:
    """Return a model's preset, if ``name`` is one, and what a preset's settings are said to come from."""
    if name is not None and name not in PRESETS and name not in model_presets():
        raise UsageError(f"preset is {name!r}; use one of {', '.join((*PRESETS, *model_presets()))}")
    return model_presets().get(name or ""), f"preset {name}"


def _preset_tasks(row: ModelPreset) -> list[str]:
    return [EVERYTHING] if row.scenarios == SCENARIOS else [f"humaneval{scenario}" for scenario in row.scenarios]


def _options(metadata: Mapping[str, Any], tasks: Sequence[str], *, mini: bool) -> dict[str, Options]:
    """Read the tasks' options, scenario by scenario; raises UsageError also for a name that is none."""
    for name in metadata:
        if name == "run_folder":
            raise UsageError("run_folder is the run's folder: give it as output")
        if name == "generations":
            raise UsageError("generations are there already: humanevalpack evaluate scores them, without a model")
    scenarios = dict.fromkeys(parse_task(task)[0] for task in tasks)
    file = {"dataset": "mini"} if mini else {}
    found = {scenario: read_options(metadata, file, scenario=scenario, place=ARGUMENTS) for scenario in scenarios}
    for name in metadata:
        # Nearly right names were errors already; lm_eval would pass over any other in silence.
        if name not in OPTIONS:
            raise UsageError(f"option {name!r} is not known; the options are {', '.join(OPTIONS)}")
    tasks_own = {"dataset": "the tasks"} if mini and "dataset" not in metadata else {}
    return {name: replace(options, origins={**options.origins, **tasks_own}) for name, options in found.items()}


def _chat(asked: bool, options: Mapping[str, Options], backend: str) -> Setting:
    if asked:
        return Setting(True, ARGUMENTS)
    if any(item.prompt == PROMPT_CHAT for item in options.values()):
        return Setting(True, "prompt=chat")
    if backend.endswith(CHAT_SERVERS):
        return Setting(True, f"backend {backend}")
    return Setting(False, DEFAULT)


def _texts(names: str | Sequence[str]) -> list[str]:
    return [names] if isinstance(names, str) else list(names)


def _folder_name(model: str | None, arguments: Mapping[str, Setting], names: Sequence[str]) -> str:
    weights = [model or "model", *(str(arguments[key].value) for key in ("peft", "delta") if key in arguments)]
    last = "+".join(path.rstrip("/").rpartition("/")[2] for path in weights)
    return re.sub(r"[^A-Za-z0-9._+-]+", "-", f"{last}-{'+'.join(names)}")
