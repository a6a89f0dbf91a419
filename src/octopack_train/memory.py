"""An estimate of a device's memory while training, by the way a run is spread over devices.

What is counted: weights, gradients, AdamW's two moments (and a master copy where there is one), and what a step keeps
for its backward pass. What is not: CUDA itself, fragments, buffers of communication (about 1 to 3 GiB together).
"""

from dataclasses import dataclass
from typing import get_args

from octopack_train.config.model import QUANTIZED, LoraSettings, Weights
from octopack_train.config.running import Distribution
from octopack_train.config.training import TrainingSettings
from octopack_train.sizes import Counts, Shape
from octopack_train.weights import BYTES

GIB = 2**30
_FP32, _HALF = 4, 2


@dataclass(frozen=True)
class Memory:
    """Bytes on one device."""

    kind: Distribution
    weights: float
    gradients: float
    optimizer: float
    activations: float
    """Kept for the backward pass without activation checkpointing, with the logits."""
    activations_checkpointed: float
    """The same with it: each layer's input, and one layer whole."""

    def total(self, checkpointing: bool) -> float:
        """Return all of it."""
        kept = self.activations_checkpointed if checkpointing else self.activations
        return self.weights + self.gradients + self.optimizer + kept


def memory_table(settings: TrainingSettings, counts: Counts, weights: Weights, devices: int) -> list[Memory]:
    """Estimate the memory of one of ``devices`` devices for every kind of distribution; weights held as decided."""
    return [_memory(settings, counts, weights, kind, devices) for kind in get_args(Distribution)]


def _memory(settings: TrainingSettings, counts: Counts, weights: Weights, kind: Distribution, devices: int) -> Memory:
    trained, compute = counts.trainable, _FP32 if settings.precision == "fp32" else _HALF
    frozen, held, master = 0.0, BYTES[weights], 0
    if isinstance(settings.adapter, LoraSettings):  # the base is frozen, the adapter is held in fp32
        frozen, held = counts.total * BYTES[weights], _FP32
        if weights in QUANTIZED:  # what is not rounded is held in fp32 by PEFT's preparation, as published
            frozen += counts.whole * (_FP32 - BYTES[weights])
    elif kind.startswith("zero") and compute == _HALF:  # DeepSpeed has an fp32 copy beside the moments
        held, master = _HALF, _FP32
    states = trained * (2 * (_FP32 if kind.startswith("zero") else held) + master)
    shared = {"ddp": "", "zero1": "o", "zero2": "og", "zero3": "ogw", "fsdp2": "ogw"}[kind]
    whole = frozen + trained * held
    if kind == "ddp" and compute == _HALF and weights == "fp32":  # autocast keeps a half copy of what it has used
        whole += counts.total * _HALF
    if "w" in shared:  # two layers are whole at a time: the one at work, and the next
        whole = whole / devices + min(2, devices - 1) * counts.largest_layer * min(compute, BYTES[weights])
    rows = settings.batch.per_device
    tokens = rows * min(settings.sequence.length, counts.shape.positions)
    layer = layer_bytes(settings, counts.shape, compute, weights)
    residual = counts.shape.hidden * _residual(weights, compute)
    ends = logit_bytes(counts.shape, compute)
    return Memory(
        kind,
        weights=whole,
        gradients=trained * held / (devices if "g" in shared else 1),
        optimizer=states / (devices if "o" in shared else 1),
        activations=tokens * (counts.shape.layers * layer + ends),
        activations_checkpointed=tokens * (counts.shape.layers * residual + layer + ends),
    )


def layer_bytes(settings: TrainingSettings, shape: Shape, compute: int, weights: Weights) -> float:
    """Estimate the bytes that one layer keeps for one token, where attention keeps no matrix of scores.

    The inputs of two norms; queries, keys, values and what attention gives; the MLP's inner values; masks of dropout;
    and the inputs of linear layers that are trained, or of their adapters with a mask (frozen ones keep none).
    """
    hidden, inner, kind = shape.hidden, shape.inner, _residual(weights, compute)
    norms = 2 * hidden * kind
    attention = (hidden + 2 * shape.key_value + hidden) * compute
    mlp = (3 if shape.gated else 1) * inner * compute
    masks = 2 * hidden
    adapter = settings.adapter
    dropped = isinstance(adapter, LoraSettings) and adapter.dropout > 0
    # What attention gives is kept by it anyway; dropout before an adapter makes it another tensor.
    inputs = {"c_attn": hidden, "attn.c_proj": hidden if dropped else 0, "c_fc": hidden, "mlp.c_proj": inner}
    if isinstance(adapter, LoraSettings):
        hit = [width for name, width in inputs.items() if any(name.endswith(target) for target in adapter.targets)]
        kept = sum(hit or inputs.values()) * (compute + dropped)
    else:
        kept = sum(inputs.values()) * compute
    return norms + attention + mlp + masks + kept


def logit_bytes(shape: Shape, compute: int) -> float:
    """Estimate the bytes that logits and their loss keep for one token: as computed, in fp32, and their gradient."""
    return shape.vocabulary * (compute + 2 * _FP32)


def _residual(weights: Weights, compute: int) -> int:
    """Return the bytes of a number that runs from layer to layer: those of embeddings and norms, and of arithmetic."""
    return _HALF if compute == _HALF and weights in ("bf16", "fp16") else _FP32
