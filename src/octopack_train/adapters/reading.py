"""An adapter's folder, the base that it belongs to, and both put together."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from humanevalpack.errors import InputError, UsageError
from octopack_train.logits import load_model, missing
from octopack_train.tensor_files import open_tensors

CONFIG = "adapter_config.json"
AUTO = "auto"
"""As a base: the one that the adapter names."""


@dataclass(frozen=True)
class Adapter:
    """A LoRA adapter on disk."""

    path: Path
    config: Mapping[str, Any]
    """PEFT's settings."""


@dataclass(frozen=True)
class Base:
    """A model without adapter."""

    name: str
    """Folder or hub id."""
    revision: str | None
    config: Any
    """transformers' configuration."""


def read_adapter(path: Path) -> Adapter:
    """Read an adapter's settings; raises InputError (no adapter, one of another kind)."""
    file = path / CONFIG
    if not file.is_file():
        below = sorted(found.parent.name for found in path.glob(f"*/{CONFIG}")) if path.is_dir() else []
        said = f"; there are adapters below it: {', '.join(below)}" if below else ""
        raise InputError(f"{path}: no adapter there ({CONFIG} is missing){said}")
    try:
        config = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{file}: not JSON that can be read ({error})") from error
    kind = config.get("peft_type") if isinstance(config, dict) else None
    if kind != "LORA":
        raise InputError(f"{file}: peft_type is {kind!r}; only LORA can be folded into a base")
    open_tensors(path)
    return Adapter(path, config)


def find_base(name: str, adapter: Adapter, revision: str | None = None) -> Base:
    """Return the base that is named, or for ``auto`` the adapter's own; raises UsageError (quantized), InputError."""
    if name == AUTO:
        own = adapter.config.get("base_model_name_or_path")
        if not own:
            raise UsageError(f"{adapter.path / CONFIG} names no base_model_name_or_path: name the base instead of auto")
        name, revision = str(own), revision or adapter.config.get("revision")
    config = _read_config(name, revision)
    quantized = getattr(config, "quantization_config", None)
    if quantized is not None:
        method = quantized.get("quant_method") if isinstance(quantized, Mapping) else quantized
        raise UsageError(
            f"{name} is quantized ({method}): an adapter is folded into whole weights only, else each weight would be "
            "rounded a second time. Name the base from which it was quantized"
        )
    return Base(name, revision, config)


def _read_config(name: str, revision: str | None) -> Any:
    try:
        from transformers import AutoConfig
    except ImportError as error:
        raise missing("transformers") from error
    try:
        return AutoConfig.from_pretrained(name, revision=revision, trust_remote_code=False)
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"base {name}: no model that transformers knows ({str(error).splitlines()[0]})") from error


def load_adapted(base: Base, adapter: Adapter) -> Any:
    """Return the base in fp32 with the adapter on it (a PeftModel), every tensor of the adapter in its place.

    PEFT only warns of tensors that it has no place for, or no value: here both are an InputError.
    """
    try:
        from peft import PeftModel
    except ImportError as error:
        raise missing("peft") from error
    model = load_model(base.name, "fp32", base.revision)
    try:
        adapted = PeftModel.from_pretrained(model, str(adapter.path))
    except (ValueError, RuntimeError, TypeError) as error:
        raise InputError(f"{adapter.path} does not fit on {base.name}: {error}") from error
    wrong = misplaced(adapted, adapter)
    if wrong:
        raise InputError(f"{adapter.path} does not fit on {base.name}: {wrong[0]}, one of {len(wrong)} such tensors")
    return adapted.eval()


def misplaced(model: Any, adapter: Adapter, name: str = "default") -> list[str]:
    """Say of each tensor in which an adapter's file and a PeftModel that loaded it differ, what is wrong with it."""
    from peft import get_peft_model_state_dict

    files = open_tensors(adapter.path)
    held = get_peft_model_state_dict(
        model, adapter_name=name, save_embedding_layers=any("lora_" not in key for key in files.places)
    )
    wrong = [f"{key} has no value in the file" for key in held if "lora_" in key and key not in files.places]
    for key in files.places:
        if key not in held:
            wrong.append(f"{key} has no place in the model")
        elif not held[key].float().cpu().allclose(files.tensor(key).float(), rtol=0, atol=0, equal_nan=True):
            wrong.append(f"{key} has another value in the model than in the file")
    return wrong
