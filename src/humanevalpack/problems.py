"""The problems of HumanEvalPack: one frozen record a row, from the hub, from files or from the set that ships here.

Source of the columns: dataset ``bigcode/humanevalpack`` (OctoPack, arXiv 2308.07124, section 3).
"""

import hashlib
import json
import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from humanevalpack.errors import InputError, UsageError
from humanevalpack.languages import get_language
from humanevalpack.sources import HUB_DATASET, file_rows, hub_rows, local_file

BUG_TYPES = (
    "value misuse",
    "missing logic",
    "excess logic",
    "operator misuse",
    "variable misuse",
    "function misuse",
)
FAILURE_SYMPTOMS = ("incorrect output", "infinite loop", "stackoverflow")

_DATA = Path(__file__).resolve().parent / "data"
_REQUIRED = (
    "task_id",
    "prompt",
    "declaration",
    "canonical_solution",
    "buggy_solution",
    "bug_type",
    "failure_symptoms",
    "entry_point",
    "signature",
    "docstring",
    "instruction",
    "test",
    "example_test",
)
_GO_ONLY = ("import", "test_setup")
_HASHED = (*_REQUIRED, *_GO_ONLY)
_VOCABULARY = {"bug_type": BUG_TYPES, "failure_symptoms": FAILURE_SYMPTOMS}
# One spelling a number, so that different task_ids are different problems.
_NUMBER = re.compile(r"0|[1-9][0-9]{0,8}")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One problem in one language; the texts are the columns of the data, unchanged (a missing column is empty text).

    ``prompt`` + ``canonical_solution`` (or ``buggy_solution``) is a whole program without its tests.
    """

    language: str
    index: int
    """Number of the problem: the part of ``task_id`` behind the slash (0 to 163 in the real data)."""
    task_id: str
    prompt: str
    declaration: str
    canonical_solution: str
    buggy_solution: str
    bug_type: str
    failure_symptoms: str
    entry_point: str
    signature: str
    docstring: str
    instruction: str
    test: str
    example_test: str
    import_: str = ""
    """The column ``import`` (Go only; the name is a keyword in Python)."""
    test_setup: str = ""
    text: str = ""

    def row(self) -> dict[str, str]:
        """Return the columns as a dictionary under the data's own names."""
        return {column: getattr(self, _attribute(column)) for column in (*_HASHED, "text")}


def _attribute(column: str) -> str:
    return "import_" if column == "import" else column


def load_problems(language: str, source: str | Path = "hub", *, revision: str | None = None) -> tuple[Problem, ...]:
    """Load every problem of one language, in the data's order.

    ``source`` is ``hub`` (the data set ``bigcode/humanevalpack``; ``revision`` selects a branch, tag or commit),
    ``mini`` (the set that ships with the package), or a path: a ``.jsonl`` file, or a folder with ``<language>.jsonl``.
    Rows that differ from the published data are reported in the log (hub only), never an error.

    Raises UsageError (unknown language or source), InputError (a row or column is wrong: it is named),
    EnvironmentFault (the hub cannot be reached).
    """
    get_language(language)
    if revision is not None and source != "hub":
        raise UsageError(f"revision={revision!r} needs dataset 'hub': {source!r} has no revisions")
    if source == "hub":
        problems = problems_from_rows(hub_rows(language, revision), language, where=f"hub dataset {HUB_DATASET}")
        difference = hash_difference(problems)
        if difference:
            _log.warning("%s", difference)
        return problems
    path = _DATA / "mini" / f"{language}.jsonl" if source == "mini" else local_file(Path(source), language)
    return problems_from_rows(file_rows(path), language, where=str(path))


def problems_from_rows(rows: Iterable[Mapping[str, Any]], language: str, *, where: str) -> tuple[Problem, ...]:
    """Check rows and turn them into problems; ``where`` names their origin in errors (InputError)."""
    seen: dict[str, int] = {}
    problems = []
    for number, row in enumerate(rows, start=1):
        problem = _problem(row, language, place=f"{where}, row {number}")
        if problem.task_id in seen:
            raise InputError(
                f"{where}, row {number}: task_id {problem.task_id!r} stands in row {seen[problem.task_id]} too; "
                "every problem must have a task_id of its own: delete one of the two rows"
            )
        seen[problem.task_id] = number
        problems.append(problem)
    if not problems:
        raise InputError(f"{where}: no rows; expected one JSON object a line for language {language!r}")
    return tuple(problems)


