"""What is seen of a run: lines of metrics.jsonl and a bar, from one process."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from tqdm import tqdm
from transformers import TrainerCallback

from octopack_train.run_folder import append_metrics

_NAMES = {"loss": "loss", "learning_rate": "lr", "tokens_per_second": "tokens/s", "eval_loss": "test loss"}


class MetricsFile(TrainerCallback):
    """Everything that is logged, one JSON object a line, with its step."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
        """Write a line."""
        if state.is_world_process_zero and logs and "train_runtime" not in logs:
            said = {name: value for name, value in logs.items() if name != "epoch"}
            append_metrics(self.folder, {"step": state.global_step} | said)


class Bar(TrainerCallback):
    """A bar on a terminal, a line an entry elsewhere."""

    def __init__(self, title: str, begun: int) -> None:
        self.title, self.begun, self._seen = title, begun, dict[str, str]()
        self._bar: tqdm[Any] | None = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Show it."""
        if state.is_world_process_zero and sys.stderr.isatty():
            self._bar = tqdm(
                total=state.max_steps, initial=self.begun, desc=self.title, unit="step", dynamic_ncols=True
            )

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Move it."""
        if self._bar is not None:
            self._bar.update(state.global_step - self._bar.n)

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float] | None = None, **_: Any) -> None:
        """Say what was measured."""
        found = {_NAMES[name]: value for name, value in (logs or {}).items() if name in _NAMES}
        if not state.is_world_process_zero or not found:
            return
        self._seen |= {name: f"{value:.3g}" if name != "loss" else f"{value:.4f}" for name, value in found.items()}
        if self._bar is not None:
            self._bar.set_postfix(self._seen)
        else:
            said = "  ".join(f"{name} {self._seen[name]}" for name in found)
            tqdm.write(f"step {state.global_step}/{state.max_steps}  {said}", file=sys.stderr)

    def on_train_end(self, *_: Any, **__: Any) -> None:
        """Take it away."""
        if self._bar is not None:
            self._bar.close()
