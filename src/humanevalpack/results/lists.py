"""The reference harness's ``generations.json``: a list with one list of texts a document, in the data's order.

Shapes: problems x n; for explainsynthesize (problems x descriptions) x n, the descriptions of a problem one after the
other; a slice of either, which begins at document ``limit_start``; rows that are null or empty, not made yet. A file of
one problem: 1 x n or, as scripts for a server leave them, n x 1; its name ends with the problem's number.
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from humanevalpack.errors import InputError, UsageError
from humanevalpack.problems import Problem
from humanevalpack.results.forms import Recognizer, Text
from humanevalpack.results.rows import writable


def read_lists(path: Path) -> list[list[str]]:
    """Read such a file; null texts (nothing could be read) become empty. Raises InputError."""
    try:
        rows = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: not JSON in UTF-8 ({type(error).__name__}: {error})") from error
    if not isinstance(rows, list):
        raise InputError(f"{path}: expected a list with one list of generations a problem, found {_kind(rows)}")
    return [_texts(row, f"{path}, row {number}") for number, row in enumerate(rows)]


def _texts(row: Any, place: str) -> list[str]:
    if row is None:
        return []
    if not isinstance(row, list):
        raise InputError(f"{place}: expected a list of generations, found {_kind(row)}: {row!r:.60}")
    for number, text in enumerate(row):
        if not isinstance(text, str | None):
            raise InputError(f"{place}, entry {number}: expected text or null, found {_kind(text)}: {text!r:.60}")
    return [writable(text or "") for text in row]


def of_one_problem(rows: Sequence[Sequence[str]], path: Path) -> tuple[list[list[str]], int]:
    """Return the samples of a file of one problem as one row, and the problem's number, which ends the file's name.

    Raises InputError for a name without a number, and for several rows of which one has not exactly one sample.
    """
    number = re.search(r"_(\d{1,9})$", path.name.split(".")[0])
    if number is None:
        raise InputError(
            f"{path}: one problem a file: its name must end with the problem's number, such as mine_7.json"
        )
    uneven = next((place for place, row in enumerate(rows) if len(rows) > 1 and len(row) != 1), None)
    if uneven is not None:
        raise InputError(
            f"{path}, row {uneven}: {len(rows[uneven])} samples in one of {len(rows)} rows: a file of one problem has "
            "one row of samples, or rows of one sample each"
        )
    return [[text for row in rows for text in row]], int(number[1])


def placed(
    rows: Sequence[Sequence[str]],
    path: Path,
    problems: Sequence[Problem],
    recognizer: Recognizer,
    *,
    limit_start: int | None,
    descriptions: int | None,
) -> tuple[list[Text], list[str]]:
    """Give every text its problem and sample number; also return notes on what had to be found out.

    ``descriptions`` is how many a problem has (explainsynthesize only). Raises InputError for a file that does not fit
    the data, UsageError for arguments that do not fit the scenario.
    """
    notes: list[str] = []
    if limit_start is not None and limit_start < 0:
        raise UsageError(f"limit_start is {limit_start}; it must be at least 0")
    each = _descriptions(rows, path, problems, recognizer, descriptions, limit_start)
    if each > 1:
        notes.append(f"{path}: {each} descriptions a problem, one row each")
    start = limit_start or 0
    if limit_start is None and each == 1:
        start = _found_start(rows, problems, recognizer)
        if start:
            notes.append(f"{path}: begins at problem {start} (limit_start): its texts begin like that")
    last = start + len(rows)
    if last > len(problems) * each:
        raise InputError(
            f"{path}: {len(rows)} rows{f' from {start} on' if start else ''} for {len(problems)} "
            f"{problems[0].language} problems: another dataset, or (explainsynthesize) descriptions_per_problem?"
        )
    texts = []
    for number, row in enumerate(rows):
        problem, description = divmod(start + number, each)
        texts += [
            Text(
                place=f"{path}, row {number}, entry {entry}",
                problem=problems[problem],
                sample=description * len(row) + entry,
                text=text,
            )
            for entry, text in enumerate(row)
        ]
    _check_places(texts, problems, recognizer)
    return texts, notes


def _descriptions(
    rows: Sequence[Sequence[str]],
    path: Path,
    problems: Sequence[Problem],
    recognizer: Recognizer,
    given: int | None,
    limit_start: int | None,
) -> int:
    if recognizer.scenario != "explainsynthesize":
        if given is not None:
            raise UsageError(f"descriptions_per_problem is for explainsynthesize, not for {recognizer.scenario}")
        return 1
    if given is not None:
        if given < 1:
            raise UsageError(f"descriptions_per_problem is {given}; it must be at least 1")
        return given
    if not limit_start and rows and len(rows) % len(problems) == 0:
        return len(rows) // len(problems)
    # A run with --limit: whole problems from the first on, as far as their texts show it.
    first = next((number for number, row in enumerate(rows) if not _all_fit(row, problems[0], recognizer)), len(rows))
    if not limit_start and first and _all_rows_fit(rows, problems, recognizer, first):
        return first
    raise InputError(
        f"{path}: {len(rows)} rows for {len(problems)} problems: say how many descriptions each problem has "
        "(descriptions_per_problem), and for a slice the document at which it begins (limit_start)"
    )


def _all_rows_fit(
    rows: Sequence[Sequence[str]], problems: Sequence[Problem], recognizer: Recognizer, each: int
) -> bool:
    return len(rows) <= each * len(problems) and all(
        _all_fit(row, problems[number // each], recognizer) for number, row in enumerate(rows)
    )


def _all_fit(row: Sequence[str], problem: Problem, recognizer: Recognizer) -> bool:
    return all(recognizer.fits(text, problem) for text in row if text.strip())


def _found_start(rows: Sequence[Sequence[str]], problems: Sequence[Problem], recognizer: Recognizer) -> int:
    """Return where the rows begin by what their texts say; 0 where they say nothing."""
    filled = next(((number, row) for number, row in enumerate(rows) if any(map(str.strip, row))), None)
    if filled is None or len(rows) >= len(problems):
        return 0
    number, row = filled
    for start in range(len(problems) - len(rows) + 1):
        if _all_fit(row, problems[start + number], recognizer) and all(
            _all_fit(other, problems[start + place], recognizer) for place, other in enumerate(rows)
        ):
            return start
    return 0


def _check_places(texts: Sequence[Text], problems: Sequence[Problem], recognizer: Recognizer) -> None:
    """Raise InputError if a text plainly belongs to another problem than its place says."""
    for text in texts:
        if not text.text.strip() or recognizer.fits(text.text, text.problem):
            continue
        other = next((problem for problem in problems if recognizer.fits(text.text, problem)), None)
        if other is not None:
            raise InputError(
                f"{text.place}: stands for {text.problem.task_id}, but begins like {other.task_id}: a slice that "
                f"begins elsewhere (limit_start), or another dataset or order of problems? Found {text.text!r:.60}"
            )


def _kind(value: object) -> str:
    return "null" if value is None else type(value).__name__
