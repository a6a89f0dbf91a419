"""Optimizer, learning rate and batch."""

from typing import Literal, Self

from pydantic import Field, model_validator

from octopack_data.settings import Settings


class OptimizerSettings(Settings):
    """AdamW."""

    learning_rate: float = Field(gt=0)
    """Peak of the schedule."""
    weight_decay: float = Field(default=0.0, ge=0)
    """Decoupled from the gradient."""
    beta1: float = Field(default=0.9, ge=0, lt=1)
    """Decay of the mean of gradients."""
    beta2: float = Field(default=0.999, ge=0, lt=1)
    """Decay of the mean of their squares."""
    epsilon: float = Field(default=1e-8, gt=0)
    """Added to the root of that."""
    gradient_clip: float = Field(default=1.0, ge=0)
    """Largest norm of all gradients together; 0: not clipped."""


class ScheduleSettings(Settings):
    """The learning rate by step: its horizon and the step at which training ends are two numbers."""

    kind: Literal["cosine", "linear", "constant"] = "cosine"
    """What follows the warm-up."""
    warmup: Literal["linear", "logarithmic"] = "linear"
    """Rise to the peak; logarithmic is DeepSpeed's default."""
    warmup_steps: int = Field(default=0, ge=0)
    """Steps of the rise."""
    schedule_steps: int = Field(gt=0)
    """Step at which the learning rate would reach its end."""
    stop_after_steps: int | None = Field(default=None, gt=0)
    """Step after which training ends; null: schedule_steps."""
    final_learning_rate: float = Field(default=0.0, ge=0)
    """Learning rate at the end of the schedule."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        for name in ("warmup_steps", "stop_after_steps"):
            if (value := getattr(self, name) or 0) > self.schedule_steps:
                raise ValueError(f"{name} is {value}: more than schedule_steps, {self.schedule_steps}")
        return self

    @property
    def steps(self) -> int:
        """Steps that are trained."""
        return self.stop_after_steps or self.schedule_steps


class BatchSettings(Settings):
    """Rows of one step: their product is kept on another number of devices."""

    per_device: int = Field(default=1, gt=0)
    """Rows that a device works on at a time."""
    accumulation: int = Field(default=1, gt=0)
    """Times a device does so before a step."""
    devices: int = Field(default=1, gt=0)
    """Devices that these numbers are for; with another number (--devices) accumulation changes, not the product."""

    @property
    def rows(self) -> int:
        """Rows of one step."""
        return self.per_device * self.accumulation * self.devices
