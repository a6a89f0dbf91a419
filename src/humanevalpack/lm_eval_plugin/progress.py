"""How far a run's folder is, and whether it is that of a plan."""

from dataclasses import dataclass
from pathlib import Path

from humanevalpack.errors import UsageError
from humanevalpack.lm_eval_plugin.plans import Plan
from humanevalpack.results.folder import GENERATIONS, SCORES, read_run
from humanevalpack.results.manifest import MANIFEST, read_manifest, write_json, write_manifest
from humanevalpack.results.records import Run, scores
from humanevalpack.scenarios import parse_task, task_name

FINISHED = "finished"
"""Manifest key: task to how many samples it has, once all are generated."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What is in a run's folder."""

    run: Run | None
    """None while nothing is generated."""

    @property
    def generated(self) -> bool:
        """Whether everything that the run asks for is there."""
        return self.is_finished and not self.left_out

    @property
    def is_finished(self) -> bool:
        """Whether the run came to its end, perhaps without a language, and nothing was taken out since."""
        return (
            self.run is not None
            and bool(self.run.manifest.get(FINISHED))
            and dict(self.run.manifest[FINISHED]) == samples_of(self.run)
        )

    @property
    def left_out(self) -> list[str]:
        """The languages of which a finished run lacks a task: those may be judged here by now."""
        if self.run is None:
            return []
        lacking = set(self.run.manifest.get("asked", {}).get("tasks", ())) - self.run.manifest.get(FINISHED, {}).keys()
        return sorted({parse_task(task)[1] for task in lacking})

    @property
    def judged(self) -> bool:
        """Whether no generated program waits for its verdict."""
        return self.run is not None and not any(
            self.run.waiting(scenario, language)
            for scenario, language in self.run.tasks
            if scenario != "explaindescribe"
        )


def progress_of(plan: Plan) -> Progress:
    """Return how far the plan's folder is; raises UsageError if it holds a run with other settings."""
    if not (plan.folder / MANIFEST).is_file():
        return Progress(None)
    now = plan.facts()["asked"]
    # A folder of another command's says nothing of it: what must be the same is looked at when it is gone on with.
    before = read_manifest(plan.folder).get("asked", now)
    for key in {**before, **now}:
        if before.get(key) != now.get(key):
            raise UsageError(
                f"{plan.folder} was begun with {key} {before.get(key)!r}, and now it is {now.get(key)!r}: give the "
                "same settings, another output, or --overwrite to begin anew"
            )
    return Progress(read_run(plan.folder) if (plan.folder / GENERATIONS).is_file() else None)


def finish(folder: Path, ks: tuple[int, ...]) -> Run:
    """Say in a run's folder that everything is generated, and write its scores."""
    run = read_run(folder)
    write_manifest(folder, {**run.manifest, FINISHED: samples_of(run)})
    write_json(folder / SCORES, scores(run, ks))
    return read_run(folder)


def samples_of(run: Run) -> dict[str, int]:
    """Return task to number of samples."""
    return {task_name(*task): len(run.of_task(*task)) for task in run.tasks}
