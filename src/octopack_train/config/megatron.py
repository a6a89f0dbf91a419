"""A run that Megatron-LM makes: what its arguments are made of."""

from typing import Literal, Self

from pydantic import Field, model_validator

from octopack_data.settings import Settings
from octopack_train.config.optimization import OptimizerSettings, ScheduleSettings
from octopack_train.config.sequence import Loss


class MegatronModel(Settings):
    """A GPT model."""

    base: str | None = None
    """Model whose weights the first run begins with, converted into `release`; null: random weights."""
    layers: int = Field(gt=0)
    """Number of layers."""
    hidden: int = Field(gt=0)
    """Width of a layer."""
    heads: int = Field(gt=0)
    """Heads of attention."""
    query_groups: int = Field(default=1, gt=0)
    """Heads of keys and values; 1: multi-query attention."""
    positions: int = Field(gt=0)
    """Learned positions."""
    vocabulary: int = Field(gt=0)
    """Tokens of the tokenizer; Megatron pads it to a multiple of 128 times parallel.tensor."""
    init_std: float = Field(gt=0)
    """Standard deviation of random weights."""
    attention_dropout: float = Field(default=0.1, ge=0, lt=1)
    """Dropout on what attention weighs."""
    hidden_dropout: float = Field(default=0.1, ge=0, lt=1)
    """Dropout elsewhere."""


class MegatronData(Settings):
    """Indexed datasets, as octopack-train megatron preprocess makes them."""

    form: Literal["text", "inputs-targets"]
    """text: one dataset, whose documents follow each other; inputs-targets: two, whose pairs are packed into rows."""
    path: str | None = None
    """text: prefix of the dataset, with its `_text_document`."""
    split: str | None = None
    """text: shares of training, validation, test; null: Megatron's own, 969,30,1."""
    train_paths: str | None = None
    """inputs-targets: path file of training."""
    valid_paths: str | None = None
    """inputs-targets: path file of validation."""
    tokenizer: str = "tokenizer.json"
    """The tokenizer's file; bigcode-2023 reads it, core-0.16 its folder."""
    fim_tokenizer: bool = False
    """The tokenizer has the tokens of fill-in-the-middle, and Megatron's class for it is that which knows them."""
    fim_rate: float = Field(default=0.0, ge=0, le=1)
    """Share of rows that become fill-in-the-middle."""
    valid_workers: int = Field(default=2, ge=0)
    """Processes that load batches of validation, beside each device's own."""


class MegatronSchedule(Settings):
    """The learning rate by iteration: its horizon and the iteration at which training ends are two numbers."""

    kind: Literal["cosine", "linear", "constant"] = "cosine"
    """What follows the warm-up."""
    warmup_fraction: float = Field(default=0.0, ge=0, lt=1)
    """Share of schedule_steps in which it rises, linearly."""
    schedule_steps: int = Field(gt=0)
    """Iteration at which the learning rate would reach its end."""
    stop_after_steps: int = Field(gt=0)
    """Iteration after which training ends."""
    final_learning_rate: float = Field(default=0.0, ge=0)
    """Learning rate at the end of the schedule."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        _ = self.closed_form
        return self

    @property
    def closed_form(self) -> ScheduleSettings:
        """The same schedule for ``schedules.learning_rate``."""
        return ScheduleSettings(
            kind=self.kind,
            warmup_steps=round(self.warmup_fraction * self.schedule_steps),
            schedule_steps=self.schedule_steps,
            stop_after_steps=self.stop_after_steps,
            final_learning_rate=self.final_learning_rate,
        )


class MegatronBatch(Settings):
    """Rows of one iteration."""

    micro: int = Field(gt=0)
    """Rows that a model's devices work on at a time."""
    rows: int = Field(gt=0)
    """Rows of one iteration, of all devices."""


