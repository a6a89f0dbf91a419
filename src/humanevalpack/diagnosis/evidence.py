"""A run as the rules see it: its samples, the template that it was made with, and what each answer begins like."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from humanevalpack.completions import cut_at_stop_words
from humanevalpack.diagnosis.answers import Shape, shape
from humanevalpack.diagnosis.records import Unit
from humanevalpack.errors import HumanEvalPackError
from humanevalpack.languages import Profile, get_language
from humanevalpack.prompts import stop_words
from humanevalpack.results import Run, ScoredSample
from humanevalpack.results.per_task import PER_TASK, by_task
from humanevalpack.results.reading import made_with
from humanevalpack.results.rows import GENERATED, PROGRAM, SKIPPED, TOO_LONG
from humanevalpack.scenarios import parse_task, task_name
from humanevalpack.templates import PromptTemplate, load_template

_NOT_THE_MODEL_S = (SKIPPED, TOO_LONG, "sandbox_error")


@dataclass(frozen=True)
class Evidence:
    """A run, and what is found out of it once for all rules."""

    run: Run

    @cached_property
    def _settings(self) -> dict[str, dict[str, Any]]:
        tasks = [task_name(*task) for task in self.run.tasks]
        return {name: by_task(self.run.manifest.get(name), tasks) for name in PER_TASK}

    def setting(self, name: str, task: str) -> Any:
        """Return what the manifest says of a task; None if it does not."""
        return self._settings[name].get(task)

    def settings(self, name: str) -> list[Any]:
        """Return what the manifest says of the tasks, everything once."""
        return list({repr(value): value for value in self._settings[name].values() if value is not None}.values())

    @cached_property
    def model(self) -> str:
        """The model's name; empty if it is not known."""
        return str(self.run.manifest.get("model") or "")

    @cached_property
    def profile(self) -> Profile:
        """The profile of the run."""
        return "fixed" if self.run.manifest.get("profile") == "fixed" else "reference"

    @cached_property
    def _templates(self) -> dict[str, PromptTemplate | None]:
        return {task: self._template(task, name) for task, name in self._settings["prompt"].items()}

    def _template(self, task: str, name: object) -> PromptTemplate | None:
        try:
            recorded = made_with(self.run.manifest, parse_task(task)[0])
            return load_template(name) if recorded is None and isinstance(name, str) else recorded
        except HumanEvalPackError:
            return None

    def template(self, sample: ScoredSample) -> PromptTemplate | None:
        """Return the template that a sample was asked with; None if it is not recorded, or a file that is gone."""
        return self._templates.get(sample.task)

    @cached_property
    def _words(self) -> dict[str, list[str]]:
        return {
            task: stop_words(parse_task(task)[1], prompt=template, profile=self.profile)
            for task, template in self._templates.items()
            if template
        }

    def words(self, sample: ScoredSample) -> list[str]:
        """Return the stop words of a sample's task; none where the template is not known."""
        return self._words.get(sample.task, [])

    def is_bare(self, sample: ScoredSample) -> bool:
        """Whether a sample should be nothing but code that continues its prompt."""
        template = self.template(sample)
        bare = template.answer == "code" if template else not sample.extraction
        return bare and is_code(sample) and sample.form != PROGRAM

    def kept(self, sample: ScoredSample) -> str:
        """Return the answer up to the first of its stop words."""
        return cut_at_stop_words(sample.generation.rstrip(), self.words(sample))

    def unfinished(self, sample: ScoredSample) -> bool:
        """Whether an answer of bare code goes on to its last character: the function is not closed."""
        return not get_language(sample.language).is_complete(self.kept(sample), "reference")

    @cached_property
    def _shapes(self) -> dict[int, Shape | None]:
        return {
            id(sample): shape(sample, self.words(sample)) if self.is_bare(sample) and is_wrong(sample) else None
            for sample in self.run.samples
        }

    def shape(self, sample: ScoredSample) -> Shape | None:
        """Return what stands in an answer before or in place of its code; None if nothing, or if it passed."""
        return self._shapes[id(sample)]

    def samples(
        self, counted: Callable[[ScoredSample], bool], sign: Callable[[ScoredSample], str | None]
    ) -> Iterator[Unit]:
        """Yield one unit a sample that counts."""
        for sample in self.run.samples:
            if counted(sample):
                yield Unit((sample,), sign(sample))


def is_code(sample: ScoredSample) -> bool:
    """Whether a model answered a question for code."""
    return sample.scenario != "explaindescribe" and sample.status not in _NOT_THE_MODEL_S


def is_judged(sample: ScoredSample) -> bool:
    """Whether a program of the model was run."""
    return is_code(sample) and sample.status != GENERATED


def is_answer(sample: ScoredSample) -> bool:
    """Whether a model answered, with code or a description."""
    return sample.status not in _NOT_THE_MODEL_S


def is_wrong(sample: ScoredSample) -> bool:
    """Whether an answer did not pass, or was not judged: what passed is right, however it looks."""
    return is_answer(sample) and sample.status != "passed"
