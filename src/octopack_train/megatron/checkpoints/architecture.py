"""GPTBigCode's configuration from the arguments that Megatron saved, and back; what it cannot hold is refused."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from humanevalpack.errors import InputError, UsageError
from octopack_data.settings import read_yaml
from octopack_train.sizes import ARCHITECTURES, architecture_names, build, read_config
from octopack_train.torch_files import FACTS

KIND = "gpt_bigcode"
EXACT, TANH = "gelu", "gelu_pytorch_tanh"
"""The two forms of GELU, as transformers calls them."""
_NEEDED = ("n_layer", "n_embd", "n_inner", "n_head", "n_positions")


def refuse_what_does_not_fit(arguments: Mapping[str, Any], place: object) -> None:
    """Raise InputError, which names it, for an argument whose value GPTBigCode cannot hold."""
    facts = _facts()["refused"]
    for name, fact in facts.items():
        value = _groups(arguments) if name == "num_query_groups" else arguments.get(name)
        if value is None or value in fact["holds"] or str(value) in fact["holds"]:
            continue
        raise InputError(f"{place}: {name} is {value}: GPTBigCode cannot hold {fact['says']}")
    channels, heads, hidden = (arguments.get(name) for name in ("kv_channels", "num_attention_heads", "hidden_size"))
    if channels and heads and hidden and channels * heads != hidden:
        raise InputError(f"{place}: {heads} heads of {channels} channels in {hidden}: GPTBigCode's heads fill it")


def config_from_arguments(arguments: Mapping[str, Any], place: object) -> dict[str, Any]:
    """Return GPTBigCode's configuration; raises InputError (an argument is not there, or says another architecture)."""
    refuse_what_does_not_fit(arguments, place)
    values: dict[str, Any] = {}
    for setting, names in _facts()["config"].items():
        found = [arguments[name] for name in names if arguments.get(name) is not None]
        if found:
            values[setting] = found[0]
        elif setting == "n_inner" and "n_embd" in values:
            values[setting] = 4 * values["n_embd"]
        elif setting in _NEEDED:
            raise InputError(f"{place}: its arguments have no {names[0]}: name an --architecture")
    _check_numbers(values, place)
    _check_heads(values, place)
    # Megatron's own GELU is exact; its fused one, the default, and OpenAI's are the tanh form.
    tanh = arguments.get("openai_gelu") or arguments.get("bias_gelu_fusion") in (None, True)
    if not tanh and arguments.get("perform_initialization") is False:
        raise InputError(
            f"{place}: which GELU it was trained with is not known: Megatron's own tool has merged or split it, which "
            "writes --no-bias-gelu-fusion whatever the run had; convert what the run has saved, or name an "
            "--architecture with the run's activation_function"
        )
    return {"model_type": KIND, "multi_query": True, "activation_function": TANH if tanh else EXACT, **values}


def named_config(name: str) -> dict[str, Any]:
    """Return the configuration of a shape that ships with the package, or of a model's folder or config.json.

    Raises UsageError (no such name), InputError (another architecture, a key for every head, no tied output layer).
    """
    path = Path(name) / "config.json" if Path(name).is_dir() else Path(name)
    if name in architecture_names():
        path, values = ARCHITECTURES / f"{name}.yaml", read_yaml(ARCHITECTURES / f"{name}.yaml")
    elif path.is_file():
        values = read_config(path)
    else:
        raise UsageError(f"{name}: no architecture of {', '.join(architecture_names())}, no folder with a config.json")
    if values.get("model_type") != KIND:
        raise InputError(f"{path}: model_type is {values.get('model_type')!r}: only {KIND} is converted")
    if values.get("multi_query", True) is not True:
        raise InputError(f"{path}: multi_query is false: a key for every head is not converted")
    if values.get("tie_word_embeddings", True) is not True:
        raise InputError(f"{path}: tie_word_embeddings is false: an output layer of its own is not converted")
    _check_numbers({name: value for name, value in values.items() if name in _facts()["config"]}, path)
    from transformers import AutoConfig

    whole: dict[str, Any] = AutoConfig.for_model(**values).to_dict()  # a file may leave out what is usual
    _check_heads(whole, path)
    return whole


def _check_numbers(values: Mapping[str, Any], place: object) -> None:
    """Raise InputError for a setting that is no number, or a size that is not a whole one above 0."""
    for name, value in values.items():
        if name in _NEEDED and not (type(value) is int and value > 0) and (name, value) != ("n_inner", None):
            raise InputError(f"{place}: {name} is {value!r}: it must be a whole number above 0")
        if name not in _NEEDED and type(value) not in (int, float):
            raise InputError(f"{place}: {name} is {value!r}: it must be a number")


def _check_heads(values: Mapping[str, Any], place: object) -> None:
    if values["n_embd"] % values["n_head"]:
        raise InputError(f"{place}: {values['n_head']} heads (n_head) do not divide the width {values['n_embd']}")


def check_agreement(config: Mapping[str, Any], arguments: Mapping[str, Any], place: object) -> None:
    """Raise InputError if an architecture that was named is not what the saved arguments say."""
    for setting in _NEEDED:
        names = _facts()["config"][setting]
        for name in names:
            if arguments.get(name) not in (None, config[setting] or 4 * config["n_embd"]):  # only n_inner may be None
                raise InputError(f"{place}: {name} is {arguments[name]}, the architecture has {config[setting]}")


def arguments_from_config(values: Mapping[str, Any], spelling: str) -> argparse.Namespace:
    """Return what Megatron saves of its arguments beside a model, as the Megatron of a spelling calls them."""
    old = spelling == "bigcode-2023"
    found = dict(_facts()["written"]["bigcode-2023" if old else "core"])
    for setting, names in _facts()["config"].items():
        name = names[-1] if old else names[0]
        if values.get(setting) is not None and name not in found:
            found[name] = values[setting]
    found["bias_gelu_fusion"] = activation_of(values) == TANH
    found["kv_channels"] = values["n_embd"] // values["n_head"]
    return argparse.Namespace(**found)


def activation_of(values: Mapping[str, Any]) -> str:
    """Return which form of GELU a configuration has; raises InputError for any other activation."""
    known = {TANH: TANH, "gelu_new": TANH, "gelu_fast": TANH, EXACT: EXACT}
    name = str(values.get("activation_function", TANH))
    if name not in known:
        raise InputError(f"activation_function {name!r} is not converted; {', '.join(known)} are")
    return known[name]


def tensor_shapes(values: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """Return names and shapes of the tensors of a configuration's model, without the tied output layer."""
    state = build(dict(values), "meta").state_dict()
    return {name: tuple(tensor.shape) for name, tensor in state.items() if name != "lm_head.weight"}


def _groups(arguments: Mapping[str, Any]) -> int | None:
    """Without grouped queries, megatron-core has as many groups as heads, whatever their number says."""
    if arguments.get("group_query_attention") is False:
        return arguments.get("num_attention_heads")
    return arguments.get("num_query_groups")


@lru_cache
def _facts() -> Mapping[str, Any]:
    return read_yaml(FACTS)
