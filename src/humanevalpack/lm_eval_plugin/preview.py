"""What a plan would ask and write: nothing here needs a model, a GPU or the hub."""

import json
import shlex
from dataclasses import dataclass, replace
from typing import Any

from humanevalpack.corrections import corrected
from humanevalpack.lm_eval_plugin.plans import CHAT_SERVERS, Plan
from humanevalpack.lm_eval_plugin.prompting import Prompting, choose_prompting
from humanevalpack.lm_eval_plugin.repeats import is_sampled, warnings
from humanevalpack.problems import load_problems, published_task_ids
from humanevalpack.results.folder import GENERATIONS, SCORES, VERDICTS
from humanevalpack.results.manifest import MANIFEST
from humanevalpack.scenarios import parse_task

_DESCRIPTION = "(the description that the model will have written)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a run would do."""

    problems: dict[str, int]
    """Task to how many problems it asks."""
    answers: int
    """Texts that the model writes: a description and its program are two."""
    example: str
    """What ``prompt`` is about: task and problem."""
    prompt: str
    prompt_reason: str
    command: str
    """The same run as a command of lm_eval's."""
    files: list[str]
    warnings: list[str]
    """What the user may not have meant."""


def preview(plan: Plan) -> Preview:
    """Return what carrying the plan out would do; raises UsageError and InputError as that would."""
    indices = plan.problems(_counts(plan))
    task = plan.tasks[0]
    scenario, language = parse_task(task)
    from_hub = plan.common.dataset == "hub"
    problem = load_problems(language, "mini" if from_hub else plan.common.dataset)[0 if from_hub else indices[task][0]]
    options = plan.options[scenario]
    if options.chat_prefill == "auto" and plan.value("backend").endswith(CHAT_SERVERS):
        options = replace(options, chat_prefill="head" if plan.value("backend").startswith("local") else "none")
    prompting = choose_prompting(
        options,
        scenario,
        model_name=plan.model_name,
        chat=_stand_in(plan),
        system=plan.value("system_instruction"),
    )
    return Preview(
        problems={name: len(places) for name, places in indices.items()},
        answers=_answers(plan, {name: len(places) for name, places in indices.items()}),
        example=f"{task}, {problem.task_id}" + (" of the mini problems: the hub is not asked" if from_hub else ""),
        prompt=_text(prompting, corrected(problem, plan.common.profile), scenario),
        prompt_reason=f"{prompting.template.name}: {prompting.reason}",
        command=lm_eval_command(plan, indices),
        files=[str(plan.folder / name) for name in (MANIFEST, GENERATIONS, VERDICTS, SCORES)],
        warnings=warnings(plan),
    )


def lm_eval_command(plan: Plan, indices: dict[str, list[int]]) -> str:
    """Return the plan as a command of lm_eval's; ``indices`` are the problems of every task."""
    words = ["lm_eval", "run", "--model", plan.value("backend")]
    if plan.arguments:
        words += ["--model_args", _arguments(plan.arguments)]
    names = plan.names.value if plan.whole else plan.tasks
    words += ["--tasks", ",".join(names)]
    values = {name: plan.value(name) for name in ("batch_size", "device", "gen_kwargs", "system_instruction", "seed")}
    if plan.shard is not None and plan.shard.by == "problem":
        values["samples"] = json.dumps(indices)
    else:
        values["limit"] = plan.value("limit")
    for name, value in values.items():
        words += [f"--{name}", str(value)] if value is not None else []
    if plan.value("apply_chat_template"):
        words.append("--apply_chat_template")
    if plan.value("predict_only"):
        words += ["--predict_only", "--output_path", f"{plan.folder}-lm_eval"]  # lm_eval wants one
    words += ["--metadata", json.dumps({**plan.metadata, "run_folder": str(plan.folder)})]
    return shlex.join(words)


def _arguments(values: dict[str, Any]) -> str:
    plain = all(not isinstance(value, str) or not set(value) & set(",={\" '[(") for value in values.values())
    if plain and not any(isinstance(value, dict | list) for value in values.values()):
        return ",".join(f"{name}={value}" for name, value in values.items())
    return json.dumps(values)


def _counts(plan: Plan) -> dict[str, int]:
    dataset = plan.common.dataset
    return {
        language: len(published_task_ids(language) if dataset == "hub" else load_problems(language, dataset))
        for language in plan.languages
    }


def _answers(plan: Plan, problems: dict[str, int]) -> int:
    total = 0
    for task, count in problems.items():
        scenario, language = parse_task(task)
        options = plan.options[scenario]
        each = options.n_samples if is_sampled(plan, options) else 1
        described = f"humanevalexplaindescribe-{language}" in problems or options.descriptions is not None
        total += count * each * (2 if scenario == "explainsynthesize" and not described else 1)
    return total


def _stand_in(plan: Plan) -> Any:
    """Return what stands for the model's chat template, which only the model's tokenizer or server knows."""
    if not plan.value("apply_chat_template"):
        return None
    as_messages = plan.value("backend").endswith(CHAT_SERVERS)

    def chat(messages: list[dict[str, str]], add_generation_prompt: bool = True) -> Any:
        text = "\n".join(f"[{message['role']}]\n{message['content']}" for message in messages)
        text += "\n[assistant]\n" if add_generation_prompt else ""
        return _Messages(text) if as_messages else text

    return chat


@dataclass(frozen=True)
class _Messages:
    """A conversation that a server gets as messages."""

    text: str


def _text(prompting: Prompting, problem: Any, scenario: str) -> str:
    description = _DESCRIPTION if scenario == "explainsynthesize" else None
    prompt = prompting.render(problem, scenario, description)
    return prompt.text if isinstance(prompt, _Messages) else str(prompt)
