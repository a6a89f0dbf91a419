"""Arithmetic of a step: floating point operations a token, and what a device could do at most."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from octopack_data.settings import read_yaml

if TYPE_CHECKING:
    import torch

DEVICES = Path(__file__).parent / "data" / "devices.yaml"


@dataclass(frozen=True)
class Work:
    """What one token costs, in floating point operations; recomputed activations are not counted (MFU, not HFU)."""

    matrix: int
    """Parameters in matrices that multiply activations: linear layers and the output head, not tables of embeddings."""
    adapter: int
    """Parameters of the adapter; 0 where all weights are trained."""
    layers: int
    hidden: int

    def flops(self, length: float) -> float:
        """Of one token in a text of ``length`` tokens that see each other, forward and backward.

        6 N + A where all N weights are trained; 4 N + 2 A / 3 with frozen weights, which need no gradient of their own,
        and 6 for every weight of the adapter. A = 12 * layers * hidden * length / 2: causal attention.
        """
        attention = 12 * self.layers * self.hidden * length / 2
        if not self.adapter:
            return 6 * self.matrix + attention
        return 4 * self.matrix + 2 * attention / 3 + 6 * self.adapter


def work_of(model: torch.nn.Module) -> Work:
    """Count a model, with or without an adapter; matrices of 4 bits count by their shape."""
    config: Any = model.config
    matrix, adapter = 0, 0
    for name, module in model.named_modules():
        kind, weight = type(module).__name__, getattr(module, "weight", None)
        if (
            weight is None
            or "Embedding" in kind
            or not hasattr(module, "bias")
            or (weight.dim() < 2 and "4bit" not in kind)
        ):
            continue
        if hasattr(module, "base_layer"):  # counted as the layer inside
            continue
        rows = module.in_features * module.out_features if hasattr(module, "in_features") else weight.numel()
        if "lora_" in name:
            adapter += rows
        else:
            matrix += rows
    return Work(matrix, adapter, config.num_hidden_layers, config.hidden_size)


def peak_flops(device: str, precision: str) -> float | None:
    """Return the operations a second of a device by its name, dense; None if it is not in the table."""
    table = read_yaml(DEVICES)
    found = [rates for name, rates in table.items() if name.lower() in device.lower()]
    rate = found[0].get(precision) if found else None
    return float(rate) * 1e12 if rate else None
