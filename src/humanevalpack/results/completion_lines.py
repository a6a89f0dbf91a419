"""JSON lines of HumanEval and its relatives: one answer, or a list of answers, a line.

``{"task_id": "Python/0", "completion": ...}``: the answer stands under ``completion`` (HumanEval), ``generation``
(HumanEval-X), ``solution`` (EvalPlus: a whole program) or, in lm_eval's log of another task, ``resps``. Optional:
task, sample, description, finish.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from humanevalpack.completions import FINISHES
from humanevalpack.errors import HumanEvalPackError, InputError
from humanevalpack.json_lines import read_json_lines
from humanevalpack.results.rows import writable
from humanevalpack.scenarios import parse_task

_ANSWERS = ("completion", "completions", "generation", "generations", "solution")


@dataclass(frozen=True, slots=True)
class CompletionLine:
    """One answer."""

    place: str
    task: str | None
    task_id: str
    sample: int
    text: str
    whole: bool
    """The field says that it is a whole program."""
    description: str | None
    finish: str | None


def read_completion_lines(path: Path) -> Iterator[CompletionLine]:
    """Yield every answer; samples are counted per problem where no field says their number. Raises InputError."""
    counted = Counter[tuple[str | None, str]]()
    for number, record in read_json_lines(path):
        place = f"{path}, line {number}"
        if not isinstance(record, dict):
            raise InputError(f"{place}: expected a JSON object, found {type(record).__name__}")
        if "filtered_resps" in record:
            record = _logged(record, place)
        task_id, task = record.get("task_id"), record.get("task")
        if not isinstance(task_id, str) or not task_id.rpartition("/")[2].isdecimal():
            raise InputError(f"{place}: field 'task_id' is {task_id!r}; expected text such as Python/0 or HumanEval/0")
        if task is not None:
            _check_task(task, place)
        field, texts = _texts(record, place)
        sample = record.get("sample")
        if sample is not None and (type(sample) is not int or sample < 0 or len(texts) > 1):
            raise InputError(f"{place}: field 'sample' is {sample!r}; expected a whole number of one answer")
        for text in texts:
            yield CompletionLine(
                place=place,
                task=task,
                task_id=task_id,
                sample=counted[task, task_id] if sample is None else sample,
                text=writable(text or ""),
                whole=field == "solution",
                description=_optional(record, "description", place),
                finish=_finish(record, place),
            )
            counted[task, task_id] += 1


def _texts(record: Mapping[str, Any], place: str) -> tuple[str, list[str | None]]:
    field = next((name for name in _ANSWERS if name in record), None)
    if field is None:
        raise InputError(
            f"{place}: no answer in it: one of the fields {', '.join(_ANSWERS)} is needed; "
            f"found {', '.join(map(str, record)) or 'none'}"
        )
    value = record[field]
    texts = value if isinstance(value, list) else [value]
    for text in texts:
        if not isinstance(text, str | None):
            raise InputError(f"{place}: field {field!r} must be text or a list of texts, found {value!r:.60}")
    return field, texts


def _logged(record: Mapping[str, Any], place: str) -> dict[str, Any]:
    doc, answers = record.get("doc"), record.get("resps")
    if not isinstance(doc, dict) or not isinstance(answers, list):
        raise InputError(f"{place}: a line of an lm_eval log needs the fields doc and resps")
    texts = [text for group in answers for text in (group if isinstance(group, list) else [group])]
    return {"task_id": doc.get("task_id"), "completions": texts}


def _check_task(task: object, place: str) -> None:
    try:
        parse_task(task if isinstance(task, str) else repr(task))
    except HumanEvalPackError as error:
        raise InputError(f"{place}: field 'task': {error}") from None


def _optional(record: Mapping[str, Any], name: str, place: str) -> str | None:
    value = record.get(name)
    if not isinstance(value, str | None):
        raise InputError(f"{place}: field {name!r} must be text, found {value!r:.60}")
    return value


def _finish(record: Mapping[str, Any], place: str) -> str | None:
    finish = _optional(record, "finish", place)
    if finish is not None and finish not in FINISHES:
        raise InputError(f"{place}: finish is {finish!r}; allowed: {', '.join(FINISHES)}")
    return finish
