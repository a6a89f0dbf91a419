"""The reference harness's three files of a task: generations, references, results."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from humanevalpack.errors import InputError, UsageError
from humanevalpack.evaluation.judging import Judging
from humanevalpack.generations.sources import Source, read_sources
from humanevalpack.languages import check_profile
from humanevalpack.problems import Problem
from humanevalpack.results.folder import read_run
from humanevalpack.results.joining import listed, missing_samples
from humanevalpack.results.manifest import write_json
from humanevalpack.results.records import scores
from humanevalpack.results.rows import KeptRow
from humanevalpack.scenarios import parse_task
from humanevalpack.templates import PROMPT_AUTO, PromptTemplate

RESULTS = "evaluation_results.json"


def export_generations(
    path: str | Path,
    folder: str | Path,
    *,
    task: str | None = None,
    dataset: str | Path | None = None,
    prompt: str | PromptTemplate = PROMPT_AUTO,
    overwrite: bool = False,
    **reading: Any,
) -> list[Path]:
    """Write ``generations_<task>.json``, ``references_<task>.json`` and, of a judged run, ``evaluation_results.json``.

    The texts are post-processed, as the reference saves them: problems x n, and for explainsynthesize one row a
    description. Raises InputError unless the first problems of the data, without gaps, have equally many samples each;
    UsageError for files that are there already, without ``overwrite``.
    """
    folder = Path(folder).expanduser()
    (source,) = read_sources(path, task, dataset=dataset, prompt=prompt, **reading)
    found = source.generations
    data = str(dataset or found.facts.get("dataset") or "hub")
    profile = check_profile(str(found.facts.get("profile") or "reference"))
    judging = Judging.of(found.rows, data, profile, prompt, found.facts)
    values: dict[Path, Any] = {}
    for name in dict.fromkeys(row.task for row in found.rows):
        rows = [row for row in found.rows if row.task == name]
        generations, references = _lists(name, rows, judging, source)
        values[folder / f"generations_{name}.json"] = generations
        values[folder / f"references_{name}.json"] = references
    if source.judged:
        values[folder / RESULTS] = _results(found.path)
    taken = [path for path in values if path.exists()]
    if taken and not overwrite:
        raise UsageError(f"{taken[0]} is there already: choose another folder, or --overwrite")
    return [write_json(path, value) for path, value in values.items()]


def _lists(
    task: str, rows: Sequence[KeptRow], judging: Judging, source: Source
) -> tuple[list[list[str]], list[str | None]]:
    scenario, language = parse_task(task)
    missing = missing_samples(rows)[task]
    if missing:
        raise InputError(
            f"{source.generations.path}: {task} is not complete: {listed(missing)}; the reference's files have no gaps"
        )
    order = {task_id: number for number, task_id in enumerate(judging.problems[language])}
    generations: list[list[str]] = []
    references: list[str | None] = []
    before = None
    for row in sorted(rows, key=lambda row: (order[row.task_id], row.sample)):
        text = _candidate(row, judging, source)
        if scenario != "explainsynthesize" and row.task_id == before:
            generations[-1].append(text)
            continue
        generations.append([text])
        references.append(_reference(scenario, judging.problems[language][row.task_id]))
        before = row.task_id
    return generations, references


def _candidate(row: KeptRow, judging: Judging, source: Source) -> str:
    record = source.judged.get(row.key)
    return str(record["candidate"]) if record is not None else judging.prepared(row)[0].candidate


def _reference(scenario: str, problem: Problem) -> str | None:
    return None if scenario == "explaindescribe" else "\n" + problem.test


def _results(path: Path) -> dict[str, Any]:
    run = read_run(path)
    found = {
        task: {name: value for name, value in entry.items() if name.startswith("pass@") and "_" not in name}
        for task, entry in scores(run).items()
        if not task.startswith("humanevalexplaindescribe-")
    }
    return found | {"config": dict(run.manifest)}
