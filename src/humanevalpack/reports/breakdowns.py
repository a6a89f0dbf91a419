"""A run looked at from other sides: pass@k over k, and by the kind and the symptom of the planted bug."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from humanevalpack.metrics import Estimate, average_scores
from humanevalpack.problems import BUG_TYPES, FAILURE_SYMPTOMS, Problem
from humanevalpack.reports.sheet import Tally, average_of, least_samples, tallies
from humanevalpack.results import Run
from humanevalpack.scenarios import FIX_SCENARIOS, TITLES

_POINTS = (1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 500, 1000)
Problems = Mapping[str, Sequence[Problem]]
"""Language to its problems; a language that could not be loaded is missing."""


@dataclass(frozen=True, slots=True)
class Slice:
    """The score of a part of the problems, over all languages of a scenario."""

    scenario: str
    name: str
    problems: int
    """Problems times languages in it."""
    score: Estimate


def pass_curves(run: Run) -> dict[str, list[tuple[int, Estimate]]]:
    """Return scenario to [(k, mean pass@k over languages)] for every k that all problems have samples for.

    Empty where no problem has two samples: one point is no curve.
    """
    tasks = tallies(run)
    curves = {}
    for scenario in TITLES:
        most = least_samples(task for (name, _), task in tasks.items() if name == scenario)
        ks = [k for k in _POINTS if k < most] + [most]
        if most > 1:
            curves[scenario] = [(k, score) for k in ks if (score := average_of(tasks, scenario, k))]
    return curves


def by_bug_type(run: Run, problems: Problems, k: int = 1) -> list[Slice]:
    """Return the score of the fix scenarios for every kind of bug that occurs."""
    return _slices(run, problems, k, "bug_type", BUG_TYPES)


def by_symptom(run: Run, problems: Problems, k: int = 1) -> list[Slice]:
    """Return the score of the fix scenarios for every symptom that occurs."""
    return _slices(run, problems, k, "failure_symptoms", FAILURE_SYMPTOMS)


def _slices(run: Run, problems: Problems, k: int, column: str, names: Sequence[str]) -> list[Slice]:
    tasks = tallies(run)
    kinds = {
        (language, problem.index): str(getattr(problem, column))
        for language, rows in problems.items()
        for problem in rows
    }
    found = []
    for scenario in FIX_SCENARIOS:
        for name in names:
            parts = [
                part
                for (task_scenario, language), task in tasks.items()
                if task_scenario == scenario and (part := _part(task, kinds, language, name))
            ]
            if parts:
                size = sum(map(len, parts))
                # Every problem weighs the same, whichever language it is in: some kinds are rare in a language.
                weights = [len(part) / size for part in parts]
                found.append(Slice(scenario, name, size, average_scores(parts, k, weights=weights)))
    return found


def _part(task: Tally, kinds: Mapping[tuple[str, int], str], language: str, name: str) -> dict[int, tuple[int, int]]:
    return {index: counts for index, counts in task.items() if kinds.get((language, index)) == name}
