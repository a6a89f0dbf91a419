"""The base model of a run: loaded in the type that was decided, or random in an architecture's shape."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from humanevalpack.errors import EnvironmentFault, UsageError
from octopack_train.config.model import QUANTIZED, ModelSettings, Weights
from octopack_train.config.training import TrainingSettings
from octopack_train.sizes import architecture, build, shape_of
from octopack_train.tokens import Tokenizer, check_place

Model = Any
"""Of transformers, whose types differ from version to version."""
_TYPES: dict[Weights, str] = {"bf16": "bfloat16", "fp16": "float16", "fp32": "float32"}


def load_base(settings: TrainingSettings, weights: Weights, tokenizer: Tokenizer, device: str) -> Model:
    """Return the base model with weights held as ``weights``; raises UsageError and EnvironmentFault."""
    import torch

    model = settings.model
    if model.random_weights:
        values = architecture(model) | {"bos_token_id": tokenizer.eos_token_id, "eos_token_id": tokenizer.eos_token_id}
        values["vocab_size"] = max(len(tokenizer), values["vocab_size"] if model.tokenizer != "new" else 0)
        values["_attn_implementation"] = model.attention
        with _seeded(settings.seeds.training), _default_type(getattr(torch, _TYPES[_plain(weights)])):
            built: Model = build(values, device)
    else:
        built = _loaded(model, weights)
    shape = shape_of(built.config)
    if settings.sequence.length > shape.positions:
        raise UsageError(
            f"sequence.length is {settings.sequence.length}: longer than the model's {shape.positions} positions"
        )
    if len(tokenizer) > shape.vocabulary:
        raise UsageError(
            f"model.tokenizer has {len(tokenizer)} tokens, the model {shape.vocabulary}: it is another model's"
        )
    return built


def _plain(weights: Weights) -> Weights:
    if weights in QUANTIZED:
        raise UsageError(f"model.weights: {weights} cannot be made of random weights; say model.weights=bf16")
    return weights


def _loaded(model: ModelSettings, weights: Weights) -> Model:
    import torch
    from transformers import AutoModelForCausalLM

    check_place("model.base", model.base)
    more: dict[str, Any] = {}
    if weights in QUANTIZED:
        from transformers import BitsAndBytesConfig

        more["quantization_config"] = (
            BitsAndBytesConfig(load_in_8bit=True)  # type: ignore[no-untyped-call]
            if weights == "int8"
            else BitsAndBytesConfig(  # type: ignore[no-untyped-call]
                load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16
            )
        )
        more["device_map"] = {"": torch.cuda.current_device()}
    dtype = torch.bfloat16 if weights in QUANTIZED else getattr(torch, _TYPES[weights])
    try:
        return AutoModelForCausalLM.from_pretrained(
            model.base,
            revision=model.revision,
            dtype=dtype,
            attn_implementation=model.attention,
            trust_remote_code=False,
            **more,
        )
    except (OSError, ValueError, ImportError) as error:
        raise EnvironmentFault(f"model.base: {model.base} cannot be loaded ({error})") from error


def save_base(model: Model, tokenizer: Tokenizer, folder: Path) -> None:
    """Write a base of random weights, which is nowhere else: an adapter is nothing without it."""
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


@contextlib.contextmanager
def _seeded(seed: int) -> Any:
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        yield


@contextlib.contextmanager
def _default_type(kind: Any) -> Any:
    import torch

    before = torch.get_default_dtype()
    torch.set_default_dtype(kind)
    try:
        yield
    finally:
        torch.set_default_dtype(before)
