"""TRL's trainer with the recipe's schedule, our order of rows, and what a step did in numbers."""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path
from typing import Any

import torch
from torch.optim.lr_scheduler import LambdaLR
from transformers import TrainerCallback
from trl.trainer.sft_trainer import SFTTrainer

from octopack_train.checkpoints import place_of, seal, unseal
from octopack_train.config.training import TrainingSettings
from octopack_train.order import Order
from octopack_train.schedules import learning_rate
from octopack_train.throughput import peak_flops, work_of
from octopack_train.tokens import IGNORED
from octopack_train.training.processes import states_kind


class Stopwatch(TrainerCallback):
    """Seconds spent in steps: saving and evaluating are not part of them."""

    def __init__(self) -> None:
        self.seconds, self._begun = 0.0, 0.0

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        """Start."""
        self._begun = time.monotonic()

    def on_step_end(self, *_: Any, **__: Any) -> None:
        """Stop, when the device has done what it was told."""
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        self.seconds += time.monotonic() - self._begun


class RecipeTrainer(SFTTrainer):
    """SFTTrainer that a recipe steers."""

    model: Any
    """Never None, whatever the base class says."""

    def __init__(self, *, settings: TrainingSettings, order: Order, **more: Any) -> None:
        self.settings, self.order = settings, order
        self.stopwatch = Stopwatch()
        super().__init__(**more)
        self._counted = torch.zeros(3, dtype=torch.int64, device=self.args.device)
        self.add_callback(self.stopwatch)
        if any(getattr(self.model, f"is_loaded_in_{bits}bit", False) for bits in (4, 8)):
            for parameter in self.model.parameters():  # TRL makes adapters on quantized weights bf16; published: fp32
                if parameter.requires_grad:
                    parameter.data = parameter.data.float()
        self._work = work_of(self.model)
        name = torch.cuda.get_device_name() if self.args.device.type == "cuda" else "cpu"
        self._peak = peak_flops(name, settings.precision)

    def _get_train_sampler(self, train_dataset: Any = None) -> Any:
        return self.order

    def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> LambdaLR:
        """Return the recipe's schedule, whose horizon is not the step at which training stops."""
        if self.lr_scheduler is None:
            own = self.settings
            peak = own.optimizer.learning_rate
            stepped: Any = optimizer or self.optimizer
            self.lr_scheduler = LambdaLR(stepped, lambda step: learning_rate(own.optimizer, own.schedule, step) / peak)
            self._created_lr_scheduler = True
        return self.lr_scheduler

    def training_step(self, model: Any, inputs: dict[str, Any], *more: Any, **named: Any) -> torch.Tensor:
        """Count what a step is given."""
        labels, mask = inputs["labels"], inputs.get("attention_mask")
        tokens = mask.sum() if mask is not None else torch.tensor(labels.numel())
        trained = (labels[:, 1:] != IGNORED).sum()
        # Added up where they are: to ask for a number would wait for the device at every step.
        self._counted += torch.stack([one.to(self._counted) for one in (tokens, trained, _seen(inputs))])
        loss: torch.Tensor = super().training_step(model, inputs, *more, **named)  # type: ignore[no-untyped-call]
        return loss

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """Add throughput to what is logged of training."""
        if "loss" in logs:
            logs.update(self._throughput())
        super().log(logs, start_time)

    def log_apart(self, values: dict[str, float]) -> None:
        """Log what was measured on the main process alone."""
        super(SFTTrainer, self).log(values)

    def _throughput(self) -> dict[str, float]:
        counted = self.accelerator.reduce(self._counted.clone(), "sum").tolist()
        tokens, trained, seen = (int(value) for value in counted)
        self._counted.zero_()
        seconds, self.stopwatch.seconds = max(self.stopwatch.seconds, 1e-9), 0.0
        rate, devices = tokens / seconds, self.accelerator.num_processes
        found = {
            "tokens_per_second": rate,
            "tokens_per_second_per_device": rate / devices,
            "trained_token_share": trained / max(1, tokens),
            "peak_memory_bytes": float(peak_memory(self.args.device)),
            "passes": self.state.global_step * self.settings.batch.rows / self.order.rows,
        }
        if self._peak:
            flops = self._work.flops(seen / max(1, tokens))
            found["mfu"] = rate / devices * flops / self._peak
        return found

    def evaluate(self, *more: Any, **named: Any) -> dict[str, float]:
        """Measure the loss on the test rows; dropout goes on as if nothing had been measured."""
        device = self.args.device
        with torch.random.fork_rng([device] if device.type == "cuda" else []):  # to begin a loader draws from it
            found: dict[str, float] = super().evaluate(*more, **named)
        return found

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        """Write a checkpoint, and say at its end that it is whole; a run goes on from such ones only."""
        place = place_of(Path(str(self.args.output_dir)), self.state.global_step)
        if self.is_world_process_zero():
            unseal(place)
        super()._save_checkpoint(model, trial)  # type: ignore[no-untyped-call]
        self.accelerator.wait_for_everyone()
        if self.is_world_process_zero():
            seal(place, self.accelerator.num_processes, states_kind(self.accelerator))

    def create_model_card(self, *_: Any, **__: Any) -> None:
        """Write none: TRL's names neither data nor what differs from the published run."""


def _seen(inputs: dict[str, Any]) -> torch.Tensor:
    """Return the sum over all tokens of the length of the text that each is in; a text of n tokens adds n * n.

    Texts of a row that do not see each other are told by positions that begin anew: positions 0 to n - 1 add 2 p + 1.
    """
    labels, mask, positions = inputs["labels"], inputs.get("attention_mask"), inputs.get("position_ids")
    if positions is None:
        positions = torch.arange(labels.shape[1], device=labels.device).expand_as(labels)
    seen = 2 * positions + 1
    return (seen if mask is None else seen * mask).sum()


def peak_memory(device: torch.device) -> int:
    """Return the most bytes that were in use: on the device, or of the process on a CPU."""
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
