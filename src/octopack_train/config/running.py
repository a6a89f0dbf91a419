"""How a run is watched, kept and spread over devices: nothing here changes what is learned."""

from typing import Literal

from pydantic import Field

from octopack_data.settings import Settings

Distribution = Literal["ddp", "fsdp2", "zero1", "zero2", "zero3"]
Logger = Literal["tensorboard", "trackio", "wandb"]


class DistributedSettings(Settings):
    """Several devices."""

    kind: Distribution = "ddp"
    """ddp: each device holds all; zero1, zero2, zero3 (DeepSpeed) and fsdp2 share out the optimizer's states, then the
    gradients, then the weights. One device alone needs none of them."""
    find_unused: bool = False
    """ddp: look for weights that a step did not use."""


class CadenceSettings(Settings):
    """Every how many steps something is done; 0: never."""

    log: int = Field(default=10, ge=0)
    """Metrics are written."""
    evaluate: int = Field(default=0, ge=0)
    """The loss on held out rows."""
    save: int = Field(default=500, ge=0)
    """A checkpoint, from which a run goes on exactly."""


class SeedSettings(Settings):
    """Beginnings of chance."""

    data: int = 0
    """Order of the rows."""
    training: int = 42
    """Dropout, adapters and random weights."""


class EvaluationSettings(Settings):
    """HumanEvalPack while training: a few problems, answered by the model as it is and judged in the sandbox."""

    every: int = Field(default=0, ge=0)
    """Steps between two evaluations; 0: none."""
    scenario: Literal["fixtests", "fixdocs", "synthesize"] = "synthesize"
    """What is asked."""
    languages: tuple[Literal["python", "js", "java", "go", "cpp", "rust"], ...] = ("python",)
    """In which languages."""
    problems: int = Field(default=10, gt=0)
    """First problems of each."""
    dataset: str = "hub"
    """Problems: hub (the published ones), mini (those of the package), or a folder."""
    prompt: str = "octocoder"
    """Prompt template: humanevalpack prompts list."""
    max_new_tokens: int | None = Field(default=None, gt=0)
    """Of an answer; null: as the tasks say, which a model with few positions cannot hold."""
    sandbox: Literal["auto", "docker", "local"] = "auto"
    """Where answers are executed."""
