"""In which type the base's weights are held here, when a recipe asks for one that may not run."""

from dataclasses import dataclass
from importlib.util import find_spec

from octopack_train.config.model import QUANTIZED, ModelSettings, Weights

BYTES: dict[Weights, float] = {"int8": 1, "nf4": 0.5, "bf16": 2, "fp16": 2, "fp32": 4}
"""Of one weight."""


@dataclass(frozen=True)
class Decision:
    """The type, and why."""

    weights: Weights
    said: str
    """For the plan of a run and for the model's card."""


def decide(model: ModelSettings, obstacle: str) -> Decision:
    """Return the type of the base's weights; ``obstacle`` says why bitsandbytes does not run, empty if it does."""
    wanted = model.weights
    if wanted not in QUANTIZED or not obstacle:
        return Decision(wanted, f"{wanted}, as the recipe says")
    return Decision(
        model.weights_otherwise, f"{model.weights_otherwise} instead of {wanted}, which the recipe says: {obstacle}"
    )


def obstacle_to_bitsandbytes() -> str:
    """Return why 8-bit and 4-bit weights cannot be trained on here; empty if they can."""
    if find_spec("bitsandbytes") is None:
        return "bitsandbytes is not installed"
    import torch

    return "" if torch.cuda.is_available() else "bitsandbytes needs CUDA, and there is no such device"
