"""The template in which people write the bugs: one entry a solution, which is still right."""

from collections.abc import Mapping, Sequence

from humanevalpack.errors import InputError

FIRST_LABELS = {"bug_type": "variable misuse", "failure_symptoms": "incorrect output"}
"""What the labels are until somebody edits them."""


def bug_template(sources: Sequence[Mapping[str, str]], *, labels: bool) -> list[dict[str, str]]:
    """Return an entry a row whose buggy_solution is the canonical one; with ``labels`` for the kind of bug, too.

    Raises InputError that names a row without canonical_solution.
    """
    entries = []
    for number, row in enumerate(sources, start=1):
        if not isinstance(row.get("canonical_solution"), str):
            raise InputError(f"row {number}: no text in column 'canonical_solution'; there are {', '.join(row)}")
        entries.append({"buggy_solution": row["canonical_solution"]} | (FIRST_LABELS if labels else {}))
    return entries


def unedited(sources: Sequence[Mapping[str, str]], bugs: Sequence[Mapping[str, str]]) -> list[int]:
    """Return the numbers (from 0) of the entries whose buggy_solution still is the canonical one."""
    pairs = zip(sources, bugs, strict=True)
    return [n for n, (row, bug) in enumerate(pairs) if row["canonical_solution"] == bug["buggy_solution"]]
