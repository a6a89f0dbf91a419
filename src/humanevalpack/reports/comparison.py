"""Two runs side by side: which settings differ, what that did to every task, and which problems changed."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from humanevalpack.errors import InputError, UsageError
from humanevalpack.languages import get_language
from humanevalpack.metrics import (
    Estimate,
    average_difference,
    average_scores,
    paired_difference,
    pass_at_k,
    pass_at_k_scores,
)
from humanevalpack.reports.settings import settings_of
from humanevalpack.reports.sheet import Tally, least_samples, tallies
from humanevalpack.reports.writing import as_run
from humanevalpack.results import Run
from humanevalpack.scenarios import TITLES

FLIP = 0.5
"""A problem has flipped when its pass@k moved by this much or more (with one sample: when one run passes it)."""


@dataclass(frozen=True, slots=True)
class SettingDifference:
    """One setting of the manifests; None where a run does not record it."""

    name: str
    first: str | None
    second: str | None


@dataclass(frozen=True, slots=True)
class TaskDifference:
    """One task on the problems that both runs have."""

    scenario: str
    language: str
    first: Estimate
    second: Estimate
    difference: Estimate
    """``second`` minus ``first``, paired by problem."""
    only_first: int
    """Problems that only the first run has; they stay out."""
    only_second: int

    @property
    def clear(self) -> bool:
        """Whether the interval of the difference leaves out zero."""
        return self.difference.low > 0 or self.difference.high < 0


@dataclass(frozen=True, slots=True)
class Flip:
    """A problem that passes in one of the runs and not, or much less, in the other."""

    scenario: str
    language: str
    task_id: str
    first: tuple[int, int]
    """(samples, passing samples)."""
    second: tuple[int, int]
    change: float
    """pass@k of the second run minus that of the first."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What ``compare`` found; ``to_dict`` gives plain JSON types."""

    first: str
    second: str
    k: int
    settings: Sequence[SettingDifference]
    tasks: Sequence[TaskDifference]
    averages: Sequence[TaskDifference]
    """One a scenario that has several languages in both runs; ``language`` is ``average``."""
    flips: Sequence[Flip]
    only_first: Sequence[str]
    """Tasks that only the first run has."""
    only_second: Sequence[str]

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as plain JSON types (a NaN, the error of a single problem, becomes null)."""
        record: dict[str, Any] = _without_nan(asdict(self))
        for name, tasks in (("tasks", self.tasks), ("averages", self.averages)):
            for task, row in zip(tasks, record[name], strict=True):
                row["clear"] = task.clear
        return record


def compare(first: Run | Path | str, second: Run | Path | str, *, k: int = 1) -> Comparison:
    """Compare two runs (or their folders) on the problems that both have; differences are ``second`` minus ``first``.

    Raises InputError (no run, no task in common), UsageError (fewer than k samples of some problem).
    """
    a, b = as_run(first), as_run(second)
    ours, theirs = tallies(a), tallies(b)
    shared = [key for key in ours if key in theirs and set(ours[key]) & set(theirs[key])]
    if not shared:
        raise InputError(
            f"{a.name} and {b.name} have no scored problem in common: the first has {_listed(ours)}, "
            f"the second {_listed(theirs)}"
        )
    least = min(least_samples(ours[key] for key in shared), least_samples(theirs[key] for key in shared))
    if not 1 <= k <= least:
        raise UsageError(f"k is {k}, but some problem has {least} samples in a run: k can be 1 to {least}")
    return Comparison(
        first=a.name,
        second=b.name,
        k=k,
        settings=setting_differences(a.manifest, b.manifest),
        tasks=[_task(key, ours[key], theirs[key], k) for key in shared],
        averages=_averages(shared, ours, theirs, k),
        flips=[flip for key in shared for flip in _flips(key, ours[key], theirs[key], k)],
        only_first=[
            f"humaneval{scenario}-{language}" for scenario, language in ours if (scenario, language) not in shared
        ],
        only_second=[
            f"humaneval{scenario}-{language}" for scenario, language in theirs if (scenario, language) not in shared
        ],
    )


def setting_differences(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[SettingDifference]:
    """Return every setting that differs, or that one manifest does not record."""
    ours, theirs = settings_of(first), settings_of(second)
    return [
        SettingDifference(name, ours.get(name), theirs.get(name))
        for name in dict.fromkeys([*ours, *theirs])
        if ours.get(name) != theirs.get(name)
    ]


def _task(key: tuple[str, str], ours: Tally, theirs: Tally, k: int) -> TaskDifference:
    both = [index for index in ours if index in theirs]
    first, second = [ours[index] for index in both], [theirs[index] for index in both]
    return TaskDifference(
        *key,
        first=pass_at_k_scores(first, k),
        second=pass_at_k_scores(second, k),
        difference=paired_difference(second, first, k),
        only_first=len(ours) - len(both),
        only_second=len(theirs) - len(both),
    )


def _averages(
    shared: Sequence[tuple[str, str]],
    ours: Mapping[tuple[str, str], Tally],
    theirs: Mapping[tuple[str, str], Tally],
    k: int,
) -> list[TaskDifference]:
    found = []
    for scenario in dict.fromkeys(name for name, _ in shared):
        keys = [key for key in shared if key[0] == scenario]
        if len(keys) > 1:
            first = [{index: ours[key][index] for index in ours[key] if index in theirs[key]} for key in keys]
            second = [{index: theirs[key][index] for index in part} for key, part in zip(keys, first, strict=True)]
            found.append(
                TaskDifference(
                    scenario,
                    "average",
                    first=average_scores(first, k),
                    second=average_scores(second, k),
                    difference=average_difference(list(zip(second, first, strict=True)), k),
                    only_first=0,
                    only_second=0,
                )
            )
    return found


def _flips(key: tuple[str, str], ours: Tally, theirs: Tally, k: int) -> list[Flip]:
    scenario, language = key
    prefix = get_language(language).task_prefix
    flips = []
    for index in ours:
        if index in theirs:
            (n, c), (m, d) = ours[index], theirs[index]
            change = pass_at_k(n=m, c=d, k=k) - pass_at_k(n=n, c=c, k=k)
            if abs(change) >= FLIP:
                flips.append(Flip(scenario, language, f"{prefix}/{index}", (n, c), (m, d), change))
    return flips


def _listed(tasks: Mapping[tuple[str, str], Tally]) -> str:
    return (
        ", ".join(
            f"{TITLES[scenario]} {language} ({len(task)} problems)" for (scenario, language), task in tasks.items()
        )
        or "none"
    )


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nan(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and value != value else value
