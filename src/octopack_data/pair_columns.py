"""Which columns of a row are its prompt and its completion: those with the names of published sets, or named ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from humanevalpack.errors import InputError
from octopack_data.examples import pair_refusal
from octopack_data.formats import Example
from octopack_data.records import Mode
from octopack_data.rows import numbered_rows, place, text_rows

PAIRS = (("prompt", "completion"), ("inputs", "targets"), ("input", "output"))
"""Columns of rows that are pairs already: of OctoPack's OASST, of xP3x and Megatron, of Self-Instruct's kind."""
_INSTRUCTION = "instruction"
"""Beside input and output it is the first half of the prompt: such a row is no pair yet."""


def pairs_in(columns: Collection[str]) -> list[tuple[str, str]]:
    """Return the known pairs of columns that are among these."""
    known = PAIRS[:-1] if _INSTRUCTION in columns else PAIRS
    return [pair for pair in known if set(pair) <= set(columns)]


def pairs_of(
    paths: Sequence[Path], named: tuple[str, str] | None, mode: Mode, counts: Counter[str], *, also: Sequence[str] = ()
) -> Iterator[tuple[dict[str, Any], Example]]:
    """Yield the rows of files with their pairs; count ``rows`` and ``dropped_<reason>``.

    Columns that are not ``named`` are recognised, and the first row of a file decides for it. Columns ``also`` hold
    text, too. Raises InputError that names the row and the columns that are there.
    """
    for row, example in chain.from_iterable(_pairs(path, named, also) for path in paths):
        counts["rows"] += 1
        if why := pair_refusal(example, mode):
            counts[f"dropped_{why}"] += 1
        else:
            yield row, example


def _pairs(path: Path, named: tuple[str, str] | None, also: Sequence[str]) -> Iterator[tuple[dict[str, Any], Example]]:
    for number, first in numbered_rows(path):
        names = named or _only_pair(first, place(path, number))
        for row in text_rows(path, (*names, *also), every=True):
            yield row, Example(row[names[0]], row[names[1]])
        return


def _only_pair(columns: Collection[str], where: str) -> tuple[str, str]:
    found = pairs_in(columns)
    if len(found) == 1:
        return found[0]
    mend = "say which in the source's settings: prompt_column: NAME, completion_column: NAME"
    if found:
        raise InputError(
            f"{where}: {' as well as '.join(map(' and '.join, found))} may be prompt and completion: {mend}"
        )
    if _INSTRUCTION in columns:
        mend = f"octopack-data self-instruct load makes them of {_INSTRUCTION}, input and output; or {mend}"
    elif "old_contents" in columns:
        mend = f"rows of commits need form: instruction, or another format of octopack-data pairs; or {mend}"
    wanted = ", or ".join(map(" and ".join, PAIRS))
    raise InputError(f"{where}: form pairs needs columns {wanted}; there are {', '.join(columns)}: {mend}")
