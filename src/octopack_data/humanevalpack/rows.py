"""From HumanEval-X rows and edited bugs to rows of HumanEvalPack.

Source: the making of HumanEvalPack (OctoPack, arXiv 2308.07124, section 3 and appendix). The columns are the input's in
their order, then the new ones.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from humanevalpack.errors import InputError
from humanevalpack.languages.rust import EMPTY_MAIN
from humanevalpack.problems import BUG_TYPES, FAILURE_SYMPTOMS
from octopack_data.humanevalpack import names
from octopack_data.humanevalpack.corrections import correct
from octopack_data.humanevalpack.descriptions import describe, instruction

Row = dict[str, str]
SOURCE_COLUMNS = ("task_id", "prompt", "declaration", "canonical_solution", "test", "example_test")
_GO_COLUMNS = ("import", "docstring", "test_setup")
BUG_COLUMNS = ("buggy_solution", "bug_type", "failure_symptoms")
_MAY_BE_EMPTY = ("example_test", "import", "docstring", "test_setup")
_ALLOWED = {"bug_type": BUG_TYPES, "failure_symptoms": FAILURE_SYMPTOMS}
_METADATA = re.compile(r"METADATA = \{[^}]*\}")
_FUNCTION_LINE = re.compile(r"^(?:pub )?fn ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of a file, and the file, so that what is wrong with one has a place."""

    path: Path
    rows: Sequence[Mapping[str, Any]]

    def place(self, number: int) -> str:
        """Return where a row (from 0) stands."""
        return f"{self.path}, row {number + 1}"


@dataclass(frozen=True, slots=True)
class Created:
    """The rows of one language, and what their maker should look at."""

    rows: tuple[Row, ...]
    corrected: tuple[str, ...]
    """task_ids of rows to which a documented correction was applied (rows that have it already are not named)."""
    warnings: tuple[str, ...]


def create_rows(language: str, sources: Sheet, bugs: Sheet, labels: Sheet, originals: Sheet) -> Created:
    """Put the rows of one language together, by position.

    ``sources``: rows as in HumanEval-X; ``bugs``: the edited template; ``labels``: the edited template of Python, whose
    bug_type and failure_symptoms hold for every language; ``originals``: rows as in HumanEval (entry_point).

    Raises InputError, with file and row, where the numbers of rows differ or a row cannot be used.
    """
    sheets = (sources, bugs, labels, originals)
    if len({len(sheet.rows) for sheet in sheets}) > 1:
        said = ", ".join(dict.fromkeys(f"{len(sheet.rows)} in {sheet.path}" for sheet in sheets))
        raise InputError(f"{language}: {said}: rows belong together by position, so each file must have as many")
    needed = (*SOURCE_COLUMNS, *_GO_COLUMNS) if language == "go" else SOURCE_COLUMNS
    rows, corrected, warnings = [], [], []
    for number, (source, bug, label, original) in enumerate(zip(*(sheet.rows for sheet in sheets), strict=True)):
        _need(source, needed, sources.place(number))
        _need(bug, BUG_COLUMNS[:1], bugs.place(number))
        _need(label, BUG_COLUMNS[1:], labels.place(number))
        _need(original, ("entry_point",), originals.place(number))
        try:
            mended = correct(source)
            row = _row(language, mended, bug["buggy_solution"], label, original["entry_point"])
        except InputError as error:
            raise InputError(f"{sources.place(number)}: {error}") from error
        if mended != source:
            corrected.append(source["task_id"])
        if row["entry_point"] not in row["declaration"] + row["prompt"]:
            warnings.append(
                f"{row['task_id']}: the entry point {original['entry_point']!r} becomes {row['entry_point']!r}, which "
                f"neither the declaration nor the prompt holds: {originals.place(number)}"
            )
        rows.append(row)
    return Created(tuple(rows), tuple(corrected), tuple(warnings))


def _row(language: str, source: Mapping[str, str], bug: str, label: Mapping[str, str], name: str) -> Row:
    row = dict(source)
    row["buggy_solution"] = bug
    row |= {column: label[column] for column in BUG_COLUMNS[1:]}
    row["entry_point"] = names.entry_point(name, language, row["declaration"] + row["prompt"])
    row["signature"], row["docstring"] = describe(row, language, row["entry_point"])
    row["instruction"] = instruction(language, row["signature"], row["docstring"])
    if language == "python":
        row["test"] = without_metadata(row["test"])
    elif language == "rust":
        row["prompt"] = rust_prompt(row["declaration"], row["prompt"])
    return row


def without_metadata(test: str) -> str:
    """Return a Python test without the dictionary that says who wrote it."""
    return _METADATA.sub("", test)


def rust_prompt(declaration: str, description: str) -> str:
    """Put a description (a comment) between the declaration's head and its last function; an empty main on top.

    Raises InputError for a declaration without a function.
    """
    head, function = _head_and_function(declaration)
    return f"{head}{description.strip()}\n{function}"


def rust_description(declaration: str, prompt: str) -> str:
    """Return the description in a prompt that ``rust_prompt`` made; the whole prompt if it did not."""
    head, function = _head_and_function(declaration)
    return prompt.removeprefix(head).removesuffix(function)


def _head_and_function(declaration: str) -> tuple[str, str]:
    starts = [match.start() for match in _FUNCTION_LINE.finditer(declaration)]
    if not starts:
        raise InputError(f"a Rust declaration has no line that begins with fn or pub fn: {declaration[-80:]!r}")
    head, function = declaration[: starts[-1]].removesuffix("\n"), declaration[starts[-1] :].lstrip()
    return f"{EMPTY_MAIN}{head}\n", function


def _need(row: Mapping[str, Any], columns: Sequence[str], place: str) -> None:
    for column in columns:
        if column not in row:
            mend = ": octopack-data humanevalpack template --labels writes it" if column in _ALLOWED else ""
            raise InputError(f"{place}: no column {column!r}; there are {', '.join(row) or 'none'}{mend}")
        value = row[column]
        if not isinstance(value, str):
            raise InputError(f"{place}: {column} must be text, not {value!r:.80}")
        if not value.strip() and column not in _MAY_BE_EMPTY:
            raise InputError(f"{place}: {column} is empty: {value!r:.80}")
        if "\r" in value:
            line = value[: value.index("\r")].count("\n") + 1
            raise InputError(f"{place}: {column} holds a carriage return in its line {line}: end lines with \\n alone")
        if column in _ALLOWED and value not in _ALLOWED[column]:
            raise InputError(f"{place}: {column} is {value!r}; allowed: {', '.join(_ALLOWED[column])}")
