"""The model that is trained, and which of its weights."""

from typing import Literal

from pydantic import Field

from octopack_data.settings import Settings

Weights = Literal["int8", "nf4", "bf16", "fp16", "fp32"]
QUANTIZED: tuple[Weights, ...] = ("int8", "nf4")
"""Need bitsandbytes and CUDA, and cannot be trained themselves: only adapters on them."""
NEW_TOKENIZER = "new"
"""In place of a tokenizer's name: one is made from the data."""


class ModelSettings(Settings):
    """The base model."""

    base: str
    """Hub id or folder of the model that is trained."""
    revision: str | None = None
    """Branch, tag or commit on the hub; null: the newest."""
    tokenizer: str | None = None
    """Hub id or folder of the tokenizer; null: the base's; new: a small one, made from the data, for random weights."""
    architecture: str | None = None
    """Shape that ships with the package, for counting without the hub; null: read from the base's folder."""
    weights: Weights = "bf16"
    """Type in which the base's weights are held while training; int8 and nf4 need bitsandbytes and CUDA."""
    weights_otherwise: Literal["bf16", "fp16", "fp32"] = "bf16"
    """Type of the base's weights where int8 or nf4 cannot run."""
    attention: Literal["sdpa", "eager", "flash_attention_2"] = "sdpa"
    """Implementation of attention."""
    random_weights: bool = False
    """Begin with random weights in the architecture's shape, instead of the base's: for trying and timing."""


class LoraSettings(Settings):
    """Low-rank adapters; the base's own weights are frozen."""

    rank: int = Field(default=16, gt=0)
    """Rank r of the two matrices."""
    alpha: int = Field(default=32, gt=0)
    """The adapter's output is scaled by alpha / rank."""
    dropout: float = Field(default=0.05, ge=0, lt=1)
    """Dropout on the adapter's input."""
    bias: Literal["none", "all", "lora_only"] = "none"
    """Which biases are trained."""
    targets: tuple[str, ...] = Field(min_length=1)
    """Last parts of the names of the modules that get an adapter."""
