"""Runs lm_eval in this process for the tests: our tasks only (reading lm_eval's own takes long), mini data."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lm_eval
from lm_eval.tasks import TaskManager
from lm_eval.utils import simple_parse_args_string

TASKS = Path(__file__).resolve().parents[1] / "src" / "humanevalpack" / "lm_eval_plugin" / "tasks"


@dataclass(frozen=True)
class Run:
    """What lm_eval returned."""

    results: dict[str, Any]

    def metric(self, name: str, metric: str) -> float:
        """A metric of a task or group, whatever the filter's name."""
        found: dict[str, float] = {key.partition(",")[0]: value for key, value in self.results["results"][name].items()}
        return found[metric]

    def samples(self, task: str) -> list[dict[str, Any]]:
        """Every sample of a task, as the sample log keeps it."""
        documents = sorted(self.results["samples"][task], key=lambda document: document["doc_id"])
        return [json.loads(text) for document in documents for texts in document["filtered_resps"] for text in texts]

    def generations(self, task: str) -> list[str]:
        """The raw generations of a task."""
        return [sample["generation"] for sample in self.samples(task)]

    def record(self, task: str) -> dict[str, Any]:
        """What the results record of the run."""
        record: dict[str, Any] = self.results["configs"][task]["metadata"]["humanevalpack"]
        return record


def task_manager(**metadata: Any) -> TaskManager:
    """A task manager that knows our tasks only, through the installed hook."""
    return TaskManager(include_defaults=False, metadata={"dataset": "mini", **metadata})


def run(tasks: str, model: Any, *, model_args: str = "", metadata: dict[str, Any] | None = None, **kwargs: Any) -> Run:
    """Evaluate a model: a folder (hf), a model object, or the name of a model class with ``model_args``."""
    if isinstance(model, Path):
        model_args = f"pretrained={model},device=cpu{',' if model_args else ''}{model_args}"
        model = "hf"
    known = simple_parse_args_string(model_args) | (metadata or {})
    results = lm_eval.simple_evaluate(
        model=model,
        model_args=model_args or None,
        tasks=tasks.split(","),
        task_manager=task_manager(**known),
        bootstrap_iters=10,
        **kwargs,
    )
    return Run(results)
