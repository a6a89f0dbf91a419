"""A run's folder while the model answers: what is known of an earlier start, what is kept, what is judged meanwhile."""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from humanevalpack.errors import EnvironmentFault, SandboxFault, UsageError
from humanevalpack.evaluation.judging import Judging
from humanevalpack.lm_eval_plugin.asking import Asking
from humanevalpack.lm_eval_plugin.background import Background
from humanevalpack.lm_eval_plugin.chunks import Numbered
from humanevalpack.lm_eval_plugin.kept import generation_of, row_of
from humanevalpack.lm_eval_plugin.run_manifest import manifest_of
from humanevalpack.lm_eval_plugin.samples import Generation
from humanevalpack.results import KeptRow, RunFolder
from humanevalpack.results.rows import Key
from humanevalpack.sandbox import Verdict

_ONCE = ("dataset", "dataset_revision", "profile", "sandbox", "time_limit")
"""Options that a folder has once: what every answer of a run is judged with."""


class Recording:
    """Appends generations to a run's folder and has them judged; several processes may record into one folder."""

    def __init__(self, path: Path, model: Any, numbered: Sequence[Numbered]) -> None:
        """Begin, or go on; raises UsageError for a folder of something else or of a run with other settings."""
        self._run = RunFolder(path, manifest_of(path, model, numbered))
        self._background = _background(self._run, model, numbered)

    def __enter__(self) -> "Recording":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if kind is not None and self._background is not None:
            self._background.stop()

    def known(self, numbered: Sequence[Numbered]) -> dict[int, Generation]:
        """Return place to generation of what the folder holds already."""
        rows = {place: self._run.rows.get(_key(item)) for place, item in enumerate(numbered)}
        return {place: generation_of(row) for place, row in rows.items() if row is not None}

    def keep(self, numbered: Sequence[Numbered], answers: Sequence[Generation]) -> list[Generation]:
        """Append what is new, have everything judged that is to be, and return what the folder holds now."""
        fresh = [_row(item, answer) for item, answer in zip(numbered, answers, strict=True)]
        self._run.add_generations(row for row in fresh if row.key not in self._run.rows)
        rows = [self._run.rows[row.key] for row in fresh]
        if self._background is not None:
            self._background.put(
                [row for row, (request, _) in zip(rows, numbered, strict=True) if _is_read(request.asking)]
            )
        return [answer if _same(row, answer) else generation_of(row) for row, answer in zip(rows, answers, strict=True)]

    def verdicts(self, numbered: Sequence[Numbered]) -> list[Verdict | None]:
        """Return what every sample's program did, waiting for it; raises SandboxFault for a lasting fault of ours."""
        try:
            if self._background is not None:
                self._background.finish()
        except EnvironmentFault as fault:
            raise SandboxFault(
                f"{fault}\nEvery generation, and every verdict so far, is kept in {self._run.path}. Once the cause is "
                f"mended, the same command goes on, and humanevalpack evaluate {self._run.path} needs no model"
            ) from fault
        records = [self._run.judged.get(_key(item)) for item in numbered]
        return [
            Verdict.from_dict(record["verdict"]) if record is not None and record["verdict"] is not None else None
            for record in records
        ]


def open_recording(model: Any, numbered: Sequence[Numbered]) -> Recording | None:
    """Return the recording into ``run_folder``, None without one; raises UsageError where tasks contradict."""
    folders = {request.asking.options.run_folder for request, _ in numbered}
    if len(folders) > 1:
        raise UsageError(f"run_folder must be the same for all tasks of a run, found {sorted(map(str, folders))}")
    path = next(iter(folders), None)
    if path is None:
        return None
    named: dict[str, str] = {}
    for request, _ in numbered:
        task = request.asking.task
        if named.setdefault(task, request.asking.name) != request.asking.name:
            raise UsageError(
                f"tasks {named[task]} and {request.asking.name} are both {task}, and a run's folder holds a task once: "
                "run them one by one, with a run_folder each"
            )
    _check_alike(list({id(request.asking): request.asking for request, _ in numbered}.values()))
    return Recording(Path(path), model, numbered)


def _check_alike(askings: Sequence[Asking]) -> None:
    """Raise UsageError where task files of one run contradict each other in what a folder holds once."""
    first, *others = askings
    for name in _ONCE:
        for other in others:
            value, its = getattr(first.options, name), getattr(other.options, name)
            if value != its:
                raise UsageError(
                    f"{name} is {value!r} for {first.name} and {its!r} for {other.name}, and a run's folder has one "
                    "for all: make them the same, or run them one by one, with a run_folder each"
                )


def _background(run: RunFolder, model: Any, numbered: Sequence[Numbered]) -> Background | None:
    askings = list({id(request.asking): request.asking for request, _ in numbered}.values())
    read = [asking for asking in askings if _is_read(asking)]
    if not read:
        return None
    judging = Judging(
        problems={asking.language: asking.problems for asking in read},
        templates={asking.scenario: (asking.prompting.template, asking.prompting.reason) for asking in read},
        profile=read[0].options.profile,
    )
    kinds = {asking.language: asking.judged_with for asking in read if asking.judged_with}
    return Background(run, judging, kinds, read[0].options, ranks=model.world_size)


def _is_read(asking: Asking) -> bool:
    """Whether answers are looked into here: to run a program, or to take out a description."""
    return bool(asking.judged_with) or asking.scenario == "explaindescribe"


def _key(item: Numbered) -> Key:
    request, sample = item
    return request.asking.task, request.problem.task_id, sample


def _row(item: Numbered, generation: Generation) -> KeptRow:
    return row_of(*_key(item), generation)


def _same(row: KeptRow, generation: Generation) -> bool:
    return row_of(*row.key, generation) == row
