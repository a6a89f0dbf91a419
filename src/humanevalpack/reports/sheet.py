"""The scores of one run: every task, the averages of the paper's tables, and counts by status."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from humanevalpack.errors import InputError, UsageError
from humanevalpack.languages import LANGUAGES
from humanevalpack.metrics import Estimate, average_scores
from humanevalpack.results import Run, ScoredSample
from humanevalpack.sandbox.verdicts import STATUSES
from humanevalpack.scenarios import AVERAGED, TITLES

UNJUDGED = ("generated", "skipped", "sandbox_error")
"""Statuses that say nothing of a model: such samples are counted and shown, and stay out of every score."""

Tally = Mapping[int, tuple[int, int]]
"""One task: problem number to (samples, passing samples), in the order of the numbers."""


@dataclass(frozen=True, slots=True)
class ScoreSheet:
    """What one run scored; every score is a pass@k with its interval, clustered by problem."""

    name: str
    model: str
    k: int
    tasks: Mapping[tuple[str, str], Estimate]
    """(scenario, language) to score."""
    averages: Mapping[str, Estimate]
    """Scenario to the mean over the languages that have a score in it."""
    overall: Estimate | None
    """Mean of fix, explain and synthesize; None unless all three have a score."""
    statuses: Mapping[tuple[str, str], Mapping[str, int]]
    """(scenario, language) to status to number of samples, the statuses in the order of the contract."""
    notes: Sequence[str]
    """What a reader must know of these numbers."""

    @property
    def languages(self) -> list[str]:
        """Return the languages with a score, in the usual order."""
        return [name for name in LANGUAGES if any(language == name for _, language in self.tasks)]

    @property
    def scenarios(self) -> list[str]:
        """Return the scenarios with a score, in the order of the tables."""
        return list(self.averages)

    def languages_of(self, scenario: str) -> list[str]:
        """Return the languages in the average of ``scenario``."""
        return [language for language in LANGUAGES if (scenario, language) in self.tasks]


def tallies(run: Run) -> dict[tuple[str, str], Tally]:
    """Return every scored task of a run with its problems; what was not judged is left out."""
    found: dict[tuple[str, str], dict[int, tuple[int, int]]] = {}
    for sample in run.samples:
        if is_scored(sample):
            task = found.setdefault((sample.scenario, sample.language), {})
            n, c = task.get(sample.index, (0, 0))
            task[sample.index] = (n + 1, c + (sample.status == "passed"))
    return {key: dict(sorted(task.items())) for key, task in sorted(found.items(), key=lambda item: _place(item[0]))}


def is_scored(sample: ScoredSample) -> bool:
    """Whether a sample counts: it has a verdict, or a fate of its own such as a prompt that is too long."""
    return sample.scenario in TITLES and sample.status not in UNJUDGED


def least_samples(tasks: Iterable[Tally]) -> int:
    """Return how many samples every problem has at least: the largest k that can be scored."""
    return min((n for task in tasks for n, _ in task.values()), default=0)


def average_of(tasks: Mapping[tuple[str, str], Tally], scenario: str, k: int) -> Estimate | None:
    """Return the mean over the languages that ``scenario`` has; None if it has none."""
    own = [task for (name, _), task in tasks.items() if name == scenario]
    return average_scores(own, k) if own else None


def overall_of(tasks: Mapping[tuple[str, str], Tally], k: int) -> Estimate | None:
    """Return the mean of the averages of fix, explain and synthesize; None unless all three are there."""
    chosen = [(scenario, task) for (scenario, _), task in tasks.items() if scenario in AVERAGED]
    sizes = Counter(scenario for scenario, _ in chosen)
    if len(sizes) < len(AVERAGED):
        return None
    weights = [1 / len(AVERAGED) / sizes[scenario] for scenario, _ in chosen]
    return average_scores([task for _, task in chosen], k, weights=weights)


def score_sheet(run: Run, k: int = 1) -> ScoreSheet:
    """Score a run; raises InputError if nothing in it can be scored, UsageError if its problems have fewer than k."""
    tasks = tallies(run)
    if not tasks:
        seen = ", ".join(sorted({sample.status for sample in run.samples})) or "no samples"
        raise InputError(
            f"{run.folder}: nothing in this run can be scored (found: {seen}); explaindescribe makes descriptions and "
            "has no score, and what was only generated must be evaluated first"
        )
    if (least := least_samples(tasks.values())) < k:
        raise UsageError(f"k is {k}, but some problem of {run.name} has {least} samples: k can be at most {least}")
    averages = {scenario: average for scenario in TITLES if (average := average_of(tasks, scenario, k))}
    return ScoreSheet(
        name=run.name,
        model=str(run.manifest.get("model") or ""),
        k=k,
        tasks={key: average_scores([task], k) for key, task in tasks.items()},
        averages=averages,
        overall=overall_of(tasks, k),
        statuses=_statuses(run),
        notes=_notes(run, tasks, averages),
    )


def _place(key: tuple[str, str]) -> tuple[int, int]:
    return list(TITLES).index(key[0]), list(LANGUAGES).index(key[1])


def _statuses(run: Run) -> dict[tuple[str, str], dict[str, int]]:
    counts: dict[tuple[str, str], Counter[str]] = {}
    for sample in run.samples:
        if sample.scenario in TITLES:
            counts.setdefault((sample.scenario, sample.language), Counter())[sample.status] += 1
    order = {status: place for place, status in enumerate(STATUSES)}
    return {
        key: dict(sorted(counts[key].items(), key=lambda item: (order.get(item[0], len(order)), item[0])))
        for key in sorted(counts, key=_place)
    }


def _notes(run: Run, tasks: Mapping[tuple[str, str], Tally], averages: Iterable[str]) -> list[str]:
    held = {
        scenario: ", ".join(language for name, language in tasks if name == scenario) or "none" for scenario in averages
    }
    if len(set(held.values())) == 1:
        notes = [f"averages over {next(iter(held.values()))}"]
    else:
        notes = ["averages of " + "; ".join(f"{TITLES[name]} over {languages}" for name, languages in held.items())]
    left_out = run.manifest.get("left_out")
    if isinstance(left_out, Mapping):
        notes += [f"{language} is left out: {reason}" for language, reason in left_out.items()]
    unjudged = Counter(
        sample.status for sample in run.samples if sample.scenario in TITLES and sample.status in UNJUDGED
    )
    notes += [
        f"{count} samples are not judged ({status}) and stay out of the scores" for status, count in unjudged.items()
    ]
    uneven = [key for key, task in tasks.items() if len({n for n, _ in task.values()}) > 1]
    notes += [f"{scenario}-{language}: problems have different numbers of samples" for scenario, language in uneven]
    return notes