class ParallelSettings(Settings):
    """How a model lies on devices, and how many there are."""

    tensor: int = Field(default=1, gt=0)
    """Devices that share each layer."""
    pipeline: int = Field(default=1, gt=0)
    """Devices that share the layers."""
    sequence: bool = False
    """Devices of one layer share the tokens of a row where that layer is not cut."""
    distributed_optimizer: bool = False
    """The optimizer's states are shared out over data parallel devices."""
    recompute: Literal["none", "selective"] = "none"
    """Activations that are computed a second time: selective, those inside attention."""
    machines: int = Field(default=1, gt=0)
    """Machines of the published run."""
    devices: int = Field(default=8, gt=0)
    """Devices of a machine."""


class MegatronCadence(Settings):
    """Every how many iterations something is done."""

    log: int = Field(default=10, gt=0)
    """Metrics are written."""
    evaluate: int = Field(gt=0)
    """The loss on held out rows."""
    evaluation_steps: int = Field(gt=0)
    """Batches of one evaluation."""
    save: int = Field(gt=0)
    """A checkpoint."""


class TrackingSettings(Settings):
    """Where metrics go."""

    tensorboard: bool = False
    """Into the checkpoints' folder `tensorboard`."""
    structured_logs: bool = False
    """Every line of output with time and worker, into the checkpoints' folder `logs`."""
    wandb_project: str | None = None
    """Project at Weights & Biases; null: none."""
    wandb_entity: str | None = None
    """Whose project it is."""


class MegatronSettings(Settings):
    """A run of Megatron-LM."""

    model: MegatronModel
    """The model that is trained."""
    data: MegatronData
    """What it reads."""
    sequence_length: int = Field(gt=1)
    """Tokens of a row."""
    loss: Loss = "all"
    """Which tokens are trained: all, or those of targets (inputs-targets)."""
    normalized_loss: bool = False
    """inputs-targets: each run of trained tokens has the weight 1, whatever its length."""
    optimizer: OptimizerSettings
    """Adam."""
    schedule: MegatronSchedule
    """The learning rate by iteration, and how many."""
    batch: MegatronBatch
    """Rows of one iteration."""
    precision: Literal["bf16", "fp16", "fp32"] = "bf16"
    """Type of the arithmetic."""
    initial_loss_scale: int | None = None
    """fp16: what the loss is multiplied with at first; null: Megatron's own, 2**32. Without effect in bf16."""
    parallel: ParallelSettings = ParallelSettings()
    """How a model lies on devices."""
    cadence: MegatronCadence
    """Every how many iterations something is done."""
    tracking: TrackingSettings = TrackingSettings()
    """Where metrics go."""
    seed: int = 1234
    """Of random weights, dropout and the order of rows."""
    checkpoints: str
    """Folder that is loaded from and saved to, with Megatron's tracker file."""

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        model, pairs = self.model, self.data.form == "inputs-targets"
        if model.hidden % model.heads or model.heads % model.query_groups:
            raise ValueError(
                f"model: hidden {model.hidden}, heads {model.heads}, query_groups {model.query_groups}: each must be a "
                "multiple of the next"
            )
        if self.sequence_length > model.positions:
            raise ValueError(f"sequence_length is {self.sequence_length}: more than model.positions, {model.positions}")
        if model.layers % self.parallel.pipeline:
            raise ValueError(
                f"parallel.pipeline is {self.parallel.pipeline}: model.layers, {model.layers}, is no multiple of it"
            )
        if self.parallel.sequence and self.parallel.tensor == 1:
            raise ValueError("parallel.sequence shares tokens between the devices of parallel.tensor, which is 1")
        if not pairs and (self.loss == "targets" or self.normalized_loss):
            raise ValueError("loss: targets and normalized_loss are for data.form: inputs-targets")
        if pairs and not (self.data.train_paths and self.data.valid_paths):
            raise ValueError("data.form: inputs-targets needs data.train_paths and data.valid_paths")
        if pairs and not (self.data.path is self.data.split is None):
            raise ValueError("data.path and data.split are for data.form: text; path files say both")
        if not pairs and self.data.path is None:
            raise ValueError("data.form: text needs data.path")
        return self
