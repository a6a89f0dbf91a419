"""How a run was made, as its folder's manifest says it: model, prompts, sampling, data, sandbox, packages."""

import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from humanevalpack.errors import UsageError
from humanevalpack.lm_eval_plugin import backends
from humanevalpack.lm_eval_plugin.asking import Asking
from humanevalpack.lm_eval_plugin.chunks import Numbered
from humanevalpack.lm_eval_plugin.devices import device_facts
from humanevalpack.results import new_manifest
from humanevalpack.results.per_task import shortened
from humanevalpack.templates import PromptTemplate

_PACKAGES = ("humanevalpack", "lm_eval", "torch", "transformers", "tokenizers", "accelerate", "peft", "vllm", "ray")
_OWN = ("until", "do_sample", "temperature", "top_p", "top_k", "max_gen_toks", "total_length")
"""Arguments of generation that stand in the manifest under names of their own."""


def manifest_of(path: Path, model: Any, numbered: Sequence[Numbered]) -> dict[str, Any]:
    """Return the manifest of a run; raises UsageError where its tasks contradict each other."""
    first = {id(request.asking): request for request, _ in numbered}
    askings = {request.asking.task: request.asking for request in first.values()}
    facts = {
        request.asking.language: request.facts
        for request in first.values()
        if "sandbox" in request.facts and not request.asking.left_out
    }
    arguments = {task: asking.generation_arguments() for task, asking in askings.items()}
    options = next(iter(askings.values())).options
    name = backends.model_name(model)
    sampled = any(found["do_sample"] for found in arguments.values())
    prompts = _one_a_scenario(askings)
    others = {key: value for found in arguments.values() for key, value in found.items() if key not in _OWN}
    return new_manifest(
        Path(name).name if name else path.absolute().name,
        tasks=list(askings),
        model=name,
        model_arguments=next(iter(askings.values())).model_arguments or None,
        **backends.model_facts(model),
        devices=device_facts(model),
        engine=backends.engine_facts(model) or None,
        prompt=prompts,
        prompt_sha256=shortened({task: asking.prompting.template.sha256 for task, asking in askings.items()}),
        prompt_templates={asking.scenario: asking.prompting.template.to_dict() for asking in askings.values()},
        prompt_reason=shortened({task: asking.prompting.reason for task, asking in askings.items()}),
        chat_prefill=_shortened({task: _prefill(asking) for task, asking in askings.items()}),
        system_instruction=next(iter(askings.values())).prompting.system,
        stop_words=shortened({task: found["until"] for task, found in arguments.items()}),
        preset=_shortened({task: asking.options.preset for task, asking in askings.items()}),
        n_samples=shortened({task: asking.samples_per_problem for task, asking in askings.items()}),
        temperature=shortened({task: found["temperature"] for task, found in arguments.items()}),
        top_p=_shortened({task: found.get("top_p") for task, found in arguments.items()}),
        top_k=_shortened({task: found.get("top_k") for task, found in arguments.items()}),
        max_new_tokens=_shortened({task: found.get("max_gen_toks") for task, found in arguments.items()}),
        total_length=_shortened({task: found.get("total_length") for task, found in arguments.items()}),
        gen_kwargs=others or None,
        seed=backends.run_seed(model),
        sampled_with=_sampled_with(model) if sampled else None,
        ranks=model.world_size,
        dataset=options.dataset,
        dataset_revision=options.dataset_revision,
        dataset_sha256={asking.language: asking.dataset_sha256 for asking in askings.values()},
        profile=options.profile,
        sandbox=_shortened({language: found["sandbox"] for language, found in facts.items()}, by_task=False),
        toolchains={language: found["toolchain"] for language, found in facts.items()} or None,
        images={language: found["image"] for language, found in facts.items() if found["image"]} or None,
        limits={"time_limit": options.time_limit or "each language's own"},
        packages=_packages(),
        left_out={asking.language: asking.left_out for asking in askings.values() if asking.left_out} or None,
    )


def _one_a_scenario(askings: Mapping[str, Asking]) -> Any:
    """Return the name of the template, or the names by scenario."""
    found: dict[str, PromptTemplate] = {}
    for asking in askings.values():
        template = asking.prompting.template
        if found.setdefault(asking.scenario, template) != template:
            raise UsageError(
                f"prompts {found[asking.scenario].name!r} and {template.name!r} for {asking.scenario} in one run "
                "are not the same: give each a run_folder of its own"
            )
    names = {scenario: template.name for scenario, template in found.items()}
    return names if len(set(names.values())) > 1 else next(iter(names.values()))


def _shortened(values: Mapping[str, Any], *, by_task: bool = True) -> Any:
    """Return what stands for the values; None where there is none."""
    if not by_task:
        return dict(values) if len(set(values.values())) > 1 else next(iter(values.values()), None)
    return shortened(values) if any(value is not None for value in values.values()) else None


def _sampled_with(model: Any) -> dict[str, Any] | None:
    """Return what a transformers model's random numbers depend on: they are drawn for a whole batch."""
    if not backends.is_transformers(model):
        return None
    return {"batch_size": model.batch_size, "ranks": model.world_size}


def _prefill(asking: Asking) -> str | None:
    return asking.prompting.prefill if asking.prompting.is_chat else None


def _packages() -> dict[str, str]:
    found = {}
    for name in _PACKAGES:
        if name in sys.modules:
            try:
                found[name] = version(name)
            except PackageNotFoundError:  # a checkout on PYTHONPATH
                found[name] = str(getattr(sys.modules[name], "__version__", "unknown"))
    return found
