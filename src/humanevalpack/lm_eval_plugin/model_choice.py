"""What a plan says of the model: its class of lm_eval's, its name, and the arguments that it is made from."""

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from humanevalpack.errors import UsageError
from humanevalpack.lm_eval_plugin.plans import ARGUMENTS, Setting
from humanevalpack.presets import ModelPreset

# Model classes that load weights: a preset's precision, and its trust in the model's own code, are for them.
_LOADING = ("hf", "hf-auto", "huggingface", "hf-encoder-decoder", "vllm")
# Classes for servers that may be anywhere: those of one provider know its address.
_NEEDS_ADDRESS = ("local-completions", "local-chat-completions", "sglang-generate", "gguf", "ggml")


def check_backend(name: str) -> None:
    """Raise UsageError for a name that is none of lm_eval's ``--model``."""
    import lm_eval.models  # noqa: F401 - fills the registry
    from lm_eval.api.registry import model_registry

    known = [*model_registry.keys(), "hf-encoder-decoder"]
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f": did you mean {near[0]}?" if near else f"; lm_eval has {', '.join(sorted(set(known)))}"
        raise UsageError(f"backend {name!r} is not known{hint}")


def batch_size(value: int | str | None) -> int | str | None:
    """Return the batch size as lm_eval takes it: a number, ``auto``, or ``auto:4``; raises UsageError."""
    text = str(value)
    if value is None or text == "auto":
        return value
    kind, _, number = text.rpartition(":")
    if isinstance(value, bool) or kind not in ("", "auto") or not _is_positive(number):
        raise UsageError(f"batch_size is {value!r}; it must be a whole number of at least 1, auto, or auto:4")
    return text if kind else int(number)


def model_args(
    model: Any, given: str | Mapping[str, Any] | None, backend: str, row: ModelPreset | None, preset_name: str
) -> dict[str, Setting]:
    """Return the arguments of the model class; raises UsageError if no model, or two, or no server is named."""
    said = parsed(given, "model_args")
    if model is not None and not isinstance(model, str | Path):
        if said:
            raise UsageError("model_args are for models by name: this model is made already")
        return {}
    # Servers' classes take the model's name as `model`, those that load weights as `pretrained`.
    key = next((name for name in ("pretrained", "model") if name in said), None)
    if key is not None and model is not None:
        raise UsageError(f"the model is named twice: {str(model)!r}, and {key}={said[key]!r} in model_args")
    key = key or ("model" if _is_server(backend) else "pretrained")
    found: dict[str, Setting] = {}
    if row is not None:
        found[key] = Setting(row.model, preset_name)
        if row.dtype is not None and backend in _LOADING:
            found["dtype"] = Setting(row.dtype, preset_name)
            found["trust_remote_code"] = Setting(True, preset_name)
    if model is not None:
        found[key] = Setting(str(model), ARGUMENTS)
    found |= {name: Setting(value, ARGUMENTS) for name, value in said.items()}
    if key not in found and backend != "dummy":
        raise UsageError("no model was named: give its name or path, or a model's preset (humanevalpack presets list)")
    if backend in _NEEDS_ADDRESS and not said.get("base_url"):
        path = {"local-chat-completions": "/v1/chat/completions", "local-completions": "/v1/completions"}
        raise UsageError(
            f"base_url is {said.get('base_url')!r}, and backend {backend} asks the server there: say where it is, "
            f"such as --model-args base_url=http://localhost:8000{path.get(backend, '')}"
        )
    return found


def parsed(given: str | Mapping[str, Any] | None, name: str) -> dict[str, Any]:
    """Read ``key=value,key=value`` or JSON, as lm_eval does; raises UsageError, which calls it ``name``."""
    import json

    from lm_eval.utils import simple_parse_args_string

    if not isinstance(given, str):
        return dict(given or {})
    is_json = given.lstrip().startswith("{")
    # lm_eval reads a word without a value as one with an empty value.
    wrong = [] if is_json else [part for part in given.split(",") if part.strip() and not part.partition("=")[1]]
    if wrong:
        raise UsageError(f"{name} hold {wrong[0].strip()!r}; they must be key=value,key=value or JSON")
    try:
        return dict(json.loads(given) if is_json else simple_parse_args_string(given))
    except ValueError as error:
        raise UsageError(f"{name} are {given!r}; they must be key=value,key=value or JSON ({error})") from None


def name_of(model: Any, arguments: Mapping[str, Setting]) -> str | None:
    """Return the model's name or path; None for an object without one."""
    for key in ("pretrained", "model"):
        if key in arguments:
            return str(arguments[key].value)
    if model is None or isinstance(model, str | Path):
        return None if model is None else str(model)
    from humanevalpack.lm_eval_plugin.backends import model_name

    return model_name(model)


def _is_server(backend: str) -> bool:
    return backend.endswith(("completions", "-chat"))


def _is_positive(text: str) -> bool:
    return text.isascii() and text.isdigit() and int(text) >= 1