def content_hash(problems: Sequence[Problem]) -> str:
    """SHA-256 (hex) over the rows in order; equal to ``known_hash`` when the data is the published one."""
    digest = hashlib.sha256()
    for problem in problems:
        digest.update(_hash_text(problem))
    return digest.hexdigest()


def known_hash(language: str) -> str:
    """Return the content hash of the published rows of ``language``."""
    return str(_known_hashes()[get_language(language).name]["sha256"])


def published_task_ids(language: str) -> list[str]:
    """Return the task_ids of the published rows of ``language``, in their order."""
    return list(_known_hashes()[get_language(language).name]["rows"])


def hash_difference(problems: Sequence[Problem]) -> str:
    """Say how these problems differ from the published ones, naming the rows; empty text if they do not."""
    language = problems[0].language
    if content_hash(problems) == known_hash(language):
        return ""
    known: dict[str, str] = _known_hashes()[language]["rows"]
    ours = {problem.task_id: hashlib.sha256(_hash_text(problem)).hexdigest()[:12] for problem in problems}
    parts = [
        (label, names)
        for label, names in (
            ("changed", [name for name in ours if name in known and ours[name] != known[name]]),
            ("missing", [name for name in known if name not in ours]),
            ("added", [name for name in ours if name not in known]),
        )
        if names
    ]
    rows = "; ".join(f"{label}: {_listed(names)}" for label, names in parts) or "the same rows in another order"
    return (
        f"the {language} problems differ from the published HumanEvalPack rows ({rows}): "
        "scores may not compare with published ones"
    )


def _listed(names: list[str], most: int = 10) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _hash_text(problem: Problem) -> bytes:
    columns = [getattr(problem, _attribute(column)) for column in _HASHED]
    return (json.dumps(columns, ensure_ascii=False) + "\n").encode("utf-8", "surrogatepass")


@lru_cache(maxsize=1)
def _known_hashes() -> dict[str, dict[str, Any]]:
    loaded: dict[str, dict[str, Any]] = json.loads((_DATA / "known_hashes.json").read_text("utf-8"))
    return loaded


def _problem(row: Mapping[str, Any], language: str, *, place: str) -> Problem:
    required = (*_REQUIRED, *_GO_ONLY) if language == "go" else _REQUIRED
    missing = [column for column in required if row.get(column) is None]
    if missing:
        raise InputError(
            f"{place}: column {', '.join(map(repr, missing))} is missing; "
            f"a {language} problem needs {', '.join(required)}; found {', '.join(map(str, row)) or 'nothing'}"
        )
    values: dict[str, Any] = {
        _attribute(column): row[column] for column in (*_HASHED, "text") if column in row and row[column] is not None
    }
    for name, value in values.items():
        if not isinstance(value, str):
            kind = type(value).__name__
            raise InputError(f"{place}: column {name.rstrip('_')!r} must be text, not {kind}: {value!r:.80}")
        if not _is_unicode(value):
            raise InputError(
                f"{place}: column {name.rstrip('_')!r} holds half of a surrogate pair, which is no character"
            )
    for column, allowed in _VOCABULARY.items():
        if values[column] not in allowed:
            raise InputError(f"{place}: {column} is {values[column]!r}; allowed: {', '.join(allowed)}")
    for column in ("declaration", "entry_point", "test"):
        if not values[column].strip():
            raise InputError(f"{place}: column {column!r} is empty; a problem cannot be scored without it")
    return Problem(language=language, index=_index(values["task_id"], language, place), **values)


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _index(task_id: str, language: str, place: str) -> int:
    prefix, _, number = task_id.rpartition("/")
    expected = get_language(language).task_prefix
    if prefix != expected or not _NUMBER.fullmatch(number):
        raise InputError(
            f"{place}: task_id is {task_id!r}; for language {language!r} it must read {expected}/<number>: "
            "wrong file or wrong language?"
        )
    return int(number)
