"""The template in which people write the bugs: one entry a solution, which is still right."""

from collections.abc import Mapping, Sequence

from humanevalpack.errors import InputError
from octopack_data.humanevalpack.rows import Sheet

FIRST_LABELS = {"bug_type": "variable misuse", "failure_symptoms": "incorrect output"}
"""What the labels are until somebody edits them."""


def bug_template(sources: Sheet, *, labels: bool) -> list[dict[str, str]]:
    """Return an entry a row whose buggy_solution is the canonical one; with ``labels`` for the kind of bug, too.

    Raises InputError that names a row without canonical_solution.
    """
    entries = []
    for number, row in enumerate(sources.rows):
        if not isinstance(row.get("canonical_solution"), str):
            place = sources.place(number)
            raise InputError(f"{place}: no text in column 'canonical_solution'; there are {', '.join(row) or 'none'}")
        entries.append({"buggy_solution": row["canonical_solution"]} | (FIRST_LABELS if labels else {}))
    return entries


def unedited(rows: Sequence[Mapping[str, str]]) -> list[int]:
    """Return the numbers (from 0) of the rows whose buggy_solution still is the canonical one."""
    return [n for n, row in enumerate(rows) if row["canonical_solution"] == row["buggy_solution"]]
