"""The scores of one lm_eval run, read from its results file, with the averages of the paper's tables."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from humanevalpack.errors import InputError
from humanevalpack.languages import LANGUAGES
from humanevalpack.metrics import score_interval
from humanevalpack.scenarios import AVERAGED, SCENARIOS

TITLES = {
    "fixtests": "Fix",
    "fixdocs": "Fix (docs)",
    "explainsynthesize": "Explain",
    "synthesize": "Synthesize",
}
"""The scored scenarios in the order of the tables, under the paper's names without their ``HumanEval``."""


@dataclass(frozen=True, slots=True)
class Score:
    """One task's pass@k."""

    value: float
    stderr: float
    """Standard error over problems; NaN for one problem."""
    interval: tuple[float, float]
    """95 % confidence interval, clustered by problem."""
    problems: int
    statuses: Mapping[str, int]
    """Verdict (or ``prompt_too_long``) to number of samples; what did not occur is left out."""


@dataclass(frozen=True, slots=True)
class RunScores:
    """What one run of lm_eval found."""

    name: str
    metric: str
    """Such as ``pass@1``."""
    scores: Mapping[tuple[str, str], Score]
    """(scenario, language) to score; tasks that were not run or have no toolchain are missing."""
    left_out: Mapping[str, str]
    """Language that could not be judged, to the reason."""
    facts: Mapping[str, str]
    """How it was run: prompt, profile, data set, sandbox and so on, for display."""
    path: Path

    @property
    def languages(self) -> list[str]:
        """Return the languages with a score, in the usual order."""
        found = {language for _, language in self.scores}
        return [language for language in LANGUAGES if language in found]

    def languages_of(self, scenario: str) -> list[str]:
        """Return the languages in the average of ``scenario``."""
        return [language for language in LANGUAGES if (scenario, language) in self.scores]

    def average(self, scenario: str) -> float | None:
        """Return the mean over the languages that have a score in ``scenario``."""
        values = [self.scores[scenario, language].value for language in self.languages_of(scenario)]
        return math.fsum(values) / len(values) if values else None

    def overall(self) -> float | None:
        """Return the mean of fix, explain and synthesize; None unless all three have a score."""
        averages = [average for scenario in AVERAGED if (average := self.average(scenario)) is not None]
        return math.fsum(averages) / len(averages) if len(averages) == len(AVERAGED) else None


def read_run(path: Path, *, name: str | None = None, metric: str = "pass@1") -> RunScores:
    """Read a results file of lm_eval (``name`` replaces the model's); raises InputError that says what is wrong."""
    try:
        data = json.loads(path.read_text("utf-8"))
        results, configs = data["results"], data["configs"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path}: not a results file of lm_eval ({type(error).__name__}: {error})") from error
    scores, left_out, facts = {}, {}, {"model": str(data.get("model_name") or data.get("model_source") or "?")}
    for scenario in SCENARIOS:
        for language in LANGUAGES:
            task = f"humaneval{scenario}-{language}"
            if task not in results or task not in configs:
                continue
            ours = configs[task].get("metadata", {}).get("humanevalpack", {})
            facts |= _facts(ours)
            if ours.get("left_out"):
                left_out[language] = str(ours["left_out"])
            if (score := _score(results[task], metric)) is not None:
                scores[scenario, language] = score
    if not scores:
        raise InputError(
            f"{path}: no {metric} of a humanevalpack task in it; its tasks: {', '.join(results) or 'none'}"
        )
    return RunScores(name or facts["model"], metric, scores, left_out, facts, path)


def _score(row: Mapping[str, Any], metric: str) -> Score | None:
    # lm_eval's keys read metric,filter; our filter's name is the profile.
    values = {key.partition(",")[0]: value for key, value in row.items()}
    if metric not in values:
        return None
    value, problems = float(values[metric]), int(values["sample_len"])
    found = values.get(f"{metric}_stderr")
    stderr = float(found) if isinstance(found, int | float) else math.nan
    statuses = {
        name.removeprefix("samples_"): int(count)
        for name, count in values.items()
        if name.startswith("samples_") and not name.endswith("_stderr") and count
    }
    answers = sum(statuses.values()) / int(metric.partition("@")[2])
    interval = score_interval(value, stderr, problems=problems, answers=max(answers, 1))
    return Score(value, stderr, interval, problems, statuses)


def _facts(ours: Mapping[str, Any]) -> dict[str, str]:
    options = ours.get("options", {})
    chosen = {
        "prompt": ours.get("prompt"),
        "prompt chosen because": ours.get("prompt_reason"),
        "data": options.get("dataset"),
        "profile": ours.get("profile"),
        "samples per problem": options.get("n_samples"),
        "temperature": options.get("temperature"),
        "answer budget (tokens)": options.get("total_length") or options.get("max_new_tokens"),
        "sandbox": ours.get("sandbox"),
    }
    return {name: str(value) for name, value in chosen.items() if value is not None}
