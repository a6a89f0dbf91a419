"""Descriptions of an earlier explaindescribe run, in whatever file it left.

Three forms: a file of ours (generations, or rows of task_id and description), lm_eval's sample log (a file, or its
output folder), and the reference's list of lists (JSON, problems in order). ``{language}`` in the path stands for the
language.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from humanevalpack.errors import InputError, UsageError
from humanevalpack.json_lines import read_json_lines
from humanevalpack.lm_eval_plugin.options import Options
from humanevalpack.problems import Problem
from humanevalpack.results.rows import GENERATED, KeptRow
from humanevalpack.scenarios import task_name

# Turns a raw generation into a description, by the rules of this run's template.
Extract = Callable[[Problem, str], str]
Tell = Callable[[str], None]


def load_descriptions(path: str, problems: Sequence[Problem], extract: Extract, tell: Tell) -> dict[str, list[str]]:
    """Return task_id to its descriptions, for the problems that the file knows; raises UsageError or InputError.

    ``tell`` is given a line for people, where descriptions are empty because the model was not asked for them.
    """
    language = problems[0].language
    file = _file(Path(path.replace("{language}", language)).expanduser(), language)
    lists = _list_of_lists(file)
    if lists is not None:
        if not lists:
            raise InputError(f"{file}: an empty list: it must hold one list of descriptions a problem")
        if len(lists) > len(problems):
            raise InputError(
                f"{file}: {len(lists)} lists for {len(problems)} {language} problems: wrong language or data?"
            )
        return {problem.task_id: texts for problem, texts in zip(problems, lists, strict=False)}
    found = _rows(file, {problem.task_id: problem for problem in problems}, extract, tell)
    if not found:
        # Not nothing: without descriptions the model would be asked for them.
        raise InputError(
            f"{file}: no description of a {language} problem ({problems[0].task_id} and so on): wrong file or language?"
        )
    return found


def given_descriptions(problem: Problem, found: Mapping[str, list[str]], options: Options) -> list[str]:
    """Return a problem's descriptions, none if no file was given; raises InputError if it lacks some."""
    if options.descriptions is None or not found:
        return []
    texts = found.get(problem.task_id, [])
    wanted = options.n_samples if "n_samples" in options.given else len(texts) or 1
    if len(texts) != wanted:
        raise InputError(
            f"descriptions {options.descriptions}: {len(texts)} for {problem.task_id}, but {wanted} are wanted "
            "(n_samples, one program each): make them with the same --limit and n_samples"
        )
    return texts


def _file(path: Path, language: str) -> Path:
    if path.is_file():
        return path
    if not path.is_dir():
        raise UsageError(f"descriptions: {path} does not exist")
    name = task_name("explaindescribe", language)
    found = sorted(path.rglob(f"samples_{name}_*.jsonl")) or sorted(path.glob("generations.jsonl"))
    if len(found) != 1:
        files = ", ".join(map(str, found)) or "none"
        raise UsageError(
            f"descriptions: {path} must hold one sample log of {name}, found {files}: name the file itself"
        )
    return found[0]


def _list_of_lists(file: Path) -> list[list[str]] | None:
    if file.suffix != ".json":
        return None
    try:
        lists = json.loads(file.read_text("utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{file}: not JSON in UTF-8: {error}") from error
    if not isinstance(lists, list):
        raise InputError(
            f"{file}: expected a list with one list of descriptions a problem, found {type(lists).__name__}"
        )
    for row, texts in enumerate(lists):
        if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
            raise InputError(
                f"{file}: entry {row} must be a list of descriptions that is not empty, found {texts!r:.60}"
            )
    return lists


def _rows(file: Path, problems: dict[str, Problem], extract: Extract, tell: Tell) -> dict[str, list[str]]:
    unasked: list[str] = []
    found: dict[str, dict[int, str]] = {}
    for number, record in read_json_lines(file, grows=file.name == "generations.jsonl"):
        place = f"{file}, line {number}"
        if not isinstance(record, dict):
            raise InputError(f"{place}: expected a JSON object, found {type(record).__name__}")
        for task_id, sample, text in _texts(record, place, problems, extract):
            if task_id in problems:
                samples = found.setdefault(task_id, {})
                samples[len(samples) if sample is None else sample] = text or ""
                unasked += [task_id] if text is None else []
    if unasked:
        tell(
            f"{file}: {len(unasked)} descriptions were never asked for (prompt_too_long, or left out), first that of "
            f"{unasked[0]}: they are empty, and programs are asked for without one"
        )
    return {task_id: [texts[sample] for sample in sorted(texts)] for task_id, texts in found.items()}


def _texts(
    record: dict[str, Any], place: str, problems: dict[str, Problem], extract: Extract
) -> list[tuple[str, int | None, str | None]]:
    """Return (task_id, sample number, description or None) of one line, whichever of the forms it has."""
    if "filtered_resps" in record:
        return _logged(record, place)
    if "generation" in record:
        row = KeptRow.read(record, place)
        if not row.task.startswith("humanevalexplaindescribe-") or row.task_id not in problems:
            return []
        if row.status != GENERATED:
            return [(row.task_id, row.sample, None)]
        return [(row.task_id, row.sample, extract(problems[row.task_id], row.generation))]
    task_id, text = record.get("task_id"), record.get("description")
    if not isinstance(task_id, str) or not isinstance(text, str):
        raise InputError(
            f"{place}: expected task_id and description (texts), or a line of a sample log, or of kept generations; "
            f"found the fields {', '.join(map(str, record)) or 'none'}"
        )
    return [(task_id, None, text)]


def _logged(record: dict[str, Any], place: str) -> list[tuple[str, int | None, str | None]]:
    try:
        samples = [json.loads(text) for texts in record["filtered_resps"] for text in texts]
        task_id = record["doc"]["task_id"]
        return [
            (task_id, sample["sample"], sample["completion"] if sample.get("status", GENERATED) == GENERATED else None)
            for sample in samples
        ]
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise InputError(
            f"{place}: not a sample log of an explaindescribe task ({type(error).__name__}: {error})"
        ) from error
