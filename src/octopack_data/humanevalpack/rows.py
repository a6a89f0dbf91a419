"""From HumanEval-X rows and edited bugs to rows of HumanEvalPack.

Source: the making of HumanEvalPack (OctoPack, arXiv 2308.07124, section 3 and appendix). The columns are the input's in
their order, then the new ones.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from humanevalpack.errors import InputError
from humanevalpack.languages.rust import EMPTY_MAIN
from octopack_data.humanevalpack import names
from octopack_data.humanevalpack.corrections import correct
from octopack_data.humanevalpack.descriptions import describe, instruction

Row = dict[str, str]
SOURCE_COLUMNS = ("task_id", "prompt", "declaration", "canonical_solution", "test", "example_test")
_GO_COLUMNS = ("import", "docstring", "test_setup")
BUG_COLUMNS = ("buggy_solution", "bug_type", "failure_symptoms")
_METADATA = re.compile(r"METADATA = \{[^}]*\}")
_FUNCTION_LINE = re.compile(r"^(?:pub )?fn ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Created:
    """The rows of one language, and what their maker should look at."""

    rows: tuple[Row, ...]
    corrected: tuple[str, ...]
    """task_ids of rows to which a documented correction was applied (rows that have it already are not named)."""
    warnings: tuple[str, ...]


def create_rows(
    language: str,
    sources: Sequence[Mapping[str, str]],
    bugs: Sequence[Mapping[str, str]],
    labels: Sequence[Mapping[str, str]],
    originals: Sequence[Mapping[str, str]],
) -> Created:
    """Put the rows of one language together, by position.

    ``sources``: rows as in HumanEval-X; ``bugs``: the edited template; ``labels``: the edited template of Python, whose
    bug_type and failure_symptoms hold for every language; ``originals``: rows as in HumanEval (entry_point).

    Raises InputError where the lengths differ or a row lacks a column.
    """
    lengths = {"solutions": len(sources), "bugs": len(bugs), "labels": len(labels), "entry points": len(originals)}
    if len(set(lengths.values())) > 1:
        said = ", ".join(f"{number} {name}" for name, number in lengths.items())
        raise InputError(f"{language}: {said}: rows belong together by position, so there must be as many of each")
    needed = (*SOURCE_COLUMNS, *_GO_COLUMNS) if language == "go" else SOURCE_COLUMNS
    rows, corrected, warnings = [], [], []
    for number, (source, bug, label, original) in enumerate(zip(sources, bugs, labels, originals, strict=True)):
        _need(source, needed, f"{language} solutions, row {number + 1}")
        _need(bug, BUG_COLUMNS[:1], f"{language} bugs, row {number + 1}")
        _need(label, BUG_COLUMNS[1:], f"python bugs, row {number + 1}")
        _need(original, ("entry_point",), f"entry points, row {number + 1}")
        mended = correct(source)
        if mended != source:
            corrected.append(source["task_id"])
        row = _row(language, mended, bug["buggy_solution"], label, original["entry_point"])
        if row["entry_point"] not in row["declaration"] + row["prompt"]:
            warnings.append(
                f"{row['task_id']}: the entry point {original['entry_point']!r} becomes {row['entry_point']!r}, which "
                "neither the declaration nor the prompt holds"
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


def _need(row: Mapping[str, str], columns: Sequence[str], place: str) -> None:
    for column in columns:
        if column not in row:
            raise InputError(f"{place}: no column {column!r}; there are {', '.join(row) or 'none'}")
        if not isinstance(row[column], str):
            raise InputError(f"{place}: {column} must be text, not {row[column]!r:.80}")
