"""A model's logits on a few fixed rows of tokens: what two models are compared by, one of them in memory at a time."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from humanevalpack.errors import EnvironmentFault, InputError

if TYPE_CHECKING:
    import torch

ROWS, LENGTH, SEED = 2, 48, 0
"""Of the rows; the tokens are drawn from the whole vocabulary, so that no tokenizer is needed."""
TYPES = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}
"""Names of types as recipes have them, and torch's."""


@dataclass(frozen=True)
class LogitDifference:
    """How far two models are apart."""

    max_abs: float
    scale: float
    """Largest logit of the first one, by amount."""
    same_choice: float
    """Share of the positions at which both find the same token likeliest."""

    @property
    def relative(self) -> float:
        """The largest difference by the largest logit."""
        return self.max_abs / self.scale if self.scale else self.max_abs


def load_model(source: str | Path, dtype: str, revision: str | None = None) -> Any:
    """Return a causal language model on the CPU, ready to answer; ``dtype`` is one of TYPES.

    Code that comes with a model is not run. Raises InputError (no model there), EnvironmentFault (no transformers).
    """
    import torch

    try:
        from transformers import AutoModelForCausalLM
    except ImportError as error:
        raise missing("transformers") from error
    try:
        kind = getattr(torch, TYPES[dtype])
        model: Any = AutoModelForCausalLM.from_pretrained(
            str(source),
            revision=revision,
            dtype=kind,
            trust_remote_code=False,  # left out, transformers asks on the terminal, and runs it on a yes
        )
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{source}: not a model that transformers loads ({_first_line(error)})") from error
    return model.eval()


def missing(package: str) -> EnvironmentFault:
    """Return what is said where a package is not installed."""
    return EnvironmentFault(f"{package} is not installed; mend it: pip install 'humanevalpack[train]'")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def logits(model: Any) -> torch.Tensor:
    """Return the logits of a model on the fixed rows, fp32 on the CPU: (rows, tokens, vocabulary)."""
    import torch

    config = model.config.get_text_config()
    length = min(LENGTH, getattr(config, "max_position_embeddings", None) or LENGTH)
    drawn = torch.Generator().manual_seed(SEED)
    tokens = torch.randint(config.vocab_size, (ROWS, length), generator=drawn)
    was_training = model.training
    model.eval()  # dropout is not what is compared
    try:
        with torch.no_grad():
            found: torch.Tensor = model(input_ids=tokens.to(next(model.parameters()).device)).logits
    finally:
        model.train(was_training)
    return found.float().cpu()


def compare_logits(first: torch.Tensor, second: torch.Tensor) -> LogitDifference:
    """Compare the logits of two models on the same rows; raises InputError if their vocabularies differ."""
    if first.shape != second.shape:
        raise InputError(
            f"the models' logits have the shapes {tuple(first.shape)} and {tuple(second.shape)}: "
            "(rows, tokens, vocabulary)"
        )
    same = (first.argmax(-1) == second.argmax(-1)).float().mean()
    return LogitDifference(float((first - second).abs().max()), float(first.abs().max()), float(same))
