"""How many parameters a model has and how many are trained, counted on the meta device: no weights, no hub."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from humanevalpack.errors import EnvironmentFault, InputError, UsageError
from octopack_data.settings import read_yaml
from octopack_train.config.model import LoraSettings, ModelSettings

if TYPE_CHECKING:
    import torch

ARCHITECTURES = Path(__file__).parent / "data" / "architectures"


@dataclass(frozen=True)
class Shape:
    """What of an architecture decides memory and arithmetic."""

    layers: int
    hidden: int
    inner: int
    """Width inside the MLP."""
    key_value: int
    """Width of the keys, which is that of the values."""
    vocabulary: int
    positions: int
    gated: bool
    """The MLP has a gate beside its first matrix."""


@dataclass(frozen=True)
class Counts:
    """Parameters of a model with what is trained of it."""

    total: int
    """Of the base; tied weights once."""
    trainable: int
    largest_layer: int
    """Of one of the repeated layers."""
    whole: int
    """Of the base, those that int8 and nf4 leave as they are: embeddings, output head, norms, biases."""
    unmatched: tuple[str, ...]
    """Targets of the adapter that name no module of this architecture."""
    shape: Shape


def architecture_names() -> list[str]:
    """Return the shapes that ship with the package."""
    return sorted(path.stem for path in ARCHITECTURES.glob("*.yaml"))


def architecture(model: ModelSettings) -> dict[str, Any]:
    """Return a model's configuration: of the shape that is named, or of a base that is a folder; raises UsageError."""
    if model.architecture is not None:
        path = ARCHITECTURES / f"{model.architecture}.yaml"
        if not path.is_file():
            raise UsageError(
                f"model.architecture is {model.architecture!r}; there are {', '.join(architecture_names())}, "
                "or null: then it is read from the folder model.base"
            )
        return read_yaml(path)
    path = Path(model.base) / "config.json"
    if not path.is_file():
        raise UsageError(
            f"the architecture of {model.base} is not known here: no model.architecture, no folder with a config.json"
        )
    return read_config(path)


def read_config(path: Path) -> dict[str, Any]:
    """Read a model's config.json; raises InputError (no JSON, no model_type)."""
    try:
        values = json.loads(path.read_text("utf-8"))  # not as YAML, where 1e-05 is a text
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not JSON that can be read ({error})") from error
    if not isinstance(values, dict) or "model_type" not in values:
        raise InputError(f"{path}: has no 'model_type'")
    return values


def count(model: ModelSettings, adapter: LoraSettings | bool) -> Counts:
    """Count parameters on the meta device; ``adapter`` is false where all are trained."""
    values = architecture(model)
    built = build(values, "meta")
    total = sum(parameter.numel() for parameter in built.parameters())
    layers = [list(part.children()) for part in built.modules() if type(part).__name__ == "ModuleList"]
    largest = max(sum(parameter.numel() for parameter in layer.parameters()) for layer in max(layers, key=len))
    head = built.get_output_embeddings()  # type: ignore[operator]
    rounded = [part for part in built.modules() if type(part).__name__ in ("Linear", "Conv1D") and part is not head]
    whole = total - sum(part.weight.numel() for part in rounded)  # type: ignore[operator,misc]
    if not isinstance(adapter, LoraSettings):
        return Counts(total, total, largest, whole, (), shape_of(built.config))
    names = {name.rpartition(".")[2] for name, _ in built.named_modules()}
    unmatched = tuple(target for target in adapter.targets if target not in names)
    if len(unmatched) == len(adapter.targets):
        raise UsageError(
            f"adapter.targets: none of {', '.join(adapter.targets)} is in {values['model_type']}; linear layers there: "
            + ", ".join(sorted(_linear_names(built)))
        )
    adapted = with_adapter(built, adapter)
    trainable = sum(parameter.numel() for parameter in adapted.parameters() if parameter.requires_grad)
    return Counts(total, trainable, largest, whole, unmatched, shape_of(built.config))


def build(values: dict[str, Any], device: str) -> torch.nn.Module:
    """Return the model of a configuration with fresh weights on a device, in fp32; raises UsageError."""
    import torch

    try:
        from transformers import CONFIG_MAPPING, AutoConfig, AutoModelForCausalLM
    except ImportError as error:
        raise _missing("transformers") from error
    kind = str(values["model_type"])
    if kind not in CONFIG_MAPPING:
        raise UsageError(f"the architecture {kind!r} is none of transformers' own (code of a model is not run here)")
    with torch.device(device), _quiet_transformers():
        config = AutoConfig.for_model(**values)
        built: torch.nn.Module = AutoModelForCausalLM.from_config(config)  # type: ignore[no-untyped-call]
    return built


def with_adapter(model: torch.nn.Module, adapter: LoraSettings) -> torch.nn.Module:
    """Put a recipe's adapter onto a model, which changes it; raises EnvironmentFault without PEFT."""
    config = lora_config(adapter)
    from peft import get_peft_model

    on_meta = next(model.parameters()).device.type == "meta"
    adapted: torch.nn.Module = get_peft_model(model, config, low_cpu_mem_usage=on_meta)
    return adapted


def lora_config(adapter: LoraSettings) -> Any:
    """Return a recipe's adapter in PEFT's words; raises EnvironmentFault without PEFT."""
    try:
        from peft import LoraConfig
    except ImportError as error:
        raise _missing("peft") from error
    return LoraConfig(
        r=adapter.rank,
        lora_alpha=adapter.alpha,
        lora_dropout=adapter.dropout,
        bias=adapter.bias,
        target_modules=list(adapter.targets),
        task_type="CAUSAL_LM",
    )


def shape_of(config: Any) -> Shape:
    """Read what memory and arithmetic depend on from a configuration of transformers."""
    hidden, heads = config.hidden_size, config.num_attention_heads
    groups = 1 if getattr(config, "multi_query", False) else getattr(config, "num_key_value_heads", None) or heads
    inner = getattr(config, "n_inner", None) or getattr(config, "intermediate_size", None) or 4 * hidden
    return Shape(
        layers=config.num_hidden_layers,
        hidden=hidden,
        inner=inner,
        key_value=groups * (getattr(config, "head_dim", None) or hidden // heads),
        vocabulary=config.vocab_size,
        positions=config.max_position_embeddings,
        gated="silu" in str(getattr(config, "hidden_act", "")),
    )


def _linear_names(model: torch.nn.Module) -> set[str]:
    return {
        name.rpartition(".")[2]
        for name, module in model.named_modules()
        if type(module).__name__ in ("Linear", "Conv1D") and "head" not in name
    }


def check_installed(*packages: str) -> None:
    """Raise EnvironmentFault for the first package that is not installed."""
    for package in packages:
        if find_spec(package) is None:
            raise _missing(package)


def _missing(package: str) -> EnvironmentFault:
    return EnvironmentFault(f"{package} is not installed; mend it: pip install 'humanevalpack[train]'")


@contextlib.contextmanager
def _quiet_transformers() -> Iterator[None]:
    """Its remarks on the ids of special tokens are about generation."""
    logger = logging.getLogger("transformers")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
