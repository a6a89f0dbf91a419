"""All settings of a training run in one class, and what they must be to fit each other."""

from typing import Literal, Self

from pydantic import Field, model_validator

from octopack_data.settings import Settings
from octopack_train.config.data import DataSettings
from octopack_train.config.model import NEW_TOKENIZER, QUANTIZED, LoraSettings, ModelSettings
from octopack_train.config.optimization import BatchSettings, OptimizerSettings, ScheduleSettings
from octopack_train.config.running import (
    CadenceSettings,
    DistributedSettings,
    EvaluationSettings,
    Logger,
    SeedSettings,
)
from octopack_train.config.sequence import Loss, SequenceSettings

NO_SCALER = (
    "precision: fp16 scales its loss, and cannot take that back from gradients of weights that are not held in fp32 "
    "(use model.weights: fp32, precision: bf16, or an adapter with bias: none)"
)
"""PyTorch's GradScaler raises on the first step, after everything was loaded."""


class TrainingSettings(Settings):
    """A fine-tuning run."""

    model: ModelSettings
    """The model that is trained."""
    adapter: LoraSettings | Literal[False] = False
    """Low-rank adapters; false: all weights are trained."""
    data: DataSettings
    """The text that is trained on."""
    sequence: SequenceSettings = SequenceSettings()
    """From examples to rows of tokens."""
    loss: Loss = "targets"
    """Which tokens are trained: all, or those of the target and the end marker."""
    optimizer: OptimizerSettings
    """AdamW."""
    schedule: ScheduleSettings
    """The learning rate by step, and how many steps."""
    batch: BatchSettings = BatchSettings()
    """Rows of one step."""
    precision: Literal["bf16", "fp16", "fp32"] = "bf16"
    """Type of the arithmetic; bf16 and fp16 are mixed with fp32."""
    activation_checkpointing: bool = False
    """Compute activations a second time in the backward pass, instead of keeping them."""
    distributed: DistributedSettings = DistributedSettings()
    """Several devices."""
    cadence: CadenceSettings = CadenceSettings()
    """Every how many steps something is done."""
    seeds: SeedSettings = SeedSettings()
    """Beginnings of chance."""
    workers: int = Field(default=0, ge=0)
    """Processes that prepare batches, beside each device's own; 0: none."""
    loggers: tuple[Logger, ...] = ()
    """Where metrics go, beside metrics.jsonl."""
    evaluation: EvaluationSettings = EvaluationSettings()
    """HumanEvalPack while training."""
    output: str = "octopack-train-run"
    """Folder of the run."""

    @property
    def is_half_trained(self) -> bool:
        """Whether fp16 would train weights of half precision themselves; PEFT holds an adapter's in fp32."""
        model = self.model
        held = model.weights_otherwise if model.weights in QUANTIZED else model.weights
        trained = self.adapter is False or self.adapter.bias != "none"
        return self.precision == "fp16" and trained and held != "fp32"

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        weights, kind = self.model.weights, self.distributed.kind
        if weights in QUANTIZED and self.adapter is False:
            raise ValueError(f"model.weights: {weights} cannot be trained without an adapter (use bf16, fp16 or fp32)")
        if weights == "int8" and kind in ("fsdp2", "zero3"):
            raise ValueError(
                f"model.weights: int8 cannot be shared out by distributed.kind: {kind} (use ddp, zero1 or zero2, "
                "or model.weights: bf16)"
            )
        if self.is_half_trained and kind == "ddp":  # zero1 to zero3 and fsdp2 hold a copy of their own in fp32
            raise ValueError(NO_SCALER)
        if self.sequence.packing == "greedy" and self.loss != "all":
            raise ValueError("sequence.packing: greedy is there for loss: all only, as published")
        if self.data.instruction_in == "targets" and self.loss == "all":
            raise ValueError(
                "data.instruction_in: targets is there for loss: targets only; with all, it is trained anyway"
            )
        if self.model.random_weights and self.model.architecture is None:
            raise ValueError("model.random_weights needs model.architecture, the shape to be filled")
        if self.model.tokenizer == NEW_TOKENIZER and not self.model.random_weights:
            raise ValueError("model.tokenizer: new is there for model.random_weights only: a base has learned its own")
        return self
