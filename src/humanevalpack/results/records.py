"""What is known of a run: its samples with their verdicts, and how it was made."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from humanevalpack.errors import InputError
from humanevalpack.languages import LANGUAGES
from humanevalpack.metrics import Estimate, pass_at_k_scores
from humanevalpack.results.rows import GENERATED, SKIPPED, KeptRow
from humanevalpack.sandbox.verdicts import Verdict
from humanevalpack.scenarios import SCENARIOS, parse_task, task_name

# Not of the model: no verdict was reached.
_NOT_COUNTED = (GENERATED, SKIPPED, "sandbox_error")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredSample:
    """One generation and what became of it."""

    task: str
    scenario: str
    language: str
    task_id: str
    index: int
    """Number of the problem: the part of ``task_id`` behind the slash."""
    sample: int
    prompt: str
    generation: str
    status: str
    """The verdict's status, else the generation's."""
    description: str | None
    candidate: str
    """The program, patch or description that the generation holds; empty while nothing is judged."""
    extraction: str
    """How the candidate was found, where that is special."""
    program: str
    """What was built and run; empty where nothing was."""
    verdict: Verdict | None
    finish: str | None = None
    form: str = "completion"

    @classmethod
    def of(
        cls, row: KeptRow, *, candidate: str = "", extraction: str = "", program: str = "", verdict: Verdict | None
    ) -> "ScoredSample":
        """Put a generation and what was made of it together; raises UsageError for a task that there is not."""
        scenario, language = parse_task(row.task)
        return cls(
            task=row.task,
            scenario=scenario,
            language=language,
            task_id=row.task_id,
            index=problem_number(row.task_id),
            sample=row.sample,
            prompt=row.prompt,
            generation=row.generation,
            status=verdict.status if verdict else row.status,
            description=row.description,
            candidate=candidate,
            extraction=extraction,
            program=program,
            verdict=verdict,
            finish=row.finish,
            form=row.form,
        )

    def row(self) -> KeptRow:
        """Return the generation alone."""
        return KeptRow(
            task=self.task,
            task_id=self.task_id,
            sample=self.sample,
            prompt=self.prompt,
            generation=self.generation,
            status=self.status if self.verdict is None else GENERATED,
            description=self.description,
            finish=self.finish,
            form=self.form,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run's folder, read. Samples are in the order of scenarios, languages, problems and sample numbers."""

    name: str
    folder: Path
    manifest: Mapping[str, Any]
    """How it was made: docs/results.md lists the keys."""
    samples: Sequence[ScoredSample]

    @property
    def tasks(self) -> list[tuple[str, str]]:
        """Return (scenario, language) of every task in it."""
        return list(dict.fromkeys((sample.scenario, sample.language) for sample in self.samples))

    def of_task(self, scenario: str, language: str) -> list[ScoredSample]:
        """Return the samples of one task."""
        return [item for item in self.samples if (item.scenario, item.language) == (scenario, language)]

    def counts(self, scenario: str, language: str) -> list[tuple[int, int]]:
        """Return (samples, passing samples) of every problem, in the order of the problems' numbers.

        What has no verdict (``waiting``, and what was skipped) is left out; a prompt that was too long is a sample.
        """
        total, passed = Counter[int](), Counter[int]()
        for sample in self.of_task(scenario, language):
            if sample.status not in _NOT_COUNTED:
                total[sample.index] += 1
                passed[sample.index] += sample.status == "passed"
        return [(total[index], passed[index]) for index in sorted(total)]

    def waiting(self, scenario: str, language: str) -> list[ScoredSample]:
        """Return the samples of a task that were generated and not judged yet."""
        return [sample for sample in self.of_task(scenario, language) if sample.status == GENERATED]

    def score(self, scenario: str, language: str, k: int = 1) -> Estimate:
        """Return pass@k of one task with its 95 % interval over problems.

        Raises InputError if a sample waits for its verdict: the score would be wrong; UsageError as
        ``pass_at_k_scores`` does.
        """
        for sample in self.waiting(scenario, language):
            raise InputError(
                f"{self.folder}: {sample.task}, {sample.task_id}, sample {sample.sample} has no verdict yet: "
                f"humanevalpack evaluate {self.folder}"
            )
        return pass_at_k_scores(self.counts(scenario, language), k)

    def statuses(self, scenario: str, language: str) -> dict[str, int]:
        """Return how many samples of a task have each status that occurs."""
        return dict(Counter(sample.status for sample in self.of_task(scenario, language)))


def problem_number(task_id: str) -> int:
    """Return the part of a task_id behind the slash; raises InputError if it is not a number."""
    number = task_id.rpartition("/")[2]
    if not (number.isascii() and number.isdigit()):
        raise InputError(f"task_id is {task_id!r}; expected <language>/<number>, such as Python/0")
    return int(number)


def sample_order(sample: ScoredSample) -> tuple[int, int, int, int]:
    """Return what samples are sorted by."""
    return SCENARIOS.index(sample.scenario), LANGUAGES.index(sample.language), sample.index, sample.sample


def scores(run: Run, ks: Sequence[int] = (1, 10, 100)) -> dict[str, dict[str, Any]]:
    """Return what ``scores.json`` holds: task to pass@k, its interval, and counts; ks above n are left out.

    A task without a score (explaindescribe, or one with samples that are not judged yet) has its counts alone.
    """
    found: dict[str, dict[str, Any]] = {}
    for scenario, language in run.tasks:
        judged = scenario != "explaindescribe" and not run.waiting(scenario, language)
        counts = run.counts(scenario, language) if judged else []
        fewest = min((n for n, _ in counts), default=0)
        entry: dict[str, Any] = {
            "problems": len({sample.task_id for sample in run.of_task(scenario, language)}),
            "samples": len(run.of_task(scenario, language)),
        }
        for k in ks:
            if k <= fewest:
                estimate = run.score(scenario, language, k)
                entry[f"pass@{k}"] = estimate.mean
                entry[f"pass@{k}_interval"] = [estimate.low, estimate.high]
        entry["statuses"] = run.statuses(scenario, language)
        found[task_name(scenario, language)] = entry
    return found
