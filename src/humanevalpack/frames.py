"""Problems, samples, verdicts, scores and comparisons as pandas data frames: ``<what>_frame``, one row each.

Scores are shares from 0 to 1. Every function raises EnvironmentFault without pandas.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from humanevalpack.errors import EnvironmentFault, UsageError
from humanevalpack.metrics import Estimate
from humanevalpack.problems import Problem
from humanevalpack.published import published_scores
from humanevalpack.reports.comparison import Comparison, Flip, TaskDifference
from humanevalpack.reports.sheet import ScoreSheet, score_sheet
from humanevalpack.reports.writing import as_run
from humanevalpack.results import Run, ScoredSample
from humanevalpack.results.rows import TOO_LONG
from humanevalpack.sandbox import Verdict

if TYPE_CHECKING:
    import pandas as pd

    from humanevalpack.programs import Program

AVERAGE = "average"
"""The ``language`` of a row that is the mean over languages."""
OVERALL = "overall"
"""The ``scenario`` of the row that is the mean of fix, explain and synthesize."""
_VERDICT_TYPES = {
    "status": "string",
    "passed": "boolean",
    "reason": "string",
    "build_wall": "Float64",
    "build_cpu": "Float64",
    "run_wall": "Float64",
    "run_cpu": "Float64",
    "peak_memory": "Int64",
    "output": "string",
    "exit_code": "Int64",
    "signal": "string",
}
_SCORE_COLUMNS = ("run", "model", "scenario", "language", "k", "score", "low", "high", "stderr", "problems")
_PUBLISHED_COLUMNS = ("model", "scenario", "language", "score", "origin", "note")
_DIFFERENCE_COLUMNS = ("scenario", "language", "k", "first", "second", "difference", "low", "high", "clear")
_FLIP_COLUMNS = ("scenario", "language", "task_id", "first", "second", "change")


def problems_frame(problems: Iterable[Problem]) -> pd.DataFrame:
    """Return one row a problem: its fields (``load_problems``), several languages together if they are given so."""
    names = [field.name for field in fields(Problem)]
    return _frame(({name: getattr(problem, name) for name in names} for problem in problems), names)


def samples_frame(run: Run | Path | str) -> pd.DataFrame:
    """Return one row a sample of a run (or its folder): the fields of ScoredSample and of its verdict.

    ``passed`` (pandas' ``boolean``) and columns of numbers are nullable: a sample that was not judged, or that has no
    test (a description), has a status of its own, and neither passed nor failed; a prompt that was too long counts as
    not passed. Raises InputError for a folder that is no run.
    """
    samples = as_run(run).samples
    names = [field.name for field in fields(ScoredSample) if field.name != "verdict"]
    own = _frame(({name: getattr(sample, name) for name in names} for sample in samples), names)
    judged = [_verdict_row(sample.verdict) if sample.verdict else {"passed": _unjudged(sample)} for sample in samples]
    verdicts = _frame(judged, list(_VERDICT_TYPES)).astype(_VERDICT_TYPES)
    return _pandas().concat([own, verdicts.drop(columns="status")], axis=1)


def verdicts_frame(verdicts: Iterable[Verdict], programs: Iterable[Program] | None = None) -> pd.DataFrame:
    """Return one row a verdict: status, passed, reason, seconds of each phase, peak_memory (bytes), output, its end.

    ``programs``, in the same order, adds language, profile and task_id in front. ``passed`` is missing for a
    ``sandbox_error``; columns of numbers are nullable, too (``build_wall`` without a build). Raises UsageError if the
    two differ in length.
    """
    pandas = _pandas()
    frame = _frame(map(_verdict_row, verdicts), list(_VERDICT_TYPES)).astype(_VERDICT_TYPES)
    if programs is None:
        return frame
    given = [(program.language, program.profile, program.problem and program.problem.task_id) for program in programs]
    if len(given) != len(frame):
        raise UsageError(f"{len(given)} programs and {len(frame)} verdicts: each program needs its verdict")
    return pandas.concat([pandas.DataFrame(given, columns=["language", "profile", "task_id"]), frame], axis=1)


def scores_frame(*runs: Run | Path | str, k: int = 1) -> pd.DataFrame:
    """Return one row a task of every run (or its folder): pass@k with its 95 % interval, clustered by problem.

    Below a run's tasks stand its means: language ``average`` (one a scenario with a score), and scenario ``overall`` if
    fix, explain and synthesize have scores. Raises InputError with nothing to score, UsageError for a k that some
    problem has too few samples for.
    """
    rows = [row for run in map(as_run, runs) for row in _score_rows(score_sheet(run, k))]
    return _frame(rows, _SCORE_COLUMNS)


def published_frame(model: str | None = None) -> pd.DataFrame:
    """Return one row a published number (pass@1 as a share) of one model or of all, with its origin tag and note.

    ``language`` is ``average`` for the published mean over six languages. Raises UsageError that lists the models.
    """
    rows = [
        {
            "model": row.model,
            "scenario": row.scenario,
            "language": language,
            "score": round(cell.value / 100, 6),
            "origin": cell.origin,
            "note": row.note,
        }
        for row in published_scores(model)
        for language, cell in (*row.languages.items(), (AVERAGE, row.average))
    ]
    return _frame(rows, _PUBLISHED_COLUMNS)


def comparison_frame(comparison: Comparison) -> pd.DataFrame:
    """Return one row a task (and a mean, language ``average``) of ``compare``: both scores and their paired difference.

    ``difference`` is second minus first, ``low`` and ``high`` its 95 % interval, ``clear`` whether it leaves out zero.
    """
    rows = [_difference_row(task, comparison.k) for task in (*comparison.tasks, *comparison.averages)]
    return _frame(rows, _DIFFERENCE_COLUMNS)


def flips_frame(comparison: Comparison) -> pd.DataFrame:
    """Return one row a problem that flipped in ``compare``: the share that passes in both runs, and pass@k's change."""
    return _frame(map(_flip_row, comparison.flips), _FLIP_COLUMNS)


def _verdict_row(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as flat columns."""
    record = verdict.to_dict() | {"passed": verdict.passed if verdict.status != "sandbox_error" else None}
    for phase in ("build", "run"):
        spent = record.pop(phase) or {}
        record |= {f"{phase}_wall": spent.get("wall"), f"{phase}_cpu": spent.get("cpu")}
    return record


def _unjudged(sample: ScoredSample) -> bool | None:
    """Return whether a sample without a verdict has passed: no if its prompt was too long for code, else unknown."""
    return False if sample.status == TOO_LONG and sample.scenario != "explaindescribe" else None


def _score_rows(sheet: ScoreSheet) -> list[dict[str, Any]]:
    scores = {**sheet.tasks, **{(scenario, AVERAGE): score for scenario, score in sheet.averages.items()}}
    if sheet.overall:
        scores[OVERALL, AVERAGE] = sheet.overall
    return [
        {"run": sheet.name, "model": sheet.model, "scenario": scenario, "language": language, "k": sheet.k}
        | _estimate(score, "score")
        | {"stderr": score.stderr, "problems": score.problems}
        for (scenario, language), score in scores.items()
    ]


def _estimate(score: Estimate, name: str) -> dict[str, float]:
    return {name: score.mean, "low": score.low, "high": score.high}


def _difference_row(task: TaskDifference, k: int) -> dict[str, Any]:
    row = {"scenario": task.scenario, "language": task.language, "k": k}
    scores = {"first": task.first.mean, "second": task.second.mean}
    return row | scores | _estimate(task.difference, "difference") | {"clear": task.clear}


def _flip_row(flip: Flip) -> dict[str, Any]:
    shares = {name: passed / samples for name, (samples, passed) in (("first", flip.first), ("second", flip.second))}
    return asdict(flip) | shares


def _frame(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    return _pandas().DataFrame(list(rows), columns=list(columns))


def _pandas() -> Any:
    try:
        import pandas
    except ImportError as error:
        raise EnvironmentFault(f"a data frame needs pandas ({error}): pip install pandas") from error
    return pandas
