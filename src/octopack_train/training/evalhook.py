"""HumanEvalPack while training: the model as it is, measured by ``humanevalpack run`` in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tqdm import tqdm
from transformers import TrainerCallback

from octopack_train.config.running import EvaluationSettings

_LINES = 5
"""Of what a failed evaluation said."""

_LAUNCHED = (
    *("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"),
    *("GROUP_", "ROLE_", "TORCHELASTIC_", "ACCELERATE_", "FSDP_", "PARALLELISM_CONFIG_"),
)
"""Beginnings of the names that torchrun and accelerate launch set; the accelerate of a model that is measured would do
as they say: wait for others, or share out what is whole."""


def evaluation_command(settings: EvaluationSettings, model_args: str, folder: Path, device: str) -> list[str]:
    """Return the command that measures a model; its answers are executed in the sandbox."""
    tasks = ",".join(f"humaneval{settings.scenario}-{language}" for language in settings.languages)
    command = [sys.executable, "-m", "humanevalpack.commands", "run", "--backend", "hf", "--model-args", model_args]
    command += ["--tasks", tasks, "--limit", str(settings.problems), "--prompt", settings.prompt]
    command += ["--dataset", settings.dataset, "--sandbox", settings.sandbox, "--device", device]
    if settings.max_new_tokens is not None:
        command += ["--option", f"max_new_tokens={settings.max_new_tokens}"]
    return [*command, "--output", str(folder / "run"), "--overwrite", "--json"]


def without_launcher(environment: Mapping[str, str]) -> dict[str, str]:
    """Return variables without those by which a launcher would make the measurement one of several processes."""
    return {name: value for name, value in environment.items() if not name.startswith(_LAUNCHED)}


def scores(report: dict[str, Any]) -> dict[str, float]:
    """Return pass@1 by task, from what ``humanevalpack run --json`` prints."""
    return {f"humanevalpack/{task}": float(values["pass@1"]) for task, values in report["scores"].items()}


class Evaluate(TrainerCallback):
    """Every so many steps: save, measure, log. A measurement that fails is said, and training goes on."""

    def __init__(self, settings: EvaluationSettings, folder: Path, base: str, trainer: Any) -> None:
        self.settings, self.folder, self.base, self.trainer = settings, folder, base, trainer

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Measure, where it is time."""
        if not self.settings.every or state.global_step % self.settings.every:
            return
        place = self.folder / f"step-{state.global_step}"
        self.trainer.save_model(str(place / "model"))  # on all processes: each may hold a part
        if not state.is_world_process_zero:
            return
        due = control.should_log
        self.trainer.log_apart(self._measure(place))
        control.should_log = due  # to log takes back that the step's own numbers are due

    def _measure(self, place: Path) -> dict[str, float]:
        saved = place / "model"
        adapted = (saved / "adapter_config.json").is_file()
        model_args = f"pretrained={self.base},peft={saved}" if adapted else f"pretrained={saved}"
        device = "cuda" if self.trainer.args.device.type == "cuda" else "cpu"
        command = evaluation_command(self.settings, f"{model_args},tokenizer={saved}", place, device)
        done = subprocess.run(command, env=without_launcher(os.environ), capture_output=True, text=True, check=False)
        (place / "log.txt").write_text(done.stderr + done.stdout, "utf-8")
        if done.returncode:
            end = " / ".join((done.stderr or done.stdout).strip().splitlines()[-_LINES:])
            tqdm.write(f"evaluation: humanevalpack run ended with {done.returncode}: {end}", file=sys.stderr)
            return {"humanevalpack/failed": 1.0}
        return scores(json.loads(done.stdout))
