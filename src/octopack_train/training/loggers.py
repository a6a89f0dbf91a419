"""Where metrics go beside metrics.jsonl: TensorBoard's and Weights & Biases' files lie in the run's folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from transformers import Trainer
from transformers.integrations.integration_utils import TensorBoardCallback

from humanevalpack.errors import EnvironmentFault
from octopack_train.config.training import TrainingSettings
from octopack_train.training.processes import is_main

_PACKAGES = {"tensorboard": ("tensorboard", "tensorboardX"), "trackio": ("trackio",), "wandb": ("wandb",)}
"""Of which a logger needs one."""
_PROJECT = "huggingface"
"""The name that transformers gives to a project."""


def check_loggers(settings: TrainingSettings) -> None:
    """Raise EnvironmentFault for a logger whose package is missing."""
    for name in settings.loggers:
        if not any(find_spec(package) for package in _PACKAGES[name]):
            raise EnvironmentFault(
                f"loggers: {name} is not installed; mend it: pip install {_PACKAGES[name][0]}, or say loggers=[]"
            )


def write_events_into(folder: Path, trainer: Trainer) -> None:
    """Let TensorBoard's event files lie in ``folder``, unless TENSORBOARD_LOGGING_DIR names another.

    Not by that variable: a second run in the same Python would find the first one's folder in it.
    """
    for callback in trainer.callback_handler.callbacks:
        if isinstance(callback, TensorBoardCallback) and callback.logging_dir is None:
            callback.logging_dir = str(folder / "tensorboard")


@contextmanager
def wandb_run(settings: TrainingSettings, folder: Path, name: str, run: str) -> Iterator[None]:
    """Begin a run of Weights & Biases and finish it: before anything is prepared, and one for each of ours.

    Its id there is ``run``, so that a run that goes on does so there, too.

    transformers begins one after the data is ready and never finishes it, so that a second run in the same Python
    would write into the first one's. A run that is already there is the caller's, and is used. Raises EnvironmentFault.
    """
    if "wandb" not in settings.loggers or not is_main():
        yield
        return
    import wandb

    if wandb.run is not None:
        yield
        return
    place = os.environ.get("WANDB_DIR", str(folder))
    Path(place).mkdir(parents=True, exist_ok=True)  # in a folder that is not there, it writes elsewhere
    try:
        project = os.environ.get("WANDB_PROJECT", _PROJECT)
        begun = wandb.init(project=project, name=name, id=run, resume="allow", dir=place)
    except wandb.errors.Error as fault:
        raise EnvironmentFault(
            f"loggers: wandb cannot begin: {fault}; mend it: wandb login, or WANDB_MODE=offline in the "
            "environment, or say loggers=[]"
        ) from fault
    try:
        yield
    except BaseException:
        begun.finish(exit_code=1)
        raise
    begun.finish()
