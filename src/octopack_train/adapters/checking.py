"""Does a model say the same with an adapter live, read again, folded in, written and read back?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from humanevalpack.errors import HumanEvalPackError, InputError
from octopack_train.adapters.reading import Adapter, Base, load_adapted, misplaced, read_adapter
from octopack_train.logits import LogitDifference, compare_logits, load_model, logits

if TYPE_CHECKING:
    import torch

FOLDED = 1e-4
"""Largest difference of logits, by the largest logit, between W x + B A x and (W + B A) x in fp32."""
CAST = {"fp32": FOLDED, "bf16": 1e-1, "fp16": 2e-2}
"""The same once weights and arithmetic are of a shorter type: enough to see a fault, not to measure a rounding."""
_AGAIN = "read again"
"""Name of the second copy of an adapter."""


class CheckFailed(HumanEvalPackError):
    """Two models that must be equal are not."""

    exit_code = 1


@dataclass(frozen=True)
class Check:
    """Two models and how far their logits are apart."""

    name: str
    difference: LogitDifference
    allowed: float
    """Largest difference, by the largest logit."""

    @property
    def passed(self) -> bool:
        """Not so if a logit is no number."""
        return self.difference.relative <= self.allowed

    def said(self) -> str:
        """One line for people."""
        numbers = f"{self.difference.max_abs:.2e}, relative {self.difference.relative:.2e}, allowed {self.allowed:g}"
        return f"{self.name:42} {numbers}: {'ok' if self.passed else 'NOT equal'}"

    def plain(self) -> dict[str, Any]:
        """Return plain values, for machines."""
        return asdict(self) | {"relative": self.difference.relative, "passed": self.passed}


def check(name: str, first: torch.Tensor, second: torch.Tensor, allowed: float) -> Check:
    """Compare the logits of two models on the same rows."""
    return Check(name, compare_logits(first, second), allowed)


def require(checks: Iterable[Check], consequence: str) -> None:
    """Raise CheckFailed with all checks if one has failed; ``consequence`` says what was not done."""
    found = list(checks)
    if not all(one.passed for one in found):
        raise CheckFailed("\n".join([consequence, *(f"  {one.said()}" for one in found)]))


def effect(model: Any, adapted: torch.Tensor) -> LogitDifference:
    """Return how far a PeftModel's logits are from its base's."""
    with model.disable_adapter():
        base = logits(model)
    return compare_logits(base, adapted)


def check_reload(live: Any, folder: Path) -> Check:
    """Compare a PeftModel, as it stands at the end of training, with its adapter in a folder on the same base.

    Both are in the live model's types, so nothing may differ. The model is left as it was. Raises InputError.
    """
    adapter = read_adapter(folder)
    before = logits(live)
    # PEFT puts a model that it loads an adapter into in evaluation mode, and a chosen adapter's weights to be trained.
    active, training = live.active_adapter, live.training
    trained = {name: values.requires_grad for name, values in live.named_parameters()}
    try:
        live.load_adapter(str(folder), adapter_name=_AGAIN)
        live.set_adapter(_AGAIN)
        wrong = misplaced(live, adapter, _AGAIN)
        if wrong:
            raise InputError(f"{folder}: {wrong[0]}, one of {len(wrong)} such tensors")
        return check("live and read again", before, logits(live), 0.0)
    finally:
        live.set_adapter(active)
        if _AGAIN in live.peft_config:
            live.delete_adapter(_AGAIN)
        live.train(training)
        for name, values in live.named_parameters():
            values.requires_grad_(trained[name])


@dataclass(frozen=True)
class Checked:
    """What is known of an adapter."""

    checks: tuple[Check, ...]
    effect: LogitDifference
    """Of the adapter on its base."""


def check_adapter(base: Base, adapter: Adapter, merged: Path | None = None) -> Checked:
    """Compare an adapter on its base with itself read again, folded in, and with the folder of a merged model.

    One model is in memory at a time, in fp32. Raises InputError, CheckFailed (NaN in folded weights).
    """
    model = load_adapted(base, adapter)
    live = logits(model)
    changed = effect(model, live)
    checks = [check_reload(model, adapter.path)]
    model = fold(model)
    folded = logits(model)
    checks.append(check("live and folded in, fp32", live, folded, FOLDED))
    if merged is not None:
        from transformers import AutoConfig

        there = AutoConfig.from_pretrained(str(merged), trust_remote_code=False).dtype
        kind = {"torch.bfloat16": "bf16", "torch.float16": "fp16"}.get(str(there), "fp32")
        expected = logits(model.to(there))
        del model
        checks.append(check(f"folded in and {merged.name}, {kind}", expected, logits(load_model(merged, kind)), 0.0))
    return Checked(tuple(checks), changed)


def fold(model: Any) -> Any:
    """Return a PeftModel's base with the adapter folded into it; raises CheckFailed if a weight is no number."""
    try:
        return model.merge_and_unload(safe_merge=True).eval()
    except ValueError as error:
        raise CheckFailed(f"the adapter cannot be folded in: {error}") from error
