"""What lm_eval is told about a task, and the arguments of generation after ``--gen_kwargs`` has changed them."""

from collections.abc import Mapping, Sequence
from typing import Any

from humanevalpack.errors import UsageError
from humanevalpack.lm_eval_plugin.options import OPTIONS, Options

# lm_eval's and the back ends' other names of max_gen_toks.
_BUDGET_NAMES = ("max_new_tokens", "max_tokens", "max_completion_tokens")


def task_config(options: Options, samples: int, stops: Sequence[str], *, has_score: bool) -> dict[str, Any]:
    """Return the task's configuration in lm_eval's words; ``samples`` is how many each problem gets."""
    arguments: dict[str, Any] = {"until": list(stops), "temperature": options.temperature}
    if options.temperature > 0:
        arguments |= {"top_p": options.top_p, "top_k": options.top_k}
    if options.total_length is None:
        arguments["max_gen_toks"] = options.max_new_tokens
    scores = [f"pass@{k}" for k in options.scored_ks(samples)]
    metrics = [{"metric": name, "aggregation": "mean", "higher_is_better": True} for name in scores]
    lengths = [{"metric": "description_characters", "aggregation": "mean", "higher_is_better": None}]
    return {
        "test_split": "test",
        "num_fewshot": 0,
        "target_delimiter": "",
        "generation_kwargs": arguments,
        # A text (not a function): it tells lm_eval that the metrics' names are ours.
        "process_results": "humanevalpack",
        "metric_list": metrics if has_score else lengths,
    }


def generation_arguments(configured: Mapping[str, Any], options: Options) -> dict[str, Any]:
    """Return the arguments as requests carry them; raises UsageError for sampling without a temperature.

    ``total_length`` stays among them (prompt and answer together) until the prompt's tokens are counted.
    """
    arguments = dict(configured)
    budgets = [arguments.pop(name) for name in _BUDGET_NAMES if name in arguments]
    if budgets:
        arguments["max_gen_toks"] = budgets[0]
    total = arguments.pop("max_length", options.total_length)
    if total is not None:
        arguments["total_length"] = int(total)
    if "max_gen_toks" in arguments:
        arguments["max_gen_toks"] = int(arguments["max_gen_toks"])
    temperature = float(arguments.get("temperature", 0.0))
    sampling = arguments.get("do_sample", temperature > 0)
    if sampling and temperature <= 0:
        raise UsageError("--gen_kwargs do_sample=True needs a temperature above 0 (the paper: temperature=0.2)")
    arguments |= {"do_sample": bool(sampling), "temperature": temperature if sampling else 0.0}
    if sampling:
        # Said explicitly: transformers fills in 50, and servers the model's own generation settings.
        arguments |= {"top_p": arguments.get("top_p", options.top_p), "top_k": arguments.get("top_k", options.top_k)}
    else:
        arguments.pop("top_p", None)
        arguments.pop("top_k", None)
    return arguments


# What lm_eval writes into a task's metadata of its own accord.
_LM_EVAL_OWN = ("version", "config_source")
_SECRET = ("key", "token", "header", "password", "secret", "auth")


def model_arguments(metadata: Mapping[str, Any]) -> dict[str, str]:
    """Return the arguments of the model, which lm_eval merges into a task's metadata, as text; secrets stay out."""
    return {
        name: str(value)
        for name, value in metadata.items()
        if name not in (*OPTIONS, *_LM_EVAL_OWN) and not (set(name.lower().split("_")) & set(_SECRET))
    }
